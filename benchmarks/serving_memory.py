"""What a stream takes of memory: many that are open, and one that is long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from benchmarks.serving_frames import HEADER, PATHS, Plan, request
from benchmarks.serving_load import ask
from benchmarks.serving_servers import Process

OPEN = 500
SAID = 200
"""Events that each open stream has said."""
LONG = 100_000


async def open_streams(
    servers: Mapping[str, Process], against: Mapping[str, str], count: int = OPEN
) -> list[dict[str, Any]]:
    """kB a stream of many that are open, and of what is added to a server without the filter."""
    found = {name: await _open(server, count) for name, server in servers.items()}
    rows = []
    for name, kept in found.items():
        base = against.get(name)
        rows.append({"server": name, "open streams": count, "events of each": SAID, "kB a stream": round(kept / 1000, 1),
                     "over": base or "", "added kB a stream": round((kept - found[base]) / 1000, 1) if base else ""})  # fmt: skip
    return rows


async def _open(server: Process, count: int) -> float:
    """Bytes a stream; those before are warm-up."""
    await _held(server, 40)
    before = server.resident()
    return (await _held(server, count) - before) / count


async def _held(server: Process, count: int) -> int:
    """Resident bytes while so many streams are open, all of which have said what they say."""
    waiting, reached = asyncio.Event(), asyncio.Semaphore(0)
    tasks = [asyncio.ensure_future(_one(server.port, number, reached, waiting)) for number in range(count)]
    for _ in range(count):
        await reached.acquire()
    await asyncio.sleep(1)
    kept = server.resident()
    waiting.set()
    await asyncio.gather(*tasks)
    await asyncio.sleep(1)
    return kept


async def _one(port: int, number: int, reached: asyncio.Semaphore, waiting: asyncio.Event) -> None:
    """Reads a stream's events, then nothing more, until all are let go."""
    plan = Plan(SAID, 0.02, 997 * number, hangs=True)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = request(plan.format)
    writer.write(
        f"POST {PATHS[plan.format]} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n{HEADER}: {plan}\r\n\r\n".encode()
        + body
    )
    events = 0
    while events < SAID:
        data = await asyncio.wait_for(reader.read(1 << 16), 60)
        if not data:
            raise ConnectionError("a stream ended that was to stay open")
        events += data.count(b"data: {")
    reached.release()
    await waiting.wait()
    writer.close()


async def long_stream(servers: Mapping[str, Process], events: int = LONG) -> list[dict[str, Any]]:
    """Memory over one stream, at a tenth of it and at its end; one as long has gone before, for what a process keeps."""
    rows = []
    for name, server in servers.items():
        await ask(server.port, Plan(events, start=11))
        before = server.resident()
        task = asyncio.ensure_future(ask(server.port, Plan(events, start=11)))
        kept = []
        while not task.done():
            kept.append(server.resident())
            await asyncio.sleep(0.25)
        heard = task.result()
        assert heard.ended, "the stream did not end"
        tenth = kept[min(max(len(kept) // 10, 1), len(kept) - 1)]
        rows.append(
            {"server": name, "events": heard.events, "kB over before, at a tenth": round((tenth - before) / 1000),
             "at the end": round((kept[-1] - before) / 1000), "most": round((max(kept) - before) / 1000),
             "grown from a tenth on, kB": round((kept[-1] - tenth) / 1000)}
        )  # fmt: skip
    return rows
