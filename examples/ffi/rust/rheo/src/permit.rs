// SPDX-License-Identifier: BSD-2-Clause

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread::panicking;

use rheo_sys::{RHEO_FAILURE, RHEO_IGNORED, RHEO_SUCCESS};

use crate::{CallError, Error};

/// What became of a call that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// The other side is well; also where it said that the request is wrong.
    Success,
    /// The other side is ill: it refused, timed out, failed.
    Failure,
    /// Counts neither way.
    Ignored,
    /// The call was never made: the permit goes back to the breaker, the tokens to the buckets.
    Cancel,
}

impl Report {
    /// C's outcome; `None` for what is not one.
    pub(crate) fn outcome(self) -> Option<u32> {
        match self {
            Report::Success => Some(RHEO_SUCCESS),
            Report::Failure => Some(RHEO_FAILURE),
            Report::Ignored => Some(RHEO_IGNORED),
            Report::Cancel => None,
        }
    }

    /// How a call is judged if nobody says otherwise: an error is a failure.
    pub fn of<T, E>(result: &Result<T, E>) -> Report {
        match result {
            Ok(_) => Report::Success,
            Err(_) => Report::Failure,
        }
    }
}

pub(crate) mod sealed {
    use super::{Arc, Error, Report};

    /// Who gives permits: a breaker, a guard, or what leads to one.
    pub trait Gives {
        fn report_raw(&self, raw: u64, cost: u64, report: Report, now_ns: u64) -> Result<(), Error>;
        fn time_ns(&self) -> u64;
    }

    impl<T: Gives> Gives for &T {
        #[inline]
        fn report_raw(&self, raw: u64, cost: u64, report: Report, now_ns: u64) -> Result<(), Error> {
            (**self).report_raw(raw, cost, report, now_ns)
        }
        #[inline]
        fn time_ns(&self) -> u64 {
            (**self).time_ns()
        }
    }

    impl<T: Gives> Gives for Arc<T> {
        #[inline]
        fn report_raw(&self, raw: u64, cost: u64, report: Report, now_ns: u64) -> Result<(), Error> {
            (**self).report_raw(raw, cost, report, now_ns)
        }
        #[inline]
        fn time_ns(&self) -> u64 {
            (**self).time_ns()
        }
    }
}

use sealed::Gives;

/// Leave for one call, to be reported once.
///
/// It borrows who gave it (`Permit<&Guard>`), or shares it (`Permit<Arc<Guard>>`, from `acquire_owned`). It may be held
/// across an `await` and sent to other threads.
///
/// Dropped by a panic it reports [`Report::Failure`]. Dropped otherwise, by an early return or with a future that is no
/// longer wanted, it reports [`Report::Ignored`]: whether the call was made is not known then, so the tokens stay
/// spent, and the breaker learns nothing. [`unreported`](Self::unreported) says otherwise.
///
/// A permit does not outlive what it borrows:
///
/// ```compile_fail,E0597
/// let permit;
/// {
///     let breaker = rheo::Breaker::new(&rheo::BreakerConfig::new()).unwrap();
///     permit = breaker.acquire().unwrap();
/// }
/// permit.success();
/// ```
///
/// and is reported once:
///
/// ```compile_fail,E0382
/// let breaker = rheo::Breaker::new(&rheo::BreakerConfig::new()).unwrap();
/// let permit = breaker.acquire().unwrap();
/// permit.success();
/// permit.failure();
/// ```
#[must_use = "a permit that is dropped reports Ignored"]
pub struct Permit<G: Gives> {
    giver: G,
    raw: u64,
    cost: u64,
    unreported: Report,
    was_panicking: bool,
    open: bool,
}

impl<G: Gives> Permit<G> {
    #[inline]
    pub(crate) fn new(giver: G, raw: u64, cost: u64) -> Self {
        Permit { giver, raw, cost, unreported: Report::Ignored, was_panicking: panicking(), open: true }
    }

    /// The call was made and succeeded.
    #[inline]
    pub fn success(self) {
        let _ = self.report(Report::Success);
    }

    /// The call was made and failed.
    #[inline]
    pub fn failure(self) {
        let _ = self.report(Report::Failure);
    }

    /// The call was made and is to count neither way.
    #[inline]
    pub fn ignored(self) {
        let _ = self.report(Report::Ignored);
    }

    /// The call was never made.
    #[inline]
    pub fn cancel(self) {
        let _ = self.report(Report::Cancel);
    }

    /// Reports; [`Error::Stale`] where the breaker has changed its state since, and it had no effect.
    #[inline]
    pub fn report(self, report: Report) -> Result<(), Error> {
        let now_ns = self.giver.time_ns();
        self.report_at(report, now_ns)
    }

    /// Reports at `now_ns`.
    #[inline]
    pub fn report_at(mut self, report: Report, now_ns: u64) -> Result<(), Error> {
        self.open = false;
        self.giver.report_raw(self.raw, self.cost, report, now_ns)
    }

    /// What to report where it is dropped without a report or a panic. A client whose time-outs drop futures wants
    /// [`Report::Failure`].
    #[inline]
    pub fn unreported(mut self, report: Report) -> Self {
        self.unreported = report;
        self
    }

    /// C's permit; `RHEO_PERMIT_NONE` from a guard without a breaker.
    pub fn raw(&self) -> u64 {
        self.raw
    }

    /// Tokens taken from each bucket.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// C's permit, for [`Breaker::report`](crate::Breaker::report) or [`Guard::report`](crate::Guard::report), which
    /// the caller now owes.
    pub fn into_raw(mut self) -> u64 {
        self.open = false;
        self.raw
    }

    #[inline]
    pub(crate) fn run<T, E>(
        self,
        call: impl FnOnce() -> Result<T, E>,
        classify: impl FnOnce(&Result<T, E>) -> Report,
    ) -> Result<T, CallError<E>> {
        let result = call();
        let _ = self.report(classify(&result));
        result.map_err(CallError::Failed)
    }

    pub(crate) async fn run_async<T, E>(
        self,
        call: impl Future<Output = Result<T, E>>,
        classify: impl FnOnce(&Result<T, E>) -> Report,
    ) -> Result<T, CallError<E>> {
        let result = call.await;
        let _ = self.report(classify(&result));
        result.map_err(CallError::Failed)
    }
}

impl<G: Gives> Drop for Permit<G> {
    #[inline]
    fn drop(&mut self) {
        if self.open {
            // One that was given in the middle of a panic is not the panic's.
            let report = if panicking() && !self.was_panicking { Report::Failure } else { self.unreported };
            let _ = self.giver.report_raw(self.raw, self.cost, report, self.giver.time_ns());
        }
    }
}

impl<G: Gives> fmt::Debug for Permit<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("raw", &self.raw).field("cost", &self.cost).finish()
    }
}
