"""What an evasion and an innocent output are, and the tables in which they are found.

Every module of this package fills the tables by decorator; `benchmarks.evasions` imports them all.
An evasion is a transform of a copy that would hide it; an innocent is an output that looks like a copy, or
stands near one, and that nothing may stop. Each is seeded: the same seed gives the same text.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from simblock.policy import Policy

Kind = Literal["text", "code"]

GATES = frozenset(
    {
        "surface",
        "text-10",
        "text-20",
        "text-30",
        "filler-third",
        "filler-same",
        "sentences-reordered",
        "interleaved",
        "hidden",
        "code-10",
        "code-30",
        "code-rewrites",
        "code-fragment",
    }
)
"""Rows of the table of gates that transforms count for: "text-20" is 20 % of the words edited, "code-10" all own
names changed and 10 % of the statements reordered, inserted or deleted."""

GROUPS: dict[Kind, frozenset[str]] = {
    "text": frozenset({"surface", "edits", "order", "filler", "hidden", "split", "typo"}),
    "code": frozenset(
        {
            "code-surface",
            "code-names",
            "code-edits",
            "code-rewrites",
            "code-fragment",
            "hidden",
            "port",
        }
    ),
}


class Evasion(NamedTuple):
    """A transform of a passage or a function; the docstring of `make` says what it preserves.

    Of text `make(text, rng)` returns the masked passage, or, of the group "split", the parts that go out over
    different channels, choices or answers. Of code `make(code, language, rng)` returns the masked
    function, or None where the transform does not apply to it.
    """

    name: str
    group: str
    kind: Kind
    make: Callable[..., Any]
    gate: str | None


class Output(NamedTuple):
    """One output of a model, with what it is checked under; a policy of None is the default one."""

    text: str
    prompt: str | None = None
    policy: Policy | None = None
    language: str | None = None


class Innocent(NamedTuple):
    """A family of outputs that may not be stopped, whatever the index holds.

    What is ``common`` is no one's own (counting, capitals, licence notices): it may not be stopped even where
    a work of the index holds the very same. The others are our own texts, which no work holds.
    """

    name: str
    kind: Kind
    make: Callable[[random.Random], Output]
    common: bool = False


TEXT: dict[str, Evasion] = {}
CODE: dict[str, Evasion] = {}
INNOCENT: dict[str, Innocent] = {}

_TABLES: dict[Kind, dict[str, Evasion]] = {"text": TEXT, "code": CODE}

_Function = Callable[..., Any]


def evasion(
    name: str, *, kind: Kind, group: str, gate: str | None = None
) -> Callable[[_Function], _Function]:
    """A decorator that enters the transform under its name.

    Raises ValueError for a name that is taken, an unknown group or gate, and a transform without a docstring.
    """

    def enter(make: _Function) -> _Function:
        table = _TABLES[kind]
        if name in table:
            raise ValueError(f"two evasions are called {name!r}: rename one")
        if group not in GROUPS[kind]:
            raise ValueError(f"evasion {name!r}: no group {group!r} among {sorted(GROUPS[kind])}")
        if gate is not None and gate not in GATES:
            raise ValueError(f"evasion {name!r}: no gate {gate!r} among {sorted(GATES)}")
        if not make.__doc__:
            raise ValueError(f"evasion {name!r}: say in its docstring what it preserves")
        table[name] = Evasion(name, group, kind, make, gate)
        return make

    return enter


def innocent(name: str, *, kind: Kind, common: bool = False) -> Callable[[_Function], _Function]:
    """A decorator that enters a family of innocent outputs; raises ValueError for a name that is taken."""

    def enter(make: _Function) -> _Function:
        if name in INNOCENT:
            raise ValueError(f"two innocents are called {name!r}: rename one")
        INNOCENT[name] = Innocent(name, kind, make, common)
        return make

    return enter
