"""Hours in minutes: clients that leave at random, an index that changes, a Redis that is killed and comes back.

Everything is looked at: whether a word of a protected work went out, whether a stream was left hanging, and whether
the proxy grows. Strict, so that not one word may go out.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.record import percentile
from benchmarks.redis_server import Server
from benchmarks.serving_frames import Plan, tokens
from benchmarks.serving_load import Source, ask
from benchmarks.serving_servers import CORE, Process, proxy
from simblock.errors import SimblockError
from simblock.stores.opening import create_writer, open_writer
from simblock.work import Document, Work

CLIENTS = 24
EVERY = 0.004
PATIENCE = 45.0
"""Seconds after which a stream that should have taken two is stuck."""
CHANGE, KILL = 7.0, 75.0
"""Seconds between two changes of the index, and between two deaths of its server."""
DOWN = 4.0
TENANT = "soak"
"""Of the index, of which the proxy keeps no records in memory: else it would hardly notice a death."""
PROTECTED = re.compile(rb"[\xce\xcf][\x80-\xbf]")
"""Works are written in Greek letters and nothing else is: any such letter that goes out is a leak."""
_SYLLABLES = [c + v for c in "βγδζθλμξπσφψ" for v in "εηω"]
_LATIN = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]


def _words(rng: random.Random, syllables: list[str], count: int) -> str:
    return " ".join("".join(rng.choices(syllables, k=rng.choice((2, 3, 4)))) for _ in range(count))


class Soak:
    """What runs together, and what was counted."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.rng = random.Random(3)
        self.works = {f"work-{number}": _words(self.rng, _SYLLABLES, 400) for number in range(40)}
        self.folder, self.seconds, self.until = folder, seconds, 0.0
        self.server = Server(folder, "--appendonly", "yes")
        self.counts: Counter[str] = Counter()
        self.memory: list[int] = []
        self.texts = self._texts()

    def _texts(self) -> dict[str, list[str]]:
        clean = _words(self.rng, _LATIN, 2000)
        made = {"clean": tokens(clean)}
        for name, text in self.works.items():
            words = text.split()
            begin = self.rng.randrange(0, 300)
            said = f"{_words(self.rng, _LATIN, 60)} {' '.join(words[begin : begin + 90])} {_words(self.rng, _LATIN, 60)}"
            made[name] = tokens(said)
        return made

    @property
    def running(self) -> bool:
        return time.monotonic() < self.until

    async def client(self, port: int, number: int) -> None:
        """One stream after the other: some copy, some are left in their midst."""
        rng = random.Random(number)
        while self.running:
            name = rng.choice(["clean", *self.works])
            if rng.random() < 0.4:
                name = "clean"
            plan = Plan(len(self.texts[name]) if name != "clean" else 400, EVERY, text=name)
            until = rng.randrange(1, plan.events) if rng.random() < 0.3 else None
            heard = await ask(port, plan, keep=True, leave=PATIENCE, until=until)
            self._judge(name, plan, until, heard)

    def _judge(self, name: str, plan: Plan, until: int | None, heard: Any) -> None:
        self.counts["streams"] += 1
        self.counts["events"] += heard.events
        self.counts["letters of works that went out"] += len(PROTECTED.findall(heard.raw))
        if until is not None and heard.took < PATIENCE:
            self.counts["left by the client"] += 1
        elif heard.took >= PATIENCE:
            self.counts["stuck"] += 1
        elif not heard.ended:
            self.counts["broken off"] += 1
        elif b'"unavailable"' in heard.raw:
            self.counts["stopped, the index could not answer"] += 1
        elif name == "clean":
            whole = heard.events == plan.events
            self.counts["clean, whole" if whole else "clean, not whole"] += 1
        else:
            stopped = b'"protected"' in heard.raw
            self.counts["copies, stopped" if stopped else "copies, not stopped"] += 1

    async def changes(self) -> None:
        """Works come and go; those that clients copy stay."""
        number = 0
        while self.running:
            await asyncio.sleep(CHANGE)
            number += 1
            try:
                await asyncio.to_thread(self._change, number)
                self.counts["changes of the index"] += 1
            except (SimblockError, OSError):
                self.counts["changes that failed"] += 1

    def _change(self, number: int) -> None:
        rng = random.Random(number)
        with open_writer(self.server.url(TENANT)) as writer:
            writer.put([Document(Work(f"passing-{number % 7}"), _words(rng, _SYLLABLES, 300))])
            if number % 3 == 0:
                writer.remove([f"passing-{(number + 1) % 7}"])
            writer.commit()

    async def deaths(self) -> None:
        """Redis is killed, and comes back with its data."""
        while self.running:
            await asyncio.sleep(KILL)
            if not self.running:
                return
            await asyncio.to_thread(self.server.kill)
            await asyncio.sleep(DOWN)
            await asyncio.to_thread(self.server.start)
            self.counts["deaths of Redis"] += 1

    async def watch(self, process: Process) -> None:
        while self.running:
            self.memory.append(process.resident())
            await asyncio.sleep(2)


async def soak(folder: Path, minutes: float) -> list[dict[str, Any]]:
    """A row of what was counted."""
    it = Soak(folder, minutes * 60)
    with it.server:
        return [await _soaked(it, folder, minutes)]


async def _soaked(it: Soak, folder: Path, minutes: float) -> dict[str, Any]:
    with create_writer(it.server.url(TENANT)) as writer:
        writer.put([Document(Work(name), text) for name, text in it.works.items()])
        writer.commit()
    policy = folder / "policy.toml"
    policy.write_text("max_leak = 0\n")
    async with Source(it.texts) as source:
        upstream = f"http://127.0.0.1:{source.port}"
        with proxy(upstream, it.server.url(TENANT, pages=0), "--policy", str(policy), core=CORE) as process:
            it.until = time.monotonic() + it.seconds
            them = [it.client(process.port, number) for number in range(CLIENTS)]
            await asyncio.gather(*them, it.changes(), it.deaths(), it.watch(process))
            await asyncio.sleep(5)
            left = source.open
            end = process.resident()
    return _row(it, minutes, left, end, max(len(it.memory) // 4, 1))


def _row(it: Soak, minutes: float, left: int, end: int, quarter: int) -> dict[str, Any]:
    names = (
        "streams", "events", "left by the client", "clean, whole", "clean, not whole", "copies, stopped",
        "copies, not stopped", "stopped, the index could not answer", "broken off", "stuck",
        "letters of works that went out", "changes of the index", "changes that failed", "deaths of Redis",
    )  # fmt: skip
    second = percentile(it.memory[quarter : 2 * quarter], 0.5)
    last = percentile(it.memory[-quarter:], 0.5)
    return {
        "minutes": minutes, "clients": CLIENTS, **{name: it.counts[name] for name in names},
        "streams of the upstream still open at the end": left,
        "MB, second quarter": round(second / 1e6, 1), "MB, last quarter": round(last / 1e6, 1),
        "MB at the end": round(end / 1e6, 1),
    }  # fmt: skip
