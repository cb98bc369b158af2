// SPDX-License-Identifier: BSD-2-Clause

use std::mem::size_of;

use rheo_sys::*;

use crate::error::{answer, Told};
use crate::memory::{Object, Region};
use crate::{BucketConfig, BucketQuota, BucketStats, Clock, Error, Level};

/// A token bucket: a request passes when it can take its cost.
///
/// `try_acquire` says whether it did, `acquire` also why not; none of them waits. As they stand they read the bucket's
/// clock; `_at` are told the time, `_published` go by what [`refill`](Self::refill) and others made known last.
///
/// A cost of 0 is a mistake and never passes.
///
/// ```
/// let bucket = rheo::Bucket::new(&rheo::BucketConfig::new(100, 2))?; // 100 a second, 2 at once
/// assert!(bucket.try_acquire(2));
/// assert!(matches!(bucket.acquire(3), Err(rheo::Error::NeverPasses)));
/// # Ok::<(), rheo::Error>(())
/// ```
#[derive(Debug)]
pub struct Bucket {
    object: Object<rheo_bucket_t>,
    clock: Clock,
}

// SAFETY of all calls below: the handle is from init or attach, its memory lives as long as `self`, places are of the
// type that C has.
impl Bucket {
    /// A bucket in memory of its own, full unless it is to start empty.
    pub fn new(config: &BucketConfig) -> Result<Bucket, Error> {
        Self::new_at(config, (config.clock)())
    }

    /// The same, its time beginning at `now_ns`.
    pub fn new_at(config: &BucketConfig, now_ns: u64) -> Result<Bucket, Error> {
        Self::create(None, config, now_ns)
    }

    /// A bucket in memory given: [`size`](Self::size) bytes or more, aligned to 128.
    pub fn create_in(region: Region, config: &BucketConfig, now_ns: u64) -> Result<Bucket, Error> {
        Self::create(Some(region), config, now_ns)
    }

    /// The bucket that another process has made in this memory.
    pub fn attach(region: Region, clock: Clock) -> Result<Bucket, Error> {
        let object = Object::attach(region, |at, size, handle| unsafe { rheo_bucket_attach(at, size, handle) })?;
        Ok(Bucket { object, clock })
    }

    fn create(region: Option<Region>, config: &BucketConfig, now_ns: u64) -> Result<Bucket, Error> {
        config.check()?;
        let align = unsafe { rheo_bucket_align() };
        let object = Object::create(Self::size(config), align, region, |at, size, handle| unsafe {
            rheo_bucket_init(at, size, &config.raw, now_ns, handle)
        })?;
        Ok(Bucket { object, clock: config.clock })
    }

    /// Bytes that a bucket of this configuration needs; 0 for one that is not valid.
    pub fn size(config: &BucketConfig) -> u64 {
        unsafe { rheo_bucket_size(&config.raw) }
    }

