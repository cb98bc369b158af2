# SPDX-License-Identifier: BSD-2-Clause
"""What happens to calls, by what callers see and by what rheo and the server have counted; run.sh runs it."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import os
import sys
import time
import unittest
from typing import Any

import grpc
import quotes_pb2
import quotes_pb2_grpc
import rheo
from google.rpc.error_details_pb2 import RetryInfo
from grpc import StatusCode
from grpc_status import rpc_status

from interceptors import AioBreakerInterceptor, BreakerInterceptor, LocalRefusal

SERVER, SERVICE = os.environ["QUOTES_SERVER"], os.environ["QUOTES_SERVICE"]
MS = 1_000_000
OPEN_NS = 600 * MS
UNAVAILABLE, LONG = StatusCode.UNAVAILABLE.value[0], 5000
TRIAL = (("x-tenant", "trial"),)
totals = {"calls": 0, "local refusals": 0, "transitions": 0}


def tearDownModule() -> None:
    for name, count in totals.items():
        print(f"counted: {count} {name}", file=sys.stderr)


def get(code: int = 0, delay_ms: int = 0) -> quotes_pb2.GetRequest:
    return quotes_pb2.GetRequest(symbol="ACME", code=code, delay_ms=delay_ms)


def until(ask: Any, wanted: Any, seconds: float = 5) -> Any:
    """What ask() says as soon as that is `wanted`, or in the end."""
    end = time.monotonic() + seconds
    while (got := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.01)
    return got


def retry_delay_ns(call: Any) -> int:
    status = rpc_status.from_call(call)
    info = RetryInfo()
    assert len(status.details) == 1 and status.details[0].Unpack(info), status
    return info.retry_delay.ToNanoseconds()


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.channel = grpc.insecure_channel(SERVER)
        self.addCleanup(self.channel.close)
        self.plain = quotes_pb2_grpc.QuotesStub(self.channel)
        self.before = self.counts()

    def counts(self) -> quotes_pb2.Counts:
        return self.plain.Count(quotes_pb2.CountRequest())

    def since(self, name: str) -> int:
        return getattr(self.counts(), name) - getattr(self.before, name)

    def answered(self) -> int:
        """How many of the calls that reached the server its callers waited for."""
        counts = self.counts()
        return counts.handled - self.before.handled - (counts.abandoned - self.before.abandoned)

    def error_of(self, code: StatusCode, call: Any, *args: Any, **kwargs: Any) -> Any:
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.code(), code, caught.exception)
        return caught.exception


class Limit(Case):
    """4 a second, 3 at once."""

    def setUp(self) -> None:
        time.sleep(3 / 4)
        super().setUp()

    def drain(self) -> Any:
        for _ in range(1000):
            try:
                self.plain.Get(get(), metadata=TRIAL)
            except grpc.RpcError as error:
                return error
        self.fail("no limit")

    def test_a_call_above_it_is_told_when_to_come_back(self) -> None:
        begun = time.monotonic()
        error = self.drain()
        took = time.monotonic() - begun
        self.assertEqual(error.code(), StatusCode.RESOURCE_EXHAUSTED)
        self.assertNotIsInstance(error, LocalRefusal)
        self.assertGreaterEqual(self.since("admitted"), 3)
        self.assertLessEqual(self.since("admitted"), 3 + int(took * 4 + 1))
        self.assertEqual(self.since("admitted"), self.since("handled"))
        self.assertEqual(self.since("refused"), 1)
        wait_ns = retry_delay_ns(error)
        self.assertTrue(0 < wait_ns <= 250 * MS, wait_ns)
        pushback = dict(error.trailing_metadata())["grpc-retry-pushback-ms"]
        self.assertEqual(int(pushback), -(-wait_ns // MS))
        time.sleep(wait_ns / 1e9)
        self.plain.Get(get(), metadata=TRIAL)

    def test_a_stream_is_refused_likewise_and_others_are_not(self) -> None:
        self.drain()
        error = self.error_of(StatusCode.RESOURCE_EXHAUSTED, list, self.plain.Watch(get(), metadata=TRIAL))
        self.assertGreater(retry_delay_ns(error), 0)
        self.plain.Get(get())

    def test_the_retries_of_grpc_itself_wait_as_long_as_told(self) -> None:
        policy = {
            "maxAttempts": 2,
            "initialBackoff": "0.001s",  # too early, were it not for the pushback
            "maxBackoff": "0.001s",
            "backoffMultiplier": 1,
            "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
        }
        config = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})
        breaker = rheo.Breaker()
        with grpc.insecure_channel(SERVER, (("grpc.service_config", config),)) as channel:
            client = quotes_pb2_grpc.QuotesStub(grpc.intercept_channel(channel, BreakerInterceptor(breaker)))
            client.Get(get())  # connected
            self.drain()
            refused = self.since("refused")
            client.Get(get(), metadata=TRIAL, timeout=5)
        self.assertEqual(self.since("refused"), refused + 1)
        self.assertEqual(breaker.snapshot().successes, 2)


class WithBreaker(Case):
    def setUp(self) -> None:
        super().setUp()
        self.breaker = rheo.Breaker(minimum_calls=4, open_ns=OPEN_NS, half_open_calls=2)
        self.client = quotes_pb2_grpc.QuotesStub(grpc.intercept_channel(self.channel, BreakerInterceptor(self.breaker)))

    def seen(self) -> tuple[int, int, int]:
        now = self.breaker.snapshot()
        return now.successes, now.failures, now.ignored

    def check(self, successes: int, failures: int, ignored: int, refused: int = 0, *transitions: str) -> None:
        """Nothing but these, and each once: a permit reported again would be stale."""
        self.assertEqual(until(self.seen, (successes, failures, ignored)), (successes, failures, ignored))
        now = self.breaker.snapshot()
        self.assertEqual((now.refused_open + now.refused_probe, now.stale), (refused, 0))
        events = self.breaker.events()
        went = [f"{rheo.State(e.to_state).name} {rheo.Cause(e.cause).name}" for e in events]
        self.assertEqual(went, list(transitions))
        totals["calls"] += successes + failures + ignored
        totals["local refusals"] += refused
        totals["transitions"] += len(events)

    def client_before(self, error: type[BaseException]) -> Any:
        """Whose calls raise this where they would be sent."""

        class Raises(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
                raise error

            intercept_unary_stream = intercept_unary_unary

        channel = grpc.intercept_channel(self.channel, BreakerInterceptor(self.breaker), Raises())
        return quotes_pb2_grpc.QuotesStub(channel)

    def trip(self) -> None:
        for _ in range(4):
            error = self.error_of(StatusCode.UNAVAILABLE, self.client.Get, get(UNAVAILABLE))
            self.assertNotIsInstance(error, LocalRefusal)
        self.assertEqual(self.breaker.state, rheo.State.OPEN)


class Outcomes(WithBreaker):
    def test_every_code_is_what_it_is_said_to_be(self) -> None:
        failures = {2, 4, 13, 14, 15}  # UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS
        ignored = {1, 8}  # CANCELLED, RESOURCE_EXHAUSTED
        for code in StatusCode:
            number = code.value[0]
            with self.subTest(code.name):
                self.breaker = rheo.Breaker()
                channel = grpc.intercept_channel(self.channel, BreakerInterceptor(self.breaker))
                client = quotes_pb2_grpc.QuotesStub(channel)
                if number:
                    self.error_of(code, client.Get, get(number))
                    self.error_of(code, list, client.Watch(get(number)))
                    self.error_of(code, client.Get.future(get(number)).result)
                else:
                    self.assertEqual(client.Get(get()).symbol, "ACME")
                    self.assertEqual(len(list(client.Watch(get()))), 5)
                    self.assertEqual(client.Get.future(get()).result().symbol, "ACME")
                answers = number not in failures | ignored
                self.check(3 * answers, 3 * (number in failures), 3 * (number in ignored))

    def test_a_deadline_is_a_failure(self) -> None:
        self.error_of(StatusCode.DEADLINE_EXCEEDED, self.client.Get, get(delay_ms=LONG), timeout=0.3)
        self.error_of(StatusCode.DEADLINE_EXCEEDED, list, self.client.Watch(get(delay_ms=200), timeout=0.3))
        self.check(0, 2, 0)
        self.assertEqual(until(self.answered, 0), 0)

    def test_a_cancellation_is_ignored(self) -> None:
        call = self.client.Get.future(get(delay_ms=LONG))
        until(lambda: self.since("handled"), 1)
        self.assertTrue(call.cancel())
        with self.assertRaises(grpc.FutureCancelledError):
            call.result()
        stream = self.client.Watch(get(delay_ms=10))
        next(stream)
        stream.cancel()
        self.check(0, 0, 2)
        self.assertEqual(until(lambda: self.since("abandoned"), 2), 2)

    def test_what_its_caller_drops_is_cancelled_and_ignored(self) -> None:
        call = self.client.Get.future(get(delay_ms=LONG))
        stream = self.client.Watch(get(delay_ms=100))
        until(lambda: self.since("handled"), 2)
        next(stream)
        del call, stream
        gc.collect()
        self.check(0, 0, 2)
        self.assertEqual(until(lambda: self.since("abandoned"), 2), 2)

    def test_a_broken_off_call_is_ignored(self) -> None:
        client = self.client_before(KeyboardInterrupt)
        for call in (client.Get, client.Get.future, client.Watch):
            with self.assertRaises(KeyboardInterrupt):
                call(get())
        self.check(0, 0, 3)


class Open(WithBreaker):
    def test_refuses_what_it_does_not_send_then_recovers(self) -> None:
        self.trip()
        handled = self.since("handled")
        client = self.client
        future, stream = client.Get.future(get()), client.Watch(get())
        for call in (lambda: client.Get(get()), lambda: client.Get.with_call(get()), future.result, lambda: list(stream)):
            error = self.error_of(StatusCode.UNAVAILABLE, call)
            self.assertIsInstance(error, LocalRefusal)
            self.assertTrue(0 < error.retry_after_ns <= OPEN_NS)
            self.assertEqual(retry_delay_ns(error), error.retry_after_ns)
        self.assertTrue(future.done() and future.exception() is future)
        self.assertEqual(self.since("handled"), handled)
        time.sleep(self.error_of(StatusCode.UNAVAILABLE, client.Get, get()).retry_after_ns / 1e9)
        # Two probes at once, and no third.
        probes = [client.Get.future(get(delay_ms=200)) for _ in range(2)]
        self.assertIsInstance(self.error_of(StatusCode.UNAVAILABLE, client.Get, get()), LocalRefusal)
        for probe in probes:
            probe.result()
        until(lambda: self.breaker.state, rheo.State.CLOSED)
        client.Get(get())
        self.check(3, 4, 0, 6, "OPEN FAILURE_RATE", "HALF_OPEN OPEN_TIME_OVER", "CLOSED PROBES_SUCCEEDED")
        self.assertEqual(self.since("handled"), 7)

    def test_a_failed_probe_opens_it_again(self) -> None:
        self.trip()
        time.sleep(OPEN_NS / 1e9)
        self.error_of(StatusCode.DEADLINE_EXCEEDED, self.client.Get, get(delay_ms=LONG), timeout=0.05)
        self.assertIsInstance(self.error_of(StatusCode.UNAVAILABLE, self.client.Get, get()), LocalRefusal)
        self.check(0, 5, 0, 1, "OPEN FAILURE_RATE", "HALF_OPEN OPEN_TIME_OVER", "OPEN PROBES_FAILED")

    def test_a_call_never_made_gives_its_probe_back(self) -> None:
        self.trip()
        time.sleep(OPEN_NS / 1e9)
        client = self.client_before(ValueError)
        calls = (client.Get, lambda request: client.Get.future(request).result(), lambda request: list(client.Watch(request)))
        for call in calls:
            with self.assertRaises(ValueError):
                call(get())
        # Nor is one that a breaker nearer to the server refuses.
        nearer = rheo.Breaker()
        nearer.force(rheo.Mode.FORCED_OPEN)
        channel = grpc.intercept_channel(self.channel, BreakerInterceptor(self.breaker), BreakerInterceptor(nearer))
        error = self.error_of(StatusCode.UNAVAILABLE, quotes_pb2_grpc.QuotesStub(channel).Get, get())
        self.assertEqual(list(rpc_status.from_call(error).details), [])  # forced open: nobody knows until when
        self.assertEqual(self.breaker.snapshot().probes_issued, 0)
        self.check(0, 4, 0, 0, "OPEN FAILURE_RATE", "HALF_OPEN OPEN_TIME_OVER")


class Aio(WithBreaker):
    def run_with(self, trial: Any) -> None:
        async def main() -> None:
            interceptors = [AioBreakerInterceptor(self.breaker)]
            async with grpc.aio.insecure_channel(SERVER, interceptors=interceptors) as channel:
                await trial(quotes_pb2_grpc.QuotesStub(channel))

        asyncio.run(main())

    async def fails(self, code: StatusCode, call: Any) -> Any:
        with self.assertRaises(grpc.aio.AioRpcError) as caught:
            await call
        self.assertEqual(caught.exception.code(), code)
        return caught.exception

    def test_outcomes(self) -> None:
        async def trial(client: Any) -> None:
            self.assertEqual((await client.Get(get())).symbol, "ACME")
            await self.fails(StatusCode.NOT_FOUND, client.Get(get(StatusCode.NOT_FOUND.value[0])))
            await self.fails(StatusCode.DEADLINE_EXCEEDED, client.Get(get(delay_ms=LONG), timeout=0.3))
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.Get(get(delay_ms=LONG)), 0.3)
            call = client.Get(get(delay_ms=LONG))
            await asyncio.sleep(0.3)
            call.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await call
            # Before the channel closes, which would cancel them.
            self.assertEqual(await asyncio.to_thread(until, self.answered, 2), 2)

        self.run_with(trial)
        self.check(2, 1, 2)

    def test_open(self) -> None:
        self.trip()

        async def trial(client: Any) -> None:
            error = await self.fails(StatusCode.UNAVAILABLE, client.Get(get()))
            self.assertIsInstance(error, LocalRefusal)
            self.assertEqual(retry_delay_ns(error), error.retry_after_ns)
            self.assertEqual(await client.Get(get()).code(), StatusCode.UNAVAILABLE)

        handled = self.since("handled")
        self.run_with(trial)
        self.check(0, 4, 0, 2, "OPEN FAILURE_RATE")
        self.assertEqual(self.since("handled"), handled)


class Service(Case):
    """In Go, in front of the same server; one breaker, so that one test follows what the other left."""

    def setUp(self) -> None:
        super().setUp()
        self.first = self.state()
        self.assertEqual(self.first["state"], "CLOSED")

    def ask(self, path: str = "/quote", **headers: str) -> tuple[int, Any, dict[str, Any]]:
        host, port = SERVICE.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        try:
            connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            connection.close()

    def state(self) -> dict[str, Any]:
        return self.ask("/state")[2]

    def check(self, successes: int = 0, failures: int = 0, ignored: int = 0, refused: int = 0) -> None:
        wanted = {"successes": successes, "failures": failures, "ignored": ignored, "refused": refused, "stale": 0}

        def seen() -> dict[str, int]:
            now = self.state()
            return {name: now[name] - self.first[name] for name in wanted}

        self.assertEqual(until(seen, wanted), wanted)
        totals["calls"] += successes + failures + ignored
        totals["local refusals"] += refused

    def test_1_answers_pass(self) -> None:
        self.assertEqual(self.ask("/quote?symbol=ACME")[2]["symbol"], "ACME")
        statuses = {3: 400, 5: 404, 6: 409, 7: 403, 9: 400, 10: 409, 11: 400, 12: 501, 16: 401}
        for code, status in statuses.items():
            self.assertEqual(self.ask(f"/quote?code={code}")[0], status)
        self.check(successes=10)

    def test_2_deadlines_and_errors_are_failures(self) -> None:
        self.assertEqual(self.ask(f"/quote?delay_ms={LONG}")[0], 504)
        self.assertEqual(until(self.answered, 0), 0)
        for code in (2, 13, 15):
            self.assertEqual(self.ask(f"/quote?code={code}")[0], 500)
        self.check(failures=4)

    def test_3_a_client_that_goes_away_is_ignored(self) -> None:
        host, port = SERVICE.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port))
        connection.request("GET", "/quote?delay_ms=250")
        self.assertEqual(until(lambda: self.since("handled"), 1), 1)
        connection.close()
        self.check(ignored=1)
        self.assertEqual(until(lambda: self.since("abandoned"), 1), 1)

    def test_4_the_servers_limit_comes_through(self) -> None:
        for _ in range(1000):
            status, headers, body = self.ask(X_Tenant="trial")
            if status != 200:
                break
        self.assertEqual((status, headers["Retry-After"], body["sent"]), (429, "1", True))
        self.assertEqual(body["code"], "ResourceExhausted")
        self.check(successes=self.since("admitted"), ignored=1)

    def test_5_its_own_limit_sends_nothing(self) -> None:
        begun = time.monotonic()
        answers = [self.ask(X_Tenant="guest") for _ in range(12)]
        took = time.monotonic() - begun
        statuses = [status for status, _, _ in answers]
        passed = statuses.count(200)
        self.assertTrue(5 <= passed <= 5 + int(took + 1), statuses)
        self.assertEqual(statuses.count(429), 12 - passed)
        _, headers, body = next(answer for answer in answers if answer[0] == 429)
        self.assertEqual(headers["Retry-After"], "1")
        self.assertTrue(headers["RateLimit"].startswith('"default";r=0;t='), headers["RateLimit"])
        self.assertEqual(body["status"], 429)
        self.assertEqual(self.state()["guest_refused"], 12 - passed)
        self.assertEqual(self.since("handled"), passed)
        self.check(successes=passed)

    def test_6_failures_open_it_and_it_recovers(self) -> None:
        failures = 0
        while self.state()["state"] == "CLOSED" and failures < 100:
            status, headers, body = self.ask(f"/quote?code={UNAVAILABLE}")
            self.assertEqual((status, headers["Retry-After"], body["sent"]), (503, None, True))
            failures += 1
        self.check(failures=failures)
        status, headers, body = self.ask()
        self.assertEqual((status, headers["Retry-After"], body["sent"]), (503, "1", False))
        self.assertEqual(body["code"], "Unavailable")
        self.assertEqual(self.since("handled"), failures)
        time.sleep(1)
        self.assertEqual([self.ask()[0] for _ in range(3)], [200, 200, 200])
        self.assertEqual(
            self.state()["transitions"],
            [
                "CLOSED OPEN FAILURE_RATE",
                "OPEN HALF_OPEN OPEN_TIME_OVER",
                "HALF_OPEN CLOSED PROBES_SUCCEEDED",
            ],
        )
        totals["transitions"] += 3
        self.first["failures"] += failures
        totals["calls"] -= failures
        self.check(successes=3, refused=1)


if __name__ == "__main__":
    unittest.main()
