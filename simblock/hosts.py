"""Where a text of a host language is cut: into its tags, and what stands behind some of them in other languages."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from simblock.grammar import Embedded, Grammar
from simblock.lexer.patterns import repeated

TAG_LIMIT = 1024
"""A tag has at most so many characters: a stream holds no more of what may become one."""

_ATOMS = repeated(r"""[^"'<>]++|"[^"]*+"|'[^']*+'""")
_TAG = re.compile(rf"<(?:!--(?:-?>)?+|[A-Za-z/!?]{_ATOMS}>)")
"""A whole tag, with whatever its quoted values hold, or what begins a comment, or one that is empty (``<!-->``)."""
_COMMENT = "<!--"
_BEGUN = re.compile(rf"""<(?:[A-Za-z/!?]{_ATOMS}(?:"[^"]*+|'[^']*+|))?""")
"""As much as may be a tag; the next character decides."""
_SHAPE = re.compile(r"<(?:[!?]|/?[A-Za-z][\w:.-]*+(?:[\s/>]|\Z))")
"""How a tag begins that somebody meant as one: ``i<n;`` is none."""


class Piece(NamedTuple):
    """A piece of a stretch: ``text`` stands at ``start``; what ends at ``e`` is certain when max(``when``, ``e``) code
    points are known.

    ``ends``: no more of the stretch follows, and the next piece begins another. No ``language``: it is left out.
    """

    language: str
    text: str
    start: int
    when: int
    ends: bool


class HostScanner:
    """Cuts a text of a host language, that comes in chunks, into its stretches; the same, and in time, for every cut."""

    def __init__(self, host: Grammar) -> None:
        self._host = host
        self._openings = _openings(host)
        self._inside: Embedded | None = None
        self._text, self._base = "", 0  # what is held back, and where it begins
        self._decided = 0  # how much of the text it took to know that what begins like a tag or close is none

    @property
    def between(self) -> bool:
        """Whether what comes next stands between tags, as far as is known."""
        return self._inside is None and not is_tag(self._text)

    def feed(self, text: str) -> list[Piece]:
        """The pieces that are certain now that ``text`` is known."""
        return self._read(text, final=False)

    def finish(self) -> list[Piece]:
        """The rest, at the end of the text."""
        return self._read("", final=True)

    def _read(self, text: str, *, final: bool) -> list[Piece]:
        self._text += text
        found: list[Piece] = []
        at, read = 0, (-1, self._inside)
        while at < len(self._text) and read != (at, self._inside):
            read = at, self._inside
            at = (self._within if self._inside else self._between)(at, found, final)
        self._text = self._text[at:]
        self._base += at
        return found

    def _between(self, at: int, found: list[Piece], final: bool) -> int:
        """Where to read on behind the next tag; its beginning while it is not decided."""
        text = self._text
        at = text.find("<", at)
        if at < 0:
            return len(text)
        limit = at + TAG_LIMIT
        tag = _TAG.match(text, at, limit)
        if tag is None:
            return self._no_tag(at, limit, final)
        end = tag.end()
        if tag[0].startswith(_COMMENT):
            if text[end - 1] == ">":
                return end
            if text[end:] in {"", "-"} and not final:
                return at
        else:
            when = max(self._base + end, self._decided)
            found.append(Piece(self._host.name, tag[0], self._base + at, when, ends=True))
        opened = (entry for opening, entry in self._openings if opening.match(tag[0]))
        self._inside = next(opened, None)
        return end

    def _no_tag(self, at: int, limit: int, final: bool) -> int:
        """Where to read on behind a mark that begins no tag; the mark's place while it may begin one."""
        begun = _BEGUN.match(self._text, at, limit)
        assert begun
        end = begun.end()
        undecided = end == min(len(self._text), limit)
        if undecided and end < limit and not final:
            return at
        self._decided = max(self._decided, self._base + end + (not undecided))
        return at + 1

    def _within(self, at: int, found: list[Piece], final: bool) -> int:
        """Where to read on behind what stands in another language; where its close may begin while that is undecided."""
        assert self._inside
        text, language, close = self._text, self._inside.language, _close(self._inside)
        while at < len(text):
            mark = text.find(close.first, at)
            mark = len(text) if mark < 0 else mark
            if mark > at:
                self._give(language, at, mark, found)
            end = mark + close.begun(text, mark)
            if text[mark:end].lower() in close.marks:
                when = max(self._base + end, self._decided)
                found.append(Piece(language, "", self._base + mark, when, ends=True))
                self._inside = None
                return mark
            if mark == len(text) or (end == len(text) and not final):
                return mark
            self._decided = max(self._decided, self._base + min(end + 1, len(text)))
            self._give(language, mark, mark + 1, found)
            at = mark + 1
        return at

    def _give(self, language: str, start: int, end: int, found: list[Piece]) -> None:
        text = self._text[start:end]
        found.append(Piece(language, text, self._base + start, self._decided, ends=False))


def is_tag(text: str) -> bool:
    """Whether a tag, or what may become one, looks as if it was meant as one."""
    return _SHAPE.match(text) is not None


class _Close(NamedTuple):
    """Marks that close, and all that they begin with."""

    first: str
    marks: frozenset[str]
    begin: frozenset[str]

    def begun(self, text: str, at: int) -> int:
        """How many characters of a mark stand at a place of a text, whatever their case."""
        end = at
        while (
            end < len(text)
            and text[at : end + 1].lower() in self.begin
            and text[at:end].lower() not in self.marks
        ):
            end += 1
        return end - at


@cache
def _close(entry: Embedded) -> _Close:
    begin = {mark[:size] for mark in entry.close for size in range(1, len(mark) + 1)}
    return _Close(entry.close[0][0], frozenset(entry.close), frozenset(begin))


@cache
def _openings(host: Grammar) -> list[tuple[re.Pattern[str], Embedded]]:
    return [(re.compile(entry.open), entry) for entry in host.embedded]
