// SPDX-License-Identifier: BSD-2-Clause

use std::future::Future;
use std::mem::{size_of, MaybeUninit};
use std::ptr::null_mut;
use std::sync::Arc;

use rheo_sys::*;

use crate::config::set;
use crate::error::{answer, Told};
use crate::memory::Object;
use crate::permit::sealed::Gives;
use crate::{now_ns, Breaker, Bucket, CallError, Clock, Error, GuardStats, Permit, Report, Verdict};

/// A breaker, if any, and up to four buckets, asked as one: a refusal has spent nothing and leaked no probe.
///
/// It shares its parts, which may be used on their own besides and by other guards.
///
/// ```
/// use std::sync::Arc;
/// use rheo::{Breaker, BreakerConfig, Bucket, BucketConfig, Guard};
///
/// let guard = Guard::builder()
///     .breaker(Arc::new(Breaker::new(&BreakerConfig::new())?))
///     .bucket(Arc::new(Bucket::new(&BucketConfig::new(100, 5))?))
///     .build()?;
/// let answer = guard.call(1, || Ok::<_, std::io::Error>(42));
/// assert_eq!(answer.unwrap(), 42);
/// # Ok::<(), rheo::Error>(())
/// ```
#[derive(Debug)]
pub struct Guard {
    object: Object<rheo_guard_t>,
    clock: Clock,
    _breaker: Option<Arc<Breaker>>,
    _buckets: Vec<Arc<Bucket>>,
}

/// Parts and settings of a [`Guard`].
#[derive(Clone, Debug)]
pub struct GuardBuilder {
    breaker: Option<Arc<Breaker>>,
    buckets: Vec<Arc<Bucket>>,
    flags: u32,
    lanes: u32,
    clock: Clock,
}

// SAFETY of all calls below: as in bucket.rs.
impl GuardBuilder {
    /// The breaker, which is asked first.
    #[must_use]
    pub fn breaker(mut self, breaker: Arc<Breaker>) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// One more bucket. Put the one first that refuses most.
    #[must_use]
    pub fn bucket(mut self, bucket: Arc<Bucket>) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// A dry run: it decides and counts as it would, and admits every request.
    #[must_use]
    pub fn shadow(mut self, on: bool) -> Self {
        set(&mut self.flags, RHEO_GUARD_SHADOW, on);
        self
    }

    /// Verdicts that admit say nothing of limit, remaining and times, and are cheaper.
    #[must_use]
    pub fn lean(mut self, on: bool) -> Self {
        set(&mut self.flags, RHEO_GUARD_LEAN, on);
        self
    }

    /// Lines for the guard's own counts, 1 to 64; 0, as many as CPUs, is the default.
    #[must_use]
    pub fn lanes(mut self, lanes: u32) -> Self {
        self.lanes = lanes;
        self
    }

    /// The clock of calls that are not told the time, the same as the parts' own; [`now_ns`] by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The guard. [`Error::InvalidArgument`] without a part, with five buckets, or with one twice.
    pub fn build(self) -> Result<Guard, Error> {
        let now_ns = (self.clock)();
        self.build_at(now_ns)
    }

    /// The same, its time beginning at `now_ns`.
    pub fn build_at(self, now_ns: u64) -> Result<Guard, Error> {
        let mut raw = MaybeUninit::<rheo_guard_config_t>::zeroed();
        let size = size_of::<rheo_guard_config_t>() as u64;
        let mut raw = unsafe {
            Error::check(rheo_guard_config_init(raw.as_mut_ptr(), size))?;
            raw.assume_init()
        };
        raw.flags = self.flags;
        raw.lanes = self.lanes;
        raw.breaker = self.breaker.as_ref().map_or(null_mut(), |breaker| breaker.handle());
        if self.buckets.len() > raw.bucket.len() {
            return Err(Error::invalid("bucket"));
        }
        for (place, bucket) in raw.bucket.iter_mut().zip(&self.buckets) {
            *place = bucket.handle();
        }
        let (size, align) = unsafe { (rheo_guard_size(&raw), rheo_guard_align()) };
        let object = Object::create(size, align, None, |at, size, handle| unsafe {
            rheo_guard_init(at, size, &raw, now_ns, handle)
        })?;
        Ok(Guard { object, clock: self.clock, _breaker: self.breaker, _buckets: self.buckets })
    }
}

impl Guard {
    /// A guard is built of its parts.
    pub fn builder() -> GuardBuilder {
        GuardBuilder { breaker: None, buckets: Vec::new(), flags: 0, lanes: 0, clock: now_ns }
    }

