"""Shingles and winnowing, vectorised over many runs and one token at a time.

In numbered channels a name counts as its distance to where it stood before within the shingle, 0 where
it stands for the first time (Baker, Parameterized pattern matching, 1996): so renaming changes nothing, and
exchanging names does.

A shingle's hash is a polynomial of its token keys, finished by one multiply and two shifts; both
forms here give the same 64 bits. Winnowing (Schleimer, Wilkerson, Aiken, SIGMOD 2003) keeps of
every ``g`` consecutive shingles the smallest, the rightmost among equals, so that text which
repeats itself does not fill the index. The order is that of a hash's upper 48 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from simblock.scheme import Channel
from simblock.tokens import I64, MEMBER_KEY, NAME_KEY, U8, U32, U64, Bools

MASK = (1 << 64) - 1
_C = 0xD1342543DE82EF95
_FINISH = 0xBF58476D1CE4E5B9
ORDER_SHIFT = 16
_BLOCK = 1 << 15
"""Windows winnowed at a time: fits the cache, and its places fit the 16 bits below the order."""


def passing(flags: U8, channel: Channel) -> Bools:
    """Which tokens enter the channel: bool [n]."""
    seen = flags & np.uint8(channel.require | channel.forbid)
    return cast(Bools, seen == np.uint8(channel.require))


def passes(flags: int, channel: Channel) -> bool:
    """:func:`passing` for one token."""
    return flags & (channel.require | channel.forbid) == channel.require


def finish(h: int) -> int:
    """The last step of a shingle's hash."""
    h ^= h >> 32
    h = h * _FINISH & MASK
    return h ^ (h >> 29)


def finish_all(h: U64) -> U64:
    """:func:`finish` over an array, in place."""
    h ^= h >> np.uint64(32)
    h *= np.uint64(_FINISH)
    h ^= h >> np.uint64(29)
    return h


def hashes(keys: U32, n: int) -> U64:
    """Hashes u64 [len - n + 1] of every ``n`` consecutive keys, by doubling."""
    return finish_all(_polynomials(keys.astype(np.uint64), n))


def _polynomials(power: U64, n: int) -> U64:
    """What :func:`finish_all` makes hashes of; ``power`` is used as scratch."""
    span = len(power) - n + 1
    if span <= 0:
        return np.empty(0, np.uint64)
    width = 1  # `power` holds hashes of `width` keys, a power of two
    result: U64 | None = None
    done = 0
    while True:
        if n & width:
            if result is None:
                result = power.copy()
            else:
                result = result[: len(power) - done] * np.uint64(pow(_C, width, 1 << 64))
                result += power[done:][: len(result)]
            done += width
        if result is not None and done == n:
            return result[:span]
        power = power[:-width] * np.uint64(pow(_C, width, 1 << 64)) + power[width:]
        width *= 2


def unordered(keys: U32, n: int) -> U64:
    """Hashes u64 [len - n + 1] of every ``n`` consecutive keys in whatever order: their mixed sum."""
    if len(keys) < n:
        return np.empty(0, np.uint64)
    mixed = finish_all(keys.astype(np.uint64) * np.uint64(_C))
    span = len(keys) - n + 1
    total = mixed[:span].copy()
    for at in range(1, n):
        total += mixed[at : at + span]
    return finish_all(total)


def numbered(keys: U32, n: int) -> U64:
    """:func:`hashes` with names as numbers: u64 [len - n + 1]."""
    values = keys.astype(np.uint64)
    names = np.flatnonzero(keys >= NAME_KEY)
    values[names] &= np.uint64(NAME_KEY | MEMBER_KEY)
    result = _polynomials(values, n)
    places, distances = _repeats(keys, names, n)
    for before in range(1, n):  # the repeated name's place within the shingle
        near = distances <= before
        starts = places[near] - before
        inside = (starts >= 0) & (starts < len(result))
        factor = np.uint64(pow(_C, n - 1 - before, 1 << 64))
        result[starts[inside]] += distances[near][inside].astype(np.uint64) * factor
    return finish_all(result)


def _repeats(keys: U32, names: I64, n: int) -> tuple[I64, I64]:
    """Places i64 of names that stood less than ``n`` tokens before as well, and how far before."""
    order = np.argsort(keys[names], kind="stable")
    places = names[order]
    distances = np.diff(places)
    again = np.flatnonzero((keys[places[1:]] == keys[places[:-1]]) & (distances < n))
    return places[again + 1], distances[again]


