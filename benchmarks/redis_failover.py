"""How soon guards answer again after their server was killed and came back with its data.

An outage counts only where each guard felt it: it lost an answer that it asked for after the kill and before the
server was back. So guards keep no records (``pages=0``), each copy that is checked needs some, and the server stays
away until they have lost one. A kill that some guard did not feel is told by itself, and is in no figure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.record import percentile
from benchmarks.redis_sentinel import Group
from benchmarks.redis_server import Server
from simblock.guard import Guard
from simblock.stores import open_index

PERSISTENCE = {
    "append-only file": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "snapshot (RDB)": ("--save", "3600 1"),
}
DOWN = 1.0
"""Seconds that the server stays away."""
BETWEEN = 0.002
"""Seconds between two answers that a guard checks."""
SURE = 20
"""Normal answers in a row after which a guard is believed."""
PATIENCE = 30.0
FELT = 10.0
"""Seconds in which a guard has to miss a server that is away."""
Row = dict[str, Any]
Copy = tuple[str, str]
"""(work, text)."""


class Seen(NamedTuple):
    """An answer of a guard: when it was asked and told (s), and whether with a verdict."""

    asked: float
    told: float
    normal: bool


class Watched(threading.Thread):
    """A guard that checks one copy after the other, and remembers how each went."""

    def __init__(self, url: str, copies: Sequence[Copy]) -> None:
        super().__init__(daemon=True)
        self._index = open_index(url)
        self._guard = Guard(self._index)
        self._copies = copies
        self._over = threading.Event()
        self.seen: list[Seen] = []

    def run(self) -> None:
        number = 0
        while not self._over.wait(BETWEEN):
            work, text = self._copies[number % len(self._copies)]
            number += 1
            asked = time.monotonic()
            report = self._guard.check(text)
            named = any(work in {match.work.id, *match.twins} for match in report.matches)
            self.seen.append(Seen(asked, time.monotonic(), report.error is None and named))

    def end(self) -> None:
        self._over.set()
        self.join()
        self._index.close()

    def felt(self, since: float, until: float = float("inf")) -> bool:
        """Whether an answer was lost that was asked for in this time."""
        return any(since <= one.asked < until and not one.normal for one in list(self.seen))

    def normal_again(self, ready: float) -> float:
        """When the first of SURE normal answers in a row was told after ``ready``."""
        while time.monotonic() < ready + PATIENCE:
            after = [one for one in list(self.seen) if one.told >= ready]
            last = max((number for number, one in enumerate(after) if not one.normal), default=-1)
            if len(after) > last + SURE:
                return after[last + 1].told
            time.sleep(0.01)
        raise RuntimeError("a guard did not recover")


class Outage(NamedTuple):
    """One kill: seconds until a server answered again, ms until each guard did after that, answers lost
    meanwhile, the longest (ms) that a guard took to say anything, and whether every guard lost an answer between
    kill and return."""

    took: float
    back: list[float]
    lost: int
    longest: float
    felt: bool


Missed = Callable[[], None]
"""Returns when every guard has missed the server, or FELT seconds have passed."""


def failovers(server: Server, url: str, copies: Sequence[Copy], *, guards: int, times: int) -> list[Outage]:
    """kill -9, a second without a server, start: it answers with its first PONG after its data was loaded."""

    def happens(missed: Missed) -> float:
        server.kill()
        time.sleep(DOWN)
        missed()
        return server.start()

    return outages(happens, url, copies, guards, times)


def promotion(group: Group, url: str, copies: Sequence[Copy], *, guards: int) -> list[Outage]:
    """kill -9 of a master under Sentinel: its replica answers when it is the master and the sentinels say so."""
    return outages(lambda _: group.fail_over(), url, copies, guards, 1)


def outages(
    happens: Callable[[Missed], float], url: str, copies: Sequence[Copy], guards: int, times: int
) -> list[Outage]:
    """``happens`` lets a server die and another answer, and says how long (s) that took it."""
    running = [Watched(url, copies[number::guards]) for number in range(guards)]
    for one in running:
        one.start()
    found = []
    for _ in range(times):
        time.sleep(1)
        killed = time.monotonic()
        took = happens(lambda: _missed(running, killed))  # noqa: B023
        ready = time.monotonic()
        felt = all(one.felt(killed, ready) for one in running)
        again = [one.normal_again(ready) for one in running]
        seen = [told for one in running for told in list(one.seen) if killed < told.told < max(again)]
        longest = max(told.told - told.asked for told in seen) * 1000
        back = [(one - ready) * 1000 for one in again]
        found.append(Outage(took, back, sum(not told.normal for told in seen), longest, felt))
    for one in running:
        one.end()
    return found


def _missed(running: Sequence[Watched], killed: float) -> None:
    deadline = killed + FELT
    while time.monotonic() < deadline and not all(one.felt(killed) for one in running):
        time.sleep(0.01)


def row(name: str, every: Sequence[Outage], guards: int) -> Row:
    """Of the outages that every guard felt; the others are counted, and where there are no more than these,
    there are no figures."""
    found = [one for one in every if one.felt]
    back = [ms for one in found for ms in one.back]
    figures = {
        "until it answers, p50 ms": round(percentile([one.took for one in found], 0.5) * 1000),
        "then until guards do, p50 ms": round(percentile(back, 0.5), 1), "p90 ms": round(percentile(back, 0.9), 1),
        "max ms": round(max(back, default=0), 1), "answers lost, a kill": round(sum(one.lost for one in found) / max(len(found), 1)),
        "longest answer meanwhile, ms": round(max((one.longest for one in found), default=0), 1),
    }  # fmt: skip
    return {
        "what": name, "kills": len(found), "not felt": len(every) - len(found), "guards": guards,
        **(figures if found else dict.fromkeys(figures, "")),
    }  # fmt: skip


def persistent(folder: Path, name: str) -> Server:
    """A server that keeps its data as ``name`` says."""
    return Server(folder, *PERSISTENCE[name])
