"""What a reading met: bytes and works read, things passed over, rows that were bad."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from simblock.errors import InputError

LISTED = 1000
"""So many names of each sort are kept; above it they are only counted."""


class Unreadable(InputError):
    """One file or row that cannot be read; ``--skip-bad`` passes over it.

    ``place`` is the file and line, ``problem`` what is wrong, ``mend`` what to do.
    """

    def __init__(self, place: str, problem: str, mend: str) -> None:
        super().__init__(f"{place}: {problem}: {mend}")
        self.place = place
        self.problem = problem


@dataclass(slots=True)
class Tally:
    """Filled while reading; read by progress bars, reports and ``--prune``.

    ``done`` and ``total`` are bytes of the inputs as they lie on disk (without standard input), and
    ``unread`` those of files passed over unread. ``languages`` counts the works of code,
    ``generic`` those that the generic lexer reads, by the ends of their names, ``pages`` files of pages
    that were read as text for want of another kind. ``passed`` counts
    what a folder holds and no work is made of, by sort; ``names`` lists it.
    ``kept`` are ids, and ``kept_under`` files, that were there but could not be read: they are not gone.
    """

    total: int = 0
    done: int = 0
    unread: int = 0
    works: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    generic: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    names: dict[str, list[str]] = field(default_factory=dict)
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    kept_under: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def pass_over(self, sort: str, name: str) -> None:
        """Counts one thing that no work is made of."""
        self.passed[sort] += 1
        listed = self.names.setdefault(sort, [])
        if len(listed) < LISTED:
            listed.append(name)

    def skip(self, error: Unreadable) -> None:
        """Counts one bad file or row."""
        self.bad += 1
        if len(self.problems) < LISTED:
            self.problems.append(f"{error.place}: {error.problem}")
