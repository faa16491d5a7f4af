"""Parts of documents that a program holds, signed in several processes while it reads on."""

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
from typing import NamedTuple

from simblock.errors import SimblockError
from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.dedup import signing
from simblock_indexer.dedup.delivery.rows import Met, Rows
from simblock_indexer.dedup.engines import ONE_THREAD, Crew, Failure
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.part import RUNS
from simblock_indexer.processes import end_with_parent


class Given(NamedTuple):
    """A part: its number, its documents, and what their reading met."""

    number: int
    rows: Iterable[Rows]
    met: Met


def sign(given: Given, plan: Plan, folder: Folder) -> None:
    """Signs a part, whose documents are taken one batch after the other."""
    with folder.making(folder.signed(given.number)) as filled:
        signing.signed(given.rows, plan, given.met, filled / RUNS).write(filled)


class Signers(Crew):
    """Processes that sign parts: each has one at a time, and waits for the next."""

    def __enter__(self) -> Signers:
        return self

    @property
    def work(self) -> Callable[[str, Connection], None]:
        return _work

    def sign(self, parts: Iterator[Given], plan: Plan) -> int:
        """Signs all parts, of one alone without a process; how many there were.

        Raises what signing one raises, and SimblockError where a process was ended.
        """
        read = (given._replace(rows=list(given.rows)) for given in parts)
        first = list(islice(read, 2))
        if len(first) < 2:
            sign(first[0], plan, Folder(self._root))
            return 1
        number = 0
        idle: list[Connection] = []
        busy: set[Connection] = set()
        for given in chain(first, read):
            if len(self._members) < self._workers:
                self._start()
                idle.append(self._members[-1].line)
            while not idle:
                idle += _answered(busy)
            busy.add(_sent(idle.pop(), (given, plan)))
            number = given.number
        while busy:
            _answered(busy)
        return number + 1


def _answered(busy: set[Connection]) -> list[Connection]:
    """Waits for some to be done, and takes them out of ``busy``."""
    done = [line for line in wait(list(busy)) if isinstance(line, Connection)]
    for line in done:
        busy.remove(line)
        try:
            answer: Failure | Exception | None = line.recv()
        except (EOFError, OSError) as error:
            raise _ended() from error
        if answer is not None:
            raise answer.error() if isinstance(answer, Failure) else answer
    return done


def _sent(line: Connection, what: tuple[Given, Plan]) -> Connection:
    try:
        line.send(what)
    except OSError as error:
        raise _ended() from error
    return line


def _ended() -> SimblockError:
    return SimblockError(
        "a process that signed documents ended (killed, out of memory, or a script without "
        'if __name__ == "__main__":): try again, or with workers=1'
    )


# -- in the other processes


def _work(root: str, line: Connection) -> None:
    """Signs part after part, until this process is ended or the one that started it is no more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is half made is removed
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)
    keep_freed_memory()
    folder = Folder(root)
    with contextlib.suppress(EOFError, OSError):
        while True:
            given, plan = line.recv()
            line.send(_answer(given, plan, folder))


def _answer(given: Given, plan: Plan, folder: Folder) -> Failure | Exception | None:
    try:
        sign(given, plan, folder)
    except SimblockError as error:
        return Failure(type(error), str(error))
    except Exception as error:
        error.add_note(traceback.format_exc())  # a mistake of ours: where it was does not travel with it
        return error
    return None
