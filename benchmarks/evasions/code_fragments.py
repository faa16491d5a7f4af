"""A part of a function inside new code: 10 to 90 % of its tokens, in a function of an unrelated package."""

from __future__ import annotations

import random

from tree_sitter import Node

from benchmarks.code_functions import leaf_nodes
from benchmarks.evasions.code_kinds import COMMENTS
from benchmarks.evasions.code_material import host
from benchmarks.evasions.code_tree import BLOCKS, Change, Program, moved, parses, statements, walk
from benchmarks.evasions.registry import evasion

SHARES = (10, 30, 50, 70, 90)
"""Percent of the function's tokens."""
WITHIN = 0.2
"""How far from the share a fragment may be, of the share; of 90 % at most what is left."""


def _size(node: Node) -> int:
    return sum(1 for leaf in leaf_nodes(node) if leaf.type not in COMMENTS)


def stretches(program: Program, share: float) -> list[tuple[Node, Node]]:
    """(first, last) statement of each stretch of neighbours with about so great a share of all tokens."""
    whole = _size(program.root)
    found = []
    for block in walk(program.root):
        them = statements(block) if block.type in BLOCKS else []
        sizes = [_size(one) for one in them]
        for at in range(len(them)):
            total = 0
            for end in range(at, len(them)):
                total += sizes[end]
                if total > whole * share * (1 + WITHIN):
                    break
                if total >= whole * share * (1 - WITHIN):
                    found.append((them[at], them[end]))
    return found


def fragment(code: str, language: str, share: int, rng: random.Random) -> str | None:
    """So many percent of a function's tokens as statements inside another function; None where no stretch has them."""
    program = Program(code, language)
    found = stretches(program, share / 100)
    if not found:
        return None
    for _ in range(6):
        first, last = rng.choice(found)
        taken = program.data[first.start_byte : last.end_byte].decode()
        made = _planted(host(language, rng), taken, program.line_indent(first), language, rng)
        if made is not None:
            return made
    return None


def _planted(other: str, taken: str, indent: str, language: str, rng: random.Random) -> str | None:
    around = Program(other, language)
    places = [one for block in walk(around.root) if block.type in BLOCKS for one in statements(block)[1:]
              if around.indent(one) is not None]  # fmt: skip
    if not places:
        return None
    place = rng.choice(places)
    deep = around.indent(place) or ""
    body = moved(taken.expandtabs(8), len(deep.expandtabs(8)) - len(indent.expandtabs(8)))
    if body is None:
        return None
    change = Change(around)
    change.put(place.start_byte, place.start_byte, f"{body}\n{deep}")
    made = change.text() if "\t" not in deep else change.text().expandtabs(8)
    return made if parses(made, language) else None


def _register(share: int) -> None:
    make = lambda code, language, rng: fragment(code, language, share, rng)  # noqa: E731
    make.__doc__ = (
        f"Preserves about {share} % of the function's tokens, as they are, in a function that is not copied."
    )
    gate = "code-fragment" if share == 50 else None
    evasion(f"fragment-{share}", kind="code", group="code-fragment", gate=gate)(make)


for _share in SHARES:
    _register(_share)