    /// What the guard's clock says.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        (self.clock)()
    }

    /// What C knows it by. It is good as long as the guard is.
    #[inline]
    pub fn handle(&self) -> *mut rheo_guard_t {
        self.object.handle()
    }

    #[inline]
    fn ask(&self, cost: u64, now_ns: u64) -> Verdict {
        let mut verdict = Verdict::default();
        let status = unsafe { rheo_guard_try_acquire(self.handle(), cost, now_ns, &mut verdict) };
        verdict.status = status; // of a mistake it is not told
        verdict
    }

    #[inline]
    fn admit(&self, cost: u64, now_ns: u64) -> Result<Verdict, Error> {
        let verdict = self.ask(cost, now_ns);
        let told = || Told { retry_after_ns: verdict.retry_after_ns, field: Some("cost") };
        Error::check_telling(verdict.status, told).map(|()| verdict)
    }

    /// A permit, if a request of this cost passes all parts.
    #[inline]
    pub fn try_acquire(&self, cost: u64) -> Option<Permit<&Guard>> {
        self.try_acquire_at(cost, self.now_ns())
    }

    /// A permit at `now_ns`, if a request of this cost passes all parts.
    #[inline]
    pub fn try_acquire_at(&self, cost: u64, now_ns: u64) -> Option<Permit<&Guard>> {
        self.decide_at(cost, now_ns).0
    }

    /// A permit, or why and until when there is none.
    #[inline]
    pub fn acquire(&self, cost: u64) -> Result<Permit<&Guard>, Error> {
        self.acquire_at(cost, self.now_ns())
    }

    /// A permit at `now_ns`, or why and until when there is none.
    #[inline]
    pub fn acquire_at(&self, cost: u64, now_ns: u64) -> Result<Permit<&Guard>, Error> {
        self.admit(cost, now_ns).map(|verdict| Permit::new(self, verdict.permit, verdict.cost))
    }

    /// A permit that shares the guard instead of borrowing it.
    pub fn acquire_owned(self: &Arc<Self>, cost: u64) -> Result<Permit<Arc<Guard>>, Error> {
        self.admit(cost, self.now_ns()).map(|verdict| Permit::new(Arc::clone(self), verdict.permit, verdict.cost))
    }

    /// A permit if there is one, and in any case all that an answer to a client needs.
    #[inline]
    pub fn decide(&self, cost: u64) -> (Option<Permit<&Guard>>, Verdict) {
        self.decide_at(cost, self.now_ns())
    }

    /// The same at `now_ns`.
    #[inline]
    pub fn decide_at(&self, cost: u64, now_ns: u64) -> (Option<Permit<&Guard>>, Verdict) {
        let verdict = self.ask(cost, now_ns);
        ((verdict.status == RHEO_OK).then(|| Permit::new(self, verdict.permit, verdict.cost)), verdict)
    }

    /// Makes the call if it may be made; an error and a panic are failures.
    pub fn call<T, E>(&self, cost: u64, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.call_with(cost, call, Report::of)
    }

    /// The same, judged by `classify`.
    pub fn call_with<T, E>(
        &self,
        cost: u64,
        call: impl FnOnce() -> Result<T, E>,
        classify: impl FnOnce(&Result<T, E>) -> Report,
    ) -> Result<T, CallError<E>> {
        self.acquire(cost).map_err(CallError::Refused)?.run(call, classify)
    }

    /// Awaits the call if it may be made. A future dropped before it is done counts neither way ([`Permit`]).
    pub async fn call_async<T, E>(
        &self,
        cost: u64,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, CallError<E>> {
        self.call_async_with(cost, call, Report::of).await
    }

    /// The same, judged by `classify`.
    pub async fn call_async_with<T, E>(
        &self,
        cost: u64,
        call: impl Future<Output = Result<T, E>>,
        classify: impl FnOnce(&Result<T, E>) -> Report,
    ) -> Result<T, CallError<E>> {
        self.acquire(cost).map_err(CallError::Refused)?.run_async(call, classify).await
    }

    /// Reports a permit that was taken out of its [`Permit`] by [`into_raw`](Permit::into_raw); a cancel gives back
    /// `cost` tokens.
    #[inline]
    pub fn report(&self, raw: u64, cost: u64, report: Report, now_ns: u64) -> Result<(), Error> {
        Error::check(match report.outcome() {
            Some(outcome) => unsafe { rheo_guard_record(self.handle(), raw, outcome, now_ns) },
            None => unsafe { rheo_guard_cancel(self.handle(), raw, cost, now_ns) },
        })
    }

    /// The timer hook of every part; how long after `now_ns` to call again. Nothing depends on it.
    pub fn tick(&self, now_ns: u64) -> Result<u64, Error> {
        answer(|next_ns| unsafe { rheo_guard_tick(self.handle(), now_ns, next_ns) })
    }

    /// What the guard itself has counted.
    pub fn stats(&self) -> Result<GuardStats, Error> {
        answer(|stats| unsafe { rheo_guard_stats(self.handle(), stats, size_of::<GuardStats>() as u64) })
    }
}

impl Gives for Guard {
    #[inline]
    fn report_raw(&self, raw: u64, cost: u64, report: Report, now_ns: u64) -> Result<(), Error> {
        self.report(raw, cost, report, now_ns)
    }

    #[inline]
    fn time_ns(&self) -> u64 {
        self.now_ns()
    }
}