class Rolling:
    """The same hashes, one key at a time."""

    __slots__ = ("_acc", "_keys", "_lead", "_n")

    def __init__(self, n: int) -> None:
        self._n = n
        self._lead = pow(_C, n, 1 << 64)
        self._acc = 0
        self._keys: list[int] = []

    def push(self, key: int) -> int | None:
        """The hash of the last ``n`` keys, None before there are so many."""
        keys = self._keys
        keys.append(key)
        acc = self._acc * _C + key
        if len(keys) <= self._n:
            self._acc = acc & MASK
            return finish(self._acc) if len(keys) == self._n else None
        self._acc = (acc - keys.pop(0) * self._lead) & MASK
        return finish(self._acc)

    def extend(self, keys: U32) -> U64:
        """Hashes u64 of all shingles that end in ``keys``; goes on where ``push`` or ``extend`` left off."""
        before = self._keys[-(self._n - 1) :] if self._n > 1 else []
        whole = np.concatenate([np.array(before, np.uint32), keys]) if before else keys
        result = hashes(whole, self._n)
        self._keys = whole[-self._n :].tolist()
        self._acc = 0
        for key in self._keys:
            self._acc = (self._acc * _C + key) & MASK
        return result


class RollingNumbers:
    """The hashes of :func:`numbered`, one key at a time."""

    __slots__ = ("_keys", "_n", "_powers", "_values")

    def __init__(self, n: int) -> None:
        self._n = n
        self._powers = [pow(_C, n - 1 - place, 1 << 64) for place in range(n)]
        self._keys: list[int] = []
        self._values: list[tuple[int, int]] = []  # of each key: itself or its space, how far before it stood

    def push(self, key: int) -> int | None:
        """The hash of the last ``n`` keys, None before there are so many."""
        keys, values, powers, n = self._keys, self._values, self._powers, self._n
        if len(keys) == n:
            del keys[0], values[0]
        if key < NAME_KEY:
            values.append((key, n))
        else:
            distance = n
            if key in keys:
                distance = 1 + keys[::-1].index(key)
            values.append((key & (NAME_KEY | MEMBER_KEY), distance))
        keys.append(key)
        if len(keys) < n:
            return None
        acc = 0
        for place, (value, distance) in enumerate(values):
            acc += powers[place] * (value + distance if distance <= place else value)
        return finish(acc & MASK)

    def extend(self, keys: U32) -> U64:
        """Hashes u64 of all shingles that end in ``keys``; goes on where ``push`` or ``extend`` left off."""
        before = self._keys[-(self._n - 1) :] if self._n > 1 else []
        whole = np.concatenate([np.array(before, np.uint32), keys]) if before else keys
        result = numbered(whole, self._n)
        self._keys, self._values = [], []
        for key in whole[-self._n :].tolist():
            self.push(key)
        return result


class RollingSum:
    """:func:`unordered`, one key at a time."""

    __slots__ = ("_keys", "_mixed", "_n")

    def __init__(self, n: int) -> None:
        self._n = n
        self._keys: list[int] = []
        self._mixed: list[int] = []

    def push(self, key: int) -> int | None:
        """The hash of the last ``n`` keys in whatever order, None before there are so many."""
        keys, mixed = self._keys, self._mixed
        keys.append(key)
        mixed.append(finish(key * _C & MASK))
        if len(keys) < self._n:
            return None
        found = finish(sum(mixed) & MASK)
        del keys[0], mixed[0]
        return found

    def extend(self, keys: U32) -> U64:
        """Hashes u64 of all shingles that end in ``keys``; goes on where ``push`` or ``extend`` left off."""
        whole = np.concatenate([np.array(self._keys, np.uint32), keys])
        self._keys = whole[max(len(whole) - self._n + 1, 0) :].tolist()
        self._mixed = [finish(key * _C & MASK) for key in self._keys]
        return unordered(whole, self._n)


def rolling(channel: Channel) -> Rolling | RollingNumbers | RollingSum:
    """What makes a channel's hashes one key at a time."""
    if channel.unordered:
        return RollingSum(channel.n)
    return (RollingNumbers if channel.numbered else Rolling)(channel.n)


