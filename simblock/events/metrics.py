"""Counts and delays of a serving process, kept by ourselves so that one costs less than a microsecond.

Labels are bounded: routes are patterns of a table, and a family has at most :data:`MOST` series, the rest of which
are counted as ``other``. prometheus_client is needed only to write them down (:mod:`simblock.events.exposition`).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from simblock.events.decision import Decision

MOST = 256
"""Series of one family; a table of routes times formats times outcomes stays under it."""
OTHER = "other"
FAST = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 1.0)
"""Upper bounds in seconds: a scan takes tens of microseconds."""
SLOW = (1e-4, 1e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds: text is held while a model says some tens of words."""


class Histogram:
    """How often a figure was how large. ``counts`` has one more than ``bounds``: what is over all of them."""

    __slots__ = ("_lock", "bounds", "counts", "help", "name", "sum")

    def __init__(self, name: str, help: str, bounds: tuple[float, ...]) -> None:
        self.name, self.help, self.bounds = name, help, bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """Takes one figure."""
        place = bisect_left(self.bounds, value)
        with self._lock:
            self.counts[place] += 1
            self.sum += value

    def read(self) -> tuple[list[int], float]:
        """The counts, cumulated from the smallest bound on, and the sum of all figures."""
        with self._lock:
            counts, total = list(self.counts), self.sum
        for place in range(1, len(counts)):
            counts[place] += counts[place - 1]
        return counts, total


class Counter:
    """Counts by labels."""

    __slots__ = ("_lock", "_values", "help", "labels", "name")

    def __init__(self, name: str, help: str, labels: tuple[str, ...] = ()) -> None:
        self.name, self.help, self.labels = name, help, labels
        self._values: dict[tuple[str, ...], int] = {} if labels else {(): 0}
        self._lock = threading.Lock()

    def add(self, labels: tuple[str, ...] = (), amount: int = 1) -> None:
        """Counts so many more; where there are too many series, under ``other``."""
        with self._lock:
            if labels not in self._values and len(self._values) >= MOST:
                labels = (OTHER,) * len(self.labels)
            self._values[labels] = self._values.get(labels, 0) + amount

    def read(self) -> dict[tuple[str, ...], int]:
        """The counts so far."""
        with self._lock:
            return dict(self._values)


class Gauge:
    """A number that goes up and down."""

    __slots__ = ("_lock", "help", "name", "value")

    def __init__(self, name: str, help: str) -> None:
        self.name, self.help, self.value = name, help, 0
        self._lock = threading.Lock()

    def add(self, amount: int) -> None:
        """Adds to it, or takes from it."""
        with self._lock:
            self.value += amount


class Indexed(Protocol):
    """What is told of an index."""

    @property
    def name(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def age(self) -> float: ...


class Guarding(Protocol):
    """What is told of a guard."""

    @property
    def indexes(self) -> tuple[Any, ...]: ...
    @property
    def policy(self) -> Any: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


class Metrics:
    """The metrics of one process. ``guard``, which a reload replaces, is asked when they are written down."""

    def __init__(self, guard: Guarding | None = None) -> None:
        self.guard = guard
        self.scan = Histogram("simblock_scan_seconds", "Scanning what one event or chunk says.", FAST)
        self.hold = Histogram("simblock_hold_delay_seconds", "Text, from its arrival to its release.", SLOW)
        self.first = Histogram(
            "simblock_first_release_delay_seconds",
            "The first text of a response, from its arrival to its release.",
            SLOW,
        )
        self.in_flight = Gauge("simblock_in_flight", "Responses that are being filtered.")
        self.counters = {name: Counter(*row) for name, row in _COUNTERS.items()}

    def decided(self, decision: Decision) -> None:
        """Counts a response that is over."""
        mode = "stream" if decision.streaming else "whole"
        labels = (decision.route, decision.format or "none", mode, decision.outcome)
        self.counters["streams"].add(labels)
        for match in decision.report.matches:
            self.counters["matches"].add((match.index, match.action))
        for one in decision.unscanned:
            self.counters["unscanned"].add((one.reason,), one.bytes)

    @property
    def histograms(self) -> tuple[Histogram, ...]:
        """All of them."""
        return self.scan, self.hold, self.first

    def indexes(self) -> Iterator[Indexed]:
        """The indexes of the guard, if any."""
        yield from self.guard.indexes if self.guard is not None else ()

    def render(self) -> tuple[bytes, str]:
        """What a scrape is answered with, and its media type. Raises MissingExtra without prometheus_client."""
        from simblock.events.exposition import written

        return written(self)


_COUNTERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "streams": ("simblock_streams", "Responses that are over.", ("route", "format", "mode", "outcome")),
    "matches": ("simblock_matches", "Matches of responses that are over.", ("index", "action")),
    "bypasses": ("simblock_bypass", "What went by without being scanned.", ("reason",)),
    "unscanned": ("simblock_unscanned_bytes", "Bytes of responses that were not scanned.", ("reason",)),
    "refused": ("simblock_refused", "Requests for routes that are not known.", ()),
    "errors": ("simblock_errors", "What broke, by where.", ("stage",)),
    "reloads": ("simblock_policy_reloads", "Policies that changed on disk.", ("result",)),
}
