"""Running the units of a stage on this machine: here, or in several processes.

The processes stay for all stages of a pass: two take .3 s to be there, which a server to fork from would make .2 s.
They are sent numbers of units and send back counters; what they make lies in the working folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, TypeAlias

from simblock_indexer.crew import Crew, End
from simblock_indexer.dedup.stages import Counters, run_unit

Run: TypeAlias = Callable[[str, Sequence[int]], Iterator[Counters]]
"""Makes units of a stage, and gives the counters of each as it is done, in any order."""


class Unit(NamedTuple):
    """One unit of a stage."""

    stage: str
    number: int


def _what(unit: Unit) -> str:
    return f"stage {unit.stage}, unit {unit.number}: a worker was ended"


END = End(_what, ": give the same command again, it goes on where it was")


def make(root: str, unit: Unit) -> Counters:
    """Makes a unit in the working folder ``root``; its counters. Raises as :func:`run_unit` does."""
    return run_unit(root, unit.stage, unit.number)


@contextmanager
def local(root: str, workers: int) -> Iterator[Run]:
    """As many processes as there are ``workers``, for all stages of a pass in the working folder ``root``; one is this
    process itself. What it gives raises what units raise, and SimblockError where a process was ended."""
    with Crew(partial(make, root), workers, END) as crew:
        yield lambda stage, units: crew.share(Unit(stage, unit) for unit in units)
