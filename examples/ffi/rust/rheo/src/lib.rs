// SPDX-License-Identifier: BSD-2-Clause

//! A rate limiter and circuit breaker: [`Bucket`], [`Breaker`], and a [`Guard`] that asks both as one.
//!
//! ```
//! let limit = rheo::Bucket::new(&rheo::BucketConfig::new(100, 5))?; // 100 a second, 5 at once
//! for _ in 0..8 {
//!     match limit.acquire(1) {
//!         Ok(()) => println!("200"),
//!         Err(no) => println!("429, {}", no),
//!     }
//! }
//! # Ok::<(), rheo::Error>(())
//! ```
//!
//! All objects are `Send` and `Sync`, and every method takes `&self`: share them by reference or [`Arc`](std::sync::Arc).
//! No call waits, locks or allocates, but `new` and [`Breaker::events`]. Times are nanoseconds of one monotonic clock,
//! [`now_ns`] unless the configuration names another: calls on a request's path read it, and have a form `_at` that is
//! told the time; other calls are always told (`bucket.refill(bucket.now_ns())`).
//!
//! The library is C; its headers say more of each call. [`sys`] is what they declare.

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

mod breaker;
mod bucket;
mod config;
mod counter;
mod error;
mod guard;
mod kinds;
mod memory;
mod permit;

pub use rheo_sys as sys;

pub use breaker::Breaker;
pub use bucket::Bucket;
pub use config::{BreakerConfig, BucketConfig, Clock, CounterConfig};
pub use counter::Counter;
pub use error::{CallError, Error};
pub use guard::{Guard, GuardBuilder};
pub use kinds::{Cause, Level, Mode, State};
pub use memory::Region;
pub use permit::{Permit, Report};
pub use rheo_sys::{
    rheo_breaker_event_t as BreakerEvent, rheo_breaker_snapshot_t as BreakerSnapshot,
    rheo_bucket_quota_t as BucketQuota, rheo_bucket_stats_t as BucketStats, rheo_guard_stats_t as GuardStats,
    rheo_verdict_t as Verdict,
};

/// Nanoseconds of the system's monotonic clock.
#[inline]
pub fn now_ns() -> u64 {
    // SAFETY: it takes and keeps nothing.
    unsafe { sys::rheo_now_ns() }
}
