"""Which few documents a page shows: of the largest clusters, near the threshold, of each reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simblock.tokens import I64, U32
from simblock_indexer.dedup.clustering import units
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.excess import Passages
from simblock_indexer.dedup.folder import Folder, load
from simblock_indexer.dedup.outcome.guarded import numbers_of, read
from simblock_indexer.dedup.outcome.repeated import most
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import EXACT, NEAR, PASSAGE, PROTECTED, Settled
from simblock_indexer.dedup.verifying import jaccards

CHUNK = 1 << 20
"""Documents that are looked at together."""
LARGEST, CLOSEST, EACH = 5, 4, 2
"""Examples of the largest clusters, of each side of the threshold, of each reason."""
TRIED = 500
"""Pairs that are no near-copies and are compared again, to find those closest to the threshold."""


class Example(NamedTuple):
    """Why it is shown (``of``), a document, the one beside it, or itself where nothing stands beside it, and how alike
    they are; of ``repeated`` ones how many documents have the passage."""

    of: str
    document: int
    beside: int
    similarity: float


def examples(folder: Folder, documents: Documents, settled: Settled, centres: list[int]) -> list[Example]:
    """The examples of a pass whose largest clusters stand around ``centres``; the same for any run of it."""
    chosen: dict[tuple[int, int], Example] = {}
    for one in _all(folder, documents, settled, centres):
        chosen.setdefault((one.document, one.beside), one)
    return list(chosen.values())


def _all(folder: Folder, documents: Documents, settled: Settled, centres: list[int]) -> Iterator[Example]:
    yield from _of_largest(settled, centres[:LARGEST])
    yield from _above(documents, settled)
    yield from _below(folder, documents, settled)
    for fate, name in ((EXACT, "exact"), (NEAR, "near"), (PASSAGE, "passage"), (PROTECTED, "protected")):
        for number in _first(settled, fate, documents.old):
            yield _example(name, number, settled)
    if documents.plan.options.against:
        yield from _found(documents, settled)
    if documents.plan.options.passages:
        yield from _repeated(Passages.read(folder.settled))


def _example(name: str, number: int, settled: Settled) -> Example:
    return Example(name, number, int(settled.keepers[number]), float(settled.similarities[number]))


def _of_largest(settled: Settled, centres: list[int]) -> Iterator[Example]:
    """Of each cluster the member that is least like the document that it stands around."""
    for centre in centres:
        least = (2.0, centre)
        for low in range(0, len(settled.keepers), CHUNK):
            members = np.flatnonzero(settled.keepers[low : low + CHUNK] == centre) + low
            members = members[members != centre]
            if len(members):
                similarities = settled.similarities[members]
                at = int(similarities.argmin())
                least = min(least, (float(similarities[at]), int(members[at])))
        if least[1] != centre:
            yield _example("largest", least[1], settled)


def _above(documents: Documents, settled: Settled) -> Iterator[Example]:
    """The dropped near-copies that are least like their keepers."""
    best: list[tuple[float, int]] = []
    for low in range(documents.old, len(settled.fates), CHUNK):
        near = np.flatnonzero(settled.fates[low : low + CHUNK] == NEAR) + low
        similarities: F32 = settled.similarities[near]
        some = np.lexsort((near, similarities))[:CLOSEST]
        best += zip(similarities[some].tolist(), near[some].tolist(), strict=True)
        best = sorted(best)[:CLOSEST]
    for _, number in best:
        yield _example("above", number, settled)


def _below(folder: Folder, documents: Documents, settled: Settled) -> Iterator[Example]:
    """Pairs of two that were compared and both stayed, those most alike first."""
    pairs = _rejected(folder, settled)
    pairs = pairs[(pairs >= documents.old).all(axis=1)]
    if not len(pairs):
        return
    similarities = jaccards(documents, pairs)
    below = np.flatnonzero(similarities < documents.plan.options.threshold)
    order = below[np.lexsort((pairs[below, 0], -similarities[below]))][:CLOSEST]
    for at in order.tolist():
        yield Example("below", int(pairs[at, 0]), int(pairs[at, 1]), float(similarities[at]))


def _rejected(folder: Folder, settled: Settled) -> U32:
    """Some candidates of which each stands for itself, u32 [m, 2], the later first."""
    whole, halves = (load(folder.clustered / f"{name}_splits.npy") for name in ("member", "pair"))
    every, every_pair = load(folder.clustered / "members.npy"), load(folder.clustered / "pairs.npy")
    found: list[U32] = [np.empty((0, 2), np.uint32)]
    count = 0
    for unit in range(units(folder)):
        members = every[whole[unit] : whole[unit + 1]]
        places: I64 = every_pair[halves[unit] : halves[unit + 1]].astype(np.int64)
        pairs = members[places]
        leads = settled.keepers[pairs] == pairs
        chosen = pairs[leads.all(axis=1)][: TRIED - count, ::-1]
        found.append(chosen)
        count += len(chosen)
        if count >= TRIED:
            break
    return np.concatenate(found)


def _found(documents: Documents, settled: Settled) -> Iterator[Example]:
    """The first documents with something of protected works that are not dropped for it."""
    chosen: list[int] = []
    for its in documents.delivered:
        numbers = np.unique(numbers_of(its, read(its.signed)))
        chosen += numbers[settled.fates[numbers] != PROTECTED].tolist()
        if len(chosen) >= EACH:
            break
    for number in chosen[:EACH]:
        yield Example("found", number, number, 1.0)


def _repeated(found: Passages) -> Iterator[Example]:
    """Documents with the passages that stand in most documents."""
    for at in most(found)[:EACH].tolist():
        yield Example("repeated", int(found.documents[at]), int(found.keepers[at]), float(found.holders[at]))


def _first(settled: Settled, fate: int, start: int) -> list[int]:
    """The first documents of a fate."""
    found: list[int] = []
    for low in range(start, len(settled.fates), CHUNK):
        found += (np.flatnonzero(settled.fates[low : low + CHUNK] == fate) + low).tolist()
        if len(found) >= EACH:
            break
    return found[:EACH]
