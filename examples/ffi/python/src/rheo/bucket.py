# SPDX-License-Identifier: BSD-2-Clause
"""A token bucket."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from . import _abi
from ._abi import BucketCalls
from ._generated import BUCKET_START_EMPTY, BucketConfig, BucketQuota, BucketStats, Level, Status
from ._parts import Memory, Part, fill, moment
from .call import Function, limited
from .errors import refusal

SECOND = 1_000_000_000


class Bucket(BucketCalls, Part):
    """`rate` tokens are earned each `period_ns`, at most `burst` are kept; a request takes its cost or is refused.

    `lanes`: 1 is exact; 0, or more than 1, lets many threads and processes share one bucket at less cost.
    `memory`: a writable buffer of memory_size() bytes, aligned to 128, shared if others are to attach.
    Each call reads the monotonic clock unless it is given `now_ns`.
    """

    __slots__ = ("_memory", "_raw", "__weakref__")
    _kind = "bucket"

    def __init__(
        self,
        rate: int,
        burst: int,
        period_ns: int = SECOND,
        *,
        max_debt: int = 0,
        lanes: int = 1,
        counter_lanes: int = 0,
        start_empty: bool = False,
        memory: Memory | None = None,
        now_ns: int | None = None,
    ) -> None:
        settings = self._settings(rate, burst, period_ns, max_debt, lanes, counter_lanes, start_empty)
        self._make(self._config(settings), memory, now_ns)

    @staticmethod
    def _settings(
        rate: int, burst: int, period_ns: int, max_debt: int, lanes: int, counter_lanes: int, start_empty: bool
    ) -> dict[str, int]:
        return {
            "tokens_per_period": rate,
            "period_ns": period_ns,
            "burst": burst,
            "max_debt": max_debt,
            "lanes": lanes,
            "counter_lanes": counter_lanes,
            "flags": BUCKET_START_EMPTY if start_empty else 0,
        }

    @classmethod
    def memory_size(
        cls, rate: int, burst: int, period_ns: int = SECOND, *, lanes: int = 1, counter_lanes: int = 0
    ) -> int:
        """Bytes that a bucket of these settings needs."""
        return cls._size(cls._config(cls._settings(rate, burst, period_ns, 0, lanes, counter_lanes, False)))

    def acquire(self, cost: int = 1, now_ns: int | None = None) -> None:
        """try_acquire that raises RateLimited, or NeverPasses for a cost above what the bucket can hold."""
        if not self.try_acquire(cost, now_ns):
            status, wait = self._ask_number("wait_ns", cost, moment(now_ns))
            raise refusal(status or Status.REJ_RATE, wait)

    def acquire_upto(self, most: int, now_ns: int | None = None) -> int:
        """Take what there is, at most so many: 0 where there is nothing. Spend them here, refund the rest."""
        return self._ask_number("acquire_upto", most, moment(now_ns))[1]

    def reserve(self, cost: int = 1, max_wait_ns: int = 0, now_ns: int | None = None) -> int:
        """Take tokens now or from the future (up to max_debt): how long to wait before acting.

        Raises RateLimited where the wait would be longer. Refund what is not used.
        """
        status, wait = self._ask_number("reserve", cost, moment(now_ns), max_wait_ns)
        if status:
            raise refusal(status, wait)
        return wait

    def refund(self, tokens: int = 1) -> None:
        """Give back tokens that were taken and not used."""
        self._do("refund", tokens)

    def charge(self, tokens: int, now_ns: int | None = None) -> None:
        """Take tokens for work already done, going into debt if need be."""
        self._do("charge", tokens, moment(now_ns))

    def refill(self, now_ns: int | None = None) -> None:
        """Publish the credit earned by now, for try_acquire_published: from a timer."""
        self._do("refill", moment(now_ns))

    def next_refill_ns(self, now_ns: int | None = None) -> int:
        """How long until refill is worth calling again."""
        return self._ask_number("next_refill_ns", moment(now_ns))[1]

    def wait_ns(self, cost: int = 1, now_ns: int | None = None) -> int:
        """How long until this cost would pass if nobody else asked; FOREVER where it never does."""
        return self._ask_number("wait_ns", cost, moment(now_ns))[1]

    def available(self, now_ns: int | None = None) -> int:
        """Whole tokens that are there."""
        return self._ask_number("available", moment(now_ns))[1]

    def quota(self, now_ns: int | None = None) -> BucketQuota:
        """Limit, remaining and reset, as the IETF RateLimit fields want them."""
        out = _abi.new("rheo_bucket_quota_t")
        self._do("quota", moment(now_ns), out)
        return BucketQuota(*(getattr(out, name) for name in BucketQuota._fields))

    def reconfigure(
        self,
        *,
        rate: int | None = None,
        burst: int | None = None,
        period_ns: int | None = None,
        max_debt: int | None = None,
        level: int = Level.KEEP,
        now_ns: int | None = None,
    ) -> None:
        """Other numbers, while others acquire; what is not given stays."""
        struct = "rheo_bucket_config_t"
        config = _abi.new(struct)
        self._do("config", config, _abi.sizeof(struct))
        fill(config, {"tokens_per_period": rate, "burst": burst, "period_ns": period_ns, "max_debt": max_debt})
        status = self._call("reconfigure", self._raw, config, moment(now_ns), level)
        if status:
            self._refuse_config(config, status)

    def config(self) -> BucketConfig:
        """The settings in force, by their names in C: the rate is tokens_per_period."""
        return self._ask_record("config", BucketConfig, "rheo_bucket_config_t")

    def stats(self) -> BucketStats:
        """Counts since it was made, and the level."""
        return self._ask_record("stats", BucketStats, "rheo_bucket_stats_t")

    def limited(self, cost: int = 1) -> Callable[[Function], Function]:
        """A decorator: the function, sync or async, is called if the bucket lets it, or raises as acquire."""

        def decorate(function: Function) -> Function:
            return limited(function, partial(self.acquire, cost))

        return decorate
