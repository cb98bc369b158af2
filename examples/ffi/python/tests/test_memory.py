# SPDX-License-Identifier: BSD-2-Clause
"""Lifetimes, threads, shared memory."""

import contextlib
import gc
import mmap
import os
import subprocess
import sys
import threading
import unittest
import weakref
from multiprocessing import shared_memory

import rheo

SECOND = 1_000_000_000


class Lifetime(unittest.TestCase):
    def test_a_guard_keeps_its_parts(self):
        breaker, bucket = rheo.Breaker(), rheo.Bucket(rate=1, burst=2)
        seen = [weakref.ref(breaker), weakref.ref(bucket)]
        guard = rheo.Guard(breaker, bucket)
        del breaker, bucket
        gc.collect()
        self.assertTrue(all(one() for one in seen))
        self.assertTrue(guard.try_acquire(2))
        del guard
        gc.collect()
        self.assertFalse(any(one() for one in seen))

    def test_a_part_that_is_closed_leaves_its_memory_to_the_guard(self):
        shared = mmap.mmap(-1, rheo.Bucket.memory_size(1, 2))
        bucket = rheo.Bucket(rate=1, burst=2, memory=shared, now_ns=0)
        guard = rheo.Guard(None, bucket, now_ns=0)
        bucket.close()
        with self.assertRaises(BufferError):
            shared.close()
        self.assertTrue(guard.try_acquire(2, 0))
        self.assertFalse(guard.try_acquire(1, 0))
        guard.close()
        shared.close()

    def test_closed_is_said_not_crashed(self):
        for part, call in (
            (rheo.Bucket(1, 1), lambda part: part.try_acquire()),
            (rheo.Bucket(1, 1), lambda part: part.try_acquire_published()),
            (rheo.Bucket(1, 1), lambda part: part.stats()),
            (rheo.Breaker(), lambda part: part.try_acquire()),
            (rheo.Breaker(), lambda part: part.record(1)),
            (rheo.Breaker(), lambda part: part.reconfigure(open_ns=1)),
            (rheo.Guard(rheo.Breaker()), lambda part: part.try_acquire()),
            (rheo.Guard(rheo.Breaker()), lambda part: part.record(1)),
            (rheo.Counter(), lambda part: part.add()),
            (rheo.Bucket(1, 1), lambda part: rheo.Guard(None, part)),
        ):
            part.close()
            part.close()
            with self.assertRaises(rheo.InvalidArgument) as caught:
                call(part)
            self.assertIn("closed", str(caught.exception))

    def test_what_was_never_made_is_no_crash(self):
        for kind in (rheo.Bucket, rheo.Breaker, rheo.Guard):
            with self.assertRaises((rheo.InvalidArgument, AttributeError)):
                kind.__new__(kind).try_acquire()

    def test_many_parts_come_and_go(self):
        """Guards that outlive the names of their parts, collected in any order, between calls."""
        guards = []
        for i in range(3000):
            guard = rheo.Guard(rheo.Breaker(now_ns=0), rheo.Bucket(rate=1, burst=3, now_ns=0), now_ns=0)
            guards.append(guard)
            if len(guards) > 50:
                del guards[(i * 7) % 50]
            if i % 500 == 0:
                gc.collect()
            for one in guards[:: 1 + i % 9]:
                verdict = one.try_acquire(1, 0)
                if verdict:
                    one.record(verdict.permit, rheo.Outcome.SUCCESS, 0)
        for one in guards:
            self.assertEqual(bool(one.try_acquire(3, 10 * SECOND)), True)

    def test_verdicts_outlive_their_guard(self):
        verdict = rheo.Guard(None, rheo.Bucket(rate=1, burst=5, now_ns=0), now_ns=0).try_acquire(2, 0)
        gc.collect()
        junk = [bytearray(4096) for _ in range(100)]
        self.assertEqual((verdict.remaining, verdict.limit, bool(verdict)), (3, 5, True))
        del junk

    def test_calls_leave_no_memory_behind(self):
        guard = rheo.Guard(rheo.Breaker(), rheo.Bucket(rate=1, burst=5))

        def work():
            for _ in range(200):
                guard.try_acquire()
                guard.try_acquire(cost=1, now_ns=5)
                for cost in (0, -1, "x"):
                    with contextlib.suppress(rheo.InvalidArgument, OverflowError, TypeError):
                        guard.try_acquire(cost)
                guard.stats()

        work()
        gc.collect()
        before = sys.getallocatedblocks()
        work()
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - before, 100)


