"""The code in an output, as it streams: lexemes when they end, syntax tokens when their line does.

Which characters are code says :mod:`simblock.fences`. What is lexed in one fence and what in the next
follow each other, so that a function told in two pieces is one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from simblock.fences import FenceScanner, Stretch
from simblock.grammar import grammar
from simblock.hosts import Piece
from simblock.lexer import lexemes_in_view
from simblock.settling import SyntaxScanner

NOT_LATE: Mapping[int, int] = MappingProxyType({})
Found = tuple[int, int, int]
"""Key, start and end of a token, within a region."""


class Coded(NamedTuple):
    """Tokens of one lane: parallel lists of keys, starts and ends in code points of the output, whens
    (the code points at which each became certain, never falling), and languages."""

    keys: list[int]
    starts: list[int]
    ends: list[int]
    whens: list[int]
    languages: list[str]

    def put(
        self, found: Iterable[Found], places: Places, when: int, late: Mapping[int, int] = NOT_LATE
    ) -> None:
        """Adds tokens of a region, none of them certain before ``when``; ``late`` as of a LexemeScanner."""
        last = self.whens[-1] if self.whens else 0
        for key, start, end in found:
            stop = places.end(end)
            if late and end in late:
                when = max(when, places.end(late[end]))
            last = max(stop, when, last)
            self.keys.append(key)
            self.starts.append(places.start(start))
            self.ends.append(stop)
            self.whens.append(last)
            self.languages.append(places.language)


class Seen(NamedTuple):
    """What a chunk made certain."""

    lexemes: Coded
    syntax: Coded


def nothing() -> Seen:
    """No tokens, with room for some."""
    return Seen(Coded([], [], [], [], []), Coded([], [], [], [], []))


class Places:
    """Where the characters of a region, all of one language, stand in the output.

    ``base``: in a region of a host language, where what is read begins; offsets are counted from there.
    """

    __slots__ = ("_ends", "_even", "_offsets", "_starts", "base", "language", "length")

    KEPT = 4096

    def __init__(self, language: str) -> None:
        self.language = language
        self.length = self.base = 0
        self._offsets: list[int] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._even = False  # the last stretch maps one to one

    def take(self, stretch: Stretch) -> None:
        """Adds a stretch to the region."""
        even = stretch.end - stretch.start == len(stretch.text)
        if even and self._even and stretch.start == self._ends[-1]:
            self._ends[-1] = stretch.end
        else:
            self._even = even
            self._offsets.append(self.length)
            self._starts.append(stretch.start)
            self._ends.append(stretch.end)
        self.length += len(stretch.text)
        if len(self._offsets) > 2 * self.KEPT:
            for column in (self._offsets, self._starts, self._ends):
                del column[: -self.KEPT]

    def start(self, offset: int) -> int:
        """Where the character at ``offset`` begins."""
        offset += self.base
        at = self._at(offset)
        return min(self._starts[at] + offset - self._offsets[at], self._ends[at])

    def end(self, offset: int) -> int:
        """Where the character before ``offset`` ends."""
        if not self._offsets:
            return 0
        offset += self.base
        at = self._at(offset - 1)
        stop = self._offsets[at + 1] if at + 1 < len(self._offsets) else self.length
        if offset == stop:
            return self._ends[at]
        return self._starts[at] + offset - self._offsets[at]

    def _at(self, offset: int) -> int:
        """Which stretch holds a character: mostly the last."""
        last = len(self._offsets) - 1
        return last if offset >= self._offsets[last] else max(bisect_right(self._offsets, offset) - 1, 0)


class CodeScanner:
    """Takes an output in chunks, gives the lexemes and syntax tokens of its code.

    With a ``language`` given, the whole output is code of it.
    """

    def __init__(self, language: str | None = None) -> None:
        self._fences = FenceScanner(language)
        self._fed = self._when = 0
        self._last = (0, 0)
        self._places = Places("")
        self._open = False
        self._syntax: SyntaxScanner | None = None
        self._seen = nothing()  # given away only when there is something in it

    @property
    def inside(self) -> bool:
        """Whether code is open."""
        return self._open

    @property
    def known(self) -> int:
        """No later token becomes certain up to this code point."""
        if self._syntax is None:
            return self._fed
        return min(self._fed, self._places.end(self._syntax.lexer.certain))

    def feed(self, chunk: str) -> Seen:
        """The tokens that are certain now that ``chunk`` is known."""
        seen = self._seen
        self._fed += len(chunk)
        for stretch in self._fences.feed(chunk):
            self._take(stretch, seen)
        if self._open and not self._fences.inside:
            self._close(seen)
        return self._risen(seen)

    def finish(self) -> Seen:
        """The rest, at the end of the output."""
        seen = self._seen
        for stretch in self._fences.finish():
            self._take(stretch, seen)
        self._close(seen)
        return self._risen(seen)

    def _take(self, stretch: Stretch, seen: Seen) -> None:
        if stretch.opens or not self._open:
            self._close(seen)
            self._begin(stretch)
        places = self._places
        end = places.length
        places.take(stretch)
        if stretch.pieces is None:
            self._when = stretch.when
            self._read(stretch.text, end, seen)
        else:
            self._hosted(stretch.pieces, stretch.when, seen)

    def _begin(self, stretch: Stretch) -> None:
        """Opens a region."""
        self._open, self._places = True, Places(stretch.language)
        if stretch.pieces is None:
            self._syntax = SyntaxScanner(grammar(stretch.language))

    def _hosted(self, pieces: Iterable[Piece], when: int, seen: Seen) -> None:
        """Reads each stretch of a region of a host language as a text of its own."""
        places = self._places
        for piece in pieces:
            if not piece.language:
                continue
            if self._syntax is None:
                places.base, places.language = piece.start, piece.language
                self._syntax = SyntaxScanner(grammar(piece.language))
            self._when = max(when, places.end(piece.when - places.base))
            at = piece.start - places.base
            self._read(piece.text, at, seen)
            if piece.ends:
                self._end(at + len(piece.text), seen)

    def _read(self, text: str, end: int, seen: Seen) -> None:
        """Reads what goes on at ``end`` of the text that is open."""
        syntax, places = self._syntax, self._places
        assert syntax
        for piece in syntax.pieces(text):
            end += len(piece)
            lexemes = syntax.lexer.feed(piece)
            if lexemes:
                seen.lexemes.put(lexemes_in_view(lexemes), places, self._when, syntax.lexer.late)
                syntax.lexer.late.clear()
            found = syntax.take(piece, lexemes)
            if found:
                seen.syntax.put(found, places, max(self._when, places.end(end)))

    def _close(self, seen: Seen) -> None:
        """Ends the region that is open."""
        self._end(self._places.length - self._places.base, seen)
        self._open = False

    def _end(self, length: int, seen: Seen) -> None:
        """Ends the text that is open, so long."""
        if self._syntax is not None:
            end = max(self._when, self._places.end(length))
            lexemes = self._syntax.lexer.finish()
            seen.lexemes.put(lexemes_in_view(lexemes), self._places, end)
            seen.syntax.put(self._syntax.end(lexemes), self._places, end)
        self._syntax = None

    def _risen(self, seen: Seen) -> Seen:
        """Keeps whens from falling from chunk to chunk."""
        if not seen.lexemes.keys and not seen.syntax.keys:
            return seen
        self._seen = nothing()
        low = []
        for coded, last in zip(seen, self._last, strict=True):
            if coded.whens:
                coded.whens[:] = [max(when, last) for when in coded.whens]
                last = coded.whens[-1]  # noqa: PLW2901
            low.append(last)
        self._last = (low[0], low[1])
        return seen


def code_of(text: str, language: str) -> Iterator[str]:
    """A text whole, as it may be a file of a language, and what of it stands as code of that language in prose."""
    yield text
    scanner = FenceScanner()
    regions: list[list[str]] = []
    for stretch in [*scanner.feed(text), *scanner.finish()]:
        if stretch.opens:
            regions.append([])
        if stretch.language == language and regions:
            regions[-1].append(stretch.text)
    yield from map("".join, filter(None, regions))
