"""The bar of a reading on a terminal: bytes, rate, time left. Nothing in a pipe."""

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
    """A bar on standard error, or None where it is no terminal or not wanted."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[works]:,} works"),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task("reading", total=None, works=0)

        def watch(tally: Tally) -> None:
            finished = tally.total and tally.done >= tally.total
            drawn.update(
                task,
                description="writing" if finished else "reading",
                total=tally.total or None,
                completed=tally.done,
                works=tally.works,
            )

        yield watch
