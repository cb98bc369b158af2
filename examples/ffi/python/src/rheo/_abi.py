# SPDX-License-Identifier: BSD-2-Clause
"""Which back end: RHEO_BACKEND, or the compiled one if it is there, or ctypes.

compiled  cffi, and the calls of a request's path from _fast.c
cffi      cffi alone
ctypes    nothing compiled; RHEO_LIBRARY names librheo.so
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._generated import VERSION

BACKEND = os.environ.get("RHEO_BACKEND", "")
if BACKEND not in ("", "compiled", "cffi", "ctypes"):
    raise ImportError(f"RHEO_BACKEND={BACKEND}: one of compiled, cffi, ctypes")


def _compiled() -> Any:
    from . import _abi_cffi

    return _abi_cffi


def _uncompiled() -> Any:
    from . import _abi_ctypes

    return _abi_ctypes


if BACKEND == "ctypes":
    _chosen = _uncompiled()
elif BACKEND:
    _chosen = _compiled()
else:
    try:
        _chosen, BACKEND = _compiled(), "compiled"
    except ModuleNotFoundError as absent:
        try:
            _chosen, BACKEND = _uncompiled(), "ctypes"
        except OSError as error:
            raise ImportError(f"neither {absent.name} nor librheo.so; RHEO_LIBRARY can name one") from error

lib: Any = _chosen.lib
NULL: Any = _chosen.NULL
new: Callable[..., Any] = _chosen.new
sizeof: Callable[[str], int] = _chosen.sizeof
text: Callable[[Any], str | None] = _chosen.text
pin: Callable[[Any], tuple[int, Any]] = _chosen.pin
pointer: Callable[[int], Any] = _chosen.pointer
address: Callable[[Any], int] = _chosen.address
layout: Callable[[str], dict[str, tuple[int, int]]] = _chosen.layout

if lib.rheo_version() // 1_000_000 != int(VERSION.split(".")[0]):
    raise ImportError(f"librheo {lib.rheo_version_string()} is not of this package's ABI, {VERSION}")

now_ns: Callable[[], int]
if sys.platform == "linux":
    now_ns = time.monotonic_ns  # the same clock as rheo_now_ns, and cheaper to ask
else:
    now_ns = lib.rheo_now_ns

if TYPE_CHECKING or BACKEND != "compiled":
    from ._calls import BreakerCalls, BucketCalls, GuardCalls, Verdict
else:
    from ._fast import BreakerCalls, BucketCalls, GuardCalls, Verdict

__all__ = ["BreakerCalls", "BucketCalls", "GuardCalls", "Verdict"]
