"""How much clean text several guards pass at once, and what the server does for it."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.redis_server import Server
from simblock.guard import Guard
from simblock.stores import open_index
from simblock.text import tokenise

TOKEN = 4
"""Characters of a chunk: about what a model's token has."""
BATCH = 400
"""Characters of a larger chunk: about 64 words."""
Row = dict[str, Any]


def passing(url: str, texts: Sequence[str], chunk: int, seconds: float, told: Any, begin: Any) -> None:
    """One guard in a process of its own: warmed by half of the texts, it streams the others, for so long."""
    guard, half = Guard(open_index(url)), len(texts) // 2
    for text in texts[:half]:
        guard.check(text)
    begin.wait()
    words, feeds, lost, cpu, started = 0, 0, 0, time.process_time(), time.perf_counter()
    for text in itertools.cycle(texts[half:]):
        stream = guard.stream()
        for at in range(0, len(text), chunk):
            stream.feed(text[at : at + chunk])
            feeds += 1
        stream.finish()
        lost += stream.report.error is not None
        words += 0 if stream.stopped else len(tokenise(text))
        if time.perf_counter() - started > seconds:
            break
    told.put((words, feeds, lost, time.perf_counter() - started, time.process_time() - cpu))


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
                target=passing, args=(place, texts[one::count], chunk, seconds, told, begin), daemon=True
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
             "words/s": round(sum(words / took for words, _, _, took, _ in found)),
             "µs a feed": round(statistics.fmean(took / feeds * 1e6 for _, feeds, _, took, _ in found), 1),
             "streams lost": sum(lost for _, _, lost, _, _ in found),
             "server's CPU, of a core": round((server.cpu() - used) / wall, 4),
             "guards' CPU, of a core": round(sum(cpu / took for _, _, _, took, cpu in found), 2),
             "commands/s": round((_reads(server) - before) / wall, 1)}
        )  # fmt: skip
        for one in running:
            one.join()
    return rows


def _reads(server: Server) -> int:
    """Reads of records that the server has answered."""
    found: dict[str, Any] = server.client.info("commandstats")
    return sum(int(found.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("mget", "get"))
