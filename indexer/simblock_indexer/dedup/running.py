"""A pass from its inputs to what is kept, or a share of one stage of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, TypedDict, Unpack

from filelock import FileLock, Timeout

from simblock.errors import Busy, UsageError
from simblock_indexer.dedup import deliveries, keeping, planning, settling, stages
from simblock_indexer.dedup.engines import Run, local
from simblock_indexer.dedup.folder import Folder, Plan, sweep
from simblock_indexer.dedup.options import MIB, DedupOptions
from simblock_indexer.dedup.outcome import Outcome, conclude, outcome_of, require
from simblock_indexer.dedup.planning import Request
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.shares import Share

LOCAL = "local"
ENGINES = (LOCAL, "ray")
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


class How(TypedDict, total=False):
    """How a pass is run.

    ``workers``: processes, by default one a core; ``engine`` ray has as many as the cluster at ``address``.
    ``state`` has what earlier deliveries kept, and is added to. ``work`` is where stages keep what they make, else a
    hidden folder in that of the outcome, removed at the end unless ``keep_work``. ``page``: report.html is written.
    """

    workers: int | None
    engine: str
    address: str | None
    state: StrPath | None
    work: StrPath | None
    keep_work: bool
    page: bool


def dedup(
    inputs: Iterable[str],
    out: StrPath,
    options: DedupOptions,
    reading: ReadOptions,
    *,
    anew: bool = False,
    resumed: Callable[[Path], None] | None = None,
    watch: Watch | None = None,
    **how: Unpack[How],
) -> Outcome:
    """Runs a pass to its end into the new folder ``out``, or goes on with one that was begun: the same arguments do
    that, and ``resumed`` is told its working folder first. ``anew`` gives up one that was begun.

    report.json is the last file that appears; the pass that was ended right after it is told once more. Raises
    UsageError where the arguments cannot be meant or another pass lies there, Busy where another process runs this
    one, and what stages raise.
    """
    request, began = _request(inputs, out, options, reading, how), time.monotonic()
    if outcome := _ended(request, how):
        return outcome
    unfinished = planning.unfinished(out, request.work)
    if anew and unfinished is not None:
        _give_up(unfinished)
        unfinished = None
    try:
        folder, plan = _begin(request)
    except UsageError:
        # One that ended before anything was made, over a bad row or a wrong option, is nobody's loss.
        if unfinished is None or planning.made_anything(unfinished):
            raise
        _give_up(unfinished)
        unfinished = None
        folder, plan = _begin(request)
    goes_on = unfinished is not None
    if goes_on and resumed is not None:
        resumed(folder.root)
    with _alone(folder), _engine(folder, plan, how) as run:
        planning.refuse_finished(plan.out)
        at = Pass(folder, plan, run, watch)
        for stage in stages.STAGES:
            stages.check_ready(folder, stage, plan)
            if stage == "write":
                deliveries.refuse_grown(plan)
            _make(at, stage, stages.pending(folder, stage, plan))
        return _concluded(at, began, how)


def _give_up(unfinished: Folder) -> None:
    with _alone(unfinished):
        planning.discard(unfinished)


def run_stage(
    stage: str,
    inputs: Iterable[str],
    out: StrPath,
    options: DedupOptions,
    reading: ReadOptions,
    *,
    shard: Share = ALL,
    watch: Watch | None = None,
    **how: Unpack[How],
) -> Staged:
    """Runs the units of one stage that are missing and fall to ``shard``; the other arguments are those of
    :func:`dedup`, the same for every stage and shard, on machines that see the same folders.

    Whoever comes first makes the plan. Whoever makes the last unit of *write* concludes the pass; a share of *write*
    that comes later has nothing to do. Raises as :func:`dedup` does, and UsageError where units of the stage before
    are missing.
    """
    request, began = _request(inputs, out, options, reading, how), time.monotonic()
    if stage == "write" and planning.finished(out):
        _ended(request, how)
        return Staged(stage, 0, 0, None)
    folder, plan = _begin(request)
    stages.check_ready(folder, stage, plan)
    mine = set(stages.units(folder, stage, plan)[shard.number :: shard.of])
    units = [unit for unit in stages.pending(folder, stage, plan) if unit in mine]
    with _engine(folder, plan, how) as run:
        at = Pass(folder, plan, run, watch)
        _make(at, stage, units, shard)
    missing = len(stages.pending(folder, stage, plan))
    if stage != "write" or missing:
        return Staged(stage, len(units), missing, None)
    with stages.alone(folder, "concluding"):
        if planning.finished(out):
            return Staged(stage, len(units), 0, None)
        return Staged(stage, len(units), 0, _concluded(at, began, how))


def _request(
    inputs: Iterable[str], out: StrPath, options: DedupOptions, reading: ReadOptions, how: How
) -> Request:
    return Request(list(inputs), out, options, reading, how.get("work"), how.get("state"))


def _ended(request: Request, how: How) -> Outcome | None:
    """The outcome of this very pass, where it was killed when all was written but its working folder was not gone;
    now that is."""
    if how.get("keep_work"):
        return None
    folder = planning.ended(request)
    if folder is None:
        return None
    planning.remove(folder.root)
    return outcome_of(request.out)


def _begin(request: Request) -> tuple[Folder, Plan]:
    """The plan of a pass and its folder, without what was left half made. Of what will be needed nothing is missing."""
    require()
    options, state = planning.at_home(request.options), request.state
    if options.against:
        from simblock_indexer.dedup import protected

        protected.protection(options)
    earlier = deliveries.earlier(Path(state).absolute(), options) if state else ()
    if not planning.begun(request.out, request.work):
        deliveries.check_whole(earlier)
    folder, plan = planning.plan(request, earlier)
    deliveries.refuse_grown(plan)
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
def _engine(folder: Folder, plan: Plan, how: How) -> Iterator[Run]:
    name = how.get("engine", LOCAL)
    if name not in ENGINES:
        raise UsageError(f"--engine {name}: it is {' or '.join(ENGINES)}")
    if name == LOCAL:
        with local(str(folder.root), _workers(how.get("workers"), plan)) as run:
            yield run
        return
    from simblock_indexer.dedup.ray import cluster

    with cluster(str(folder.root), how.get("address")) as run:
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


def _rates(folder: Folder, plan: Plan, began: float, how: How) -> dict[str, Any]:
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
        "engine": how.get("engine", LOCAL),
        "workers": _workers(how.get("workers"), plan),
        "seconds": time.monotonic() - began,
        "peak": peak,
        "stages": {stage: took | read for stage, took in found.items()},
    }


def _concluded(at: Pass, began: float, how: How) -> Outcome:
    rates = _rates(at.folder, at.plan, began, how)
    with stages.alone(at.folder, "settling"):
        settling.settle(at.folder)
    if at.plan.state is not None:
        Path(at.plan.state).mkdir(parents=True, exist_ok=True)
        with stages.alone(Folder(at.plan.state), "state"):
            keeping.keep(at.folder)
    sweep(Path(at.plan.out), everybody=True)
    outcome = conclude(at.folder, rates, page=how.get("page", True))
    if not how.get("keep_work"):
        planning.remove(at.folder.root)
    return outcome
