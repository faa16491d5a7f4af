"""The bar of a check of rows on a terminal: rows, and rows a second. Nothing in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 0.1
"""Seconds between two looks at the count."""


@contextmanager
def rows_shown(wanted: bool = True) -> Iterator[Callable[[], None]]:
    """What to call after each row; it does nothing where standard error is no terminal or no bar is wanted."""
    if not wanted or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,} rows"),
        TextColumn("{task.fields[rate]:,.1f} a second"),
        TimeElapsedColumn(),
    )
    # Results may go out beside it: standard output is not the bar's to write.
    progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    began = shown = time.monotonic()
    count = 0
    with progress:
        task = progress.add_task("checking", total=None, rate=0.0)

        def checked() -> None:
            nonlocal count, shown
            count += 1
            now = time.monotonic()
            if now - shown >= EVERY:
                shown = now
                progress.update(task, completed=count, rate=count / max(now - began, EVERY))

        yield checked
        progress.update(task, completed=count)
