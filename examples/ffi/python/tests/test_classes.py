# SPDX-License-Identifier: BSD-2-Clause
"""What the classes tell, and that it is typed."""

import importlib.resources
import inspect
import pathlib
import subprocess
import sys
import typing
import unittest

import rheo
from rheo import _abi, _calls, _generated

SECOND = 1_000_000_000


class Told(unittest.TestCase):
    def test_a_bucket(self):
        bucket = rheo.Bucket(rate=10, burst=20, now_ns=0)
        self.assertTrue(bucket.try_acquire(15, 0))
        self.assertFalse(bucket.try_acquire_published(6))
        bucket.refill(SECOND)
        self.assertTrue(bucket.try_acquire_published(6))
        self.assertEqual(bucket.acquire_upto(100, SECOND), 9)
        bucket.charge(10, SECOND)
        bucket.refund(5)
        self.assertEqual(bucket.wait_ns(1, SECOND), 6 * SECOND // 10)
        self.assertEqual(bucket.wait_ns(21, SECOND), rheo.FOREVER)
        quota = bucket.quota(2 * SECOND)
        self.assertEqual((quota.limit, quota.window_ns, quota.remaining), (20, 2 * SECOND, 5))
        stats = bucket.stats()
        self.assertEqual((stats.admitted, stats.charged, stats.refunded, stats.refused_rate), (30, 10, 5, 1))
        bucket.reconfigure(burst=50, level=rheo.Level.RESET, now_ns=2 * SECOND)
        self.assertEqual((bucket.config().burst, bucket.config().tokens_per_period), (50, 10))
        self.assertEqual(bucket.available(2 * SECOND), 50)
        self.assertEqual(rheo.Bucket(rate=1, burst=9, start_empty=True, now_ns=0).available(0), 0)

    def test_a_breaker(self):
        breaker = rheo.Breaker(minimum_calls=2, open_ns=SECOND, now_ns=0)
        for now in (1, 2):
            breaker.record(breaker.acquire(now), rheo.Outcome.FAILURE, now)
        self.assertEqual((breaker.state, breaker.mode), (rheo.State.OPEN, rheo.Mode.AUTO))
        self.assertEqual(breaker.retry_after_ns(2), SECOND)
        self.assertGreater(breaker.tick(2 + SECOND), 0)
        self.assertIs(breaker.state, rheo.State.HALF_OPEN)
        permit = breaker.acquire(2 + SECOND)
        self.assertEqual(breaker.permit(permit), (2, True))
        self.assertEqual(breaker.snapshot(2 + SECOND).probes_issued, 1)
        breaker.reset(2 + SECOND)
        self.assertEqual(
            [(one.from_state, one.to_state, one.cause) for one in breaker.events()],
            [
                (rheo.State.CLOSED, rheo.State.OPEN, rheo.Cause.FAILURE_RATE),
                (rheo.State.OPEN, rheo.State.HALF_OPEN, rheo.Cause.OPEN_TIME_OVER),
                (rheo.State.HALF_OPEN, rheo.State.CLOSED, rheo.Cause.RESET),
            ],
        )
        breaker.reconfigure(open_ns=7, open_max_ns=70, now_ns=SECOND)
        self.assertEqual((breaker.config().open_ns, breaker.config().minimum_calls), (7, 2))

    def test_a_guard(self):
        bucket = rheo.Bucket(rate=1, burst=2, now_ns=0)
        guard = rheo.Guard(rheo.Breaker(now_ns=0), bucket, shadow=True, now_ns=0)
        self.assertTrue(guard.try_acquire(2, 0))
        verdict = guard.try_acquire(1, 0)
        self.assertEqual((bool(verdict), verdict.status, verdict.shadow_status), (True, 0, rheo.Status.REJ_RATE))
        self.assertEqual((guard.stats().shadowed, guard.stats().refused_by_bucket[0]), (1, 1))
        self.assertGreater(guard.tick(0), 0)
        lean = rheo.Guard(None, bucket, lean=True, now_ns=0).try_acquire(1, SECOND)
        self.assertEqual((bool(lean), lean.limit, lean.cost, lean.bucket), (True, 0, 1, 2**32 - 1))
        self.assertEqual(repr(verdict), "Verdict(status=0, refused_by=2, retry_after_ns=1000000000)")

    def test_a_verdict_has_every_field_as_c_has_it(self):
        def guard():
            return rheo.Guard(rheo.Breaker(now_ns=0), rheo.Bucket(3, 1 << 40, 1 << 40, now_ns=0), now_ns=0)

        classes, functions = guard(), guard()
        for cost, now_ns in ((1 << 39, 7), (1 << 39, 1 << 33), (1 << 39, 1 << 34), (1 << 41, 1 << 35)):
            raw = _abi.new("rheo_verdict_t")
            _abi.lib.rheo_guard_try_acquire(functions._raw, cost, now_ns, raw)
            verdict = classes.try_acquire(cost, now_ns)
            for field, _, _ in _generated.STRUCTS["rheo_verdict_t"]:
                if field != "reserved":
                    with self.subTest(field, cost=cost, now_ns=now_ns):
                        self.assertEqual(getattr(verdict, field), getattr(raw, field))

    def test_an_outcome_is_success_unless_told(self):
        breaker = rheo.Breaker(now_ns=0)
        guard = rheo.Guard(breaker, now_ns=0)
        breaker.record(breaker.acquire(0), now_ns=0)
        guard.record(guard.acquire(1, 0).permit, now_ns=0)
        self.assertEqual((breaker.snapshot(0).successes, breaker.snapshot(0).failures), (2, 0))

    def test_a_cancelled_verdict_gives_back_permit_and_tokens(self):
        bucket = rheo.Bucket(rate=1, burst=2, now_ns=0)
        guard = rheo.Guard(rheo.Breaker(now_ns=0), bucket, now_ns=0)
        verdict = guard.try_acquire(2, 0)
        self.assertIs(guard.cancel(verdict, 0), True)
        self.assertEqual(bucket.available(0), 2)
        refused = guard.try_acquire(3, 0)
        self.assertIs(guard.cancel(refused, 0), True)
        self.assertEqual(bucket.available(0), 2)

    def test_the_version(self):
        self.assertEqual(rheo.__version__, _generated.VERSION)
        self.assertRegex(rheo.__version__, r"^\d+\.\d+\.\d+$")
        self.assertGreater(rheo.now_ns(), 0)
        self.assertLess(abs(rheo.now_ns() - _abi.lib.rheo_now_ns()), SECOND)

    def test_the_example_says_what_it_should(self):
        example = pathlib.Path(__file__).parent.parent / "example.py"
        run = subprocess.run([sys.executable, "-W", "error", example], check=True, stdout=subprocess.PIPE, text=True)
        *pages, fourth, fifth = run.stdout.splitlines()
        self.assertEqual(pages, ["page 0", "page 1", "page 2"])
        for line in (fourth, fifth):
            self.assertRegex(line, r"^not enough tokens now; retry after 0\.\d{3} s$")


class Typed(unittest.TestCase):
    def test_every_setting_of_a_breaker_is_known(self):
        settings = typing.get_type_hints(_generated.BreakerSettings)
        self.assertEqual(list(settings), list(rheo.BreakerConfig._fields))
        defaults = rheo.Breaker(now_ns=0).config()._asdict()
        again = rheo.Breaker(now_ns=0, **defaults).config()
        self.assertEqual(again._asdict(), defaults)

    def test_both_kinds_of_calls_have_the_same_members(self):
        """_fast.c and _calls.py: names, parameters, defaults and documentation."""
        try:
            from rheo import _fast
        except ImportError:
            self.fail("the tests compile it")
        self.assertEqual(_fast.version(), _abi.lib.rheo_version())
        for name in ("BucketCalls", "BreakerCalls", "GuardCalls", "Verdict"):
            slow, fast = getattr(_calls, name), getattr(_fast, name)
            members = {one for kind in slow.__mro__[:-1] for one in vars(kind) if one[:2] != "__"} - {"_raw"}
            self.assertEqual(members, {one for one in vars(fast) if one[:2] != "__"}, name)
            for one in members:
                method = getattr(slow, one)
                if inspect.isfunction(method):
                    told = [(p.name, p.default) for p in inspect.signature(method).parameters.values()]
                    self.assertEqual(
                        told, [(p.name, p.default) for p in inspect.signature(getattr(fast, one)).parameters.values()]
                    )
                    self.assertEqual(inspect.getdoc(method), inspect.getdoc(getattr(fast, one)))

    def test_every_public_method_is_annotated_and_explained(self):
        for kind in (rheo.Bucket, rheo.Breaker, rheo.Guard, rheo.Counter, rheo.Call):
            for name, method in inspect.getmembers(kind, inspect.isfunction):
                if name.startswith("_") or method.__module__ == "typing":
                    continue
                with self.subTest(f"{kind.__name__}.{name}"):
                    signature = inspect.signature(method)
                    self.assertIsNot(signature.return_annotation, inspect.Signature.empty)
                    for parameter in list(signature.parameters.values())[1:]:
                        self.assertIsNot(parameter.annotation, inspect.Parameter.empty)
                    self.assertTrue(inspect.getdoc(method))

    def test_the_package_says_that_it_is_typed(self):
        self.assertTrue(importlib.resources.files("rheo").joinpath("py.typed").is_file())

    def test_what_is_exported_is_there(self):
        for name in rheo.__all__:
            self.assertTrue(hasattr(rheo, name))


if __name__ == "__main__":
    unittest.main()
