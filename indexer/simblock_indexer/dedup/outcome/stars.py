"""Clusters of two documents and more, as they stand around their representatives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from simblock.tokens import I64, U32
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import PASSAGE, Settled

CHUNK = 1 << 18
"""Documents that are looked at together."""
MOST = 1 << 20
"""Documents whose clusters are sorted together; a cluster with more is taken alone, whole."""
BINS = 1 << 16


class Stars(NamedTuple):
    """Some clusters, by the number of their representative. ``members`` u32, of each its representative, then by the
    rule; those of cluster i are ``starts[i]:starts[i + 1]``, i64; ``centres`` u32: the representatives."""

    members: U32
    starts: I64
    centres: U32

    @property
    def sizes(self) -> I64:
        """How many members each cluster has."""
        return np.diff(self.starts)


def stars(documents: Documents, settled: Settled, most: int = MOST) -> Iterator[Stars]:
    """All clusters of two and more, in order, those of about ``most`` documents at a time.

    A document that is dropped for passages of another is in none: they were not compared as documents.
    """
    for low, high in pairwise(_edges(settled.keepers, most)):
        numbers, keepers = _around(settled, low, high)
        yield _grouped(documents, numbers, keepers)


def _edges(keepers: U32, most: int) -> list[int]:
    """Where to divide the representatives so that about ``most`` documents stand around those between."""
    total = len(keepers)
    width = -(-total // BINS) or 1
    counts = np.zeros(BINS, np.int64)
    for start in range(0, total, CHUNK):
        counts += np.bincount(keepers[start : start + CHUNK] // width, minlength=BINS)
    edges, held = [0], 0
    for at, count in enumerate(counts.tolist()):
        if held and held + count > most:
            edges.append(at * width)
            held = 0
        held += count
    return [*edges, total]


def _around(settled: Settled, low: int, high: int) -> tuple[U32, U32]:
    """The documents that stand around representatives from ``low`` to ``high``, rising, and those."""
    numbers, found = [np.empty(0, np.uint32)], [np.empty(0, np.uint32)]
    for start in range(0, len(settled.keepers), CHUNK):
        some = settled.keepers[start : start + CHUNK]
        stays = settled.fates[start : start + CHUNK] != PASSAGE
        inside = np.flatnonzero((some >= low) & (some < high) & stays)
        numbers.append((inside + start).astype(np.uint32))
        found.append(some[inside])
    return np.concatenate(numbers), np.concatenate(found)


def _grouped(documents: Documents, numbers: U32, keepers: U32) -> Stars:
    centres, back, sizes = np.unique(keepers, return_inverse=True, return_counts=True)
    together = sizes[back] > 1
    numbers, keepers = numbers[together], keepers[together]
    ranks = documents.take("ranks", numbers).astype(np.float64)
    ranks[: int(np.searchsorted(numbers, documents.old))] = -np.inf
    order = np.lexsort((numbers, ranks, numbers != keepers, keepers))
    alone = sizes == 1
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[~alone])])
    return Stars(numbers[order], starts, centres[~alone])
