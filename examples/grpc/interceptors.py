# SPDX-License-Identifier: BSD-2-Clause
"""Interceptors for grpcio: a limit before a server's methods, a breaker around a client's calls.

    server = grpc.server(pool, interceptors=[LimitInterceptor(lambda call: guard)])
    channel = grpc.intercept_channel(channel, BreakerInterceptor(breaker))
    channel = grpc.aio.insecure_channel(target, interceptors=[AioBreakerInterceptor(breaker)])

Delays are told as google.rpc.RetryInfo in the status, which `rpc_status.from_call` of grpcio-status reads.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from grpc_status import rpc_status
from rheo import FOREVER, Breaker, BreakerOpen, Guard, Outcome, Verdict

# What says that the other side is ill is a failure; what says nothing of it is ignored: the
# caller's own cancelling, and a limit, which trips no breaker, as waiting is what cures it.
# Any other code is an answer (NOT_FOUND, INVALID_ARGUMENT, ...) and as good as OK.
OUTCOMES = {
    StatusCode.UNAVAILABLE: Outcome.FAILURE,
    StatusCode.DEADLINE_EXCEEDED: Outcome.FAILURE,
    StatusCode.INTERNAL: Outcome.FAILURE,
    StatusCode.UNKNOWN: Outcome.FAILURE,
    StatusCode.DATA_LOSS: Outcome.FAILURE,
    StatusCode.CANCELLED: Outcome.IGNORED,
    StatusCode.RESOURCE_EXHAUSTED: Outcome.IGNORED,
}
OutcomeOf = Callable[[StatusCode], int]


def outcome_of(code: StatusCode) -> int:
    """What the breakers' outcome_of is by default."""
    return OUTCOMES.get(code, Outcome.SUCCESS)


def rich_status(code: StatusCode, message: str, retry_after_ns: int) -> grpc.Status:
    """A status with google.rpc.RetryInfo in its details, for grpc_status's from_call and its like elsewhere."""
    status = Status(code=code.value[0], message=message)
    if retry_after_ns != FOREVER:
        delay = Duration()
        delay.FromNanoseconds(retry_after_ns)
        detail = AnyMessage()
        detail.Pack(RetryInfo(retry_delay=delay))
        status.details.append(detail)
    return rpc_status.to_status(status)


HANDLERS = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


