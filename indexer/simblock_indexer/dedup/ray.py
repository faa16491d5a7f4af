"""Running the units of a stage on a cluster of Ray whose nodes share a file system.

A unit is a task: it is sent numbers and sends back counters, as what stages read and make lies in files. Of Ray's data
sets nothing is used: they carry rows from node to node, which these units never ask for, and take more for each
(measured on two processors: 480 units that stand are seen to in .5 s as tasks, in 5.8 s as a data set).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from simblock.errors import MissingExtra, UsageError
from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.crew import ONE_THREAD, Failure, attempt, ended
from simblock_indexer.dedup.engines import END, Run, Unit, make
from simblock_indexer.dedup.stages import Counters

PATIENCE = 10.0
"""Seconds within which a cluster answers."""
_PLACE = re.compile(r"(?:ray://)?\[?([^/\]]+)\]?:(\d+)")
AHEAD = 4
"""Tasks for each processor of the cluster that are handed over at a time: none is idle, and a driver of many thousand
units stays small."""


@contextmanager
def cluster(root: str, address: str | None = None) -> Iterator[Run]:
    """A connection to a cluster, for all stages of a pass in the working folder ``root``, which all nodes see; one that
    the program has is used, and stays.

    Raises MissingExtra without ray, UsageError where no cluster answers at ``address``. What it gives raises what units
    raise, and SimblockError where a worker was ended.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        yield partial(_tasks, ray, root)
    finally:
        if ours:
            ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtra("--engine ray", "ray") from None
    return ray


def _connect(ray: Any, address: str | None) -> None:
    try:
        _answered(address)
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level="warning",
            runtime_env={"env_vars": ONE_THREAD},
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"--ray-address {address}: no cluster answers ({' '.join(str(error).split())[:200]}): start one with ray start"
        ) from error


def _answered(address: str | None) -> None:
    """Raises OSError unless something listens at HOST:PORT: Ray would try for minutes."""
    if place := _PLACE.fullmatch(address or ""):
        with socket.create_connection((place[1], int(place[2])), timeout=PATIENCE):
            pass


def _tasks(ray: Any, root: str, stage: str, units: Sequence[int]) -> Iterator[Counters]:
    task = ray.remote(num_cpus=1, max_retries=3)(_unit)
    window = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting = (Unit(stage, unit) for unit in units)
    asked: dict[Any, Unit] = {}
    while True:
        for unit in waiting:
            asked[task.remote(root, unit)] = unit
            if len(asked) >= window:
                break
        if not asked:
            return
        for done in ray.wait(list(asked))[0]:
            yield _result(ray, done, asked.pop(done))


def _result(ray: Any, done: Any, unit: Unit) -> Counters:
    try:
        answer: Counters | Failure = ray.get(done)
    except ray.exceptions.RayTaskError:
        raise  # a mistake of ours, with where it was
    except ray.exceptions.RayError as error:
        raise ended(END.what(unit), END.again) from error
    if isinstance(answer, Failure):
        raise answer.error()
    return answer


def _unit(root: str, unit: Unit) -> Counters | Failure:
    """In a task: makes a unit."""
    keep_freed_memory()
    return attempt(partial(make, root), unit)
