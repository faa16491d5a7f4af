"""``python -m benchmarks.dedup``: simblock's de-duplication beside the tools in use, on one core and the same documents.

All parts make one run, written into ``results/dedup.json``; ``--part`` measures and prints some alone. Corpora and
environments of the tools are made once: ``python -m benchmarks.dedup.corpus``, ``… .environments``. Memory, of a million
documents, is ``benchmarks.dedup_memory``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

from rich.console import Console

from benchmarks import code_corpus
from benchmarks import corpus as material
from benchmarks.dedup import corpus, licences, ours, scale, sources, stages, tools
from benchmarks.dedup.asked import BESIDE, ONE, SPEED
from benchmarks.dedup.judging import Judge
from benchmarks.record import save, table

Tables = dict[str, list[dict[str, Any]]]
PAIRS = 1_500
"""Pairs of sets of each size that sketches are compared on."""


class Bench:
    """What the parts share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.times = 1 if options.quick else options.runs
        self.cores = sorted(os.sched_getaffinity(0))
        self.core = self.cores[-1]

    @cached_property
    def corpus(self) -> corpus.Corpus:
        """The documents."""
        return corpus.made("quick" if self.options.quick else self.options.half, self.options)

    @cached_property
    def judge(self) -> Judge:
        """The truth of them."""
        return Judge(self.corpus)


def passes(bench: Bench) -> Tables:
    speeds, qualities = ours.measured(bench.corpus, bench.judge, bench.core, bench.times)
    return {SPEED: speeds, "simblock, against the exact truth": qualities}


def peers(bench: Bench) -> Tables:
    rows = tools.measured(bench.corpus, bench.judge, bench.core, bench.times)
    return {"Tools in use, end to end": rows}


def kinds(bench: Bench) -> Tables:
    made = corpus.made("quick" if bench.options.quick else "kinds", bench.options)
    judge, rows = Judge(made), []
    for threshold in (0.8, 0.5):
        setting = ours.Setting(f"simblock, {threshold}", threshold=threshold)
        with ours.passed(setting, made.jsonl, {bench.core}) as done:
            rows.append({"what": setting.what, **judge.by_kind(set(done.dropped()))})
    return {"Planted copies found, by kind": rows}


def workers(bench: Bench) -> Tables:
    made = bench.corpus if bench.options.quick else corpus.made("large", bench.options)
    return {"One process and two": ours.workers(made, bench.cores, bench.times)}


def signatures(bench: Bench) -> Tables:
    small = corpus.made("quick", bench.options)
    pairs = 50 if bench.options.quick else PAIRS
    return {
        "Signature stage alone": stages.signatures(bench.corpus, small, bench.core, bench.times),
        "Error of sketches": stages.accuracy(pairs),
    }


def code(bench: Bench) -> Tables:
    size = sources.SIZE // 20 if bench.options.quick else sources.SIZE
    rows = sources.measured(bench.options.code_corpus, bench.options.dedup_corpus, bench.core, size=size)
    return {"Code, four languages": rows}


def licensed(bench: Bench) -> Tables:
    return {"Licence variants": licences.measured(material.places(bench.options).shared, bench.core)}


def scaled(bench: Bench) -> Tables:
    of = scale.measured(bench.corpus, bench.core)
    told = [{"what": name, "measured": round(value, 4)} for name, value in of.items()]
    return {"What scale is computed from": told, "Scale, computed": scale.computed(of)}


PARTS: dict[str, Callable[[Bench], Tables]] = {
    "passes": passes, "tools": peers, "kinds": kinds, "workers": workers, "signatures": signatures, "code": code,
    "licences": licensed, "scale": scaled,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    parser.add_argument("--code-corpus", type=type(code_corpus.HERE), default=code_corpus.default_folder())
    parser.add_argument(
        "--half", choices=("dev", "report"), default="report", help="of the text; dev is to tune on"
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="these parts alone")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is told")
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is written")
    options = parser.parse_args()
    bench, console, tables = Bench(options), Console(width=230), Tables()
    os.sched_setaffinity(0, {bench.core})
    loads, took = {}, {}
    for name in options.part or PARTS:
        console.rule(name)
        loads[name], start = round(os.getloadavg()[0], 1), time.monotonic()
        for title, rows in PARTS[name](bench).items():
            tables[title] = rows
            console.print(table(title, rows))
        took[name] = round(time.monotonic() - start)
    if {"passes", "tools"} <= took.keys():
        rate = next(row["MB/s"] for row in tables[SPEED] if row["what"] == ONE)
        tables[BESIDE] = tools.compared(tables["Tools in use, end to end"], rate)
        console.print(table(BESIDE, tables[BESIDE]))
    parameters = {
        "half": options.half, "load average before each part": loads, "seconds of each part": took,
        "shingles": "5 words, 10 lexemes", "code": "where a column says it", "Python of the tools": sys.version.split()[0],
    }  # fmt: skip
    if options.quick or options.half != "report":
        return
    if not options.part:
        save("dedup", {**parameters, **bench.judge.told(), "bytes": bench.corpus.size}, tables)


if __name__ == "__main__":
    main()
