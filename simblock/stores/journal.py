"""What changes after a segment was written: its removed rows, and the history of the index."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock import zstd
from simblock.errors import Damaged
from simblock.stores.container import Container, Part

TOMBSTONE = np.dtype([("row", "<u4"), ("epoch", "<u4"), ("segment", "<u2")])
SECTIONS = frozenset({"tombstones", "history", "recent"})
_KEPT_EVENTS = 10_000
_RECENT = 128
"""Commits that are read and written anew by each: those before are carried on as they are."""
_NAMED = 20


class Event(NamedTuple):
    """One commit: when (seconds since 1970, UTC), what (build, add, remove, purge, rebuild, merge), how many
    works of each fate, the ids where they are few, and the reason that was given.

    ``commit`` (hex) is of this commit alone: whether one state of an index came of another shows by it."""

    epoch: int
    time: int
    what: str
    counts: dict[str, int]
    ids: list[str]
    reason: str | None = None
    commit: str = ""


class Log(NamedTuple):
    """The commits of an index, oldest first: ``recent`` ones, and the ``older`` as they are stored, compressed,
    which a commit carries on without reading them."""

    older: bytes
    recent: list[Event]

    def events(self) -> list[Event]:
        """All of them. Raises Damaged."""
        return [*_unpack(self.older), *self.recent]

    def after(self, event: Event) -> Log:
        """The log with one commit more."""
        recent = [*self.recent, event._replace(ids=event.ids[:_NAMED])]
        if len(recent) <= 2 * _RECENT:
            return Log(self.older, recent)
        older = [*_unpack(self.older), *recent[:-_RECENT]]
        return Log(zstd.compress(json.dumps(older[-_KEPT_EVENTS:]).encode()), recent[-_RECENT:])

    def continues(self, older: Log) -> bool:
        """Whether what was committed last in an older log is in this one too: so it came of it."""
        return not older.recent or self.holds(older.recent[-1])

    def holds(self, event: Event) -> bool:
        """Whether a commit is among them, or may have been and was forgotten since."""
        if event in self.recent:
            return True
        events = self.events()
        return not events or events[0].epoch > event.epoch or event in events


class Journal(NamedTuple):
    """Tombstones (their ``segment`` counts in the manifest's list), and the log."""

    tombstones: NDArray[Any]
    log: Log

    def parts(self) -> list[Part]:
        """The sections of the journal's file."""
        return [
            Part("tombstones", self.tombstones, confidential=True),
            Part("history", self.log.older, confidential=True),
            Part("recent", json.dumps(self.log.recent).encode(), confidential=True),
        ]


EMPTY = Journal(np.empty(0, TOMBSTONE), Log(b"", []))


def read(container: Container) -> Journal:
    """The journal of an opened file. Raises Damaged."""
    older = _bytes(container, "history")
    if "recent" in container.sections:
        log = Log(older, _events(_bytes(container, "recent"), container.name))
    else:  # an index of a release before has all of it in one
        log = Log(b"", _events(older, container.name))
    return Journal(container["tombstones"].array(TOMBSTONE), log)


def _bytes(container: Container, name: str) -> bytes:
    section = container[name]
    return bytes(section.read(0, section.length))


def _unpack(older: bytes) -> list[Event]:
    try:
        return _events(zstd.decompress(older), "the log of the index") if older else []
    except zstd.ZstdError:
        raise _damaged("the log of the index") from None


def _events(data: bytes, name: str) -> list[Event]:
    try:
        return [Event(*event) for event in json.loads(data)]
    except (ValueError, TypeError, RecursionError):
        raise _damaged(name) from None


def _damaged(name: str) -> Damaged:
    return Damaged(f"{name} cannot be read: rebuild the index or restore it from a copy")
