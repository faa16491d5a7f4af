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


LANGUAGES = ("python", "java", "javascript", "c")


def in_all(name: str, least: float) -> Callable[[Rows], bool]:
    """Whether renamed functions of every language reach a share."""
    return lambda rows: all(cell(rows, name, language=one, group="renamed") >= least for one in LANGUAGES)


def clean_stops(language: str, most: float, count: int) -> Callable[[Rows], bool]:
    """Whether so few of at least so many clean functions of a language are stopped."""
    where = {"language": language, "package": "all"}
    return lambda rows: cell(rows, "share", **where) <= most and cell(rows, "functions", **where) >= count


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
    Gate("renamed functions stopped", "code_recall", "Copies of functions", "0.99", in_all("stopped", 0.99)),
    Gate("renamed functions, right file first", "code_recall", "Copies of functions", "0.97",
         in_all("right file first", 0.97)),
    *(
        Gate(f"clean functions stopped, {language}", "code_recall", "Clean functions", "0.2 % of 5,000",
             clean_stops(language, 0.002, 5000))
        for language in LANGUAGES
    ),
    Gate("size of an index of code", "code_size_and_build", "Weight", "40 bytes a lexeme",
         lambda rows: cell(rows, "all", part="all") <= 40),
    Gate("build of code, one core", "code_size_and_build", "Building", "2 MB/s",
         lambda rows: cell(rows, "MB/s", what="simblock, all") >= 2),
    Gate("build of code, two workers", "code_size_and_build", "With two workers", "1.8 times one",
         lambda rows: cell(rows, "times one worker", what="simblock-index build --workers 2") >= 1.8),
    Gate("feed of code", "code_stream_cost", "Feeding 4 characters of code", "60 µs mean",
         lambda rows: all(row["mean µs"] <= 60 for row in rows if row["mode"] == "default")),
    Gate("the 5,000th line as the 100th", "code_stream_cost", "A long file", "1.2 times at most",
         lambda rows: all(
             cell(rows, "mean µs a feed", language=one, lines="last tenth")
             <= 1.2 * cell(rows, "mean µs a feed", language=one, lines="about line 100") for one in LANGUAGES)),
)  # fmt: skip


def missed() -> Iterator[Gate]:
    """The gates that the results do not meet, or that have no results."""
    for gate in GATES:
        path = RESULTS / f"{gate.benchmark}.json"
        tables = json.loads(path.read_text("utf-8"))["tables"] if path.exists() else None
        if tables is None or not gate.holds(tables[gate.table]):
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
