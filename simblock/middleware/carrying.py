"""Between an application and its server: messages of one response, through an exchange."""

from __future__ import annotations

from typing import Any

from simblock.middleware.types import Message, Receive, Scope, Send
from simblock.serving.exchange import Exchange, Head

PATIENCE = 64
"""Messages of a response that has ended which are swallowed; an application that goes on is then interrupted."""
UNFILTERED = frozenset({"http.response.pathsend", "http.response.zerocopysend", "http.response.push", "http.response.debug"})  # fmt: skip
"""Ways to send that go round the body."""
PASSED = frozenset({"http.response.early_hint"})
"""Messages without a body, and of no model."""


UNASKED = frozenset({b"accept-encoding", b"range", b"if-range"})
"""Headers that would have an answer come in part, or in a form that has to be undone."""


class Cut(OSError):
    """The response has ended: what servers raise where the client has left."""


async def read_body(receive: Receive, most: int) -> bytes | None:
    """The body of a request, no further than ``most`` bytes are exceeded; None where the client left."""
    parts, size, more = [], 0, True
    while more and size <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)


def asking(scope: Scope) -> Scope:
    """The scope for the application: what it answers is to come as it is, through the body."""
    headers = [pair for pair in scope["headers"] if pair[0].lower() not in UNASKED]
    extensions = {
        key: value for key, value in (scope.get("extensions") or {}).items() if key not in UNFILTERED
    }
    return {**scope, "headers": headers, "extensions": extensions}


class Carrier:
    """The ``receive`` and ``send`` that an application gets for one request."""

    def __init__(self, exchange: Exchange, body: bytes, receive: Receive, send: Send) -> None:
        self._exchange, self._receive, self._send = exchange, receive, send
        self._body: bytes | None = body
        self._started = self._ended = self._gone = False
        self._swallowed = 0

    async def receive(self) -> Message:
        """The body that was read already; then what the server says, so that a client that leaves is felt."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._gone = not self._ended
        return message

    async def send(self, message: Message) -> None:
        """Takes a message of the application; sends on what may go out."""
        kind = message["type"]
        if self._ended:
            self._swallow()
        elif kind == "http.response.start":
            await self._start(self._exchange.head(message["status"], message.get("headers") or ()))
        elif kind == "http.response.body":
            await self._take(message.get("body", b""), more=message.get("more_body", False))
        elif kind in PASSED:
            await self._send(message)

    async def _take(self, body: bytes, *, more: bool) -> None:
        exchange = self._exchange
        out = await exchange.afeed(body) if body else b""
        if exchange.broken:
            raise Cut("what the application sent cannot be read")
        if more and not exchange.over:
            if out:
                await self._send({"type": "http.response.body", "body": out, "more_body": True})
            return
        out += await exchange.afinish()
        await self._start(exchange.answer_head)
        self._ended = True
        self.close()
        await self._send({"type": "http.response.body", "body": out, "more_body": False})

    async def _start(self, head: Head | None) -> None:
        if self._started or head is None:
            return
        self._started = True
        start: dict[str, Any] = {
            "type": "http.response.start",
            "status": head.status,
            "headers": head.headers,
        }
        await self._send(start)

    def _swallow(self) -> None:
        self._swallowed += 1
        if self._swallowed > PATIENCE:
            raise Cut("the response has ended")

    def end(self) -> None:
        """The application has returned: a response that it left open is broken off, unless its client is gone."""
        if not self._ended:
            self.close(failed="broken off")

    def close(self, failed: str | None = None) -> None:
        """Tells what became of the response, once."""
        self._exchange.close(gone=self._gone, failed=None if self._gone else failed)
