# SPDX-License-Identifier: BSD-2-Clause
"""Rate limits and circuit breakers that decide in nanoseconds: token buckets, breakers, and a guard that asks both.

Times are nanoseconds of the monotonic clock; each call reads it unless it is given `now_ns`.
"""

from __future__ import annotations

from ._abi import BACKEND, Verdict, now_ns
from ._generated import (
    BREAKER_PROBE_TIMEOUT_CANCELS,
    BY_BREAKER,
    BY_BUCKET,
    BY_NOBODY,
    FOREVER,
    PERMIT_NONE,
    VERSION,
    BreakerConfig,
    BreakerEvent,
    BreakerSnapshot,
    BucketConfig,
    BucketQuota,
    BucketStats,
    Cause,
    GuardStats,
    Level,
    Mode,
    Outcome,
    State,
    Status,
)
from .breaker import Breaker
from .bucket import Bucket
from .call import Call
from .counter import Counter
from .errors import (
    BreakerOpen,
    Corrupt,
    Error,
    InvalidArgument,
    NeverPasses,
    NoSpace,
    RateLimited,
    Refused,
    VersionMismatch,
)
from .guard import Guard

__version__ = VERSION

__all__ = [
    "BACKEND",
    "BREAKER_PROBE_TIMEOUT_CANCELS",
    "BY_BREAKER",
    "BY_BUCKET",
    "BY_NOBODY",
    "FOREVER",
    "PERMIT_NONE",
    "Breaker",
    "BreakerConfig",
    "BreakerEvent",
    "BreakerOpen",
    "BreakerSnapshot",
    "Bucket",
    "BucketConfig",
    "BucketQuota",
    "BucketStats",
    "Call",
    "Cause",
    "Corrupt",
    "Counter",
    "Error",
    "Guard",
    "GuardStats",
    "InvalidArgument",
    "Level",
    "Mode",
    "NeverPasses",
    "NoSpace",
    "Outcome",
    "RateLimited",
    "Refused",
    "State",
    "Status",
    "Verdict",
    "VersionMismatch",
    "now_ns",
]
