"""What is the matter with the indexes of a guard: counted, logged once, and not asked too eagerly."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

LOG = logging.getLogger("simblock")
SETTLED = 1.0
"""Seconds without another failure after which an outage is over: one bad page would else begin a new one at each hit."""
PATIENCE = 4.0
"""An index that let wait in vain is left alone for so many times as long: so a fifth of the time goes into waiting."""
LONGEST_PAUSE = 1.0
QUICK = 0.02
"""Seconds within which a failure costs nothing worth a pause: it may then be asked at each step."""
MOST_REASONS = 8

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
    last: float
    reasons: list[str] = field(default_factory=list)


class Outages:
    """The outages of a guard's indexes, by their numbers; ``open`` are those that last.

    ``clock`` gives seconds that only rise.
    """

    def __init__(
        self, names: Sequence[str], counts: Counts, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._names, self._counts = names, counts
        self.open: dict[tuple[int, Way], _Outage] = {}
        self._pauses: dict[int, float] = {}
        self._lock = threading.Lock()
        _all.add(self)

    def note(self, number: int, way: Way, reason: str, waited: float = 0.0) -> None:
        """Takes note of a failure; ``waited`` are the seconds it took to find out."""
        with self._lock:
            now = self.clock()
            outage = self.open.get((number, way))
            if outage is None:
                outage = self.open[number, way] = _Outage(now)
                self._counts.add("stale" if way == "news" else "lost")
            outage.last = now
            if way == "answer" and waited > QUICK:
                self._pauses[number] = now + min(PATIENCE * waited, LONGEST_PAUSE)
            if reason not in outage.reasons and len(outage.reasons) < MOST_REASONS:
                outage.reasons.append(reason)
                LOG.warning("index %s is lost: %s", self._names[number], reason)

    def settle(self, number: int, way: Way, age: float) -> None:
        """Ends an outage where nothing failed for a while, and there was news of the index since."""
        with self._lock:
            outage = self.open.get((number, way))
            if outage is not None and self.clock() - outage.last > max(SETTLED, age):
                del self.open[number, way]
                self._counts.add("recovered")
                LOG.warning("index %s is back", self._names[number])

    def paused(self, number: int) -> str | None:
        """Why an index is not to be asked yet; None where it may be."""
        if self.clock() >= self._pauses.get(number, 0.0):
            return None
        with self._lock:
            outage = self.open.get((number, "answer"))
            return outage.reasons[-1] if outage else None


_all: weakref.WeakSet[Outages] = weakref.WeakSet()


def _forked() -> None:
    for outages in list(_all):  # another thread of the parent may have held these
        outages._lock = threading.Lock()
        outages._counts.renew()


os.register_at_fork(after_in_child=_forked)

__all__ = ["Counts", "Outages"]
