// SPDX-License-Identifier: BSD-2-Clause

//! What each error tells, and what misuse brings.

use std::collections::HashSet;
use std::error::Error as _;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, CallError, Counter, CounterConfig, Error, Guard, Region};

const SECOND: u64 = 1_000_000_000;

fn bucket(rate: u64, burst: u64) -> Bucket {
    Bucket::new_at(&BucketConfig::new(rate, burst), 0).unwrap()
}

fn open_breaker() -> Breaker {
    let config = BreakerConfig::new().minimum_calls(1).open_ns(5 * SECOND).half_open_calls(1);
    let breaker = Breaker::new_at(&config, 0).unwrap();
    breaker.acquire_at(0).unwrap().report_at(rheo::Report::Failure, 0).unwrap();
    breaker
}

#[test]
fn a_limit_says_when_to_try_again() {
    let bucket = bucket(10, 1);
    assert_eq!(bucket.acquire_at(1, 0), Ok(()));
    assert!(!bucket.try_acquire_at(1, 0));
    let no = bucket.acquire_at(1, 1).unwrap_err();
    assert_eq!(no, Error::RateLimited { retry_after_ns: 99_999_999 });
    assert_eq!(no.retry_after(), Some(Duration::from_nanos(99_999_999)));
    assert!(no.is_refusal());
    assert_eq!(no.to_string(), "not enough tokens now, retry after 99.999999ms");
    assert_eq!((no.status(), no.name()), (1, "REJ_RATE"));
}

#[test]
fn a_cost_above_the_burst_never_passes() {
    let no = bucket(10, 1).acquire_at(2, 0).unwrap_err();
    assert_eq!(no, Error::NeverPasses);
    assert!(no.is_refusal());
    assert_eq!(no.retry_after(), None);
}

#[test]
fn a_breaker_says_when_to_try_again() {
    let breaker = open_breaker();
    let no = breaker.acquire_at(SECOND).unwrap_err();
    assert_eq!(no, Error::BreakerOpen { retry_after_ns: 4 * SECOND });
    let probe = breaker.acquire_at(5 * SECOND).unwrap();
    let no = breaker.acquire_at(5 * SECOND).unwrap_err();
    assert_eq!(no, Error::BreakerHalfOpen { retry_after_ns: 30 * SECOND });
    assert!(no.is_refusal());
    assert_eq!(probe.report_at(rheo::Report::Success, 5 * SECOND), Ok(()));
}

#[test]
fn a_late_report_is_stale() {
    let config = BreakerConfig::new().minimum_calls(1);
    let breaker = Breaker::new_at(&config, 0).unwrap();
    let (late, failed) = (breaker.acquire_at(0).unwrap(), breaker.acquire_at(0).unwrap());
    failed.report_at(rheo::Report::Failure, 0).unwrap();
    let stale = late.report_at(rheo::Report::Success, 1).unwrap_err();
    assert_eq!(stale, Error::Stale);
    assert!(!stale.is_refusal());
}

#[test]
fn the_setting_at_fault_is_named() {
    let fault = |error: Error| match error {
        Error::InvalidArgument { field } => field,
        error => panic!("{:?}", error),
    };
    assert_eq!(fault(Bucket::new(&BucketConfig::new(10, 0)).unwrap_err()), Some("burst"));
    assert_eq!(fault(Bucket::new(&BucketConfig::new(10, 1).lanes(2000)).unwrap_err()), Some("lanes"));
    assert_eq!(fault(Breaker::new(&BreakerConfig::new().open_ns(0)).unwrap_err()), Some("open_ns"));
    let good = bucket(10, 1);
    assert_eq!(fault(good.acquire_at(0, 0).unwrap_err()), Some("n"));
    let bad = BucketConfig::new(0, 1);
    assert_eq!(fault(good.reconfigure(&bad, 0, rheo::Level::Keep).unwrap_err()), Some("tokens_per_period"));
    let text = fault(Bucket::new(&bad).unwrap_err()).unwrap();
    assert!(Bucket::new(&bad).unwrap_err().to_string().ends_with(text));
}

