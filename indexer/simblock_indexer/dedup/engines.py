"""Running the units of a stage on this machine: here, or in several processes.

The processes are started anew, inherit nothing, and stay for all stages of a pass: two take .3 s to be there, which
a server to fork from would make .2 s. They are sent numbers of units and send back counters; what they make lies in the
working folder. Each has a line of its own: one that is killed ends it, and nobody waits for half an answer.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import NamedTuple, TypeAlias

from simblock.errors import SimblockError
from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.dedup.stages import Counters, run_unit
from simblock_indexer.processes import end_processes, end_with_parent, interruptions_held

Run: TypeAlias = Callable[[str, Sequence[int]], Iterator[Counters]]
"""Makes units of a stage, and gives the counters of each as it is done, in any order."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
"""Arrow reads both when it is first imported; a process a core leaves no work for more threads."""


def local(root: str, stage: str, units: Sequence[int], workers: int) -> Iterator[Counters]:
    """Makes units of one stage, as :class:`Crew` does; the counters of each, in any order."""
    with Crew(root, workers) as crew:
        yield from crew(stage, units)


class Failure(NamedTuple):
    """An error of another process: an error itself may need more than its sentence to be made again."""

    kind: type[SimblockError]
    sentence: str

    def error(self) -> SimblockError:
        """The error, to be raised here."""
        error = self.kind.__new__(self.kind)
        error.args = (self.sentence,)
        return error


class _Member(NamedTuple):
    """A process, and the line to it."""

    process: SpawnProcess
    line: Connection


class Crew:
    """Makes units of stages in the working folder ``root``, as many at a time as there are ``workers``; a context
    manager, whose processes end with it, whatever they are at. One worker is this process itself.

    Called from a script, that script's own work must stand under ``if __name__ == "__main__":``.
    """

    def __init__(self, root: str, workers: int) -> None:
        self._root = root
        self._workers = workers
        self._members: list[_Member] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with interruptions_held():
            end_processes([member.process for member in self._members])
            for member in self._members:
                member.line.close()
            self._members.clear()

    def __call__(self, stage: str, units: Sequence[int]) -> Iterator[Counters]:
        """The counters of each unit, as it is done. Raises what making one raises, and SimblockError where a process
        was ended."""
        if self._workers == 1 or (len(units) < 2 and not self._members):
            for unit in units:
                yield run_unit(self._root, stage, unit)
            return
        while len(self._members) < min(self._workers, len(units)):
            self._start()
        yield from self._shared_out(stage, units)

    def _shared_out(self, stage: str, units: Sequence[int]) -> Iterator[Counters]:
        waiting = list(reversed(units))
        idle = [member.line for member in self._members]
        busy: dict[Connection, int] = {}
        while waiting or busy:
            while waiting and idle:
                line = idle.pop()
                busy[line] = waiting.pop()
                _send(line, stage, busy[line])
            for line in [line for line in wait(list(busy)) if isinstance(line, Connection)]:
                answer = _received(line, stage, busy.pop(line))
                idle.append(line)
                yield answer

    @property
    def work(self) -> Callable[[str, Connection], None]:
        """What a process does: it is given the working folder and its line."""
        return _work

    def _start(self) -> None:
        """Starts a process. It inherits that Ctrl-C is blocked: its end comes from here."""
        spawn = multiprocessing.get_context("spawn")
        with interruptions_held():
            resource_tracker.ensure_running()  # starting it would unblock Ctrl-C
            ours, theirs = spawn.Pipe()
            process = spawn.Process(target=self.work, args=(self._root, theirs), daemon=True)
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                theirs.close()
            self._members.append(_Member(process, ours))


def _send(line: Connection, stage: str, unit: int) -> None:
    try:
        line.send((stage, unit))
    except OSError as error:
        raise ended(f"stage {stage}, unit {unit}") from error


def _received(line: Connection, stage: str, unit: int) -> Counters:
    try:
        answer: Counters | Failure | Exception = line.recv()
    except (EOFError, OSError) as error:
        raise ended(f"stage {stage}, unit {unit}") from error
    if isinstance(answer, Failure):
        raise answer.error()
    if isinstance(answer, Exception):
        raise answer
    return answer


def ended(what: str) -> SimblockError:
    """The error that a process is no more, which was making a unit."""
    return SimblockError(
        f"{what}: a worker was ended (killed, out of memory, or a script without "
        'if __name__ == "__main__":): give the same command again, it goes on where it was'
    )


# -- in the other processes


def _work(root: str, line: Connection) -> None:
    """Makes unit after unit, until this process is ended or the one that started it is no more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is half made is removed
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)
    keep_freed_memory()
    with contextlib.suppress(EOFError, OSError):
        while True:
            stage, unit = line.recv()
            line.send(_answer(root, stage, unit))


def _answer(root: str, stage: str, unit: int) -> Counters | Failure | Exception:
    try:
        return attempt(root, stage, unit)
    except Exception as error:
        error.add_note(traceback.format_exc())  # a mistake of ours: where it was does not travel with it
        return error


def attempt(root: str, stage: str, unit: int) -> Counters | Failure:
    """What making a unit gives, or why it cannot be made, as another process can be sent it."""
    try:
        return run_unit(root, stage, unit)
    except SimblockError as error:
        return Failure(type(error), str(error))
