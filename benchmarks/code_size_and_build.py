"""What an index of code weighs by part, and how fast it is built, beside what one would pick instead.

One core, end to end: sources in memory in, a durable index on disk out. Two workers: the command on a tree
of the same files, with one and with two, in one run. The peers, on a sample of the same files in the same
run: MinHash of 128 permutations with datasketch's MinHashLSH over windows of 60 tokens every 30, 5-token
shingles; and copydetect, which winnows lexed code as MOSS does (where it is installed). Neither keeps places
of tokens on disk, and neither finds renamed code as a rule.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from itertools import repeat
from pathlib import Path
from typing import Any

from benchmarks import code_corpus
from benchmarks.code_recall import documents
from benchmarks.record import pin, save
from benchmarks.size_and_build import PERMUTATIONS, SHINGLE, build, peer, size, timed
from simblock.code import tokenise_documents
from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.scheme import Scheme
from simblock.signature import Signer, make_permutations
from simblock.stores.inspection import Stat
from simblock.syntax import parse
from simblock.text import tokenise_many
from simblock.tokens import VIEWS, Runs
from simblock.work import Document

WINDOW, STEP = 60, 30
"""The peer's windows, in tokens."""
NOISE, GUARANTEE = 25, 30
"""The thresholds that copydetect's documentation gives as its defaults; it winnows over their difference and one."""
Row = dict[str, Any]
_TOKEN = re.compile(r"\w+|[^\w\s]")


def sample(them: Sequence[Document], megabytes: float) -> list[Document]:
    """Every n-th work, so that together they have about so many megabytes."""
    return list(them[:: max(round(size(them) / megabytes), 1)])


def datasketch(them: Sequence[Document]) -> int:
    """datasketch on the same files; how many windows it made."""
    return peer((_TOKEN.findall(document.text) for document in them), WINDOW, STEP)


def copydetect(them: Sequence[Document]) -> int:
    """copydetect's fingerprints of the same files at its defaults; how many it made."""
    from copydetect.utils import filter_code, get_document_fingerprints  # type: ignore[import-not-found]

    window = GUARANTEE - NOISE + 1
    return sum(
        len(get_document_fingerprints(filter_code(one.text, one.work.id)[0], NOISE, window)[0])
        for one in them
    )


def has_copydetect() -> bool:
    try:
        import copydetect.utils  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return False
    return True


def speeds(them: dict[str, list[Document]], times: int, peer_mb: float) -> tuple[list[Row], dict[str, Stat]]:
    """A row for each language, for all, and for each peer; what each index weighs."""
    every = [one for part in them.values() for one in part]
    few = sample(every, peer_mb)
    cases: list[tuple[str, Sequence[Document], Callable[[Sequence[Document]], Any]]] = [
        *((f"simblock, {language}", part, build) for language, part in them.items()),
        ("simblock, all", every, build),
        ("datasketch, sample", few, datasketch),
    ]
    if has_copydetect():
        cases.append(("copydetect, sample", few, copydetect))
    build(every[:20])  # warm
    rows, stats = [], {}
    for name, part, work in cases:
        started = time.process_time()
        seconds, took, made = timed(partial(work, part), times)
        busy = (time.process_time() - started) / times
        row: Row = {"what": name, "MB": round(size(part), 1), "seconds": round(seconds, 2),
               "MB/s": round(size(part) / seconds, 2), "best MB/s": round(size(part) / min(took), 2),
            "MB/s of CPU": round(size(part) / busy, 2),
               "runs": times}  # fmt: skip
        if isinstance(made, Stat):
            stats[name.removeprefix("simblock, ")] = made
            row |= {"lexemes": made.lexemes, "bytes a lexeme": round(made.bytes / made.lexemes, 2)}
        rows.append(row)
    peer = next(row for row in rows if row["what"] == "datasketch, sample")
    for row in rows:
        row["times datasketch"] = round(row["MB/s of CPU"] / peer["MB/s of CPU"], 1)
    return rows, stats


def parts(them: dict[str, list[Document]], times: int, megabytes: float) -> list[Row]:
    """What each step of making runs and keys costs by itself, on a sample of each language."""
    rows = []
    for language, part in them.items():
        few = sample(part, megabytes)
        for name, step in steps(few, language).items():
            started = time.process_time()
            timed(step, times)
            busy = (time.process_time() - started) / times
            rows.append({"language": language, "step": name, "MB/s of CPU": round(size(few) / busy, 2)})
    return rows


