"""Tokenising code in several processes, some batches ahead, the results in order.

The processes are started anew and inherit nothing. What goes to them are texts and what comes back are
arrays, so an index has the same bytes whatever made its tokens.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TypeAlias

import numpy as np

from simblock.errors import SimblockError
from simblock.stores.intake import tokenise_here
from simblock.tokens import Runs, Tokens
from simblock.work import Document
from simblock_indexer.allocation import keep_freed_memory

SMALL = 4 << 20
"""Bytes of inputs under which starting processes takes longer than they save."""
AHEAD = 2
"""Batches for each process that wait for their turn, at most: none is idle, and memory is bounded."""

Batch: TypeAlias = list[Document]
Packed: TypeAlias = tuple[bytes, ...]


class TokeniserPool:
    """Tokenises batches of documents; a context manager, whose processes end with it.

    Batches of texts alone are tokenised here, where it takes less than sending them. Called from a
    script, that script's own work must stand under ``if __name__ == "__main__":``.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._started: ProcessPoolExecutor | None = None
        self._line, self._held = multiprocessing.Pipe(duplex=False)

    def __enter__(self) -> TokeniserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._held.close()  # ends them at once, whatever they are at
        if self._started is not None:
            self._started.shutdown(cancel_futures=True)
        self._held.close()
        self._line.close()

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Runs]:
        """The runs of each batch, in order. Raises what tokenising raises, SimblockError where a process died."""
        waiting: deque[Batch | Future[Packed]] = deque()
        for batch in batches:
            waiting.append(self._submitted(batch) if _has_code(batch) else batch)
            if len(waiting) > AHEAD * self._workers:
                yield _runs(waiting.popleft())
        while waiting:
            yield _runs(waiting.popleft())

    def _submitted(self, batch: Batch) -> Future[Packed]:
        with _interruptions_held():
            if self._started is None:
                spawn = multiprocessing.get_context("spawn")
                self._started = ProcessPoolExecutor(self._workers, spawn, _begin, (self._line,))
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                # Starts a process while none is idle, which inherits that Ctrl-C is blocked. Only now: what
                # the executor starts for itself unblocks it.
                return self._started.submit(_tokenise, batch)
            except BrokenProcessPool as error:
                raise _died() from error
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interruptions_held() -> Iterator[None]:
    """An interruption meanwhile comes after: a process that was started by half would complain.

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


def _has_code(batch: Batch) -> bool:
    return any(document.work.kind == "code" for document in batch)


def _runs(work: Batch | Future[Packed]) -> Runs:
    if not isinstance(work, Future):
        return next(tokenise_here([work]))
    try:
        return _unpacked(work.result())
    except BrokenProcessPool as error:
        raise _died() from error


def _died() -> SimblockError:
    return SimblockError(
        "a process that tokenised ended (killed, out of memory, or a script without "
        'if __name__ == "__main__":), so nothing was written: try again, or with --workers 1'
    )


# -- in the other processes


def _begin(line: Connection) -> None:
    """Ends this process with the other end of the line: when it is closed, and when who holds it is no more."""
    threading.Thread(target=_end_with, args=(line,), daemon=True).start()
    keep_freed_memory()


def _end_with(line: Connection) -> None:
    line.poll(None)
    os._exit(1)


def _tokenise(batch: Batch) -> Packed:
    return _packed(next(tokenise_here([batch])))


def _packed(runs: Runs) -> Packed:
    """Arrays as bytes, places in 32 bits: a run's text has under 2³² characters."""
    tokens = runs.tokens
    views = b"" if runs.views is None else runs.views.tobytes()
    places = (tokens.starts.astype(np.uint32), tokens.ends.astype(np.uint32))
    arrays = (tokens.keys, tokens.flags, *places, runs.bounds)
    return (*(array.tobytes() for array in arrays), views)


def _unpacked(packed: Packed) -> Runs:
    keys, flags, starts, ends, bounds, views = packed
    tokens = Tokens(
        np.frombuffer(keys, np.uint32),
        np.frombuffer(flags, np.uint8),
        np.frombuffer(starts, np.uint32).astype(np.int64),
        np.frombuffer(ends, np.uint32).astype(np.int64),
    )
    return Runs(tokens, np.frombuffer(bounds, np.int64), np.frombuffer(views, np.uint8) if views else None)
