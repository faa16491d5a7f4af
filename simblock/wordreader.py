"""Words of a text that comes in chunks, one character at a time: the scalar road.

Kept between chunks are a few numbers, at most nine characters of an undecided escape and three escapes
that it may go on with; runs of backslashes and apostrophes, long words and invisible characters cost no memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from simblock.escapes import EscapeReader, Read
from simblock.folding import CHAR, DIGIT, JOIN, LETTER, VANISH, fold, term_of
from simblock.tokens import CHAR_KEY
from simblock.wordkeys import POWERS, WORD_LIMIT, key_of_sum

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


def key_of(found: Found) -> int:
    """The key of a token."""
    return key_of_sum(found[0]) if found[0] >= 0 else ~found[0] | CHAR_KEY


class WordReader:
    """Takes a text in chunks, gives its tokens as their ends become certain."""

    __slots__ = (
        "_end",
        "_escapes",
        "_join",
        "_length",
        "_letter",
        "_start",
        "_sum",
        "position",
    )

    def __init__(self) -> None:
        self._escapes = EscapeReader()
        self.position = 0
        """Where the next character to be read begins."""
        self._length = self._sum = self._start = self._end = 0  # the open word
        self._letter = False  # it ends in a letter
        self._join = -1  # where the JOINs behind it begin

    @property
    def next_end(self) -> int:
        """The next token ends here at the earliest."""
        return self._end if self._length else self._escapes.undecided + 1

    def skip(self, length: int) -> None:
        """Pass over text that was read elsewhere, and that begins and ends where nothing is open."""
        self._escapes.skip(length)
        self.position += length

    def feed(self, chunk: str) -> list[Found]:
        """The tokens that end for certain now that ``chunk`` is known."""
        return self._scan(self._escapes.feed(chunk))

    def finish(self) -> list[Found]:
        """The rest, at the end of the text."""
        found = self._scan(self._escapes.finish())
        if self._length:
            found.append((self._sum, self._start, self._end))
        self._length, self._join = 0, -1
        return found

    def _scan(self, characters: Iterable[Read]) -> list[Found]:  # noqa: C901 - a call a character would double its time
        found: list[Found] = []
        length, total, begin, last = self._length, self._sum, self._start, self._end
        letter, join, start = self._letter, self._join, self.position
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
        self._letter, self._join, self.position = letter, join, start
        return found
