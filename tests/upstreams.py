"""A generation server on loopback that answers what a test tells it to, and remembers what it was asked.

It is a real uvicorn in a thread: bytes, chunks and disconnects are those of a network.
"""

import asyncio
import contextlib
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field

import uvicorn

from simblock import zstd

SSE = "text/event-stream"
COMPRESS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
}


class Broken(Exception):
    """What the server raises to break a response off: the client sees the connection end inside the body."""


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """``cut``: after so many chunks the connection is broken off. ``delay``: seconds before each chunk."""

    chunks: bytes | Iterable[bytes] | AsyncIterable[bytes] | Callable = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None


@dataclass(frozen=True)
class Left:
    """A response that the client left before its end: how many chunks had gone out."""

    path: str
    chunks: int


class Upstream:
    """The server's script and its memory. ``cut`` has the responses that were left early, ``sent`` those that ended."""

    def __init__(self):
        self.url = ""
        self.requests: list[Asked] = []
        self.cut: list[Left] = []
        self.sent: list[str] = []
        self._replies: dict[str, Reply] = {}

    def replies(
        self,
        path,
        chunks,
        *,
        status=200,
        headers=None,
        delay=0.0,
        cut=None,
        type=SSE,
        compress=None,
        size=None,
    ):
        """What is answered to ``path`` from now on.

        ``chunks``: bytes, or an iterable of them, or a callable that makes one (or a :class:`Reply`) of what was
        :class:`Asked`. ``compress``: gzip, deflate or zstd; ``size``: the body is sent in pieces of so many bytes.
        """
        if compress or size:
            whole = chunks if isinstance(chunks, bytes) else b"".join(chunks)
            whole = COMPRESS[compress](whole) if compress else whole
            step = size or len(whole) or 1
            chunks = [whole[at : at + step] for at in range(0, len(whole), step)]
        sent = {
            "content-type": type,
            **({"content-encoding": compress} if compress else {}),
            **(headers or {}),
        }
        self._replies[path] = Reply(chunks, status, sent, delay, cut)

    def left(self, count=1, within=10.0):
        """Waits until ``count`` responses have been left early; whether that came about."""
        until = time.monotonic() + within
        while len(self.cut) < count and time.monotonic() < until:
            time.sleep(0.01)
        return len(self.cut) >= count

    async def __call__(self, scope, receive, send):
        asked = Asked(
            scope["method"], scope["path"], scope["query_string"].decode(),
            {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}, await _body(receive),
        )  # fmt: skip
        self.requests.append(asked)
        reply = self._replies.get(asked.path, Reply(b'{"error":{"message":"no such route"}}', 404))
        if callable(reply.chunks):
            made = reply.chunks(asked)
            reply = (
                made
                if isinstance(made, Reply)
                else Reply(made, reply.status, reply.headers, reply.delay, reply.cut)
            )
        await self._answer(asked, reply, receive, send)

    async def _answer(self, asked, reply, receive, send):
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        if isinstance(reply.chunks, bytes):
            headers.append((b"content-length", b"%d" % len(reply.chunks)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        leaving = asyncio.ensure_future(_leaves(receive))
        number = 0
        try:
            async for chunk in _each(reply.chunks):
                if reply.cut == number:
                    raise Broken
                # A pause even without a delay: else nobody is seen to leave.
                await asyncio.wait({leaving}, timeout=reply.delay)
                if leaving.done():
                    self.cut.append(Left(asked.path, number))
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                number += 1
            if reply.cut is not None and reply.cut >= number:
                raise Broken
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            self.sent.append(asked.path)
        finally:
            leaving.cancel()


async def _body(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _leaves(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def _each(chunks):
    if isinstance(chunks, bytes):
        chunks = [chunks] if chunks else []
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


@contextlib.contextmanager
def upstream():
    """A server whose answers are set by :meth:`Upstream.replies`."""
    app = Upstream()
    with served(app) as url:
        app.url = url
        yield app


@contextlib.contextmanager
def served(app, *, lifespan="off"):
    """Any ASGI application on a free port of loopback: its URL, without a slash at its end."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, log_level="critical", lifespan=lifespan, ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
