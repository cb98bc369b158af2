// SPDX-License-Identifier: BSD-2-Clause

use rheo_sys::*;

macro_rules! kind {
    ($(#[$about:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $value:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum $name {
            $($(#[$each])* $variant = $value,)*
        }

        impl $name {
            /// From C's value; `None` for one that this crate does not know.
            pub fn from_raw(value: u32) -> Option<Self> {
                match value {
                    $($value => Some($name::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

kind! {
    /// What a breaker does.
    State {
        /// Every call passes.
        Closed = RHEO_CLOSED,
        /// Every call is refused, for a while.
        Open = RHEO_OPEN,
        /// A few calls pass as probes.
        HalfOpen = RHEO_HALF_OPEN,
    }
}

kind! {
    /// Whether a breaker decides by itself.
    Mode {
        /// It does.
        Auto = RHEO_AUTO,
        /// It refuses every call.
        ForcedOpen = RHEO_FORCED_OPEN,
        /// It admits every call; outcomes fill the window, nothing trips.
        ForcedClosed = RHEO_FORCED_CLOSED,
        /// It admits every call; outcomes are counted for statistics only.
        Disabled = RHEO_DISABLED,
    }
}

kind! {
    /// What caused a transition: `cause` of a [`BreakerEvent`](crate::BreakerEvent).
    Cause {
        /// Of a partial event.
        Unknown = RHEO_CAUSE_UNKNOWN,
        /// Too many calls failed.
        FailureRate = RHEO_CAUSE_FAILURE_RATE,
        /// Too many calls were slow.
        SlowCallRate = RHEO_CAUSE_SLOW_CALL_RATE,
        /// Too many calls failed in a row.
        ConsecutiveFailures = RHEO_CAUSE_CONSECUTIVE_FAILURES,
        /// It was open for long enough.
        OpenTimeOver = RHEO_CAUSE_OPEN_TIME_OVER,
        /// Enough probes succeeded.
        ProbesSucceeded = RHEO_CAUSE_PROBES_SUCCEEDED,
        /// Enough probes failed.
        ProbesFailed = RHEO_CAUSE_PROBES_FAILED,
        /// All probes reported, none failed, too few succeeded.
        ProbesInconclusive = RHEO_CAUSE_PROBES_INCONCLUSIVE,
        /// [`Breaker::force`](crate::Breaker::force).
        Forced = RHEO_CAUSE_FORCED,
        /// [`Breaker::reset`](crate::Breaker::reset).
        Reset = RHEO_CAUSE_RESET,
    }
}

kind! {
    /// What [`Bucket::reconfigure`](crate::Bucket::reconfigure) does with the tokens that are there.
    Level {
        /// Keeps them, up to the new burst.
        Keep = RHEO_BUCKET_KEEP,
        /// Keeps the fraction of the burst that is there.
        Scale = RHEO_BUCKET_SCALE,
        /// Begins anew.
        Reset = RHEO_BUCKET_RESET,
    }
}
