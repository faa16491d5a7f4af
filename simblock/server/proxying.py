"""The filtering proxy: requests go on to the upstream, answers come back through an exchange.

Bare ASGI, since an event of a stream has microseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.errors import InputError, Unavailable
from simblock.server.answering import (
    ClientGone,
    Message,
    RawHeaders,
    Receive,
    Refused,
    Scope,
    Send,
    body_of,
    header,
)
from simblock.server.upstream import HOP_BY_HOP, Answer, Upstream, UpstreamError, named_by_connection
from simblock.serving.routes import Route

if TYPE_CHECKING:
    from simblock.serving.exchange import Exchange
    from simblock.serving.gate import Gate

_ENDED: Message = {"type": "http.response.body", "body": b""}
_IDENTITY = (b"accept-encoding", b"identity")
_UNASKED = frozenset({b"accept-encoding", b"range", b"if-range"})
"""Headers that would have a part of an answer come, or in a form that has to be undone."""
_OF_THE_BODY = frozenset({b"content-length", b"content-encoding"})
"""Headers that another body does not have: it is plain JSON."""
_OURS = HOP_BY_HOP | {b"host", b"expect"}
"""Headers of a request that are not sent on: the upstream's own are made anew."""


class Request(NamedTuple):
    """What the upstream is asked: ``target`` is path and query as they came."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Proxy:
    """Passes, filters or refuses, as the gate's routes say.

    A request that is filtered is read whole, for what the client says itself is free: up to the settings' ``max_body``.
    """

    def __init__(self, gate: Gate, upstream: Upstream) -> None:
        self._gate, self._upstream = gate, upstream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Refused, ClientGone, UpstreamError, all of them before anything was answered."""
        gate = self._gate
        path, headers = scope.get("raw_path") or scope["path"].encode(), scope["headers"]
        route = gate.route(scope["method"], path, headers)
        if route.kind == "refuse":
            raise Refused(403, "route_refused", f"{scope['method']} was refused: {route.why}")
        if b"websocket" in (header(headers, b"upgrade") or b"").lower():
            gate.events.refused("websocket")
            raise Refused(403, "route_refused", "websockets are refused: what they carry is not filtered")
        target = _target(path, scope["query_string"])
        if route.kind == "pass":
            await self._pass(scope, target, receive, send)
        else:
            await self._filter(route, scope, target, receive, send)

    async def _pass(self, scope: Scope, target: bytes, receive: Receive, send: Send) -> None:
        """Both ways as they come, in chunks."""
        read = asyncio.Event()
        sized = any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])
        body = _chunks(receive, read) if sized else None
        if not sized:
            read.set()

        async def pump() -> None:
            headers = _passed_on(scope["headers"])
            async with self._upstream.ask(scope["method"], target, headers, body) as answer:
                await _send_head(send, answer.status, answer.headers)
                async for chunk in answer.chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send(_ENDED)

        await _until_gone(pump(), receive, read)

    async def _filter(self, route: Route, scope: Scope, target: bytes, receive: Receive, send: Send) -> None:
        gate = self._gate
        body = await body_of(receive, gate.settings.max_body)
        headers = _passed_on(scope["headers"])
        try:
            exchange = await gate.aexchange(route, headers, body)
        except InputError as error:
            raise Refused(400, "invalid_request", str(error)) from None
        except Unavailable as error:
            raise Refused(503, "unavailable", str(error)) from None
        sent = [*((name, value) for name, value in headers if name not in _UNASKED), _IDENTITY]
        exchange.again = self._again(scope["method"], target, sent)
        pump = self._pump(exchange, Request(scope["method"], target, sent, body), send)
        read = asyncio.Event()
        read.set()
        gone, failed = True, None
        try:
            await _until_gone(pump, receive, read)
            gone = False
        except UpstreamError as error:
            gone, failed = False, None if exchange.broken else error.code
            raise
        except ClientGone:
            raise
        except Exception:
            gone, failed = False, "internal"
            raise
        finally:
            exchange.close(gone=gone, failed=failed)

    async def _pump(self, exchange: Exchange, request: Request, send: Send) -> None:
        """Feeds the exchange what comes and sends what it gives.

        Where the upstream breaks off, what is not known to be clean stays here, and the client sees no end.
        """
        method, target, headers, body = request
        async with self._upstream.ask(method, target, headers, body or None) as answer:
            head = exchange.head(answer.status, answer.headers)
            if head is not None:
                await _send_head(send, *head)
            await _relay(exchange, answer, send)
        if exchange.broken:
            raise UpstreamError(502, "upstream_malformed", "the model server's answer cannot be read")
        out = await exchange.afinish()
        if head is None and exchange.answer_head is not None:
            await _send_head(send, *exchange.answer_head)
        await send({"type": "http.response.body", "body": out})

    def _again(
        self, method: str, target: bytes, headers: RawHeaders
    ) -> Callable[[bytes], Coroutine[Any, Any, tuple[int, bytes]]]:
        """Asks the same route with another body, as the same client."""
        sent = [(name, value) for name, value in headers if name not in _OF_THE_BODY]

        async def again(body: bytes) -> tuple[int, bytes]:
            async with self._upstream.ask(method, target, sent, body) as answer:
                return answer.status, await answer.read()

        return again


async def _relay(exchange: Exchange, answer: Answer, send: Send) -> None:
    if exchange.over:
        return
    feed = exchange.afeed
    async for chunk in answer.chunks:
        if out := await feed(chunk):
            await send({"type": "http.response.body", "body": out, "more_body": True})
        if exchange.over:
            return


async def _until_gone(pump: Coroutine[Any, Any, None], receive: Receive, read: asyncio.Event) -> None:
    """Runs the pump to its end, or until the client leaves. Raises ClientGone, and what the pump raises."""
    work = asyncio.ensure_future(pump)
    left = asyncio.ensure_future(_left(receive, read))
    try:
        await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ClientGone
        work.result()
    finally:
        for task in (work, left):
            task.cancel()
        await asyncio.gather(work, left, return_exceptions=True)


async def _left(receive: Receive, read: asyncio.Event) -> None:
    await read.wait()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _chunks(receive: Receive, read: asyncio.Event) -> AsyncIterator[bytes]:
    """A request's body as it comes; ``read`` is set when nothing more will."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            read.set()  # whoever waits for the client to leave ends all of it, this too
            await asyncio.Event().wait()
        if chunk := message.get("body"):
            yield chunk
        if not message.get("more_body"):
            read.set()
            return


async def _send_head(send: Send, status: int, headers: RawHeaders) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


def _passed_on(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """A request's headers for the upstream."""
    headers = list(headers)
    dropped = _OURS | named_by_connection(headers)
    if header(headers, b"transfer-encoding") is not None:
        dropped |= {b"content-length"}  # of the two it does not count (RFC 9112, 6.3)
    return [(name.lower(), value) for name, value in headers if name.lower() not in dropped]


def _target(path: bytes, query: bytes) -> bytes:
    return path + b"?" + query if query else path


__all__ = ["Proxy"]