class Threads(unittest.TestCase):
    def test_the_bound_holds(self):
        """What decisions admit whose times lie in an interval: burst + ceil(rate * t) at most."""
        for burst, lanes in ((50, 1), (256, 4)):
            with self.subTest(lanes=lanes):
                self.compete(1000, burst, lanes)

    def compete(self, rate, burst, lanes, steps=3000):
        bucket = rheo.Bucket(rate=rate, burst=burst, lanes=lanes, now_ns=0)
        admitted = [0] * 4
        start = threading.Barrier(4)

        def work(me):
            start.wait()
            for step in range(steps):
                admitted[me] += bucket.try_acquire(1, step * 100_000)

        threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        passed_ns = (steps - 1) * 100_000
        most = burst + -(-rate * passed_ns // SECOND)
        self.assertLessEqual(sum(admitted), most)
        if lanes == 1:  # exact; with lanes a part of the burst may stay parked
            self.assertGreaterEqual(sum(admitted), most - 1)
        self.assertGreater(sum(admitted), burst)
        self.assertEqual(sum(admitted), bucket.stats().admitted)
        self.assertEqual(bucket.stats().lanes, lanes)

    def test_probes_at_once_are_no_more_than_set(self):
        breaker = rheo.Breaker(consecutive_failures=1, open_ns=1000, half_open_calls=5, now_ns=0)
        breaker.record(breaker.acquire(0), rheo.Outcome.FAILURE, 0)
        permits = []
        start = threading.Barrier(4)

        def work():
            start.wait()
            for _ in range(500):
                permit = breaker.try_acquire(2000)
                if permit is not None:
                    permits.append(permit)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(len(set(permits)), 5)
        self.assertEqual(len(permits), 5)
        self.assertEqual(breaker.permit(permits[0]), (2, True))

    def test_closing_while_others_call_is_no_crash(self):
        for _ in range(50):
            bucket = rheo.Bucket(rate=1, burst=1)
            start = threading.Barrier(3)
            ends = []

            def work(bucket=bucket, start=start, ends=ends):
                start.wait()
                try:
                    for _ in range(2000):
                        bucket.try_acquire()
                except rheo.InvalidArgument:
                    pass
                ends.append(1)

            threads = [threading.Thread(target=work) for _ in range(2)]
            for one in threads:
                one.start()
            start.wait()
            bucket.close()
            for one in threads:
                one.join()
            self.assertEqual(len(ends), 2)


class Shared(unittest.TestCase):
    def test_a_bucket_between_processes(self):
        size = rheo.Bucket.memory_size(1, 10, counter_lanes=1)
        shared = shared_memory.SharedMemory(create=True, size=size)
        try:
            bucket = rheo.Bucket(rate=1, burst=10, counter_lanes=1, memory=shared.buf, now_ns=0)
            code = (
                "import mmap, os, sys, rheo\n"
                "file = os.open('/dev/shm/' + sys.argv[1], os.O_RDWR)\n"
                "bucket = rheo.Bucket.attach(mmap.mmap(file, os.fstat(file).st_size))\n"
                "print(sum(bucket.try_acquire(1, 0) for _ in range(7)))"
            )
            printed = subprocess.run(
                [sys.executable, "-W", "error", "-c", code, shared.name.lstrip("/")],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
                env=dict(os.environ),
            ).stdout
            self.assertEqual(printed.strip(), "7")
            self.assertEqual(bucket.available(0), 3)
            bucket.close()
        finally:
            shared.close()
            shared.unlink()

    def test_a_breaker_across_fork(self):
        shared = mmap.mmap(-1, rheo.Breaker.memory_size())
        breaker = rheo.Breaker(consecutive_failures=2, memory=shared, now_ns=0)
        permit = breaker.acquire(0)
        child = os.fork()
        if child == 0:
            state = 99
            try:
                breaker.record(permit, rheo.Outcome.FAILURE, 1)
                again = rheo.Breaker.attach(shared)
                again.record(again.acquire(2), rheo.Outcome.FAILURE, 3)
                state = int(breaker.state)
            finally:
                os._exit(state)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), rheo.State.OPEN)
        self.assertEqual(breaker.state, rheo.State.OPEN)
        event = breaker.events()[0]
        self.assertEqual((event.generation, event.cause, event.at_ns), (1, rheo.Cause.CONSECUTIVE_FAILURES, 3))
        self.assertEqual(breaker.events(since=1), [])

    def test_counters_are_shared_too(self):
        shared = mmap.mmap(-1, rheo.Counter.memory_size(2))
        counter = rheo.Counter(2, memory=shared)
        counter.add(1, 5)
        rheo.Counter.attach(shared).add(1, 6)
        self.assertEqual((counter.read(0), counter.read(1)), (0, 11))

    def test_memory_that_will_not_do(self):
        size = rheo.Bucket.memory_size(1, 1)
        shared = mmap.mmap(-1, size + rheo.Breaker.memory_size())
        with self.assertRaises(rheo.NoSpace):
            rheo.Bucket(1, 1, memory=memoryview(shared)[: size - 128])
        with self.assertRaises(rheo.InvalidArgument) as caught:
            rheo.Bucket(1, 1, memory=memoryview(shared)[64:])
        self.assertIn("aligned", str(caught.exception))
        with self.assertRaises(rheo.Corrupt):
            rheo.Bucket.attach(shared)
        rheo.Bucket(1, 1, memory=shared)
        with self.assertRaises(rheo.Corrupt):
            rheo.Breaker.attach(shared)
        with self.assertRaises(TypeError):
            rheo.Guard.attach(shared)
        with self.assertRaises(TypeError):
            rheo.Bucket(1, 1, memory=bytes(size))
        gc.collect()
        shared.close()


if __name__ == "__main__":
    unittest.main()
