// SPDX-License-Identifier: BSD-2-Clause

//! Every permit is reported, whatever becomes of the call.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, CallError, Error, Guard, Report};

const SECOND: u64 = 1_000_000_000;

/// A clock that stands still, so that no test depends on how long it takes.
fn noon() -> u64 {
    SECOND
}

/// Opens after two failures in a row.
fn breaker() -> Breaker {
    let config = BreakerConfig::new().failure_rate_bp(0).consecutive_failures(2).half_open_calls(1);
    Breaker::new(&config.clock(noon)).unwrap()
}

/// Successes, failures, ignored.
fn counts(breaker: &Breaker) -> [u64; 3] {
    let seen = breaker.snapshot(noon()).unwrap();
    [seen.successes, seen.failures, seen.ignored]
}

struct Guarded {
    breaker: Arc<Breaker>,
    bucket: Arc<Bucket>,
    guard: Arc<Guard>,
}

impl Guarded {
    fn left(&self) -> u64 {
        self.bucket.available(noon()).unwrap()
    }
}

/// The same breaker behind 10 tokens.
fn guarded() -> Guarded {
    let breaker = Arc::new(breaker());
    let bucket = Arc::new(Bucket::new(&BucketConfig::new(1, 10).clock(noon)).unwrap());
    let guard = Guard::builder().breaker(breaker.clone()).bucket(bucket.clone()).clock(noon).build().unwrap();
    Guarded { breaker, bucket, guard: Arc::new(guard) }
}

#[test]
fn a_permit_reports_what_it_is_told() {
    let breaker = breaker();
    breaker.acquire().unwrap().success();
    assert_eq!(counts(&breaker), [1, 0, 0]);
    breaker.acquire().unwrap().failure();
    assert_eq!(counts(&breaker), [1, 1, 0]);
    breaker.acquire().unwrap().ignored();
    assert_eq!(counts(&breaker), [1, 1, 1]);
    breaker.acquire().unwrap().cancel();
    assert_eq!(counts(&breaker), [1, 1, 1]);
}

#[test]
fn a_call_is_reported_by_its_result() {
    let breaker = breaker();
    assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
    assert_eq!(counts(&breaker), [1, 0, 0]);
    assert_eq!(breaker.call(|| Err::<(), _>("ill")), Err(CallError::Failed("ill")));
    assert_eq!(counts(&breaker), [1, 1, 0]);
    assert!(breaker.call(|| Err::<(), _>("ill")).is_err());
    let mut made = false;
    let refused = breaker.call(|| {
        made = true;
        Ok::<_, ()>(())
    });
    assert!(matches!(refused, Err(CallError::Refused(Error::BreakerOpen { retry_after_ns: 5_000_000_000 }))));
    assert!(!made);
}

#[test]
fn a_hook_judges_otherwise() {
    let all = guarded();
    let judge = |result: &Result<(), u32>| match result {
        Ok(()) => Report::Success,
        Err(404) => Report::Ignored,
        Err(0) => Report::Cancel,
        Err(_) => Report::Failure,
    };
    for (error, expected, left) in [(404, [0, 0, 1], 9), (0, [0, 0, 1], 9), (503, [0, 1, 1], 8)] {
        assert_eq!(all.guard.call_with(1, || Err(error), judge), Err(CallError::Failed(error)));
        assert_eq!((counts(&all.breaker), all.left()), (expected, left));
    }
}

#[test]
fn a_panic_is_a_failure() {
    let breaker = breaker();
    assert!(catch_unwind(AssertUnwindSafe(|| breaker.call(|| -> Result<(), ()> { panic!("expected") }))).is_err());
    assert_eq!(counts(&breaker), [0, 1, 0]);
    let held = catch_unwind(AssertUnwindSafe(|| {
        let _permit = breaker.acquire().unwrap();
        panic!("expected");
    }));
    assert!(held.is_err());
    assert_eq!(counts(&breaker), [0, 2, 0]);
    assert!(breaker.try_acquire().is_none());
}

struct AsksWhenDropped<'a>(&'a Breaker);