class LimitInterceptor(grpc.ServerInterceptor):
    """Asks a guard before each call; `choose` says which, or None for no limit.

    The guard has buckets only: a breaker belongs to the caller's side. A refused call ends with
    RESOURCE_EXHAUSTED, RetryInfo, and in grpc-retry-pushback-ms what gRPC's own retries go by.
    """

    def __init__(self, choose: Callable[[grpc.HandlerCallDetails], Guard | None]) -> None:
        self._choose = choose

    def intercept_service(self, continuation: Any, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        handler = continuation(call)
        guard = self._choose(call)
        if handler is None or guard is None:
            return handler
        verdict = guard.try_acquire()
        return handler if verdict else self._refuser(handler, verdict)

    @staticmethod
    def _refuser(handler: Any, verdict: Verdict) -> grpc.RpcMethodHandler:
        wait_ns = verdict.retry_after_ns

        def refuse(request: Any, context: grpc.ServicerContext) -> NoReturn:
            status = rich_status(StatusCode.RESOURCE_EXHAUSTED, "not enough tokens now", wait_ns)
            # Below 0 is "not at all". Rounded up, as a retry even a little too early is refused again.
            pushback = -1 if wait_ns == FOREVER else -(-wait_ns // 1_000_000)
            context.set_trailing_metadata((*status.trailing_metadata, ("grpc-retry-pushback-ms", str(pushback))))
            context.abort(status.code, status.details)
            raise AssertionError("abort raises")

        return HANDLERS[handler.request_streaming, handler.response_streaming](refuse)


class LocalRefusal(grpc.RpcError):
    """The breaker refused: UNAVAILABLE, and nothing was sent. A call made `retry_after_ns` later may pass."""

    retry_after_ns: int


class AioLocalRefusal(grpc.aio.AioRpcError, LocalRefusal):
    def __init__(self, status: grpc.Status, retry_after_ns: int) -> None:
        metadata = grpc.aio.Metadata
        super().__init__(status.code, metadata(), metadata(*status.trailing_metadata), status.details)
        self.retry_after_ns = retry_after_ns


class CallRefusal(LocalRefusal, grpc.Call, grpc.Future):
    """An error, and a call that ended with it, as those of grpc's that fail before they begin."""

    def __init__(self, status: grpc.Status, retry_after_ns: int) -> None:
        super().__init__(status.details)
        self._status = status
        self.retry_after_ns = retry_after_ns

    def code(self) -> StatusCode:
        return self._status.code

    def details(self) -> str:
        return self._status.details

    def initial_metadata(self) -> tuple[()]:
        return ()

    def trailing_metadata(self) -> Any:
        return self._status.trailing_metadata

    def is_active(self) -> bool:
        return False

    running = cancel = cancelled = is_active

    def done(self) -> bool:
        return True

    def time_remaining(self) -> None:
        return None

    def add_callback(self, callback: Any) -> bool:
        return False

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)

    def exception(self, timeout: float | None = None) -> CallRefusal:
        return self

    def traceback(self, timeout: float | None = None) -> Any:
        return self.__traceback__

    def result(self, timeout: float | None = None) -> NoReturn:
        raise self

    def __iter__(self) -> CallRefusal:
        return self

    def __next__(self) -> NoReturn:
        raise self


class _Calls:
    """A breaker, and how calls end. Each permit is reported once: at the end of its call."""

    def __init__(self, breaker: Breaker, outcome_of: OutcomeOf = outcome_of) -> None:
        self._breaker = breaker
        self._outcome_of = outcome_of

    def _refusal(self, kind: Any, refused: BreakerOpen) -> Any:
        wait_ns = refused.retry_after_ns
        return kind(rich_status(StatusCode.UNAVAILABLE, f"not sent: {refused}", wait_ns), wait_ns)

    def _ended(self, permit: int, code: StatusCode) -> None:
        self._breaker.record(permit, self._outcome_of(code))

    def _raised(self, permit: int, error: BaseException) -> None:
        """A status, or it was never made (another breaker inside, a mistake), or broken off (Ctrl-C)."""
        if isinstance(error, (grpc.Call, grpc.aio.AioRpcError)) and not isinstance(error, LocalRefusal):
            self._ended(permit, error.code())
        elif isinstance(error, Exception):
            self._breaker.cancel(permit)
        else:
            self._breaker.record(permit, Outcome.IGNORED)


class BreakerInterceptor(_Calls, grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """A breaker around calls with one request: blocking, futures, streams of answers.

    A refused call is a LocalRefusal. A future or stream that its caller drops is cancelled by grpc,
    and ignored; one that is kept and never ends keeps its permit, so give each call a timeout.
    Retries of gRPC's own are inside: together one call. Of a slow stream the whole time counts.
    """

    def _intercept(self, continuation: Any, details: grpc.ClientCallDetails, request: Any) -> Any:
        try:
            permit = self._breaker.acquire()
        except BreakerOpen as refused:
            return self._refusal(CallRefusal, refused)
        try:
            call = continuation(details, request)
        except BaseException as error:
            self._raised(permit, error)
            raise
        if call.done() and not call.cancelled():
            failure = call.exception()
            if failure is None:
                self._ended(permit, call.code())
            else:
                self._raised(permit, failure)
            return call
        # A strong reference in the callback would keep a dropped call from being collected, and so
        # from being cancelled.
        watched = weakref.ref(call)

        def ended() -> None:
            call = watched()
            self._ended(permit, StatusCode.CANCELLED if call is None else call.code())

        if not call.add_callback(ended):
            ended()
        return call

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return self._intercept(continuation, client_call_details, request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return self._intercept(continuation, client_call_details, request)


class AioBreakerInterceptor(_Calls, grpc.aio.UnaryUnaryClientInterceptor):
    """The same for grpc.aio's calls with one request and one answer.

    Time limits belong into the call (timeout=): to asyncio.timeout around it, it looks cancelled.
    """

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        try:
            permit = self._breaker.acquire()
        except BreakerOpen as refused:
            raise self._refusal(AioLocalRefusal, refused) from None
        call = None
        try:
            call = await continuation(client_call_details, request)
            code = await call.code()
        except BaseException as error:
            if call is not None:
                call.cancel()
            self._raised(permit, error)
            raise
        self._ended(permit, code)
        return call