def steps(few: Sequence[Document], language: str) -> dict[str, Callable[[], Any]]:
    """The steps from texts to keys, each by itself."""
    rules, texts = grammar(language), [one.text for one in few]
    lexer, runs = Lexer(rules), tokenise_documents(few)
    lexemes = [lexer.tokens(text) for text in texts]
    return {
        "words": lambda: tokenise_many(texts),
        "lexer": lambda: [lexer.tokens(text) for text in texts],
        "parser": lambda: [parse(*pair) for pair in zip(texts, repeat(rules), lexemes, strict=False)],
        "all views": lambda: tokenise_documents(few),
        "keys of all channels": lambda: entries(runs),
    }


def entries(runs: Runs) -> dict[str, int]:
    """How many entries each channel has of some runs."""
    scheme = Scheme()
    signer = Signer(scheme, make_permutations(scheme))
    return {channel.name: len(signer.entries(channel, runs)[0]) for channel in scheme.channels}


def by_command(every: Sequence[Document], times: int) -> list[Row]:
    """Building a tree by the command with one worker and with two, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        tree, out = Path(folder, "tree"), Path(folder, "index.sbx")
        for one in every:
            path = tree / str(one.work.language) / one.work.id
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(one.text, "utf-8")

        def work(workers: int) -> None:
            shutil.rmtree(out, ignore_errors=True)
            command = [sys.executable, "-m", "simblock_indexer.cli", "build", str(tree), "--out", str(out), "--workers", str(workers)]  # fmt: skip
            subprocess.run(command, check=True, capture_output=True)

        took: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(times):
            for workers, seconds in took.items():
                seconds.append(timed(partial(work, workers), 1)[0])
    return [worker_row(workers, size(every), took) for workers in took]


def worker_row(workers: int, megabytes: float, took: dict[int, list[float]]) -> Row:
    """Medians of the runs; times one worker is the median of each run over the one beside it."""
    seconds = statistics.median(took[workers])
    times = statistics.median(one / other for one, other in zip(took[1], took[workers], strict=True))
    return {
        "what": f"simblock-index build --workers {workers}", "MB": round(megabytes, 1),
        "seconds": round(seconds, 2), "MB/s": round(megabytes / seconds, 2), "times one worker": round(times, 2),
        "runs": len(took[workers]),
    }  # fmt: skip


def weights(stats: dict[str, Stat]) -> list[Row]:
    """Bytes a lexeme by section and language."""
    names = sorted(stats["all"].sections, key=lambda name: -stats["all"].sections[name])
    rows: list[Row] = [
        {
            "part": name,
            **{of: round(stat.sections.get(name, 0) / stat.lexemes, 3) for of, stat in stats.items()},
        }
        for name in names
    ]
    return [*rows, {"part": "all", **{of: round(stat.bytes / stat.lexemes, 3) for of, stat in stats.items()}}]


def views(them: dict[str, list[Document]]) -> list[Row]:
    """Tokens of each view, and entries of each channel, for a lexeme, by language."""
    rows = []
    for language, part in them.items():
        runs = tokenise_documents(part)
        assert runs.views is not None
        sizes = (runs.bounds[1:] - runs.bounds[:-1]).astype(int)
        of = {name: int(sizes[runs.views == code].sum()) for code, name in enumerate(VIEWS) if code}
        counted = of | {f"entries of {name}": n for name, n in entries(runs).items() if n}
        rows += [
            {"language": language, "what": name, "a lexeme": round(count / of["lexemes"], 3)}
            for name, count in counted.items()
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(parser)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-mb", type=float, default=3.0, help="size of the peers' sample")
    parser.add_argument("--mb", type=float, default=8.0, help="size of a language's sample")
    options = parser.parse_args()
    cores = os.sched_getaffinity(0)
    pin()
    them = {
        language: sample(documents(options.code_corpus, language), options.mb)
        for language in options.languages
    }
    rows, stats = speeds(them, options.runs, options.peer_mb)
    each = parts(them, options.runs, 2.0)
    seen = views(them)
    os.sched_setaffinity(0, cores)
    every = [one for part in them.values() for one in part]
    parameters = {
        "works": len(every), "cores": 1, "languages": list(options.languages),
        "datasketch": f"window {WINDOW}, step {STEP}, shingle {SHINGLE}, {PERMUTATIONS} permutations, in memory",
        "copydetect": f"{version('copydetect')}, noise threshold {NOISE}, guarantee threshold {GUARANTEE}, in memory"
        if has_copydetect() else "not installed",
    }  # fmt: skip
    tables = {
        "Building": rows, "With two workers": by_command(every, options.runs), "Steps": each,
        "Weight": weights(stats), "Tokens and entries": seen,
    }  # fmt: skip
    save(code_corpus.saved_as("code_size_and_build", options), parameters, tables)


if __name__ == "__main__":
    main()
