"""How much clean text several guards pass at once, and whether look-ups of concurrent streams should be gathered."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.record import percentile
from benchmarks.redis_server import Server
from simblock.guard import Guard
from simblock.stores import open_index
from simblock.text import tokenise

TOKEN = 4
"""Characters of a chunk: about what a model's token has."""
BATCH = 400
"""Characters of a larger chunk: about 64 words."""
KEYS = 2
"""Records that a step needs where it needs any, about."""
Row = dict[str, Any]


def passing(
    url: str, texts: Sequence[str], chunk: int, seconds: float, told: Any, begin: Any, warm: bool
) -> None:
    """One guard in a process of its own: streams one text after the other, for so long."""
    guard = Guard(open_index(url))
    if warm:
        for text in texts[: len(texts) // 2]:
            guard.check(text)
    begin.wait()
    words, feeds, cpu, started = 0, 0, time.process_time(), time.perf_counter()
    for text in itertools.cycle(texts):
        stream = guard.stream()
        for at in range(0, len(text), chunk):
            stream.feed(text[at : at + chunk])
            feeds += 1
        stream.finish()
        assert stream.report.error is None, stream.report.error
        words += 0 if stream.stopped else len(tokenise(text))
        if time.perf_counter() - started > seconds:
            break
    told.put((words, feeds, time.perf_counter() - started, time.process_time() - cpu))


def throughput(
    server: Server, places: dict[str, str], texts: Sequence[str], processes: Sequence[int], seconds: float
) -> list[Row]:
    """Words a second of all guards together, and what the server does meanwhile."""
    rows = []
    for (name, place), count, chunk in itertools.product(places.items(), processes, (TOKEN, BATCH)):
        context = multiprocessing.get_context("spawn")
        told, begin = context.Queue(), context.Barrier(count + 1)
        running = [
            context.Process(
                target=passing,
                args=(place, texts[one::count], chunk, seconds, told, begin, True),
                daemon=True,
            )
            for one in range(count)
        ]
        for one in running:
            one.start()
        begin.wait(300)
        used, started, before = server.cpu(), time.perf_counter(), _reads(server)
        found = [told.get(timeout=20 * seconds + 60) for _ in running]
        wall = time.perf_counter() - started
        rows.append(
            {"index": name, "guards": count, "characters a feed": chunk, "cores": os.cpu_count(),
             "words/s": round(sum(words / took for words, _, took, _ in found)),
             "µs a feed": round(statistics.fmean(took / feeds * 1e6 for _, feeds, took, _ in found), 1),
             "server's CPU, of a core": round((server.cpu() - used) / wall, 4),
             "guards' CPU, of a core": round(sum(cpu / took for _, _, took, cpu in found), 2),
             "commands/s": round((_reads(server) - before) / wall, 1)}
        )  # fmt: skip
        for one in running:
            one.join()
    return rows


def _reads(server: Server) -> int:
    """Reads of records that the server has answered."""
    found: dict[str, Any] = server.client.info("commandstats")
    return sum(int(found.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("mget", "get"))


def record_keys(server: Server, tenant: str, most: int) -> list[bytes]:
    """Keys of pages, as a look-up needs them."""
    return list(itertools.islice(server.client.scan_iter(match=f"sb:{tenant}:*:p:*", count=1000), most))


def coalescing(
    url: str, keys: Sequence[bytes], streams: Sequence[int], times: int, each: int = KEYS
) -> list[Row]:
    """Look-ups that wait at the same moment on one loop: each by its own command, and all by one."""
    return asyncio.run(_coalescing(url, keys, streams, times, each))


async def _coalescing(
    url: str, keys: Sequence[bytes], streams: Sequence[int], times: int, each: int
) -> list[Row]:
    from simblock.stores.redis.address import Address
    from simblock.stores.redis.clients import AwaitingLink

    link, rows = AwaitingLink(Address.parse(url)), []
    for count in streams:
        took: dict[str, list[float]] = {"apart": [], "together": []}
        for number in range(times):
            wanted = [
                [keys[(number * count * each + at * each + i) % len(keys)] for i in range(each)]
                for at in range(count)
            ]
            started = time.perf_counter()
            await asyncio.gather(*(link.get_many(one) for one in wanted))
            took["apart"].append((time.perf_counter() - started) * 1e6)
            started = time.perf_counter()
            await link.get_many([key for one in wanted for key in one])
            took["together"].append((time.perf_counter() - started) * 1e6)
        apart, together = (percentile(them, 0.5) for them in took.values())
        rows.append(
            {"streams that wait at once": count, "records of each": each, "rounds": times,
             "p50 µs, a command each": round(apart), "p90 µs, a command each": round(percentile(took["apart"], 0.9)),
             "p50 µs, one command": round(together), "p90 µs, one command": round(percentile(took["together"], 0.9)),
             "times faster": round(apart / together, 2)}
        )  # fmt: skip
    await link.close()
    return rows


def concurrent(url: str, texts: Sequence[str], streams: Sequence[int], chunk: int = BATCH) -> list[Row]:
    """Whole streams on one loop, of clean text: what a feed waits, and how many wait for Redis at once."""
    return [asyncio.run(_concurrent(url, texts, count, chunk)) for count in streams]


async def _concurrent(url: str, texts: Sequence[str], count: int, chunk: int) -> Row:
    from simblock.stores.redis.clients import AwaitingLink

    waiting: list[int] = []
    now, real = 0, AwaitingLink.get_many

    async def counted(link: Any, keys: Any) -> Any:
        nonlocal now
        now += 1
        waiting.append(now)
        try:
            return await real(link, keys)
        finally:
            now -= 1

    AwaitingLink.get_many = counted  # type: ignore[method-assign]
    try:
        guard, took = Guard(open_index(url)), []

        async def one(them: Sequence[str]) -> None:
            for text in them:
                stream = guard.stream()
                for at in range(0, len(text), chunk):
                    started = time.perf_counter()
                    await stream.afeed(text[at : at + chunk])
                    took.append((time.perf_counter() - started) * 1e6)
                    await asyncio.sleep(0)

        await asyncio.gather(*(one(texts[number::count]) for number in range(count)))
    finally:
        AwaitingLink.get_many = real  # type: ignore[method-assign]
    return {
        "streams": count, "feeds": len(took), "commands": len(waiting),
        "commands a feed": round(len(waiting) / len(took), 3),
        "mean that wait at once": round(statistics.fmean(waiting), 2) if waiting else 0,
        "p50 µs a feed": round(percentile(took, 0.5), 1), "p90 µs a feed": round(percentile(took, 0.9), 1),
    }  # fmt: skip
