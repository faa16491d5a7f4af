"""A tally as JSON: what ``/live.json`` answers, ``simblock report --json`` prints and the page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from simblock.events.record import rfc3339
from simblock.events.tally import Delays, Shown, Tally, WorkTally, rates

SCHEMA = 1
WORKS = 20
"""Works that are listed."""
ROWS = 50
"""Decisions that are listed."""
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def view(tally: Tally, *, works: int = WORKS, rows: int = ROWS, until: float | None = None) -> dict[str, Any]:
    """All that the page shows. Times are RFC 3339 in UTC, delays in milliseconds.

    ``until``, in seconds since 1970, is the time up to which there is nothing more to come: now, of a live page.
    """
    seconds, bars = rates(tally, until=until)
    return {
        "schema": SCHEMA,
        "responses": tally.total,
        "since": None if tally.earliest is None else rfc3339(tally.earliest),
        "until": None if tally.latest is None else rfc3339(tally.latest),
        "outcomes": _counts(tally.outcomes),
        "rates": {
            "seconds": seconds,
            "bars": [{"at": rfc3339(bar.at), "outcomes": _counts(bar.counts)} for bar in bars],
        },
        "held_ms": _delays(tally.held),
        "first_ms": _delays(tally.first),
        "scan_ms": _delays(tally.scan),
        "works": [_work(one) for one in tally.top(works)],
        "rules": [{"rule": rule, "outcomes": counts} for rule, counts in _by(tally.rules)],
        "routes": [{"route": route, "outcomes": counts} for route, counts in _by(tally.routes)],
        "unscanned": _counts(tally.unscanned),
        "bypasses": [
            {"reason": reason, "route": route, "count": count}
            for (reason, route), count in tally.bypasses.most_common()
        ],
        "acted": _rows(tally.acted, rows),
        "last": _rows(tally.last, rows),
    }


def _counts(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())


def _by(counts: Counter[tuple[str, str]]) -> list[tuple[str, dict[str, int]]]:
    """Counts of pairs as counts by the first of each, those with most first."""
    grouped: dict[str, Counter[str]] = {}
    for (first, second), count in counts.items():
        grouped.setdefault(first, Counter())[second] += count
    ordered = sorted(grouped.items(), key=lambda item: (-item[1].total(), item[0]))
    return [(first, _counts(group)) for first, group in ordered]


def _delays(delays: Delays) -> dict[str, Any]:
    found: dict[str, Any] = {"count": delays.count, "none": delays.zero}
    for name, share in SHARES.items():
        figure = delays.percentile(share)
        found[name] = None if figure is None else round(figure, 3)
    found["most"] = round(delays.most, 3) if delays.count else None
    return found


def _work(one: WorkTally) -> dict[str, Any]:
    work = one.work
    return {
        "id": work.id,
        "title": work.title,
        "owner": work.owner,
        "license": work.license,
        "decisions": one.decisions,
        "outcomes": _counts(one.outcomes),
        "last": rfc3339(one.last),
    }


def _rows(shown: Iterable[Shown], rows: int) -> list[dict[str, Any]]:
    """The latest first."""
    return [_row(one) for one in list(shown)[: -rows - 1 : -1]]


def _row(one: Shown) -> dict[str, Any]:
    work = one.work
    return {
        "time": rfc3339(one.at),
        "id": one.id,
        "route": one.route,
        "format": one.format,
        "tenant": one.tenant,
        "outcome": one.outcome,
        "work": work and {"id": work.id, "title": work.title, "owner": work.owner, "license": work.license},
        "rule": one.rule or None,
        "by": one.by or None,
        "value": one.value if one.by else None,
        "threshold": one.threshold if one.by else None,
        "unit": one.unit or None,
        "held_ms": round(one.held_ms, 3),
        "first_ms": None if one.first_ms is None else round(one.first_ms, 3),
        "scan_ms": round(one.scan_ms, 3),
        "unscanned": one.unscanned,
    }
