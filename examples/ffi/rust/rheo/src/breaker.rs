// SPDX-License-Identifier: BSD-2-Clause

use std::future::Future;
use std::mem::size_of;
use std::sync::Arc;

use rheo_sys::*;

use crate::error::{answer, Told};
use crate::memory::{Object, Region};
use crate::permit::sealed::Gives;
use crate::{BreakerConfig, BreakerEvent, BreakerSnapshot, CallError, Clock, Error, Mode, Permit, Report, State};

/// A circuit breaker: refuses calls for a while when too many failed, then lets a few through as probes.
///
/// ```
/// let breaker = rheo::Breaker::new(&rheo::BreakerConfig::new().minimum_calls(1).open_ns(1_000_000_000))?;
/// assert!(breaker.call(|| Err::<(), _>("no route to host")).is_err());
/// let refused = breaker.call(|| Ok::<_, &str>("not made")).unwrap_err();
/// assert!(matches!(refused, rheo::CallError::Refused(rheo::Error::BreakerOpen { .. })));
/// # Ok::<(), rheo::Error>(())
/// ```
#[derive(Debug)]
pub struct Breaker {
    object: Object<rheo_breaker_t>,
    clock: Clock,
}

// SAFETY of all calls below: as in bucket.rs.
impl Breaker {
    /// A closed breaker in memory of its own.
    pub fn new(config: &BreakerConfig) -> Result<Breaker, Error> {
        Self::new_at(config, (config.clock)())
    }

    /// The same, its time beginning at `now_ns`.
    pub fn new_at(config: &BreakerConfig, now_ns: u64) -> Result<Breaker, Error> {
        Self::create(None, config, now_ns)
    }

    /// A breaker in memory given: [`size`](Self::size) bytes or more, aligned to 128.
    pub fn create_in(region: Region, config: &BreakerConfig, now_ns: u64) -> Result<Breaker, Error> {
        Self::create(Some(region), config, now_ns)
    }

    /// The breaker that another process has made in this memory.
    pub fn attach(region: Region, clock: Clock) -> Result<Breaker, Error> {
        let object = Object::attach(region, |at, size, handle| unsafe { rheo_breaker_attach(at, size, handle) })?;
        Ok(Breaker { object, clock })
    }

    fn create(region: Option<Region>, config: &BreakerConfig, now_ns: u64) -> Result<Breaker, Error> {
        config.check()?;
        let align = unsafe { rheo_breaker_align() };
        let object = Object::create(Self::size(config), align, region, |at, size, handle| unsafe {
            rheo_breaker_init(at, size, &config.raw, now_ns, handle)
        })?;
        Ok(Breaker { object, clock: config.clock })
    }

    /// Bytes that a breaker of this configuration needs; 0 for one that is not valid.
    pub fn size(config: &BreakerConfig) -> u64 {
        unsafe { rheo_breaker_size(&config.raw) }
    }

