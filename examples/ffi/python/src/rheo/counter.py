# SPDX-License-Identifier: BSD-2-Clause
"""Counts that many threads and processes add to."""

from __future__ import annotations

from typing import Any

from ._parts import Memory, Part


class Counter(Part):
    """Up to eight counts, each CPU's additions on a cache line of its own."""

    __slots__ = ("_handle", "_memory", "_raw", "__weakref__")
    _kind = "counter"

    def __init__(
        self, counts: int = 1, *, lanes: int = 0, memory: Memory | None = None, now_ns: int | None = None
    ) -> None:
        self._make(self._config({"counts": counts, "lanes": lanes}), memory, now_ns)

    @classmethod
    def memory_size(cls, counts: int = 1, *, lanes: int = 0) -> int:
        """Bytes that a counter of these settings needs."""
        settings: dict[str, Any] = {"counts": counts, "lanes": lanes}
        return cls._size(cls._config(settings))

    def add(self, count: int = 0, amount: int = 1) -> None:
        """Add to one of the counts."""
        self._do("add", count, amount)

    def read(self, count: int = 0) -> int:
        """The sum over all CPUs."""
        return self._ask_number("read", count)[1]
