"""Checks spread over processes, each of which opens the index once; a line a minute says how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index

A = TypeVar("A")
B = TypeVar("B")
TOLD_EVERY = 30
"""Seconds between two lines that say how far a part is."""
_guards: dict[tuple[Path, str], Guard] = {}


def guard(index: Path, policy: Policy) -> Guard:
    """This process's guard of an index under a policy, opened when first asked for."""
    key = index, policy.digest
    if key not in _guards:
        same = next((made for (path, _), made in _guards.items() if path == index), None)
        _guards[key] = Guard(same.indexes if same else open_index(index), policy)
    return _guards[key]


def spread(name: str, processes: int, work: Callable[[A], Sequence[B]], tasks: Sequence[A]) -> list[B]:
    """What ``work`` makes of every task, in the order of the tasks, which are done by several processes."""
    started = told = time.monotonic()
    made: dict[int, Sequence[B]] = {}
    done = 0
    with ProcessPoolExecutor(processes) as pool:
        running = {pool.submit(work, task): number for number, task in enumerate(tasks)}
        for future in as_completed(running):
            made[running[future]] = result = future.result()
            done += len(result)
            if time.monotonic() - told > TOLD_EVERY:
                told = time.monotonic()
                tell(
                    name, f"{len(made)} of {len(tasks)} tasks, {done / (told - started):,.0f} texts a second"
                )
    tell(name, f"{done:,} texts in {time.monotonic() - started:.0f} s")
    return [one for number in range(len(tasks)) for one in made[number]]


def tell(name: str, what: str) -> None:
    """A line on the terminal."""
    print(f"{time.strftime('%H:%M:%S')} {name}: {what}", flush=True)


def parts(them: Sequence[A], size: int) -> Iterator[Sequence[A]]:
    """Pieces of a sequence of at most so many."""
    return (them[at : at + size] for at in range(0, len(them), size))


def flat(them: Iterable[Iterable[A]]) -> list[A]:
    """The members of all parts in one list."""
    return [one for part in them for one in part]
