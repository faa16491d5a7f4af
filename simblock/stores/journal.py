"""What changes after a segment was written: its removed rows, and the history of the index."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.stores.container import Container, Part

TOMBSTONE = np.dtype([("row", "<u4"), ("epoch", "<u4"), ("segment", "<u2")])
SECTIONS = frozenset({"tombstones", "history"})
_KEPT_EVENTS = 10_000
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


class Journal(NamedTuple):
    """Tombstones (their ``segment`` counts in the manifest's list) and events, oldest first."""

    tombstones: NDArray[Any]
    history: list[Event]

    def parts(self) -> list[Part]:
        """The sections of the journal's file."""
        events = [event._replace(ids=event.ids[:_NAMED]) for event in self.history[-_KEPT_EVENTS:]]
        return [
            Part("tombstones", self.tombstones, confidential=True),
            Part("history", json.dumps(events).encode(), confidential=True),
        ]


EMPTY = Journal(np.empty(0, TOMBSTONE), [])


def read(container: Container) -> Journal:
    """The journal of an opened file. Raises Damaged."""
    section = container["history"]
    events = json.loads(bytes(section.read(0, section.length)))
    return Journal(container["tombstones"].array(TOMBSTONE), [Event(*event) for event in events])
