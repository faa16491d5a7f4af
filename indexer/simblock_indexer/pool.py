"""Tokenising code in several processes, some batches ahead, the results in order.

The processes are started anew and inherit nothing. What goes to them are texts and what comes back are
arrays, so an index has the same bytes whatever made its tokens. Each has a line of its own to the thread
that asks it: one that dies in the middle of an answer ends that line, and nobody waits for the rest. (All
those of a ProcessPoolExecutor share one, which stays open while any of them lives: half an answer is
waited for without end.)
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TypeAlias

import numpy as np

from simblock.errors import SimblockError
from simblock.stores.intake import tokenise_here
from simblock.tokens import Runs, Tokens
from simblock.work import Document
from simblock_indexer.crew import Failure, ended, heard, serve
from simblock_indexer.processes import Started, end_processes, interruptions_held, start

SMALL = 4 << 20
"""Bytes of inputs under which starting processes takes longer than they save."""
AHEAD = 2
"""Batches for each process that wait for their turn, at most: none is idle, and memory is bounded."""

Batch: TypeAlias = list[Document]
Packed: TypeAlias = tuple[bytes, ...]


class TokeniserPool:
    """Tokenises batches of documents; a context manager, whose processes end with it, whatever they are at.

    Batches of texts alone are tokenised here, where it takes less than sending them. Called from a
    script, that script's own work must stand under ``if __name__ == "__main__":``.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._processes: list[Started] = []
        self._idle: list[Started] = []
        self._starting = threading.Lock()
        self._ended = False

    def __enter__(self) -> TokeniserPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with interruptions_held():
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)
            with self._starting:
                self._ended = True
            end_processes([started.process for started in self._processes])

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
        with interruptions_held():
            if self._threads is None:
                # Starting it unblocks Ctrl-C, so it must not be one of the threads below that does.
                resource_tracker.ensure_running()
                self._threads = ThreadPoolExecutor(self._workers, "simblock-tokeniser", _block_interruptions)
            return self._threads.submit(self._tokenised, batch)

    def _tokenised(self, batch: Batch) -> Packed:
        """What another process makes of a batch; called in a thread, of which there is one for each."""
        asked = self._idle.pop() if self._idle else self._start()
        try:
            asked.line.send(batch)
            answer: Packed | Failure | Exception = asked.line.recv()
        except (EOFError, OSError) as error:
            raise _died() from error
        self._idle.append(asked)
        return heard(answer)

    def _start(self) -> Started:
        with self._starting:
            if self._ended:
                raise _died()
            started = start(_work)
            self._processes.append(started)
            return started


def _block_interruptions() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _has_code(batch: Batch) -> bool:
    return any(document.work.kind == "code" for document in batch)


def _runs(work: Batch | Future[Packed]) -> Runs:
    if not isinstance(work, Future):
        return next(tokenise_here([work]))
    return _unpacked(work.result())


def _died() -> SimblockError:
    return ended("a process that tokenised ended", ", so nothing was written: try again, or with --workers 1")


# -- in the other processes


def _work(line: Connection) -> None:
    serve(line, _answer)


def _answer(batch: Batch) -> Packed:
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
