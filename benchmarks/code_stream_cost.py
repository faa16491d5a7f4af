"""What a stream of code costs: a fed chunk by language, and over the length of a file.

Clean code of other packages in a fence with its tag, four characters at a time, against an index of the
protected files, on one core. A file of 5,000 lines is the same hundred lines again and again, so that what
is measured has the same statistics throughout; its cost is told at its beginning, middle and end. Times are of
this thread's CPU, which a feed never leaves, so that a busy machine does not count.

`--lines-only` needs no corpus: what a line costs in every language, in a fence with its tag and without
a fence, early and late in 5,000 lines of the program that its tests have.
"""

from __future__ import annotations

import argparse
import gc
import math
import random
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import code_corpus
from benchmarks.code_corpus import sources
from benchmarks.code_recall import build
from benchmarks.record import percentile, pin, save
from benchmarks.stream_cost import CHUNK, chunks, feed_times, together
from simblock.grammar import languages
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.languages.cases import cases

EARLY = 4
"""Rounds whose median is what a feed costs about line 100; the first warms up, and is none of them."""
LINES = 100
"""Lines of the piece that is repeated."""
CHARACTERS = 60_000
"""Characters fed of each language."""
Row = dict[str, Any]


def clean_files(options: argparse.Namespace, guard: Guard, language: str, count: int) -> list[str]:
    """Files of other packages, of some hundred lines, that are not stopped."""
    every = [
        source.text
        for source in sources(options.code_corpus, language, options.half)
        if 150 <= source.text.count("\n") <= 800
    ]
    random.Random(9).shuffle(every)
    clean = (text for text in every if guard.check(fenced(text, language)).decision == "release")
    return list(islice(clean, count))


def fenced(text: str, language: str) -> str:
    """A file in a fence with its tag."""
    return f"Here it is.\n\n```{language}\n{text.rstrip()}\n```\n"


