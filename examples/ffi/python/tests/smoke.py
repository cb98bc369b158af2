# SPDX-License-Identifier: BSD-2-Clause
"""For an environment that has nothing but the package: smoke.py GENERATED, the module that knows the version."""

import importlib.metadata
import os
import pathlib
import runpy
import subprocess
import sys

import rheo

version = runpy.run_path(sys.argv[1])["VERSION"]
package = pathlib.Path(rheo.__file__).parent
compiled = [str(one) for one in package.glob("*.so")]
licence = importlib.metadata.distribution("rheo").locate_file(f"rheo-{version}.dist-info")

assert package.is_relative_to(sys.prefix), package
assert rheo.BACKEND == os.environ.get("RHEO_BACKEND", "compiled"), rheo.BACKEND
assert importlib.metadata.version("rheo") == rheo.__version__ == version
assert (package / "py.typed").is_file()
assert list(pathlib.Path(licence).rglob("LICENSE"))
assert len(compiled) == 2, compiled
assert not any("librheo" in line for line in subprocess.check_output(["ldd", *compiled], text=True).splitlines())

bucket = rheo.Bucket(rate=1, burst=2)
assert bucket.try_acquire(2) and not bucket.try_acquire()
breaker = rheo.Breaker(minimum_calls=2)
guard = rheo.Guard(breaker, rheo.Bucket(rate=1, burst=2))


@guard.limited
def fail():
    raise OSError


for expected in (OSError, OSError, rheo.BreakerOpen):
    try:
        fail()
    except expected:
        continue
    raise AssertionError(expected)
assert breaker.state == rheo.State.OPEN

# What is compiled carries the C library: even ctypes can use it, and needs no other.
if rheo.BACKEND == "compiled":
    known = {"RHEO_BACKEND": "ctypes", "RHEO_LIBRARY": compiled[0]}
    subprocess.run([sys.executable, *sys.argv], check=True, env=known)
