"""Processes that work for this one: started and ended whole, and ended with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess

GRACE = 1.0
"""Seconds that all processes together have to end when told to, before they are killed."""


def end_processes(processes: list[SpawnProcess]) -> None:
    """Ends processes, by force where they do not heed; waits for none of them longer than it must."""
    for process in processes:
        process.terminate()
    _await(processes)
    for process in processes:
        process.kill()
    _await(processes)


def _await(processes: list[SpawnProcess]) -> None:
    deadline = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))


@contextmanager
def interruptions_held() -> Iterator[None]:
    """An interruption meanwhile comes after, so that nothing is started or ended by half.

    Blocking it is not enough, as threads of NumPy's take it all the same.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or handler is None:
        yield  # interruptions come to the main thread alone
        return
    caught: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if caught:
            signal.raise_signal(signal.SIGINT)


def end_with_parent() -> None:
    """Waits for the end of the process that started this one, and ends this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
