"""Several processes that do one kind of work, a task at a time each, for this one.

The processes are started anew and inherit nothing. They are sent the work, then tasks, and send back answers. Each has
a line of its own: one that is killed ends it, and nobody waits for half an answer.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar

from simblock.errors import SimblockError
from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.processes import Started, end_processes, end_with_parent, interruptions_held, start

Task = TypeVar("Task")
Answer = TypeVar("Answer")
AHEAD = 4
"""Answers for each process that wait for an earlier one, at most, where they are given in order."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
"""Arrow reads both when it is first imported; a process a core leaves no work for more threads."""


class Failure(NamedTuple):
    """An error of another process: an error itself may need more than its sentence to be made again."""

    kind: type[SimblockError]
    sentence: str

    def error(self) -> SimblockError:
        """The error, to be raised here."""
        error = self.kind.__new__(self.kind)
        error.args = (self.sentence,)
        return error


def ended(what: str, again: str) -> SimblockError:
    """The error that a process is no more: ``what`` ended, and what to do about it."""
    return SimblockError(
        f'{what} (killed, out of memory, or a script without if __name__ == "__main__":){again}'
    )


class End(NamedTuple):
    """What is said where a process ended: of a task, which it was; and what to do about it."""

    what: Callable[[Any], str]
    again: str


class _Out(NamedTuple):
    """A task that a process is at; what large things it holds is not kept here meanwhile."""

    number: int
    what: str


class Crew(Generic[Task, Answer]):
    """Does ``work`` on tasks, as many at a time as there are ``workers``; a context manager, whose processes end with
    it, whatever they are at. One worker is this process itself, and so is who does a task that comes alone before there
    are processes.

    Work, tasks and answers are what can be sent. Answers are taken to the last, or the crew is ended. Called from a
    script, that script's own work must stand under ``if __name__ == "__main__":``.
    """

    def __init__(self, work: Callable[[Task], Answer], workers: int, end: End) -> None:
        self._work = work
        self._workers = workers
        self._end = end
        self._members: list[Started] = []

    def __enter__(self) -> Crew[Task, Answer]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with interruptions_held():
            end_processes([member.process for member in self._members])
            for member in self._members:
                member.line.close()
            self._members.clear()

    def share(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """The answer to each task, in any order. Beyond those that are begun, one task is taken.

        Raises what the work raises, and SimblockError where a process was ended.
        """
        return (answer for _, answer in self._shared(tasks, lambda _: False))

    def in_order(self, tasks: Iterable[Task]) -> Iterator[Answer]:
        """The answer to each task, in order. Raises as :meth:`share` does."""
        done: dict[int, Answer] = {}
        told = 0

        def too_far(number: int) -> bool:
            return number >= told + AHEAD * self._workers

        for number, answer in self._shared(tasks, too_far):
            done[number] = answer
            while told in done:
                yield done.pop(told)
                told += 1

    def _shared(self, tasks: Iterable[Task], too_far: Callable[[int], bool]) -> Iterator[tuple[int, Answer]]:
        """Numbers of tasks and the answers to them; one that is too far is begun when it no longer is."""
        numbered: Iterator[tuple[int, Task]] = enumerate(tasks)
        first = [] if self._workers == 1 else list(islice(numbered, 2))
        here = len(first) < 2 and not self._members
        numbered = chain(first, numbered)
        del first  # its tasks may be large
        if here:
            for number, task in numbered:
                yield number, self._work(task)
            return
        idle = [member.line for member in self._members]
        busy: dict[Connection, _Out] = {}
        for number, task in numbered:
            while too_far(number) or not (idle or len(self._members) < self._workers):
                yield from self._answered(busy, idle)
            line = idle.pop() if idle else self._started(task)
            busy[line] = self._sent(line, number, task)
        while busy:
            yield from self._answered(busy, idle)

    def _started(self, task: Task) -> Connection:
        """A process that knows its work, and is to be sent a task."""
        with interruptions_held():
            self._members.append(start(serve))
        line = self._members[-1].line
        self._put(line, self._work, self._end.what(task))
        return line

    def _sent(self, line: Connection, number: int, task: Task) -> _Out:
        out = _Out(number, self._end.what(task))
        self._put(line, task, out.what)
        return out

    def _put(self, line: Connection, message: object, what: str) -> None:
        try:
            line.send(message)
        except OSError as error:
            raise ended(what, self._end.again) from error

    def _answered(self, busy: dict[Connection, _Out], idle: list[Connection]) -> Iterator[tuple[int, Answer]]:
        """Waits for some to be done, which go from ``busy`` to ``idle``."""
        for line in [line for line in wait(list(busy)) if isinstance(line, Connection)]:
            number, what = busy.pop(line)
            answer = self._received(line, what)
            idle.append(line)
            yield number, answer

    def _received(self, line: Connection, what: str) -> Answer:
        try:
            answer: Answer | Failure | Exception = line.recv()
        except (EOFError, OSError) as error:
            raise ended(what, self._end.again) from error
        return heard(answer)


def heard(answer: Answer | Failure | Exception) -> Answer:
    """What another process sent, if it is an answer; raises what it is else."""
    if isinstance(answer, Failure):
        raise answer.error()
    if isinstance(answer, Exception):
        raise answer
    return answer


# -- in the other processes


def serve(line: Connection, work: Callable[[Any], Any] | None = None) -> None:
    """Answers task after task by ``work``, without one by what the line says first, until this process is ended or the
    one that started it is no more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is half made is removed
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)
    keep_freed_memory()
    with contextlib.suppress(EOFError, OSError):
        work = work or line.recv()
        while True:
            line.send(_answer(work, line.recv()))


def _answer(work: Callable[[Task], Answer], task: Task) -> Answer | Failure | Exception:
    try:
        return attempt(work, task)
    except Exception as error:
        error.add_note(traceback.format_exc())  # a mistake of ours: where it was does not travel with it
        return error


def attempt(work: Callable[[Task], Answer], task: Task) -> Answer | Failure:
    """The answer to a task, or why there is none, as another process can be sent it."""
    try:
        return work(task)
    except SimblockError as error:
        return Failure(type(error), str(error))
