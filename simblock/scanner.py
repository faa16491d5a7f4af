"""Words of a text that comes in chunks: the incremental twin of :mod:`simblock.words`.

The tokens and ticks of a text are the same however it is cut, and whichever road a chunk takes: short ones
go by the character (:mod:`simblock.wordreader`), the clean middle of long ones through NumPy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simblock.flags import common_keys, flags_of
from simblock.tokens import CHAR as CHAR_FLAG
from simblock.tokens import COMMON, I64
from simblock.wordreader import Found, WordReader, key_of
from simblock.words import CHUNK, CLEAN, words

TICK = 64
"""So many characters without the end of a word are a tick."""
BULK = 256
"""Chunks longer than this go through NumPy."""


class Scanned(NamedTuple):
    """Tokens whose end is now certain, and the ticks that are.

    Of every token: key, flags, start and end in code points from the start of the stream, and its
    clock: the number of ticks up to its own. ``ticks`` are the places of all newly certain ticks.
    """

    keys: list[int]
    flags: list[int]
    starts: list[int]
    ends: list[int]
    clocks: list[int]
    ticks: list[int]


NOTHING = Scanned([], [], [], [], [], [])
"""What nearly every second chunk makes certain; nobody adds to it."""


class WordScanner:
    """Takes a text in chunks, gives its tokens and ticks as they become certain."""

    __slots__ = ("_clock", "_last", "_reader")

    def __init__(self) -> None:
        self._reader = WordReader()
        self._last = self._clock = 0  # the last tick, and how many there were

    @property
    def known(self) -> int:
        """Every token that ends up to this code point has been given."""
        return self._reader.next_end - 1

    def feed(self, chunk: str) -> Scanned:
        """The tokens that end for certain now that ``chunk`` is known."""
        if len(chunk) <= BULK:
            return self._feed_few(chunk)
        out = Scanned([], [], [], [], [], [])
        if clean := CLEAN.search(chunk):
            low = clean.end()
            high = _behind_last_clean(chunk, low)
            self._put(self._reader.feed(chunk[:low]), out)
            self._feed_clean(chunk[low:high], out)
            chunk = chunk[high:]
        for at in range(0, len(chunk), CHUNK):
            self._put(self._reader.feed(chunk[at : at + CHUNK]), out)
        return out

    def _feed_few(self, chunk: str) -> Scanned:
        reader = self._reader
        found = reader.feed(chunk)
        if not found and reader.next_end - 1 - self._last < TICK:
            return NOTHING
        out = Scanned([], [], [], [], [], [])
        self._put(found, out)
        return out

    def finish(self) -> Scanned:
        """The rest, at the end of the text."""
        out = Scanned([], [], [], [], [], [])
        self._put(self._reader.finish(), out)
        return out

    def _put(self, found: list[Found], out: Scanned) -> None:
        keys, flags, starts, ends, clocks, ticks = out
        common = common_keys()
        for token in found:
            total, start, end = token
            key = key_of(token)
            flag = COMMON if key in common else CHAR_FLAG if total < 0 else 0
            if end - self._last > TICK:
                self._fill(end - 1, ticks)
            self._clock += 1
            self._last = end
            keys.append(key)
            flags.append(flag)
            starts.append(start)
            ends.append(end)
            clocks.append(self._clock)
            ticks.append(end)
        self._fill(self._reader.next_end - 1, ticks)

    def _fill(self, limit: int, ticks: list[int]) -> None:
        """Ticks of a stretch without the end of a word, up to ``limit``."""
        if limit - self._last >= TICK:
            fillers = range(self._last + TICK, limit + 1, TICK)
            ticks.extend(fillers)
            self._clock += len(fillers)
            self._last = fillers[-1]

    def _feed_clean(self, chunk: str, out: Scanned) -> None:
        """Text that begins and ends where nothing is open."""
        base = self._reader.position
        found = words(chunk)
        keys, flags, starts, ends, clocks, ticks = out
        keys += found.keys.tolist()
        flags += flags_of(found.keys).tolist()
        starts += (found.starts + base).tolist()
        token_ends = found.ends + base
        ends += token_ends.tolist()
        gaps = np.diff(token_ends, prepend=self._last)
        fillers = np.maximum(gaps - 1, 0) // TICK
        token_clocks = self._clock + np.cumsum(fillers + 1)
        clocks += token_clocks.tolist()
        if len(token_ends):
            ticks += _with_fillers(token_ends, token_ends - gaps, fillers)
            self._last, self._clock = ends[-1], clocks[-1]
        self._reader.skip(len(chunk))
        self._fill(self._reader.next_end - 1, ticks)


def _with_fillers(ends: I64, before: I64, fillers: I64) -> list[int]:
    """All ticks: for each end, ``fillers`` ones behind the tick before it, then itself."""
    which = np.repeat(np.arange(len(ends)), fillers + 1)
    number = np.arange(len(which)) - (np.cumsum(fillers + 1) - fillers - 1)[which]
    places = before[which] + (number + 1) * TICK
    places[number == fillers[which]] = ends
    ticks: list[int] = places.tolist()
    return ticks


def _behind_last_clean(chunk: str, low: int) -> int:
    return next((i for i in range(len(chunk), low, -1) if CLEAN.match(chunk, i - 1)), low)
