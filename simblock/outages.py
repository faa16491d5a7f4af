"""What is the matter with the indexes of a guard: counted, logged once, and not asked too eagerly."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

LOG = logging.getLogger("simblock")
SETTLED = 1.0
"""Seconds without another failure after which an outage is over: one bad page would else begin a new one at each hit."""
PATIENCE = 4.0
"""An index that let wait in vain is left alone for so many times as long: so a fifth of the time goes into waiting."""
LONGEST_PAUSE = 1.0
QUICK = 0.02
"""Seconds within which a failure costs nothing worth a pause: it may then be asked at each step."""
MOST_REASONS = 8
_PARTICULARS = re.compile(r"\([^()]*\)|\S*\d\S*")
"""What makes reasons of one kind differ: a record's name, an epoch, how long was waited."""

Way: TypeAlias = Literal["answer", "refresh", "news"]
"""In what an index fails: it does not answer, cannot take up what was committed, or has no news of its store."""


class Counts(Counter[str]):
    """How often what happened; safe to add to from many threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def renew(self) -> None:
        """For a process that was forked while another thread was counting."""
        self._lock = threading.Lock()

    def add(self, what: str) -> None:
        """Counts one more."""
        with self._lock:
            self[what] += 1


@dataclass
class _Outage:
    ways: dict[Way, _Failure] = field(default_factory=dict)
    """The last failure in each way in which the index is not well yet."""
    counted: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)


class _Failure(NamedTuple):
    at: float
    reason: str


class Outages:
    """The outages of a guard's indexes, by their numbers; ``open`` are those that last.

    An index has one at a time, whatever it fails in, and it ends when the index is well in all of that. Of each kind
    of reason one is logged. ``clock`` gives seconds that only rise.
    """

    def __init__(
        self, names: Sequence[str], counts: Counts, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._names, self._counts = names, counts
        self.open: dict[int, _Outage] = {}
        self._pauses: dict[int, float] = {}
        self._lock = threading.Lock()
        _all.add(self)

    def note(self, number: int, way: Way, reason: str, waited: float = 0.0) -> None:
        """Takes note of a failure; ``waited`` are the seconds it took to find out."""
        with self._lock:
            now = self.clock()
            outage = self.open.setdefault(number, _Outage())
            outage.ways[way] = _Failure(now, reason)
            if way == "answer" and waited > QUICK:
                self._pauses[number] = now + min(PATIENCE * waited, LONGEST_PAUSE)
            what, kind = "stale" if way == "news" else "lost", _PARTICULARS.sub("", reason)
            if what not in outage.counted:
                outage.counted.add(what)
                self._counts.add(what)
            if kind not in outage.kinds and len(outage.kinds) < MOST_REASONS:
                outage.kinds.add(kind)
                LOG.warning("index %s is lost: %s", self._names[number], reason)

    def settle(self, number: int, way: Way, age: float) -> None:
        """Ends an outage where nothing failed for a while, and there was news of the index since."""
        with self._lock:
            outage = self.open.get(number)
            failure = outage and outage.ways.get(way)
            if not outage or not failure or self.clock() - failure.at <= max(SETTLED, age):
                return
            del outage.ways[way]
            if not outage.ways:
                del self.open[number]
                self._counts.add("recovered")
                LOG.warning("index %s is back", self._names[number])

    def paused(self, number: int) -> str | None:
        """Why an index is not to be asked yet; None where it may be."""
        if self.clock() >= self._pauses.get(number, 0.0):
            return None
        with self._lock:
            outage = self.open.get(number)
            failure = outage and outage.ways.get("answer")
            return failure.reason if failure else None


_all: weakref.WeakSet[Outages] = weakref.WeakSet()


def _forked() -> None:
    for outages in list(_all):  # another thread of the parent may have held these
        outages._lock = threading.Lock()
        outages._counts.renew()


os.register_at_fork(after_in_child=_forked)

__all__ = ["Counts", "Outages"]
