"""What a tool's outcome is worth, held against the exact truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from benchmarks.dedup import truth
from benchmarks.dedup.corpus import KINDS, Corpus
from simblock.tokens import I64

LEAST = 0.5
"""Pairs that are less alike are not looked for."""
DIGITS = 4


class Judge:
    """A corpus with all its pairs that are alike, which every tool's outcome is held against."""

    def __init__(self, corpus: Corpus) -> None:
        rows = list(corpus.rows())
        self.numbers = {row.id: number for number, row in enumerate(rows)}
        self.sets = truth.sets([row.text for row in rows])
        self.pairs = truth.all_pairs(self.sets, LEAST)
        self.planted = corpus.planted
        self.documents = len(rows)

    @cached_property
    def planted_pairs(self) -> I64:
        """The planted pairs as numbers i64 [m, 2], the earlier document first."""
        found = [sorted((self.numbers[one.copy], self.numbers[one.original])) for one in self.planted]
        return np.array(found, np.int64)

    def told(self) -> dict[str, Any]:
        """What there is to find."""
        return {
            "documents": self.documents,
            "planted": len(self.planted),
            "planted alike": round(float(truth.jaccards(self.sets, self.planted_pairs).mean()), DIGITS),
            "pairs of 0.5": len(self.pairs.numbers),
            "pairs of 0.8": int((self.pairs.similarities >= 0.8).sum()),
        }

    def of_pairs(self, pairs: Iterable[tuple[int, int]], least: float) -> dict[str, float]:
        """Of the pairs that are alike, the share that was found; of those that were found, the share that is."""
        wanted = self.pairs.of(least)
        found = {(min(pair), max(pair)) for pair in pairs}
        return {
            "pair recall": share(len(found & wanted), len(wanted)),
            "pair precision": share(len(found & wanted), len(found)),
        }

    def of_dropped(self, dropped: Collection[int], least: float) -> dict[str, Any]:
        """Of the documents that are dropped where each is compared with all that were kept before it, the share that
        was; of those that were, the share that is like another; groups of which nothing is left; and of the planted
        copies the share that did not stay beside their originals."""
        _, wanted = truth.kept_first(self.pairs, self.documents, least)
        gone = set(dropped)
        alike = set(self.pairs.numbers[self.pairs.similarities >= least].ravel().tolist())
        return {
            "document recall": share(len(gone & set(wanted.tolist())), len(wanted)),
            "document precision": share(len(gone & alike), len(gone)),
            "groups lost": self.lost(gone, least),
            "planted found": self.planted_found(gone),
        }

    def planted_found(self, dropped: Collection[int], kind: str | None = None) -> float:
        """The share of the planted copies, of one kind or all, that did not stay beside their originals."""
        some = [
            pair
            for pair, one in zip(self.planted_pairs.tolist(), self.planted, strict=True)
            if kind in (None, one.kind)
        ]
        return share(sum(a in dropped or b in dropped for a, b in some), len(some))

    def by_kind(self, dropped: Collection[int]) -> dict[str, float]:
        """:meth:`planted_found` of every kind."""
        return {kind: self.planted_found(dropped, kind) for kind in KINDS}

    def lost(self, dropped: Collection[int], least: float) -> int:
        """Groups of two and more documents connected by resemblance, of which none was kept."""
        some = self.pairs.numbers[self.pairs.similarities >= least]
        shape = (self.documents, self.documents)
        graph = coo_matrix((np.ones(len(some), np.uint8), (some[:, 0], some[:, 1])), shape)
        count, labels = connected_components(graph, directed=False)
        kept = np.ones(self.documents, bool)
        kept[list(dropped)] = False
        left = np.bincount(labels[kept], minlength=count)
        return int(((np.bincount(labels) > 1) & (left == 0)).sum())


def share(hits: int, of: int) -> float:
    """A share to four digits; NaN of nothing."""
    return round(hits / of, DIGITS) if of else float("nan")
