"""What a check said of one text, a row a text, and shares made of such rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.record import Interval, interval
from simblock.match import Match, Report

Row = dict[str, Any]
KEPT = 3
"""Matches of a text that are kept, those with most tokens."""


class Likeness(NamedTuple):
    """What a policy judges of a match, and where it is from."""

    work: str
    view: str
    channel: str
    tokens: int
    longest_run: int
    similarity: float
    information: float
    evidence: float
    quoted: int


class Cause(NamedTuple):
    """What decided: the work, the figure that reached its threshold."""

    work: str
    by: str
    value: float
    threshold: float


class Sighting(NamedTuple):
    """What a check said of one text.

    ``part`` is copy, clean or innocent; ``name`` the evasion, the package or the family; ``size`` the words of a passage,
    the lexemes of a function. ``right``: a work that has the passage was stopped for; ``first``: it is named first.
    ``overlap``: characters of the passage and of what was stopped for it, those in both over those in either.
    ``leaked`` counts matched tokens that had gone out, by mode, where the text was streamed.
    """

    part: str
    name: str
    id: str
    group: str = ""
    gate: str | None = None
    language: str = ""
    size: int = 0
    stopped: bool = False
    error: bool = False
    right: bool = False
    first: bool = False
    overlap: float = 0.0
    leaked: dict[str, int] | None = None
    cause: Cause | None = None
    matches: tuple[Likeness, ...] = ()


def likeness(match: Match) -> Likeness:
    """What a policy judges of a match."""
    return Likeness(match.work.id, match.view, match.channel, match.tokens, match.longest_run, match.similarity,
                    match.information, getattr(match, "evidence", 0.0), match.quoted)  # fmt: skip


def names(match: Match) -> set[str]:
    """All works that a match names."""
    return {match.work.id, *match.twins}


def cause(report: Report) -> Cause | None:
    """What decided a report."""
    it = report.decided
    return Cause(it.work, it.by, it.value, it.threshold) if it else None


def overlap(matches: Iterable[Match], start: int, end: int) -> float:
    """Intersection over union of [start, end) with the characters of some matches, each from its first to its last."""
    covered = merged(sorted((match.output.start, match.output.end) for match in matches))
    both = sum(max(min(b, end) - max(a, start), 0) for a, b in covered)
    return both / (sum(b - a for a, b in covered) + end - start - both)


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans with those that touch made one."""
    made: list[tuple[int, int]] = []
    for a, b in spans:
        if made and a <= made[-1][1]:
            made[-1] = made[-1][0], max(b, made[-1][1])
        else:
            made.append((a, b))
    return made


def seen(report: Report, like: Sighting, right: Collection[str] = (), span: tuple[int, int] | None = None) -> Sighting:  # fmt: skip
    """The sighting of a report; ``like`` says of what. An error is no stop."""
    acted = [match for match in report.matches if match.action == "stop"]
    of_it = [match for match in acted if not names(match).isdisjoint(right)]
    kept = sorted(report.matches, key=lambda match: -match.tokens)[:KEPT]
    return like._replace(
        stopped=report.decision == "stop" and not report.error, error=bool(report.error),
        right=bool(of_it), first=bool(acted and not names(acted[0]).isdisjoint(right)),
        overlap=round(overlap(of_it, *span), 4) if of_it and span else 0.0,
        cause=cause(report), matches=tuple(map(likeness, kept)),
    )  # fmt: skip


def grouped(them: Iterable[Sighting], *fields: str) -> dict[tuple[Any, ...], list[Sighting]]:
    """The parts that have equal values, in the order of their first."""
    parts: dict[tuple[Any, ...], list[Sighting]] = defaultdict(list)
    for one in them:
        parts[tuple(getattr(one, name) for name in fields)].append(one)
    return dict(parts)


def size_class(one: Sighting) -> str:
    """The class of size of a function: 50 to 100 lexemes, 100 to 200, over 200."""
    return "over 200" if one.size >= 200 else "100 to 200" if one.size >= 100 else "50 to 100"


def share(them: Sequence[Sighting], field: str) -> Interval:
    """The share of them for which a field is true, with its interval."""
    return interval(sum(bool(getattr(one, field)) for one in them), len(them))


def recall(them: Sequence[Sighting]) -> Row:
    """The columns of a table of recall: stopped for the right work, named first, overlap, errors."""
    caught = [one for one in them if one.right]
    return {
        "n": len(them), "stopped": share(them, "right"), "for another work": sum(one.stopped and not one.right for one in them),
        "right first": share(caught, "first"), "overlap": round(median(one.overlap for one in caught), 3) if caught else 0.0,
        "errors": sum(one.error for one in them),
    }  # fmt: skip
