"""What many decisions come to, kept small however many there are: the figures of the live page and of ``simblock report``.

Nothing of what was said is kept: outcomes, delays, and which works and rules acted.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from simblock.events.decision import Decision, Outcome, named
from simblock.match import Match, unit_of
from simblock.work import Work

MINUTE = 60
MINUTES = 100_000
"""Minutes that are told apart: over two months. Of more the oldest are forgotten."""
WORKS = 10_000
"""Works that are told apart; of more, those that acted least are summed up."""
QUIET: frozenset[Outcome] = frozenset({"clean", "client_gone"})
"""Outcomes in which nothing was done, and nothing broke."""
STEPS = 8
"""Of a delay's scale, in each doubling: so a percentile is at most a tenth too large."""


class Shown(NamedTuple):
    """A decision as a row of a table: what acted, if anything did, by which figure.

    Times are seconds since 1970 and milliseconds; ``unscanned`` counts what was not scanned of it.
    """

    at: float
    id: str
    route: str
    format: str | None
    tenant: str | None
    outcome: Outcome
    work: Work | None
    rule: str
    by: str
    value: float
    threshold: float
    unit: str
    held_ms: float
    first_ms: float | None
    scan_ms: float
    unscanned: int


@dataclass(slots=True)
class WorkTally:
    """One work over all decisions that it made."""

    work: Work
    decisions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    last: float = 0.0


class Delays:
    """How long things took, in milliseconds: percentiles without keeping every figure."""

    __slots__ = ("count", "most", "steps", "zero")

    def __init__(self) -> None:
        self.steps: Counter[int] = Counter()
        self.count = self.zero = 0
        self.most = 0.0

    def take(self, milliseconds: float) -> None:
        """Takes one figure."""
        self.count += 1
        self.most = max(self.most, milliseconds)
        if milliseconds > 0:
            self.steps[math.ceil(STEPS * math.log2(milliseconds))] += 1
        else:
            self.zero += 1

    def percentile(self, share: float) -> float | None:
        """What that share of the figures is at most, up to a tenth more; None where there are none."""
        if not self.count:
            return None
        left = share * self.count - self.zero
        if left <= 0:
            return 0.0
        for step, count in sorted(self.steps.items()):
            left -= count
            if left <= 1e-9:
                return min(2 ** (step / STEPS), self.most)
        return self.most

    def under(self, bound: float) -> int:
        """How many are not over a bound that is a power of two."""
        last = round(STEPS * math.log2(bound))
        return self.zero + sum(count for step, count in self.steps.items() if step <= last)


