"""Which language a text is in: by a file's name, by the tag of a Markdown fence, by what its lines look like."""

from __future__ import annotations

import re
import struct
from functools import cache, lru_cache
from pathlib import PurePath
from typing import NamedTuple

from simblock.catalogue import claimed, listed
from simblock.grammar import grammar, languages
from simblock.looks import FIELD, Look, look
from simblock.openings import long_blocks

__all__ = ["LINE", "Evidence", "Look", "by_content", "by_name", "by_tag", "is_recognised", "look"]

_TAG = re.compile(r"\s*\{?\s*\.?(?:language-|lang-|brush:\s*)?([^\s{}.,;:=\"'`|]+)")
"""The first word of an info string: ``python title="x"``, ``{.python}``, ``language-python``, ``py:run``."""

_SHEBANG = re.compile(r"#!\s*\S*?/?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)[\d.]*(?:\s|$)")
BORNE_OUT = 3
"""So many strong lines bear out what a region was said to be."""
CLEAR, PLENTY = 24, 12
"""A language is told from all others when it leads by three times a natural logarithm of odds, in units of
:mod:`simblock.catalogue`; so many lines that speak for it will do, however small the lead."""
ALIKE = 12
"""What a language must lead by those that it is like, and that are commoner."""
LINE = 1024
"""A line is judged when it ends, or when so many of its characters are known."""
HEAD, LINES = 1 << 16, 300
"""A file is judged by so many of its characters and lines."""


def by_name(path: str) -> str | None:
    """The language of a file by the extension of its name; None where no grammar has that extension."""
    return claimed("extensions").get(PurePath(path.strip()).suffix.lower())


def by_tag(tag: str) -> str | None:
    """The language that a fence's info string names, whatever its case and whatever follows the first word.

    A file's name is taken too (``src/x.py``). None where the tag is empty or names none.
    """
    word = _TAG.match(tag)
    if word is None:
        return None
    return claimed("tags").get(word[1].lower()) or by_name(tag.split(maxsplit=1)[0])


def is_recognised(language: str) -> bool:
    """Whether there are lines that speak for a language: where not, only its name says that a text is in it."""
    return bool(grammar(language).detect.strong)


class Evidence:
    """How much the lines seen so far speak for each language: how many do, and by how much."""

    __slots__ = ("_before", "_leaning", "_standing", "_strong", "_weak", "prose")

    def __init__(self) -> None:
        self._strong = self._weak = 0  # counts, FIELD bits a language
        self._leaning = self._before = 0
        self._standing: _Standing | None = None
        self.prose = 0

    def add(self, seen: Look) -> None:
        """Count a line. What it leans to tells nothing new where it looks as the line before it did."""
        self.prose += seen.prose
        if not seen.strong | seen.weak:
            self._before = 0
            return
        self._strong += _spread(seen.strong)
        self._weak += _spread(seen.weak)
        if seen.leaning != self._before:
            self._before = seen.leaning
            self._leaning += seen.leaning
        self._standing = None

    @property
    def _now(self) -> _Standing:
        if self._standing is None:
            spoken = _counts(self._strong + self._weak)
            leanings = _counts(self._leaning + _zeros())
            self._standing = _Standing(_first(leanings, spoken), leanings)
        return self._standing

    @property
    def best(self) -> int:
        """The place of the language most spoken for, of those that a line speaks for at all; of equals, and of those
        hardly apart that are like one another, as ``[detect] share`` says."""
        return self._now.best

    @property
    def is_clear(self) -> bool:
        """Whether the language most spoken for leads all others by far, but those that it is like."""
        best, leanings = self._now
        return leanings[best] - max(map(leanings.__getitem__, _strangers()[best]), default=0) >= CLEAR

    def _of(self, place: int) -> tuple[int, int]:
        return _count(self._strong, place), _count(self._weak, place)

    @property
    def sure(self) -> str | None:
        """The language, where two strong lines, one and three weak ones, or six weak ones speak for it, and for no
        other nearly as much."""
        best = self.best
        strong, weak = self._of(best)
        if strong >= 2 or (strong and weak >= 3) or weak >= 6:
            return languages()[best] if strong + weak >= PLENTY or self.is_clear else None
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

    def against(self, language: str, lead: int, lines: int) -> str | None:
        """A verdict on what a region is taken for: itself where its lines bear it out, another where it has such a
        ``lead`` and so many strong ``lines``, None while neither can be said."""
        best, leanings = self._now
        own = languages().index(language)
        behind = leanings[best] - leanings[own]
        if behind >= lead and _count(self._strong, best) >= lines:
            return languages()[best]
        if behind < CLEAR and _count(self._strong, own) >= BORNE_OUT:
            return language
        return None

    @property
    def guess(self) -> str | None:
        """The language, where anything speaks for one."""
        return languages()[self.best] if self.speaking else None


class _Standing(NamedTuple):
    """The language that leads, and how far each leans to it, above _ZERO."""

    best: int
    leanings: list[int]


def _first(leanings: list[int], spoken: list[int]) -> int:
    """The place of the language that leads, or of a commoner one that is like it and hardly behind."""
    values = [leaning if lines else 0 for leaning, lines in zip(leanings, spoken, strict=True)]
    most = max(values)
    best = next(place for place in _commonest_first() if values[place] == most)
    return next(place for place in _kin()[best] if values[place] + ALIKE >= most)


@cache
def _kin() -> tuple[tuple[int, ...], ...]:
    """The places of the languages that each is like, itself among them, the commonest first."""
    family = [_family(language) for language in languages()]
    return tuple(tuple(place for place in _commonest_first() if family[place] == own) for own in family)


@cache
def _strangers() -> tuple[tuple[int, ...], ...]:
    every = range(len(languages()))
    return tuple(tuple(place for place in every if place not in kin) for kin in _kin())


def _family(language: str) -> str:
    like = grammar(language).like
    return _family(like) if like else language


_ZERO = 1 << FIELD - 1
"""Added to what may be negative before it is unpacked, and left there: only differences are asked."""


@cache
def _zeros() -> int:
    return _spread((1 << len(languages())) - 1) * _ZERO


@cache
def _commonest_first() -> tuple[int, ...]:
    shares = [rules.detect.share for rules in listed()]
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
        return claimed("interpreters").get(shebang[1].lower())
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
    blocks = long_blocks(language)
    marks = [f"(?:{b.open})" + (rf"[\s\S]*?{re.escape(b.close)}" if b.close else ".*") for b in blocks]
    return re.compile(r"(?m)^[ \t]*(?:" + "|".join(marks) + ")") if marks else re.compile(r"(?!)")
