"""Sketches of shingle sets: 128 slots, of which two sets agree in about the share that their Jaccard similarity is.

``one-permutation``: Fast Similarity Sketching (Dahlgaard, Knudsen, Thorup, FOCS 2017) as far as arrays like it: in a
round every shingle goes to one slot, the smallest stays; what is empty after it is filled by the next round, and what
is empty after all rounds borrows from another slot (Shrivastava, Optimal Densification, ICML 2017). ``permutations``:
MinHash under datasketch's affine32, bit-equal to ``MinHash(num_perm=128, seed=1, scheme="affine32")`` fed the upper
32 bits of the shingle hashes.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from simblock.shingles import MASK, finish_all, hashes, numbered
from simblock.signature import premix
from simblock.tokens import I64, U8, U16, U32, U64
from simblock_indexer.dedup.options import Sketch
from simblock_indexer.dedup.part import SLOTS

WORDS, LEXEMES = 5, 10
"""Tokens of a shingle of text and of code."""
ROUNDS = 8
RECALL = 0.99
"""Of pairs exactly at the threshold, so many share a band at least (by the formula; measured in docs/dedup.md)."""
SLACK = 0.1
"""Sketches may agree so much less than the threshold before a candidate is let go: three standard errors at 0.8."""
SEED = 1

_CODE = np.uint64(0x6A09E667F3BCC909)
_ROUND = 0x9E3779B97F4A7C15
_SLOT_SHIFT = np.uint64(57)
_VALUE_SHIFT = np.uint64(25)
_STEP = 1 << 14
"""Shingles permuted at a time: they stay in the first cache."""


def shingles(keys: U32, bounds: I64, *, code: bool = False) -> tuple[U64, I64]:
    """Hashes u64 of the shingles of runs laid end to end, and the bounds i64 [runs + 1] between theirs.

    A run with fewer tokens than a shingle has one, of all its tokens; one without tokens none.
    """
    n = LEXEMES if code else WORDS
    lengths = np.diff(bounds)
    counts = np.maximum(lengths - (n - 1), lengths > 0)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    if int(counts.sum()) == int(np.maximum(lengths - (n - 1), 0).sum()):
        found = (numbered if code else hashes)(keys, n)
        inside = _inside(bounds, n)[: len(found)]
        return (found[inside] ^ _CODE if code else found[inside]), ends
    return _with_short(keys, bounds, counts, ends, code=code)


def _inside(bounds: I64, n: int) -> I64:
    """Places of shingles that lie in one run."""
    starts = bounds[:-1]
    counts = np.maximum(np.diff(bounds) - (n - 1), 0)
    ends = np.cumsum(counts)
    places: I64 = np.arange(int(counts.sum())) + np.repeat(starts - (ends - counts), counts)
    return places


def _with_short(keys: U32, bounds: I64, counts: I64, ends: I64, *, code: bool) -> tuple[U64, I64]:
    n = LEXEMES if code else WORDS
    make = numbered if code else hashes
    found = np.empty(int(ends[-1]), np.uint64)
    lengths = np.diff(bounds)
    whole = lengths >= n
    all_of_them = make(keys, n)
    places = _inside(bounds, n)
    found[np.repeat(whole, counts)] = all_of_them[places]
    for run in np.flatnonzero((lengths > 0) & ~whole).tolist():
        part = keys[bounds[run] : bounds[run + 1]]
        found[ends[run]] = make(part, len(part))[0]
    return (found ^ _CODE if code else found), ends


def digests(found: U64, bounds: I64) -> U64:
    """A digest u64 [runs] of each run's shingles in their order; of runs without any, 0."""
    lengths = np.diff(bounds)
    place = np.arange(len(found), dtype=np.uint64) - np.repeat(bounds[:-1].astype(np.uint64), lengths)
    weighed = found * (place * np.uint64(2) + np.uint64(1))
    totals = np.zeros(len(lengths), np.uint64)
    full = np.flatnonzero(lengths)
    if len(full):
        totals[full] = np.add.reduceat(weighed, bounds[full]) + lengths[full].astype(np.uint64)
    return finish_all(totals)


def sketches(found: U64, bounds: I64, kind: Sketch) -> U32:
    """Sketches u32 [SLOTS, runs] of the shingle sets of runs, each of at least one shingle."""
    if kind == "permutations":
        return _permuted(found, bounds)
    return _one_permutation(found, bounds)


