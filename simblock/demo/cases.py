"""The demo's cases: what a model is made to say, and what is to come of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from simblock.demo import edits, prose, rewriting
from simblock.demo.edits import Wrapped
from simblock.demo.library import Function
from simblock.demo.material import Passage
from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.match import Span
from simblock.scheme import T_LEXEMES, T_WORDS
from simblock.text import tokenise
from simblock.work import Kind

QUOTED_A_TURN = 28
"""Words of each turn of the walk: under every limit but that of the quota."""
TURNS = 8
NOTHING_COPIED = "original prose"
RENAMED = "every name changed"
ADDED_TO = "statements added too"
PROMPTED = "code of the prompt"
NO_CODE_COPIED = "original code"


@dataclass(frozen=True, slots=True)
class Case:
    """One generation: its text, where a copy stands in it, and what is expected.

    ``unit`` is what of the copy is counted. ``exact`` says that the promise holds: at most ``most`` get out,
    none in strict mode. ``lined`` says that its line breaks are part of the disguise, and shown; ``shown``
    that its text is shown at all. ``source`` are the lines of the work that were copied, where they have to be named; ``renamed`` whether the report
    has to say so; ``original`` is what was copied, where that is shown beside it.
    """

    name: str
    text: str
    copy: Span
    expected: Literal["stop", "release"]
    exact: bool = True
    prompt: str | None = None
    lined: bool = False
    shown: bool = True
    kind: Kind = "text"
    unit: Literal["words", "lexemes"] = "words"
    most: int = T_WORDS
    source: Span | None = None
    renamed: bool = False
    original: str = ""


def planned(passage: Passage, rng: random.Random) -> Iterator[Case]:
    """The cases that have one turn; each disguises the same passage."""
    wrapped = Wrapped("", passage.text, "")
    yield replace(_planted("verbatim", wrapped), shown=False)
    yield _planted("edited and disguised", edits.disguised(passage.text, rng, prose.EDITS), exact=False)
    yield replace(_planted("in a code fence", edits.fenced(passage.text)), lined=True, shown=False)
    yield replace(_planted("in a comment", edits.commented(passage.text)), lined=True)
    yield _planted("in an escaped string", edits.escaped(passage.text))
    yield Case(NOTHING_COPIED, prose.CLEAN, Span(0, 0), "release")
    asked = f"Please correct the punctuation of this text:\n\n{passage.text}"
    yield replace(_planted("from the prompt", wrapped), expected="release", prompt=asked)


def planned_code(function: Function, rng: random.Random) -> Iterator[Case]:
    """The cases of code; each disguises the same function.

    Raises ValueError where it has more names than there are new ones.
    """
    copy = rewriting.renamed(function.text, prose.NAMES)
    edited = rewriting.rearranged(copy, prose.STATEMENTS, rng)
    opening, closing = prose.PASTED
    renamed = _answered(RENAMED, function, Wrapped("", copy, ""))
    # A docstring is a token of the work: what stood before it is no part of the run after it.
    apart = lexemes(rewriting.head(copy)) if rewriting.documented(function.text) else 0
    yield replace(renamed, most=T_LEXEMES + apart, original=function.text)
    yield replace(_answered(ADDED_TO, function, Wrapped("", edited, "")), exact=False)
    pasted = _answered("pasted as a string", function, Wrapped(opening, function.text, closing))
    yield replace(pasted, unit="words", renamed=False)
    yield Case(NO_CODE_COPIED, prose.CODE, Span(0, 0), "release", lined=True, kind="code", unit="lexemes")
    asked = f"Please tidy this up:\n\n```python\n{function.text}```\n"
    yield replace(renamed, name=PROMPTED, expected="release", prompt=asked)


def _answered(name: str, function: Function, wrapped: Wrapped) -> Case:
    before = prose.ANSWERED + wrapped.before
    copy = Span(len(before), len(before) + len(wrapped.copy))
    text = before + wrapped.copy + wrapped.after + prose.CLOSED
    return Case(
        name, text, copy, "stop", lined=True, kind="code", unit="lexemes", source=function.lines, renamed=True
    )


def lexemes(code: str) -> int:
    """How many tokens of Python a text has."""
    return len(Lexer(grammar("python")).tokens(code))


def turns(text: str) -> Iterator[str]:
    """A work in bits, as a model hands it out that is told "continue" again and again."""
    tokens = tokenise(text)
    for turn in range(TURNS):
        first = turn * QUOTED_A_TURN
        start, end = tokens.starts[first], tokens.ends[first + QUOTED_A_TURN - 1]
        yield prose.BETWEEN[turn % len(prose.BETWEEN)] + text[start:end]


def _planted(name: str, wrapped: Wrapped, *, exact: bool = True) -> Case:
    before = prose.BEFORE + wrapped.before
    copy = Span(len(before), len(before) + len(wrapped.copy))
    return Case(name, before + wrapped.copy + wrapped.after + prose.AFTER, copy, "stop", exact)
