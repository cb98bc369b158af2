// SPDX-License-Identifier: BSD-2-Clause

use rheo_sys::*;

use crate::error::answer;
use crate::memory::{Object, Region};
use crate::{CounterConfig, Error};

/// Up to eight counts that many CPUs add to without sharing a cache line.
#[derive(Debug)]
pub struct Counter {
    object: Object<rheo_counter_t>,
}

// SAFETY of all calls below: as in bucket.rs.
impl Counter {
    /// A counter in memory of its own, all counts 0.
    pub fn new(config: &CounterConfig) -> Result<Counter, Error> {
        Self::create(None, config)
    }

    /// A counter in memory given: [`size`](Self::size) bytes or more, aligned to 128.
    pub fn create_in(region: Region, config: &CounterConfig) -> Result<Counter, Error> {
        Self::create(Some(region), config)
    }

    /// The counter that another process has made in this memory.
    pub fn attach(region: Region) -> Result<Counter, Error> {
        let object = Object::attach(region, |at, size, handle| unsafe { rheo_counter_attach(at, size, handle) })?;
        Ok(Counter { object })
    }

    fn create(region: Option<Region>, config: &CounterConfig) -> Result<Counter, Error> {
        let align = unsafe { rheo_counter_align() };
        let object = Object::create(Self::size(config), align, region, |at, size, handle| unsafe {
            rheo_counter_init(at, size, &config.raw, (config.clock)(), handle)
        })?;
        Ok(Counter { object })
    }

    /// Bytes that a counter of this configuration needs; 0 for one that is not valid.
    pub fn size(config: &CounterConfig) -> u64 {
        unsafe { rheo_counter_size(&config.raw) }
    }

    /// Adds `n` to count `index`, 0 to 7.
    #[inline]
    pub fn add(&self, index: u32, n: u64) -> Result<(), Error> {
        Error::check(unsafe { rheo_counter_add(self.object.handle(), index, n) })
    }

    /// The sum of count `index`; exact while nobody adds.
    pub fn read(&self, index: u32) -> Result<u64, Error> {
        answer(|sum| unsafe { rheo_counter_read(self.object.handle(), index, sum) })
    }
}
