"""A decision as a line of an audit log, and back: docs/audit.md has the fields.

A line holds all that :func:`simblock.policy.decide` needs, so that a log can be replayed under another policy. It has
figures, places and metadata of works; nothing of what was said, nor of the request, but for ``evidence``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from simblock import __version__
from simblock.events.decision import Decision, Spoken, Unscanned, named
from simblock.events.line import SCHEMA, decision_of
from simblock.match import Decided, IndexState, Match, Report, Span
from simblock.policy import Limits, Policy
from simblock.work import Work

EVIDENCE = 2000
"""Characters of the output that are kept of one match."""
MATCHES, QUOTED = 100, 100
"""Matches of one response that are written, and works of which is written how much was quoted."""
UNKNOWN = "unknown"
"""The channel of fields that no format has: its parts are their names, which the model may have made up."""
_PART = re.compile(r"[A-Za-z0-9._+@-]{0,64}")
_SAME = (
    "id", "request_id", "route", "format", "model", "tenant", "streaming", "outcome", "scan_ms", "first_ms", "held_ms",
    "rounds", "floor",
)  # fmt: skip
"""Fields of a decision that are in its line as they are."""
_WORK = ("id", "title", "owner", "license", "url", "kind", "language")
_FIGURES = (
    "index", "channel", "kind", "language", "view", "similarity", "tokens", "longest_run", "information",
    "evidence", "quoted", "names_alike", "verbatim", "renamed", "common", "leaked", "rule", "action",
)  # fmt: skip


class Logged(NamedTuple):
    """A decision read back. ``thresholds`` of each match are those of its rule, ``policy`` what else a decision hung on.

    ``row`` is the whole line, as JSON.
    """

    decision: Decision
    thresholds: tuple[Mapping[str, Any] | None, ...]
    policy: Mapping[str, Any]
    row: Mapping[str, Any]


def record(decision: Decision, *, evidence: bool = False) -> dict[str, Any]:
    """The line of a decision, as JSON."""
    report, policy = decision.report, decision.policy
    said = (decision.evidence or {}) if evidence else {}
    return {
        "schema": SCHEMA,
        "time": rfc3339(decision.at),
        "id": report.id,
        "request_id": named(decision.request_id),
        "route": decision.route,
        "format": decision.format,
        "model": named(decision.model),
        "tenant": named(decision.tenant),
        "streaming": decision.streaming,
        "continues": decision.continues,
        "outcome": decision.outcome,
        "decision": report.decision,
        "observed": report.observed,
        "degraded": report.degraded,
        "error": report.error,
        "decided": report.decided and {**report.decided.to_dict(), "action": report.decided.action},
        "matches": [
            _match(match, policy, decision.tenant, said.get(str(number)))
            for number, match in enumerate(report.matches[:MATCHES])
        ],
        "left_out": max(len(report.matches) - MATCHES, 0),
        "quoted": dict(islice(report.quoted.items(), QUOTED)),
        "indexes": [state._asdict() for state in report.indexes],
        "policy": {"digest": report.policy} | _behaviour(policy),
        "floor": decision.floor and list(decision.floor),
        "streams": [_spoken(spoken) for spoken in decision.streams],
        "unscanned": [one._asdict() for one in decision.unscanned],
        "scan_ms": round(decision.scan_ms, 3),
        "first_ms": None if decision.first_ms is None else round(decision.first_ms, 3),
        "held_ms": round(decision.held_ms, 3),
        "rounds": decision.rounds,
        "simblock": __version__,
    }


def bypass(at: float, reason: str, route: str) -> dict[str, Any]:
    """The line of something that was not scanned at all."""
    return {"schema": SCHEMA, "time": rfc3339(at), "bypass": reason, "route": route, "simblock": __version__}


def logged(row: Mapping[str, Any]) -> Logged:
    """The decision of a line. Raises ValueError for a line that is none of ours: every field is checked here."""
    line = decision_of(row)
    decision = Decision(
        at=dt.datetime.fromisoformat(line["time"]).timestamp(),
        report=_report(line),
        streams=tuple(Spoken(**one) for one in line["streams"]),
        unscanned=tuple(Unscanned(**one) for one in line["unscanned"]),
        continues=line.get("continues", False),
        evidence={str(n): one["text"] for n, one in enumerate(line["matches"]) if "text" in one} or None,
        **{name: line[name] for name in _SAME},
    )
    thresholds = tuple(one["thresholds"] for one in line["matches"])
    return Logged(decision, thresholds, line["policy"], row)


def rfc3339(at: float) -> str:
    """A time in UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _spoken(spoken: Spoken) -> dict[str, Any]:
    row = spoken._asdict()
    row["part"] = "" if spoken.channel == UNKNOWN or not _PART.fullmatch(spoken.part) else spoken.part
    row["matches"] = [number for number in spoken.matches if number < MATCHES]
    return row


def _match(match: Match, policy: Policy | None, tenant: str | None, said: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "work": {name: getattr(match.work, name) for name in _WORK} | {"tags": list(match.work.tags)},
        **{name: getattr(match, name) for name in _FIGURES},
        "twins": list(match.twins[:10]),
        "twin_count": len(match.twins),
        "output": list(match.output),
        "source": list(match.source),
        "lines": [list(match.lines[0]), list(match.lines[1])],
        "spans": [list(span) for span in match.spans],
        "thresholds": None if policy is None else _thresholds(match, policy, tenant),
    }
    if said is not None:
        row["text"] = said[:EVIDENCE]
    return row


def _thresholds(match: Match, policy: Policy, tenant: str | None) -> dict[str, Any]:
    resolved = policy.resolve(match.work, tenant, match.view)
    return {"action": resolved.action, **_fields(resolved.limits)}


@lru_cache(256)
def _fields(limits: Limits) -> Mapping[str, Any]:
    return limits.model_dump(mode="json")


def _behaviour(policy: Policy | None) -> dict[str, Any]:
    """What a decision hangs on besides the thresholds of its rule."""
    if policy is None:
        return {}
    return {"profile": policy.profile, "on_error": policy.on_error, "max_leak": policy.max_leak}


def _report(row: Mapping[str, Any]) -> Report:
    decided = row["decided"]
    return Report(
        id=row["id"],
        decision=row["decision"],
        observed=row["observed"],
        degraded=row["degraded"],
        error=row["error"],
        matches=tuple(_read_match(one) for one in row["matches"]),
        decided=decided and Decided(**decided),
        quoted=row["quoted"],
        indexes=tuple(IndexState(**state) for state in row["indexes"]),
        policy=row["policy"]["digest"],
    )


def _read_match(row: Mapping[str, Any]) -> Match:
    work = row["work"]
    return Match(
        work=Work(**{name: work[name] for name in (*_WORK, "tags")}),
        **{name: row[name] for name in _FIGURES},
        twins=row["twins"],
        output=Span(*row["output"]),
        source=Span(*row["source"]),
        lines=(Span(*row["lines"][0]), Span(*row["lines"][1])),
        spans=row["spans"],
    )
