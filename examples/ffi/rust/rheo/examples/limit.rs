// SPDX-License-Identifier: BSD-2-Clause

//! A limiter and a breaker in front of a function: eight requests at once.

use std::sync::Arc;

use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, CallError, Error, Guard};

fn fetch(page: u32) -> Result<String, std::io::Error> {
    Ok(format!("page {}", page)) // ... the call over the network ...
}

fn main() -> Result<(), Error> {
    let guard = Guard::builder()
        .bucket(Arc::new(Bucket::new(&BucketConfig::new(100, 5))?)) // 100 a second, 5 at once
        .breaker(Arc::new(Breaker::new(&BreakerConfig::new())?)) // opens when half of 20 calls in 10 s failed
        .build()?;
    for page in 0..8 {
        match guard.call(1, || fetch(page)) {
            Ok(text) => println!("200 {}", text),
            Err(CallError::Failed(error)) => println!("502 {}", error),
            Err(CallError::Refused(error @ Error::RateLimited { .. })) => println!("429 {}", error),
            Err(CallError::Refused(error)) => println!("503 {}", error),
        }
    }
    Ok(())
}