class Tally:
    """Takes decisions one by one, and what was never scanned.

    ``last`` are so many of the latest, ``acted`` so many of those in which something was done, or broke.
    """

    def __init__(self, last: int = 200) -> None:
        self.total = 0
        self.outcomes: Counter[str] = Counter()
        self.minutes: dict[int, Counter[str]] = {}
        self.routes: Counter[tuple[str, str]] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.works: dict[tuple[str, str], WorkTally] = {}
        self.unscanned: Counter[str] = Counter()
        self.bypasses: Counter[tuple[str, str]] = Counter()
        self.held, self.first, self.scan = Delays(), Delays(), Delays()
        self.last: deque[Shown] = deque(maxlen=last)
        self.acted: deque[Shown] = deque(maxlen=last)
        self.latest: float | None = None
        self.earliest: float | None = None

    def take(self, decision: Decision) -> None:
        """Takes one decision."""
        shown = shown_of(decision)
        self.total += 1
        self.outcomes[shown.outcome] += 1
        self.routes[shown.route, shown.outcome] += 1
        self._when(shown)
        for delays, figure in (
            (self.held, shown.held_ms),
            (self.first, shown.first_ms),
            (self.scan, shown.scan_ms),
        ):
            if figure is not None:
                delays.take(figure)
        for one in decision.unscanned:
            self.unscanned[one.reason] += 1
        if shown.work is not None:
            self.rules[shown.rule, shown.outcome] += 1
            self._of_work(shown, deciding(decision))
        self.last.append(shown)
        if shown.outcome not in QUIET:
            self.acted.append(shown)

    def bypassed(self, reason: str, route: str) -> None:
        """Takes note of something that was not scanned at all."""
        self.bypasses[reason, route] += 1

    def top(self, count: int) -> list[WorkTally]:
        """The works that made most decisions."""
        return sorted(self.works.values(), key=lambda one: (-one.decisions, one.work.id))[:count]

    def _when(self, shown: Shown) -> None:
        at = shown.at
        self.latest = at if self.latest is None else max(self.latest, at)
        self.earliest = at if self.earliest is None else min(self.earliest, at)
        self.minutes.setdefault(int(at // MINUTE), Counter())[shown.outcome] += 1
        if len(self.minutes) > MINUTES:
            del self.minutes[min(self.minutes)]

    def _of_work(self, shown: Shown, match: Match | None) -> None:
        assert shown.work is not None
        key = (match.index if match else "", shown.work.id)
        if key not in self.works and len(self.works) >= WORKS:
            for one in sorted(self.works, key=lambda key: self.works[key].decisions)[: WORKS // 2]:
                del self.works[one]
        tally = self.works.setdefault(key, WorkTally(shown.work))
        tally.decisions += 1
        tally.outcomes[shown.outcome] += 1
        tally.last = max(tally.last, shown.at)


class Bar(NamedTuple):
    """What fell into one stretch of time, from ``at`` on."""

    at: float
    counts: Counter[str]


LEAST = 30
"""Stretches that are shown where there were decisions in fewer."""
LENGTHS = (1, 5, 15, 60, 180, 360, 720, 1440, 2880, 10080)
"""Minutes of a stretch: those that people count in."""


def rates(tally: Tally, most: int = 60, until: float | None = None) -> tuple[int, list[Bar]]:
    """How many seconds a stretch has, and at least :data:`LEAST` and at most so many stretches, empty ones too.

    The last is that of ``until``, where it is later than the latest decision.
    """
    if not tally.minutes:
        return MINUTE, []
    first, last = min(tally.minutes), max(*tally.minutes, int((until or 0) // MINUTE))
    length = next((n for n in LENGTHS if last // n - first // n < most), LENGTHS[-1])
    begin = max(min(first // length, last // length - LEAST + 1), last // length - most + 1)
    bars = [Bar(float(n * length * MINUTE), Counter()) for n in range(begin, last // length + 1)]
    for minute, counts in tally.minutes.items():
        if minute // length >= begin:
            bars[minute // length - begin].counts.update(counts)
    return length * MINUTE, bars


def deciding(decision: Decision) -> Match | None:
    """The match that made a decision, where it is among those told."""
    decided = decision.report.decided
    if decided is None:
        return None
    its = [match for match in decision.report.matches if match.work.id == decided.work]
    return next(_best(its, decided.action, decided.view), None)


def _best(its: list[Match], action: str, view: str) -> Iterator[Match]:
    yield from sorted(its, key=lambda match: (match.action != action, match.view != view))


def shown_of(decision: Decision) -> Shown:
    """A decision as a row."""
    decided, match = decision.report.decided, deciding(decision)
    work = match.work if match else Work(decided.work) if decided and decided.work else None
    return Shown(
        at=decision.at,
        id=decision.id,
        route=decision.route,
        format=decision.format,
        tenant=named(decision.tenant),
        outcome=decision.outcome,
        work=work,
        rule=decided.rule if decided else "",
        by=decided.by if decided else "",
        value=decided.value if decided else 0.0,
        threshold=decided.threshold if decided else 0.0,
        unit=_unit(decided.by, decided.view) if decided else "",
        held_ms=decision.held_ms,
        first_ms=decision.first_ms,
        scan_ms=decision.scan_ms,
        unscanned=len(decision.unscanned),
    )


def _unit(by: str, view: str) -> str:
    return "bits" if by == "min_evidence" else f"{unit_of(view)}s"
