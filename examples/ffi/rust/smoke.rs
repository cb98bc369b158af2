// SPDX-License-Identifier: BSD-2-Clause

//! That the crates work in a project of their own.

use std::ffi::CStr;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, CallError, Error};

fn main() -> Result<(), Error> {
    let version = unsafe { CStr::from_ptr(rheo::sys::rheo_version_string()) }.to_str().unwrap();
    assert_eq!(version, std::env::var("SMOKE_VERSION").unwrap());

    let bucket = Bucket::new_at(&BucketConfig::new(10, 2), 0)?;
    bucket.acquire_at(2, 0)?;
    assert_eq!(bucket.acquire_at(1, 0), Err(Error::RateLimited { retry_after_ns: 100_000_000 }));

    let breaker = Breaker::new(&BreakerConfig::new().minimum_calls(2))?;
    for _ in 0..2 {
        assert_eq!(breaker.call(|| Err::<(), _>("ill")), Err(CallError::Failed("ill")));
    }
    let refused = breaker.call(|| Ok::<_, &str>(()));
    assert!(matches!(refused, Err(CallError::Refused(Error::BreakerOpen { .. }))));
    println!("rheo {}: acquired, refused, tripped", version);
    Ok(())
}
