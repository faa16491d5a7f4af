"""What a step of a stream on clean text costs: the look-ups of 64 words, and when they need a command.

A step is the question that a stream asks for 64 words in one chunk, answered as a guard answers it. Cold is an
index opened anew, whose cache of pages fills as the text goes on; warm is the text behind. datasketch is asked some
steps of that last part, for the 48 words that end at each of the 64, first by its own query, then by the best
pipeline there is, and is held against simblock at the same steps.
Its server holds the same works in disjoint windows, its lightest use.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from benchmarks import redis_peer as peer
from benchmarks.record import percentile
from benchmarks.redis_commands import commands_of
from benchmarks.redis_server import Server
from benchmarks.size_and_build import WINDOW
from simblock.guard import Guard
from simblock.questions import Lost, Postings
from simblock.stores import Index
from simblock.stores.redis.index import RedisIndex
from simblock.stores.redis.paged import Answer, PagedBuckets
from simblock.text import tokenise

STEP = 64
"""Words of a step: a batch of tokens of one stream, or one token of 64 streams."""
SAME = "warm: the steps that datasketch is asked"
STREAM = 10
"""Steps of a stream that is fed from its beginning to its end."""
Row = dict[str, Any]
Opening = Callable[[], Index]


class Step(NamedTuple):
    """What a step took (µs), the commands it needed, and whether the index gave no answer in time."""

    took: float
    commands: int
    lost: bool = False


def questions(index: Index, text: str) -> Iterator[list[Postings]]:
    """What a stream asks for each 64 words of a text that come in one chunk, as if nothing ever stood in the index."""
    core, ends = Guard(index).stream().core, tokenise(text).ends.tolist()
    for first in range(0, len(ends) - STEP, STEP):
        begin = ends[first - 1] if first else 0
        asking, found = core.feed(text[begin : ends[first + STEP - 1]]), []
        question = next(asking, None)
        while question is not None:
            assert isinstance(question, Postings)
            found.append(question)
            try:
                question = asking.send([[]])
            except StopIteration:
                question = None
        yield found


def asked(index: Index, steps: Sequence[list[Postings]]) -> list[Step]:
    """Each step, answered."""
    found, driver = [], Guard(index).driver
    for step in steps:
        before, started = commands_of(index), time.perf_counter_ns()
        index.refresh()
        told = [part for question in step for part in driver.answer(question)]
        took = (time.perf_counter_ns() - started) / 1000
        lost = any(isinstance(part, Lost) for part in told)
        found.append(Step(took, commands_of(index) - before, lost))
    return found


def row(what: str, found: Sequence[Step]) -> Row:
    """Steps that needed no command, those that did, and all of them; those that were lost are counted alone."""
    found, lost = [step for step in found if not step.lost], sum(step.lost for step in found)
    quiet, loud = [step.took for step in found if not step.commands], [s.took for s in found if s.commands]
    every = [step.took for step in found]
    return {
        "what": what, "steps": len(found),
        "without a command": round(len(quiet) / max(len(found), 1), 4),
        "p50 µs without": round(percentile(quiet, 0.5), 1), "p90 µs without": round(percentile(quiet, 0.9), 1),
        "p50 µs with": round(percentile(loud, 0.5), 1), "p90 µs with": round(percentile(loud, 0.9), 1),
        "mean µs": round(statistics.fmean(every), 1), "p50 µs": round(percentile(every, 0.5), 1),
        "p90 µs": round(percentile(every, 0.9), 1), "commands a step": round(sum(step.commands for step in found) / len(found), 3),
        "lost": lost,
    }  # fmt: skip


def last_third(steps: int) -> range:
    """The numbers of the steps of a text's last third."""
    return range(2 * (steps // 3), steps)


def some_of(steps: int, count: int) -> list[int]:
    """The numbers of so many steps, or of all, spread over the last third: those that datasketch is asked."""
    last = last_third(steps)
    return list(last[:: max(len(last) // count, 1)][:count])


def kept(index: Index) -> Row:
    """What an index in Redis keeps in the process: MiB of records as they are counted by ``pages``, and beside them
    the answers given lately, with all that Python and numpy take for them."""
    if not isinstance(index, RedisIndex):
        return {}
    answers = [
        one.buckets._answers for one in index._snapshot.segments if isinstance(one.buckets, PagedBuckets)
    ]
    them = [
        (key, answer) for one in answers for part in (one._young, one._old) for key, answer in part.items()
    ]
    tables = sum(sys.getsizeof(one._young) + sys.getsizeof(one._old) for one in answers)
    size = tables + sum(map(_size, them))
    return {
        "MiB of records kept": round(index._source._size / 2**20, 1),
        "answers kept": len(them),
        "MiB of answers kept": round(size / 2**20, 1),
    }


def _size(item: tuple[int, Answer]) -> int:
    key, answer = item
    found = len(answer.places) > 0  # one answer of nothing serves all
    return sys.getsizeof(key) + (sys.getsizeof(answer) + sys.getsizeof(answer.places) if found else 0)


def looking_up(opening: Opening, name: str, text: str, count: int) -> list[Row]:
    """The steps of a text, in three parts: the first cold, the others the warmer; of the last also ``count`` alone."""
    index = opening()
    steps = list(questions(index, text))
    third, last = len(steps) // 3, last_third(len(steps))
    gc.collect()
    parts = {"cold: the first third of the text": steps[:third], "the second third": steps[third : last.start],
             "warm: the last third": steps[last.start :], "the last third again": steps[last.start :]}  # fmt: skip
    rows = []
    for part, them in parts.items():
        found = asked(index, them)
        rows.append(row(f"{name}, {part}", found) | kept(index))
        if part.startswith("warm"):
            same = [found[number - last.start] for number in some_of(len(steps), count)]
            rows.append(row(f"{name}, {SAME}", same) | kept(index))
    index.close()
    return rows


def feeding(opening: Opening, name: str, text: str) -> list[Row]:
    """Whole steps: 64 words fed to a stream, with tokens, keys, candidates and what follows a hit."""
    index = opening()
    guard, tokens = Guard(index), tokenise(text)
    found: list[Step] = []
    ends = tokens.ends.tolist()
    for first in range(0, len(tokens) - STREAM * STEP, STREAM * STEP):
        stream, at = guard.stream(), ends[first - 1] if first else 0
        for step in range(1, STREAM + 1):
            end = ends[first + step * STEP - 1]
            before, started = commands_of(index), time.perf_counter_ns()
            stream.feed(text[at:end])
            took = (time.perf_counter_ns() - started) / 1000
            lost = stream.core.error is not None
            if stream.stopped and not lost:
                break
            found.append(Step(took, commands_of(index) - before, lost))
            if stream.stopped:
                break
            at = end
    held = kept(index)
    index.close()
    third = len(found) // 3
    return [row(f"{name}, fed, cold: the first third", found[:third]) | dict.fromkeys(held, ""),
            row(f"{name}, fed, warm: the last third", found[-third:]) | held]  # fmt: skip


def of_peer(server: Server, threshold: float, text: str, count: int, basename: bytes = b"peer") -> list[Row]:
    """datasketch's steps: signatures made before are not counted, and told by themselves."""
    lsh, words = peer.in_redis(server, threshold, basename), peer.words_of(text)
    took: dict[str, list[float]] = {"signatures": [], "query": [], "one pipeline": []}
    for step in some_of(len(range(0, len(words) - STEP, STEP)), count):
        ends = range(step * STEP + 1, (step + 1) * STEP + 1)
        started = time.perf_counter_ns()
        batch = [peer.signature(words[end - WINDOW : end]) for end in ends]
        took["signatures"].append((time.perf_counter_ns() - started) / 1000)
        for name, ask in (
            ("query", lambda: peer.query_each(lsh, batch)),  # noqa: B023
            ("one pipeline", lambda: peer.query_by_hand(server, lsh, batch)),  # noqa: B023
        ):
            started = time.perf_counter_ns()
            ask()
            took[name].append((time.perf_counter_ns() - started) / 1000)
    names = {"signatures": "datasketch, 64 signatures, no look-up", "query": "datasketch, 64 queries",
             "one pipeline": "datasketch, one pipeline by hand"}  # fmt: skip
    return [
        {"what": f"{names[name]}, threshold {threshold}", "steps": len(them), "p50 µs": round(percentile(them, 0.5), 1),
         "p90 µs": round(percentile(them, 0.9), 1), "mean µs": round(statistics.fmean(them), 1)}
        for name, them in took.items()
    ]  # fmt: skip


def against_peer(rows: Sequence[Row], peers: Sequence[Row]) -> list[Row]:
    """How many times simblock's the steps of datasketch take, the same steps, by their medians and by their means."""
    same = next(row for row in rows if row["what"].endswith(SAME))
    return [
        {**row, "simblock's p50 µs": same["p50 µs"], "simblock's mean µs": same["mean µs"],
         "times simblock's p50": round(row["p50 µs"] / same["p50 µs"], 1),
         "times simblock's mean": round(row["mean µs"] / same["mean µs"], 1)}
        for row in peers
    ]  # fmt: skip
