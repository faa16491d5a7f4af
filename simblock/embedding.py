"""Code inside markup and data: <script>, <style> and <pre> of HTML, cells of notebooks and other strings of JSON, decoded."""

from __future__ import annotations

import re
from functools import cache
from html.entities import html5
from typing import NamedTuple, Protocol

from simblock.detection import by_tag, is_recognised
from simblock.grammar import grammar, languages
from simblock.regions import Region, Stretch, Taker, Undecided


class Embedding(Protocol):
    """Reads the lines of an embedded region.

    ``read``: ``line[begin:]`` goes to ``region``; gives where the region ends in the line, or ~place from
    which the line is to be read again with what follows; ~len(line) where all of it was read.
    """

    def read(self, line: str, begin: int, at: Place) -> int: ...


class Place(NamedTuple):
    """Where a line goes: it begins at ``start`` of the output, ``when`` code points of which are known."""

    region: Taker
    start: int
    when: int
    out: list[Stretch]

    def give(self, text: str, begin: int, end: int) -> None:
        if text:
            self.region.take(text, self.start + begin, self.start + end, self.when, self.out)


_TAGS = re.compile(r"(?:\s|<[^<>]*>|)*+")
_TAG = re.compile(r"<[^<>]*>")
_LISTING = re.compile(r"<pre\b[^<>]*>\s*<code\b([^<>]*)>|<pre\b([^<>]*)>", re.IGNORECASE)
_LANGUAGE = re.compile(
    r"\b(?:class|lang)\s*=\s*[\"']?(?:[^\"'>]*[\s\"'])??(language-|lang-|brush:\s*|highlight-source-|sourceCode\s+)?([\w+#]+)",
    re.IGNORECASE,
)
_TAG_OR_ENTITY = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>|&(?:#x?[0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_LISTING_END = re.compile(r"</(?:code|pre)\s*>", re.IGNORECASE)


def _named(attributes: str) -> str | None:
    """The language that a listing's class names. One that no line speaks for must be said to be a language: any
    word may be a class."""
    found = _LANGUAGE.search(attributes)
    language = by_tag(found[2]) if found else None
    return language if found and language and (found[1] or is_recognised(language)) else None


class Script:
    """The content of a <script> or the like, as it stands."""

    __slots__ = ("_end",)

    def __init__(self, end: re.Pattern[str]) -> None:
        self._end = end

    def read(self, line: str, begin: int, at: Place) -> int:
        closing = self._end.search(line, begin)
        end = closing.start() if closing else len(line)
        at.give(line[begin:end], begin, end)
        return closing.end() if closing else ~len(line)


class Listing:
    """The content of a <pre>: tags out, each entity one character."""

    __slots__ = ()

    def read(self, line: str, begin: int, at: Place) -> int:
        closing = _LISTING_END.search(line, begin)
        self._marked(line, begin, closing.start() if closing else len(line), at)
        return closing.end() if closing else ~len(line)

    def _marked(self, line: str, begin: int, end: int, at: Place) -> None:
        for found in _TAG_OR_ENTITY.finditer(line, begin, end):
            at.give(line[begin : found.start()], begin, found.start())
            begin = found.end()
            at.give(_entity(found[0]), found.start(), begin)
        at.give(line[begin:end], begin, end)


def _entity(mark: str) -> str:
    """The character an entity stands for; nothing for a tag, and for an entity that is none."""
    if mark.startswith("&#"):
        digits = mark[2:-1]
        point = int(digits[1:], 16) if digits[0] in "xX" else int(digits) if digits.isdigit() else 0
        return chr(point) if 0 < point < 0x110000 else ""
    name = html5.get(mark[1:], "") if mark[0] == "&" else ""
    return name if len(name) == 1 else ""


def markup(line: str) -> tuple[int, Taker, Embedding] | None:
    """Where the content begins of the first tag that a line begins with, behind which other code stands, and what takes
    and reads it.

    What stands behind which tag is as the grammars of host languages say; besides, listings (<pre>) are read.
    """
    tags = _TAGS.match(line)
    end = tags.end() if tags else 0
    listing = _LISTING.search(line, 0, end)
    script = _first_script(line, listing.start() if listing else end)
    if script:
        return script
    if listing is None:
        return None
    language = _named(listing[1] or listing[2] or "")
    region: Taker = Region(language) if language else Undecided(loose=False, alone=True)
    return listing.end(), region, Listing()


def _first_script(line: str, end: int) -> tuple[int, Taker, Embedding] | None:
    """The same of the first tag in ``line[:end]`` behind which a text of another language stands."""
    at = 0
    while at < end:
        found = [(place.start(), one) for one in _scripts() if (place := one.open.search(line, at, end))]
        at = min((place for place, _ in found), default=end)
        script = next((one for place, one in found if place == at), None)
        tag = _TAG.match(line, at)
        if tag and script and script.language:
            return tag.end(), Region(script.language), Script(script.close)
        at += 1
    return None


class _Hosted(NamedTuple):
    """What opens and closes a text of another language in one of a host language."""

    open: re.Pattern[str]
    close: re.Pattern[str]
    language: str


@cache
def _scripts() -> list[_Hosted]:
    entries = [entry for language in languages() for entry in grammar(language).embedded]
    return [
        _Hosted(
            re.compile(one.open), re.compile("|".join(map(re.escape, one.close)), re.IGNORECASE), one.language
        )
        for one in entries
    ]


_CELL = re.compile(r'"cell_type"\s*:\s*"(\w+)"|"source"\s*:\s*(?:(\[)|(?="))')
_VALUE = re.compile(
    r'\s*(?:[\[{]\s*)*(?:"\w+"\s*:\s*(?:"(?:[^"\\\n]|\\.)*"|[\w.-]+)\s*,\s*)*'
    r'"\w+"\s*:\s*"(?=(?:[^"\\\n]|\\[^n])*\\n(?:[^"\\\n]|\\[^n])*\\n)'
)
"""Up to a JSON string of several lines: what a tool is called with to write a file."""
_STRING = re.compile(
    r'(?P<plain>[^"\\\n]+)|(?P<quote>["\n])|\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})'
    r"|\\u(?P<hex>[0-9a-fA-F]{4})|\\(?P<one>.)",
    re.DOTALL,
)
_UNFINISHED = re.compile(r"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?\Z")
_ONE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class Cell:
    """One JSON string, or a list of them, decoded: the ``source`` of a notebook's cell, a value of a tool's call."""

    __slots__ = ("_inside", "_list")

    def __init__(self, *, in_list: bool) -> None:
        self._list = in_list
        self._inside = False

    def read(self, line: str, begin: int, at: Place) -> int:
        place, unfinished = begin, _UNFINISHED.search(line, begin)
        end = unfinished.start() if unfinished and unfinished.start() > begin else len(line)
        while place < end:
            if not self._inside:
                mark = _next_mark(line, place, end)
                if mark == end:
                    break
                place, self._inside = mark + 1, line[mark] == '"'
                if not self._inside:
                    return place
                continue
            place = self._string(line, place, at)
            if not self._inside and not self._list:
                return place
        return ~end

    def _string(self, line: str, place: int, at: Place) -> int:
        found = _STRING.match(line, place)
        if found is None:
            return place + 1  # the output ends in the middle of an escape
        if found["quote"]:
            self._inside = False
        elif found["plain"]:
            at.give(found["plain"], place, found.end())
        else:
            at.give(_decoded(found), place, found.end())
        return found.end()


def _next_mark(line: str, place: int, end: int) -> int:
    marks = [mark for mark in (line.find('"', place, end), line.find("]", place, end)) if mark >= 0]
    return min(marks, default=end)


def _decoded(found: re.Match[str]) -> str:
    if found["high"]:
        return chr(0x10000 + ((int(found["high"], 16) & 0x3FF) << 10) + (int(found["low"], 16) & 0x3FF))
    if found["hex"]:
        return chr(int(found["hex"], 16))
    return _ONE.get(found["one"], found["one"])


def value(line: str, begin: int) -> tuple[int, Taker, Embedding] | None:
    """Where a JSON string of several lines begins in ``line[begin:]``, and what takes and reads it."""
    found = _VALUE.match(line, begin)
    return (found.end() - 1, Undecided(loose=False, alone=True), Cell(in_list=False)) if found else None


class Notebook:
    """Finds the cells of code: what kind the cell is stands before its source."""

    __slots__ = ("_code", "_language")

    def __init__(self) -> None:
        self._code = False
        self._language: str | None = None

    def cell(self, line: str, begin: int) -> tuple[int, Taker, Embedding] | None:
        """Where the source of a cell of code begins in ``line[begin:]``, and what takes and reads it."""
        for found in _CELL.finditer(line, begin):
            if found[1]:
                self._code = found[1] == "code"
            elif self._code:
                self._code = False
                region: Taker = Region(self._language) if self._language else Undecided(loose=True)
                return found.end(), region, Cell(in_list=bool(found[2]))
        return None

    def learn(self, language: str | None) -> None:
        """A cell was in this language: the next ones are taken to be."""
        self._language = language or self._language
