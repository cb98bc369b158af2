// SPDX-License-Identifier: BSD-2-Clause

//! Settings that are flags or modes, and their change while the object is in use.

use std::sync::Arc;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Guard, Level, Mode, State};

#[test]
fn a_breaker_is_told_other_thresholds() {
    let breaker = Breaker::new_at(&BreakerConfig::new(), 0).unwrap();
    breaker.reconfigure(&BreakerConfig::new().minimum_calls(1).open_ns(7), 0).unwrap();
    let config = *breaker.config().unwrap().raw();
    assert_eq!((config.minimum_calls, config.open_ns, config.open_max_ns), (1, 7, 70));
    breaker.acquire_at(0).unwrap().report_at(rheo::Report::Failure, 0).unwrap();
    assert_eq!(breaker.retry_after_ns(0), Ok(7));
    assert_eq!(breaker.reconfigure(&BreakerConfig::new().window_ns(1), 0).unwrap_err().status(), -1);
}

#[test]
fn a_bucket_keeps_scales_or_resets_its_level() {
    let left = |level| {
        let bucket = Bucket::new_at(&BucketConfig::new(1, 100), 0).unwrap();
        bucket.acquire_at(50, 0).unwrap();
        bucket.reconfigure(&BucketConfig::new(1, 1000), 0, level).unwrap();
        bucket.available(0).unwrap()
    };
    assert_eq!([left(Level::Keep), left(Level::Scale), left(Level::Reset)], [50, 500, 1000]);
}

#[test]
fn a_probe_that_does_not_report_fails_or_is_cancelled() {
    let after_a_lost_probe = |cancels| {
        let config = BreakerConfig::new().open_ns(7).half_open_calls(1).probe_timeout_ns(100);
        let breaker = Breaker::new_at(&config.probe_timeout_cancels(cancels), 0).unwrap();
        breaker.force(Mode::ForcedOpen, 0).unwrap();
        breaker.force(Mode::Auto, 1).unwrap();
        breaker.acquire_at(1).unwrap().into_raw();
        breaker.tick(101).unwrap();
        (breaker.state().unwrap().0, breaker.retry_after_ns(101).unwrap())
    };
    assert_eq!(after_a_lost_probe(false), (State::Open, 7));
    assert_eq!(after_a_lost_probe(true), (State::HalfOpen, 0)); // and so it probes again at once
}

#[test]
fn a_lean_guard_says_less_and_admits_the_same() {
    let told = |lean| {
        let bucket = Arc::new(Bucket::new_at(&BucketConfig::new(1, 5), 0).unwrap());
        let guard = Guard::builder().bucket(bucket).lean(lean).lanes(1).build_at(0).unwrap();
        let (permit, verdict) = guard.decide_at(2, 0);
        permit.unwrap().success();
        (verdict.cost, verdict.limit, verdict.remaining)
    };
    assert_eq!([told(false), told(true)], [(2, 5, 3), (2, 0, 0)]);
}
