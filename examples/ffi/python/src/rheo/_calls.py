# SPDX-License-Identifier: BSD-2-Clause
"""The calls of a request's path, for back ends without _fast.c, which has the same in C.

`_handle` is what C's functions take (in _fast.c: its address); none after close.
"""

from __future__ import annotations

from typing import Any

from . import _abi
from ._generated import Status, VerdictFields
from .errors import fail

_lib = _abi.lib
_new = _abi.new
_now_ns = _abi.now_ns
_VERDICT = "rheo_verdict_t"
_NUMBER = "uint64_t"
OK = int(Status.OK)  # an enumeration's member costs more to find than a call does


class Verdict(VerdictFields):
    """What a guard decided; true where the call may be made."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return int(self._raw.status) == OK

    def __repr__(self) -> str:
        return f"Verdict(status={self.status}, refused_by={self.refused_by}, retry_after_ns={self.retry_after_ns})"


class BucketCalls:
    __slots__ = ("_handle",)
    _handle: Any

    def try_acquire(self, cost: int = 1, now_ns: int | None = None) -> bool:
        """Take `cost` tokens if they are there."""
        status = _lib.rheo_bucket_try_acquire_at(self._handle, cost, _now_ns() if now_ns is None else now_ns)
        if status < 0:
            fail(self, status)
        return bool(status == OK)

    def try_acquire_published(self, cost: int = 1) -> bool:
        """The same by the credit that refill, or another call, last published; reads no clock."""
        status = _lib.rheo_bucket_try_acquire(self._handle, cost)
        if status < 0:
            fail(self, status)
        return bool(status == OK)


class BreakerCalls:
    __slots__ = ("_handle",)
    _handle: Any

    def _ask(self, now_ns: int | None = None) -> int:
        """A permit, or a refusal's status below 0."""
        permit = _new(_NUMBER)
        status = _lib.rheo_breaker_try_acquire(self._handle, _now_ns() if now_ns is None else now_ns, permit)
        if status < 0:
            fail(self, status)
        return -status if status else int(permit[0])

    def try_acquire(self, now_ns: int | None = None) -> int | None:
        """A permit to make a call with and to report it by, or None."""
        answer = self._ask(now_ns)
        return answer if answer > 0 else None

    def record(self, permit: int, outcome: int = 0, now_ns: int | None = None) -> bool:
        """Report how the call ended (an Outcome); False where the permit is stale, which has no effect."""
        if isinstance(outcome, bool):  # True would be a failure
            raise TypeError("outcomes are rheo.SUCCESS, FAILURE, IGNORED, not True or False")
        status = _lib.rheo_breaker_record(self._handle, permit, outcome, _now_ns() if now_ns is None else now_ns)
        if status < 0:
            fail(self, status)
        return bool(status == OK)

    def cancel(self, permit: int, now_ns: int | None = None) -> bool:
        """Give back a permit whose call was never made; False where it is stale."""
        status = _lib.rheo_breaker_cancel(self._handle, permit, _now_ns() if now_ns is None else now_ns)
        if status < 0:
            fail(self, status)
        return bool(status == OK)


class GuardCalls:
    __slots__ = ("_handle",)
    _handle: Any

    def try_acquire(self, cost: int = 1, now_ns: int | None = None) -> Verdict:
        """Ask every part; the verdict is true where the call may be made."""
        raw = _new(_VERDICT)
        status = _lib.rheo_guard_try_acquire(self._handle, cost, _now_ns() if now_ns is None else now_ns, raw)
        if status < 0:
            fail(self, status)
        return Verdict(raw)

    def record(self, permit: int, outcome: int = 0, now_ns: int | None = None) -> bool:
        """Report how the call ended (an Outcome); False where the permit is stale, which has no effect."""
        if isinstance(outcome, bool):  # True would be a failure
            raise TypeError("outcomes are rheo.SUCCESS, FAILURE, IGNORED, not True or False")
        status = _lib.rheo_guard_record(self._handle, permit, outcome, _now_ns() if now_ns is None else now_ns)
        if status < 0:
            fail(self, status)
        return bool(status == OK)

    def cancel(self, verdict: Verdict, now_ns: int | None = None) -> bool:
        """Undo an admission whose call was never made; False where its permit is stale (the tokens go back)."""
        if not isinstance(verdict, Verdict):
            raise TypeError("cancel takes the verdict of try_acquire")
        now = _now_ns() if now_ns is None else now_ns
        status = _lib.rheo_guard_cancel(self._handle, verdict.permit, verdict.cost, now)
        if status < 0:
            fail(self, status)
        return bool(status == OK)
