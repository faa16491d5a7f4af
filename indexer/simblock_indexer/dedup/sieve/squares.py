"""Which runs of an index a lane comes near enough for the machine to look closer: all of those, and few more."""

from __future__ import annotations

import math

import numpy as np

from simblock.scheme import Channel
from simblock.telling import ALONE, QUIET, SQUARE, TOGETHER
from simblock.tokens import I64, U64, Bools
from simblock_indexer.dedup.delivery.rows import F64
from simblock_indexer.dedup.sieve.hits import Asks, Heard, bits
from simblock_indexer.dedup.sieve.lanes import Lanes

_SLIGHTLY = 1e-6
"""What sums of bits may differ by for the order in which they are summed."""


class Squares:
    """The rules of :mod:`simblock.candidates` and :mod:`simblock.telling` for many hits at once.

    ``informed``: commonplaces of code are passed over, as the policy asks of a match that it be rare.
    """

    def __init__(self, channels: tuple[Channel, ...], *, informed: bool) -> None:
        self._channels = channels
        most = 1 + max(channel.id for channel in channels)
        self._exact, self._unordered, self._informed = np.zeros((3, most), bool)
        for channel in channels:
            self._exact[channel.id] = channel.role == "exact"
            self._unordered[channel.id] = channel.unordered
            self._informed[channel.id] = channel.numbered and informed

    def near(self, lanes: Lanes, asks: Asks, heard: Heard) -> Heard:
        """The rows of those runs; of them all that could be heard together with another."""
        beside = heard.follows & (np.diff(heard.o, prepend=-SQUARE) < SQUARE)
        beside[:-1] |= beside[1:]
        rows = heard.take(beside | self._exact[heard.channels])
        telling = bits(lanes, self._channels, asks, rows)
        quiet = self._informed[rows.channels] & ~self._exact[rows.channels] & (telling < QUIET)
        return self._worth(rows.take(~quiet), telling[~quiet], asks.keys)

    def _worth(self, rows: Heard, telling: F64, keys: U64) -> Heard:
        group = np.cumsum(~rows.follows) - 1
        sums, voices = _about(rows, group, telling, keys[rows.asks])
        exact, informed = self._exact[rows.channels], self._informed[rows.channels]
        needed = np.where(self._unordered[rows.channels], math.log2(rows.works + 1), 0.0)
        needed[informed] = TOGETHER
        together = sums >= needed - _SLIGHTLY
        worth = np.where(exact, ~informed | (telling >= ALONE - _SLIGHTLY) | together, voices & together)
        chosen: Bools = np.zeros(len(rows), bool)
        chosen[group[worth]] = True
        return rows.take(chosen[group])


def _about(rows: Heard, group: I64, telling: F64, keys: U64) -> tuple[F64, Bools]:
    """Of each row the bits of its square, repeats counted, and whether another key at another token is in it."""
    sums = telling.copy()
    voices: Bools = np.zeros(len(rows), bool)
    for lag in range(1, len(rows)):
        far = rows.o[lag:] - rows.o[:-lag]
        close = (group[lag:] == group[:-lag]) & (far < SQUARE)
        if not close.any():
            break
        at = np.flatnonzero(close & (np.abs(rows.s[lag:] - rows.s[:-lag]) < SQUARE))
        sums[at + lag] += telling[at]
        same = at[far[at] == 0]  # heard at one token, in any order
        sums[same] += telling[same + lag]
        voices[at + lag] |= (far[at] > 0) & (keys[at + lag] != keys[at])
    return sums, voices