def _one_permutation(found: U64, bounds: I64) -> U32:
    table = _round(found, bounds)
    runs = len(bounds) - 1
    which = np.arange(runs)
    for number in range(1, ROUNDS):
        lacking = np.flatnonzero((table[which] == _NONE).any(axis=1))
        if not len(lacking):
            return np.ascontiguousarray(table.T)
        which = which[lacking]
        found, bounds = _of(found, bounds, lacking) if len(lacking) < len(bounds) - 1 else (found, bounds)
        mixed = finish_all(found + np.uint64(_ROUND * number & MASK))
        more = _round(mixed, bounds)
        rows = table[which]
        table[which] = np.where(rows == _NONE, more, rows)
    return np.ascontiguousarray(_densified(table, which).T)


_NONE = np.uint32(0xFFFF_FFFF)


def _round(mixed: U64, bounds: I64) -> U32:
    """The smallest value u32 [runs, SLOTS] of each slot, _NONE where it is empty."""
    runs = len(bounds) - 1
    table = np.full(runs * SLOTS, _NONE, np.uint32)
    slots = (mixed >> _SLOT_SHIFT).astype(np.int64)
    slots += np.repeat(np.arange(0, runs * SLOTS, SLOTS), np.diff(bounds))
    np.minimum.at(table, slots, (mixed >> _VALUE_SHIFT).astype(np.uint32))
    return table.reshape(runs, SLOTS)


def _of(found: U64, bounds: I64, chosen: I64) -> tuple[U64, I64]:
    """The shingles of some runs."""
    lengths = np.diff(bounds)[chosen]
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    places = np.arange(int(ends[-1])) + np.repeat(bounds[:-1][chosen] - ends[:-1], lengths)
    return found[places], ends


@cache
def _lenders() -> I64:
    """From which slot each borrows, at each try: i64 [tries, SLOTS]."""
    tries = 16 * SLOTS
    mixed = finish_all(np.arange(1, tries * SLOTS + 1, dtype=np.uint64) * np.uint64(_ROUND))
    lenders: I64 = (mixed >> _SLOT_SHIFT).astype(np.int64).reshape(tries, SLOTS)
    return lenders


def _densified(table: U32, which: I64) -> U32:
    rows = table[which]
    full = rows.copy()
    for number, lenders in enumerate(_lenders(), 1):
        if not (full == _NONE).any():
            break
        lent = rows[:, lenders]
        told = lent * np.uint32(2 * number + 1)
        full = np.where((full == _NONE) & (lent != _NONE), told, full)
    table[which] = full
    return table


def _permuted(found: U64, bounds: I64) -> U32:
    h = premix((found >> np.uint64(32)).astype(np.uint32))
    values = np.empty((SLOTS, len(bounds) - 1), np.uint32)
    factors = permutations().T
    for first, last in _steps(bounds):
        low, high = int(bounds[first]), int(bounds[last])
        starts = bounds[first:last] - low
        piece = h[low:high]
        room = np.empty_like(piece)
        for slot, (a, b) in enumerate(factors):
            np.multiply(piece, a, out=room)
            room += b
            np.minimum.reduceat(room, starts, out=values[slot, first:last])
    return values


def _steps(bounds: I64) -> list[tuple[int, int]]:
    """Stretches of runs of about _STEP shingles, or one that is longer."""
    steps, first, runs = [], 0, len(bounds) - 1
    while first < runs:
        last = int(np.searchsorted(bounds, bounds[first] + _STEP, "right")) - 1
        last = min(max(last, first + 1), runs)
        steps.append((first, last))
        first = last
    return steps


@cache
def permutations() -> U32:
    """datasketch's affine32 table u32 [2, SLOTS] of seed 1."""
    from datasketch import MinHash

    return np.ascontiguousarray(MinHash(num_perm=SLOTS, seed=SEED, scheme="affine32").permutations, np.uint32)


def stored(values: U32) -> U8:
    """A byte of each slot, u8 [runs, SLOTS]: b-bit minwise hashing (Li, König, WWW 2010)."""
    mixed = values * np.uint32(0x85EBCA6B)
    return np.ascontiguousarray((mixed >> np.uint32(24)).astype(np.uint8).T)


def rows_of(threshold: float) -> int:
    """The rows of a band: as many as leave pairs at the threshold a chance of RECALL to share one."""
    for rows in range(16, 1, -1):
        if 1 - (1 - threshold**rows) ** (SLOTS // rows) >= RECALL:
            return rows
    return 1


def agreement(threshold: float) -> int:
    """Slots in which sketches must agree to stay candidates."""
    return int(np.ceil((threshold - SLACK) * SLOTS))


def partition_of(keys: U64, partitions: int) -> U16:
    """Which partition u16 each key belongs to; ``partitions`` is a power of two."""
    return (keys >> np.uint64(48)).astype(np.uint16) >> np.uint16(17 - partitions.bit_length())
