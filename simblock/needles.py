"""What a text must hold for a regular expression to match at its beginning: asked first, at a fraction of the cost.

Derived from the tree that Python's own parser makes of an expression. What is derived is necessary, never
sufficient; where nothing can be, the expression is tried on every text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

try:
    _parser: Any = import_module("re._parser")
except ImportError:  # another implementation of Python: every expression is tried on every text
    _parser = None

Tree = Iterable[tuple[Any, Any]]
OTHER = 128
"""Stands for every first character beyond ASCII."""
ANY = frozenset(range(OTHER + 1))
MOST = 12
"""A choice of more strings than that costs more to look for than it spares."""
_SPACE = frozenset(map(ord, " \t\n\r\f\v\x1c\x1d\x1e\x1f"))
_DIGITS = frozenset((*range(48, 58), OTHER))
_WORD = _DIGITS | {*range(65, 91), *range(97, 123), 95}
_CATEGORIES = {"CATEGORY_DIGIT": _DIGITS, "CATEGORY_WORD": _WORD, "CATEGORY_SPACE": _SPACE | {OTHER}}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


class Needs(NamedTuple):
    """What a text must begin with (code points, OTHER for all beyond ASCII) and one of what it must hold.

    No ``needles``: nothing is known. ``folded``: they are in lower case, and any case will do.
    """

    first: frozenset[int]
    needles: tuple[str, ...]
    folded: bool


def needs(pattern: str) -> Needs:
    """What a text must have for ``re.match(pattern, text)`` not to be None."""
    if _parser is None:
        return Needs(ANY, (), folded=False)
    tree = _parser.parse(pattern)
    ignores = bool(tree.state.flags & re.IGNORECASE)
    first, empty = _first(tree, ignores)
    choices = [choice for choice in _choices(tree, ignores) if len(choice.texts) <= MOST]
    best = min(choices, key=_commonness, default=None)
    if best is None or _commonness(best) >= 1:
        return Needs(ANY if empty else first, (), folded=False)
    return Needs(ANY if empty else first, tuple(sorted(best.texts)), best.folded)


class _Choice(NamedTuple):
    texts: frozenset[str]
    folded: bool


def _commonness(choice: _Choice) -> float:
    """How often a line of code holds one of these, roughly: what is short stands in most."""
    return sum(_share(text) for text in choice.texts)


def _share(text: str) -> float:
    if len(text) == 1:
        return 0.5 if text.isalnum() or text in " ()._,;=" else 0.15
    return 0.3 * 0.5 ** len(text) + 0.01


def _choices(tree: Tree, ignores: bool) -> Iterator[_Choice]:
    """Sets of strings of each of which a match holds one."""
    run = ""
    for kind, value in tree:
        name = str(kind)
        if name == "LITERAL":
            run += chr(value)
            continue
        if name != "AT":
            yield from _run(run, ignores)
            run = ""
            yield from _inside(name, value, ignores)
    yield from _run(run, ignores)


def _run(run: str, ignores: bool) -> Iterator[_Choice]:
    if run and (run.isascii() or not ignores):
        yield _Choice(frozenset((run.lower() if ignores else run,)), ignores)


def _inside(name: str, value: Any, ignores: bool) -> Iterator[_Choice]:
    if name == "SUBPATTERN":
        yield from _choices(value[3], _cased(value, ignores))
    elif name == "ATOMIC_GROUP":
        yield from _choices(value, ignores)
    elif name in _REPEATS and value[0] > 0:
        yield from _choices(value[2], ignores)
    elif name == "ASSERT":
        yield from _choices(value[1], ignores)
    elif name == "BRANCH":
        yield from _united(
            [min(_choices(branch, ignores), key=_commonness, default=None) for branch in value[1]]
        )
    elif name == "IN" and all(str(kind) == "LITERAL" for kind, _ in value):
        yield from _united([next(_run(chr(point), ignores), None) for _, point in value])


def _united(choices: list[_Choice | None]) -> Iterator[_Choice]:
    known = [choice for choice in choices if choice]
    if len(known) == len(choices):
        folded = any(choice.folded for choice in known)
        texts = (text.lower() if folded else text for choice in known for text in choice.texts)
        yield _Choice(frozenset(texts), folded)


def _cased(group: Any, ignores: bool) -> bool:
    _, added, removed, _ = group
    return bool((ignores or added & re.IGNORECASE) and not removed & re.IGNORECASE)


def _first(tree: Tree, ignores: bool) -> tuple[frozenset[int], bool]:
    """What a match begins with, and whether it may be empty."""
    found: frozenset[int] = frozenset()
    for kind, value in tree:
        begins, empty = _begins(str(kind), value, ignores)
        found |= begins
        if not empty:
            return found, False
    return found, True


def _begins(name: str, value: Any, ignores: bool) -> tuple[frozenset[int], bool]:
    match name:
        case "AT" | "ASSERT" | "ASSERT_NOT":
            found, empty = frozenset[int](), True
        case "LITERAL":
            found, empty = _cases(value, ignores), False
        case "IN":
            found, empty = _set(value, ignores), False
        case "SUBPATTERN":
            found, empty = _first(value[3], _cased(value, ignores))
        case "ATOMIC_GROUP":
            found, empty = _first(value, ignores)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            found, empty = _first(value[2], ignores)
            empty = empty or value[0] == 0
        case "BRANCH":
            branches = [_first(branch, ignores) for branch in value[1]]
            found = frozenset().union(*(begins for begins, _ in branches))
            empty = any(nothing for _, nothing in branches)
        case _:
            found, empty = ANY, True
    return found, empty


def _cases(point: int, ignores: bool) -> frozenset[int]:
    if point >= OTHER:
        return ANY if ignores else frozenset((OTHER,))
    if not ignores:
        return frozenset((point,))
    return frozenset((ord(chr(point).lower()), ord(chr(point).upper()), OTHER))


def _set(members: Tree, ignores: bool) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    negated = False
    for kind, value in members:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found |= _cases(value, ignores)
        elif name == "RANGE":
            points = range(value[0], min(value[1], OTHER - 1) + 1)
            found = found.union(*(_cases(point, ignores) for point in (*points, value[1])))
        elif name == "CATEGORY" and str(value) in _CATEGORIES:
            found |= _CATEGORIES[str(value)]
        else:
            return ANY
    if not negated:
        return found
    # What is beyond ASCII, or of another case, may be in a set or not.
    return ANY if ignores else (ANY - found) | {OTHER}
