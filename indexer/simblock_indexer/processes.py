"""Processes that work for this one: started and ended whole, and ended with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import NamedTuple

GRACE = 1.0
"""Seconds that all processes together have to end when told to, before they are killed."""


class Started(NamedTuple):
    """Another process, and the line to it."""

    process: SpawnProcess
    line: Connection


def start(work: Callable[[Connection], None]) -> Started:
    """Starts a process that does ``work``, given its end of the line. It inherits nothing but that Ctrl-C is blocked:
    its end comes from here."""
    resource_tracker.ensure_running()  # starting it would unblock Ctrl-C
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=work, args=(theirs,), daemon=True)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    return Started(process, ours)


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
