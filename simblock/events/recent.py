"""The last decisions of a serving process, and what all of them come to: what the live page shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from simblock.events.decision import Decision
from simblock.events.tally import Tally

T = TypeVar("T")


class Recent:
    """A ring of the last decisions, and their tally since the process began. Safe to share between threads."""

    def __init__(self, last: int = 200) -> None:
        self._tally = Tally(last)
        self._lock = threading.Lock()

    def take(self, decision: Decision) -> None:
        """Takes one decision."""
        with self._lock:
            self._tally.take(decision)

    def bypassed(self, reason: str, route: str) -> None:
        """Takes note of something that was not scanned at all."""
        with self._lock:
            self._tally.bypassed(reason, route)

    def read(self, look: Callable[[Tally], T]) -> T:
        """What ``look`` makes of the tally, while nothing is added to it."""
        with self._lock:
            return look(self._tally)
