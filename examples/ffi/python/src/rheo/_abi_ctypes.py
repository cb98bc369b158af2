# SPDX-License-Identifier: BSD-2-Clause
"""The C library through ctypes: nothing to compile; the declarations come from the generated tables.

RHEO_LIBRARY names librheo.so, by path or as the dynamic linker knows it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from ._generated import FUNCTIONS, OPAQUE, STRUCTS

__all__ = ["NULL", "address", "layout", "lib", "new", "pin", "pointer", "sizeof", "text"]

NULL = None
NUMBERS: dict[str, Any] = {
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
}
LIMITS = {"uint32_t": 1 << 32, "uint64_t": 1 << 64}


def c_type(spelled: str) -> Any:
    """The ctypes type of a C spelling; an opaque object's pointer is an address."""
    name = spelled.replace("const ", "")
    if not name.endswith("*"):
        return NUMBERS[name] if name in NUMBERS else TYPES[name]
    name = name[:-1].rstrip()
    if name == "char":
        return ctypes.c_char_p
    return ctypes.c_void_p if name == "void" or name in OPAQUE else ctypes.POINTER(c_type(name))


def struct(name: str) -> Any:
    fields = [(field, c_type(kind) * count if count else c_type(kind)) for field, kind, count in STRUCTS[name]]
    return type(name, (ctypes.Structure,), {"_fields_": fields})


TYPES: dict[str, Any] = {}
for _name in STRUCTS:
    TYPES[_name] = struct(_name)


def load() -> Any:
    # PyDLL holds the interpreter's lock during a call: these calls never wait, so giving it
    # away costs more than they do, and memory cannot be closed while one is inside.
    names = [os.environ["RHEO_LIBRARY"]] if os.environ.get("RHEO_LIBRARY") else ["librheo.so.0", "librheo.so"]
    for name in names[:-1]:
        try:
            return ctypes.PyDLL(name)
        except OSError:
            pass
    return ctypes.PyDLL(names[-1])


def declared(library: Any, name: str) -> Callable[..., Any]:
    """A function that refuses numbers C cannot hold, where ctypes would cut them to size."""
    returns, parameters = FUNCTIONS[name]
    function = getattr(library, name)
    function.restype = c_type(returns)
    function.argtypes = [c_type(kind) for kind in parameters]
    limits = [(i, LIMITS[kind]) for i, kind in enumerate(parameters) if kind in LIMITS]
    if not limits:
        return cast("Callable[..., Any]", function)

    def call(*arguments: Any) -> Any:
        for i, limit in limits:
            if not 0 <= arguments[i] < limit:
                raise OverflowError(f"{arguments[i]} is too large, or negative")
        try:
            return function(*arguments)
        except ctypes.ArgumentError as error:
            raise TypeError(*error.args) from None

    return call


_library = load()
lib: Any = SimpleNamespace(**{_name: declared(_library, _name) for _name in FUNCTIONS})


def new(name: str, count: int = 0) -> Any:
    """A zeroed object that can be passed where C wants a pointer to it; with count, an array of so many."""
    kind = c_type(name)
    if count or name not in TYPES:
        return (kind * (count or 1))()
    return kind()


def sizeof(name: str) -> int:
    return ctypes.sizeof(c_type(name))


def text(chars: Any) -> str | None:
    return None if chars is None else chars.decode()


def pin(buffer: Any) -> tuple[int, Any]:
    """The address of a writable buffer, and what keeps it there for as long as it is referred to."""
    with memoryview(buffer) as view:
        size = view.nbytes
    pinned = (ctypes.c_char * size).from_buffer(buffer)
    return ctypes.addressof(pinned), pinned


def pointer(number: int) -> Any:
    return number


def address(handle: Any) -> int:
    return int(handle)


def layout(name: str) -> dict[str, tuple[int, int]]:
    """Offset and size of each field."""
    known = TYPES[name]
    return {field: (getattr(known, field).offset, getattr(known, field).size) for field, _, _ in STRUCTS[name]}
