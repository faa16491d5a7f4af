"""Pieces of sources of languages that have no parser here: cut, read and edited by Pygments' lexers.

A piece is a stretch between blank lines outside brackets, or behind what ends a rule or statement, put together with
those behind it until it has PIECE tokens. It stands for a function in all that is measured. Nothing here
uses simblock's own lexer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from benchmarks.code_layout import Token
from benchmarks.code_rules import function_rules
from simblock.errors import SimblockError

PIECE = 60
"""Tokens that a piece has at least."""
LONGEST = 400
"""Tokens that a piece has at most: a longer one is cut at blank lines inside brackets, or left out."""
SHORT = 30
"""Tokens of a statement that is edited, at most."""
_BLANK = re.compile(r"\n[ \t\r]*\n")
_ERROR = "Error"
_OPEN, _CLOSE = ("(", "[", "[[", "{"), (")", "]", "]]", "}")


class Lexeme(NamedTuple):
    """A token of Pygments: its text, its kind (``Name.Class``), and where it begins."""

    text: str
    kind: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Piece(NamedTuple):
    """Where a piece stands in its file, and how many tokens it has."""

    start: int
    end: int
    size: int


class Line(NamedTuple):
    """A line of a piece: where its tokens begin and end, how deep, and whether it is a statement of its own."""

    start: int
    end: int
    column: int
    simple: bool


@cache
def lexer(language: str) -> Lexer:
    """Pygments' lexer of a language. Raises SimblockError where there is none of that name."""
    name = function_rules(language).pygments
    try:
        return get_lexer_by_name(name)
    except ClassNotFound as error:
        raise SimblockError(
            f"code_languages/{language}.toml: functions.pygments: Pygments has no lexer {name!r}"
        ) from error


def lexemes(text: str, language: str) -> list[Lexeme]:
    """The tokens of a text, comments left out; a literal that Pygments gives in parts is one."""
    rules = function_rules(language)
    comments = rules.comments
    if rules.unknown:
        text = re.sub(rules.unknown, lambda found: " " * len(found[0]), text)
    made: list[Lexeme] = []
    for start, kind, value in lexer(language).get_tokens_unprocessed(text):
        name = ".".join(kind).removeprefix("Literal.")
        literal = name.startswith("String") and "Interpol" not in name
        if literal and made and _goes_on(made[-1], start):
            made[-1] = made[-1]._replace(text=made[-1].text + value)
        elif value.strip() and not name.startswith(comments):
            bare = value.lstrip()
            one = Lexeme(bare if literal else bare.rstrip(), name, start + len(value) - len(bare))
            if made and _is_one(made[-1], one, rules.marks):
                made[-1] = made[-1]._replace(text=made[-1].text + one.text)
            else:
                made.append(one)
    return made


def _is_one(last: Lexeme, one: Lexeme, marks: str) -> bool:
    """Whether two tokens are parts of one word: the lexer of CSS parts ``--gap-2`` where it stands in ``var()``."""
    if last.end != one.start or "String" in last.kind + one.kind or _ERROR in (last.kind, one.kind):
        return False
    return all(sign.isalnum() or sign in "_" + marks for sign in (last.text[-1], one.text[0]))


def _goes_on(last: Lexeme, at: int) -> bool:
    return last.kind.startswith("String") and last.end == at


def pieces(text: str, language: str) -> Iterator[Piece]:
    """The pieces of a file, in order; none overlaps another."""
    made = lexemes(text, language)
    depths = _depths(made)
    breaks = [number for number in range(1, len(made)) if _parts(text, made, number, language)]
    outer = [number for number in breaks if not depths[number]]
    for first, last in _joined([0, *outer, len(made)]):
        if last - first <= LONGEST:
            found = [(first, last)]
        else:
            found = list(_joined([first, *(at for at in breaks if first < at < last), last]))
        for begin, end in found:
            if PIECE <= end - begin <= LONGEST:
                yield Piece(made[begin].start, made[end - 1].end, end - begin)


def _depths(made: Sequence[Lexeme]) -> list[int]:
    """How many brackets are open before each token."""
    depths, depth = [], 0
    for one in made:
        depths.append(depth)
        if not one.kind.startswith("String") or "Interpol" in one.kind:
            opened = sum(map(one.text.count, "([{")) - sum(map(one.text.count, ")]}"))
            depth = max(depth + opened, 0)
    return depths


def _parts(text: str, made: Sequence[Lexeme], number: int, language: str) -> bool:
    """Whether a piece may end before a token: at a blank line, or a line behind what ends a statement."""
    before = made[number - 1]
    between = text[before.end : made[number].start]
    ends = before.text in function_rules(language).kinds
    return "\n" in between and (ends or bool(_BLANK.search(between)))


def _joined(breaks: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Stretches of PIECE tokens and more; what is left at the end is one too. Long ones stay by themselves."""
    first = breaks[0]
    for before, at in pairwise(breaks):
        if before > first and at - before > LONGEST:
            yield first, before
            first = before
        if at - first >= PIECE:
            yield first, at
            first = at
    if first < breaks[-1]:
        yield first, breaks[-1]


def read(text: str, language: str) -> list[Token] | None:
    """The tokens of a piece as the benchmarks lay them out, or None where Pygments cannot read it."""
    made, rules = lexemes(text, language), function_rules(language)
    if any(one.kind == _ERROR or any(re.match(form, one.text) for form in rules.unmovable) for one in made):
        return None
    before, tokens = 0, []
    arguments = _arguments(made) if rules.arguments else set()
    for number, one in enumerate(made):
        gap = re.sub(r"\S+", "", text[before : one.start])
        parent = "argument" if number in arguments else ""
        kind = "Number" if one.text[0].isdigit() else one.kind  # a class, says the lexer of CSS of 0.98px
        tokens.append(Token(one.text, kind, parent, gap, _column(text, one.start)))
        before = one.end
    return tokens


def _arguments(made: Sequence[Lexeme]) -> set[int]:
    """Which tokens are names of a call's arguments, before ``=``, or of packages, before ``::``: none is the author's."""
    calls: list[bool] = []
    found = set()
    for number, (before, one, after) in enumerate(zip([None, *made], made, [*made[1:], None], strict=False)):
        if one.text in _OPEN:
            calls.append(one.text == "(" and before is not None and before.text != "function")
        elif one.text in _CLOSE and calls:
            calls.pop()
        elif after is not None and before is not None and after.text == "=" and before.text in ("(", ","):
            found.update({number} if calls[-1:] == [True] else ())
        elif after is not None and after.text in ("::", ":::"):
            found.add(number)
    return found


def _column(text: str, at: int) -> int:
    line = text[text.rfind("\n", 0, at) + 1 : at].expandtabs(8)
    return len(line) - len(line.lstrip()) if line.strip() else len(line)


def lines(text: str, language: str) -> list[Line]:
    """The lines of a piece that begin with a token, in order."""
    made = lexemes(text, language)
    begins = [
        number
        for number, one in enumerate(made)
        if not number or "\n" in text[made[number - 1].end : one.start]
    ]
    if not made:
        return []
    fits = [partial(re.fullmatch, form) for form in function_rules(language).simple]
    found = []
    for first, after in zip(begins, [*begins[1:], len(made)], strict=True):
        start, end = made[first].start, made[after - 1].end
        said = text[start:end]
        simple = after - first <= SHORT and "\n" not in said and any(fit(said) for fit in fits)
        found.append(Line(start, end, _column(text, start), simple))
    return found
