# SPDX-License-Identifier: BSD-2-Clause
"""The C library through cffi's API mode: the module that build_cffi.py describes, compiled."""

from __future__ import annotations

from typing import Any

from ._rheo_cffi import ffi, lib

__all__ = ["NULL", "address", "layout", "lib", "new", "pin", "pointer", "sizeof", "text"]

NULL: Any = ffi.NULL


def new(name: str, count: int = 0) -> Any:
    """A zeroed object that can be passed where C wants a pointer to it; with count, an array of so many."""
    return ffi.new(f"{name}[]", count) if count else ffi.new(f"{name} *")


def sizeof(name: str) -> int:
    return int(ffi.sizeof(name))


def text(chars: Any) -> str | None:
    return None if chars == ffi.NULL else ffi.string(chars).decode()


def pin(buffer: Any) -> tuple[int, Any]:
    """The address of a writable buffer, and what keeps it there for as long as it is referred to."""
    pinned = ffi.from_buffer("char[]", buffer, require_writable=True)
    return int(ffi.cast("uintptr_t", pinned)), pinned


def pointer(number: int) -> Any:
    return ffi.cast("void *", number)


def address(handle: Any) -> int:
    return int(ffi.cast("uintptr_t", handle))


def layout(name: str) -> dict[str, tuple[int, int]]:
    """Offset and size of each field."""
    return {field: (known.offset, ffi.sizeof(known.type)) for field, known in ffi.typeof(name).fields}
