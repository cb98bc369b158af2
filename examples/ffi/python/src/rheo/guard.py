# SPDX-License-Identifier: BSD-2-Clause
"""A breaker and up to four buckets, asked as one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, overload

from ._abi import GuardCalls, Verdict
from ._generated import GUARD_BUCKETS, GUARD_LEAN, GUARD_SHADOW, GuardStats
from ._parts import Part, moment
from .breaker import Breaker
from .bucket import Bucket
from .call import Clock, Function, GuardCall, OnError, OnResult, reported
from .errors import InvalidArgument, refusal


class Guard(GuardCalls, Part):
    """A request passes when the breaker and all buckets let it; a refusal has spent nothing.

    Put the bucket first that refuses most. `shadow`: decide and count, but admit. `lean`:
    an admission's verdict says nothing of what remains, and is cheaper.

        verdict = guard.try_acquire(cost=1)
        if verdict:
            ... make the call ...
            guard.record(verdict.permit, Outcome.SUCCESS)
        else:
            ... verdict.status, verdict.retry_after_ns ...

    A guard keeps its parts, and belongs to one process.
    """

    __slots__ = ("_keeps", "_memory", "_raw", "__weakref__")
    _kind = "guard"
    _keeps: Any

    def __init__(
        self,
        breaker: Breaker | None = None,
        *buckets: Bucket,
        shadow: bool = False,
        lean: bool = False,
        lanes: int = 0,
        now_ns: int | None = None,
    ) -> None:
        flags = (GUARD_SHADOW if shadow else 0) | (GUARD_LEAN if lean else 0)
        config = self._config({"flags": flags, "lanes": lanes})
        if len(buckets) > GUARD_BUCKETS:
            raise InvalidArgument(detail=f"at most {GUARD_BUCKETS} buckets", field="bucket")
        if breaker is not None:
            config.breaker = self._open(breaker, Breaker)
        for i, bucket in enumerate(buckets):
            config.bucket[i] = self._open(bucket, Bucket)
        self._make(config, None, now_ns)
        # The memory too: a part that is closed while the guard uses it must not take it away.
        parts = [part for part in (breaker, *buckets) if part is not None]
        self._keeps = parts, [part._memory for part in parts]

    @staticmethod
    def _open(part: Breaker | Bucket, kind: type) -> Any:
        if not isinstance(part, kind):
            raise TypeError(f"{part!r} is not a {kind.__name__}")
        if not part._handle:
            raise InvalidArgument(detail=f"{kind.__name__} is closed")
        return part._raw

    @classmethod
    def attach(cls, memory: Any) -> NoReturn:
        raise TypeError("a guard belongs to one process; attach to its parts and make another")

    def close(self) -> None:
        self._forget()
        self._keeps = None

    def acquire(self, cost: int = 1, now_ns: int | None = None) -> Verdict:
        """The verdict of an admission, or RateLimited, NeverPasses, BreakerOpen."""
        verdict = self.try_acquire(cost, now_ns)
        if not verdict:
            raise refusal(verdict.status, verdict.retry_after_ns)
        return verdict

    def _report(self, verdict: Verdict, outcome: int | None, now_ns: int | None) -> None:
        if outcome is None:
            self.cancel(verdict, now_ns)
        else:
            self.record(verdict.permit, outcome, now_ns)

    def call(self, cost: int = 1, *, on_error: OnError | None = None, clock: Clock | None = None) -> GuardCall:
        """`with guard.call() as call:` asks, or raises a Refused; leaving the block reports. See rheo.call."""
        return GuardCall(self, cost, on_error, clock)

    @overload
    def limited(self, function: Function, /) -> Function: ...
    @overload
    def limited(
        self,
        /,
        *,
        cost: int = 1,
        on_error: OnError | None = None,
        on_result: OnResult | None = None,
        clock: Clock | None = None,
    ) -> Callable[[Function], Function]: ...
    def limited(
        self,
        function: Function | None = None,
        /,
        *,
        cost: int = 1,
        on_error: OnError | None = None,
        on_result: OnResult | None = None,
        clock: Clock | None = None,
    ) -> Function | Callable[[Function], Function]:
        """A decorator: each call of the function, sync or async, is one `with guard.call(cost)`."""

        def decorate(function: Function) -> Function:
            return reported(function, self, partial(self.acquire, cost), on_error, on_result, clock)

        return decorate if function is None else decorate(function)

    def tick(self, now_ns: int | None = None) -> int:
        """The timer hook of every part; returns how long until to call again."""
        return self._ask_number("tick", moment(now_ns))[1]

    def stats(self) -> GuardStats:
        """What the guard itself has counted."""
        return self._ask_record("stats", GuardStats, "rheo_guard_stats_t")
