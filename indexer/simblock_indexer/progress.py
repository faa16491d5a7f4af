"""The bars of a build on a terminal: bytes read, rate, time left; then the writing. Nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from simblock_indexer.readers.tally import Tally

Watch: TypeAlias = Callable[[Tally], None]
"""Called now and then with what is read so far; a last time with ``done == total`` before it is written."""


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

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[works]:,} works"),
    )
    reading = progress.Progress(*columns)
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
