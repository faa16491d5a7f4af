"""The gates of a release, held against the results that stand in ``benchmarks/results``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from benchmarks.record import RESULTS

Rows = list[dict[str, Any]]


class Gate(NamedTuple):
    """A figure, where it stands, what it must be, and whether it is."""

    name: str
    benchmark: str
    table: str
    wanted: str
    holds: Callable[[Rows], bool]


def cell(rows: Rows, name: str, **where: Any) -> Any:
    """A column of the one row that has these values; the share where it is one with an interval."""
    value = next(row for row in rows if all(row[key] == wanted for key, wanted in where.items()))[name]
    return value[0] if isinstance(value, list) else value


def found(edits: float, least: float) -> Callable[[Rows], bool]:
    return lambda rows: cell(rows, "found", script="words", words=64, edits=edits) >= least


def leaks(words: int, edits: float, most: float) -> Callable[[Rows], bool]:
    where = {"mode": "strict", "script": "words", "words": words, "edits": edits}
    return lambda rows: cell(rows, "leak anything", **where) <= most


GATES = (
    Gate("recall, 10 % edited", "recall", "Recall", "0.99", found(0.1, 0.99)),
    Gate("recall, 20 % edited", "recall", "Recall", "0.97", found(0.2, 0.97)),
    *(
        Gate(f"strict leak, {words} words, {edits:.0%} edited", "recall", "Leak of stopped copies", f"{most:.0%}",
             leaks(words, edits, most))
        for words in (64, 200) for edits, most in ((0.1, 0.01), (0.2, 0.03))
    ),
    Gate("false stops on the answers", "recall", "Stops on clean text", "0",
         lambda rows: cell(rows, "stopped", source="answers") == 0),
    Gate("index size", "size_and_build", "Weight, unkeyed", "16 bytes a word",
         lambda rows: cell(rows, "bytes a word", section="all") <= 16),
    Gate("build, unkeyed", "size_and_build", "Building", "20 MB/s, 5 times the peer",
         lambda rows: cell(rows, "MB/s", what="simblock, unkeyed") >= 20
         and cell(rows, "times the peer", what="simblock, unkeyed") >= 5),
    Gate("feed", "stream_cost", "Feeding 4 characters", "25 µs mean",
         lambda rows: all(row["mean µs"] <= 25 for row in rows if row["mode"] == "default")),
    Gate("the millionth token as the hundredth", "stream_cost", "A long stream", "1.2 times at most",
         lambda rows: cell(rows, "mean µs a feed", words="last tenth")
         <= 1.2 * cell(rows, "mean µs a feed", words="first")),
)  # fmt: skip


def missed() -> Iterator[Gate]:
    """The gates that the results do not meet."""
    for gate in GATES:
        tables = json.loads((RESULTS / f"{gate.benchmark}.json").read_text("utf-8"))["tables"]
        if not gate.holds(tables[gate.table]):
            yield gate


def main() -> int:
    """Says which gates are missed; 1 where any is."""
    failed = list(missed())
    for gate in failed:
        print(f"MISSED: {gate.name}: wanted {gate.wanted}")
    print(f"{len(GATES) - len(failed)} of {len(GATES)} gates hold")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
