# SPDX-License-Identifier: BSD-2-Clause
"""What buckets, breakers, guards and counters have in common: memory, a handle, and their end."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, TypeVar

from . import _abi
from .errors import InvalidArgument, fail, mistake

Self = TypeVar("Self", bound="Part")
Record = TypeVar("Record")

# Any object with a writable buffer: mmap.mmap, bytearray, SharedMemory.buf, memoryview.
Memory = Any
UNALIGNED = "memory must be aligned to 128 bytes"


def record(kind: type[Record], struct: Any) -> Record:
    """C's struct as a tuple with names."""
    values = (getattr(struct, name) for name in kind._fields)  # type: ignore[attr-defined]
    return kind(*(value if isinstance(value, int) else tuple(value) for value in values))


def fill(config: Any, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        if value is not None:
            setattr(config, name, operator.index(value))
            if getattr(config, name) != value:  # ctypes cuts what does not fit
                raise OverflowError(f"{name}: {value} does not fit")


def given(memory: Memory) -> tuple[int, int, Any]:
    """Address and size of a caller's memory, and what keeps it there."""
    with memoryview(memory) as view:
        if view.readonly or not view.c_contiguous:
            raise TypeError("memory must be writable and in one piece")
        size = view.nbytes
    at, keeper = _abi.pin(memory)
    return at, size, keeper


class Part:
    """An object of C's in memory that this one keeps.

    `_raw` is the handle as the back end has it; `_handle` the one that the calls
    of a request's path use. Neither is the address of the memory.
    """

    __slots__ = ()
    _kind: ClassVar[str]
    _raw: Any
    _handle: Any
    _memory: Any

    @classmethod
    def _call(cls, name: str, *arguments: Any) -> Any:
        return getattr(_abi.lib, f"rheo_{cls._kind}_{name}")(*arguments)

    @classmethod
    def _config(cls, settings: Mapping[str, Any]) -> Any:
        name = f"rheo_{cls._kind}_config_t"
        config = _abi.new(name)
        cls._call("config_init", config, _abi.sizeof(name))
        fill(config, settings)
        return config

    @classmethod
    def _refuse_config(cls, config: Any, status: int) -> NoReturn:
        if cls._kind in ("bucket", "breaker"):
            field = _abi.text(cls._call("config_fault", config))
            if field is not None:
                raise InvalidArgument(field=field, detail=f"{field} is out of range")
        raise mistake(status)

    @classmethod
    def _size(cls, config: Any) -> int:
        size = int(cls._call("size", config))
        if size == 0:
            cls._refuse_config(config, -1)
        return size

    def _make(self, config: Any, memory: Memory, now_ns: int | None) -> None:
        self._forget()
        size = self._size(config)
        if memory is None:
            align = int(self._call("align"))
            at, keeper = _abi.pin(bytearray(size + align - 1))
            at += -at % align
        else:
            at, size, keeper = given(memory)
        out = _abi.new(f"rheo_{self._kind}_t *")
        now = _abi.now_ns() if now_ns is None else now_ns
        status = self._call("init", _abi.pointer(at), size, config, now, out)
        if status:
            raise mistake(status, UNALIGNED if at % 128 else "")
        self._hold(out[0], keeper)

    @classmethod
    def attach(cls: type[Self], memory: Memory) -> Self:
        """What another process, or this one, has made in this memory."""
        part = cls.__new__(cls)
        part._forget()
        at, size, keeper = given(memory)
        out = _abi.new(f"rheo_{cls._kind}_t *")
        status = cls._call("attach", _abi.pointer(at), size, out)
        if status:
            raise mistake(status, UNALIGNED if at % 128 else "")
        part._hold(out[0], keeper)
        return part

    def _hold(self, raw: Any, keeper: Any) -> None:
        self._raw = raw
        self._memory = keeper
        self._handle = _abi.address(raw) if _abi.BACKEND == "compiled" else raw

    def _forget(self) -> None:
        self._raw = _abi.NULL
        self._handle = 0 if _abi.BACKEND == "compiled" else _abi.NULL
        self._memory = None

    def _do(self, name: str, *arguments: Any) -> int:
        """A call on this object: its status, with an error raised."""
        status = int(self._call(name, self._raw, *arguments))
        if status < 0:
            fail(self, status)
        return status

    def _ask_number(self, name: str, *arguments: Any) -> tuple[int, int]:
        """A call that stores a number: its status, and that."""
        out = _abi.new("uint64_t")
        return self._do(name, *arguments, out), int(out[0])

    def _ask_record(self, name: str, kind: type[Record], struct: str, *before: Any) -> Record:
        """A call that fills a struct."""
        out = _abi.new(struct)
        self._do(name, *before, out, _abi.sizeof(struct))
        return record(kind, out)

    def close(self) -> None:
        """Let go of the memory, so that a caller's own can be closed; further calls raise InvalidArgument.

        A guard that uses this part keeps its memory until it is closed too.
        """
        self._forget()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled; attach to shared memory instead")


def moment(now_ns: int | None) -> int:
    return _abi.now_ns() if now_ns is None else now_ns
