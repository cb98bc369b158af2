// SPDX-License-Identifier: BSD-2-Clause

use std::fmt;
use std::time::Duration;

use rheo_sys::{rheo_statuses, RHEO_FOREVER, RHEO_OK};

/// What an error tells besides its status.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told {
    pub retry_after_ns: u64,
    pub field: Option<&'static str>,
}

macro_rules! define {
    ($($name:ident $({ $(#[$about:meta])* $field:ident: $kind:ty })? = $value:literal, $c:literal, $text:literal;)*) => {
        /// Why there was no permit, or what is wrong: C's list of statuses.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Error {
            $(#[doc = concat!("`RHEO_", $c, "`: ", $text, ".")] $name $({ $(#[$about])* $field: $kind })?,)*
            /// A status that this crate does not know.
            Unknown {
                /// Its value.
                status: i32,
            },
        }

        impl Error {
            fn known(status: i32, told: Told) -> Error {
                let _ = told;
                match status {
                    $($value => Error::$name $({ $field: told.$field })?,)*
                    status => Error::Unknown { status },
                }
            }

            /// C's value.
            pub fn status(&self) -> i32 {
                match *self {
                    $(Error::$name { .. } => $value,)*
                    Error::Unknown { status } => status,
                }
            }

            /// C's name without its prefix, `"REJ_RATE"`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Error::$name { .. } => $c,)*
                    Error::Unknown { .. } => "UNKNOWN",
                }
            }

            fn text(&self) -> &'static str {
                match self {
                    $(Error::$name { .. } => $text,)*
                    Error::Unknown { .. } => "a status of another version",
                }
            }
        }
    };
}

rheo_statuses!(define);

impl Error {
    #[inline]
    pub(crate) fn check(status: i32) -> Result<(), Error> {
        Error::check_telling(status, Told::default)
    }

    #[inline]
    pub(crate) fn check_telling(status: i32, told: impl FnOnce() -> Told) -> Result<(), Error> {
        if status == RHEO_OK {
            Ok(())
        } else {
            Err(Error::known(status, told()))
        }
    }

    pub(crate) fn invalid(field: &'static str) -> Error {
        Error::InvalidArgument { field: Some(field) }
    }

    /// A policy said no: nothing is wrong, and a later try may pass (not with [`Error::NeverPasses`]).
    pub fn is_refusal(&self) -> bool {
        self.status() > 0 && !matches!(self, Error::Stale)
    }

    /// When to try again; `None` where that is not known, or trying again is no use.
    pub fn retry_after(&self) -> Option<Duration> {
        match *self {
            Error::RateLimited { retry_after_ns }
            | Error::BreakerOpen { retry_after_ns }
            | Error::BreakerHalfOpen { retry_after_ns }
                if retry_after_ns != RHEO_FOREVER =>
            {
                Some(Duration::from_nanos(retry_after_ns))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        match self {
            Error::InvalidArgument { field: Some(field) } => write!(f, ": {}", field),
            Error::Unknown { status } => write!(f, ": {}", status),
            _ => match self.retry_after() {
                Some(after) => write!(f, ", retry after {:?}", after),
                None => Ok(()),
            },
        }
    }
}

impl std::error::Error for Error {}

/// Why a guarded call has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// It was not made.
    Refused(Error),
    /// It was made, and returned this.
    Failed(E),
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Refused(error) => error.fmt(f),
            CallError::Failed(error) => error.fmt(f),
        }
    }
}

// What is shown is the inner error itself, so the chain goes on with its source.
impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CallError::Refused(_) => None,
            CallError::Failed(error) => error.source(),
        }
    }
}

/// Calls with a place for the answer.
#[inline]
pub(crate) fn answer<T: Default>(call: impl FnOnce(&mut T) -> i32) -> Result<T, Error> {
    let mut place = T::default();
    Error::check(call(&mut place)).map(|()| place)
}
