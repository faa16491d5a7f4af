"""PAN 2013 text alignment (a third of its development set): all sources in one index.

A case is found when a match of its source overlaps it in the suspicious document. plagdet is the
corpus' own measure (Potthast, Stein, Barron-Cedeno, Rosso 2010): F1 of characters over log2(1 +
granularity), each averaged over cases or detections. A pair of part none is false when that source
is matched; pairs that share 16 words in a row are left out there.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks import corpus
from benchmarks.record import interval, save
from simblock.guard import Guard
from simblock.match import Match
from simblock.policy import Policy
from simblock.shingles import hashes
from simblock.stores.memory import MemoryIndex
from simblock.text import tokenise
from simblock.work import Document, Work

PARTS = ("verbatim", "random", "translation")


class Case(NamedTuple):
    """A passage [start, end) of the suspicious document and where it came from, in characters."""

    start: int
    end: int
    source_start: int
    source_end: int

    @property
    def size(self) -> int:
        return self.end - self.start + self.source_end - self.source_start


def overlap(a: Case, b: Case) -> int:
    """Characters that both sides of two passages share; 0 unless both sides overlap."""
    here = min(a.end, b.end) - max(a.start, b.start)
    there = min(a.source_end, b.source_end) - max(a.source_start, b.source_start)
    return here + there if here > 0 and there > 0 else 0


def covered(one: Case, others: Sequence[Case]) -> int:
    """Characters of one passage, both sides, that some of the others cover."""
    near = [other for other in others if overlap(one, other)]
    total = 0
    for low, high, spans in (
        (one.start, one.end, [(o.start, o.end) for o in near]),
        (one.source_start, one.source_end, [(o.source_start, o.source_end) for o in near]),
    ):
        at = low
        for start, end in sorted(spans):
            total += max(min(end, high) - max(start, at), 0)
            at = max(at, min(end, high))
    return total


def plagdet(found: Sequence[tuple[Sequence[Case], Sequence[Case]]]) -> dict[str, float]:
    """plagdet, precision, recall and granularity over pairs of (cases, detections)."""
    recalls = [covered(case, made) / case.size for cases, made in found for case in cases]
    precisions = [covered(one, cases) / one.size for cases, made in found for one in made]
    pieces = [sum(overlap(case, one) > 0 for one in made) for cases, made in found for case in cases]
    hit = [count for count in pieces if count]
    recall = sum(recalls) / len(recalls) if recalls else 0.0
    precision = sum(precisions) / len(precisions) if precisions else 0.0
    granularity = sum(hit) / len(hit) if hit else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    names = ("plagdet", "precision", "recall", "granularity")
    values = (f1 / math.log2(1 + granularity), precision, recall, granularity)
    return {name: round(value, 3) for name, value in zip(names, values, strict=True)}


def detections(matches: Sequence[Match], source: str, *, acted: bool = True) -> list[Case]:
    """The matches of one source as passages; ``acted`` leaves out those under the thresholds."""
    return [
        Case(*match.output, *match.source)
        for match in matches
        if source in (match.work.id, *match.twins) and (match.action != "release" or not acted)
    ]


def shares(a: str, b: str, words: int = 16) -> bool:
    """Whether two texts have so many words in a row in common."""
    return bool(np.intersect1d(hashes(tokenise(a).keys, words), hashes(tokenise(b).keys, words)).size)


def why(case: Case, matches: Sequence[Match], source: str) -> str:
    """What was seen of a case that was not found."""
    seen = [match for match in matches if source in (match.work.id, *match.twins)]
    near = [match for match in seen if overlap(case, Case(*match.output, *match.source))]
    if not near:
        return "no piece"
    best = max(near, key=lambda match: match.tokens)
    if best.tokens < 32 <= sum(match.tokens for match in near):
        return "split into matches"
    return "too few tokens" if best.tokens < 32 else "too little similarity"


def measure(guard: Guard, documents: dict[str, str], pairs: Sequence[Any]) -> list[dict[str, Any]]:
    """A row for each part."""
    found: dict[str, list[tuple[list[Case], list[Case]]]] = defaultdict(list)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    reports: dict[str, Sequence[Match]] = {}
    for pair in pairs:
        id, source, part = pair["suspicious_id"], pair["source_id"], pair["part"]
        if id not in reports:
            reports[id] = guard.check(documents[id], all=True).matches
        matches = reports[id]
        cases = [Case(a, a + n, b, b + m) for a, n, b, m in pair["cases"]]
        made = detections(matches, source)
        found[part].append((cases, made))
        for case in cases:
            hit = any(min(case.end, one.end) > max(case.start, one.start) for one in made)
            reasons[part]["found" if hit else why(case, matches, source)] += 1
    rows = []
    for part in PARTS:
        count = sum(len(cases) for cases, _ in found[part])
        missed = {name: n for name, n in reasons[part].most_common() if name != "found"}
        rows.append(
            {"part": part, "pairs": len(found[part]), "cases": count,
             "cases found": interval(reasons[part]["found"], count), **plagdet(found[part]),
             "missed": json.dumps(missed)}
        )  # fmt: skip
    return rows


def unrelated(guard: Guard, documents: dict[str, str], pairs: Sequence[Any]) -> list[dict[str, Any]]:
    """The pairs of part none: how many are matched, and what else the documents are stopped for."""
    count: Counter[str] = Counter()
    for pair in pairs:
        text, source = documents[pair["suspicious_id"]], pair["source_id"]
        if shares(text, documents[source]):
            count["left out"] += 1
            continue
        count["pairs"] += 1
        acted = [match for match in guard.check(text).matches if match.action != "release"]
        count["false"] += any(match.work.id == source for match in acted)
        count["any"] += bool(acted)
        count["under16"] += any(match.longest_run < 16 for match in acted)
    return [
        {"pairs": count["pairs"], "left out": count["left out"], "false": interval(count["false"], count["pairs"]),
         "matched with any source": count["any"], "of them under 16 words in a row": count["under16"]}
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    corpus.arguments(parser)
    options = parser.parse_args()
    folder = options.shared / "data" / "text"
    documents = {row["id"]: row["text"] for row in corpus.rows(folder / "pan13_dev.jsonl.gz")}
    pairs: list[Any] = list(corpus.rows(folder / "pan13_dev_pairs.jsonl.gz"))
    sources = [Document(Work(id), text) for id, text in documents.items() if id.startswith("source")]
    index = MemoryIndex(sources)
    tables = {}
    for name, policy in (("default", Policy.load()), ("min_tokens 16", Policy.load(text={"min_tokens": 16}))):
        guard = Guard(index, policy)
        rows = measure(guard, documents, [pair for pair in pairs if pair["part"] != "none"])
        tables[f"Cases, policy {name}"] = rows
        none = [pair for pair in pairs if pair["part"] == "none"]
        tables[f"Unrelated pairs, policy {name}"] = unrelated(guard, documents, none)
    parameters = {"sources": len(sources), "words": index.stat().tokens, "scheme": index.scheme.digest}
    save("pan13", parameters, tables)


if __name__ == "__main__":
    main()
