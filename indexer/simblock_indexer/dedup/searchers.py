"""Parts of training data gone through in several processes, the results in order."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait

from simblock.errors import SimblockError
from simblock_indexer.allocation import keep_freed_memory
from simblock_indexer.dedup.delivery.rows import Part
from simblock_indexer.dedup.engines import ONE_THREAD, Crew, Failure
from simblock_indexer.dedup.searching import Looked, Search, Searcher
from simblock_indexer.processes import end_with_parent

AHEAD = 4
"""Parts for each process that wait for an earlier one to be told, at most."""


class Searchers(Crew):
    """Processes that go through parts, each one at a time; a context manager, whose processes end with it."""

    def __init__(self, workers: int) -> None:
        super().__init__("", workers)

    def __enter__(self) -> Searchers:
        return self

    @property
    def work(self) -> Callable[[str, Connection], None]:
        return _work

    def look(self, search: Search) -> Iterator[Looked]:
        """What each part of a search came to, in order.

        Raises what going through one raises, and SimblockError where a process was ended.
        """
        parts = search.plan.parts
        idle = [self._begun(search) for _ in range(min(self._workers, len(parts)))]
        busy: dict[Connection, int] = {}
        done: dict[int, Looked] = {}
        sent = told = 0
        while told < len(parts):
            while idle and sent < min(len(parts), told + AHEAD * self._workers):
                line = idle.pop()
                _send(line, parts[sent])
                busy[line] = sent
                sent += 1
            for line in [line for line in wait(list(busy)) if isinstance(line, Connection)]:
                done[busy.pop(line)] = _received(line)
                idle.append(line)
            while told in done:
                yield done.pop(told)
                told += 1

    def _begun(self, search: Search) -> Connection:
        self._start()
        line = self._members[-1].line
        _send(line, search)
        return line


def _send(line: Connection, what: Search | Part) -> None:
    try:
        line.send(what)
    except OSError as error:
        raise _ended() from error


def _received(line: Connection) -> Looked:
    try:
        answer: Looked | Failure | Exception = line.recv()
    except (EOFError, OSError) as error:
        raise _ended() from error
    if isinstance(answer, Failure):
        raise answer.error()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _ended() -> SimblockError:
    return SimblockError(
        "a process that went through documents ended (killed, out of memory, or a script without "
        'if __name__ == "__main__":): try again, or with --workers 1'
    )


# -- in the other processes


def _work(_root: str, line: Connection) -> None:
    """Goes through part after part, until this process is ended or the one that started it is no more."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.update(ONE_THREAD)
    keep_freed_memory()
    with contextlib.suppress(EOFError, OSError):
        searcher = Searcher(line.recv())
        while True:
            line.send(_answer(searcher, line.recv()))


def _answer(searcher: Searcher, part: Part) -> Looked | Failure | Exception:
    try:
        return searcher.look(part)
    except SimblockError as error:
        return Failure(type(error), str(error))
    except Exception as error:
        error.add_note(traceback.format_exc())  # a mistake of ours: where it was does not travel with it
        return error
