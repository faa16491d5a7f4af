"""MinHash over windows of shingles: the keys of every channel.

A winnowed shingle is the MinHash, of one permutation, of a window of ``g`` shingles, so the exact
and seed channels are the case of one row and one band, where the order is the 64-bit shingle hash
itself. With more rows the permutations are datasketch's ``affine32`` (MurmurHash3's finaliser,
then ``a * h + b mod 2**32``), bit-equal to ``MinHash(scheme="affine32", seed=...)`` fed the upper
32 bits of the shingle hashes. Banding: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from simblock.scheme import Channel, Scheme
from simblock.shingles import (
    MASK,
    ORDER_SHIFT,
    anchors,
    finish,
    finish_all,
    passing,
    rolling,
    shingle_hashes,
    sliding_min,
    smallest,
    smallest_of_short,
    winnow,
)
from simblock.tokens import I64, U8, U32, U64, VIEWS, Bools, Runs

_BAND_INT = 0x9E3779B97F4A7C15
_BAND = np.uint64(_BAND_INT)


def make_permutations(scheme: Scheme) -> U32:
    """The affine table u32 [2, k] for the widest channel of a scheme; stored in the index.

    datasketch draws it. It takes most of a second to import, so only the making of an index does.
    """
    from datasketch import MinHash

    most = max((channel.rows * channel.bands for channel in scheme.channels), default=1)
    minhash = MinHash(num_perm=most, seed=scheme.seed, scheme="affine32")
    return np.ascontiguousarray(minhash.permutations, dtype=np.uint32)


def premix(h: U32) -> U32:
    """MurmurHash3's 32-bit finaliser, as ``affine32`` applies it to every input hash."""
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def band_keys(values: U32, rows: int) -> U64:
    """Keys u64 [windows, bands] of MinHash values u32 [bands * rows, windows]."""
    bands = len(values) // rows
    wide = values.reshape(bands, rows, -1).astype(np.uint64)
    keys = np.broadcast_to(_BAND * np.arange(1, bands + 1, dtype=np.uint64)[:, None], wide[:, 0].shape).copy()
    for row in range(rows):
        keys ^= wide[:, row] << np.uint64(16 * (row & 1))
        finish_all(keys)
        keys *= _BAND
    return keys.T


def _band_key(values: Sequence[int], number: int) -> int:
    """:func:`band_keys` of the values of one band, the first of which has number 1."""
    key = _BAND_INT * number & MASK
    for row, value in enumerate(values):
        key = finish(key ^ value << 16 * (row & 1)) * _BAND_INT & MASK
    return key