    /// What the bucket's clock says.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        (self.clock)()
    }

    /// What C knows it by. It is good as long as the bucket is.
    #[inline]
    pub fn handle(&self) -> *mut rheo_bucket_t {
        self.object.handle()
    }

    /// Takes `n` tokens if they are there.
    #[inline]
    pub fn try_acquire(&self, n: u64) -> bool {
        self.try_acquire_at(n, self.now_ns())
    }

    /// Takes `n` tokens if they are there at `now_ns`.
    #[inline]
    pub fn try_acquire_at(&self, n: u64, now_ns: u64) -> bool {
        unsafe { rheo_bucket_try_acquire_at(self.handle(), n, now_ns) == RHEO_OK }
    }

    /// Takes `n` tokens if they are there by the time last published: the cheapest, it reads no clock.
    #[inline]
    pub fn try_acquire_published(&self, n: u64) -> bool {
        unsafe { rheo_bucket_try_acquire(self.handle(), n) == RHEO_OK }
    }

    /// Takes `n` tokens if they are there, else says when.
    #[inline]
    pub fn acquire(&self, n: u64) -> Result<(), Error> {
        self.acquire_at(n, self.now_ns())
    }

    /// Takes `n` tokens if they are there at `now_ns`, else says when.
    #[inline]
    pub fn acquire_at(&self, n: u64, now_ns: u64) -> Result<(), Error> {
        let status = unsafe { rheo_bucket_try_acquire_at(self.handle(), n, now_ns) };
        Error::check_telling(status, || {
            let mut retry_after_ns = RHEO_FOREVER;
            unsafe { rheo_bucket_wait_ns(self.handle(), n, now_ns, &mut retry_after_ns) };
            Told { retry_after_ns, field: Some("n") }
        })
    }

    /// Takes as many tokens as there are, at most `n`; how many.
    #[inline]
    pub fn acquire_upto(&self, n: u64) -> u64 {
        self.acquire_upto_at(n, self.now_ns())
    }

    /// Takes as many tokens as there are at `now_ns`, at most `n`; how many.
    #[inline]
    pub fn acquire_upto_at(&self, n: u64, now_ns: u64) -> u64 {
        let mut got = 0;
        unsafe { rheo_bucket_acquire_upto(self.handle(), n, now_ns, &mut got) };
        got
    }

    /// Takes `n` tokens now or of the future; how many nanoseconds the caller has to wait before using them.
    /// [`Error::RateLimited`] where that would be more than `max_wait_ns`, or more debt than `max_debt`.
    #[inline]
    pub fn reserve(&self, n: u64, max_wait_ns: u64) -> Result<u64, Error> {
        self.reserve_at(n, self.now_ns(), max_wait_ns)
    }

    /// As [`reserve`](Self::reserve), at `now_ns`.
    pub fn reserve_at(&self, n: u64, now_ns: u64, max_wait_ns: u64) -> Result<u64, Error> {
        let mut wait_ns = 0;
        let status = unsafe { rheo_bucket_reserve(self.handle(), n, now_ns, max_wait_ns, &mut wait_ns) };
        Error::check_telling(status, || Told { retry_after_ns: wait_ns, field: Some("n") }).map(|()| wait_ns)
    }

    /// Gives back `n` tokens that were taken and not used, or a reservation that is not wanted.
    pub fn refund(&self, n: u64) -> Result<(), Error> {
        Error::check(unsafe { rheo_bucket_refund(self.handle(), n) })
    }

    /// Takes `n` tokens for work already done, going into debt if need be.
    pub fn charge(&self, n: u64, now_ns: u64) -> Result<(), Error> {
        Error::check(unsafe { rheo_bucket_charge(self.handle(), n, now_ns) })
    }

    /// Publishes what has been earned by `now_ns`: for a timer, when [`next_refill_ns`](Self::next_refill_ns) says.
    pub fn refill(&self, now_ns: u64) -> Result<(), Error> {
        Error::check(unsafe { rheo_bucket_refill(self.handle(), now_ns) })
    }

    /// How long after `now_ns` it is next worth calling [`refill`](Self::refill).
    pub fn next_refill_ns(&self, now_ns: u64) -> Result<u64, Error> {
        answer(|delay_ns| unsafe { rheo_bucket_next_refill_ns(self.handle(), now_ns, delay_ns) })
    }

    /// How long after `now_ns` a request for `n` tokens would pass if nobody else asked.
    pub fn wait_ns(&self, n: u64, now_ns: u64) -> Result<u64, Error> {
        answer(|wait_ns| unsafe { rheo_bucket_wait_ns(self.handle(), n, now_ns, wait_ns) })
    }

    /// Whole tokens that are there at `now_ns`.
    pub fn available(&self, now_ns: u64) -> Result<u64, Error> {
        answer(|tokens| unsafe { rheo_bucket_available(self.handle(), now_ns, tokens) })
    }

    /// What an answer to a client says of the limit at `now_ns`.
    pub fn quota(&self, now_ns: u64) -> Result<BucketQuota, Error> {
        answer(|quota| unsafe { rheo_bucket_quota(self.handle(), now_ns, quota) })
    }

    /// Another rate, burst or debt, while others acquire. The clock stays.
    pub fn reconfigure(&self, config: &BucketConfig, now_ns: u64, level: Level) -> Result<(), Error> {
        config.check()?;
        Error::check(unsafe { rheo_bucket_reconfigure(self.handle(), &config.raw, now_ns, level as u32) })
    }

    /// The configuration in force.
    pub fn config(&self) -> Result<BucketConfig, Error> {
        let size = size_of::<rheo_bucket_config_t>() as u64;
        let raw = answer(|raw| unsafe { rheo_bucket_config(self.handle(), raw, size) })?;
        Ok(BucketConfig { raw, clock: self.clock })
    }

    /// Counts since the beginning, and the level.
    pub fn stats(&self) -> Result<BucketStats, Error> {
        answer(|stats| unsafe { rheo_bucket_stats(self.handle(), stats, size_of::<BucketStats>() as u64) })
    }
}
