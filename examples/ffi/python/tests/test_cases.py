# SPDX-License-Identifier: BSD-2-Clause
"""cases.tsv, through the C functions and through the classes; layout.tsv."""

import collections
import os
import pathlib
import subprocess
import sys
import unittest

from rheo._generated import FUNCTIONS, STRUCTS

import rheo
from rheo import _abi

BREAKER_SETTINGS = (
    "failure_rate_bp",
    "minimum_calls",
    "window_ns",
    "open_ns",
    "half_open_calls",
    "probe_timeout_ns",
)
SNAPSHOT = ("state", "mode", "generation", "window_calls", "window_failures")
VERDICT = ("status", "refused_by", "cost", "retry_after_ns", "limit", "remaining", "reset_ns")
OUTS = {"wait_ns", "available", "acquire_upto", "reserve", "next_refill_ns", "retry_after_ns"}


def cases():
    with open(os.environ["RHEO_TEST_CASES"], encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.startswith("#"):
                call, arguments, status, results = line.rstrip("\n").split("\t")
                answer = [] if results == "-" else [int(one) for one in results.split()]
                yield f"line {number}: {call}", call, [int(one) for one in arguments.split()], int(status), answer


class ByFunctions:
    """Each call as C has it."""

    def __init__(self):
        self.handles, self.memory, self.permits = {}, [], {}

    def make(self, kind, settings, now_ns):
        lib, name = _abi.lib, f"rheo_{kind}_config_t"
        config = _abi.new(name)
        getattr(lib, f"rheo_{kind}_config_init")(config, _abi.sizeof(name))
        for field, value in settings.items():
            if field == "bucket":
                config.bucket[0] = value
            else:
                setattr(config, field, value)
        size = getattr(lib, f"rheo_{kind}_size")(config)
        at, keeper = _abi.pin(bytearray(max(size, 4096) + 127))
        self.memory.append(keeper)
        out = _abi.new(f"rheo_{kind}_t *")
        status = getattr(lib, f"rheo_{kind}_init")(_abi.pointer(at + -at % 128), max(size, 4096), config, now_ns, out)
        if status == 0:
            self.handles[kind] = out[0]
        return status, []

    def do(self, call, arguments):
        kind, name = call.split(".")
        if name == "init":
            *numbers, now_ns = arguments
            if kind == "bucket":
                settings = dict(zip(("tokens_per_period", "period_ns", "burst", "max_debt"), numbers))
            elif kind == "breaker":
                settings = dict(zip(BREAKER_SETTINGS, numbers))
            else:
                settings = {"breaker": self.handles["breaker"], "bucket": self.handles["bucket"]}
            return self.make(kind, settings, now_ns)
        function, handle = getattr(_abi.lib, f"rheo_{kind}_{name}"), self.handles[kind]
        if name == "snapshot":
            out = _abi.new("rheo_breaker_snapshot_t")
            status = function(handle, *arguments, out, _abi.sizeof("rheo_breaker_snapshot_t"))
            return status, [getattr(out, field) for field in SNAPSHOT]
        if call == "guard.try_acquire":
            out = _abi.new("rheo_verdict_t")
            status = function(handle, *arguments[1:], out)
            self.permits[arguments[0]] = out.permit
            return status, [getattr(out, field) for field in VERDICT]
        if call == "breaker.try_acquire":
            out = _abi.new("uint64_t")
            status = function(handle, *arguments[1:], out)
            self.permits[arguments[0]] = out[0]
            return status, []
        if name in ("record", "cancel"):
            return function(handle, self.permits[arguments[0]], *arguments[1:]), []
        if name == "reserve":
            out = _abi.new("uint64_t")
            return function(handle, *arguments, out), [out[0]]
        if name in OUTS:
            out = _abi.new("uint64_t")
            return function(handle, *arguments, out), [out[0]]
        return function(handle, *arguments), []


class ByClasses:
    """Each call as a user makes it; an exception is its status."""

    def __init__(self):
        self.parts, self.permits, self.verdicts = {}, {}, {}

    def do(self, call, arguments):
        try:
            return self.answer(call, arguments)
        except rheo.Refused as refused:
            return refused.status, [refused.retry_after_ns]
        except rheo.Error as error:
            return error.status, []

    def answer(self, call, arguments):
        kind, name = call.split(".")
        if name == "init":
            *numbers, now_ns = arguments
            if kind == "bucket":
                rate, period_ns, burst, max_debt = numbers
                part = rheo.Bucket(rate, burst, period_ns, max_debt=max_debt, now_ns=now_ns)
            elif kind == "breaker":
                part = rheo.Breaker(now_ns=now_ns, **dict(zip(BREAKER_SETTINGS, numbers)))
            else:
                part = rheo.Guard(self.parts["breaker"], self.parts["bucket"], now_ns=now_ns)
            self.parts[kind] = part
            return 0, []
        part = self.parts[kind]
        if call in ("bucket.try_acquire", "bucket.try_acquire_at"):
            take = part.try_acquire if name == "try_acquire_at" else part.try_acquire_published
            if take(*arguments):
                return 0, []
            if part.wait_ns(arguments[0], 0) == rheo.FOREVER:  # refused for ever, or for now
                return rheo.Status.REJ_NEVER, []
            return rheo.Status.REJ_RATE, []
        if call == "breaker.try_acquire":
            place, now_ns = arguments
            self.permits[place] = 0
            self.permits[place] = part.acquire(now_ns)
            return 0, []
        if call == "guard.try_acquire":
            place, cost, now_ns = arguments
            verdict = self.verdicts[place] = part.try_acquire(cost, now_ns)
            self.permits[place] = verdict.permit
            assert bool(verdict) == (verdict.status == 0)
            return verdict.status, [getattr(verdict, field) for field in VERDICT]
        if call == "guard.cancel":
            place, cost, now_ns = arguments
            assert cost == self.verdicts[place].cost
            return (0 if part.cancel(self.verdicts[place], now_ns) else rheo.Status.STALE), []
        if name in ("record", "cancel"):
            done = getattr(part, name)(self.permits[arguments[0]], *arguments[1:])
            return (0 if done else rheo.Status.STALE), []
        if name == "reserve":
            cost, now_ns, max_wait_ns = arguments
            return 0, [part.reserve(cost, max_wait_ns, now_ns)]
        if name == "snapshot":
            snapshot = part.snapshot(*arguments)
            assert (snapshot.state, snapshot.mode) == (part.state, part.mode)
            return 0, [getattr(snapshot, field) for field in SNAPSHOT]
        if name == "acquire_upto":
            taken = part.acquire_upto(*arguments)
            return (0 if taken else rheo.Status.REJ_RATE), [taken]
        answer = getattr(part, name)(*arguments)
        return 0, [] if answer is None else [answer]


class Cases(unittest.TestCase):
    def replay(self, by):
        played = collections.Counter()
        for where, call, arguments, status, results in cases():
            got, answer = by.do(call, arguments)
            with self.subTest(where):
                self.assertEqual(got, status)
                if results:
                    self.assertEqual(answer, results)
            played[call] += 1
        self.assertGreater(played["guard.try_acquire"], 5)
        self.assertGreater(played.total(), 80)

    def test_the_functions_answer_as_c_does(self):
        self.replay(ByFunctions())

    def test_the_classes_answer_as_c_does(self):
        self.replay(ByClasses())


class Layout(unittest.TestCase):
    def test_every_offset_and_size_is_as_in_c(self):
        seen = set()
        with open(os.environ["RHEO_TEST_LAYOUT"], encoding="utf-8") as file:
            for line in file:
                struct, field, offset, size = line.rstrip("\n").split("\t")
                with self.subTest(struct=struct, field=field):
                    if field:
                        self.assertEqual(_abi.layout(struct)[field], (int(offset), int(size)))
                        seen.add((struct, field))
                    else:
                        self.assertEqual(_abi.sizeof(struct), int(size))
        self.assertEqual(seen, {(struct, field) for struct, fields in STRUCTS.items() for field, _, _ in fields})

    def test_every_function_is_there(self):
        for name in FUNCTIONS:
            self.assertTrue(callable(getattr(_abi.lib, name)))

    def test_what_is_compiled_never_gives_the_interpreter_s_lock_away(self):
        compiled = list(pathlib.Path(rheo.__file__).parent.glob("*.so"))
        self.assertEqual(len(compiled), 2)
        for one in compiled:
            self.assertFalse(b"PyEval_SaveThread" in one.read_bytes(), one)

    def test_the_back_end_is_what_there_is(self):
        def chosen(first="", **known):
            env = {name: value for name, value in os.environ.items() if name != "RHEO_BACKEND"}
            code = f"import sys; {first}\nimport rheo; print(rheo.BACKEND)"
            run = subprocess.run([sys.executable, "-c", code], env={**env, **known}, capture_output=True, text=True)
            return run.stdout.strip() or run.stderr.strip().splitlines()[-1]

        without = "sys.modules['rheo._rheo_cffi'] = None"
        self.assertEqual(chosen(), "compiled")
        self.assertEqual(chosen(without), "ctypes")
        self.assertIn("RHEO_LIBRARY can name one", chosen(without, RHEO_LIBRARY="/nowhere.so"))
        self.assertIn("one of compiled, cffi, ctypes", chosen(RHEO_BACKEND="other"))
        self.assertRegex(chosen(without, RHEO_BACKEND="compiled"), "ModuleNotFoundError")

    def test_the_back_end_is_the_one_asked_for(self):
        self.assertEqual(rheo.BACKEND, os.environ["RHEO_BACKEND"])
        self.assertEqual(
            rheo.Bucket.__mro__[1].__module__, "rheo._fast" if rheo.BACKEND == "compiled" else "rheo._calls"
        )
        self.assertEqual("cffi" in type(_abi.new("uint64_t")).__module__, rheo.BACKEND != "ctypes")


if __name__ == "__main__":
    unittest.main()
