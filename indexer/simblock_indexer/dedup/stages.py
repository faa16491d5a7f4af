"""The five stages of a pass: what units each has, where what a unit made lies, and what makes it.

A unit that stands is not made again. Units of one stage know nothing of each other and may run anywhere, in any
order, at any time; a stage begins when all units of the one before it stand.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from simblock.errors import SimblockError, UsageError
from simblock_indexer.dedup import planning
from simblock_indexer.dedup.folder import Folder, Plan, counted, intact, replaced

Counters: TypeAlias = dict[str, Any]
"""Of a unit: stage, unit, seconds (of the processor), elapsed (of the clock), bytes and documents (read by sign and
write), peak (bytes of memory that the process has held so far), worker (the machine and process)."""
RATES = "rates"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OF_A_PEAK = 1 if sys.platform == "darwin" else 1024


class Stage(NamedTuple):
    """``size``: how many units; ``place``: where what one made lies; ``run`` makes it, ``amount`` says the bytes
    and documents that it read."""

    size: Callable[[Folder, Plan], int]
    place: Callable[[Folder, int], Path]
    run: Callable[[Folder, int], None]
    amount: Callable[[Folder, Plan, int], tuple[int, int]]


def units(folder: Folder, stage: str, plan: Plan | None = None) -> list[int]:
    """The units of a stage. Raises Damaged where *verify* is asked before *cluster* is done."""
    return list(range(STAGES[stage].size(folder, plan or folder.plan)))


def pending(folder: Folder, stage: str, plan: Plan | None = None) -> list[int]:
    """The units of a stage that are still to be made. Raises as :func:`units` does."""
    found = units(folder, stage, plan)
    places = {unit: STAGES[stage].place(folder, unit) for unit in found}
    # A look into a folder takes less than one for each of its entries, most of all over a network.
    there = {parent: _names(parent) for parent in {place.parent for place in places.values()}}
    return [unit for unit, place in places.items() if place.name not in there[place.parent]]


def check_ready(folder: Folder, stage: str, plan: Plan | None = None) -> None:
    """Raises UsageError unless all units of the stage before stand."""
    names = list(STAGES)
    if stage not in STAGES:
        raise UsageError(f"--stage {stage}: it is {', '.join(names[:-1])} or {names[-1]}")
    for before in names[: names.index(stage)]:
        if missing := pending(folder, before, plan):
            count = len(units(folder, before, plan))
            raise UsageError(
                f"stage {stage}: {len(missing)} of {count} units of {before} are missing (first: {missing[0]}): "
                "run them first"
            )


def run_unit(root: str, stage: str, unit: int) -> Counters:
    """Makes a unit, where it is not made; the counters of what was done.

    Raises UsageError where an input changed since the pass began, SimblockError where a disk or the memory is too
    small, and what the stage raises.
    """
    folder = Folder(root)
    if STAGES[stage].place(folder, unit).exists():
        return _counters(stage, unit)
    plan = folder.plan
    began, used = time.perf_counter(), time.process_time()
    with _understood(f"{root}: stage {stage}, unit {unit}"):
        STAGES[stage].run(folder, unit)
        read = STAGES[stage].amount(folder, plan, unit)
        times = time.perf_counter() - began, time.process_time() - used
        counters = _counters(stage, unit, times, read)
        _keep(folder, counters)
    return counters


def weights(folder: Folder, stage: str, plan: Plan) -> list[int]:
    """How many bytes of the inputs each unit of a stage stands for, about. Raises as :func:`units` does."""
    sizes = [source.size for source in plan.sources]
    if stage == "write":
        return sizes if plan.out else []
    if stage == "sign":
        pieces = Counter(part.source for part in plan.parts)
        return [sizes[part.source] // pieces[part.source] for part in plan.parts]
    count = len(units(folder, stage, plan))
    return [sum(sizes) // count] * count if count else []


def amount(folder: Folder, part: int) -> tuple[int, int]:
    """The bytes and documents that were read of a signed part."""
    counts = counted(folder.signed(part))
    return counts["read"], counts["documents"]


def rates(folder: Folder) -> Iterator[Counters]:
    """The counters of all units that were made, by stage and unit. Raises Damaged."""
    for stage in STAGES:
        for path in sorted((folder.root / RATES).glob(f"{stage}-*.json")):
            with intact(f"{path}: missing or cut short: remove it"):
                told = json.loads(path.read_text("utf-8"))
                counters = _counters(stage, told["unit"]) | told
            yield counters


def _counters(
    stage: str, unit: int, times: tuple[float, float] = (0.0, 0.0), read: tuple[int, int] = (0, 0)
) -> Counters:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _OF_A_PEAK
    (elapsed, seconds), (amount, documents) = times, read
    return {
        "stage": stage,
        "unit": unit,
        "seconds": seconds,
        "elapsed": elapsed,
        "bytes": amount,
        "documents": documents,
        "peak": peak,
        "worker": f"{socket.gethostname()}.{os.getpid()}",
    }


def _keep(folder: Folder, counters: Counters) -> None:
    kept = folder.root / RATES
    with replaced(kept / f"{counters['stage']}-{counters['unit']:06}.json") as file:
        file.write_text(json.dumps(counters), "utf-8")


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()


@contextmanager
def _understood(what: str) -> Iterator[None]:
    """Says what to do where there is too little of a disk or of memory."""
    again = "give the same command again, it goes on where it was"
    try:
        yield
    except MemoryError:
        raise SimblockError(f"{what}: too little memory: with fewer workers {again}") from None
    except OSError as error:
        # NumPy says how much it could not write, and not why.
        if error.errno is not None and error.errno not in _FULL:
            raise
        raise SimblockError(f"{what}: the disk is full: free some space and {again}") from error


# -- what the stages are


def _sign(folder: Folder, unit: int) -> None:
    from simblock_indexer.dedup import signing

    plan = folder.plan
    planning.check_unchanged(folder, plan.sources[plan.parts[unit].source])
    signing.sign(folder, unit)


def _join(folder: Folder, unit: int) -> None:
    from simblock_indexer.dedup import joining

    joining.join(folder, unit)


def _cluster(folder: Folder, _: int) -> None:
    from simblock_indexer.dedup import clustering

    clustering.cluster(folder)


def _verify(folder: Folder, unit: int) -> None:
    from simblock_indexer.dedup import verifying

    verifying.verify(folder, unit)


def _verify_units(folder: Folder, _: Plan) -> int:
    from simblock_indexer.dedup import clustering

    return clustering.units(folder)


def _write(folder: Folder, unit: int) -> None:
    from simblock_indexer.dedup import settling, writing

    if not folder.settled.exists():
        with alone(folder, "settling"):
            settling.settle(folder)
    planning.check_unchanged(folder, folder.plan.sources[unit])
    writing.write(folder, unit)


@contextmanager
def alone(folder: Folder, doing: str) -> Iterator[None]:
    """Waits until no other process is at the same. Where a file system knows no locks it does not wait: what stages
    make is the same whoever was first."""
    from filelock import FileLock

    lock = FileLock(folder.root / f"{doing}.lock")
    with suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _signed_amount(folder: Folder, _: Plan, unit: int) -> tuple[int, int]:
    return amount(folder, unit)


def _written_amount(folder: Folder, plan: Plan, unit: int) -> tuple[int, int]:
    parts = [part.number for part in plan.parts if part.source == unit]
    amounts = [amount(folder, part) for part in parts]
    return sum(read for read, _ in amounts), sum(documents for _, documents in amounts)


def _nothing_read(*_: object) -> tuple[int, int]:
    return 0, 0


STAGES: dict[str, Stage] = {
    "sign": Stage(lambda _, plan: len(plan.parts), Folder.signed, _sign, _signed_amount),
    "join": Stage(lambda _, plan: plan.partitions, Folder.joined, _join, _nothing_read),
    "cluster": Stage(lambda *_: 1, lambda folder, _: folder.clustered, _cluster, _nothing_read),
    "verify": Stage(_verify_units, Folder.verified, _verify, _nothing_read),
    "write": Stage(
        lambda _, plan: len(plan.sources) if plan.out else 0, Folder.written, _write, _written_amount
    ),
}
"""In the order in which they are run."""