impl Drop for AsksWhenDropped<'_> {
    fn drop(&mut self) {
        drop(self.0.acquire().unwrap());
    }
}

#[test]
fn a_panic_before_the_call_is_not_its_failure() {
    let breaker = breaker();
    let held = catch_unwind(AssertUnwindSafe(|| {
        let _last = AsksWhenDropped(&breaker);
        panic!("expected");
    }));
    assert!(held.is_err());
    assert_eq!(counts(&breaker), [0, 0, 1]);
}

#[test]
fn a_permit_dropped_is_ignored_and_its_tokens_stay_spent() {
    let all = guarded();
    drop(all.guard.acquire(3).unwrap());
    assert_eq!((counts(&all.breaker), all.left()), ([0, 0, 1], 7));
    drop(all.guard.acquire(3).unwrap().unreported(Report::Failure));
    assert_eq!((counts(&all.breaker), all.left()), ([0, 1, 1], 4));
    drop(all.guard.acquire(3).unwrap().unreported(Report::Cancel));
    assert_eq!((counts(&all.breaker), all.left()), ([0, 1, 1], 4));
}

#[test]
fn a_cancel_gives_back_tokens_and_probe() {
    let all = guarded();
    all.guard.acquire(3).unwrap().cancel();
    assert_eq!(all.left(), 10);
    all.breaker.force(rheo::Mode::ForcedOpen, noon()).unwrap();
    assert!(all.guard.try_acquire(1).is_none());
    all.breaker.force(rheo::Mode::Auto, noon()).unwrap();
    let probe = all.guard.acquire(1).unwrap();
    assert_eq!(all.breaker.permit(probe.raw()), Ok((2 + 1, true)));
    assert!(matches!(all.guard.acquire(1), Err(Error::BreakerHalfOpen { .. })));
    probe.cancel();
    all.guard.acquire(1).unwrap().success();
    assert_eq!(all.breaker.state(), Ok((rheo::State::Closed, rheo::Mode::Auto)));
    let causes: Vec<_> = all.breaker.events(0).unwrap().iter().map(|event| event.cause).collect();
    let expected = [rheo::Cause::Forced, rheo::Cause::Forced, rheo::Cause::OpenTimeOver, rheo::Cause::ProbesSucceeded];
    assert_eq!(causes, expected.map(|cause| cause as u32));
}

#[test]
fn a_refused_call_spends_nothing() {
    let all = guarded();
    assert!(all.guard.acquire(11).is_err());
    assert_eq!((counts(&all.breaker), all.left()), ([0, 0, 0], 10));
}

#[test]
fn a_permit_that_shares_its_guard_outlives_all_other_holders() {
    let Guarded { breaker, bucket, guard } = guarded();
    let permit = guard.acquire_owned(1).unwrap();
    drop((bucket, guard));
    std::thread::spawn(move || permit.success()).join().unwrap();
    assert_eq!(counts(&breaker), [1, 0, 0]);
    let permit = breaker.acquire_owned().unwrap();
    let seen = Arc::downgrade(&breaker);
    drop(breaker);
    permit.failure();
    assert!(seen.upgrade().is_none());
}

#[test]
fn a_raw_permit_is_the_callers_to_report() {
    let all = guarded();
    let permit = all.guard.acquire(2).unwrap();
    let (raw, cost) = (permit.raw(), permit.cost());
    assert_eq!(permit.into_raw(), raw);
    assert_eq!(counts(&all.breaker), [0, 0, 0]);
    assert_eq!(all.guard.report(raw, cost, Report::Cancel, noon()), Ok(()));
    assert_eq!(all.left(), 10);
}

#[test]
fn a_shadow_admits_and_says_what_it_would_have_done() {
    let bucket = Arc::new(Bucket::new(&BucketConfig::new(1, 1).clock(noon)).unwrap());
    let guard = Guard::builder().bucket(bucket).clock(noon).shadow(true).build().unwrap();
    guard.acquire(1).unwrap().success();
    let (permit, verdict) = guard.decide(1);
    permit.unwrap().success();
    assert_eq!((verdict.status, verdict.shadow_status, guard.stats().unwrap().shadowed), (0, 1, 1));
}