#[test]
fn misuse_is_an_error_and_changes_nothing() {
    let bucket = bucket(10, 5);
    assert!(!bucket.try_acquire_at(0, 0) && !bucket.try_acquire_published(0));
    assert_eq!(bucket.acquire_upto_at(0, 0), 0);
    assert_eq!(bucket.refund(0).unwrap_err().status(), -1);
    assert_eq!(bucket.charge(u64::MAX, 0).unwrap_err().status(), -1);
    assert_eq!(bucket.available(0), Ok(5));
    assert_eq!(Counter::new(&CounterConfig::new(9)).unwrap_err().status(), -1);
    let counter = Counter::new(&CounterConfig::new(1)).unwrap();
    assert_eq!(counter.add(8, 1).unwrap_err().status(), -1);
}

#[test]
fn a_guard_needs_one_to_four_different_buckets() {
    let one = Arc::new(bucket(10, 5));
    assert_eq!(Guard::builder().build().unwrap_err().status(), -1);
    let twice = Guard::builder().bucket(one.clone()).bucket(one.clone());
    assert_eq!(twice.build().unwrap_err().status(), -1);
    let with = |count| (0..count).fold(Guard::builder(), |all, _| all.bucket(Arc::new(bucket(10, 5))));
    assert_eq!(with(5).build().unwrap_err(), Error::InvalidArgument { field: Some("bucket") });
    let guard = with(4).build_at(0).unwrap();
    assert_eq!(guard.acquire_at(0, 0).unwrap_err(), Error::InvalidArgument { field: Some("cost") });
    assert!(guard.try_acquire_at(0, 0).is_none());
    assert!(guard.try_acquire_at(5, 0).is_some());
    let (permit, verdict) = guard.decide_at(1, 0);
    assert!(permit.is_none());
    assert_eq!((verdict.status, verdict.limit, verdict.remaining), (1, 5, 0));
}

#[repr(align(128))]
struct Page([u8; 4096]);

/// A page filled by `fill`, for one object.
fn page(size: usize, fill: impl FnOnce(&mut [u8])) -> Region {
    let keeper = Arc::new(Mutex::new(Page([0; 4096])));
    let mut locked = keeper.lock().unwrap();
    fill(&mut locked.0);
    let at = NonNull::from(&mut locked.0).cast();
    drop(locked);
    unsafe { Region::new(at, size, keeper) }
}

#[test]
fn memory_that_will_not_do_is_refused() {
    let config = BucketConfig::new(10, 5);
    let small = page(128, |_| ());
    assert_eq!(Bucket::create_in(small, &config, 0).unwrap_err(), Error::NoSpace);
    assert_eq!(Bucket::attach(page(4096, |_| ()), rheo::now_ns).unwrap_err(), Error::Corrupt);
    assert_eq!(Breaker::attach(page(4096, |_| ()), rheo::now_ns).unwrap_err(), Error::Corrupt);
    assert_eq!(Counter::attach(page(4096, |_| ())).unwrap_err(), Error::Corrupt);
}

#[test]
fn memory_of_another_layout_is_told_from_garbage() {
    let config = BucketConfig::new(10, 5);
    let model = page(4096, |_| ());
    Bucket::create_in(model.clone(), &config, 0).unwrap();
    let mut seen = HashSet::new();
    for at in 0..64 {
        let copy = page(4096, |bytes| unsafe {
            model.address().as_ptr().copy_to(bytes.as_mut_ptr(), 4096);
            bytes[at] ^= 0x40;
        });
        seen.extend(Bucket::attach(copy, rheo::now_ns).err().map(|error| error.name()));
    }
    assert!(seen.contains("ERR_CORRUPT"), "{:?}", seen);
    assert!(seen.contains("ERR_VERSION"), "{:?}", seen);
}

#[test]
fn a_call_error_shows_what_is_inside() {
    let refused = CallError::<std::io::Error>::Refused(Error::NeverPasses);
    assert_eq!(refused.to_string(), Error::NeverPasses.to_string());
    assert!(refused.source().is_none());
    let inner = std::io::Error::new(std::io::ErrorKind::Other, Error::Corrupt);
    let failed = CallError::Failed(inner);
    assert_eq!(failed.to_string(), Error::Corrupt.to_string());
}
