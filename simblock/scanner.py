"""Words of a text that comes in chunks: the incremental twin of :mod:`simblock.words`.

The tokens and ticks of a text are the same however it is cut. Kept between chunks are a few numbers
and at most nine characters of an undecided escape; runs of backslashes and apostrophes, long
words and invisible characters cost no memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock.escapes import EscapeReader, Read
from simblock.flags import common_keys, flags_of
from simblock.folding import CHAR, DIGIT, JOIN, LETTER, VANISH, fold, term_of
from simblock.tokens import CHAR as CHAR_FLAG
from simblock.tokens import CHAR_KEY, COMMON, I64
from simblock.wordkeys import POWERS, WORD_LIMIT, key_of_sum
from simblock.words import CLEAN, words

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


Found: TypeAlias = tuple[int, int, int]
"""The sum of a word's terms, or ~point of a CHAR; start; end."""


class _Folds(dict[str, tuple[tuple[int, int], ...]]):
    """Character → the class of each character it becomes, with its term (its code point for a CHAR)."""

    LIMIT = 1 << 15

    def __missing__(self, char: str) -> tuple[tuple[int, int], ...]:
        if len(self) >= self.LIMIT:
            self.clear()
        entry = tuple((kind, term_of(point) if kind >= DIGIT else point) for kind, point in fold(char))
        self[char] = entry
        return entry


_folds = _Folds()


class WordScanner:
    """Takes a text in chunks, gives its tokens and ticks as they become certain."""

    __slots__ = (
        "_at",
        "_clock",
        "_end",
        "_escapes",
        "_join",
        "_last",
        "_length",
        "_letter",
        "_start",
        "_sum",
    )

    def __init__(self) -> None:
        self._escapes = EscapeReader()
        self._at = 0  # where the next character read begins
        self._length = self._sum = self._start = self._end = 0  # the open word
        self._letter = False  # it ends in a letter
        self._join = -1  # where the JOINs behind it begin
        self._last = self._clock = 0  # the last tick, and how many there were

    @property
    def settled(self) -> int:
        """Code points before this belong to no undecided escape or run of apostrophes."""
        return self._join if self._join >= 0 else self._escapes.undecided

    def feed(self, chunk: str) -> Scanned:
        """The tokens that end for certain now that ``chunk`` is known."""
        out = Scanned([], [], [], [], [], [])
        if len(chunk) > BULK and (clean := CLEAN.search(chunk)):
            low = clean.end()
            high = _behind_last_clean(chunk, low)
            self._feed_short(chunk[:low], out)
            self._feed_clean(chunk[low:high], out)
            chunk = chunk[high:]
        self._feed_short(chunk, out)
        return out

    def finish(self) -> Scanned:
        """The rest, at the end of the text."""
        out = Scanned([], [], [], [], [], [])
        found = self._scan(self._escapes.finish())
        if self._length:
            found.append((self._sum, self._start, self._end))
            self._length = 0
        self._join = -1
        self._put(found, out)
        return out

    def _feed_short(self, chunk: str, out: Scanned) -> None:
        self._put(self._scan(self._escapes.feed(chunk)), out)

    def _scan(self, characters: Iterable[Read]) -> list[Found]:  # noqa: C901 - a call a character would double its time
        found: list[Found] = []
        length, total, begin, last = self._length, self._sum, self._start, self._end
        letter, join, start = self._letter, self._join, self._at
        for char, end in characters:
            for kind, value in _folds[char]:
                if kind >= DIGIT:
                    if join >= 0:
                        if kind != LETTER:
                            found.append((total, begin, last))
                            length = 0
                        join = -1
                    if not length:
                        begin, total = start, 0
                    total += value * POWERS[length]
                    length += 1
                    last = end
                    letter = kind == LETTER
                    if length == WORD_LIMIT:
                        found.append((total, begin, last))
                        length = 0
                elif kind == JOIN and letter:
                    if length and join < 0:
                        join = start
                elif kind <= JOIN and kind != VANISH:
                    if length:
                        found.append((total, begin, last))
                        length, join = 0, -1
                    if kind == CHAR:
                        found.append((~value, start, end))
            start = end
        self._length, self._sum, self._start, self._end = length, total, begin, last
        self._letter, self._join, self._at = letter, join, start
        return found

    def _put(self, found: list[Found], out: Scanned) -> None:
        keys, flags, starts, ends, clocks, ticks = out
        common = common_keys()
        for total, start, end in found:
            if total < 0:
                key, flag = ~total | CHAR_KEY, CHAR_FLAG
            else:
                key = key_of_sum(total)
                flag = COMMON if key in common else 0
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
        # the next token ends at the open word's end or later, or behind what is decided
        self._fill(self._end - 1 if self._length else self._escapes.undecided, ticks)

    def _fill(self, limit: int, ticks: list[int]) -> None:
        """Ticks of a stretch without the end of a word, up to ``limit``."""
        if limit - self._last >= TICK:
            fillers = range(self._last + TICK, limit + 1, TICK)
            ticks.extend(fillers)
            self._clock += len(fillers)
            self._last = fillers[-1]

    def _feed_clean(self, chunk: str, out: Scanned) -> None:
        """Text that begins and ends where nothing is open."""
        base = self._at
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
        self._escapes.skip(len(chunk))
        self._at = self._escapes.position
        self._fill(self._at, ticks)


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