def feeding(guard: Guard, files: dict[str, list[str]], times: int) -> list[Row]:
    """Feeds of 4 characters by language and mode; the median run of several."""
    rows = []
    for mode, policy in (("default", Policy.load()), ("strict", Policy.load(max_leak=0))):
        one = Guard(guard.indexes, policy)
        for language, texts in files.items():
            text = together(one, (fenced(text, language) for text in texts), CHARACTERS)
            feed_times(one.stream(), text, time.thread_time_ns)
            gc.collect()
            runs = sorted(
                (feed_times(one.stream(), text, time.thread_time_ns) for _ in range(times)),
                key=statistics.fmean,
            )
            took = runs[len(runs) // 2]
            rows.append(
                {"mode": mode, "language": language, "feeds": len(took), "mean µs": round(statistics.fmean(took), 2),
                 "p50": round(percentile(took, 0.5), 2), "p99": round(percentile(took, 0.99), 1),
                 "p99.9": round(percentile(took, 0.999), 1), "max": round(max(took), 1),
                 "best mean": round(statistics.fmean(runs[0]), 2)}
            )  # fmt: skip
    return rows


def piece(text: str) -> str:
    """About a hundred lines of a file, from one line without indentation up to another."""
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if line[:1].isalpha()] or [0]
    first = starts[len(starts) // 4]
    last = next((at for at in starts if at >= first + LINES), len(lines))
    return "".join(lines[first:last])


def lengths(guard: Guard, files: dict[str, list[str]], lines: int, times: int) -> list[Row]:
    """Mean feed over the length of one file: its beginning, its middle and its end."""
    rows = []
    for language, texts in files.items():
        text = next((one for one in map(piece, texts) if repeats(guard, one, language, lines)), "")
        assert text, f"no file of {language} can be repeated without being stopped: ask for more --files"
        rounds = rounds_of(text, lines)
        runs = [_rounds(guard, text, language, rounds) for _ in range(times)]
        means = [statistics.median(values) for values in zip(*runs, strict=True)]
        few = max(rounds // 10, 2)
        parts = {"about line 100": means[1:EARLY], "first tenth": means[1 : 1 + few],
                 "middle tenth": means[rounds // 2 : rounds // 2 + few], "last tenth": means[-few:]}  # fmt: skip
        rows += [
            {"language": language, "lines": name, "mean µs a feed": round(statistics.median(values), 2),
             "lines fed": rounds * text.count("\n")}
            for name, values in parts.items()
        ]  # fmt: skip
    return rows


def rounds_of(text: str, lines: int) -> int:
    """How many times a piece makes so many lines at least."""
    return max(math.ceil(lines / text.count("\n")), EARLY)


def repeats(guard: Guard, text: str, language: str, lines: int) -> bool:
    """Whether a piece has the lines that are asked of it, and can be said so often and is not stopped."""
    if not LINES / 2 <= text.count("\n") <= 2 * LINES:
        return False
    return guard.check(fenced(text * rounds_of(text, lines), language)).decision == "release"


def _rounds(guard: Guard, text: str, language: str, rounds: int) -> list[float]:
    stream, means = guard.stream(), []
    stream.feed(f"```{language}\n")
    for _ in range(rounds):
        started, count = time.thread_time(), 0
        for chunk in chunks(text):
            stream.feed(chunk)
            count += 1
        means.append((time.thread_time() - started) * 1e6 / count)
    assert not stream.stopped, "what a stopped stream costs is no figure"
    return means


OPENINGS = {"a fence with its tag": "```{}\n", "no fence": ""}


def appended(lines: int) -> list[Row]:
    """An appended line by language: about line 100, and about the last of ``lines``."""
    rows = []
    for language in languages():
        program, others = cases(language).program.original.lstrip("\n"), cases(language).different
        works = [
            Document(Work(str(n), kind="code", language=language), one.a) for n, one in enumerate(others)
        ]
        guard, count = Guard(MemoryIndex(works), Policy.load()), program.count("\n")
        for name, opening in OPENINGS.items():
            stream, rounds = guard.stream(), rounds_of(program, lines)
            stream.feed("Here it is.\n\n" + opening.format(language))
            few = max(LINES // count, 1)
            stream.feed(program * few)
            early = _a_line(stream, program, few)
            for _ in range(rounds - 3 * few):  # however it is cut, the stream is then as if fed as above
                stream.feed(program)
            late = _a_line(stream, program, few)
            assert not stream.stopped, "what a stopped stream costs is no figure"
            rows.append(
                {"language": language, "in": name, "µs a line after line 100": early, f"before line {lines:,}": late,
                 "characters a line": round(len(program) / count, 1)}
            )  # fmt: skip
    return rows


def _a_line(stream: Any, program: str, rounds: int) -> float:
    """What a line of the program costs, the median of some rounds."""
    means = []
    for _ in range(rounds):
        started = time.thread_time()
        for chunk in chunks(program):
            stream.feed(chunk)
        means.append((time.thread_time() - started) * 1e6 / program.count("\n"))
    return round(statistics.median(means), 1)


def checking(guard: Guard, files: dict[str, list[str]], times: int) -> list[Row]:
    """``check`` of a whole file, for each thousand characters."""
    rows = []
    for language, texts in files.items():
        took = []
        for text in texts * times:
            started = time.thread_time()
            guard.check(fenced(text, language))
            took.append((time.thread_time() - started) * 1e6 / len(text))
        rows.append(
            {"language": language, "n": len(took), "ms a thousand characters": round(statistics.median(took), 3),
             "p99": round(percentile(took, 0.99), 3)}
        )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(parser)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lines", type=int, default=5000, help="lines of the long file")
    parser.add_argument("--files", type=int, default=12, help="clean files a language")
    parser.add_argument(
        "--lines-only", action="store_true", help="what a line costs in every language, without a corpus"
    )
    options = parser.parse_args()
    pin()
    if options.lines_only:
        save(
            "code_line_cost",
            {"chunk": CHUNK, "lines": options.lines},
            {"An appended line": appended(options.lines)},
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        guard = Guard(build(options.code_corpus, options.languages, Path(folder) / "index.sbx"))
        files = {one: clean_files(options, guard, one, options.files) for one in options.languages}
        tables = {
            "Feeding 4 characters of code": feeding(guard, files, options.runs),
            "A long file": lengths(guard, files, options.lines, options.runs),
            "Checking files": checking(guard, files, 2),
        }
    parameters = {"chunk": CHUNK, "runs": options.runs, "half": options.half, "languages": list(options.languages), "files": {k: len(v) for k, v in files.items()}}  # fmt: skip
    save(code_corpus.saved_as("code_stream_cost", options), parameters, tables)


if __name__ == "__main__":
    main()
