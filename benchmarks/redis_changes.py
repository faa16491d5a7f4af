"""How long a change takes to be in force: from a commit until running guards stop, or stop no more.

Each guard has a process of its own. It looks for a new epoch every millisecond without asking Redis, then opens
new streams and feeds them the work that was added or removed until one does what it should; the clock, which
all processes share, is read after that. The next change is made when all guards have told.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.corpus import Clean
from benchmarks.record import percentile
from simblock.guard import Guard
from simblock.stores import open_index
from simblock.work import Document, Work

EVERY = 0.001
"""Seconds between two looks of a guard."""
PATIENCE = 30.0
"""Seconds after which a change that no guard shows is a failure."""
Row = dict[str, Any]


class Change(NamedTuple):
    """A work, and whether a stream of its text is to be stopped from now on."""

    id: str
    text: str
    stops: bool


class Told(NamedTuple):
    """Which change a guard saw, when its index was of the new epoch and when a stream did as it should (s,
    monotonic), and how many streams did not before that."""

    change: int
    epoch: float
    at: float
    streams: int


def changes_of(texts: Sequence[Clean], count: int) -> list[Change]:
    """Each of so many works added, and removed after that."""
    return [Change(f"new/{one.id}", one.text, stops) for one in texts[:count] for stops in (True, False)]


def stops(guard: Guard, text: str) -> bool | None:
    """Whether a new stream of a text is stopped; None where the index gave it no answer in time."""
    response = guard.response()
    stream = response.stream()
    stream.feed(text)
    stream.finish()
    return None if response.report.error else stream.stopped


def watch(url: str, changes: Sequence[Change], warm: Sequence[str], told: Any, begin: Any) -> None:
    """One guard, in a process of its own: it has stopped streams before, and read all tables that are read late."""
    index = open_index(url)
    guard, first = Guard(index), index.epoch
    for text in warm:
        guard.check(text)
    assert not any(stops(guard, change.text) for change in changes), "a work is protected already"
    begin.wait()
    for number, change in enumerate(changes):
        deadline, streams = time.monotonic() + PATIENCE, 0
        while index.epoch <= first + number:
            index.refresh()
            time.sleep(EVERY)
            if time.monotonic() > deadline:
                told.put(Told(number, deadline, float("inf"), streams))
                return
        epoch = time.monotonic()
        while stops(guard, change.text) != change.stops and time.monotonic() < deadline:
            streams += 1
        told.put(Told(number, epoch, time.monotonic(), streams))


def in_force(
    url: str, writing: Callable[[], Any], changes: Sequence[Change], warm: Sequence[str], guards: int
) -> list[Row]:
    """Adds and removes works under running guards, which have seen ``warm`` before; ``writing`` opens the writer."""
    context = multiprocessing.get_context("spawn")
    told, begin = context.Queue(), context.Barrier(guards + 1)
    running = [
        context.Process(target=watch, args=(url, changes, warm, told, begin), daemon=True)
        for _ in range(guards)
    ]
    for one in running:
        one.start()
    begin.wait(300)
    spans: list[tuple[Change, float, float, list[Told]]] = []
    with writing() as writer:
        for number, change in enumerate(changes):
            if change.stops:
                writer.put([Document(Work(change.id), change.text)])
            else:
                writer.remove([change.id])
            called = time.monotonic()
            writer.commit()
            returned = time.monotonic()
            heard = [told.get(timeout=2 * PATIENCE) for _ in range(guards)]
            assert all(one.change == number for one in heard), "a guard told of another change"
            spans.append((change, called, returned, heard))
    for one in running:
        one.join()
    return _rows(spans, guards)


def _rows(spans: Sequence[tuple[Change, float, float, list[Told]]], guards: int) -> list[Row]:
    rows = []
    for added, name in ((True, "added: a new stream stops"), (False, "removed: a new stream stops no more")):
        them = [span for span in spans if span[0].stops == added]
        commits = [(returned - called) * 1000 for _, called, returned, _ in them]
        for since, begin in (("commit is called", 1), ("commit returned", 2)):
            each = [(one.at - span[begin]) * 1000 for span in them for one in span[3]]  # type: ignore[operator]
            epoch = [(one.epoch - span[begin]) * 1000 for span in them for one in span[3]]  # type: ignore[operator]
            last = [max((one.at - span[begin]) * 1000 for one in span[3]) for span in them]  # type: ignore[operator]
            rows.append(
                {"change": name, "since": since, "changes": len(them), "guards": guards,
                 "p50 ms": round(percentile(each, 0.5), 1), "p99 ms": round(percentile(each, 0.99), 1),
                 "p50 ms, all guards": round(percentile(last, 0.5), 1),
                 "p99 ms, all guards": round(percentile(last, 0.99), 1), "max ms": round(max(each), 1),
                 "p50 ms until the epoch": round(percentile(epoch, 0.5), 1),
                 "p99 ms until the epoch": round(percentile(epoch, 0.99), 1),
                 "streams in vain": sum(one.streams for span in them for one in span[3]),
                 "commit p50 ms": round(percentile(commits, 0.5), 1)}
            )  # fmt: skip
    return rows
