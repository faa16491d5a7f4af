"""The demo's cases: what a model is made to say, and what is to come of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from simblock.demo import edits, prose
from simblock.demo.edits import Wrapped
from simblock.demo.material import Passage
from simblock.match import Span
from simblock.text import tokenise

QUOTED_A_TURN = 28
"""Words of each turn of the walk: under every limit but that of the quota."""
TURNS = 8
NOTHING_COPIED = "original prose"


@dataclass(frozen=True, slots=True)
class Case:
    """One generation: its text, where a copy stands in it, and what is expected.

    ``exact`` says that the promise holds: at most 16 words of the passage get out, none in strict mode.
    ``lined`` says that its line breaks are part of the disguise, and shown.
    """

    name: str
    text: str
    copy: Span
    expected: Literal["stop", "release"]
    exact: bool = True
    prompt: str | None = None
    lined: bool = False


def planned(passage: Passage, rng: random.Random) -> Iterator[Case]:
    """The cases that have one turn; each disguises the same passage."""
    wrapped = Wrapped("", passage.text, "")
    yield _planted("verbatim", wrapped)
    yield _planted("edited and disguised", edits.disguised(passage.text, rng, prose.EDITS), exact=False)
    yield replace(_planted("in a code fence", edits.fenced(passage.text)), lined=True)
    yield replace(_planted("in a comment", edits.commented(passage.text)), lined=True)
    yield _planted("in an escaped string", edits.escaped(passage.text))
    yield Case(NOTHING_COPIED, prose.CLEAN, Span(0, 0), "release")
    asked = f"Please correct the punctuation of this text:\n\n{passage.text}"
    yield replace(_planted("from the prompt", wrapped), expected="release", prompt=asked)


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
