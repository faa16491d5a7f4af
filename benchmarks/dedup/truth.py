"""What is alike, exactly: all pairs of documents whose sets of shingles have a Jaccard similarity of a bound and more.

Shingles are made as simblock makes them (5 words of its word view); how they are compared has no part of it. It is a
join by prefixes (Chaudhuri, Ganti, Kaushik, ICDE 2006; Bayardo, Ma, Srikant, WWW 2007): of a set of n shingles,
ordered from the rarest on, the first n - ceil(t n) + 1 must share one with any set that is alike by t. All pairs that
share one are then compared in full. Tools with shingles of their own are held against the same truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock import shingles
from simblock.text import tokenise_many
from simblock.tokens import I64, U32

N = 5
"""Words of a shingle."""
_BATCH = 2_000
"""Documents tokenised, or pairs compared, at a time."""


class Sets(NamedTuple):
    """Sets of shingles end to end, ``bounds`` i64 [n + 1] between them. A shingle is its rank, rarest first; each set
    rises."""

    ranks: U32
    bounds: I64

    def sizes(self) -> I64:
        """How many shingles each document has."""
        return np.diff(self.bounds)


class Pairs(NamedTuple):
    """Pairs of documents i64 [m, 2], the smaller number first, in order; and their exact similarities f64 [m]."""

    numbers: I64
    similarities: NDArray[np.float64]

    def of(self, least: float) -> set[tuple[int, int]]:
        """The pairs of at least so much."""
        return set(map(tuple, self.numbers[self.similarities >= least].tolist()))


def sets(texts: Sequence[str]) -> Sets:
    """The shingle sets of documents. One of fewer than 5 words has one shingle, of all its words."""
    found = []
    for start in range(0, len(texts), _BATCH):
        runs = tokenise_many(texts[start : start + _BATCH])
        keys, bounds = runs.tokens.keys, runs.bounds
        found += [of_run(keys[a:b]) for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
    return of_hashes(found)


def of_run(keys: U32) -> NDArray[np.uint64]:
    """The distinct shingle hashes of a run."""
    return np.unique(shingles.hashes(keys, min(N, len(keys)) or 1))


def of_hashes(found: Sequence[NDArray[np.uint64]]) -> Sets:
    """Sets of hashes as sets of ranks."""
    bounds = np.cumsum([0, *map(len, found)], dtype=np.int64)
    _, places, counts = np.unique(np.concatenate(found), return_inverse=True, return_counts=True)
    order = np.empty(len(counts), np.uint32)
    order[np.argsort(counts, kind="stable")] = np.arange(len(counts), dtype=np.uint32)
    owners = np.repeat(np.arange(len(found)), np.diff(bounds))
    ranks = order[places]
    return Sets(ranks[np.lexsort((ranks, owners))], bounds)


def all_pairs(them: Sets, least: float) -> Pairs:
    """All pairs of documents with a Jaccard similarity of at least so much; empty documents are like none."""
    return _compared(them, _sharing(them, least), least)


def jaccards(them: Sets, pairs: I64) -> NDArray[np.float64]:
    """The exact similarities of pairs i64 [m, 2] of documents."""
    pieces = [_overlaps(them, pairs[start : start + _BATCH]) for start in range(0, len(pairs), _BATCH)]
    common = np.concatenate([np.empty(0, np.int64), *pieces])
    sizes = them.sizes()
    union = sizes[pairs[:, 0]] + sizes[pairs[:, 1]] - common
    return common / np.maximum(union, 1)


def _sharing(them: Sets, least: float) -> I64:
    """Pairs whose prefixes share a shingle and whose sizes allow it, each once."""
    sizes = them.sizes()
    length = sizes - np.ceil(least * sizes - 1e-9).astype(np.int64) + 1
    length[sizes == 0] = 0
    owners = np.repeat(np.arange(len(sizes)), sizes)
    places = np.arange(len(owners)) - them.bounds[:-1][owners]
    within = places < length[owners]
    ranks, owners = them.ranks[within], owners[within]
    order = np.argsort(ranks, kind="stable")
    ranks, owners = ranks[order], owners[order]
    starts = np.flatnonzero(np.append(True, ranks[1:] != ranks[:-1]))
    counts = np.diff(np.append(starts, len(ranks)))
    found = [np.empty(0, np.int64)]
    for count in np.unique(counts[counts > 1]).tolist():
        groups = owners[starts[counts == count][:, None] + np.arange(count)]
        first, second = np.triu_indices(count, 1)
        step = max(20_000_000 // len(first), 1)
        for at in range(0, len(groups), step):
            some = groups[at : at + step]
            a, b = some[:, first].ravel(), some[:, second].ravel()
            alike = np.minimum(sizes[a], sizes[b]) >= least * np.maximum(sizes[a], sizes[b]) - 1e-9
            found.append(np.unique(a[alike] * len(sizes) + b[alike]))
    coded = np.unique(np.concatenate(found))
    return np.stack([coded // len(sizes), coded % len(sizes)], 1)


def _compared(them: Sets, pairs: I64, least: float) -> Pairs:
    similarities = jaccards(them, pairs)
    alike = similarities >= least
    return Pairs(pairs[alike], similarities[alike])


def _overlaps(them: Sets, pairs: I64) -> I64:
    """How many shingles the documents of each pair share: equal neighbours, once both are sorted together."""
    sizes, starts = them.sizes(), them.bounds[:-1]
    numbers = np.repeat(np.arange(len(pairs)), sizes[pairs].sum(1))
    flat = pairs.ravel()
    lengths = sizes[flat]
    begins = np.repeat(starts[flat] - (np.cumsum(lengths) - lengths), lengths)
    coded = numbers.astype(np.int64) << 32 | them.ranks[begins + np.arange(lengths.sum())]
    coded.sort()
    again = coded[1:][coded[1:] == coded[:-1]] >> 32
    return np.bincount(again, minlength=len(pairs))


def kept_first(pairs: Pairs, documents: int, least: float) -> tuple[I64, I64]:
    """Who is dropped when each document in order is compared with all that were kept: keepers i64 [n], itself where
    it is kept (of several the most alike, the first among equals), and the dropped documents."""
    keepers = np.arange(documents)
    likest = np.zeros(documents)
    alike = pairs.similarities >= least
    numbers, similarities = pairs.numbers[alike], pairs.similarities[alike]
    order = np.lexsort((numbers[:, 0], numbers[:, 1]))
    for (first, second), similarity in zip(
        numbers[order].tolist(), similarities[order].tolist(), strict=True
    ):
        if keepers[first] == first and similarity > likest[second]:
            keepers[second], likest[second] = first, similarity
    return keepers, np.flatnonzero(keepers != np.arange(documents))
