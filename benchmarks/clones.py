"""BigCloneBench: clones that people judged, and pairs of the same topic that are none.

Each pair is one work and one output: function ``b`` protected, function ``a`` given back in a fence with its
tag. T1 differs in layout, T2 in names and literals, ST3 and MT3 in statements (70 to 100 % and 50 to 70 % of
the lines alike); MT3 is mostly written anew. Pairs labelled no clone solve the same task. The sample is for
development, so these figures say so. Svajlenko and others 2014; the labels are contested (Krinke and
Ragkhitwetsagul 2022), so what is published is recall beside the share of non-clones that are stopped.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks import code_corpus, corpus
from benchmarks.code_copies import lexemes
from benchmarks.code_outcomes import Best, judgeable
from benchmarks.record import interval, save
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work

TYPES = ("T1", "T2", "ST3", "MT3", "none")
LEAST = 60
"""Lexemes of the shorter function of the pairs in the second half of the table."""
SHARES = (0.01, 0.001)
"""Shares of the non-clones that may be stopped where recall is stated besides."""
_WRAPPER = re.compile(r"^\s*public class BigbenchClone\s*\{(.*)\}\s*$", re.DOTALL)
Row = dict[str, Any]


class Judged(NamedTuple):
    """A pair, and what a check of one against the other said."""

    type: str
    size: int
    stopped: bool
    best: Best | None


def pairs(options: argparse.Namespace) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """The functions by id, and (a, type) of the pairs by b."""
    data = options.shared / "data" / "code"
    codes = {row["id"]: bare(row["code"]) for row in corpus.rows(data / "bcb_dev_functions.jsonl.gz")}
    by: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in corpus.rows(data / "bcb_dev_pairs.jsonl.gz"):
        by[row["b"]].append((row["a"], row["type"] if row["clone"] else "none"))
    return codes, by


def bare(code: str) -> str:
    """The function without the class that the sample puts around it."""
    found = _WRAPPER.match(code)
    return (found[1] if found else code).strip("\n") + "\n"


def judged(options: argparse.Namespace) -> Iterator[Judged]:
    """Every pair checked by itself."""
    codes, by = pairs(options)
    sizes = {id: lexemes(code, "java") for id, code in codes.items()}
    policy = Policy.load()
    for b, them in by.items():
        work = Work(b, kind="code", language="java")
        guard = Guard(MemoryIndex([Document(work, codes[b])]), policy)
        for a, kind in them:
            report = guard.check(f"```java\n{codes[a]}```\n", all=True)
            stopped = report.decision == "stop" and not report.error
            yield Judged(kind, min(sizes[a], sizes[b]), stopped, next(iter(judgeable(report.matches)), None))


def recall_rows(them: list[Judged]) -> list[Row]:
    """A row for each type, over all pairs and over those of functions that a policy can act on."""
    rows = []
    for name, least in (("all", 0), (f"{LEAST} lexemes and more", LEAST)):
        for kind in TYPES:
            part = [one for one in them if one.type == kind and one.size >= least]
            hits = sum(one.stopped for one in part)
            rows.append(
                {"functions": name, "type": kind, "n": len(part), "stopped": interval(hits, len(part))}
            )
    return rows


def at_shares(them: list[Judged]) -> list[Row]:
    """Recall by matched tokens over the longer side (similarity), where so many non-clones are stopped."""
    fitting = [one for one in them if one.size >= LEAST]
    least = Policy.load().code.min_tokens
    scores = {
        kind: sorted((_score(one, least) for one in fitting if one.type == kind), reverse=True)
        for kind in TYPES
    }
    rows = []
    for share in SHARES:
        clean = scores["none"]
        threshold = clean[int(share * len(clean))] if clean else 0.0
        rows.append(
            {"non-clones stopped": share, "similarity over": round(threshold, 4),
             **{kind: round(sum(s > threshold for s in scores[kind]) / max(len(scores[kind]), 1), 4)
                for kind in TYPES}}
        )  # fmt: skip
    return rows


def _score(one: Judged, least: int) -> float:
    return one.best.similarity if one.best and one.best.tokens >= least else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    code_corpus.arguments(parser)
    options = parser.parse_args()
    them = list(judged(options))
    parameters = {"pairs": len(them), "policy": Policy.load().digest, "part": "development"}
    tables = {"By type": recall_rows(them), "At a share of non-clones": at_shares(them)}
    save("clones", parameters, tables)


if __name__ == "__main__":
    main()
