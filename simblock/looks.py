"""What a line of text looks like: which languages it speaks for, and whether it reads like prose.

Every language brings some forty expressions; a line is tried with those alone that its first character and what it
holds allow (:mod:`simblock.needles`), and with one that several languages share but once. So a line costs hardly more
for twenty-five languages than for four. One whose languages have all been spoken for is not tried any more.

How much a line that an expression matches says for each language stands in a table (:mod:`simblock.catalogue`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from simblock.catalogue import leanings, listed
from simblock.errors import SimblockError
from simblock.grammar import Grammar, folder, languages
from simblock.needles import OTHER, needs

SEEN = 256
"""A line is judged by so many of its characters."""
SHORT, REMEMBERED = 80, 2048
"""Lines up to so long come again and again (a brace, a return); of so many is it known how they look."""
_PROSE = re.compile(
    r"""(?:[-*•+]\s+|\d+[.)]\s+|>\s+)?(?:[("'“‘*_]*[^\W\d_](?:[^\W_]|['’-])*[)"'”’*_]*[,.;:!?]*\s+){3}[("'“‘*_\w]"""
)
"""Four words in a row at a line's beginning, with nothing between them but what prose has."""
_CODE = re.compile(r"[=(){}\[\];<>@#$&|\\]|\"\"\"|'''")
"""A line without any of these is code only where it begins with a keyword."""
_MARKED = re.compile(r"``[^`]+``|:[\w:+.-]+:`[^`]+`|`[^`<]+<[^`>]+>`_|\[[#*\w]+\]_")
"""What reStructuredText marks in a sentence: a word of it, whatever it holds."""
_CODE_END = "{}(;"
_WORD = re.compile(r"[A-Za-z_]+")
Matches = Callable[[str], object]
Gram = str | tuple[str, ...]
FIELD = 32
"""Bits in which what is known of one language is packed."""


class Look(NamedTuple):
    """What a line looks like: one bit a language (in the order of ``languages()``) that it speaks for.

    ``leaning``: how much it says for each, in UNITs, FIELD bits a language; their sum where some are negative.
    """

    strong: int
    weak: int
    leaning: int
    prose: bool


_BLANK, _PROSAIC = Look(0, 0, 0, False), Look(0, 0, 0, True)


class Expression:
    """One expression of one language or several, compiled when a line first has what it needs."""

    __slots__ = ("_compiled", "languages", "needs", "pattern")

    def __init__(self, pattern: str, spoken_for: int) -> None:
        self.languages = spoken_for
        self.pattern = pattern
        self._compiled: Matches | None = None
        try:
            self.needs = needs(pattern)
        except re.error as error:
            raise self._broken(error) from error

    def matches(self, line: str) -> bool:
        """Whether it matches at the line's beginning. Raises SimblockError where it is no regular expression."""
        if self._compiled is None:
            try:
                self._compiled = re.compile(self.pattern).match
            except re.error as error:
                raise self._broken(error) from error
        return self._compiled(line) is not None

    def _broken(self, error: re.error) -> SimblockError:
        file = f"{languages()[self.languages.bit_length() - 1]}.toml"
        return SimblockError(f"{folder() / file}: detect: {self.pattern}: not a regular expression: {error}")

    def may_match(self, line: str, lower: str) -> bool:
        """Whether a line, whose lower case is ``lower``, holds one of its needles."""
        _, needles, folded = self.needs
        held = lower if folded else line
        for needle in needles:  # a generator would take as long again
            if needle in held:
                return True
        return not needles or (folded and not line.isascii())


class _Index(NamedTuple):
    """Expressions as the bits of numbers, strong ones before ``weak``, in each those first that most share."""

    expressions: tuple[Expression, ...]
    weak: int
    first: tuple[int, ...]
    """What may match a line by its first character."""
    grams: dict[Gram, int]
    """What may match a line that holds a gram, in lower case: the first three characters of a needle, or all."""
    always: int
    """What has no needles."""
    folded: int
    """What goes by needles in any case: letters beyond ASCII may stand for some of theirs."""
    leanings: tuple[int, ...]
    """How much each says for each language, packed."""


@cache
def _index() -> _Index:
    strong, weak = expressions()
    every = (*strong, *weak)
    grams: dict[Gram, int] = {}
    for place, one in enumerate(every):
        for needle in one.needs.needles:
            gram = _gram(needle.lower())
            grams[gram] = grams.get(gram, 0) | 1 << place
    first = (_bits(code in one.needs.first for one in every) for code in range(OTHER + 1))
    always = _bits(not one.needs.needles for one in every)
    folded = _bits(one.needs.folded for one in every)
    packed = (
        _packed(leanings(one.pattern, _owners(one), strong=place < len(strong)))
        for place, one in enumerate(every)
    )
    return _Index(every, len(strong), tuple(first), grams, always, folded, tuple(packed))


def _owners(one: Expression) -> list[str]:
    return [language for place, language in enumerate(languages()) if one.languages >> place & 1]


def _packed(values: Mapping[str, int]) -> int:
    return sum(
        value << FIELD * place for place, name in enumerate(languages()) if (value := values.get(name))
    )


def _bits(values: Iterable[bool]) -> int:
    return sum(1 << place for place, value in enumerate(values) if value)


def _gram(text: str) -> Gram:
    return text if len(text) == 1 else tuple(text[:3])


def expressions() -> tuple[tuple[Expression, ...], tuple[Expression, ...]]:
    """All languages' strong and weak expressions, each once, those that most languages share first."""
    return _unique("strong"), _unique("weak")


def _unique(field: str) -> tuple[Expression, ...]:
    owners: dict[str, int] = {}
    for bit, rules in enumerate(listed()):
        for pattern in getattr(rules.detect, field):
            owners[pattern] = owners.get(pattern, 0) | 1 << bit
    shared_first = sorted(owners.items(), key=lambda item: -item[1].bit_count())
    return tuple(Expression(pattern, languages) for pattern, languages in shared_first)


@cache
def _keywords() -> frozenset[str]:
    return frozenset().union(*(_spelled(rules) for rules in listed() if rules.detect.strong))


def _spelled(rules: Grammar) -> frozenset[str]:
    """A language's keywords as lines have them: also in upper case, where the case says nothing."""
    return rules.keywords | {word.upper() for word in rules.keywords if rules.lexer.ignore_case}


def look(line: str) -> Look:
    """Judge one line by itself, by what it begins with: so its cost is bounded."""
    line = line.strip()
    return _remembered(line) if len(line) <= SHORT else _look(line[:SEEN])


def _look(line: str) -> Look:
    if not line:
        return _BLANK
    if "`" in line or "]_" in line:
        line = _MARKED.sub("x", line)
    prose = _PROSE.match(line) is not None
    if not is_tried(line, prose=prose):
        return _PROSAIC if prose else _BLANK
    strong, weak, leaning = _speaking(line)
    return Look(strong, weak, leaning, prose and not strong and not (weak and line[-1] in _CODE_END))


def is_tried(line: str, *, prose: bool | None = None) -> bool:
    """Whether a line may speak for a language: it is no prose and has code's marks, or begins with a keyword."""
    if prose is None:
        prose = _PROSE.match(line) is not None
    if not prose and _CODE.search(line):
        return True
    word = _WORD.match(line)
    return word is not None and word[0] in _keywords()


_remembered = lru_cache(REMEMBERED)(_look)


def _speaking(line: str) -> tuple[int, int, int]:
    """The languages that a line speaks for strongly, those besides that it speaks for weakly, and how much for each."""
    index = _index()
    strong = found = leaning = 0
    for place in matching(line):
        found |= index.expressions[place].languages
        leaning += index.leanings[place]
        if place < index.weak:
            strong = found
    return strong, found & ~strong, leaning


def matching(line: str) -> list[int]:
    """The expressions that match a line, by their places among all, but those whose languages others spoke for."""
    index, lower = _index(), line.lower()
    left, found, places = _held(index, line, lower), 0, []
    while left:
        lowest = left & -left
        left ^= lowest
        place = lowest.bit_length() - 1
        one = index.expressions[place]
        if one.languages & ~found and one.may_match(line, lower) and one.matches(line):
            found |= one.languages
            places.append(place)
    return places


def _held(index: _Index, line: str, lower: str) -> int:
    """What may match a line by its first character and the grams that it holds."""
    second, third = lower[1:], lower[2:]
    grams: set[Gram] = {*lower, *zip(lower, second, strict=False), *zip(lower, second, third, strict=False)}
    held = index.always if line.isascii() else index.always | index.folded
    for gram in index.grams.keys() & grams:
        held |= index.grams[gram]
    return held & index.first[min(ord(line[0]), OTHER)]
