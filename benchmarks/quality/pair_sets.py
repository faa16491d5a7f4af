"""Sets of pairs that people judged: which programs were made from one another, and which only do the same.

ConPlag: Java contest programs (Slobodkin and Sadovnikov 2022), a part of its train pairs. IR-Plag: seven small
tasks, an original each, plagiarised at six levels and solved independently (Karnalim and others 2019). The sample of
BigCloneBench is that of ``benchmarks.clones``. All are for development, and their figures say so.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from benchmarks import clones, corpus

HALVES = ("tune", "report")


class Pair(NamedTuple):
    """Two files of a set: ``label`` is none where they are no copies, ``group`` decides the half that it is of."""

    a: str
    b: str
    label: str
    group: str

    @property
    def half(self) -> str:
        """The half of the pair; all of one group are in one."""
        return HALVES[hashlib.sha256(self.group.encode()).digest()[0] & 1]


class PairSet(NamedTuple):
    """The files of a set, that make one collection, and the pairs of them that are judged."""

    name: str
    files: dict[str, str]
    pairs: list[Pair]


def conplag(options: argparse.Namespace) -> PairSet:
    """Its programs; the halves share no problem."""
    files: dict[str, str] = {}
    pairs = []
    for row in corpus.rows(options.shared / "data" / "code" / "conplag_train.jsonl.gz"):
        a, b = row["id"].split("_")
        files |= {a: row["a"], b: row["b"]}
        pairs.append(Pair(a, b, "plagiarised" if row["plagiarised"] else "none", f"problem {row['problem']}"))
    return PairSet("ConPlag", files, pairs)


def irplag(options: argparse.Namespace) -> PairSet:
    """Each task's original beside all the other programs of it; the halves share no task."""
    rows = list(corpus.rows(options.shared / "data" / "code" / "irplag.jsonl.gz"))
    files = {f"{at}": row["code"] for at, row in enumerate(rows)}
    originals = {row["case"]: f"{at}" for at, row in enumerate(rows) if row["role"] == "original"}
    pairs = [
        Pair(originals[row["case"]], f"{at}", _level(row), row["case"])
        for at, row in enumerate(rows)
        if row["role"] != "original"
    ]
    return PairSet("IR-Plag", files, pairs)


def _level(row: dict[str, str]) -> str:
    return f"level {row['level']}" if row["role"] == "plagiarised" else "none"


def bigclonebench(options: argparse.Namespace) -> PairSet:
    """Its functions, without the class around each; the halves share no second function of a pair."""
    codes, by = clones.pairs(options)
    pairs = [Pair(a, b, kind, b) for b, them in by.items() for a, kind in them]
    return PairSet("BigCloneBench", codes, pairs)


SETS: dict[str, Callable[[argparse.Namespace], PairSet]] = {
    "conplag": conplag,
    "irplag": irplag,
    "bigclonebench": bigclonebench,
}
