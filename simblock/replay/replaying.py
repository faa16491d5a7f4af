"""Decisions of a log, made again under another policy, and what would have come out otherwise.

A log has the matches that acted and those from a floor on, as they stood when their streams were over. What it cannot
know is said beside the figures: matches under the floor, and what would have followed where a stream was cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic import ValidationError

from simblock.events.decision import Decision
from simblock.events.record import Logged
from simblock.events.tally import deciding
from simblock.licenses import license_class
from simblock.match import HOLDING, SEVERITY, Action, Match
from simblock.policy import Policy, decide
from simblock.replay.curve import Curve
from simblock.replay.thresholds import resolved_of
from simblock.work import Work
from simblock_indexer.tables import counted

By: TypeAlias = Literal["rule", "owner", "license", "license class", "work"]
NAMED = 100
"""Decisions that are named of those that come out otherwise."""
NONE = "(none)"


class Side(NamedTuple):
    """A decision, as it was or as it would be: what is done, by which rule, for which work."""

    action: Action
    rule: str = ""
    work: Work | None = None

    @property
    def stops(self) -> bool:
        """Whether text is kept back."""
        return self.action in HOLDING


class Moved(NamedTuple):
    """Stops of one rule, owner or license: as it was, as it would be, and those that only one of the two has."""

    name: str
    before: int
    after: int
    gained: int
    lost: int


class Changed(NamedTuple):
    """A decision that comes out otherwise: its report, and what acts in the one and in the other."""

    id: str
    before: Side
    after: Side


_NAMES: dict[By, Callable[[Side], str]] = {
    "rule": lambda side: side.rule,
    "owner": lambda side: (side.work and side.work.owner) or NONE,
    "license": lambda side: (side.work and side.work.license) or NONE,
    "license class": lambda side: license_class(side.work.license if side.work else None),
    "work": lambda side: side.work.id if side.work else NONE,
}
GROUPS: tuple[By, ...] = tuple(_NAMES)


class Replay:
    """Takes decisions of a log one by one, and makes them under ``policy``."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.total = self.broken = self.cut = self.full = self.unfloored = 0
        self.agreed = self.judged = 0
        self.moves: Counter[tuple[Action, Action]] = Counter()
        self.floors: Counter[tuple[int, int, int]] = Counter()
        self.changed: list[Changed] = []
        self.curve = Curve(policy)
        self._counts: dict[tuple[By, str], Counter[str]] = {}

    def take(self, logged: Logged) -> None:
        """Takes one decision; one that was made for an index that could not answer stays as it was."""
        decision = logged.decision
        self.total += 1
        if _broken(decision):
            self.broken += 1
            return
        self._note_floor(decision)
        before, after = self._before(decision), self._after(decision)
        self.moves[before.action, after.action] += 1
        self._check(logged, before)
        self._count(before, after)
        if before.stops and not after.stops and any(one.stopped for one in decision.streams):
            self.cut += 1
        if before.stops != after.stops and len(self.changed) < NAMED:
            self.changed.append(Changed(decision.id, before, after))
        if decision.report.matches:
            self.curve.take(decision.report.matches, decision.tenant)

    def moved(self, by: By) -> list[Moved]:
        """Stops gained and lost by rule, owner or license, those that change most first."""
        found = [
            Moved(name, counts["before"], counts["after"], counts["gained"], counts["lost"])
            for (group, name), counts in self._counts.items()
            if group == by
        ]
        return sorted(found, key=lambda one: (-one.gained - one.lost, -one.before - one.after, one.name))

    @property
    def stops(self) -> Moved:
        """All stops."""
        before = sum(n for (one, _), n in self.moves.items() if one in HOLDING)
        after = sum(n for (_, other), n in self.moves.items() if other in HOLDING)
        gained = sum(n for (one, other), n in self.moves.items() if other in HOLDING and one not in HOLDING)
        return Moved("all", before, after, gained, before + gained - after)

    @property
    def notes(self) -> Iterator[str]:
        """What the figures rest on, and what the log cannot know."""
        yield from self._floor_notes()
        if self.cut:
            yield (
                f"of the stops lost, {self.cut:,} cut the response off: what would have followed was never said, and "
                "might have been stopped later"
            )
        if self.broken:
            yield (
                f"in no count here: {counted(self.broken, 'decision')} made without an index, or not at all, for something "
                "was broken"
            )
        if self.judged:
            yield (
                f"under the thresholds that the log has of them {self.agreed:,} of {self.judged:,} decisions come out as "
                "they were"
            )

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON: docs/audit.md has the fields."""
        return {
            "schema": 1,
            "policy": self.policy.digest,
            "decisions": self.total,
            "broken": self.broken,
            "cut": self.cut,
            "agreed": {"of": self.judged, "count": self.agreed},
            "stops": _without_name(self.stops),
            "moves": [
                {"before": before, "after": after, "count": count}
                for (before, after), count in self.moves.most_common()
            ],
            **{f"by_{by.replace(' ', '_')}": [one._asdict() for one in self.moved(by)] for by in GROUPS},
            "curve": self.curve.to_dict(),
            "changed": [_changed(one) for one in self.changed],
            "notes": list(self.notes),
        }

    def _before(self, decision: Decision) -> Side:
        report, match = decision.report, deciding(decision)
        action: Action = "observe" if report.observed else report.decision
        if report.decided is None:
            return Side(action)
        work = match.work if match else Work(report.decided.work)
        return Side(action, report.decided.rule, work)

    def _after(self, decision: Decision) -> Side:
        matches = decision.report.matches
        decided = decide(self.policy, matches, decision.tenant) if matches else None
        if decided is None:
            return Side("release")
        work = next(one.work for one in matches if one.work.id == decided.work)
        return Side(decided.action, decided.rule, work)

    def _check(self, logged: Logged, before: Side) -> None:
        """Whether the decision comes out as it was under the thresholds that the log has."""
        matches = logged.decision.report.matches
        if not matches or None in logged.thresholds:
            return
        try:
            actions = [
                self._as_it_was(*pair, logged) for pair in zip(matches, logged.thresholds, strict=True)
            ]
        except (KeyError, ValidationError):
            return
        self.judged += 1
        self.agreed += max(actions, key=SEVERITY.__getitem__) == before.action

    def _as_it_was(self, match: Match, thresholds: Any, logged: Logged) -> Action:
        profile = logged.policy.get("profile", "stop")
        judging = _CITING if profile == "cite" else _STOPPING
        verdict = judging.judge_match(resolved_of(match, thresholds), match)
        return verdict.action if verdict else "release"

    def _count(self, before: Side, after: Side) -> None:
        gained, lost = after.stops and not before.stops, before.stops and not after.stops
        for by, name in _NAMES.items():
            if before.stops:
                self._of(by, name(before)).update(["before", "lost"] if lost else ["before"])
            if after.stops:
                self._of(by, name(after)).update(["after", "gained"] if gained else ["after"])

    def _of(self, by: By, name: str) -> Counter[str]:
        return self._counts.setdefault((by, name), Counter())

    def _note_floor(self, decision: Decision) -> None:
        floor = decision.floor
        if floor is None:
            self.unfloored += 1
            return
        self.floors[floor] += 1
        unacted = sum(match.action == "release" for match in decision.report.matches)
        self.full += unacted >= floor[2]

    def _floor_notes(self) -> Iterator[str]:
        words, lexemes = (max((floor[n] for floor in self.floors), default=0) for n in (0, 1))
        if words or lexemes:
            yield (
                f"matches on which nothing acted are in the log from {words} words or {lexemes} lexemes on: what a policy "
                "would have made of shorter ones is not known"
            )
        if self.full:
            yield f"{counted(self.full, 'response')} with as many such matches as a log takes may have had more"
        if self.unfloored:
            yield (
                f"{counted(self.unfloored, 'decision')} logged without matches on which nothing acted: of these nothing else can "
                "come to a stop"
            )


def _broken(decision: Decision) -> bool:
    report = decision.report
    blind = report.decided is not None and report.decided.by == "degraded"
    return blind or report.error is not None or decision.outcome in {"error_stopped", "error_released"}


def _without_name(moved: Moved) -> dict[str, Any]:
    row = moved._asdict()
    del row["name"]
    return row


def _changed(one: Changed) -> dict[str, Any]:
    return {"id": one.id, "before": _side(one.before), "after": _side(one.after)}


def _side(side: Side) -> dict[str, Any]:
    return {"action": side.action, "rule": side.rule or None, "work": side.work.id if side.work else None}


_STOPPING, _CITING = Policy(), Policy(profile="cite")
"""Judging a match by thresholds that are given depends on the profile alone."""
