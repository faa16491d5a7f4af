"""What a pass came to, counted part by part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simblock.tokens import I64, U32
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.folder import counted
from simblock_indexer.dedup.outcome.stars import Stars
from simblock_indexer.dedup.part import CODE, Documents, SignedPart
from simblock_indexer.dedup.settled import EXACT, FATES, KEPT, Settled
from simblock_indexer.dedup.verifying import BINS

LARGEST = 20
"""Clusters that are named, the largest."""
PROBLEMS = 100
"""Rows passed over that are named."""
FILES = 100
"""Files that are named, those that lost most."""
ASIDE = {"seconds"}
"""Counters that differ between runs: rates have them."""


@dataclass(slots=True)
class Intake:
    """What came in, and what became of it: documents and characters by fate, and of each file [kept, dropped]."""

    documents: I64 = field(default_factory=lambda: np.zeros(len(FATES), np.int64))
    characters: I64 = field(default_factory=lambda: np.zeros(len(FATES), np.int64))
    code: int = 0
    files: dict[int, list[int]] = field(default_factory=dict)
    rows: int = 0
    read: int = 0
    bad: int = 0
    empty: int = 0
    problems: list[str] = field(default_factory=list)


def intake(documents: Documents, settled: Settled) -> Intake:
    """Counts the documents of this delivery."""
    met = Intake()
    for its in documents.delivered:
        _take(met, its.part.source, its.signed, settled.fates[its.numbers])
    return met


def _take(met: Intake, source: int, part: SignedPart, fates: Any) -> None:
    counts = np.bincount(fates, minlength=len(FATES))
    met.documents += counts
    met.characters += np.bincount(fates, weights=part.array("sizes"), minlength=len(FATES)).astype(np.int64)
    met.code += int((part.array("sorts") == CODE).sum())
    of_file = met.files.setdefault(source, [0, 0])
    of_file[0] += int(counts[KEPT])
    of_file[1] += int(counts.sum() - counts[KEPT])
    told = part.counts
    met.rows += told["rows"]
    met.read += told["read"]
    met.bad += told["bad"]
    met.empty += told["empty"]
    met.problems += told["problems"][: PROBLEMS - len(met.problems)]


@dataclass(slots=True)
class Gathered:
    """Clusters as they are met: how many of each size, the largest as (size, representative), and how alike
    members are to what these stand around: ``near`` i64 [BINS], and so many equal ones."""

    count: int = 0
    members: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    largest: list[tuple[int, int]] = field(default_factory=list)
    near: I64 = field(default_factory=lambda: np.zeros(BINS, np.int64))
    exact: int = 0

    def add(self, found: Stars, settled: Settled) -> None:
        """Counts some clusters."""
        sizes = found.sizes
        self.count += len(sizes)
        self.members += int(sizes.sum())
        of_size, how_many = np.unique(sizes, return_counts=True)
        self.sizes.update(dict(zip(of_size.tolist(), how_many.tolist(), strict=True)))
        best = np.lexsort((found.centres, -sizes))[:LARGEST]
        among = [*self.largest, *zip(sizes[best].tolist(), found.centres[best].tolist(), strict=True)]
        self.largest = sorted(among, key=lambda one: (-one[0], one[1]))[:LARGEST]
        self._compare(found.members[found.members != np.repeat(found.centres, sizes)], settled)

    def _compare(self, members: U32, settled: Settled) -> None:
        same = settled.fates[members] == EXACT
        self.exact += int(same.sum())
        self.near += histogram(settled.similarities[members[~same]])


def histogram(similarities: F32) -> I64:
    """How many similarities lie in each bin, i64 [BINS], a fiftieth wide each: as *verify* counts them."""
    bins = np.minimum((similarities * BINS).astype(np.int64), BINS - 1)
    return np.bincount(bins, minlength=BINS).astype(np.int64)


def rejected(measured: list[int], gathered: Gathered, threshold: float) -> list[int]:
    """Of the pairs that were compared, by bin, those that are not near-copies: all below the threshold, and what
    members leave of the bin that it stands in."""
    edge = int(np.float32(threshold) * BINS)
    below = measured[:edge]
    if edge < BINS:
        taken = int(gathered.near[edge]) + (gathered.exact if edge == BINS - 1 else 0)
        below = [*below, max(measured[edge] - taken, 0)]
    return below + [0] * (BINS - len(below))


def by_size(sizes: Counter[int]) -> dict[str, int]:
    """Clusters by size: 1 to 4 each by itself, from there on by powers of two."""
    found: Counter[tuple[int, int]] = Counter()
    for size, count in sizes.items():
        high = size if size <= 4 else 1 << (size - 1).bit_length()
        found[(size if size <= 4 else high // 2 + 1, high)] += count
    return {
        f"{low}-{high}" if low < high else f"{low}": count for (low, high), count in sorted(found.items())
    }


def counters(folder: Path) -> dict[str, Any]:
    """The sums of what the units of a stage counted (numbers, and lists of these, by name)."""
    sums: dict[str, Any] = {}
    for path in sorted(folder.glob("[0-9]*/counts.json")):
        for name, value in counted(path.parent).items():
            if name not in ASIDE and not isinstance(value, str | bool):
                sums[name] = _added(sums.get(name), value)
    return sums


def _added(held: Any, value: Any) -> Any:
    if held is None:
        return value
    if isinstance(value, list):
        return [one + other for one, other in zip(held, value, strict=True)]
    return held + value
