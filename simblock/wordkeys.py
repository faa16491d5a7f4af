"""Keys of words: a polynomial over folded characters mod 2^64, mixed, of which 31 bits are kept.

The hash of c0 c1 … is the sum of term(c_i) · BASE^i, so the hash of any stretch of a text comes out
of one prefix sum over it: no word is touched alone.
"""

from __future__ import annotations

import numpy as np

from simblock.folding import mix64
from simblock.tokens import U32, U64

WORD_LIMIT = 64
"""A word has at most so many folded characters; a longer one goes on as the next."""

BASE = 0x9E3779B97F4A7C15  # 5 mod 8: its powers run through 2^62 values before they repeat
_INVERSE = pow(BASE, -1, 1 << 64)
_M64 = 0xFFFF_FFFF_FFFF_FFFF

POWERS: tuple[int, ...] = tuple(pow(BASE, i, 1 << 64) for i in range(WORD_LIMIT))
"""BASE^i mod 2^64 for every place in a word."""


def key_of_sum(total: int) -> int:
    """The 31-bit key of a word whose polynomial is ``total`` (any size; it is reduced here)."""
    return mix64(total & _M64) >> 33


def keys_of_sums(totals: U64) -> U32:
    """:func:`key_of_sum` of many, u64 [n] → u32 [n]. ``totals`` is used as scratch."""
    work = totals >> np.uint64(30)
    totals ^= work
    totals *= np.uint64(0xBF58476D1CE4E5B9)
    np.right_shift(totals, np.uint64(27), out=work)
    totals ^= work
    totals *= np.uint64(0x94D049BB133111EB)
    np.right_shift(totals, np.uint64(31), out=work)
    totals ^= work
    totals >>= np.uint64(33)
    return totals.astype(np.uint32)


class Powers:
    """BASE^i and BASE^-i mod 2^64 as u64 arrays, kept up to ``kept`` and made anew beyond."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._up = self._down = np.zeros(0, np.uint64)

    def __call__(self, length: int) -> tuple[U64, U64]:
        if length > len(self._up):
            up, down = (_progression(step, max(length, self._kept)) for step in (BASE, _INVERSE))
            if length > self._kept:
                return up, down
            self._up, self._down = up, down
        return self._up[:length], self._down[:length]


def _progression(step: int, length: int) -> U64:
    factors = np.full(length, step, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)
