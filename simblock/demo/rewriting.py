"""How a function is disguised in the demo: other names, another layout, statements added and moved.

It is read with Python's own ``ast`` and ``tokenize``, so that nothing here knows how simblock reads code.
"""

from __future__ import annotations

import ast
import builtins
import io
import random
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, pairwise
from tokenize import TokenInfo
from typing import NamedTuple

INDENT = "  "
ADDED = 8
"""One statement is added after so many."""
_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})


class Lines(NamedTuple):
    """Where a statement stands: lines [first, last), from 0, and its column."""

    first: int
    last: int
    column: int


def renamed(text: str, names: Sequence[str]) -> str:
    """A function with every name changed but those of members and builtins, no comments, its layout changed.

    ``names`` are given in turn to those that it has. Raises ValueError where they do not reach.
    """
    tree = ast.parse(text)
    fresh = [name for name in names if name not in text]
    own = dict(zip(_plain(tree), fresh, strict=False))
    if len(own) < len(_plain(tree)):
        raise ValueError(f"{len(fresh)} names for {len(_plain(tree))}")
    kept = {(node.lineno, node.col_offset) for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    return _laid_out(_respelled(text, own, kept, _docstrings(tree)))


def documented(text: str) -> bool:
    """Whether a function has a docstring."""
    return bool(_docstrings(ast.parse(text)) & {_begin(text)})


def head(text: str) -> str:
    """A function up to its first statement."""
    line, column = _begin(text)
    lines = text.splitlines(keepends=True)
    return "".join(lines[: line - 1]) + lines[line - 1][:column]


def _begin(text: str) -> tuple[int, int]:
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    return function.body[0].lineno, function.body[0].col_offset


def _plain(tree: ast.AST) -> list[str]:
    """The plain names, in the order of a walk: variables, arguments, functions, what errors are called."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and not isinstance(node, ast.keyword) and not hasattr(builtins, name):
                found[name] = None
    return list(found)


def _docstrings(tree: ast.AST) -> set[tuple[int, int]]:
    """Where docstrings begin: lines and columns."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [
        node for node in ast.walk(tree) if isinstance(node, kinds) and ast.get_docstring(node) is not None
    ]
    return {(node.body[0].lineno, node.body[0].col_offset) for node in nodes}


def _respelled(
    text: str, own: Mapping[str, str], kept: set[tuple[int, int]], left_out: set[tuple[int, int]]
) -> Iterator[TokenInfo]:
    """The tokens with their names changed, save where a name is a member's or an argument's keyword."""
    before, skipped = "", False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.start in left_out:
            skipped = True
        elif skipped:
            skipped = token.type != tokenize.NEWLINE
        elif token.type == tokenize.NAME and before != "." and token.start not in kept:
            yield token._replace(string=own.get(token.string, token.string))
        else:
            yield token
        before = token.string


def _laid_out(tokens: Iterator[TokenInfo]) -> str:
    """The tokens with narrower indents and no empty lines; what was broken inside brackets stays broken."""
    written, depth, inside, end = "", 0, 0, (0, 0)
    for token in tokens:
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type in _LAYOUT:
            continue
        if token.type == tokenize.NEWLINE:
            written, end = written + "\n", (0, 0)
            continue
        if end == (0, 0):
            written += INDENT * depth
        elif token.start[0] == end[0]:
            written += " " * (token.start[1] - end[1])
        else:
            written += "\n" + INDENT * (depth + 3) if inside else " "
        inside += (token.string in _OPENING) - (token.string in _CLOSING)
        written, end = written + token.string, token.end
    return written


def rearranged(text: str, added: Sequence[str], rng: random.Random) -> str:
    """A function with neighbours exchanged where neither needs the other, and statements of ``added`` put in.

    It has no comments: :func:`renamed` leaves none.
    """
    lines = text.splitlines()
    for one, other in exchangeable(text):
        lines[one.first : other.last] = lines[other.first : other.last] + lines[one.first : one.last]
    places = [place for block in _blocks("\n".join(lines)) for _, place in block[1:]]
    chosen = sorted(rng.sample(places, -(-len(places) // ADDED)), reverse=True)
    for place, statement in zip(chosen, cycle(added), strict=False):
        lines.insert(place.first, " " * place.column + statement)
    return "\n".join(lines) + "\n"


def exchangeable(text: str) -> list[tuple[Lines, Lines]]:
    """Statements that follow each other and may as well stand the other way round."""
    found: list[tuple[Lines, Lines]] = []
    for block in _blocks(text):
        for (one, first), (other, second) in pairwise(block):
            taken = bool(found) and found[-1][1] == first
            if not taken and _independent(one, other):
                found.append((first, second))
    return found


def _blocks(text: str) -> Iterator[list[tuple[ast.stmt, Lines]]]:
    """The statements of each block that begin on lines of their own, with their lines."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and not isinstance(node, ast.Module):
                placed = [(statement, _lines(statement)) for statement in block]
                yield [one for one in placed if not lines[one[1].first][: one[1].column].strip()]


def _lines(statement: ast.stmt) -> Lines:
    decorators = getattr(statement, "decorator_list", [])
    first = min(node.lineno for node in (statement, *decorators))
    return Lines(first - 1, statement.end_lineno or statement.lineno, statement.col_offset)


def _independent(one: ast.stmt, other: ast.stmt) -> bool:
    """Whether both set variables, neither names what the other sets, and at most one does more than that."""
    if not isinstance(one, ast.Assign) or not isinstance(other, ast.Assign):
        return False
    (named, bound), (named_too, bound_too) = _names(one), _names(other)
    return not (bound & named_too or bound_too & named) and (_plain_values(one) or _plain_values(other))


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """All names in a statement, and those that it sets."""
    names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
    return {node.id for node in names}, {node.id for node in names if isinstance(node.ctx, ast.Store)}


def _plain_values(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but give values of names and constants a name."""
    kinds = (ast.Call, ast.Attribute, ast.Subscript, ast.Await, ast.Yield, ast.YieldFrom)
    return not any(isinstance(node, kinds) for node in ast.walk(statement))
