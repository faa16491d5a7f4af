"""Which language a text is in: by a file's name, by the tag of a Markdown fence, by what its lines look like."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath
from typing import NamedTuple

from simblock.grammar import grammar, languages

_TAG = re.compile(r"\s*\{?\s*\.?(?:language-|lang-|brush:\s*)?([^\s{}.,;:=\"'`|]+)")
"""The first word of an info string: ``python title="x"``, ``{.python}``, ``language-python``, ``py:run``."""

_SHEBANG = re.compile(r"#!\s*\S*?/?(?:env\s+(?:-S\s+)?)?([A-Za-z]+)[\d.]*(?:\s|$)")
_PROSE = re.compile(
    r"""(?:[-*•+]\s+|\d+[.)]\s+|>\s+)?(?:[("'“‘*_]*[^\W\d_](?:[^\W_]|['’-])*[)"'”’*_]*[,.;:!?]*\s+){3}[("'“‘*_\w]"""
)
"""Four words in a row at a line's beginning, with nothing between them but what prose has."""
_CODE = re.compile(r"[=(){}\[\];<>@#$&|\\]|\"\"\"|'''")
"""A line without any of these is code only where it begins with a keyword."""
_CODE_END = "{}(;"
_WORD = re.compile(r"[A-Za-z_]+")
STRONG = 4
CONTRADICTED = 3
"""So many strong lines bear out or contradict what a region was said to be."""
LINE = 1024
"""A line is judged when it ends, or when so many of its characters are known."""
SEEN = 256
"""A line is judged by so many of its characters."""
HEAD, LINES = 1 << 16, 300
"""A file is judged by so many of its characters and lines."""


@cache
def _interpreters() -> dict[str, str]:
    return {name: language for language in languages() for name in grammar(language).interpreters}


@cache
def _extensions() -> dict[str, str]:
    return {suffix: language for language in languages() for suffix in grammar(language).extensions}


@cache
def _tags() -> dict[str, str]:
    return {tag: language for language in languages() for tag in (language, *grammar(language).tags)}


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


class Look(NamedTuple):
    """What a line looks like: one bit a language (in the order of ``languages()``) that it speaks for."""

    strong: int
    weak: int
    prose: bool


@cache
def _patterns() -> tuple[tuple[int, re.Pattern[str], re.Pattern[str]], ...]:
    tables = [grammar(language).detect for language in languages()]
    return tuple((1 << i, _any(table.strong), _any(table.weak)) for i, table in enumerate(tables))


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)")


_BLANK, _PROSAIC = Look(0, 0, False), Look(0, 0, True)


@cache
def _keywords() -> frozenset[str]:
    return frozenset().union(*(grammar(language).keywords for language in languages()))


def look(line: str) -> Look:
    """Judge one line by itself, by what it begins with: so its cost is bounded."""
    line = line.strip()[:SEEN]
    if not line:
        return _BLANK
    prose = _PROSE.match(line) is not None
    if prose or not _CODE.search(line):
        word = _WORD.match(line)
        if word is None or word[0] not in _keywords():
            return _PROSAIC if prose else _BLANK
    strong = weak = 0
    for bit, is_strong, is_weak in _patterns():
        if is_strong.match(line):
            strong |= bit
        elif is_weak.match(line):
            weak |= bit
    return Look(strong, weak, prose and not strong and not (weak and line[-1] in _CODE_END))


class Evidence:
    """How much the lines seen so far speak for each language. Strong lines count four times a weak one."""

    __slots__ = ("prose", "strong", "weak")

    def __init__(self) -> None:
        self.strong = [0] * len(languages())
        self.weak = [0] * len(languages())
        self.prose = 0

    def add(self, seen: Look) -> None:
        for i in range(len(self.strong)):
            self.strong[i] += seen.strong >> i & 1
            self.weak[i] += seen.weak >> i & 1
        self.prose += seen.prose

    @property
    def best(self) -> int:
        """The place of the language most spoken for, the last of equals."""
        scores = [STRONG * strong + weak for strong, weak in zip(self.strong, self.weak, strict=True)]
        return max(range(len(scores)), key=lambda i: (scores[i], i))

    @property
    def sure(self) -> str | None:
        """The language, where two strong lines, one and three weak ones, or six weak ones speak for it."""
        best = self.best
        strong, weak = self.strong[best], self.weak[best]
        if strong >= 2 or (strong and weak >= 3) or weak >= 6:
            return languages()[best]
        return None

    @property
    def drowned(self) -> bool:
        """Whether prose outweighs what speaks for code by far."""
        best = self.best
        return self.prose > 2 * (self.strong[best] + self.weak[best]) + 2

    def against(self, language: str) -> str | None:
        """A verdict on the name that a region was given: itself where its lines bear it out, another where they
        contradict it beyond doubt, None while neither can be said."""
        own, best = languages().index(language), self.best
        if self.strong[own] >= CONTRADICTED:
            return language
        if best != own and self.strong[best] >= CONTRADICTED and not self.strong[own]:
            return languages()[best]
        return None

    @property
    def guess(self) -> str | None:
        """The language, where anything speaks for one."""
        best = self.best
        return languages()[best] if self.strong[best] or self.weak[best] else None


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
    best = evidence.best
    speaking = evidence.strong[best] + evidence.weak[best]
    return languages()[best] if speaking > evidence.prose and speaking * 4 > len(lines) else None


def _weigh(lines: list[str]) -> Evidence:
    evidence = Evidence()
    for line in lines:
        evidence.add(look(line))
    return evidence


@cache
def _comments(language: str) -> re.Pattern[str]:
    """Comments and long strings that begin a line."""
    blocks = [block for block in grammar(language).lexer.blocks if not block.one_line]
    marks = [f"(?:{b.open})" + (rf"[\s\S]*?{re.escape(b.close)}" if b.close else ".*") for b in blocks]
    return re.compile(r"(?m)^[ \t]*(?:" + "|".join(marks) + ")") if marks else re.compile(r"(?!)")
