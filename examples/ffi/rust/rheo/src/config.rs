// SPDX-License-Identifier: BSD-2-Clause

use std::ffi::CStr;
use std::mem::size_of;
use std::os::raw::c_char;

use rheo_sys::*;

use crate::error::Told;
use crate::{now_ns, Error};

/// Nanoseconds of a monotonic clock: [`now_ns`], or another for all objects that work together.
pub type Clock = fn() -> u64;

macro_rules! setters {
    ($(#[$about:meta] $name:ident: $kind:ty;)*) => {
        $(
            #[$about]
            #[must_use]
            pub fn $name(mut self, $name: $kind) -> Self {
                self.raw.$name = $name;
                self
            }
        )*
    };
}

macro_rules! config {
    ($(#[$about:meta])* $name:ident, $raw:ident, $init:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            pub(crate) raw: $raw,
            pub(crate) clock: Clock,
        }

        impl $name {
            fn defaults() -> Self {
                let mut raw = $raw::default();
                // SAFETY: a place of the size that is told.
                unsafe { $init(&mut raw, size_of::<$raw>() as u64) };
                $name { raw, clock: now_ns }
            }

            /// The clock of calls that are not told the time; [`now_ns`] by default.
            #[must_use]
            pub fn clock(mut self, clock: Clock) -> Self {
                self.clock = clock;
                self
            }

            /// The settings as C has them.
            pub fn raw(&self) -> &$raw {
                &self.raw
            }

            rheo_settings!($raw, setters);
        }
    };
}

config! {
    /// Settings of a [`Bucket`](crate::Bucket).
    BucketConfig, rheo_bucket_config_t, rheo_bucket_config_init
}

config! {
    /// Settings of a [`Breaker`](crate::Breaker).
    BreakerConfig, rheo_breaker_config_t, rheo_breaker_config_init
}

config! {
    /// Settings of a [`Counter`](crate::Counter).
    CounterConfig, rheo_counter_config_t, rheo_counter_config_init
}

impl BucketConfig {
    /// A rate, in tokens a second unless [`period_ns`](Self::period_ns) says otherwise, and how many tokens are kept.
    pub fn new(tokens_per_period: u64, burst: u64) -> Self {
        Self::defaults().tokens_per_period(tokens_per_period).burst(burst)
    }

    /// The bucket begins with no tokens instead of `burst`.
    #[must_use]
    pub fn start_empty(mut self, empty: bool) -> Self {
        set(&mut self.raw.flags, RHEO_BUCKET_START_EMPTY, empty);
        self
    }

    /// Whether a bucket can be made of it; if not, [`Error::InvalidArgument`] names the first setting at fault.
    pub fn check(&self) -> Result<(), Error> {
        // SAFETY: a configuration that lives during the calls.
        let (status, fault) = unsafe { (rheo_bucket_config_check(&self.raw), rheo_bucket_config_fault(&self.raw)) };
        checked(status, fault)
    }
}

impl BreakerConfig {
    /// C's defaults: it opens for 5 s when half of 20 or more calls in 10 s failed.
    pub fn new() -> Self {
        Self::defaults()
    }

    /// A probe that does not report in time ends without a verdict, not as failed.
    #[must_use]
    pub fn probe_timeout_cancels(mut self, cancels: bool) -> Self {
        set(&mut self.raw.flags, RHEO_BREAKER_PROBE_TIMEOUT_CANCELS, cancels);
        self
    }

    /// Whether a breaker can be made of it; if not, [`Error::InvalidArgument`] names the first setting at fault.
    pub fn check(&self) -> Result<(), Error> {
        // SAFETY: a configuration that lives during the calls.
        let (status, fault) = unsafe { (rheo_breaker_config_check(&self.raw), rheo_breaker_config_fault(&self.raw)) };
        checked(status, fault)
    }
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl CounterConfig {
    /// So many counts, 1 to 8, in as many lanes as there are CPUs.
    pub fn new(counts: u32) -> Self {
        Self::defaults().counts(counts)
    }
}

pub(crate) fn set(flags: &mut u32, flag: u32, on: bool) {
    *flags = if on { *flags | flag } else { *flags & !flag };
}

fn checked(status: i32, fault: *const c_char) -> Result<(), Error> {
    Error::check_telling(status, || Told {
        // SAFETY: NULL or a constant of the library, which is never unloaded.
        field: if fault.is_null() { None } else { unsafe { CStr::from_ptr(fault) }.to_str().ok() },
        ..Told::default()
    })
}
