"""Tokenising code in several processes, some batches ahead, the results in order.

The processes are started anew and inherit nothing. What goes to them are texts and what comes back are
arrays, so an index has the same bytes whatever made its tokens. Each has a line of its own to the thread
that asks it: one that dies in the middle of an answer ends that line, and nobody waits for the rest. (All
those of a ProcessPoolExecutor share one, which stays open while any of them lives: half an answer is
waited for without end.)
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock.errors import SimblockError
from simblock.stores.intake import tokenise_here
from simblock.tokens import Runs, Tokens
from simblock.work import Document
from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.processes import end_processes, end_with_parent, interruptions_held

SMALL = 4 << 20
"""Bytes of inputs under which starting processes takes longer than they save."""
AHEAD = 2
"""Batches for each process that wait for their turn, at most: none is idle, and memory is bounded."""

Batch: TypeAlias = list[Document]
Packed: TypeAlias = tuple[bytes, ...]


class _Process(NamedTuple):
    """Another process, and the line to it: a batch goes out, its answer comes back."""

    process: SpawnProcess
    line: Connection


class TokeniserPool:
    """Tokenises batches of documents; a context manager, whose processes end with it, whatever they are at.

    Batches of texts alone are tokenised here, where it takes less than sending them. Called from a
    script, that script's own work must stand under ``if __name__ == "__main__":``.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._threads: ThreadPoolExecutor | None = None
        self._processes: list[_Process] = []
        self._idle: list[_Process] = []
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
            answer: Packed | Exception = asked.line.recv()
        except (EOFError, OSError) as error:
            raise _died() from error
        self._idle.append(asked)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start(self) -> _Process:
        """Starts a process. It inherits from this thread that Ctrl-C is blocked: its end comes from here."""
        with self._starting:
            if self._ended:
                raise _died()
            spawn = multiprocessing.get_context("spawn")
            ours, theirs = spawn.Pipe()
            with theirs:
                started = _Process(spawn.Process(target=_work, args=(theirs,), daemon=True), ours)
                started.process.start()
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
    return SimblockError(
        "a process that tokenised ended (killed, out of memory, or a script without "
        'if __name__ == "__main__":), so nothing was written: try again, or with --workers 1'
    )


# -- in the other processes


def _work(line: Connection) -> None:
    """Answers batch after batch, until this process is ended or the one that started it is no more."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    keep_freed_memory()
    while True:
        try:
            line.send(_answer(line.recv()))
        except (EOFError, OSError):
            return


def _answer(batch: Batch) -> Packed | Exception:
    try:
        return _packed(next(tokenise_here([batch])))
    except SimblockError as error:
        return error
    except Exception as error:
        error.add_note(traceback.format_exc())  # a mistake of ours: where it was does not travel with it
        return error


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
