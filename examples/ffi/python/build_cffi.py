# SPDX-License-Identifier: BSD-2-Clause
"""Describes cffi's module, from the same tables as ctypes.

RHEO_LINK: a folder with librheo.so (and RHEO_INCLUDE: one with rheo/rheo.h) to
link to, instead of compiling the C source that the package carries.
"""

import os
import runpy

from cffi import FFI

HERE = os.path.dirname(os.path.abspath(__file__))
LINK = os.environ.get("RHEO_LINK")

FLAGS = ["-std=c11", "-O2", "-g0"]
if LINK:
    LIBRARY = None
    MACROS = [("RHEO_LINKED", None)]
    HEADER = "rheo/rheo.h"
    HOW = {
        "extra_compile_args": FLAGS,
        "include_dirs": [os.environ.get("RHEO_INCLUDE", "/usr/include")],
        "libraries": ["rheo"],
        "library_dirs": [LINK],
        "runtime_library_dirs": [LINK],
    }
else:
    LIBRARY = {"sources": ["csrc/rheo.c"], "macros": [("RHEO_NO_CK", None)], "cflags": FLAGS}
    MACROS = []
    HEADER = "rheo.h"
    HOW = {"extra_compile_args": FLAGS, "include_dirs": ["csrc"]}


def declarations(known):
    for name in known["OPAQUE"]:
        yield f"typedef struct {name[:-2]} {name};"
    for name, fields in known["STRUCTS"].items():
        yield "typedef struct {"
        for field, kind, count in fields:
            yield f"{kind} {field}{f'[{count}]' if count else ''};"
        yield f"}} {name};"
    for name, (returns, parameters) in known["FUNCTIONS"].items():
        yield f"{returns} {name}({', '.join(parameters) or 'void'});"


# cffi gives the interpreter's lock away around every call, and has no setting for it. Our calls
# never wait: that would cost more than they do, and memory could be closed while one is inside.
SOURCE = f"""
#include <{HEADER}>
#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS {{
#define Py_END_ALLOW_THREADS }}
"""

ffibuilder = FFI()
ffibuilder.cdef("\n".join(declarations(runpy.run_path(os.path.join(HERE, "src", "rheo", "_generated.py")))))
ffibuilder.set_source("rheo._rheo_cffi", SOURCE, define_macros=MACROS, **HOW)
