# SPDX-License-Identifier: BSD-2-Clause
"""A circuit breaker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, overload

from . import _abi
from ._abi import BreakerCalls
from ._generated import BreakerConfig, BreakerEvent, BreakerSnapshot, Mode, State
from ._parts import Memory, Part, fill, moment, record
from .call import BreakerCall, Clock, Function, OnError, OnResult, reported
from .errors import refusal

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._generated import BreakerSettings

EVENTS_KEPT = 16


class Breaker(BreakerCalls, Part):
    """Refuses calls for a while when too many failed, then lets a few through to find out.

    Settings are those of BreakerSettings; `memory` and `now_ns` as for a Bucket.

        permit = breaker.try_acquire()
        if permit is not None:
            ... make the call ...
            breaker.record(permit, Outcome.SUCCESS)
    """

    __slots__ = ("_memory", "_raw", "__weakref__")
    _kind = "breaker"

    def __init__(
        self, *, memory: Memory | None = None, now_ns: int | None = None, **settings: Unpack[BreakerSettings]
    ) -> None:
        self._make(self._settings(settings), memory, now_ns)

    @classmethod
    def _settings(cls, settings: BreakerSettings) -> object:
        for name in settings:
            if name not in BreakerConfig._fields:
                raise TypeError(f"a Breaker has no setting {name!r}")
        return cls._config(settings)

    @classmethod
    def memory_size(cls, **settings: Unpack[BreakerSettings]) -> int:
        """Bytes that a breaker of these settings needs."""
        return cls._size(cls._settings(settings))

    def acquire(self, now_ns: int | None = None) -> int:
        """The permit for a call, or BreakerOpen."""
        answer = self._ask(now_ns)
        if answer < 0:
            raise refusal(-answer, self.retry_after_ns(now_ns))
        return answer

    def _report(self, permit: int, outcome: int | None, now_ns: int | None) -> None:
        if outcome is None:
            self.cancel(permit, now_ns)
        else:
            self.record(permit, outcome, now_ns)

    def call(self, *, on_error: OnError | None = None, clock: Clock | None = None) -> BreakerCall:
        """`with breaker.call() as call:` asks, or raises BreakerOpen; leaving the block reports. See rheo.call."""
        return BreakerCall(self, on_error, clock)

    @overload
    def protect(self, function: Function, /) -> Function: ...
    @overload
    def protect(
        self, /, *, on_error: OnError | None = None, on_result: OnResult | None = None, clock: Clock | None = None
    ) -> Callable[[Function], Function]: ...
    def protect(
        self,
        function: Function | None = None,
        /,
        *,
        on_error: OnError | None = None,
        on_result: OnResult | None = None,
        clock: Clock | None = None,
    ) -> Function | Callable[[Function], Function]:
        """A decorator: each call of the function, sync or async, is one `with breaker.call()`."""

        def decorate(function: Function) -> Function:
            return reported(function, self, self.acquire, on_error, on_result, clock)

        return decorate if function is None else decorate(function)

    def permit(self, permit: int) -> tuple[int, bool]:
        """The generation that a permit is of, and whether it is a half-open breaker's probe."""
        generation, probe = _abi.new("uint64_t"), _abi.new("uint32_t")
        self._do("permit", permit, generation, probe)
        return int(generation[0]), bool(probe[0])

    def tick(self, now_ns: int | None = None) -> int:
        """The timer hook: does what time alone makes due; returns how long until to call again."""
        return self._ask_number("tick", moment(now_ns))[1]

    def force(self, mode: int, now_ns: int | None = None) -> None:
        """Set the Mode."""
        self._do("force", mode, moment(now_ns))

    def reset(self, now_ns: int | None = None) -> None:
        """CLOSED, AUTO and an empty window."""
        self._do("reset", moment(now_ns))

    @property
    def state(self) -> State:
        """As the last call left it: OPEN whose time is over stays OPEN until a call or a tick."""
        return State(self._state_and_mode()[0])

    @property
    def mode(self) -> Mode:
        return Mode(self._state_and_mode()[1])

    def _state_and_mode(self) -> tuple[int, int]:
        state, mode = _abi.new("uint32_t"), _abi.new("uint32_t")
        self._do("state", state, mode)
        return int(state[0]), int(mode[0])

    def retry_after_ns(self, now_ns: int | None = None) -> int:
        """How long until a call passes at the latest, FOREVER when forced open."""
        return self._ask_number("retry_after_ns", moment(now_ns))[1]

    def snapshot(self, now_ns: int | None = None) -> BreakerSnapshot:
        """Everything there is to see."""
        return self._ask_record("snapshot", BreakerSnapshot, "rheo_breaker_snapshot_t", moment(now_ns))

    def events(self, since: int = 0) -> list[BreakerEvent]:
        """The transitions after that generation, oldest first; a gap says that some were missed."""
        events, count = _abi.new("rheo_breaker_event_t", EVENTS_KEPT), _abi.new("uint32_t")
        self._do("events", since, events, EVENTS_KEPT, count)
        return [record(BreakerEvent, events[i]) for i in range(count[0])]

    def reconfigure(self, *, now_ns: int | None = None, **settings: Unpack[BreakerSettings]) -> None:
        """Other thresholds and times, while others call; what is not given stays, as state and window do."""
        struct = "rheo_breaker_config_t"
        config = _abi.new(struct)
        self._do("config", config, _abi.sizeof(struct))
        self._settings(settings)
        fill(config, settings)
        status = self._call("reconfigure", self._raw, config, moment(now_ns))
        if status:
            self._refuse_config(config, status)

    def config(self) -> BreakerConfig:
        """The settings in force, zeros replaced by what they stand for."""
        return self._ask_record("config", BreakerConfig, "rheo_breaker_config_t")
