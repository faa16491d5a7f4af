"""Words letter by letter, each letter with its place, as :mod:`simblock.wordreader` reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from simblock.escapes import Read
from simblock.flags import common_keys
from simblock.folding import CHAR as UNSPACED
from simblock.folding import DIGIT, JOIN, LETTER, VANISH, Folded, fold, term_of
from simblock.segmenting import Letter
from simblock.tokens import CHAR, CHAR_KEY, COMMON
from simblock.wordkeys import POWERS, WORD_LIMIT, key_of_sum

GAP = 8
"""Characters of a gap that are remembered."""


class Spelled(NamedTuple):
    """A word: its letters, and what stands between it and the word before: no more than 8 characters of that.

    ``char``: it is one character of a script without spaces. A word of over 64 letters comes in parts,
    those behind the first with an empty gap.
    """

    letters: list[Letter]
    gap: str
    char: bool = False

    @property
    def text(self) -> str:
        return "".join([letter.char for letter in self.letters])


class Named(NamedTuple):
    """A token: key, flags, start and end."""

    key: int
    flag: int
    start: int
    end: int


class Speller:
    """Takes characters with their ends, gives words. ``signs`` are read as letters."""

    __slots__ = ("_capital", "_gap", "_join", "_letters", "_signs", "position")

    def __init__(self, position: int, signs: Collection[str] = ()) -> None:
        self.position = position
        self._signs = signs
        self._letters: list[Letter] = []
        self._gap = ""
        self._join = False
        self._capital = True  # the last letter was one

    @property
    def start(self) -> int | None:
        """Where the open word begins."""
        return self._letters[0].start if self._letters else None

    def feed(self, reads: Iterable[Read]) -> Iterator[Spelled]:  # noqa: C901 - one pass over the kinds of characters
        """The words that have ended."""
        for char, end in reads:
            start, self.position = self.position, end
            if char in self._signs:
                self._add(char, start, end, capital=False)
                continue
            for kind, point in folded_char(char):
                if kind >= DIGIT:
                    if self._join and not (kind == LETTER and self._letters[-1].char.isalpha()):
                        yield from self.finish()
                    self._join = False
                    self._add(chr(point), start, end, capital=char.isupper())
                    if len(self._letters) == WORD_LIMIT:
                        yield Spelled(self._letters, self._gap)
                        self._letters, self._gap = [], ""
                elif kind == JOIN and self._letters:
                    self._join = True
                elif kind != VANISH:
                    yield from self.finish()
                    if kind == UNSPACED:
                        yield Spelled([Letter(chr(point), start, end)], self._gap, char=True)
                        self._gap = ""
                    elif len(self._gap) < GAP:
                        self._gap += char

    def finish(self) -> Iterator[Spelled]:
        """The open word, as far as it goes."""
        if self._letters:
            yield Spelled(self._letters, self._gap)
            self._letters, self._gap = [], ""
        self._join, self._capital = False, True

    def _add(self, char: str, start: int, end: int, *, capital: bool) -> None:
        begins = capital and not self._capital
        self._capital = capital
        self._letters.append(Letter(char, start, end, marked=begins))


@lru_cache(1 << 12)
def folded_char(char: str) -> tuple[Folded, ...]:
    """:func:`simblock.folding.fold`, remembered."""
    return fold(char)


def named(letters: Iterable[Letter]) -> Named:
    """The token of a word with at most 64 letters."""
    whole = list(letters)
    total = sum([_term(letter.char) * power for letter, power in zip(whole, POWERS)])  # noqa: B905
    key = key_of_sum(total)
    return Named(key, COMMON if key in common_keys() else 0, whole[0].start, whole[-1].end)


def named_char(letter: Letter) -> Named:
    """The token of a character of a script without spaces."""
    return Named(ord(letter.char) | CHAR_KEY, CHAR, letter.start, letter.end)


@lru_cache(1 << 12)
def _term(char: str) -> int:
    return term_of(ord(char))
