"""How many responses of a log a policy would stop, for other values of each of its thresholds.

A higher threshold never stops more, so the last value of a grid at which a match acts is found by halving; a
response is stopped as far as any of its matches is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from simblock.match import HOLDING, Match
from simblock.policy import Policy, Resolved
from simblock.scheme import T_LEXEMES, T_WORDS
from simblock.tokens import CODE_VIEWS
from simblock.work import Work

Section: TypeAlias = Literal["text", "code"]


class Field(NamedTuple):
    """A threshold of a policy."""

    section: Section
    name: str

    def __str__(self) -> str:
        return f"{self.section}.{self.name}"


_COUNTS = (8, 12, 16, 20, 24, 30, 32, 40, 50, 60, 80, 100, 120, 160, 200, 300)
_SHARES = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
_BITS = (0.0, 10.0, 20.0, 30.0, 40.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0)
GRID: dict[Field, tuple[float, ...]] = {
    Field("text", "min_run"): tuple(n for n in _COUNTS if n >= T_WORDS),
    Field("text", "min_tokens"): _COUNTS,
    Field("text", "min_similarity"): _SHARES,
    Field("text", "max_quoted"): _COUNTS,
    Field("text", "min_information"): _BITS,
    Field("text", "min_evidence"): _BITS[1:],
    Field("code", "min_run"): tuple(n for n in _COUNTS if n >= T_LEXEMES),
    Field("code", "min_tokens"): tuple(n for n in _COUNTS if n >= 16),
    Field("code", "min_similarity"): _SHARES,
    Field("code", "max_quoted"): tuple(n for n in _COUNTS if n >= 16),
    Field("code", "min_information"): _BITS,
}
"""Values at which stops are counted, besides the policy's own; all are values that a policy may have."""


class Line(NamedTuple):
    """Stops by the values of one threshold; ``now`` is the policy's own value."""

    field: Field
    now: float
    values: tuple[float, ...]
    stops: tuple[int, ...]


class Curve:
    """Takes the matches of responses; :attr:`lines` are what all of them come to."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lines = [_Counting(policy, field, values) for field, values in GRID.items()]

    def take(self, matches: Sequence[Match], tenant: str | None) -> None:
        """Takes the matches of one response."""
        for line in self._lines:
            line.take(matches, tenant)

    @property
    def lines(self) -> list[Line]:
        """A line for each threshold."""
        return [line.read() for line in self._lines]

    def line(self, name: str) -> Line | None:
        """The line of a threshold by its name, such as ``text.min_run``."""
        return next((line for line in self.lines if str(line.field) == name), None)

    def to_dict(self) -> list[dict[str, Any]]:
        """All lines as JSON."""
        return [
            {
                "field": str(line.field),
                "now": line.now,
                "points": [
                    {"value": value, "stops": stops}
                    for value, stops in zip(line.values, line.stops, strict=True)
                ],
            }
            for line in self.lines
        ]


class _Counting:
    """One threshold: the policy with each value of it, and how many responses stop up to which."""

    def __init__(self, policy: Policy, field: Field, grid: Iterable[float]) -> None:
        self._field = field
        self._now = float(getattr(getattr(policy, field.section), field.name))
        self._values = tuple(sorted({*map(float, grid), self._now}))
        self._policies = [_with(policy, field, value) for value in self._values]
        self._last: Counter[int] = Counter()
        self._resolve = lru_cache(1 << 14)(self._resolved)

    def take(self, matches: Sequence[Match], tenant: str | None) -> None:
        last = max(self._places(match, tenant) for match in matches)
        self._last[last] += 1

    def read(self) -> Line:
        stops = [
            sum(n for last, n in self._last.items() if last > place) for place in range(len(self._values))
        ]
        return Line(self._field, self._now, self._values, tuple(stops))

    def _places(self, match: Match, tenant: str | None) -> int:
        """At how many values, from the lowest on, the match is stopped."""
        every = len(self._values)
        if self._stops(every - 1, match, tenant):
            return every
        if (match.view in CODE_VIEWS and match.view != "comments") != (self._field.section == "code"):
            return 0
        return bisect_left(range(every), True, key=lambda place: not self._stops(place, match, tenant))

    def _stops(self, place: int, match: Match, tenant: str | None) -> bool:
        resolved = self._resolve(place, match.work, tenant, match.view)
        if resolved.action not in HOLDING:
            return False
        verdict = self._policies[place].judge_match(resolved, match)
        return verdict is not None and verdict.action in HOLDING

    def _resolved(self, place: int, work: Work, tenant: str | None, view: str) -> Resolved:
        return self._policies[place].resolve(work, tenant, view)


def _with(policy: Policy, field: Field, value: float) -> Policy:
    limits = getattr(policy, field.section)
    kind = type(getattr(limits, field.name))
    changed = limits.model_copy(update={field.name: kind(value)})
    return policy.model_copy(update={field.section: changed})
