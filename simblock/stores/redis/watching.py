"""A thread that learns of each change to an index, so that no look-up has to ask.

It waits on the change stream and looks at the manifest when something was announced, and each ``poll``
seconds besides: a stream that is lost, trimmed or unreadable costs a second, never a change. All that
is taken from the stream is that something changed.
"""

from __future__ import annotations

import inspect
import logging
import os
import random
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from simblock.errors import SimblockError, StoreLost

__all__ = ["Source", "Watcher"]

_SOONEST, _LATEST = 0.05, 1.0
"""Seconds between looks at a server in trouble: at random, below a bound that doubles, so that a fleet
does not come back all at once."""
_SLOWEST_RETRY = 5.0
"""Seconds between attempts to take the same manifest again: each may load much from the server."""
_EARLIEST = 0.8
"""The part of a poll that passes at least before the next."""
_SHORTEST_WAIT = 0.01
_OVERDUE, _LATE = 1.5, 0.3
"""A look is overdue after so many polls and seconds: later than the thread looks while it can."""
_AT_WORK = 0.3
"""Seconds for which a look that another thread is at is waited for, if this one needs it."""

_log = logging.getLogger("simblock")


class Source(Protocol):
    """What is watched. All raise StoreLost, or another SimblockError, within a bounded time."""

    def newest(self, key: bytes, /) -> bytes | None:
        """A value; StoreLost also where nothing new can come to the server that is asked."""

    def last_change(self, stream: bytes, /) -> bytes:
        """The id of a stream's newest entry."""

    def changes(self, stream: bytes, after: bytes, block: float, /) -> Sequence[bytes]:
        """The ids of entries after one; waits ``block`` seconds for one."""


class _Heard(Enum):
    NEWS = "something changed, or may have"
    NOTHING = "nothing since the last look, which is long enough ago"
    DEAF = "the stream cannot be read"


class _Refused(NamedTuple):
    """A manifest that could not be taken, and when that is tried again."""

    manifest: bytes
    wait: float
    until: float


