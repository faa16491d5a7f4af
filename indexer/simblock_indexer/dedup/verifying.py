"""*verify*: each candidate is compared with the document that is kept, by the exact Jaccard similarity of their shingles.

Documents are taken in the order of the rule. Each is compared with the representatives of the candidates before it, the
best first; the first that it resembles enough it belongs to, and where there is none it is a representative itself.
So a cluster is a star: every member was compared with the one that is kept, and nobody is chained to somebody through
a third. What is found is that of going one by one; it is done for all that wait for nothing at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.tokens import I64, U32, U64
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.folder import Folder, load, save
from simblock_indexer.dedup.part import CODE, Documents, documents_of
from simblock_indexer.dedup.sketch import shingles

BINS = 50
"""Of the histogram of similarities that were measured, over [0, 1]."""
_HELD = 1 << 23
"""Shingles of a unit that are held at once; of a larger one those of some pairs at a time."""
_TOGETHER = 1 << 11
"""Documents that are decided together."""
_COMPARED = 1 << 16
"""Shingles compared at a time: they stay in the second cache."""
_TO_48, _ABOVE = np.uint64(16), np.uint64(48)
_MOST = 1 << 15
"""Pairs numbered at a time, above the 48 bits of a hash; below it is the side."""


def verify(folder: Folder, unit: int) -> None:
    """Decides a unit; does nothing where that was done.

    Writes ``members`` u32 (document numbers, by the rule), their ``keepers`` u32 and ``similarities`` f32 to them.
    """
    if folder.verified(unit).exists():
        return
    documents = documents_of(folder)
    work = _unit(folder, unit)
    found = _decided(work, documents)
    with folder.making(folder.verified(unit)) as filled:
        save(filled / "members.npy", work.members)
        save(filled / "keepers.npy", work.members[found.representatives])
        save(filled / "similarities.npy", found.similarities)
        counts = {"tests": int(found.measured.sum()), "measured": found.measured.tolist()}
        (filled / "counts.json").write_text(json.dumps(counts), "utf-8")
    documents.release()


class _Unit(NamedTuple):
    """Documents u32 by the rule, and candidates of each, the best first: places ``first[splits[i]:splits[i+1]]``."""

    members: U32
    first: I64
    splits: I64


def _unit(folder: Folder, unit: int) -> _Unit:
    at = folder.clustered
    whole, halves = load(at / "member_splits.npy"), load(at / "pair_splits.npy")
    members = np.array(load(at / "members.npy")[whole[unit] : whole[unit + 1]])
    pairs = load(at / "pairs.npy")[halves[unit] : halves[unit + 1]].astype(np.int64)
    splits = np.searchsorted(pairs[:, 1], np.arange(len(members) + 1))
    return _Unit(members, pairs[:, 0], splits)


class _Found(NamedTuple):
    representatives: I64
    similarities: F32
    measured: I64


def _decided(unit: _Unit, documents: Documents) -> _Found:
    deciding = _Deciding(unit, documents)
    # A chain takes a round a document: those far behind are not gone over meanwhile.
    for low in range(0, len(unit.members), _TOGETHER):
        deciding.decide(low, low + _TOGETHER)
    return deciding.found


class _Deciding:
    """A unit while it is decided. Of each document: its representative or -1, and at which candidate it is."""

    def __init__(self, unit: _Unit, documents: Documents) -> None:
        count = len(unit.members)
        self._unit = unit
        self._threshold = np.float32(documents.plan.options.threshold)
        self._shingled = Shingled(documents, np.sort(unit.members))
        self._at = unit.splits[:-1].copy()
        self._last = np.full(count, -1)
        """Whom it was compared with last: candidates next to each other often have one representative."""
        representatives = np.where(unit.members < documents.old, np.arange(count), -1)
        self.found = _Found(representatives, np.ones(count, np.float32), np.zeros(BINS, np.int64))

    def decide(self, low: int, high: int) -> None:
        """Decides the documents [low, high), all before which are decided."""
        chosen = self.found.representatives
        waiting = low + np.flatnonzero(chosen[low:high] < 0)
        while len(waiting):
            alone = self._at[waiting] == self._unit.splits[waiting + 1]
            chosen[waiting[alone]] = waiting[alone]
            waiting = waiting[~alone]
            target = chosen[self._unit.first[self._at[waiting]]]
            again = target == self._last[waiting]
            self._at[waiting[again & (target >= 0)]] += 1
            asked = ~again & (target >= 0)
            self._compare(waiting[asked], target[asked])
            waiting = waiting[chosen[waiting] < 0]

    def _compare(self, ones: I64, others: I64) -> None:
        if not len(ones):
            return
        members, found = self._unit.members, self.found
        similarities = self._shingled.jaccards(members[ones], members[others])
        bins = np.minimum((similarities * BINS).astype(np.int64), BINS - 1)
        found.measured[:] += np.bincount(bins, minlength=BINS)
        alike = similarities >= self._threshold
        found.representatives[ones[alike]] = others[alike]
        found.similarities[ones[alike]] = similarities[alike]
        self._last[ones[~alike]] = others[~alike]
        self._at[ones[~alike]] += 1


def jaccards(documents: Documents, pairs: NDArray[Any]) -> F32:
    """The exact Jaccard similarities f32 [m] of pairs of document numbers [m, 2]."""
    return Shingled(documents, np.unique(pairs)).jaccards(pairs[:, 0], pairs[:, 1])


class Shingled:
    """The shingles of some documents, whose numbers rise; read when they are compared, and held if they are few."""

    def __init__(self, documents: Documents, numbers: U32) -> None:
        self._documents = documents
        self._numbers = numbers
        lengths = documents.lengths(numbers)
        self._lengths = lengths
        self._held = _shingles(documents, numbers) if int(lengths.sum()) <= _HELD else None

    def jaccards(self, ones: NDArray[Any], others: NDArray[Any]) -> F32:
        """The similarity f32 [n] of each of ``ones`` to the one of ``others`` that stands beside it."""
        found = np.empty(len(ones), np.float32)
        first, second = np.searchsorted(self._numbers, ones), np.searchsorted(self._numbers, others)
        for some in self._steps(self._lengths[first] + self._lengths[second]):
            found[some] = self._compared(first[some], second[some])
        return found

    def _steps(self, weights: I64) -> Iterator[slice]:
        ends = np.cumsum(weights)
        start = 0
        while start < len(weights):
            before = int(ends[start - 1]) if start else 0
            end = int(np.searchsorted(ends, before + _COMPARED, "right"))
            end = min(max(end, start + 1), start + _MOST, len(weights))
            yield slice(start, end)
            start = end

    def _compared(self, first: I64, second: I64) -> F32:
        if self._held is not None:
            return _jaccards(self._held, first, second)
        places = np.unique(np.concatenate([first, second]))
        held = _shingles(self._documents, self._numbers[places])
        return _jaccards(held, np.searchsorted(places, first), np.searchsorted(places, second))


class _Held(NamedTuple):
    """Shingles of documents laid end to end: hashes u64 of 48 bits, and the bounds i64 between documents."""

    hashes: U64
    bounds: I64


def _shingles(documents: Documents, numbers: U32) -> _Held:
    runs = documents.runs(numbers)
    code = runs.sorts == CODE
    if not code.any():
        found, bounds = shingles(runs.keys, runs.bounds)
        return _Held(found >> _TO_48, bounds)
    pieces: list[U64] = [np.empty(0, np.uint64)] * len(numbers)
    for chosen, coded in ((np.flatnonzero(~code), False), (np.flatnonzero(code), True)):
        if len(chosen):
            found, bounds = shingles(*runs.of(chosen), code=coded)
            for at, piece in zip(chosen.tolist(), np.split(found >> _TO_48, bounds[1:-1]), strict=True):
                pieces[at] = piece
    bounds = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
    return _Held(np.concatenate(pieces), bounds)


def _jaccards(held: _Held, first: I64, second: I64) -> F32:
    """Both documents' shingles are sorted together, by pair, hash and side: what stands on both sides is where,
    of equal hashes, the side changes."""
    every = np.concatenate([_laid(held, first, 0), _laid(held, second, 1)])
    every.sort()
    hashes = every >> np.uint64(1)
    again = hashes[1:] == hashes[:-1]
    pairs = (hashes >> _ABOVE).astype(np.int64)
    both = np.bincount(pairs[1:][again & (every[1:] != every[:-1])], minlength=len(first))
    union = np.bincount(pairs[:1], minlength=len(first)) + np.bincount(
        pairs[1:][~again], minlength=len(first)
    )
    found: F32 = (both / np.maximum(union, 1)).astype(np.float32)
    return found


def _laid(held: _Held, which: I64, side: int) -> U64:
    """The hashes of some documents with the number of each above and the side below."""
    sizes = np.diff(held.bounds)[which]
    ends = np.cumsum(sizes)
    places = np.arange(int(ends[-1])) + np.repeat(held.bounds[:-1][which] - (ends - sizes), sizes)
    marks = np.arange(len(which), dtype=np.uint64) << (_ABOVE + np.uint64(1)) | np.uint64(side)
    laid: U64 = held.hashes[places] << np.uint64(1) | np.repeat(marks, sizes)
    return laid
