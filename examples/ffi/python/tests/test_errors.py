# SPDX-License-Identifier: BSD-2-Clause
"""Typed errors and misuse."""

import copy
import pickle
import unittest

from rheo._generated import STATUS_TEXT

import rheo
from rheo import errors

SECOND = 1_000_000_000


def tripped(open_ns=5 * SECOND, **settings):
    breaker = rheo.Breaker(consecutive_failures=1, open_ns=open_ns, now_ns=0, **settings)
    breaker.record(breaker.acquire(0), rheo.Outcome.FAILURE, 0)
    return breaker


class Refusals(unittest.TestCase):
    def test_every_status_but_done_and_stale_has_an_exception(self):
        known = {*errors.REFUSALS, *errors.MISTAKES}
        self.assertEqual(known, set(rheo.Status) - {rheo.Status.OK, rheo.Status.STALE})
        self.assertEqual(set(STATUS_TEXT), set(rheo.Status))

    def test_a_bucket_says_how_long_to_wait(self):
        bucket = rheo.Bucket(rate=10, burst=2, now_ns=0)
        bucket.acquire(2, 0)
        with self.assertRaises(rheo.RateLimited) as caught:
            bucket.acquire(1, 0)
        self.assertEqual(caught.exception.retry_after_ns, SECOND // 10)
        self.assertEqual(caught.exception.status, rheo.Status.REJ_RATE)
        self.assertEqual(str(caught.exception), "not enough tokens now; retry after 0.100 s")
        bucket.acquire(1, SECOND // 10)

    def test_a_cost_above_the_burst_never_passes(self):
        bucket = rheo.Bucket(rate=10, burst=2, now_ns=0)
        self.assertIs(bucket.try_acquire(3, 0), False)
        with self.assertRaises(rheo.NeverPasses) as caught:
            bucket.acquire(3, 0)
        self.assertEqual(caught.exception.retry_after_ns, rheo.FOREVER)
        with self.assertRaises(rheo.NeverPasses):
            bucket.reserve(3, SECOND, 0)
        with self.assertRaises(rheo.NeverPasses):
            rheo.Guard(None, bucket, now_ns=0).acquire(3, 0)

    def test_a_reservation_says_what_the_wait_would_have_been(self):
        bucket = rheo.Bucket(rate=1, burst=1, max_debt=9, now_ns=0)
        self.assertEqual(bucket.reserve(1, 0, 0), 0)
        self.assertEqual(bucket.reserve(1, 2 * SECOND, 0), SECOND)
        with self.assertRaises(rheo.RateLimited) as caught:
            bucket.reserve(1, SECOND, 0)
        self.assertEqual(caught.exception.retry_after_ns, 2 * SECOND)

    def test_an_open_breaker_and_a_half_open_one_differ_in_status(self):
        breaker = tripped(half_open_calls=1)
        self.assertIsNone(breaker.try_acquire(1))
        with self.assertRaises(rheo.BreakerOpen) as caught:
            breaker.acquire(1)
        self.assertEqual((caught.exception.status, caught.exception.retry_after_ns), (2, 5 * SECOND - 1))
        self.assertIsNotNone(breaker.try_acquire(6 * SECOND))
        with self.assertRaises(rheo.BreakerOpen) as caught:
            breaker.acquire(6 * SECOND)
        self.assertEqual(caught.exception.status, rheo.Status.REJ_PROBE)

    def test_a_guard_raises_what_its_part_would(self):
        bucket = rheo.Bucket(rate=1, burst=1, now_ns=0)
        guard = rheo.Guard(tripped(), bucket, now_ns=0)
        with self.assertRaises(rheo.BreakerOpen):
            guard.acquire(1, 1)
        self.assertEqual(guard.try_acquire(1, 1).refused_by, rheo.BY_BREAKER)
        guard = rheo.Guard(None, bucket, now_ns=0)
        guard.acquire(1, 1)
        with self.assertRaises(rheo.RateLimited) as caught:
            guard.acquire(1, 1)
        self.assertEqual(caught.exception.retry_after_ns, SECOND - 1)
        self.assertEqual(guard.stats().refused_by_bucket, (1, 0, 0, 0))

    def test_errors_can_be_sent_to_another_process(self):
        for error in (
            rheo.RateLimited(1, 5),
            rheo.BreakerOpen(3, rheo.FOREVER),
            rheo.InvalidArgument(field="burst"),
            rheo.NoSpace(-2, "why"),
        ):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), str(again), vars(again)), (type(error), str(error), vars(error)))


