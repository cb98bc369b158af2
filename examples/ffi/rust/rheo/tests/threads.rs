// SPDX-License-Identifier: BSD-2-Clause

//! Threads at once keep within the bound, and objects are shared by them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::thread;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Counter, CounterConfig, Error, Guard, Permit, Report};

const THREADS: u64 = 4;
const CALLS: u64 = 50_000;

#[test]
fn everything_is_send_and_sync() {
    fn assert<T: Send + Sync>() {}
    assert::<(Bucket, Breaker, Guard, Counter, Error)>();
    assert::<(Permit<&Guard>, Permit<Arc<Guard>>, Permit<&Breaker>)>();
}

/// Tokens that threads got of a bucket whose time goes on by `step_ns` with each call.
fn admitted(bucket: &Bucket, now: &AtomicU64, step_ns: u64) -> u64 {
    thread::scope(|scope| {
        let work = || -> u64 {
            (0..CALLS)
                .map(|call| {
                    let at = now.fetch_add(step_ns, Relaxed);
                    match call % 4 {
                        0 => bucket.acquire_upto_at(3, at),
                        1 => u64::from(bucket.try_acquire_published(1)),
                        _ => u64::from(bucket.acquire_at(1, at).is_ok()),
                    }
                })
                .sum()
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).sum()
    })
}

#[test]
fn threads_at_once_get_no_more_than_the_rate_and_the_burst() {
    let (rate, burst, step_ns) = (1_000_000, 640, 100);
    for lanes in [1, 4] {
        let bucket = Bucket::new_at(&BucketConfig::new(rate, burst).lanes(lanes), 0).unwrap();
        let now = AtomicU64::new(0);
        let got = admitted(&bucket, &now, step_ns);
        let earned = (now.load(Relaxed) * rate + 999_999_999) / 1_000_000_000;
        assert!(got <= burst + earned, "lanes {}: {} of {}", lanes, got, burst + earned);
        assert!(got >= earned / 2, "lanes {}: {} of {}", lanes, got, earned);
        assert_eq!(bucket.stats().unwrap().admitted, got);
    }
}

#[test]
fn calls_of_many_threads_are_counted_one_by_one() {
    let breaker = Breaker::new(&BreakerConfig::new().failure_rate_bp(0)).unwrap();
    let counter = Counter::new(&CounterConfig::new(2)).unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for call in 0..CALLS {
                    let result = breaker.call(|| if call % 5 == 0 { Err(()) } else { Ok(()) });
                    counter.add(u32::from(result.is_err()), 1).unwrap();
                }
            });
        }
    });
    let seen = breaker.snapshot(breaker.now_ns()).unwrap();
    assert_eq!([seen.successes, seen.failures], [THREADS * CALLS * 4 / 5, THREADS * CALLS / 5]);
    assert_eq!([counter.read(0), counter.read(1)], [Ok(seen.successes), Ok(seen.failures)]);
}

#[test]
fn half_open_probes_are_handed_out_once() {
    let config = BreakerConfig::new().minimum_calls(1).half_open_calls(3).open_ns(1);
    let breaker = Breaker::new_at(&config, 0).unwrap();
    breaker.acquire_at(0).unwrap().report_at(Report::Failure, 0).unwrap();
    let probes: usize = thread::scope(|scope| {
        let ask = || (0..100).filter(|_| breaker.acquire_at(1).map(|permit| permit.into_raw()).is_ok()).count();
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(probes, 3);
}

#[test]
fn a_configuration_changes_while_others_acquire() {
    let bucket = Bucket::new_at(&BucketConfig::new(1000, 100), 0).unwrap();
    let done = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while done.load(Relaxed) == 0 {
                bucket.try_acquire_at(1, 0);
                let burst = bucket.config().unwrap().raw().burst;
                assert!(burst == 100 || burst == 200, "{}", burst);
            }
        });
        for round in 0..1000 {
            let config = BucketConfig::new(1000, 100 + round % 2 * 100);
            bucket.reconfigure(&config, 0, rheo::Level::Keep).unwrap();
        }
        done.store(1, Relaxed);
    });
    assert_eq!(bucket.quota(0).unwrap().limit, 200);
}
