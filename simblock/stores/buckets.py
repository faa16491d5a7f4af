"""Keys to places: one table of buckets for all channels of a segment.

An entry's *print* is the top ``bits`` bits of its stored key. Packed above its place (a token of the
segment) into 64 bits, entries are sorted once; bucket, fingerprint and Bloom bits all follow from
the print. A bucket holds about twelve entries; a fingerprint is the print's low sixteen bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from simblock.stores import prefilter
from simblock.stores.container import Container, Part
from simblock.stores.prefilter import Prefilter
from simblock.stores.wanted import Want
from simblock.tokens import I64, U8, U16, U32, U64, Bools

_BUCKET = 12
_MOST_BITS = 40
_STEPS = 8
"""A frequency m is stored as round(8 * log2(m)): within 8 %, exact up to 9."""
FINGERPRINT_BITS = 16
FINGERPRINT_MASK = (1 << FINGERPRINT_BITS) - 1
_CHUNK = 1 << 18

SECTIONS = frozenset({"bloom", "buckets", "fingerprints", "postings", "frequencies"})


class Shape(NamedTuple):
    """What a reader must know of a table beside its sections."""

    bits: int
    buckets: int
    entries: int


def bits_for(tokens: int) -> int:
    """How many bits a print has beside the places of so many tokens."""
    return min(_MOST_BITS, 64 - max(1, tokens.bit_length()))


def pack(stored: list[U64], places: list[U32], bits: int) -> U64:
    """Sorted entries u64, print above place. Takes its arguments' arrays apart to save memory."""
    packed = np.empty(sum(map(len, stored)), np.uint64)
    low = np.uint64(64 - bits)
    at = 0
    while stored:
        keys, tokens = stored.pop(), places.pop()
        part = packed[at : at + len(keys)]
        np.right_shift(keys, low, out=part)
        part <<= low
        part |= tokens
        at += len(keys)
    packed.sort()
    return packed


