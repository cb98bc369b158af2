// SPDX-License-Identifier: BSD-2-Clause

//! Objects go by the clock they are given, and by no other; what a timer calls.

use std::cell::Cell;
use std::sync::Arc;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Error, Guard, Mode, State};

const SECOND: u64 = 1_000_000_000;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

fn clock() -> u64 {
    NOW.with(Cell::get)
}

fn set(now_ns: u64) {
    NOW.with(|now| now.set(now_ns));
}

#[test]
fn a_bucket_goes_by_its_clock() {
    let bucket = Bucket::new(&BucketConfig::new(1, 4).max_debt(4).clock(clock)).unwrap();
    assert!(bucket.try_acquire(4) && !bucket.try_acquire(1));
    assert_eq!(bucket.acquire(1), Err(Error::RateLimited { retry_after_ns: SECOND }));
    assert_eq!(bucket.acquire_upto(9), 0);
    assert_eq!(bucket.reserve(2, 2 * SECOND), Ok(2 * SECOND));
    set(4 * SECOND);
    assert_eq!(bucket.acquire_upto(9), 2);
    set(5 * SECOND);
    assert_eq!((bucket.now_ns(), bucket.acquire(1)), (5 * SECOND, Ok(())));
}

#[test]
fn a_breaker_goes_by_its_clock() {
    let config = BreakerConfig::new().minimum_calls(1).open_ns(SECOND).slow_call_ns(SECOND).slow_call_rate_bp(10_000);
    let breaker = Breaker::new(&config.clock(clock)).unwrap();
    let slow = breaker.acquire().unwrap();
    set(SECOND + 1);
    slow.success();
    assert_eq!(breaker.events(0).unwrap()[0].cause, rheo::Cause::SlowCallRate as u32);
    assert!(breaker.try_acquire().is_none());
    set(2 * SECOND + 1);
    assert!(breaker.try_acquire().is_some());
}

#[test]
fn a_guard_goes_by_its_clock() {
    let bucket = Arc::new(Bucket::new(&BucketConfig::new(1, 1).clock(clock)).unwrap());
    let guard = Guard::builder().bucket(bucket).clock(clock).build().unwrap();
    guard.acquire(1).unwrap().success();
    assert_eq!(guard.acquire(1).unwrap_err(), Error::RateLimited { retry_after_ns: SECOND });
    set(SECOND);
    guard.acquire(1).unwrap().success();
}

#[test]
fn a_timer_publishes_and_hears_when_to_come_again() {
    let bucket = Arc::new(Bucket::new_at(&BucketConfig::new(10, 8).start_empty(true), 0).unwrap());
    let breaker = Arc::new(Breaker::new_at(&BreakerConfig::new().minimum_calls(1), 0).unwrap());
    let guard = Guard::builder().bucket(bucket.clone()).breaker(breaker.clone()).build_at(0).unwrap();
    assert!(!bucket.try_acquire_published(1));
    assert_eq!(bucket.next_refill_ns(0), Ok(SECOND / 10));
    assert_eq!(guard.tick(SECOND / 10), Ok(SECOND / 10));
    assert!(bucket.try_acquire_published(1));

    breaker.acquire_at(SECOND).unwrap().report_at(rheo::Report::Failure, SECOND).unwrap();
    assert_eq!(breaker.tick(2 * SECOND), Ok(4 * SECOND));
    assert_eq!(breaker.state(), Ok((State::Open, Mode::Auto)));
    breaker.tick(6 * SECOND).unwrap();
    assert_eq!(breaker.state(), Ok((State::HalfOpen, Mode::Auto)));
    breaker.reset(6 * SECOND).unwrap();
    assert_eq!(breaker.state(), Ok((State::Closed, Mode::Auto)));
}
