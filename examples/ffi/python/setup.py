# SPDX-License-Identifier: BSD-2-Clause
"""The compiled half: cffi's module and the calls of a request's path, for every Python from 3.10 on."""

import platform
import runpy
import sysconfig

from setuptools import Extension, setup

build = runpy.run_path("build_cffi.py")

# A free-threaded interpreter has no stable ABI (yet): there the modules are for it alone.
stable = not sysconfig.get_config_var("Py_GIL_DISABLED")
fast = Extension(
    "rheo._fast",
    ["src/rheo/_fast.c"],
    define_macros=build["MACROS"] + ([("Py_LIMITED_API", "0x030a0000")] if stable else []),
    py_limited_api=stable,
    **build["HOW"],
)
setup(
    libraries=[("rheo_c", build["LIBRARY"])] if build["LIBRARY"] else [],
    cffi_modules=["build_cffi.py:ffibuilder"],
    ext_modules=[fast] if platform.python_implementation() == "CPython" else [],
    options={"bdist_wheel": {"py_limited_api": "cp310"}} if stable else {},
)
