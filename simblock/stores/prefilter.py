"""The split-block Bloom filter that answers "nothing here" before an index is touched.

A block is 512 bits, one cache line: eight words of 64 bits, in each of which a key sets one bit
(Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007; split by word as
in Apache Parquet's). Sixteen bits a distinct key. Keys come as *prints*, the top ``bits`` bits of a
stored key; the block is their place in order, so that sorted keys fill the filter block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from simblock.stores.container import BLOCK, Section
from simblock.tokens import I64, U32, U64, Bools

BITS_A_KEY = 16
_MASK = (1 << 64) - 1
_MIX = 0xC6BC279692B5C323  # odd: spreads a print over the 64 bits that the words take six each of
_SHIFTS = (58, 52, 46, 40, 34, 28, 22, 16)
_FIRST, _SECOND, *_OTHERS = _SHIFTS
_ALL_SHIFTS, _WORDS = np.array(_SHIFTS, np.uint64), np.arange(8)
_TOGETHER = 1024
"""Up to so many prints all eight words are looked at, by few steps of NumPy; of more, only as far as needed."""
_BLOCK_WORDS_BITS = 13  # words of 64 bits in a checked block of 64 KiB
_CHUNK = 1 << 16  # prints handled at a time: their intermediates stay in the cache
assert BLOCK == 8 << _BLOCK_WORDS_BITS


class Scramble(Protocol):
    """Makes stored keys of (channel, key): evenly spread, and with an index key pseudo-random."""

    def few(self, channels: Sequence[int], keys: Sequence[int]) -> list[int]: ...
    def many(self, channels: U32 | int, keys: U64) -> U64: ...


class Salted:
    """Stored keys of an index without a key.

    An anchor's key is a minimum of several hashes, so small: the multiplication spreads it again.
    """

    _SALT = 0x9E3779B97F4A7C15
    _SPREAD = 0xD6E8FEB86659FD93

    def few(self, channels: Sequence[int], keys: Sequence[int]) -> list[int]:
        """Stored keys of a few, as integers."""
        salt, spread = self._SALT, self._SPREAD
        return [
            (key ^ (channel * salt & _MASK)) * spread & _MASK
            for channel, key in zip(channels, keys, strict=True)
        ]

    def many(self, channels: U32 | int, keys: U64) -> U64:
        """Stored keys u64 [n] of keys u64 [n] and one channel or u32 [n]."""
        wide = np.asarray(channels, np.uint64)
        with np.errstate(over="ignore"):
            return (keys ^ (wide * np.uint64(self._SALT))) * np.uint64(self._SPREAD)


def blocks_for(distinct: int) -> int:
    """How many 512-bit blocks a filter over so many distinct keys has."""
    return max(1, -(-distinct * BITS_A_KEY // 512))


def build(prints: U64, distinct: int, bits: int) -> U64:
    """The filter u64 [blocks, 8] over sorted prints u64 of ``bits`` bits, repeats allowed."""
    blocks = blocks_for(distinct)
    table = np.zeros((blocks, 8), np.uint64)
    one = np.uint64(1)
    for start in range(0, len(prints), _CHUNK):
        part = prints[start : start + _CHUNK]
        block = (part * np.uint64(blocks)) >> np.uint64(bits)
        first = np.flatnonzero(np.concatenate([[True], block[1:] != block[:-1]]))
        at = block[first]
        mixed = part * np.uint64(_MIX)
        for word, shift in enumerate(_SHIFTS):
            bit = one << ((mixed >> np.uint64(shift)) & np.uint64(63))
            table[at, word] |= np.bitwise_or.reduceat(bit, first)
    return table


class Prefilter:
    """The filter of one segment, read block by block on first touch."""

    def __init__(self, section: Section, bits: int) -> None:
        self._section = section
        self._bits = bits
        self._words = section.memory.cast("Q")
        self._array = np.frombuffer(section.memory, np.uint64)
        self._blocks = len(self._words) // 8

    def passing(self, stored: Sequence[int]) -> list[int]:
        """Which of a few stored keys may be in the segment: their indexes."""
        words, seen, blocks, bits = self._words, self._section.seen, self._blocks, self._bits
        shift = 64 - bits
        found = []
        for index, key in enumerate(stored):
            short = key >> shift
            at = short * blocks >> bits << 3
            if not seen[at >> _BLOCK_WORDS_BITS]:
                self._section.touch(at >> _BLOCK_WORDS_BITS)
            mixed = short * _MIX & _MASK
            if words[at] >> (mixed >> _FIRST) & 1 and words[at + 1] >> (mixed >> _SECOND & 63) & 1:
                for word, low in enumerate(_OTHERS, at + 2):
                    if not words[word] >> (mixed >> low & 63) & 1:
                        break
                else:
                    found.append(index)
        return found

    def passing_many(self, stored: U64) -> I64:
        """Which of many stored keys u64 may be in the segment: their indexes i64, rising."""
        found = [
            start + self._some(stored[start : start + _CHUNK]) for start in range(0, len(stored), _CHUNK)
        ]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def _some(self, stored: U64) -> I64:
        short = stored >> np.uint64(64 - self._bits)
        at = (short * np.uint64(self._blocks)) >> np.uint64(self._bits) << np.uint64(3)
        self._section.check_at(self._array.itemsize, at.astype(np.int64))
        mixed = short * np.uint64(_MIX)
        if len(stored) <= _TOGETHER:
            bits = (mixed[:, None] >> _ALL_SHIFTS) & np.uint64(63)
            words = self._array[at.astype(np.int64)[:, None] + _WORDS]
            return np.flatnonzero(((words >> bits) & np.uint64(1)).all(axis=1))
        left = np.arange(len(stored))
        for keep in self._sieve(at, mixed):
            left = left[keep]
        return left

    def _sieve(self, at: U64, mixed: U64) -> Iterator[Bools]:
        for word, shift in enumerate(_SHIFTS):
            bit = (mixed >> np.uint64(shift)) & np.uint64(63)
            keep = (self._array[at + np.uint64(word)] >> bit) & np.uint64(1) != 0
            at, mixed = at[keep], mixed[keep]
            yield keep