    /// What the breaker's clock says.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        (self.clock)()
    }

    /// What C knows it by. It is good as long as the breaker is.
    #[inline]
    pub fn handle(&self) -> *mut rheo_breaker_t {
        self.object.handle()
    }

    #[inline]
    fn ask(&self, now_ns: u64) -> (i32, u64) {
        let mut raw = RHEO_PERMIT_NONE;
        let status = unsafe { rheo_breaker_try_acquire(self.handle(), now_ns, &mut raw) };
        (status, raw)
    }

    fn admit(&self, now_ns: u64) -> Result<u64, Error> {
        let (status, raw) = self.ask(now_ns);
        Error::check_telling(status, || {
            let retry_after_ns = self.retry_after_ns(now_ns).unwrap_or(RHEO_FOREVER);
            Told { retry_after_ns, field: None }
        })?;
        Ok(raw)
    }

    /// A permit, if a call may be made.
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<&Breaker>> {
        self.try_acquire_at(self.now_ns())
    }

    /// A permit, if a call may be made at `now_ns`.
    #[inline]
    pub fn try_acquire_at(&self, now_ns: u64) -> Option<Permit<&Breaker>> {
        let (status, raw) = self.ask(now_ns);
        (status == RHEO_OK).then(|| Permit::new(self, raw, 0))
    }

    /// A permit, or why and until when there is none.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<&Breaker>, Error> {
        self.acquire_at(self.now_ns())
    }

    /// A permit at `now_ns`, or why and until when there is none.
    #[inline]
    pub fn acquire_at(&self, now_ns: u64) -> Result<Permit<&Breaker>, Error> {
        self.admit(now_ns).map(|raw| Permit::new(self, raw, 0))
    }

    /// A permit that shares the breaker instead of borrowing it.
    pub fn acquire_owned(self: &Arc<Self>) -> Result<Permit<Arc<Breaker>>, Error> {
        self.admit(self.now_ns()).map(|raw| Permit::new(Arc::clone(self), raw, 0))
    }

    /// Makes the call if it may be made; an error and a panic are failures.
    pub fn call<T, E>(&self, call: impl FnOnce() -> Result<T, E>) -> Result<T, CallError<E>> {
        self.call_with(call, Report::of)
    }

    /// The same, judged by `classify`.
    pub fn call_with<T, E>(
        &self,
        call: impl FnOnce() -> Result<T, E>,
        classify: impl FnOnce(&Result<T, E>) -> Report,
    ) -> Result<T, CallError<E>> {
        self.acquire().map_err(CallError::Refused)?.run(call, classify)
    }

    /// Awaits the call if it may be made. A future dropped before it is done counts neither way ([`Permit`]).
    pub async fn call_async<T, E>(&self, call: impl Future<Output = Result<T, E>>) -> Result<T, CallError<E>> {
        self.call_async_with(call, Report::of).await
    }

    /// The same, judged by `classify`.
    pub async fn call_async_with<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
        classify: impl FnOnce(&Result<T, E>) -> Report,
    ) -> Result<T, CallError<E>> {
        self.acquire().map_err(CallError::Refused)?.run_async(call, classify).await
    }

    /// Reports a permit that was taken out of its [`Permit`] by [`into_raw`](Permit::into_raw).
    #[inline]
    pub fn report(&self, raw: u64, report: Report, now_ns: u64) -> Result<(), Error> {
        Error::check(match report.outcome() {
            Some(outcome) => unsafe { rheo_breaker_record(self.handle(), raw, outcome, now_ns) },
            None => unsafe { rheo_breaker_cancel(self.handle(), raw, now_ns) },
        })
    }

    /// What a permit says: the generation it is of, and whether it is a probe's.
    pub fn permit(&self, raw: u64) -> Result<(u64, bool), Error> {
        let mut probe = 0;
        let generation =
            answer(|generation| unsafe { rheo_breaker_permit(self.handle(), raw, generation, &mut probe) })?;
        Ok((generation, probe != 0))
    }

    /// Does what time alone makes due; how long after `now_ns` to call again. Nothing depends on it.
    pub fn tick(&self, now_ns: u64) -> Result<u64, Error> {
        answer(|next_ns| unsafe { rheo_breaker_tick(self.handle(), now_ns, next_ns) })
    }

    /// Sets the mode.
    pub fn force(&self, mode: Mode, now_ns: u64) -> Result<(), Error> {
        Error::check(unsafe { rheo_breaker_force(self.handle(), mode as u32, now_ns) })
    }

    /// Closed, automatic, an empty window.
    pub fn reset(&self, now_ns: u64) -> Result<(), Error> {
        Error::check(unsafe { rheo_breaker_reset(self.handle(), now_ns) })
    }

    /// State and mode as the last call left them.
    pub fn state(&self) -> Result<(State, Mode), Error> {
        let mut mode = 0;
        let state = answer(|state| unsafe { rheo_breaker_state(self.handle(), state, &mut mode) })?;
        State::from_raw(state).zip(Mode::from_raw(mode)).ok_or(Error::Corrupt)
    }

    /// How long after `now_ns` a call passes at the latest.
    pub fn retry_after_ns(&self, now_ns: u64) -> Result<u64, Error> {
        answer(|delay_ns| unsafe { rheo_breaker_retry_after_ns(self.handle(), now_ns, delay_ns) })
    }

    /// Everything there is to see at `now_ns`.
    pub fn snapshot(&self, now_ns: u64) -> Result<BreakerSnapshot, Error> {
        let size = size_of::<BreakerSnapshot>() as u64;
        answer(|snapshot| unsafe { rheo_breaker_snapshot(self.handle(), now_ns, snapshot, size) })
    }

    /// The transitions after generation `since`, oldest first; the last 16 are kept.
    pub fn events(&self, since: u64) -> Result<Vec<BreakerEvent>, Error> {
        let mut events = vec![BreakerEvent::default(); 16];
        let room = events.len() as u32;
        let count =
            answer(|count| unsafe { rheo_breaker_events(self.handle(), since, events.as_mut_ptr(), room, count) })?;
        events.truncate(count as usize);
        Ok(events)
    }

    /// Other thresholds and times, while others call; state and window stay, and the clock.
    pub fn reconfigure(&self, config: &BreakerConfig, now_ns: u64) -> Result<(), Error> {
        config.check()?;
        Error::check(unsafe { rheo_breaker_reconfigure(self.handle(), &config.raw, now_ns) })
    }

    /// The configuration in force.
    pub fn config(&self) -> Result<BreakerConfig, Error> {
        let size = size_of::<rheo_breaker_config_t>() as u64;
        let raw = answer(|raw| unsafe { rheo_breaker_config(self.handle(), raw, size) })?;
        Ok(BreakerConfig { raw, clock: self.clock })
    }
}

impl Gives for Breaker {
    #[inline]
    fn report_raw(&self, raw: u64, _cost: u64, report: Report, now_ns: u64) -> Result<(), Error> {
        self.report(raw, report, now_ns)
    }

    #[inline]
    fn time_ns(&self) -> u64 {
        self.now_ns()
    }
}
