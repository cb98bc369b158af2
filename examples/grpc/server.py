# SPDX-License-Identifier: BSD-2-Clause
"""A gRPC server of quotes behind a limit a tenant: server.py [ADDRESS]."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import quotes_pb2
import quotes_pb2_grpc
import rheo

from interceptors import LimitInterceptor

CODES = {code.value[0]: code for code in grpc.StatusCode}
HANDLED, ABANDONED = 0, 1

everybody = rheo.Bucket(rate=1000, burst=1000)
trial = rheo.Bucket(rate=4, burst=3)
LIMITS = {"trial": rheo.Guard(None, trial, everybody)}
DEFAULT = rheo.Guard(None, everybody)


def limit_of(call: grpc.HandlerCallDetails) -> rheo.Guard | None:
    if call.method.endswith("/Count"):
        return None
    return LIMITS.get(str(dict(call.invocation_metadata).get("x-tenant")), DEFAULT)


class Call:
    """A call that is waited for, until it is answered."""

    def __init__(self, seen: rheo.Counter, context: grpc.ServicerContext) -> None:
        self._seen = seen
        self._context = context
        self._over = threading.Event()
        self.answered = False
        seen.add(HANDLED)
        if not context.add_callback(self._end):
            self._end()

    def _end(self) -> None:
        if not self.answered:
            self._seen.add(ABANDONED)
        self._over.set()

    def quote(self, request: quotes_pb2.GetRequest) -> quotes_pb2.Quote:
        if self._over.wait(request.delay_ms / 1000):
            self._context.abort(grpc.StatusCode.CANCELLED, "nobody waits for it")
        if request.code:
            self.answered = True
            self._context.abort(CODES[request.code], "as asked")
        return quotes_pb2.Quote(symbol=request.symbol, cents=time.time_ns() % 10_000)


class Quotes(quotes_pb2_grpc.QuotesServicer):
    def __init__(self) -> None:
        self._seen = rheo.Counter(2)

    def Get(self, request: quotes_pb2.GetRequest, context: grpc.ServicerContext) -> quotes_pb2.Quote:
        call = Call(self._seen, context)
        quote = call.quote(request)
        call.answered = True
        return quote

    def Watch(self, request: quotes_pb2.GetRequest, context: grpc.ServicerContext) -> Iterator[quotes_pb2.Quote]:
        call = Call(self._seen, context)
        for _ in range(5):
            yield call.quote(request)
        call.answered = True

    def Count(self, request: quotes_pb2.CountRequest, context: grpc.ServicerContext) -> quotes_pb2.Counts:
        stats = trial.stats()
        return quotes_pb2.Counts(
            handled=self._seen.read(HANDLED),
            abandoned=self._seen.read(ABANDONED),
            admitted=stats.admitted - stats.refunded,
            refused=stats.refused_rate,
        )


def main(address: str = "127.0.0.1:0") -> None:
    server = grpc.server(ThreadPoolExecutor(32), interceptors=[LimitInterceptor(limit_of)])
    quotes_pb2_grpc.add_QuotesServicer_to_server(Quotes(), server)
    port = server.add_insecure_port(address)
    server.start()
    print(f"listening on {address.rsplit(':', 1)[0]}:{port}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop(None).wait()


if __name__ == "__main__":
    # Before any thread begins: all of them take it over.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(*sys.argv[1:])
