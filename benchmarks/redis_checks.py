"""What a whole verdict costs: an answer of 2 kB that copies, checked, with its source named.

Which clean answers need the server at all: an outage stops these, where ``on_error`` is ``stop``, and no others.
And what the first stop of a new process takes, which reads tables that later ones have: as it is, and where
``Guard.prepare`` has read them before.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.corpus import Clean
from benchmarks.record import interval, percentile
from benchmarks.redis_commands import commands_of
from simblock.guard import Guard
from simblock.stores import Index, open_index
from simblock.text import tokenise
from simblock.work import Document

SIZE = 2000
"""Characters of an answer."""
COPIED = 64
"""Words of the shorter copies."""
WARM = 5
"""Times that an answer is checked in a guard that has seen it."""
Row = dict[str, Any]
Answer = tuple[str, str]
"""(work, text)."""


def answers(
    documents: Sequence[Document], clean: Sequence[Clean], count: int, seed: int = 1
) -> dict[str, list[Answer]]:
    """Answers of 2 kB that are a copy throughout, and those of clean text with 64 words copied in their midst."""
    rng = random.Random(seed)
    long = [document for document in documents if len(document.text) > 2 * SIZE]
    hosts = [one.text for one in clean if len(one.text) > SIZE]
    whole: list[Answer] = []
    part: list[Answer] = []
    while len(part) < count:
        document, host = rng.choice(long), rng.choice(hosts)
        at = rng.randrange(len(document.text) - SIZE)
        text = document.text[at : at + SIZE]
        tokens = tokenise(text)
        if len(set(tokens.keys.tolist())) < len(tokens) / 3 or len(tokens) < SIZE / 10:
            continue  # a table
        whole.append((document.work.id, text))
        copy = text[int(tokens.starts[8]) : int(tokens.ends[8 + COPIED - 1])]
        lead = (SIZE - len(copy)) // 2
        part.append((document.work.id, f"{host[:lead]}. {copy}. {host[lead : SIZE - len(copy)]}"))
    return {"2 kB, all of it copied": whole, f"2 kB, {COPIED} words of it copied": part}


def checking(opening: Callable[[], Index], name: str, them: dict[str, list[Answer]]) -> list[Row]:
    """Cold: each answer by a guard whose index was opened just before. Warm: the same again."""
    rows = []
    for kind, texts in them.items():
        cold: list[tuple[float, int]] = []
        warm: list[tuple[float, int]] = []
        right = 0
        for work, text in texts:
            index = opening()
            guard = Guard(index)
            right += _named(guard, work, text, cold)
            for _ in range(WARM):
                _named(guard, work, text, warm)
            index.close()
        for state, found in (("cold", cold), ("warm", warm)):
            took = [ms for ms, _ in found]
            rows.append(
                {"what": f"{name}, {state}", "answer": kind, "n": len(found), "right work": f"{right} of {len(texts)}",
                 "p50 ms": round(percentile(took, 0.5), 2), "p90 ms": round(percentile(took, 0.9), 2),
                 "max ms": round(max(took), 2),
                 "commands": round(statistics.fmean(sent for _, sent in found), 2)}
            )  # fmt: skip
    return rows


def _named(guard: Guard, work: str, text: str, took: list[tuple[float, int]]) -> bool:
    (index,) = guard.indexes
    before, started = commands_of(index), time.perf_counter()
    report = guard.check(text)
    took.append(((time.perf_counter() - started) * 1000, commands_of(index) - before))
    acted = [match for match in report.matches if match.action == "stop"]
    return report.error is None and any(work in {match.work.id, *match.twins} for match in acted)


def needing(places: dict[str, Callable[[], Index]], texts: Sequence[str], count: int) -> list[Row]:
    """The share of the last so many clean texts that need a command: each in an index opened for it alone, then in
    one, by its name, that has seen all the texts before."""
    before, last = texts[:-count], texts[-count:]
    opening = next(iter(places.values()))
    alone = []
    for text in last:
        index = opening()
        alone.append(_commands(Guard(index), text))
        index.close()
    rows = [_share("a new process", last, alone)]
    for name, other in places.items():
        index = other()
        guard = Guard(index)
        for text in before:
            guard.check(text)
        found = [_commands(guard, text) for text in last]
        rows.append(_share(f"{name}, after {len(before):,} texts", last, found))
        index.close()
    return rows


def _commands(guard: Guard, text: str) -> int:
    (index,) = guard.indexes
    before = commands_of(index)
    guard.check(text)
    return commands_of(index) - before


def _share(what: str, texts: Sequence[str], found: Sequence[int]) -> Row:
    words = statistics.median(len(tokenise(text)) for text in texts)
    return {"what": what, "clean texts": len(texts), "words, median": round(words),
            "that need a command": interval(sum(map(bool, found)), len(texts)),
            "commands a text": round(statistics.fmean(found), 2)}  # fmt: skip


def first_stops(places: dict[str, str], copies: Sequence[Answer], processes: int) -> list[Row]:
    """The first and the second stop of a stream in new processes, by the index's place, with and without ``prepare``."""
    context, rows = multiprocessing.get_context("spawn"), []
    for name, place in places.items():
        for prepared in (False, True):
            found = []
            for number in range(processes):
                told = context.Queue()
                two = [text for _, text in copies[2 * number : 2 * number + 2]]
                one = context.Process(target=_stops, args=(place, two, prepared, told), daemon=True)
                one.start()
                found.append(told.get(timeout=120))
                one.join()
            prepare, first, second = zip(*found, strict=True)
            rows.append(
                {"index": name, "prepare() before": prepared, "processes": processes,
                 "prepare() p50 ms": round(percentile(prepare, 0.5), 1),
                 "first stop p50 ms": round(percentile(first, 0.5), 1), "first stop max ms": round(max(first), 1),
                 "second stop p50 ms": round(percentile(second, 0.5), 1)}
            )  # fmt: skip
    return rows


def _stops(place: str, texts: Sequence[str], prepared: bool, told: Any) -> None:
    guard = Guard(open_index(place))
    started = time.perf_counter()
    if prepared:
        guard.prepare()
    took = [(time.perf_counter() - started) * 1000]
    for text in texts:
        started = time.perf_counter()
        stream = guard.stream()
        stream.feed(text)
        stream.finish()
        took.append((time.perf_counter() - started) * 1000)
        if stream.core.error is not None or not stream.stopped:
            raise RuntimeError("a copy was not stopped")
    told.put(took)
