"""Bars on a terminal, of a build and of a pass over training data: bytes, rate, time left. Nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from simblock_indexer.readers.tally import Tally

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

Watch: TypeAlias = Callable[[Tally], None]
"""Called now and then with what is read so far; a last time with ``done == total`` before it is written."""


Brought: TypeAlias = Callable[[int, int], None]
"""Called now and then with how many bytes of how many were brought to another place."""


@contextmanager
def transfer(wanted: bool = True) -> Iterator[Brought | None]:
    """A bar of bytes brought on standard error, or None where it is no terminal or not wanted."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(*_columns(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("bringing", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _columns() -> tuple[ProgressColumn, ...]:
    from rich import progress

    return (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )


@contextmanager
def bar(wanted: bool = True) -> Iterator[Watch | None]:
    """Bars on standard error, or None where it is no terminal or not wanted.

    What is passed over unread is taken off the total as it is met, so that only reading counts.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console, Group
    from rich.live import Live

    columns = _columns()
    reading = progress.Progress(*columns, progress.TextColumn("{task.fields[works]:,} works"))
    writing = progress.Progress(columns[0], progress.BarColumn(), progress.TimeElapsedColumn())
    read = reading.add_task("reading", total=None, works=0)
    write = writing.add_task("writing", total=None, start=False, visible=False)

    def watch(tally: Tally) -> None:
        total, done = tally.total - tally.unread, tally.done - tally.unread
        reading.update(read, total=total or None, completed=done, works=tally.works)
        if tally.done >= tally.total:
            writing.start_task(write)
            writing.update(write, visible=True)

    with Live(Group(reading, writing), console=Console(stderr=True), transient=True):
        yield watch


class StageBars:
    """A bar for each stage of a pass: the bytes of the inputs that it went through."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._documents = 0

    def begin(self, stage: str, done: int, total: int) -> None:
        """A stage begins; a rate is of what it does from now on."""
        self._documents = 0
        self._task = self._progress.add_task(stage, total=total, completed=done, documents="")

    def step(self, amount: int, documents: int) -> None:
        """It went through so many more bytes, and read so many documents."""
        self._documents += documents
        told = f"{self._documents:,} documents" if self._documents else ""
        self._progress.update(self._task, advance=amount, documents=told)


@contextmanager
def stages(wanted: bool = True) -> Iterator[StageBars | None]:
    """Bars of stages on standard error, or None where it is no terminal or not wanted."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    told = progress.TextColumn("{task.fields[documents]}")
    with progress.Progress(*_columns(), told, console=Console(stderr=True), transient=True) as drawn:
        yield StageBars(drawn)
