"""Decisions, counts and delays on their way out: to an audit log, to metrics, to the live page.

Whoever serves tells :class:`Events` what happens. Nothing that is told here comes back into a stream: a sink that
fails is logged once and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from simblock.events.decision import Decision, Outcome, Spoken, Unscanned, spread
from simblock.events.metrics import Metrics

LOG = logging.getLogger("simblock")
HARMLESS = "harmless"
"""Why a route passes that has nothing of a model's text."""


class Sink(Protocol):
    """Something that takes decisions, one after the other, from any thread."""

    def take(self, decision: Decision) -> None: ...

    def bypassed(self, reason: str, route: str) -> None: ...


class Digest(Protocol):
    """The digest of a text, as it comes."""

    def update(self, text: str) -> None: ...

    def hexdigest(self) -> str: ...


@runtime_checkable
class Ledger(Sink, Protocol):
    """A sink on which responses depend: they may have to wait for it, and it may want digests of what they say."""

    @property
    def blocked(self) -> str | None: ...

    def digest(self) -> Digest | None: ...


class Events:
    """What happens, told to sinks and metrics. Every call is cheap, may come from any thread, and raises nothing.

    ``scanned``, ``held`` and ``first`` take seconds: of one scan, of one text between its arrival and its release, and
    by how much the first text of a response was delayed.
    """

    def __init__(self, *sinks: Sink, metrics: Metrics | None = None) -> None:
        self.sinks, self.metrics = sinks, metrics
        self._ledgers = [sink for sink in sinks if isinstance(sink, Ledger)]
        self._failed: set[int] = set()
        self.scanned: Callable[[float], None] = metrics.scan.observe if metrics else _nowhere
        self.held: Callable[[float], None] = metrics.hold.observe if metrics else _nowhere
        self.first: Callable[[float], None] = metrics.first.observe if metrics else _nowhere

    def decided(self, decision: Decision) -> None:
        """A response is over, or a check is done."""
        if self.metrics is not None:
            self.metrics.decided(decision)
        self._tell(lambda sink: sink.take(decision))

    def bypassed(self, reason: str, route: str) -> None:
        """Something went by that was not scanned, by the pattern of its route.

        For :data:`HARMLESS` (models, health) it is counted only; for every other reason sinks are told, too.
        """
        self._count("bypasses", reason)
        if reason != HARMLESS:
            self._tell(lambda sink: sink.bypassed(reason, route))

    def refused(self, route: str) -> None:  # noqa: ARG002 - a path as it came is no label
        """A request was refused, for its route is not known."""
        self._count("refused")

    def failed(self, stage: str) -> None:
        """Something broke: an upstream, a frame that could not be read, a rewriter."""
        self._count("errors", stage)

    def reloaded(self, *, well: bool) -> None:
        """A changed policy was taken up, or could not be."""
        self._count("reloads", "taken up" if well else "failed")

    def begun(self) -> None:
        """A response begins."""
        if self.metrics is not None:
            self.metrics.in_flight.add(1)

    def ended(self) -> None:
        """A response is over, however."""
        if self.metrics is not None:
            self.metrics.in_flight.add(-1)

    @property
    def blocked(self) -> str | None:
        """Why no further response may begin: a log that is required cannot be written. None where one may."""
        return next((reason for ledger in self._ledgers if (reason := ledger.blocked)), None)

    def digest(self) -> Digest | None:
        """What digests an output for a log that keeps digests; None where none does."""
        return next((made for ledger in self._ledgers if (made := ledger.digest())), None)

    def _count(self, what: str, *labels: str) -> None:
        if self.metrics is not None:
            self.metrics.counters[what].add(labels)

    def _tell(self, tell: Callable[[Sink], None]) -> None:
        for number, sink in enumerate(self.sinks):
            try:
                tell(sink)
            except Exception as error:  # nothing that is told may end what it is told of
                self._lost(number, error)
            else:
                self._failed.discard(number)

    def _lost(self, number: int, error: Exception) -> None:
        name = type(self.sinks[number]).__name__.lower()
        self._count("errors", name)
        if number not in self._failed:
            self._failed.add(number)
            LOG.error("%s: %s", name, error)


def _nowhere(_seconds: float) -> None: ...


__all__ = [
    "HARMLESS",
    "Decision",
    "Events",
    "Ledger",
    "Metrics",
    "Outcome",
    "Sink",
    "Spoken",
    "Unscanned",
    "spread",
]
