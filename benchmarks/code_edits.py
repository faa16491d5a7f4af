"""Edits that keep a function a function: statements inserted from elsewhere, deleted, and moved.

Each copy has a tenth of its statements edited before it is renamed. What is edited are statements of one
line at any depth; what is inserted comes from functions of packages that are no part of the index.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from benchmarks import code_pieces
from benchmarks.code_copies import Copy, Prose, Unfit, copied, planted, standing, unwrapped
from benchmarks.code_functions import Function, leaf_nodes, parser
from benchmarks.code_rules import function_rules

KINDS = ("insert", "delete", "move")


class Statement(NamedTuple):
    """A statement in the bytes of a function: where it stands, and in how deep a line."""

    start: int
    end: int
    column: int
    simple: bool


def statements(text: str, language: str) -> list[Statement]:
    """All statements of all blocks, in order; without a parser, all lines."""
    if function_rules(language).pygments:
        return _lines(text, language)
    root = parser(language).parse(text.encode()).root_node
    blocks = function_rules(language).blocks
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.type in blocks:
            found += [
                Statement(
                    child.start_byte, _end(child), child.start_point.column, _is_simple(child, language)
                )
                for child in node.named_children
                if "comment" not in child.type
            ]
    return sorted(found)


def _lines(text: str, language: str) -> list[Statement]:
    """The lines of a piece, by its bytes."""
    return [
        Statement(len(text[: one.start].encode()), len(text[: one.end].encode()), one.column, one.simple)
        for one in code_pieces.lines(text, language)
    ]


def _broken(text: str, language: str) -> bool:
    """Whether an edited text does not parse any more."""
    if function_rules(language).pygments:
        return code_pieces.read(text, language) is None
    return parser(language).parse(text.encode()).root_node.has_error


def _end(node: Node) -> int:
    """Where a statement ends: behind its semicolon, where that stands beside it (Perl)."""
    after = node.next_sibling
    return after.end_byte if after is not None and after.type == ";" else node.end_byte


def _is_simple(node: Node, language: str) -> bool:
    few = sum(1 for _ in leaf_nodes(node, language)) <= 30
    return node.type in function_rules(language).simple and node.start_point.row == node.end_point.row and few


def donors(them: Sequence[Function], seed: int, most: int = 3000) -> list[str]:
    """Statements of other functions, to insert."""
    rng = random.Random(seed)
    found: list[str] = []
    for function in them:
        text = standing(function)
        data = text.encode("utf-8", "replace")
        found += [
            data[one.start : one.end].decode("utf-8", "replace")
            for one in statements(text, function.language)
            if one.simple and not data[one.start : one.end].startswith(b"return")
        ]
        if len(found) >= most:
            break
    rng.shuffle(found)
    return found


def edited(
    text: str,
    language: str,
    share: float,
    inserts: Sequence[str],
    rng: random.Random,
    of: Sequence[str] = KINDS,
) -> tuple[str, int]:
    """The text with a share of its statements edited, each in one of the ways, and how many were. Raises Unfit
    where so many cannot be."""
    count = max(round(share * len(statements(text, language))), 1)
    done = 0
    kinds = [of[(rng.randrange(len(of)) + number) % len(of)] for number in range(count)]
    for kind in kinds:
        for _ in range(8):
            made = _edit(text, language, kind, inserts, rng)
            differs = made.split() != text.split()  # a statement may be moved to where it stands
            if differs and not _broken(made, language):
                text, done = made, done + 1
                break
    if done < count:
        raise Unfit("too few statements that can be edited")
    return text, done


def _edit(text: str, language: str, kind: str, inserts: Sequence[str], rng: random.Random) -> str:
    them = statements(text, language)
    simple = [one for one in them if one.simple]
    if not them or (kind != "insert" and not simple):
        return text
    data = text.encode()
    if kind == "insert":
        return _put(data, rng.choice(them), rng.choice(inserts).encode())
    one = rng.choice(simple)
    taken, lone = data[one.start : one.end], function_rules(language).lone.encode()
    # Blocks that would be left empty keep a statement where the language wants one.
    without = data[: one.start] + (lone if _alone(text, language, one) else b"") + data[one.end :]
    if kind == "delete":
        return without.decode()
    places = [other for other in statements(without.decode(), language) if abs(other.start - one.start) > 1]
    return _put(without, rng.choice(places), taken) if places else text


def _put(data: bytes, before: Statement, what: bytes) -> str:
    line = data[data.rfind(b"\n", 0, before.start) + 1 : before.start]
    indent = line if not line.strip() else b" " * before.column
    return (data[: before.start] + what + b"\n" + indent + data[before.start :]).decode()


def _alone(text: str, language: str, one: Statement) -> bool:
    if not function_rules(language).lone:
        return False
    root = parser(language).parse(text.encode()).root_node
    node = root.descendant_for_byte_range(one.start, one.end)
    while node is not None and node.type not in function_rules(language).blocks:
        node = node.parent
    return node is not None and node.named_child_count <= 1


def near_copies(
    them: Sequence[Function],
    prose: Prose,
    inserts: Sequence[str],
    seed: int,
    share: float = 0.1,
    dropped: Counter[str] | None = None,
) -> Iterator[tuple[Copy, int]]:
    """(copy, statements edited): each function edited, then renamed and laid out anew, in a fence.

    ``dropped`` counts why some have none.
    """
    dropped = Counter() if dropped is None else dropped
    for function in them:
        rng = random.Random(f"{seed} near {function.id} {function.start}")
        try:
            text, count = edited(standing(function), function.language, share, inserts, rng)
            code = copied(text, function.language, rng)
        except Unfit as error:
            dropped[str(error)] += 1
            continue
        except UnicodeError:
            dropped["it has lone surrogates"] += 1
            continue
        yield planted(function, unwrapped(code, function.language, rng), prose, rng), count
