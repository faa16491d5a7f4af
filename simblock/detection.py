"""Which language a text is in: by a file's name, by the tag of a Markdown fence, by what its lines look like."""

from __future__ import annotations

import re
import struct
from functools import cache, lru_cache
from pathlib import PurePath

from simblock.catalogue import entry, listed
from simblock.grammar import languages
from simblock.looks import Look, look

__all__ = ["LINE", "Evidence", "Look", "by_content", "by_name", "by_tag", "is_recognised", "look"]

_TAG = re.compile(r"\s*\{?\s*\.?(?:language-|lang-|brush:\s*)?([^\s{}.,;:=\"'`|]+)")
"""The first word of an info string: ``python title="x"``, ``{.python}``, ``language-python``, ``py:run``."""

_SHEBANG = re.compile(r"#!\s*\S*?/?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)[\d.]*(?:\s|$)")
STRONG = 4
CONTRADICTED = 3
"""So many strong lines bear out or contradict what a region was said to be."""
LINE = 1024
"""A line is judged when it ends, or when so many of its characters are known."""
FIELD = 32
"""Bits in which the lines that speak for one language are counted."""
HEAD, LINES = 1 << 16, 300
"""A file is judged by so many of its characters and lines."""


@cache
def _interpreters() -> dict[str, str]:
    return {name: language for language, its in listed() for name in its.interpreters}


@cache
def _extensions() -> dict[str, str]:
    return {suffix: language for language, its in listed() for suffix in its.extensions}


@cache
def _tags() -> dict[str, str]:
    return {tag: language for language, its in listed() for tag in (language, *its.tags)}


def by_name(path: str) -> str | None:
    """The language of a file by the extension of its name; None where no grammar has that extension."""
    return _extensions().get(PurePath(path.strip()).suffix.lower())


def by_tag(tag: str) -> str | None:
    """The language that a fence's info string names, whatever its case and whatever follows the first word.

    A file's name is taken too (``src/x.py``). None where the tag is empty or names none.
    """
    word = _TAG.match(tag)
    if word is None:
        return None
    return _tags().get(word[1].lower()) or by_name(tag.split(maxsplit=1)[0])


def is_recognised(language: str) -> bool:
    """Whether there are lines that speak for a language: where not, only its name says that a text is in it."""
    return bool(entry(language).strong)


class Evidence:
    """How much the lines seen so far speak for each language. Strong lines count four times a weak one."""

    __slots__ = ("_best", "_strong", "_weak", "prose")

    def __init__(self) -> None:
        self._strong = self._weak = 0  # counts, FIELD bits a language
        self._best: int | None = None
        self.prose = 0

    def add(self, seen: Look) -> None:
        """Count a line."""
        self._strong += _spread(seen.strong)
        self._weak += _spread(seen.weak)
        self._best = None
        self.prose += seen.prose

    @property
    def best(self) -> int:
        """The place of the language most spoken for; of equals, as ``[detect] share`` says."""
        if self._best is None:
            scores = _counts(STRONG * self._strong + self._weak)
            most = max(scores)
            self._best = next(place for place in _commonest_first() if scores[place] == most)
        return self._best

    def _of(self, place: int) -> tuple[int, int]:
        return _count(self._strong, place), _count(self._weak, place)

    @property
    def sure(self) -> str | None:
        """The language, where two strong lines, one and three weak ones, or six weak ones speak for it."""
        best = self.best
        strong, weak = self._of(best)
        if strong >= 2 or (strong and weak >= 3) or weak >= 6:
            return languages()[best]
        return None

    @property
    def speaking(self) -> int:
        """How many lines speak for the language most spoken for."""
        return sum(self._of(self.best))

    @property
    def drowned(self) -> bool:
        """Whether prose outweighs what speaks for code by far."""
        return self.prose > 2 * self.speaking + 2

    def speaks_for(self, language: str) -> bool:
        """Whether a line speaks strongly for a language."""
        return bool(_count(self._strong, languages().index(language)))

    def against(self, language: str) -> str | None:
        """A verdict on the name that a region was given: itself where its lines bear it out, another where they
        contradict it beyond doubt, None while neither can be said."""
        own = _count(self._strong, languages().index(language))
        if own >= CONTRADICTED:
            return language
        best = self.best
        if not own and _count(self._strong, best) >= CONTRADICTED:
            return languages()[best]
        return None

    @property
    def guess(self) -> str | None:
        """The language, where anything speaks for one."""
        return languages()[self.best] if self.speaking else None


@cache
def _commonest_first() -> tuple[int, ...]:
    shares = [its.share for _, its in listed()]
    return tuple(sorted(range(len(shares)), key=lambda place: (-shares[place], languages()[place])))


def _counts(packed: int) -> list[int]:
    count = len(languages())
    return list(struct.unpack(f"<{count}I", packed.to_bytes(FIELD // 8 * count, "little")))


def _count(packed: int, place: int) -> int:
    return packed >> FIELD * place & (1 << FIELD) - 1


@lru_cache(4096)
def _spread(bits: int) -> int:
    """One FIELD a bit."""
    return sum(1 << FIELD * place for place in range(bits.bit_length()) if bits >> place & 1)


def by_content(text: str) -> str | None:
    """The language of a file by its interpreter line, else by what its first lines look like.

    None where they look like prose, data or a language without a grammar.
    """
    head = text[:HEAD]
    shebang = _SHEBANG.match(head)
    if shebang:
        return _interpreters().get(shebang[1].lower())
    lines = [line for line in head.splitlines()[:LINES] if line.strip()]
    language = _weigh(lines).sure
    if language is None:
        return None
    bare = _comments(language).sub("", head)  # a long licence is no reason to take a file for prose
    lines = [line for line in bare.splitlines()[:LINES] if line.strip()]
    evidence = _weigh(lines)
    speaking = evidence.speaking
    return languages()[evidence.best] if speaking > evidence.prose and speaking * 4 > len(lines) else None


def _weigh(lines: list[str]) -> Evidence:
    evidence = Evidence()
    for line in lines:
        evidence.add(look(line))
    return evidence


@cache
def _comments(language: str) -> re.Pattern[str]:
    """Comments and long strings that begin a line."""
    comments = entry(language).comments
    marks = [f"(?:{c.open})" + (rf"[\s\S]*?{re.escape(c.close)}" if c.close else ".*") for c in comments]
    return re.compile(r"(?m)^[ \t]*(?:" + "|".join(marks) + ")") if marks else re.compile(r"(?!)")