class Mistakes(unittest.TestCase):
    def test_the_first_bad_setting_is_named(self):
        for field, make in (
            ("tokens_per_period", lambda: rheo.Bucket(rate=0, burst=1)),
            ("burst", lambda: rheo.Bucket(rate=1, burst=0)),
            ("period_ns", lambda: rheo.Bucket(rate=1, burst=1, period_ns=0)),
            ("failure_rate_bp", lambda: rheo.Breaker(failure_rate_bp=10001, open_ns=0)),
            ("open_ns", lambda: rheo.Breaker(open_ns=0)),
            ("burst", lambda: rheo.Bucket(rate=1, burst=1).reconfigure(burst=0)),
            ("minimum_calls", lambda: rheo.Breaker().reconfigure(minimum_calls=0)),
            ("lanes", lambda: rheo.Bucket.memory_size(1, 1, lanes=4096)),
        ):
            with self.subTest(field=field), self.assertRaises(rheo.InvalidArgument) as caught:
                make()
            self.assertEqual(caught.exception.field, field)
            self.assertIsInstance(caught.exception, ValueError)

    def test_numbers_that_c_cannot_hold_are_refused(self):
        bucket, breaker = rheo.Bucket(rate=1, burst=1, now_ns=0), rheo.Breaker()
        guard = rheo.Guard(breaker, bucket)
        for call in (
            lambda: bucket.try_acquire(-1, 0),
            lambda: bucket.try_acquire(1 << 64, 0),
            lambda: bucket.try_acquire(1, -1),
            lambda: bucket.try_acquire_published(1 << 64),
            lambda: bucket.refund(-1),
            lambda: breaker.try_acquire(1 << 64),
            lambda: breaker.record(-1),
            lambda: breaker.record(0, 1 << 32),
            lambda: guard.try_acquire(1, 1 << 64),
            lambda: guard.record(0, -1),
            lambda: rheo.Bucket(rate=-1, burst=1),
            lambda: rheo.Bucket(rate=1, burst=(1 << 64) + 1),
            lambda: rheo.Breaker(half_open_calls=(1 << 32) + 1),
        ):
            with self.assertRaises(OverflowError):
                call()
        self.assertEqual(bucket.stats().admitted, 0)

    def test_what_is_no_integer_is_refused(self):
        bucket, breaker = rheo.Bucket(rate=1, burst=1, now_ns=0), rheo.Breaker()
        for call in (
            lambda: bucket.try_acquire("1", 0),
            lambda: bucket.try_acquire(1.0, 0),
            lambda: bucket.try_acquire(1, 2, 3),
            lambda: bucket.try_acquire(price=1),
            lambda: bucket.try_acquire(1, cost=1),
            lambda: breaker.record(),
            lambda: breaker.record(None),
            lambda: rheo.Bucket(rate=1.5, burst=1),
            lambda: breaker.record(1, True),
            lambda: rheo.Guard(breaker).record(1, False),
            lambda: rheo.Breaker(oepn_ns=1),
            lambda: breaker.reconfigure(oepn_ns=1),
            lambda: rheo.Guard(bucket),
            lambda: rheo.Guard(None, breaker),
            lambda: rheo.Guard(None, bucket).cancel(0),
            lambda: rheo.Bucket.attach(b"read only" * 1000),
        ):
            with self.assertRaises(TypeError):
                call()
        self.assertEqual(bucket.stats().admitted, 0)

    def test_nonsense_of_the_right_type_is_refused(self):
        bucket, breaker = rheo.Bucket(rate=1, burst=1, now_ns=0), rheo.Breaker(now_ns=0)
        guard = rheo.Guard(breaker, bucket)
        for call in (
            lambda: bucket.try_acquire(0, 0),
            lambda: bucket.refund(0),
            lambda: guard.try_acquire(0),
            lambda: breaker.record(breaker.acquire(0), 3, 0),
            lambda: breaker.force(4),
            lambda: bucket.reconfigure(level=3),
            lambda: rheo.Guard(),
            lambda: rheo.Guard(None, bucket, bucket),
            lambda: rheo.Guard(None, *(rheo.Bucket(1, 1) for _ in range(5))),
            lambda: rheo.Counter().add(8),
        ):
            with self.assertRaises(rheo.InvalidArgument):
                call()

    def test_arguments_go_by_name_too(self):
        bucket = rheo.Bucket(rate=1, burst=2, now_ns=0)
        self.assertTrue(bucket.try_acquire(now_ns=0, cost=2))
        self.assertFalse(bucket.try_acquire(now_ns=0))
        breaker = rheo.Breaker(consecutive_failures=1, now_ns=0)
        self.assertTrue(breaker.record(now_ns=1, permit=breaker.try_acquire(now_ns=0), outcome=rheo.Outcome.FAILURE))
        self.assertEqual(breaker.state, rheo.State.OPEN)

    def test_parts_are_not_copied_or_pickled(self):
        for part in (rheo.Bucket(1, 1), rheo.Breaker(), rheo.Guard(rheo.Breaker()), rheo.Counter()):
            for call in (copy.copy, copy.deepcopy, pickle.dumps):
                with self.assertRaises(TypeError):
                    call(part)

    def test_a_permit_reported_twice_is_stale_when_the_state_has_changed(self):
        breaker = rheo.Breaker(consecutive_failures=1, now_ns=0)
        permit = breaker.acquire(0)
        self.assertIs(breaker.record(permit, rheo.Outcome.FAILURE, 0), True)
        self.assertIs(breaker.record(permit, rheo.Outcome.FAILURE, 0), False)
        self.assertIs(breaker.cancel(permit, 0), False)


if __name__ == "__main__":
    unittest.main()
