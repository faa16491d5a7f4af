"""A pass from its inputs to what is kept, or a share of one stage of it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

from filelock import FileLock, Timeout

from simblock.errors import Busy, UsageError
from simblock_indexer.dedup import keeping, planning, settling, stages
from simblock_indexer.dedup.engines import Run, local
from simblock_indexer.dedup.folder import Folder, Plan, sweep
from simblock_indexer.dedup.options import MIB, DedupOptions
from simblock_indexer.dedup.outcome import Outcome, conclude, require
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.shares import Share

ENGINES = ("local", "ray")
SMALL = 16 * MIB
"""Bytes of inputs under which starting processes takes longer than they save."""
StrPath: TypeAlias = str | os.PathLike[str]


class Watch(Protocol):
    """Sees a stage go on."""

    def begin(self, stage: str, done: int, total: int) -> None:
        """A stage begins that goes through ``total`` bytes of the inputs, as they lie there; ``done`` are behind it."""

    def step(self, amount: int, documents: int) -> None:
        """It went through so many more bytes, and read so many documents, where it reads any."""


ALL = Share(0, 1)


class Staged(NamedTuple):
    """What a share of a stage came to: units made now, those of the stage that are still missing, and the outcome
    where it was the last of the pass."""

    stage: str
    made: int
    missing: int
    outcome: Outcome | None


class Pass(NamedTuple):
    """A pass that is at work."""

    folder: Folder
    plan: Plan
    run: Run
    watch: Watch | None


def dedup(
    inputs: Iterable[str],
    out: StrPath,
    options: DedupOptions,
    reading: ReadOptions,
    *,
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    state: StrPath | None = None,
    work: StrPath | None = None,
    keep_work: bool = False,
    page: bool = True,
    watch: Watch | None = None,
) -> Outcome:
    """Runs a pass to its end, or goes on with one that was begun: the same arguments do that.

    ``out`` is a new folder; ``work`` the one where stages keep what they make, else a hidden one in it, removed at
    the end unless ``keep_work``. ``workers``: processes, by default one a core; ``engine`` ray has as many as the
    cluster at ``address``. ``state`` has what earlier deliveries kept, and is added to. report.json is the last
    file that appears. Raises UsageError where the arguments cannot be meant or another pass lies there, Busy where
    another process runs this one, and what stages raise.
    """
    began = time.monotonic()
    folder, plan = _begin(inputs, options, reading, out=out, work=work, state=state)
    processes = _workers(workers, plan)
    with _alone(folder), _engine(engine, folder, processes, address) as run:
        planning.refuse_finished(plan.out)
        at = Pass(folder, plan, run, watch)
        for stage in stages.STAGES:
            stages.check_ready(folder, stage, plan)
            _make(at, stage, stages.pending(folder, stage, plan))
        rates = _rates(folder, plan, began, engine, processes)
        return _concluded(at, rates, keep_work=keep_work, page=page)


def run_stage(
    stage: str,
    inputs: Iterable[str],
    out: StrPath,
    options: DedupOptions,
    reading: ReadOptions,
    *,
    shard: Share = ALL,
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    state: StrPath | None = None,
    work: StrPath | None = None,
    keep_work: bool = False,
    page: bool = True,
    watch: Watch | None = None,
) -> Staged:
    """Runs the units of one stage that are missing and fall to ``shard``; the other arguments are those of
    :func:`dedup`, the same for every stage and shard, on machines that see the same folders.

    Whoever comes first makes the plan. Whoever makes the last unit of *write* concludes the pass; a share of *write*
    that comes later has nothing to do. Raises as :func:`dedup` does, and UsageError where units of the stage before
    are missing.
    """
    if stage == "write" and planning.finished(out):
        return Staged(stage, 0, 0, None)
    began = time.monotonic()
    folder, plan = _begin(inputs, options, reading, out=out, work=work, state=state)
    stages.check_ready(folder, stage, plan)
    mine = set(stages.units(folder, stage, plan)[shard.number :: shard.of])
    units = [unit for unit in stages.pending(folder, stage, plan) if unit in mine]
    processes = _workers(workers, plan)
    with _engine(engine, folder, processes, address) as run:
        at = Pass(folder, plan, run, watch)
        _make(at, stage, units, shard)
    missing = len(stages.pending(folder, stage, plan))
    if stage != "write" or missing:
        return Staged(stage, len(units), missing, None)
    with stages.alone(folder, "concluding"):
        if planning.finished(out):
            return Staged(stage, len(units), 0, None)
        rates = _rates(folder, plan, began, engine, processes)
        return Staged(stage, len(units), 0, _concluded(at, rates, keep_work=keep_work, page=page))


def _begin(
    inputs: Iterable[str],
    options: DedupOptions,
    reading: ReadOptions,
    *,
    out: StrPath,
    work: StrPath | None,
    state: StrPath | None,
) -> tuple[Folder, Plan]:
    """The plan of a pass and its folder, without what was left half made. Of what will be needed nothing is missing."""
    require()
    options = planning.at_home(options)
    if options.against:
        from simblock_indexer.dedup import protected

        protected.protection(options)
    earlier = keeping.earlier(Path(state).absolute(), options) if state else ()
    folder, plan = planning.plan(inputs, out, options, reading, work=work, state=state, earlier=earlier)
    sweep(folder.root)
    sweep(Path(plan.out))
    return folder, plan


@contextmanager
def _alone(folder: Folder) -> Iterator[None]:
    """Raises Busy where another process runs the same pass, if the file system can tell."""
    lock = FileLock(folder.root / "pass.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(f"another process runs the pass in {folder.root}: wait until it has finished") from None
    except (OSError, NotImplementedError):
        pass
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _engine(name: str, folder: Folder, workers: int, address: str | None) -> Iterator[Run]:
    if name not in ENGINES:
        raise UsageError(f"--engine {name}: it is {' or '.join(ENGINES)}")
    if name == "local":
        with local(str(folder.root), workers) as run:
            yield run
        return
    from simblock_indexer.dedup.ray import cluster

    with cluster(str(folder.root), address) as run:
        yield run


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(asked: int | None, plan: Plan) -> int:
    small = sum(source.size for source in plan.sources) < SMALL
    return asked or (1 if small else cores())


def _make(at: Pass, stage: str, units: Sequence[int], shard: Share = ALL) -> None:
    """Makes units of a stage, the largest first: so nobody waits for one at the end."""
    weights = stages.weights(at.folder, stage, at.plan)
    total = sum(weights[shard.number :: shard.of])
    left = sum(weights[unit] for unit in units)
    if at.watch is not None:
        at.watch.begin(stage, total - left, total)
    for counters in at.run(stage, sorted(units, key=lambda unit: (-weights[unit], unit))):
        if at.watch is not None:
            at.watch.step(weights[counters["unit"]], counters["documents"])


def _rates(folder: Folder, plan: Plan, began: float, engine: str, workers: int) -> dict[str, Any]:
    """What the units of each stage took together, whoever made them; the seconds of this call; the most bytes of
    memory that a process held."""
    found: dict[str, Any] = {}
    peak = 0
    for counters in stages.rates(folder):
        took = found.setdefault(counters["stage"], {"units": 0, "seconds": 0.0, "elapsed": 0.0})
        took["units"] += 1
        took["seconds"] += counters["seconds"]
        took["elapsed"] += counters["elapsed"]
        peak = max(peak, counters["peak"])
    amounts = [stages.amount(folder, unit) for unit in range(len(plan.parts))]
    read = {"bytes": sum(read for read, _ in amounts), "documents": sum(count for _, count in amounts)}
    return {
        "engine": engine,
        "workers": workers,
        "seconds": time.monotonic() - began,
        "peak": peak,
        "stages": {stage: took | read for stage, took in found.items()},
    }


def _concluded(at: Pass, rates: dict[str, Any], *, keep_work: bool, page: bool) -> Outcome:
    with stages.alone(at.folder, "settling"):
        settling.settle(at.folder)
    if at.plan.state is not None:
        Path(at.plan.state).mkdir(parents=True, exist_ok=True)
        with stages.alone(Folder(at.plan.state), "state"):
            keeping.keep(at.folder)
    sweep(Path(at.plan.out), everybody=True)
    outcome = conclude(at.folder, rates, page=page)
    if not keep_work:
        shutil.rmtree(at.folder.root, ignore_errors=True)
    return outcome
