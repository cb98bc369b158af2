# SPDX-License-Identifier: BSD-2-Clause
"""A call that a breaker or a guard admitted, as a context manager and as a decorator.

Its permit is always reported. What is reported:

* the outcome that the block has set (`call.outcome = Outcome.FAILURE`), whatever came after;
* else, of a block that ended without an exception, SUCCESS;
* else what `on_error` says of the exception; by default FAILURE for an Exception,
  and IGNORED for what says nothing of the other side: asyncio.CancelledError,
  KeyboardInterrupt, SystemExit, GeneratorExit. A time-out must therefore be
  inside the block to count: outside, the block only sees a cancellation.

`on_error` and `on_result` may return None for a call that was never made: then
permit and tokens are given back.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import CoroutineType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ._generated import Outcome

if TYPE_CHECKING:
    from ._abi import Verdict
    from .breaker import Breaker
    from .guard import Guard

Function = TypeVar("Function", bound=Callable[..., Any])
OnError = Callable[[BaseException], "int | None"]
OnResult = Callable[[Any], "int | None"]
Clock = Callable[[], int]


# Plain numbers: an enumeration's members cost more to find than a call does.
SUCCESS, FAILURE, IGNORED = int(Outcome.SUCCESS), int(Outcome.FAILURE), int(Outcome.IGNORED)


def outcome_of(error: BaseException) -> int:
    """What on_error is by default."""
    return FAILURE if isinstance(error, Exception) else IGNORED


def report_error(
    owner: Breaker | Guard, ticket: Any, on_error: OnError | None, error: BaseException, clock: Clock | None
) -> None:
    """Report what on_error says; if it raises, a failure, and that goes on."""
    outcome: int | None = FAILURE
    try:
        outcome = outcome_of(error) if on_error is None else on_error(error)
    finally:
        owner._report(ticket, outcome, None if clock is None else clock())


class Call:
    """One call: `with guard.call() as call:` asks, or raises; leaving the block reports.

    A call object may be used again, but not while it is in use.
    """

    __slots__ = ("_clock", "_on_error", "_owner", "_running", "_ticket", "outcome")
    _owner: Breaker | Guard
    _clock: Clock | None
    _on_error: OnError | None
    _running: bool
    _ticket: Any
    outcome: int | None

    @property
    def permit(self) -> int:
        """The permit of the call, for logs; it is reported without it."""
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._running:
            return
        self._running = False
        outcome = self.outcome
        clock = self._clock
        if outcome is None:
            if error is not None:
                report_error(self._owner, self._ticket, self._on_error, error, clock)
                return
            outcome = SUCCESS
        self._owner._report(self._ticket, outcome, None if clock is None else clock())

    def cancel(self) -> None:
        """The call is not made after all: permit and tokens are given back now."""
        if self._running:
            self._running = False
            clock = self._clock
            self._owner._report(self._ticket, None, None if clock is None else clock())


class BreakerCall(Call):
    __slots__ = ()
    _owner: Breaker
    _ticket: int

    def __init__(self, owner: Breaker, on_error: OnError | None, clock: Clock | None) -> None:
        self._owner = owner
        self._on_error = on_error
        self._clock = clock
        self._running = False

    def __enter__(self) -> BreakerCall:
        if self._running:
            raise RuntimeError("this call is being made already")
        clock = self._clock
        self._ticket = self._owner.acquire(None if clock is None else clock())
        self.outcome = None
        self._running = True
        return self

    @property
    def permit(self) -> int:
        return self._ticket


class GuardCall(Call):
    __slots__ = ("_cost",)
    _owner: Guard
    _ticket: Verdict

    def __init__(self, owner: Guard, cost: int, on_error: OnError | None, clock: Clock | None) -> None:
        self._owner = owner
        self._cost = cost
        self._on_error = on_error
        self._clock = clock
        self._running = False

    def __enter__(self) -> GuardCall:
        if self._running:
            raise RuntimeError("this call is being made already")
        clock = self._clock
        self._ticket = self._owner.acquire(self._cost, None if clock is None else clock())
        self.outcome = None
        self._running = True
        return self

    @property
    def permit(self) -> int:
        return self._ticket.permit

    @property
    def verdict(self) -> Verdict:
        """What the guard decided."""
        return self._ticket


def is_async(function: Callable[..., Any]) -> bool:
    for one in (function, getattr(function, "__call__", None)):
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            raise TypeError("a generator runs after it was called: use `with` inside it")
        if inspect.iscoroutinefunction(one):
            return True
    return False


def finished(result: Any) -> Any:
    """What a sync function returned, unless it has only begun."""
    if isinstance(result, CoroutineType):
        result.close()
        raise TypeError("a sync function returned a coroutine: decorate the async function itself")
    return result


def reported(
    function: Function,
    owner: Breaker | Guard,
    begin: Callable[[int | None], Any],
    on_error: OnError | None,
    on_result: OnResult | None,
    clock: Clock | None,
) -> Function:
    """`function`, sync or async, between begin and a report, as in a Call, whose cost it spares."""
    if is_async(function):

        @functools.wraps(function)
        async def later(*args: Any, **kwargs: Any) -> Any:
            ticket = begin(None if clock is None else clock())
            try:
                result = await function(*args, **kwargs)
                outcome = SUCCESS if on_result is None else on_result(result)
            except BaseException as error:
                report_error(owner, ticket, on_error, error, clock)
                raise
            owner._report(ticket, outcome, None if clock is None else clock())
            return result

        return cast("Function", later)

    @functools.wraps(function)
    def now(*args: Any, **kwargs: Any) -> Any:
        ticket = begin(None if clock is None else clock())
        try:
            result = finished(function(*args, **kwargs))
            outcome = SUCCESS if on_result is None else on_result(result)
        except BaseException as error:
            report_error(owner, ticket, on_error, error, clock)
            raise
        owner._report(ticket, outcome, None if clock is None else clock())
        return result

    return cast("Function", now)


def limited(function: Function, acquire: Callable[[], None]) -> Function:
    """`function`, sync or async, after acquire()."""
    if is_async(function):

        @functools.wraps(function)
        async def later(*args: Any, **kwargs: Any) -> Any:
            acquire()
            return await function(*args, **kwargs)

        return cast("Function", later)

    @functools.wraps(function)
    def now(*args: Any, **kwargs: Any) -> Any:
        acquire()
        return finished(function(*args, **kwargs))

    return cast("Function", now)
