"""Whether look-ups of streams that share an event loop should be gathered into one command."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from benchmarks.record import percentile
from benchmarks.redis_fleet import BATCH
from benchmarks.redis_server import Server
from simblock.guard import Guard
from simblock.stores import open_index
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import AwaitingLink

KEYS = 2
"""Records that a step needs where it needs any, about."""
Row = dict[str, Any]


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


def concurrent(
    url: str, texts: Sequence[str], streams: Sequence[int], commands: Sequence[Row], chunk: int = BATCH
) -> list[Row]:
    """Whole streams of clean text on one loop, and what gathering their commands would save of its time."""
    rows = []
    for count, one in zip(streams, commands, strict=True):
        saved = (one["p50 µs, a command each"] - one["p50 µs, one command"]) / count
        rows += asyncio.run(_concurrent(url, texts, count, chunk, saved))
    return rows


class Waiting:
    """Counts how many look-ups of an event loop wait for Redis at once, while it is entered."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self._now = 0
        self._real = AwaitingLink.get_many

    def __enter__(self) -> Waiting:
        real = self._real

        async def counted(link: AwaitingLink, keys: Sequence[bytes]) -> list[bytes | None]:
            self._now += 1
            self.counts.append(self._now)
            try:
                return await real(link, keys)
            finally:
                self._now -= 1

        AwaitingLink.get_many = counted  # type: ignore[method-assign]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        AwaitingLink.get_many = self._real  # type: ignore[method-assign]


async def _concurrent(url: str, texts: Sequence[str], count: int, chunk: int, saved: float) -> list[Row]:
    index, half, rows = open_index(url), len(texts) // 2, []
    guard = Guard(index)
    for state, them in (("cold", texts[:half]), ("warm", texts[half:])):
        with Waiting() as waiting:
            started = time.perf_counter()
            fed = await asyncio.gather(*(_streams(guard, them[one::count], chunk) for one in range(count)))
            wall, feeds = (time.perf_counter() - started) * 1e6, sum(fed)
        share = len(waiting.counts) / feeds
        rows.append(
            {"streams": count, "cache": state, "feeds": feeds, "commands a feed": round(share, 3),
             "mean that wait at once": round(statistics.fmean(waiting.counts), 1) if waiting.counts else 0,
             "µs of the loop a feed": round(wall / feeds, 1),
             "µs that gathering would save": round(share * saved, 1),
             "of the loop's time": round(share * saved * feeds / wall, 4)}
        )  # fmt: skip
    await index.aclose()  # type: ignore[attr-defined]
    return rows


async def _streams(guard: Guard, texts: Sequence[str], chunk: int) -> int:
    """Streams some texts, one after the other; how many chunks were fed."""
    feeds = 0
    for text in texts:
        stream = guard.stream()
        for at in range(0, len(text), chunk):
            await stream.afeed(text[at : at + chunk])
            await asyncio.sleep(0)
            feeds += 1
    return feeds