def shingle_hashes(keys: U32, channel: Channel) -> U64:
    """Hashes u64 of a channel's shingles of ``keys``."""
    if channel.unordered:
        return unordered(keys, channel.n)
    return (numbered if channel.numbered else hashes)(keys, channel.n)


def sliding_min(values: U64 | U32, width: int) -> U64 | U32:
    """Minimum of every ``width`` consecutive values, by doubling: [len - width + 1]."""
    have = 1
    while have * 2 <= width:
        values = np.minimum(values[:-have], values[have:])
        have *= 2
    if have < width:
        values = np.minimum(values[: len(values) - (width - have)], values[width - have :])
    return values


def winnow(order: U64, g: int) -> I64:
    """Places i64, rising, of the anchors of one sequence of shingle hashes of at least ``g``."""
    found = []
    windows = len(order) - g + 1
    for start in range(0, windows, _BLOCK):
        block = order[start : min(start + _BLOCK, windows) + g - 1]
        place = np.arange(len(block) - 1, -1, -1, dtype=np.uint64)
        smallest = sliding_min((block >> np.uint64(ORDER_SHIFT) << np.uint64(ORDER_SHIFT)) | place, g)
        chosen = start + len(block) - 1 - (smallest & np.uint64(0xFFFF)).astype(np.int64)
        found.append(chosen)
    return np.concatenate(found) if len(found) > 1 else found[0]


def anchors(order: U64, g: int, ends: I64) -> I64:
    """Places i64 of the anchors of many sequences laid end to end; ``ends`` i64 is where each ends.

    A sequence with fewer than ``g`` shingles has one anchor, its smallest.
    """
    if len(order) == 0:
        return np.empty(0, np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    sizes = ends - starts
    places = np.empty(0, np.int64)
    if len(order) >= g:
        places = winnow(order, g)
        if len(ends) > 1:
            inside = np.repeat(ends, sizes)[: len(places)] - np.arange(len(places)) >= g
            places = places[inside]
    short = np.flatnonzero((sizes > 0) & (sizes < g))
    if len(short):
        places = np.concatenate([places, smallest_of_short(order, starts[short], sizes[short], g)])
        places.sort()
    if len(places) > 1:
        places = places[np.concatenate([np.ones(1, bool), places[1:] != places[:-1]])]
    return _without_repeats(order, places, g, ends) if len(places) > 2 else places


def _without_repeats(order: U64, places: I64, g: int, ends: I64) -> I64:
    """Of equal anchors close together in one sequence, those near the first and the last.

    So close, equal shingles overlap, and the text between them repeats with a period. A copy that ends
    inside such a stretch runs along the diagonal of an anchor near its beginning, with room for a whole
    window before it; one that goes on behind it along that of the last. Every position of an output is
    asked, so nothing is lost with those between.
    """
    again = (order[places[1:]] == order[places[:-1]]) & (np.diff(places) < g)
    if not again.any():
        return places
    after = np.flatnonzero(again) + 1
    again[after - 1] = np.searchsorted(ends, places[after], side="right") == np.searchsorted(
        ends, places[after - 1], side="right"
    )
    group = np.concatenate([[0], np.cumsum(~again)])
    firsts = places[np.flatnonzero(np.concatenate([[True], ~again]))]
    lasts = places[np.flatnonzero(np.concatenate([~again, [True]]))]
    near = (places - firsts[group] < 2 * g) | (lasts[group] - places < 2 * g)
    kept: I64 = places[near]
    return kept


def smallest_of_short(order: U64, starts: I64, sizes: I64, g: int) -> I64:
    """The anchor i64 of each sequence, that begins at ``starts`` and has fewer than ``g`` shingles, from 1."""
    columns = np.arange(g)
    index = starts[:, None] + np.minimum(columns, sizes[:, None] - 1)
    table = order[index] >> np.uint64(ORDER_SHIFT)
    rightmost = g - 1 - np.argmin(table[:, ::-1], axis=1)  # first among equals of the reversed
    return cast(I64, starts + np.minimum(rightmost, sizes - 1))


def smallest(order: Sequence[int]) -> int:
    """The place of the anchor among at most ``g`` hashes: :func:`winnow` of one window."""
    best = len(order) - 1
    for place in range(len(order) - 2, -1, -1):
        if order[place] >> ORDER_SHIFT < order[best] >> ORDER_SHIFT:
            best = place
    return best
