// SPDX-License-Identifier: BSD-2-Clause

//! Nanoseconds a call on one thread, of rheo and of Rust's own limiters and breakers; every call passes.
//!
//! Rows are measured in turns, so that a slow moment of the machine hits all of them.

use std::ffi::CStr;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use failsafe::{backoff, failure_policy, CircuitBreaker};
use governor::clock::{Clock, DefaultClock, QuantaUpkeepClock};
use governor::{Quota, RateLimiter};
use ratelimit::Ratelimiter;
use rheo::{sys, Breaker, BreakerConfig, Bucket, BucketConfig, Guard, Report};

const ROUNDS: usize = 25;
const ROUND: Duration = Duration::from_millis(10);
const BATCH: u64 = 100;

struct Row {
    kind: &'static str,
    name: &'static str,
    version: String,
    /// Makes so many calls; how many passed.
    calls: Box<dyn FnMut(u64) -> u64>,
    a_round: u64,
    ns: Vec<f64>,
}

impl Row {
    fn time(&mut self) -> Duration {
        let begin = Instant::now();
        let passed = (self.calls)(self.a_round);
        let spent = begin.elapsed();
        assert_eq!(passed, self.a_round, "{}: not every call passed", self.name);
        self.ns.push(spent.as_nanos() as f64 / self.a_round as f64);
        spent
    }

    /// Finds how many calls fill a round, and warms up by that.
    fn calibrate(&mut self) {
        while self.time() < ROUND {
            self.a_round *= 2;
        }
        self.ns.clear();
    }

    fn print(&mut self) {
        self.ns.sort_by(f64::total_cmp);
        let (least, median) = (self.ns[0], self.ns[ROUNDS / 2]);
        println!("rust\t{}\t{}\t{}\t{:.2}\t{:.2}", self.kind, self.name, self.version, least, median);
    }
}

/// `call` is told how many were before it.
fn row<T: 'static>(
    kind: &'static str,
    name: &'static str,
    version: &str,
    object: T,
    call: impl Fn(&T, u64) -> bool + 'static,
) -> Row {
    let mut before = 0;
    let calls = move |count| {
        let mut passed = 0;
        for _ in 0..count {
            before += 1;
            passed += u64::from(call(black_box(&object), before));
        }
        passed
    };
    Row { kind, name, version: version.to_string(), calls: Box::new(calls), a_round: 1000, ns: Vec::new() }
}

/// A million million a second, and more than any benchmark takes.
fn plenty() -> BucketConfig {
    BucketConfig::new(1_000_000_000_000, 1 << 58)
}

fn bucket(config: BucketConfig) -> Bucket {
    Bucket::new_at(&config, 0).unwrap()
}

fn breaker() -> Breaker {
    Breaker::new_at(&BreakerConfig::new(), 0).unwrap()
}

fn ok() -> Result<(), ()> {
    black_box(Ok(()))
}

fn rheo_rows() -> Vec<Row> {
    let version = unsafe { CStr::from_ptr(sys::rheo_version_string()) }.to_str().unwrap();
    let guard = || {
        let guard = Guard::builder().breaker(Arc::new(breaker())).bucket(Arc::new(bucket(plenty())));
        guard.lean(true).build().unwrap()
    };
    vec![
        row("bare", "rheo_version()", version, (), |_, _| unsafe { sys::rheo_version() != 0 }),
        row("rheo", "bucket, published time, C call", version, bucket(plenty()), |b, _| unsafe {
            sys::rheo_bucket_try_acquire(b.handle(), 1) == sys::RHEO_OK
        }),
        row("rheo", "bucket, published time, wrapper", version, bucket(plenty()), |b, _| b.try_acquire_published(1)),
        row("rheo", "bucket, lanes, published time, wrapper", version, bucket(plenty().lanes(0)), |b, _| {
            b.try_acquire_published(1)
        }),
        row("rheo", "bucket, caller's time, C call", version, bucket(plenty()), |b, now_ns| unsafe {
            sys::rheo_bucket_try_acquire_at(b.handle(), 1, now_ns) == sys::RHEO_OK
        }),
        row("rheo", "bucket, caller's time, wrapper", version, bucket(plenty()), |b, now_ns| {
            b.acquire_at(1, now_ns).is_ok()
        }),
        row("rheo", "bucket, lanes, caller's time, wrapper", version, bucket(plenty().lanes(0)), |b, now_ns| {
            b.acquire_at(1, now_ns).is_ok()
        }),
        row("rheo", "bucket, clock, wrapper", version, bucket(plenty()), |b, _| b.acquire(1).is_ok()),
        row("rheo", "breaker closed, caller's time, permit", version, breaker(), |b, now_ns| {
            b.try_acquire_at(now_ns).is_some_and(|permit| permit.report_at(Report::Success, now_ns).is_ok())
        }),
        row("rheo", "breaker closed, clock, call", version, breaker(), |b, _| b.call(ok).is_ok()),
        row("rheo", "guard, lean, clock, call", version, guard(), |g, _| g.call(1, ok).is_ok()),
        batch(version),
    ]
}

/// Takes many tokens with one call and spends them here.
fn batch(version: &str) -> Row {
    let bucket = bucket(plenty());
    let mut left = 0;
    let calls = move |count| {
        let mut passed = 0;
        for _ in 0..count {
            if left == 0 {
                left = black_box(&bucket).acquire_upto_at(BATCH, 0);
            }
            left = black_box(left - 1);
            passed += 1;
        }
        passed
    };
    let name = "acquire_upto 100, spent locally, a token";
    Row { kind: "batch", name, version: version.to_string(), calls: Box::new(calls), a_round: 1000, ns: Vec::new() }
}

fn governor_row<C: Clock + 'static>(name: &'static str, clock: C) -> Row {
    let limiter = RateLimiter::direct_with_clock(Quota::per_second(1_000_000_000.try_into().unwrap()), clock);
    row("rival", name, &locked("governor"), limiter, |limiter, _| limiter.check().is_ok())
}

fn rivals() -> Vec<Row> {
    let upkeep = QuantaUpkeepClock::from_interval(Duration::from_millis(1)).expect("upkeep thread");
    let rate = 1_000_000_000;
    let ratelimit = Ratelimiter::builder(rate).max_tokens(rate).initial_available(rate).build().unwrap();
    let in_a_row = failure_policy::consecutive_failures(5, backoff::constant(Duration::from_secs(3600)));
    let version = locked("failsafe");
    vec![
        governor_row("governor, default clock (quanta)", DefaultClock::default()),
        governor_row("governor, quanta upkeep clock, 1 ms", upkeep),
        row("rival", "ratelimit", &locked("ratelimit"), ratelimit, |limiter, _| limiter.try_wait().is_ok()),
        row("rival", "failsafe breaker, default policies, call", &version, failsafe::Config::new().build(), |b, _| {
            b.call(ok).is_ok()
        }),
        row(
            "rival",
            "failsafe breaker, consecutive failures, call",
            &version,
            failsafe::Config::new().failure_policy(in_a_row).build(),
            |b, _| b.call(ok).is_ok(),
        ),
    ]
}

/// The version of a crate by the lock file.
fn locked(name: &str) -> String {
    let after = include_str!("../Cargo.lock").split(&format!("name = \"{}\"\nversion = \"", name)).nth(1);
    after.and_then(|rest| rest.split('"').next()).expect("in Cargo.lock").to_string()
}

fn main() {
    let mut rows = rheo_rows();
    rows.extend(rivals());
    rows.iter_mut().for_each(Row::calibrate);
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.time();
        }
    }
    rows.iter_mut().for_each(Row::print);
}