def build(packed: U64, bits: int, bounds: U32) -> tuple[Shape, Iterator[Part]]:
    """The sections of a table over sorted entries, which are used up.

    ``bounds`` u32 [works + 1] is where the tokens of each work, all its runs together, end.
    """
    buckets = max(1, len(packed) // _BUCKET)
    return Shape(bits, buckets, len(packed)), _parts(packed, bits, buckets, bounds)


def _parts(packed: U64, bits: int, buckets: int, bounds: U32) -> Iterator[Part]:
    places = _low_bits(packed, 64 - bits)
    yield Part("postings", places)
    prints = packed
    prints >>= np.uint64(64 - bits)
    again: Bools = np.zeros(len(prints), bool)
    np.equal(prints[1:], prints[:-1], out=again[1:])
    yield Part("frequencies", _frequencies(again, places, bounds))
    yield Part("bloom", prefilter.build(prints, len(prints) - int(again.sum()), bits))
    yield Part("fingerprints", prints.astype(np.uint16))
    yield Part("buckets", _offsets(prints, bits, buckets))


def _low_bits(packed: U64, bits: int) -> U32:
    low = np.empty(len(packed), np.uint32)
    mask = np.uint64((1 << bits) - 1)
    for start in range(0, len(packed), _CHUNK):
        low[start : start + _CHUNK] = packed[start : start + _CHUNK] & mask
    return low


def _offsets(prints: U64, bits: int, buckets: int) -> U32:
    counts = np.zeros(buckets + 1, np.int64)
    for start in range(0, len(prints), _CHUNK):
        at = (prints[start : start + _CHUNK] * np.uint64(buckets)) >> np.uint64(bits)
        first = int(at[0])
        found = np.bincount((at - np.uint64(first)).astype(np.int64))
        counts[first + 1 : first + 1 + len(found)] += found
    return np.cumsum(counts).astype(np.uint32)


def _frequencies(again: Bools, places: U32, bounds: U32) -> U8:
    """How many works hold each entry's key, coded; ``again`` says which entries have the key before."""
    codes = np.zeros(len(again), np.uint8)
    owner = np.repeat(np.arange(len(bounds) - 1, dtype=np.uint32), np.diff(bounds))
    start = 0
    while start < len(again):
        stop = start + _CHUNK
        while stop < len(again) and again[stop]:
            stop += 1  # a key's entries stay together
        _count_runs(codes[start:stop], again[start:stop], places[start:stop], owner)
        start = stop
    return codes


def _count_runs(codes: U8, again: Bools, places: U32, owner: U32) -> None:
    """Fills ``codes``. Most keys stand once, for which the code is 0: only the others are counted."""
    member = again.copy()
    member[:-1] |= again[1:]
    at = np.flatnonzero(member)
    if not len(at):
        return
    follows = again[at]
    work = owner[places[at]]
    fresh = np.ones(len(at), np.int64)
    fresh[1:] = ~follows[1:] | (work[1:] != work[:-1])
    starts = np.flatnonzero(~follows)
    counts = encode_frequency(np.add.reduceat(fresh, starts))
    codes[at] = np.repeat(counts, np.diff(starts, append=len(at)))


def encode_frequency(counts: I64) -> U8:
    """Counts i64 from 1 as one byte each."""
    return np.minimum(np.round(_STEPS * np.log2(counts)), 255).astype(np.uint8)


DECODED = tuple(round(2 ** (code / _STEPS)) for code in range(256))
"""What a stored frequency stands for."""


class Columns(NamedTuple):
    """A whole table: where each bucket begins u32 [buckets + 1], and of each entry fingerprint, place and
    coded frequency."""

    offsets: U32
    fingerprints: U16
    places: U32
    frequencies: U8


class Found(NamedTuple):
    """Entries found by many keys: which key asked (rising), the entry's place, its key's frequency."""

    asks: I64
    places: U32
    frequencies: U8


class Buckets:
    """Looks keys up in one segment's table."""

    def __init__(self, container: Container, shape: Shape) -> None:
        self._shape = shape
        self.prefilter = Prefilter(container["bloom"], shape.bits)
        self._offsets = container["buckets"]
        self._fingerprints = container["fingerprints"]
        self._postings = container["postings"]
        self._frequencies = container["frequencies"]

    def missing(self, stored: Iterable[int]) -> Sequence[Want]:  # noqa: ARG002
        """What look-ups of these keys need and is elsewhere: of a file on this host, nothing."""
        return ()

    def find(self, stored: int) -> tuple[list[int], int]:
        """Places of one stored key, rising, and how many works hold it."""
        short = stored >> (64 - self._shape.bits)
        bucket = short * self._shape.buckets >> self._shape.bits
        start, stop = memoryview(self._offsets.read(4 * bucket, 4 * bucket + 8)).cast("I")
        prints = memoryview(self._fingerprints.read(2 * start, 2 * stop)).cast("H").tolist()
        wanted = short & FINGERPRINT_MASK
        at = [start + i for i, held in enumerate(prints) if held == wanted]
        if not at:
            return [], 0
        first, last = at[0], at[-1] + 1
        places = memoryview(self._postings.read(4 * first, 4 * last)).cast("I").tolist()
        code = self._frequencies.read(first, first + 1)[0]
        if len(at) < len(places):
            places = sorted(places[i - first] for i in at)
        return places, DECODED[code]

    def find_many(self, stored: U64) -> Found:
        """Places of many stored keys u64 that passed the prefilter."""
        short, bucket = self._slots(stored)
        at = bucket.astype(np.int64)
        offsets = self._offsets.take(np.uint32, np.stack([at, at + 1], axis=1).ravel())
        starts, stops = offsets[::2].astype(np.int64), offsets[1::2].astype(np.int64)
        sizes = stops - starts
        asks = np.repeat(np.arange(len(stored)), sizes)
        at = np.arange(len(asks)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts, sizes)
        same = self._fingerprints.take(np.uint16, at) == short.astype(np.uint16)[asks]
        asks, at = asks[same], at[same]
        return Found(asks, self._postings.take(np.uint32, at), self._frequencies.take(np.uint8, at))

    def columns(self) -> Columns:
        """The whole table."""
        return Columns(
            self._offsets.array(np.uint32),
            self._fingerprints.array(np.uint16),
            self._postings.array(np.uint32),
            self._frequencies.array(np.uint8),
        )

    def frequent(self, works: int) -> U64:
        """Names, rising, of the keys that stand in more than so many works; see :meth:`names`."""
        columns = self.columns()
        at = np.flatnonzero(np.array(DECODED)[columns.frequencies] > works)
        bucket = np.searchsorted(columns.offsets, at, side="right").astype(np.uint64) - np.uint64(1)
        names = bucket << np.uint64(FINGERPRINT_BITS) | columns.fingerprints[at]
        first = np.ones(len(names), bool)
        first[1:] = names[1:] != names[:-1]
        return np.sort(names[first])

    def names(self, stored: U64) -> U64:
        """What tells stored keys apart in this table: bucket and fingerprint."""
        short, bucket = self._slots(stored)
        return bucket << np.uint64(FINGERPRINT_BITS) | short & np.uint64(FINGERPRINT_MASK)

    def _slots(self, stored: U64) -> tuple[U64, U64]:
        """The prints of stored keys, and their buckets."""
        bits = np.uint64(self._shape.bits)
        short = stored >> (np.uint64(64) - bits)
        return short, (short * np.uint64(self._shape.buckets)) >> bits
