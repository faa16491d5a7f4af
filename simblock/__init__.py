"""simblock keeps generative models from handing out protected text and code.

>>> index = simblock.open_index("protected.sbx")                # doctest: +SKIP
>>> guard = simblock.Guard(index, simblock.Policy.load())       # doctest: +SKIP
>>> guard.check("What the model said.").decision                # doctest: +SKIP
'release'
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simblock.errors import (
        Busy,
        Damaged,
        Incompatible,
        IndexProblem,
        InputError,
        KeyProblem,
        MissingExtra,
        NotAnIndex,
        PolicyError,
        SimblockError,
        StoreLost,
        UsageError,
    )
    from simblock.guard import Guard, Response, Stream
    from simblock.match import Decided, Match, Report, Span
    from simblock.policy import Policy, Rule, decide
    from simblock.questions import Withheld
    from simblock.stores import open_index
    from simblock.stores.memory import MemoryIndex
    from simblock.work import Document, Work

__version__ = "0.1.0"

logging.getLogger("simblock").addHandler(logging.NullHandler())  # who wants to hear of outages says where

_HOMES = {
    "simblock.errors": (
        "Busy",
        "Damaged",
        "Incompatible",
        "IndexProblem",
        "InputError",
        "KeyProblem",
        "MissingExtra",
        "NotAnIndex",
        "PolicyError",
        "SimblockError",
        "StoreLost",
        "UsageError",
    ),
    "simblock.guard": ("Guard", "Response", "Stream"),
    "simblock.match": ("Decided", "Match", "Report", "Span"),
    "simblock.policy": ("Policy", "Rule", "decide"),
    "simblock.questions": ("Withheld",),
    "simblock.stores": ("open_index",),
    "simblock.stores.memory": ("MemoryIndex",),
    "simblock.work": ("Document", "Work"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Busy",
    "Damaged",
    "Decided",
    "Document",
    "Guard",
    "Incompatible",
    "IndexProblem",
    "InputError",
    "KeyProblem",
    "Match",
    "MemoryIndex",
    "MissingExtra",
    "NotAnIndex",
    "Policy",
    "PolicyError",
    "Report",
    "Response",
    "Rule",
    "SimblockError",
    "Span",
    "StoreLost",
    "Stream",
    "UsageError",
    "Withheld",
    "Work",
    "decide",
    "open_index",
]


def __getattr__(name: str) -> Any:
    """Public names are imported when first used: ``simblock --help`` needs none of them."""
    if name not in _HOME:
        raise AttributeError(f"module 'simblock' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
