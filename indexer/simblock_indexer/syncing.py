"""``sync``: an index brought to another place, once or as often as it changes."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from simblock.errors import SimblockError, UsageError
from simblock.stores import syncing
from simblock.stores.redis.address import is_url
from simblock.stores.syncing import Synced, Watch
from simblock_indexer.exits import complain
from simblock_indexer.indexes import KeyFiles, is_keyed, key_of, shown, stamp
from simblock_indexer.tables import counted, emit, say, size

PROGRAM = "simblock-index"
REMINDED = 60.0
"""Seconds after which it is said again that a place is out of reach."""
BEHIND = 4
"""Commits brought at once from which on a follower is called behind; two come together now and then."""
RATED = 1_000_000
"""Under so many bytes a rate would be that of starting up."""


class Places(NamedTuple):
    """From where to where, and the key of both."""

    source: str
    target: str
    key: bytes | None

    def fields(self, done: Synced, seconds: float | None) -> dict[str, Any]:
        """What was done, for JSON."""
        return {
            "source": shown(self.source),
            "target": shown(self.target),
            **done._asdict(),
            "seconds": seconds,
        }

    def line(self, done: Synced, seconds: float | None) -> str:
        """What was done, for people."""
        if not done.changed:
            return f"{shown(self.target)}: unchanged, epoch {done.epoch:,}"
        taken = "" if seconds is None else f" in {seconds:,.1f} s"
        rate = f" ({size(done.bytes / seconds)}/s)" if seconds and done.bytes >= RATED else ""
        brought = f"{counted(done.files, 'file')}, {size(done.bytes)}{taken}{rate}"
        return f"{shown(self.target)}: epoch {done.epoch:,}: {brought}"


def places(source: str, target: str, key_file: KeyFiles, *, no_key: bool) -> Places:
    """Checks what is asked. Raises UsageError, KeyProblem, and what reading the source's manifest raises."""
    key = key_of(source, key_file)
    if key is not None and no_key:
        raise UsageError("--key-file (or SIMBLOCK_KEY_FILE) and --no-key contradict each other: give one")
    if is_url(target) and not no_key and not is_keyed(source) and stamp(target) is None:
        raise UsageError(
            f"{shown(target)}: who reads a server reads what is not keyed, and {shown(source)} is not: build it "
            "with --key-file, or say --no-key where that is all right"
        )
    return Places(source, target, key)


class Done(NamedTuple):
    """What a sync did, and in how many seconds."""

    synced: Synced
    seconds: float


def once(where: Places, watch: Watch | None = None, *, anew: bool = False) -> Done:
    """Makes the target what the source is now; ``anew`` brings also what it has."""
    began = time.monotonic()
    done = syncing.sync(where.source, where.target, key=where.key, watch=watch, anew=anew)
    return Done(done, time.monotonic() - began)


def follow(where: Places, first: Done, *, json: bool) -> None:
    """Shows the first sync, and keeps the target as the source is until SIGTERM comes.

    An interruption says at which epoch it stands.

    A place that is out of reach is told once and again each minute, and when it is back; meanwhile the
    target stays as it is. Commits that come faster than they are brought are told once a minute, too.
    """
    told = _Told(where, first.synced.epoch, json)
    with _stopped_by_sigterm() as stop:
        try:
            show(where, *first, json=json)
            syncing.follow(where.source, where.target, stop, key=where.key, told=told)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{shown(where.target)} is at epoch {told.epoch:,}") from None


class _Told:
    """Hears what following does, and says what people should know."""

    def __init__(self, where: Places, epoch: int, json: bool) -> None:
        self.epoch = epoch
        self._where, self._json = where, json
        self._lost_at: float | None = None
        self._said_at = -math.inf

    def __call__(self, news: Synced | SimblockError) -> None:
        if isinstance(news, SimblockError):
            self._lost(news)
            return
        if self._lost_at is not None:
            complain(PROGRAM, f"goes on after {time.monotonic() - self._lost_at:,.0f} s")
            self._lost_at = None
        elif news.epoch - self.epoch >= BEHIND and time.monotonic() - self._said_at >= REMINDED:
            self._said_at = time.monotonic()
            commits = f"{news.epoch - self.epoch:,} commits"
            complain(
                PROGRAM,
                f"{shown(self._where.target)} was {commits} behind: they come faster than they are brought",
            )
        self.epoch = news.epoch
        if news.changed:
            show(self._where, news, None, json=self._json)

    def _lost(self, error: SimblockError) -> None:
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at, since = now, ""
        elif now - self._said_at < REMINDED:
            return
        else:
            since = f" for {now - self._lost_at:,.0f} s now"
        self._said_at = now
        behind = f"{shown(self._where.target)} stays at epoch {self.epoch:,}{since}"
        complain(PROGRAM, f"{behind}: {error}; it is tried again")


def show(where: Places, done: Synced, seconds: float | None, *, json: bool) -> None:
    """Prints what was done, at once."""
    if json:
        emit(where.fields(done, seconds))
    else:
        say(where.line(done, seconds))
    sys.stdout.flush()  # who follows reads it as it happens


@contextmanager
def _stopped_by_sigterm() -> Iterator[threading.Event]:
    """An event that is set when the process is asked to end."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
