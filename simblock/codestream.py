"""The code in an output, as it streams: lexemes when they end, syntax tokens when their line does.

Which characters are code says :mod:`simblock.fences`. What is lexed in one fence and what in the next
follow each other, so that a function told in two pieces is one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from simblock.fences import FenceScanner, Stretch
from simblock.grammar import Grammar, grammar
from simblock.lexer import LexemeScanner
from simblock.syntax import SyntaxScanner, parse
from simblock.tokens import U32

Found = tuple[int, int, int]
"""Key, start and end of a token, within a region."""


class Coded(NamedTuple):
    """Tokens of one lane: parallel lists of keys, starts and ends in code points of the output, and whens:
    the code points at which each became certain, never falling."""

    keys: list[int]
    starts: list[int]
    ends: list[int]
    whens: list[int]

    def put(self, found: Iterable[Found], places: Places, when: int) -> None:
        """Adds tokens of a region, none of them certain before ``when``."""
        for key, start, end in found:
            stop = places.end(end)
            last = self.whens[-1] if self.whens else 0
            self.keys.append(key)
            self.starts.append(places.start(start))
            self.ends.append(stop)
            self.whens.append(max(stop, when, last))


class Seen(NamedTuple):
    """What a chunk made certain."""

    lexemes: Coded
    syntax: Coded


def nothing() -> Seen:
    """No tokens, with room for some."""
    return Seen(Coded([], [], [], []), Coded([], [], [], []))


class Places:
    """Where the characters of a region stand in the output."""

    __slots__ = ("_ends", "_offsets", "_starts", "length")

    KEPT = 4096

    def __init__(self) -> None:
        self.length = 0
        self._offsets: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, stretch: Stretch) -> None:
        """Adds a stretch to the region."""
        if self._ends and stretch.start == self._ends[-1] and self._even(-1) and _even(stretch):
            self._ends[-1] = stretch.end
        else:
            self._offsets.append(self.length)
            self._starts.append(stretch.start)
            self._ends.append(stretch.end)
        self.length += len(stretch.text)
        if len(self._offsets) > 2 * self.KEPT:
            for column in (self._offsets, self._starts, self._ends):
                del column[: -self.KEPT]

    def _even(self, at: int) -> bool:
        """Whether the last stretch maps one to one."""
        return self._ends[at] - self._starts[at] == self.length - self._offsets[at]

    def start(self, offset: int) -> int:
        """Where the character at ``offset`` begins."""
        at = max(bisect_right(self._offsets, offset) - 1, 0)
        return min(self._starts[at] + offset - self._offsets[at], self._ends[at])

    def end(self, offset: int) -> int:
        """Where the character before ``offset`` ends."""
        if not self._offsets:
            return 0
        at = max(bisect_right(self._offsets, offset - 1) - 1, 0)
        stop = self._offsets[at + 1] if at + 1 < len(self._offsets) else self.length
        if offset == stop:
            return self._ends[at]
        return self._starts[at] + offset - self._offsets[at]


def _even(stretch: Stretch) -> bool:
    return stretch.end - stretch.start == len(stretch.text)


class CodeScanner:
    """Takes an output in chunks, gives the lexemes and syntax tokens of its code.

    With a ``language`` given, the whole output is code of it.
    """

    def __init__(self, language: str | None = None) -> None:
        self._fences = FenceScanner(language)
        self._fed = self._when = 0
        self._last = (0, 0)
        self._places = Places()
        self._lexemes: LexemeScanner | None = None
        self._syntax: SyntaxScanner | None = None

    @property
    def inside(self) -> bool:
        """Whether code is open."""
        return self._lexemes is not None

    @property
    def known(self) -> int:
        """No later token becomes certain up to this code point."""
        if self._lexemes is None:
            return self._fed
        return min(self._fed, self._places.end(self._lexemes.next_end) - 1)

    def feed(self, chunk: str) -> Seen:
        """The tokens that are certain now that ``chunk`` is known."""
        seen = nothing()
        self._fed += len(chunk)
        for stretch in self._fences.feed(chunk):
            self._take(stretch, seen)
        if self._lexemes is not None and not self._fences.inside:
            self._close(seen)
        return self._risen(seen)

    def finish(self) -> Seen:
        """The rest, at the end of the output."""
        seen = nothing()
        for stretch in self._fences.finish():
            self._take(stretch, seen)
        self._close(seen)
        return self._risen(seen)

    def _take(self, stretch: Stretch, seen: Seen) -> None:
        if stretch.opens or self._lexemes is None:
            self._close(seen)
            language = grammar(stretch.language)
            self._places = Places()
            self._lexemes, self._syntax = LexemeScanner(language), SyntaxScanner(language)
        assert self._syntax is not None
        begin = self._places.length
        self._places.take(stretch)
        self._when = stretch.when if stretch.when > stretch.end else 0
        seen.lexemes.put(self._lexemes.feed(stretch.text), self._places, self._when)
        at = 0
        for line in _lines(stretch.text):
            at += len(line)
            found = self._syntax.feed(line)
            if found:
                seen.syntax.put(found, self._places, max(self._when, self._places.end(begin + at)))

    def _close(self, seen: Seen) -> None:
        """Ends the region that is open."""
        if self._lexemes is not None and self._syntax is not None:
            seen.lexemes.put(self._lexemes.finish(), self._places, self._when)
            end = max(self._when, self._places.end(self._places.length))
            seen.syntax.put(self._syntax.finish(), self._places, end)
        self._lexemes = self._syntax = None

    def _risen(self, seen: Seen) -> Seen:
        """Keeps whens from falling from chunk to chunk."""
        low = []
        for coded, last in zip(seen, self._last, strict=True):
            if coded.whens:
                coded.whens[:] = [max(when, last) for when in coded.whens]
                last = coded.whens[-1]  # noqa: PLW2901
            low.append(last)
        self._last = (low[0], low[1])
        return seen


def _lines(text: str) -> list[str]:
    """A text by line feeds, which stay."""
    if "\n" not in text:
        return [text]
    *lines, rest = text.split("\n")
    return [line + "\n" for line in lines] + ([rest] if rest else [])


def syntax_of(text: str, language: Grammar) -> Iterator[U32]:
    """Keys of the syntax tokens of a text, read as a file of a language and as prose with code of it."""
    yield parse(text, language).tokens.keys
    scanner = FenceScanner()
    regions: list[list[str]] = []
    for stretch in [*scanner.feed(text), *scanner.finish()]:
        if stretch.opens:
            regions.append([])
        if stretch.language == language.name and regions:
            regions[-1].append(stretch.text)
    for region in regions:
        yield parse("".join(region), language).tokens.keys
