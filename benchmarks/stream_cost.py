"""What a stream costs: a fed chunk, a check, the start of the command, and how long text is held.

All on an index of 8 million words, on one core, warm. The clean text is answers, addresses and
Python's documentation.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import corpus
from benchmarks.corpus import Clean
from benchmarks.record import percentile, pin, save
from simblock.guard import Guard, Stream
from simblock.policy import Policy
from simblock.stores import open_index
from simblock.stores.writer import Writer
from simblock.text import tokenise

CHUNK = 4
CHARACTERS = 200_000
"""Characters fed of each source at most."""
WORDS = 2000
"""Words between two measurements of a long stream."""


def chunks(text: str) -> Iterator[str]:
    for at in range(0, len(text), CHUNK):
        yield text[at : at + CHUNK]


def feed_times(stream: Stream, text: str, clock: Callable[[], int] = time.perf_counter_ns) -> list[float]:
    """Microseconds of each feed, of a stream that is not stopped: what is stopped costs nothing."""
    took = []
    for chunk in chunks(text):
        started = clock()
        stream.feed(chunk)
        took.append((clock() - started) / 1000)
    assert not stream.stopped, "what a stopped stream costs is no figure"
    return took


def together(guard: Guard, parts: Iterable[str], most: int) -> str:
    """So many characters of some texts, one after the other, save those with which the whole is stopped."""
    text = ""
    for part in parts:
        longer = (text + part)[:most]
        if guard.check(longer).decision == "release":
            text = longer
        if len(text) == most:
            break
    return text


def feeding(guard: Guard, clean: Sequence[Clean], times: int) -> list[dict[str, Any]]:
    """Feeds of 4 characters, by source of the clean text and mode; the median run of several."""
    rows = []
    for mode, policy in (("default", Policy.load()), ("strict", Policy.load(max_leak=0))):
        one = Guard(guard.indexes, policy)
        for source in dict.fromkeys(text.source for text in clean):
            texts = (text.text + "\n" for text in clean if text.source == source)
            text = together(one, texts, CHARACTERS)
            feed_times(one.stream(), text)
            gc.collect()
            runs = sorted((feed_times(one.stream(), text) for _ in range(times)), key=statistics.fmean)
            took = runs[len(runs) // 2]
            rows.append(
                {"mode": mode, "text": source, "feeds": len(took), "mean µs": round(statistics.fmean(took), 2),
                 "p50": round(percentile(took, 0.5), 2), "p99": round(percentile(took, 0.99), 2),
                 "p99.9": round(percentile(took, 0.999), 1), "max": round(max(took), 1),
                 "best mean": round(statistics.fmean(runs[0]), 2)}
            )  # fmt: skip
    return rows


def long_stream(guard: Guard, clean: Sequence[Clean], words: int) -> list[dict[str, Any]]:
    """One text of so many words fed over and over: a feed's cost early, in the middle and late.

    The same text comes again and again, so what is measured has the same statistics throughout.
    """
    text = next(
        one.text for one in sorted(clean, key=lambda one: -len(one.text)) if one.source == "inaugural"
    )
    tokens = tokenise(text)
    text = text[: int(tokens.ends[min(WORDS, len(tokens)) - 1])] + "\n"
    size = min(WORDS, len(tokens))
    stream, rounds = guard.stream(), max(words // size, 3)
    means = []
    for _ in range(rounds):
        started = time.perf_counter()
        count = 0
        for chunk in chunks(text):
            stream.feed(chunk)
            count += 1
        means.append((time.perf_counter() - started) * 1e6 / count)
    assert not stream.stopped, "what a stopped stream costs is no figure"
    tenth = max(rounds // 10, 1)
    parts = {"first": means[:1], "second to tenth": means[1:10], "first tenth": means[:tenth],
             "middle tenth": means[rounds // 2 : rounds // 2 + tenth], "last tenth": means[-tenth:]}  # fmt: skip
    return [
        {"words": name, "mean µs a feed": round(statistics.median(values), 2), "words fed": rounds * size}
        for name, values in parts.items()
    ]


def checking(guard: Guard, clean: Sequence[Clean], times: int) -> list[dict[str, Any]]:
    """``check`` of clean text of 2 kB."""
    rows = []
    for source in dict.fromkeys(text.source for text in clean):
        texts = [one.text[a : a + 2000] for one in clean if one.source == source
                 for a in range(0, len(one.text) - 2000, 20_000)][:100]  # fmt: skip
        texts = texts or ["\n".join(one.text for one in clean if one.source == source)[:2000]]
        took = []
        for _ in range(times):
            for text in texts:
                started = time.perf_counter()
                guard.check(text)
                took.append((time.perf_counter() - started) * 1e3)
        rows.append(
            {"text": source, "n": len(took), "p50 ms": round(percentile(took, 0.5), 3),
             "mean ms": round(statistics.fmean(took), 3), "p99 ms": round(percentile(took, 0.99), 3)}
        )  # fmt: skip
    return rows


def held(guard: Guard, texts: Sequence[str], name: str, mode: str) -> dict[str, Any]:
    """Words held back behind each feed of clean text (whole words fed and not yet released)."""
    words: list[int] = []
    for text in texts:
        ends = tokenise(text).ends.tolist()
        stream, fed, out, complete, gone = guard.stream(), 0, 0, 0, 0
        for chunk in chunks(text):
            out += len(stream.feed(chunk))
            fed += len(chunk)
            if stream.stopped:
                break
            while complete < len(ends) and ends[complete] <= fed:
                complete += 1
            while gone < len(ends) and ends[gone] <= out:
                gone += 1
            words.append(complete - gone)
    return {
        "mode": mode, "text": name, "feeds": len(words), "p50": percentile(words, 0.5),
        "p99": percentile(words, 0.99), "max": max(words), "held at all": round(sum(w > 0 for w in words) / len(words), 5),
    }  # fmt: skip


def holding(guard: Guard, clean: Sequence[Clean]) -> list[dict[str, Any]]:
    rows = []
    for mode, policy in (("default", Policy.load()), ("strict", Policy.load(max_leak=0))):
        one = Guard(guard.indexes, policy)
        for source in dict.fromkeys(text.source for text in clean):
            texts = [text.text[:20_000] for text in clean if text.source == source][:60]
            rows.append(held(one, texts, source, mode))
    return rows


def starting(index: Path, times: int) -> list[dict[str, Any]]:
    """``simblock check`` on a small file, from start to finish."""
    command = Path(sys.executable).with_name("simblock")
    if not command.exists():
        return []
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("A short text that nobody protects. " * 20)
        file.flush()
        took, codes = [], set()
        for _ in range(times + 1):
            started = time.perf_counter()
            done = subprocess.run([command, "check", index, file.name], capture_output=True, check=False)
            took.append(time.perf_counter() - started)
            codes.add(done.returncode)
    took = took[1:]
    return [{"what": "simblock check, 700 characters", "n": times, "median s": round(statistics.median(took), 3),
             "best": round(min(took), 3), "exit codes": str(sorted(codes))}]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--long", type=int, default=1_000_000, help="words of the long stream")
    options = parser.parse_args()
    pin()
    where = corpus.places(options)
    texts = corpus.clean(where)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sbx"
        with Writer.create(path) as writer:
            writer.put(corpus.protected(where, options.words))
            words = writer.commit().counts.words
        del writer
        gc.collect()
        index = open_index(path)
        guard = Guard(index)
        clean = [one for one in texts if guard.check(one.text).decision == "release"]
        tables = {
            "Feeding 4 characters": feeding(guard, clean, options.runs),
            "A long stream": long_stream(guard, clean, options.long),
            "Checking 2 kB of clean text": checking(guard, clean, options.runs),
            "Words held back": holding(guard, clean),
            "Starting": starting(path, 11),
        }
        parameters = {
            "index words": words,
            "chunk": CHUNK,
            "runs": options.runs,
            "texts left out, as they are stopped": len(texts) - len(clean),
        }
        save("stream_cost", parameters, tables)


if __name__ == "__main__":
    main()
