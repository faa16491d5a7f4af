"""The load: a source that streams as a model server does, and clients that read. Raw sockets, so that neither is what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.serving_frames import HEADER, PATHS, Plan, frames, request

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CONTENT = (b'"content":', b'"text":', b'"delta":')
STUCK = 60.0


@dataclass
class Heard:
    """What a client got: bytes, events, seconds from the request to each read (only of its first content, where not kept)."""

    events: int = 0
    size: int = 0
    first: float | None = None
    took: float = 0.0
    ended: bool = False
    raw: bytes = b""
    at: list[float] = field(default_factory=list)


class Source:
    """Answers POST with the stream that its header plans, one event a write."""

    def __init__(self, texts: dict[str, list[str]]) -> None:
        self.texts, self.port = texts, 0
        self.open = self.left = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Source:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
                fields = {name.lower(): value for name, value in fields.items()}
                await reader.readexactly(int(fields.get("content-length", 0)))
                await self._stream(Plan.parse(fields[HEADER]), reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _stream(self, plan: Plan, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            writer.write(HEAD)
            for frame in frames(plan, self.texts[plan.text]):
                if reader.at_eof() or writer.is_closing():
                    self.left += 1
                    raise ConnectionError
                writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
                await writer.drain()
                await asyncio.sleep(plan.every)
            if plan.hangs:
                await reader.read(1)
                raise ConnectionError
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        finally:
            self.open -= 1


async def ask(
    port: int, plan: Plan, *, keep: bool = False, leave: float | None = None, until: int | None = None,
    history: Sequence[dict[str, str]] = (),
) -> Heard:  # fmt: skip
    """One stream, read to its end; ``leave`` it after so many seconds, or after so many events (``until``)."""
    heard = Heard()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = request(plan.format, history)
    head = f"POST {PATHS[plan.format]} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(body)}\r\n{HEADER}: {plan}\r\nconnection: close\r\n\r\n"
    began = time.perf_counter()
    writer.write(head.encode() + body)
    parts: list[bytes] = []
    last = b""
    try:
        async with asyncio.timeout(leave):
            while data := await reader.read(1 << 16):
                now = time.perf_counter() - began
                heard.events += (last + data).count(b"data: {") - last.count(b"data: {")
                heard.size += len(data)
                if heard.first is None and any(mark in data for mark in CONTENT):
                    heard.first = now
                if keep:
                    parts.append(data)
                last = data[-6:]
                if until is not None and heard.events >= until:
                    break
            heard.ended = last.endswith(b"0\r\n\r\n")
    except TimeoutError:
        pass
    finally:
        writer.close()
    heard.took, heard.raw = time.perf_counter() - began, b"".join(parts)
    return heard


async def together(port: int, plans: Sequence[Plan]) -> list[Heard]:
    """Streams that are read at the same time; their events come evenly spread, not all at one moment."""

    async def one(number: int, plan: Plan) -> Heard:
        await asyncio.sleep(plan.every * number / len(plans))
        return await ask(port, plan)

    return list(await asyncio.gather(*(one(number, plan) for number, plan in enumerate(plans))))
