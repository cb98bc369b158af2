# SPDX-License-Identifier: BSD-2-Clause
"""with and decorators: the permit is always reported."""

import asyncio
import functools
import unittest

import rheo
from rheo import Outcome


class Clock:
    def __init__(self):
        self.ns = 0

    def __call__(self):
        self.ns += 1
        return self.ns


class Reported(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.breaker = rheo.Breaker(minimum_calls=1000, now_ns=0)
        self.bucket = rheo.Bucket(rate=1, burst=10, period_ns=10**15, now_ns=0)
        self.guard = rheo.Guard(self.breaker, self.bucket, now_ns=0)

    def counts(self):
        seen = self.breaker.snapshot(self.clock.ns)
        return seen.successes, seen.failures, seen.ignored

    def left(self):
        return self.bucket.available(self.clock.ns)

    def ways(self):
        """The same call by a guard and by its breaker."""
        return (
            functools.partial(self.guard.call, clock=self.clock),
            functools.partial(self.breaker.call, clock=self.clock),
        )


class With(Reported):
    def test_a_block_that_ends_is_a_success(self):
        for way in self.ways():
            with way() as call:
                self.assertNotEqual(call.permit, rheo.PERMIT_NONE)
        self.assertEqual(self.counts(), (2, 0, 0))
        self.assertEqual(self.left(), 9)

    def test_an_exception_is_a_failure(self):
        for way in self.ways():
            with self.assertRaises(ZeroDivisionError), way():
                raise ZeroDivisionError
        self.assertEqual(self.counts(), (0, 2, 0))

    def test_what_says_nothing_of_the_other_side_is_ignored(self):
        for error in (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError):
            for way in self.ways():
                with self.assertRaises(error), way():
                    raise error
        self.assertEqual(self.counts(), (0, 0, 8))

    def test_a_hook_classifies(self):
        answers = {KeyError: Outcome.SUCCESS, ValueError: Outcome.IGNORED, OSError: Outcome.FAILURE, TypeError: None}
        for error in answers:
            for way in self.ways():
                with self.assertRaises(error), way(on_error=lambda seen: answers[type(seen)]):
                    raise error
        self.assertEqual(self.counts(), (2, 2, 2))
        self.assertEqual(self.left(), 7)  # None: never made, its token is back

    def test_a_hook_that_fails_is_a_failure(self):
        def hook(_):
            raise LookupError

        for way in self.ways():
            with self.assertRaises(LookupError), way(on_error=hook):
                raise ValueError
        self.assertEqual(self.counts(), (0, 2, 0))

    def test_the_block_may_set_the_outcome(self):
        for way in self.ways():
            with way() as call:
                call.outcome = Outcome.FAILURE
            with self.assertRaises(ValueError), way() as call:
                call.outcome = Outcome.SUCCESS
                raise ValueError
        self.assertEqual(self.counts(), (2, 2, 0))

    def test_the_block_may_cancel(self):
        for way in self.ways():
            with way() as call:
                call.cancel()
                call.cancel()
        self.assertEqual(self.counts(), (0, 0, 0))
        self.assertEqual(self.left(), 10)
        self.assertEqual(self.guard.stats().cancelled, 1)

    def test_a_refusal_raises_and_reports_nothing(self):
        self.breaker.force(rheo.Mode.FORCED_OPEN, 0)
        for way in self.ways():
            with self.assertRaises(rheo.BreakerOpen), way():
                self.fail("admitted")
        self.assertEqual(self.counts(), (0, 0, 0))
        self.assertEqual(self.left(), 10)

    def test_a_call_can_be_made_again_but_not_at_once(self):
        for way in self.ways():
            call = way()
            for _ in range(2):
                with call, self.assertRaises(RuntimeError), call:
                    self.fail("entered twice")
        self.assertEqual(self.counts(), (4, 0, 0))
        self.assertEqual(self.left(), 8)

    def test_cost_and_verdict(self):
        with self.guard.call(4, clock=self.clock) as call:
            self.assertEqual((call.verdict.cost, call.verdict.remaining), (4, 6))

    def test_by_the_real_clock(self):
        guard = rheo.Guard(rheo.Breaker(), rheo.Bucket(rate=1, burst=1))
        with guard.call():
            pass
        with self.assertRaises(rheo.RateLimited) as caught, guard.call():
            self.fail("admitted")
        self.assertLessEqual(caught.exception.retry_after_ns, 10**9)
        self.assertGreater(caught.exception.retry_after_ns, 0)


class Decorators(Reported):
    def decorators(self, **more):
        return (
            self.guard.limited(clock=self.clock, **more),
            self.breaker.protect(clock=self.clock, **more),
        )

    def test_a_function_is_called_and_reported(self):
        for decorator in self.decorators():

            @decorator
            def divide(a, b=1):
                """Divides."""
                return a / b

            self.assertEqual(divide(6, b=3), 2)
            self.assertEqual((divide.__name__, divide.__doc__), ("divide", "Divides."))
            with self.assertRaises(ZeroDivisionError):
                divide(1, 0)
        self.assertEqual(self.counts(), (2, 2, 0))

    def test_results_and_errors_are_judged(self):
        judge = {200: Outcome.SUCCESS, 500: Outcome.FAILURE, 404: Outcome.IGNORED, 0: None}.get
        for decorator in self.decorators(on_result=judge, on_error=lambda error: Outcome.IGNORED):

            @decorator
            def answer(code):
                if code < 0:
                    raise ValueError
                return code

            for code in (200, 500, 404, 0):
                self.assertEqual(answer(code), code)
            with self.assertRaises(ValueError):
                answer(-1)
        self.assertEqual(self.counts(), (2, 2, 4))
        self.assertEqual(self.left(), 6)

    def test_without_parentheses(self):
        self.assertEqual(self.guard.limited(lambda: 1)(), 1)
        self.assertEqual(self.breaker.protect(lambda: 2)(), 2)
        self.assertEqual(self.breaker.snapshot().successes, 2)

    def test_methods(self):
        guard = self.guard

        class Client:
            @guard.limited(cost=3)
            def fetch(self, what):
                return self, what

        client = Client()
        self.assertEqual(client.fetch(7), (client, 7))
        self.assertEqual(self.bucket.stats().admitted, 3)

    def test_a_bucket_limits_a_function(self):
        calls = []

        @self.bucket.limited(cost=4)
        def add(one):
            calls.append(one)

        @self.bucket.limited(cost=4)
        async def add_later(one):
            calls.append(one)

        add(1)
        asyncio.run(add_later(2))
        with self.assertRaises(rheo.RateLimited):
            add(3)
        with self.assertRaises(rheo.RateLimited):
            asyncio.run(add_later(4))
        self.assertEqual(calls, [1, 2])

    def test_generators_are_refused(self):
        def generator():
            yield 1

        async def later():
            yield 1

        for decorator in (*self.decorators(), self.bucket.limited()):
            for function in (generator, later):
                with self.assertRaises(TypeError):
                    decorator(function)

    def test_a_sync_function_that_only_begins_is_refused(self):
        async def later():
            self.fail("ran")

        for decorator in self.decorators():
            with self.assertRaises(TypeError):
                decorator(lambda: later())()
        self.assertEqual(self.counts(), (0, 2, 0))


class Async(Reported, unittest.IsolatedAsyncioTestCase):
    async def test_an_async_function_is_reported_when_it_ends(self):
        for decorator in (self.guard.limited(clock=self.clock), self.breaker.protect(clock=self.clock)):
            began = asyncio.Event()
            go = asyncio.Event()
            before = self.counts()[0]

            @decorator
            async def work(fail):
                began.set()
                await go.wait()
                if fail:
                    raise ValueError
                return 5

            task = asyncio.create_task(work(False))
            await asyncio.wait_for(began.wait(), 5)
            self.assertEqual(self.counts()[0], before)
            go.set()
            self.assertEqual(await task, 5)
            self.assertEqual(self.counts()[0], before + 1)
            with self.assertRaises(ValueError):
                await work(True)
        self.assertEqual(self.counts(), (2, 2, 0))

    async def test_a_cancelled_call_is_ignored(self):
        @self.guard.limited(clock=self.clock)
        async def hang():
            await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(self.counts(), (0, 0, 1))

    async def test_a_time_out_inside_the_block_is_a_failure(self):
        with self.assertRaises(asyncio.TimeoutError), self.guard.call(clock=self.clock):
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        self.assertEqual(self.counts(), (0, 1, 0))

    async def test_callables_that_are_async(self):
        class Callable:
            async def __call__(self, one):
                return one

        async def two(one, other):
            return one + other

        self.assertEqual(await self.guard.limited(functools.update_wrapper(Callable(), two))(3), 3)
        self.assertEqual(await self.breaker.protect(functools.partial(two, 1))(3), 4)
        self.assertEqual(self.breaker.snapshot().successes, 2)

    async def test_a_coroutine_that_is_never_awaited_asked_nothing(self):
        @self.guard.limited
        async def work():
            pass

        work().close()
        self.assertEqual(self.left(), 10)

    async def test_tasks_at_once_each_report_their_own(self):
        @self.breaker.protect(clock=self.clock)
        async def work(one):
            await asyncio.sleep(0)
            if one % 2:
                raise ValueError

        await asyncio.gather(*(work(one) for one in range(100)), return_exceptions=True)
        self.assertEqual(self.counts(), (50, 50, 0))


if __name__ == "__main__":
    unittest.main()