class _Life:
    """What belongs to one process: neither a thread nor a lock that it held survives a fork."""

    def __init__(self) -> None:
        self.starting = threading.Lock()
        self.looking = threading.Lock()
        self.ended = threading.Event()
        self.taking = False
        self.thread: threading.Thread | None = None

    def runs(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class Watcher:
    """Calls ``take`` with the manifest's bytes at each look, also where they are as before.

    A manifest that is not there is ``b""``. What a look or ``take`` raises is kept in ``trouble`` until
    the next good look; the thread goes on. A manifest that was refused is given to ``take`` again after
    ``poll`` seconds, and then ever more seldom, down to each five seconds; another one, at once. One
    thread at a time calls ``take``. A bound method is held weakly: the thread ends when its object, or
    this one, is gone.
    """

    def __init__(
        self,
        link: Source,
        manifest: bytes,
        stream: bytes,
        take: Callable[[bytes], None],
        *,
        poll: float = 1.0,
        patience: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trouble: SimblockError | None = None
        self._link = link
        self._manifest = manifest
        self._stream = stream
        self._take = _weakly(take)
        self._poll = poll
        self._patience = patience
        self._clock = clock
        self._good_at = self._looked_at = clock()
        self._started = self._closed = False
        self._seen: bytes | None = None
        self._refused: _Refused | None = None
        self._said: set[str] = set()
        self._after: bytes | None = None
        self._due_at = 0.0
        self._failures = 0
        self._life = _Life()
        _all.add(self)

    @property
    def age(self) -> float:
        """Seconds since the last good look (at first: since this was made), by the monotonic clock."""
        return max(0.0, self._clock() - self._good_at)

    @property
    def overdue(self) -> bool:
        """Whether no look, good or bad, was made for much longer than a poll, as the thread had no chance: the
        process was stopped, or idle after a fork. False while a manifest is being taken, and while the thread may
        still wait for a server that hangs: ``patience`` is how long it does."""
        late = self._clock() - self._looked_at - self._patience
        return not self._life.taking and late > _OVERDUE * self._poll + _LATE

    def catch_up(self) -> None:
        """One look now, in this thread, if one is :attr:`overdue`: else what went by meanwhile would count as
        time without news. Raises nothing: ``trouble`` has it. Of several threads one looks."""
        if not self.overdue or self._closed:
            return
        looking = self._life.looking
        if looking.acquire(timeout=_AT_WORK):
            try:
                if self.overdue:
                    self._look_now(forced=False)
            except Exception as error:
                _strip(error)
            finally:
                looking.release()

    def start(self) -> None:
        """Starts the thread, where it does not run."""
        self._started = True
        self.ensure()

    def ensure(self) -> None:
        """Starts the thread anew where this process has none, as after a fork. Costs nothing where it runs."""
        life = self._life
        if life.runs() or self._closed or not self._started:
            return
        with life.starting:
            if not life.runs():
                self._start(life)

    def _start(self, life: _Life) -> None:
        thread = threading.Thread(
            target=_watch, args=(weakref.ref(self), life.ended), name="simblock-watcher", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            self.trouble = SimblockError(
                "no thread can be started to watch the index: allow this process more threads"
            )
        else:
            life.thread = thread

    def look(self) -> None:
        """One look now, in this thread. Raises what the link and ``take`` raise."""
        self._look(forced=True)

    def close(self, wait: float | None = None) -> None:
        """Ends the thread, and waits for that, at most ``wait`` seconds: two polls unless given.

        It takes a poll where the thread waits for news, and longer where the server hangs.
        """
        self._closed = True
        life = self._life
        life.ended.set()
        if life.thread is not None and life.thread is not threading.current_thread():
            life.thread.join(2 * self._poll if wait is None else wait)

    def _round(self) -> float:
        """Waits for news, then looks; gives the seconds to wait before the next round."""
        heard = self._listen()
        if self._closed:
            return 0.0
        try:
            changed = self._look()
        except Exception as error:
            _strip(error)
            if self._refused is None:  # nothing came, and it is not the manifest's fault
                return self._pause()
            changed = False
        self._failures = 0
        if changed and heard is _Heard.NOTHING:  # the stream began anew, or is another server's
            self._after = None
        return max(0.0, self._due()) if heard is _Heard.DEAF else 0.0

    def _pause(self) -> float:
        self._after = None
        self._failures += 1
        return random.uniform(_SOONEST, min(_LATEST, _SOONEST * 2**self._failures))  # noqa: S311

    def _due(self) -> float:
        """Seconds until the next look that nothing announces."""
        return self._due_at - time.monotonic()

    def _listen(self) -> _Heard:
        try:
            if self._failures:  # first see whether it is back, by the command that waits least
                return _Heard.NEWS
            if self._after is None:  # from here on; what came before is announced to nobody, so look now
                self._after = self._link.last_change(self._stream)
                return _Heard.NEWS
            while (due := self._due()) > 0 and not self._life.ended.is_set():
                if news := self._link.changes(self._stream, self._after, max(due, _SHORTEST_WAIT)):
                    self._after = news[-1]
                    return _Heard.NEWS
                self._life.ended.wait(min(max(0.0, self._due()), _SHORTEST_WAIT))
        except Exception as error:
            self._deaf(error)
            return _Heard.DEAF
        return _Heard.NOTHING

    def _look(self, *, forced: bool = False) -> bool:
        """Whether the manifest is another than at the last look. ``_refused`` is set where ``take`` raised."""
        with self._life.looking:
            return self._look_now(forced=forced)

    def _look_now(self, *, forced: bool) -> bool:
        """The same, for who holds the lock."""
        # Everybody heard the last news at once; from then on they spread.
        self._due_at = time.monotonic() + self._poll * random.uniform(_EARLIEST, 1)  # noqa: S311
        now = self._clock()
        try:
            changed = self._offer(forced)
        except Exception as error:
            self.trouble = self._told(error)
            raise
        finally:
            self._life.taking = False
            self._looked_at = self._clock()
        if self._refused is None:
            self.trouble = None
            self._good_at = now
        return changed

    def _offer(self, forced: bool) -> bool:
        refused, self._refused = self._refused, None
        manifest = self._link.newest(self._manifest) or b""
        same = refused is not None and refused.manifest == manifest
        if refused is not None and same and not forced and time.monotonic() < refused.until:
            self._refused = refused
            return False
        take = self._take()
        if take is None:  # nobody is left to be told
            self._closed = True
            return False
        self._life.taking = True
        try:
            take(manifest)
        except StoreLost:
            raise
        except Exception:
            wait = min(_SLOWEST_RETRY, 2 * refused.wait) if refused is not None and same else self._poll
            self._refused = _Refused(manifest, wait, time.monotonic() + wait)
            raise
        changed, self._seen = manifest != self._seen, manifest
        return changed

    def _told(self, error: Exception) -> SimblockError:
        """As ``trouble`` has it. What is no SimblockError is a bug, whose message may hold data: not shown."""
        if isinstance(error, SimblockError):
            return error
        name = type(error).__name__
        frames = "".join(traceback.format_tb(error.__traceback__))
        self._say(f"a bug of simblock, please report it: {name} while watching an index", frames)
        return SimblockError(f"watching the index failed with {name}: a bug of simblock, please report it")

    def _deaf(self, error: Exception) -> None:
        """That the server is lost is told by the look that follows; anything else is said here."""
        if not isinstance(error, StoreLost):
            self._say(
                f"changes are seen after {self._poll:g} s, their stream cannot be read", self._told(error)
            )

    def _say(self, what: str, more: object) -> None:
        if what not in self._said:
            self._said.add(what)
            _log.error("%s: %s", what, more)


def _watch(reference: weakref.ref[Watcher], ended: threading.Event) -> None:
    """The thread: holds the watcher only while it is at work, so that one nobody holds can go."""
    pause = 0.0
    while not ended.wait(pause):
        watcher = reference()
        if watcher is None or watcher._take() is None:
            return
        pause = watcher._round()
        del watcher


def _weakly(take: Callable[[bytes], None]) -> Callable[[], Callable[[bytes], None] | None]:
    return weakref.WeakMethod(take) if inspect.ismethod(take) else lambda: take


def _strip(error: BaseException) -> None:
    """An error that is kept must not keep its frames: they hold the index, and what was being loaded."""
    error.__traceback__ = error.__context__ = error.__cause__ = None


_all: weakref.WeakSet[Watcher] = weakref.WeakSet()


def _forked() -> None:
    for watcher in list(_all):
        watcher._life = _Life()
        watcher._after = None


os.register_at_fork(after_in_child=_forked)
