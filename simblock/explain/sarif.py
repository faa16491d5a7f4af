"""Reports as SARIF 2.1.0 (OASIS, 2020), for code scanning: where a copy begins and ends, of what, and why.

Nothing of an output or of a work is in it: places, figures, and what is known about works.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from simblock.explain import distances
from simblock.explain.deciding import decisive
from simblock.match import HOLDING, By, Match, Report
from simblock.policy import Policy

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
FIRST_LINE = 1
STDIN = "stdin"
"""What an output without a name is called: a location needs one."""


class SarifRule(NamedTuple):
    """One way to act: its id, and what it says about a result."""

    id: str
    name: str
    text: str


RULES: dict[By | None, SarifRule] = {
    "min_run": SarifRule(
        "copy/run", "CopiedRun", "A run of a protected work stands in the output word by word."
    ),
    "min_tokens": SarifRule("copy/alike", "CopiedPassage", "A passage is like one of a protected work."),
    "max_quoted": SarifRule(
        "copy/quota", "QuotedTooMuch", "More of one protected work is quoted than the policy allows."
    ),
    "min_evidence": SarifRule(
        "copy/scattered",
        "ScatteredCopy",
        "Words of a passage of a protected work stand in the output in another order.",
    ),
    None: SarifRule("copy/listed", "ListedMatch", "Likeness that no rule of the policy acted on."),
}
"""By the figure that a match acts by; their order is the order of ``ruleIndex``."""


class Log:
    """A SARIF log of one run, as it grows. ``version`` is simblock's, ``tenant`` whose outputs were checked."""

    def __init__(self, policy: Policy, version: str, tenant: str | None = None) -> None:
        self._policy, self._version, self._tenant = policy, version, tenant
        self._results: list[dict[str, Any]] = []
        self._notifications: list[dict[str, Any]] = []

    def take(self, text: str, report: Report) -> None:
        """Adds what was found in one output, whose ``text`` tells lines and columns."""
        self._results += _results(text, report, self._policy, self._tenant)
        if report.error is not None:
            self._notifications.append(_notification(report))

    def to_dict(self) -> dict[str, Any]:
        """The log as JSON."""
        invocation = {
            "executionSuccessful": not self._notifications,
            "toolExecutionNotifications": self._notifications,
        }
        run = {
            "tool": {"driver": _driver(self._version)},
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "results": self._results,
            "properties": {"policy": self._policy.digest},
        }
        return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _driver(version: str) -> dict[str, Any]:
    rules = [
        {
            "id": rule.id,
            "name": rule.name,
            "shortDescription": {"text": rule.text},
            "defaultConfiguration": {"level": "note" if by is None else "error"},
        }
        for by, rule in RULES.items()
    ]
    return {"name": "simblock", "version": version, "rules": rules}


def _results(text: str, report: Report, policy: Policy, tenant: str | None) -> Iterator[dict[str, Any]]:
    ends = _line_ends(text)
    order, made_it = list(RULES), decisive(report)
    for match in report.matches:
        decided = report.decided if match is made_it else None
        _, acting = distances.told(policy, match, decided, tenant)
        way = acting if match.action != "release" else None
        by = way.by if way else None
        yield {
            "ruleId": RULES[by].id,
            "ruleIndex": order.index(by),
            "level": _level(match),
            "message": {"text": message(match, way)},
            "locations": [_location(report.id, match, ends)],
            "partialFingerprints": {"simblockMatch/v1": _fingerprint(match)},
            "properties": _properties(match),
        }


def message(match: Match, way: distances.Way | None) -> str:
    """One sentence: how much of which work, whose it is, and what it reached."""
    work = match.work
    about = ", ".join(part for part in (work.title, work.owner, work.license, work.url) if part)
    how = "verbatim" if match.verbatim else f"similarity {match.similarity:.2f}"
    why = f" {way.sentence} (rule {match.rule})." if way else ""
    return f"{match.tokens:,} {match.unit}s of {work.id}{f' ({about})' if about else ''}, {how}.{why}"


def _level(match: Match) -> str:
    if match.action in HOLDING:
        return "error"
    return "note" if match.action == "release" else "warning"


def _location(name: str, match: Match, ends: Sequence[int]) -> dict[str, Any]:
    start, stop = match.output
    first, last = (bisect_left(ends, place) for place in (start, stop))
    region = {
        "startLine": first + FIRST_LINE,
        "startColumn": start - _begin(ends, first) + 1,
        "endLine": last + FIRST_LINE,
        "endColumn": stop - _begin(ends, last) + 1,
        "charOffset": start,
        "charLength": stop - start,
    }
    uri = quote(STDIN if name == "-" else name, errors="replace")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _line_ends(text: str) -> list[int]:
    return [at for at, char in enumerate(text) if char == "\n"]


def _begin(ends: Sequence[int], line: int) -> int:
    """Where a line, counted from 0, begins."""
    return ends[line - 1] + 1 if line else 0


def _fingerprint(match: Match) -> str:
    """The same for the same passage of the same work, wherever in an output it stands."""
    told = (match.work.id, match.view, *match.source)
    return hashlib.sha256("\0".join(map(str, told)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _properties(match: Match) -> dict[str, Any]:
    work = match.work
    about = {name: getattr(work, name) for name in ("id", "title", "owner", "license", "url")}
    return {
        "work": {name: value for name, value in about.items() if value is not None},
        "index": match.index,
        "action": match.action,
        "channel": match.channel,
        "information": match.information,
        "source": match.source._asdict(),
    }


def _notification(report: Report) -> dict[str, Any]:
    return {"level": "error", "message": {"text": f"{report.id}: {report.error}"}}
