"""Copies of the works of an index, where it stores their texts: passages with words edited, functions renamed.

They stand for a user's own copies where there are none. A passage stands alone, without an answer around it.
"""

from __future__ import annotations

import ast
import random
import tokenize
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent
from typing import NamedTuple

from simblock.demo.prose import NAMES, STATEMENTS
from simblock.demo.rewriting import rearranged, renamed
from simblock.policy import Policy
from simblock.stores.reader import StoredIndex
from simblock.text import tokenise
from simblock.tokens import CHAR
from simblock.work import Work

WORDS = 64
"""Words of a passage; of a script without spaces twice as many characters."""
RATES = (0.0, 0.1, 0.2, 0.3)
"""Shares of its words, or lines, that are edited."""
LINES = 24
"""Lines of code in a stretch of a work that no function is found in."""
FUNCTION = range(8, 81)
"""Lines of a function that is copied."""
FEW = 40
"""Of fewer works the copies, and not the works, are shared out between the halves: else one might have none."""


class Copy(NamedTuple):
    """A copy: the id by which it goes to a half, its text, what was done to it."""

    id: str
    text: str
    group: str


class Stored(NamedTuple):
    """A work with its text."""

    work: Work
    text: str


def stored(indexes: Sequence[StoredIndex], policy: Policy, count: int, rng: random.Random) -> list[Stored]:
    """At most ``count`` works, drawn at random of those whose texts are stored and which the policy does not release."""
    found = {entry.work.id: (index, entry) for index in indexes for entry in index.entries()}
    ids = sorted(found)
    rng.shuffle(ids)
    kept: list[Stored] = []
    bare: set[str] = set()
    for id in ids:
        index, entry = found[id]
        if len(kept) == count:
            break
        if index.name in bare or entry.expired or policy.resolve(entry.work).action == "release":
            continue
        text = index.text(id)
        if text is None:
            bare.add(index.name)  # an index stores all texts or none
        else:
            kept.append(Stored(entry.work, text))
    return kept


def copies(works: Sequence[Stored], count: int, rng: random.Random) -> Iterator[Copy]:
    """``count`` copies of works in turn, each edited in a way that is drawn; none where all works are too short."""
    left, made = list(works), 0
    while left and made < count:
        for one in list(left):
            if made == count:
                return
            copy = _copy(one, rng)
            if copy is None:
                left.remove(one)
                continue
            yield copy if len(works) >= FEW else copy._replace(id=f"{copy.id}#{made}")
            made += 1


def _copy(one: Stored, rng: random.Random) -> Copy | None:
    made = (_of_code if one.work.kind == "code" else _of_text)(one, rng)
    return made and Copy(one.work.id, *made)


def _of_text(one: Stored, rng: random.Random) -> tuple[str, str] | None:
    tokens = tokenise(one.text)
    characters = int((tokens.flags & CHAR).astype(bool).sum())
    wanted = WORDS * 2 if 2 * characters > len(tokens.keys) else WORDS
    if len(tokens.keys) < wanted:
        return None
    starts = [*tokens.starts.tolist(), int(tokens.ends[-1])]

    def word(at: int) -> str:
        return one.text[starts[at] : starts[at + 1]]

    first = rng.randrange(len(starts) - wanted)
    words = [word(at) for at in range(first, first + wanted)]
    rate = rng.choice(RATES)
    found = edited(words, rate, lambda: word(rng.randrange(len(starts) - 1)), rng)
    return "".join(found), f"text, {rate:.0%} of the words edited"


def edited(parts: Sequence[str], rate: float, other: Callable[[], str], rng: random.Random) -> list[str]:
    """The parts of a text with a share of them replaced by another, left out, or preceded by another."""
    chosen = set(rng.sample(range(len(parts)), round(rate * len(parts))))
    result: list[str] = []
    for place, part in enumerate(parts):
        edit = rng.choice(("put", "leave", "insert")) if place in chosen else "keep"
        if edit in ("put", "insert"):
            result.append(other())
        if edit in ("keep", "insert"):
            result.append(part)
    return result


def _of_code(one: Stored, rng: random.Random) -> tuple[str, str] | None:
    made = _function(one, rng) if one.work.language == "python" else None
    made = made or _stretch(one, rng)
    if made is None:
        return None
    code, group = made
    return f"```{one.work.language}\n{code}\n```\n", f"code, {group}"


DISGUISES: tuple[tuple[str, Callable[[str, random.Random], str]], ...] = (
    ("as it stands", lambda text, _: text),
    ("every name changed", lambda text, _: renamed(text, NAMES)),
    (
        "every name changed, statements added",
        lambda text, rng: rearranged(renamed(text, NAMES), STATEMENTS, rng),
    ),
)
"""What is done to functions of Python; other languages have lines edited."""


def _function(one: Stored, rng: random.Random) -> tuple[str, str] | None:
    """A function of a work in Python, disguised; None where it has none that can be."""
    try:
        found = list(_functions(one.text))
    except (SyntaxError, ValueError):
        return None
    rng.shuffle(found)
    group, disguise = rng.choice(DISGUISES)
    for text in found:
        try:
            return disguise(text, rng).rstrip(), group
        except (SyntaxError, ValueError, tokenize.TokenError):
            continue
    return None


def _functions(text: str) -> Iterator[str]:
    lines = text.splitlines(keepends=True)
    read_otherwise = (ast.JoinedStr, ast.Match, ast.Import, ast.ImportFrom)  # by the renaming
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and node.end_lineno:
            whole = (node.end_lineno - node.lineno + 1) in FUNCTION
            if whole and not any(isinstance(inner, read_otherwise) for inner in ast.walk(node)):
                yield dedent("".join(lines[node.lineno - 1 : node.end_lineno]))


def _stretch(one: Stored, rng: random.Random) -> tuple[str, str] | None:
    """Lines of a work with some of them edited."""
    lines = [line for line in one.text.splitlines(keepends=True) if line.strip()]
    if len(lines) < LINES:
        return None
    at = rng.randrange(len(lines) - LINES + 1)
    rate = rng.choice(RATES)
    found = edited(lines[at : at + LINES], rate, lambda: rng.choice(lines), rng)
    return dedent("".join(found)).rstrip(), f"{rate:.0%} of the lines edited"