class Signer:
    """Makes the keys of a scheme's channels, of whole runs and of streams."""

    def __init__(self, scheme: Scheme, permutations: U32) -> None:
        self.scheme = scheme
        self.permutations = permutations

    def entries(self, channel: Channel, runs: Runs) -> tuple[U64, U32]:
        """All entries of a channel: keys u64 [m], and the places u32 [m] of each shingle's last token.

        Places count over the runs laid end to end (``bounds[run] + index``).
        """
        order, ends, keep = _shingles(runs, channel)
        if not len(order):
            return np.empty(0, np.uint64), np.empty(0, np.uint32)
        places = anchors(order, channel.g, ends)
        if channel.window == 1:
            return order[places], keep[places].astype(np.uint32)
        values = self._windows(order, channel, places, ends)
        found = band_keys(values, channel.rows)
        return found.ravel(), np.repeat(keep[places], channel.bands).astype(np.uint32)

    def asked(self, channel: Channel, runs: Runs) -> tuple[U64, I64]:
        """What streams of whole runs ask of a channel: keys u64 [m], and the places i64 [m] at which they do.

        Places count over the runs laid end to end, and do not rise where runs are too short for a window.
        """
        order, ends, keep = _shingles(runs, channel)
        if not channel.asked_at_anchors:
            return order, keep
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
        chosen = known = np.empty(0, np.int64)
        if len(order) >= channel.g:
            chosen = winnow(order, channel.g)
            whole = np.arange(len(chosen)) + channel.g <= np.repeat(ends, ends - starts)[: len(chosen)]
            new = whole.copy()
            new[1:] &= (chosen[1:] != chosen[:-1]) | ~whole[:-1]
            at = np.flatnonzero(new)
            chosen, known = chosen[at], keep[at + channel.g - 1]
        short = np.flatnonzero((ends > starts) & (ends - starts < channel.g))
        if len(short):
            least = smallest_of_short(order, starts[short], (ends - starts)[short], channel.g)
            chosen, known = np.append(chosen, least), np.append(known, runs.bounds[short + 1] - 1)
        values = self._windows(order, channel, chosen, ends)
        return band_keys(values, channel.rows).ravel(), np.repeat(known, channel.bands)

    def _windows(self, order: U64, channel: Channel, places: I64, ends: I64) -> U32:
        """MinHash values u32 [rows * bands, anchors] of the windows that end at ``places``."""
        h = premix((order >> np.uint64(32)).astype(np.uint32))
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
        first = starts[np.searchsorted(ends, places, side="right")]
        early = np.flatnonzero(places - first < channel.window - 1)
        back = np.maximum(places[early, None] - np.arange(channel.window), first[early, None])
        at = np.maximum(places - (channel.window - 1), 0)
        count = channel.rows * channel.bands
        values = np.empty((count, len(places)), np.uint32)
        for p, (a, b) in enumerate(self.permutations[:, :count].T):
            v = h * a + b
            if len(early) < len(places):
                values[p] = sliding_min(v, channel.window)[np.minimum(at, len(v) - channel.window)]
            values[p, early] = v[back].min(axis=1)
        return values

    def window(self, channel: Channel, order: U64) -> list[int]:
        """The band keys of one window of shingle hashes u64 [at most ``window``]."""
        h = premix((order >> np.uint64(32)).astype(np.uint32))
        a, b = self.permutations[:, : channel.rows * channel.bands, None]
        values = (a * h + b).min(axis=1).tolist()
        rows = channel.rows
        return [_band_key(values[at : at + rows], 1 + at // rows) for at in range(0, len(values), rows)]

    def cursor(self, channel: Channel) -> ShingleCursor | WindowCursor:
        """What asks for a channel as a stream's tokens come."""
        return WindowCursor(self, channel) if channel.asked_at_anchors else ShingleCursor(channel)


def _shingles(runs: Runs, channel: Channel) -> tuple[U64, I64, I64]:
    """The channel's shingles of runs: their hashes, where each run's end, and their last tokens."""
    keep = np.flatnonzero(_in_views(runs, channel, passing(runs.tokens.flags, channel)))
    ends = np.searchsorted(keep, runs.bounds[1:])
    if len(keep) < channel.n:
        return np.empty(0, np.uint64), np.zeros_like(ends), keep[:0]
    keys = runs.tokens.keys if len(keep) == len(runs.tokens.keys) else runs.tokens.keys[keep]
    return _within(shingle_hashes(keys, channel), channel.n, ends, keep)


def _in_views(runs: Runs, channel: Channel, passed: Bools) -> Bools:
    """Which of the tokens that ``passed`` stand in a run of the channel's views."""
    wanted = np.array([view in channel.views for view in VIEWS])
    if runs.views is None:
        return passed if wanted[0] else np.zeros_like(passed)
    held = wanted[runs.views]
    return passed if held.all() else passed & np.repeat(held, np.diff(runs.bounds))


def _within(order: U64, n: int, ends: I64, keep: I64) -> tuple[U64, I64, I64]:
    """Shingles that lie inside one run: their hashes, where each run's end, and their last tokens."""
    if len(ends) == 1:
        return order, np.array([len(order)]), keep[n - 1 :]
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    inside = np.arange(len(order)) + n <= np.repeat(ends, ends - starts)[: len(order)]
    return order[inside], np.cumsum(np.maximum(ends - starts - n + 1, 0)), keep[n - 1 :][inside]


Asks = list[tuple[int, int, int]]
"""(place, channel id, key): what a stream wants to know."""


class ShingleCursor:
    """Every shingle of a stream, each asked where its last token stands."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._rolling = rolling(channel)

    def push(self, key: int, place: int, asks: Asks) -> None:
        """Takes one passing token; adds what it asks."""
        found = self._rolling.push(key)
        if found is not None:
            asks.append((place, self.channel.id, found))

    def extend(self, keys: U32, flags: U8, base: int) -> tuple[I64, U64]:
        """Takes tokens that begin at place ``base``: the places i64 and keys u64 that they ask."""
        keep = np.flatnonzero(passing(flags, self.channel))
        found = self._rolling.extend(keys[keep])
        return base + keep[len(keep) - len(found) :], found

    def finish(self, asks: Asks) -> None:
        """Nothing is left to ask at the end of a stream."""


class WindowCursor:
    """The windows of a stream, each asked when the anchor it ends at is known."""

    def __init__(self, signer: Signer, channel: Channel) -> None:
        self.channel = channel
        self._signer = signer
        self._rolling = rolling(channel)
        self._order = array("Q")
        self._places = array("I")
        self._anchor = -1
        self._count = self._low = 0  # shingles so far, and the number of the smallest of the last window
        self._least = -1  # its place in order; -1 where it is to be looked for
        self._keep = channel.window + channel.g

    def push(self, key: int, place: int, asks: Asks) -> None:
        """Takes one passing token; adds what it asks."""
        found = self._rolling.push(key)
        if found is None:
            return
        self._order.append(found)
        self._places.append(place)
        self._count += 1
        g = self.channel.g
        if self._count >= g and (found >> ORDER_SHIFT <= self._least or self._low <= self._count - g):
            self._ask(asks, g)
        if len(self._order) > 2 * self._keep:
            del self._order[: -self._keep], self._places[: -self._keep]

    def extend(self, keys: U32, flags: U8, base: int) -> tuple[I64, U64]:
        """Takes tokens that begin at place ``base``: the places i64 and keys u64 that they ask.

        The place is that of the token with which the anchor becomes known, as in :meth:`push`.
        """
        g, bands = self.channel.g, self.channel.bands
        keep = np.flatnonzero(passing(flags, self.channel))
        found = self._rolling.extend(keys[keep])
        before = len(self._order)
        order = np.concatenate([np.array(self._order, np.uint64), found])
        places = np.concatenate([np.array(self._places, np.int64), base + keep[len(keep) - len(found) :]])
        known = np.empty(0, np.int64)
        asked = np.empty(0, np.uint64)
        if len(found) and len(order) >= g:
            known, asked = self._known(order, places, before)
        self._count, self._low, self._least = self._count + len(found), 0, -1
        self._order = array("Q", order[-self._keep :].tolist())
        self._places = array("I", places[-self._keep :].tolist())
        return np.repeat(known, bands), asked

    def _known(self, order: U64, places: I64, before: int) -> tuple[I64, U64]:
        g = self.channel.g
        first = max(before - g + 1, 0)  # the first window that a new shingle completes
        chosen = winnow(order[first:], g) + first
        new = np.ones(len(chosen), bool)
        new[1:] = chosen[1:] != chosen[:-1]
        new[0] = places[chosen[0]] != self._anchor
        self._anchor = int(places[chosen[-1]])
        at = chosen[new]
        values = self._signer._windows(order, self.channel, at, np.array([len(order)]))
        return places[np.flatnonzero(new) + first + g - 1], band_keys(values, self.channel.rows).ravel()

    def finish(self, asks: Asks) -> None:
        """At the end of a stream too short for a full window, the smallest shingle is its anchor."""
        if self._anchor < 0 and self._order:
            self._ask(asks, len(self._order))

    def _ask(self, asks: Asks, width: int) -> None:
        at = len(self._order) - width + smallest(self._order[-width:])
        self._low, self._least = self._count - len(self._order) + at + 1, self._order[at] >> ORDER_SHIFT
        if self._places[at] == self._anchor:
            return
        self._anchor = self._places[at]
        window = self._order[max(at + 1 - self.channel.window, 0) : at + 1]
        for key in self._signer.window(self.channel, np.array(window, np.uint64)):
            asks.append((self._places[-1], self.channel.id, key))
