"""What a bit of a language's table of commonplaces is worth: ``python -m benchmarks.code_worth LANGUAGE...``.

Checks clean functions of the tune half against an index of the language's protected files, and reads off the
tail of their likeness (bits times similarity, as the policy takes it) which ``information`` of the grammar lets
one in a thousand reach 80 bits. With a thousand functions the thousandth is one function; so the tail above the
98th percentile is taken for exponential, by its mean, and what was seen is told beside it. Runs that have what
``min_run`` asks are told too: of them ``information`` changes the bits as well.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import code_corpus
from benchmarks.code_functions import spread
from benchmarks.code_outcomes import Row, Seen
from benchmarks.code_recall import Checker, Equals, as_they_are, build, clean_functions, prose
from benchmarks.record import table
from simblock.grammar import grammar
from simblock.guard import Guard
from simblock.policy import CodeLimits, Policy

RARE = 0.001
"""The share of clean functions that may reach WANTED."""
WANTED = 80.0
"""Bits, a fifth under what the policy asks of likeness."""
TAIL = 0.02
"""The share of the functions whose likeness tells how the tail falls."""


class Tail(NamedTuple):
    """The likeness of clean functions, in bits: how many, quantiles as seen, and the rare one, as the tail falls."""

    n: int
    seen: float
    tail: float
    rare: float

    @staticmethod
    def of(bits: Sequence[float]) -> Tail:
        """Of the likeness of some functions, 0 where nothing is alike."""
        values = np.array(bits, np.float64)
        seen, tail = np.quantile(values, 1 - RARE), float(np.quantile(values, 1 - TAIL))
        above = values[values > tail]
        falls = float((above - tail).mean()) if len(above) else 0.0
        return Tail(len(values), float(seen), tail, tail + falls * log(TAIL / RARE))


def likeness(one: Seen, limits: CodeLimits) -> float:
    """The most bits that a function's likeness says, as the policy counts them."""
    return max((it.bits * it.similarity for it in one.matches
                if it.tokens >= limits.min_tokens and it.similarity >= limits.min_similarity), default=0.0)  # fmt: skip


def run(one: Seen, limits: CodeLimits) -> float:
    """The most bits that a function's runs say, of those that are long enough."""
    return max((it.bits for it in one.matches if it.run >= limits.min_run), default=0.0)


def checked(options: argparse.Namespace, language: str) -> list[Seen]:
    """What a check says of clean functions of the tune half."""
    clean = clean_functions(options.code_corpus, language, "tune", options.clean, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        index = build(options.code_corpus, [language], Path(folder) / "index.sbx")
        checker = Checker(Guard(index), language, Equals(()))
        copies = as_they_are(
            spread(clean.functions, len(clean.functions), 1), prose(options.shared), options.seed
        )
        return [checker.check("clean", copy, is_copy=False) for copy in copies]


def worth(language: str, found: Sequence[Seen]) -> Row:
    """A row of what is to be known of a language."""
    limits = Policy.load().code
    tail = Tail.of([likeness(one, limits) for one in found])
    here = grammar(language).information
    wanted = min(here * WANTED / tail.rare, 1.0) if tail.rare else 1.0
    stopped = [one for one in found if one.stopped]
    return {
        "language": language, "functions": tail.n, "bits of one in 1,000": round(tail.rare, 1),
        "as seen": round(tail.seen, 1), "one in 50": round(tail.tail, 1), "information": here,
        "to be": round(wanted, 2), "stopped": len(stopped),
        "by a run": sum(bool(one.decider and one.decider.by == "min_run") for one in stopped),
        "most bits of a run": round(max((run(one, limits) for one in found), default=0.0), 1),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="+", choices=code_corpus.LANGUAGES)
    parser.add_argument("--code-corpus", type=Path, default=code_corpus.default_folder())
    parser.add_argument("--shared", type=Path, default=code_corpus.default_shared())
    parser.add_argument("--clean", type=int, default=1000, help="clean functions a language")
    parser.add_argument("--seed", type=int, default=9)
    options = parser.parse_args()
    from rich.console import Console

    found = {language: checked(options, language) for language in options.languages}
    console = Console(width=180)
    console.print(table("What a bit is worth", [worth(language, them) for language, them in found.items()]))
    for language, them in found.items():
        for one in them:
            if one.stopped:
                console.print(f"stopped, {language}: {one.id}, {one.size} lexemes, {one.decider}")


if __name__ == "__main__":
    main()
