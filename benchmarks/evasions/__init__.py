"""Copies that hide and outputs that are no copies: named, seeded transforms for tests and benchmarks.

    from benchmarks.evasions import CODE, INNOCENT, TEXT
    TEXT["case-upper"].make(passage, random.Random(1))

The tables are filled by the modules of this package, all of which are imported here.
"""

from importlib import import_module
from pkgutil import iter_modules

from benchmarks.evasions.registry import (
    CODE,
    GATES,
    GROUPS,
    INNOCENT,
    TEXT,
    Evasion,
    Innocent,
    Output,
    evasion,
    innocent,
)

__all__ = [
    "CODE",
    "GATES",
    "GROUPS",
    "INNOCENT",
    "TEXT",
    "Evasion",
    "Innocent",
    "Output",
    "evasion",
    "innocent",
]

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
