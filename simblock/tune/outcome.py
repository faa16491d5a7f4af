"""What a tuning found: the choice, what it is worth, and what to know before one relies on it."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from simblock.policy import Policy, Verdict
from simblock.tune.choosing import ENOUGH, Choice, Point, Rates, Share, tuned, weigh
from simblock.tune.grid import changed, verdict
from simblock.tune.interval import Interval, needed
from simblock.tune.listening import Heard, Measured

Copies: TypeAlias = Literal["given", "made", "none"]
"""Where copies are from: of the user, made from the texts of the index, or there are none."""


class Question(NamedTuple):
    """What was asked: the rate, whether its upper bound is meant, of which indexes, on which day, where copies are from."""

    rate: float
    upper: bool
    indexes: tuple[str, ...]
    date: str
    copies: Copies


class Stopped(NamedTuple):
    """A clean output that a policy acts on, and the match and figure for which it does."""

    id: str
    heard: Heard
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """The row for JSON; without any text."""
        why = {"by": self.verdict.by, "value": self.verdict.value, "threshold": self.verdict.threshold}
        return {
            "id": self.id,
            "work": self.heard.work.id,
            "view": self.heard.view,
            **why,
            **self.heard.figures,
        }


class Kind(NamedTuple):
    """Copies of the half that is told of that something was done to, and how many each policy stops."""

    name: str
    current: Share
    chosen: Share


@dataclass(frozen=True, slots=True)
class Outcome:
    """A choice with everything that is told of it."""

    question: Question
    policy: Policy
    chosen: Policy
    choice: Choice
    kinds: tuple[Kind, ...]
    stopped_now: tuple[Stopped, ...]
    stopped: tuple[Stopped, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The outcome for JSON: docs/tuning.md has the fields."""
        asked = {"false_stops": self.question.rate, "bound": "upper" if self.question.upper else "estimate"}
        return {
            **asked,
            "indexes": list(self.question.indexes),
            "date": self.question.date,
            "copies": self.question.copies,
            "kept": self.choice.kept,
            "current": _of_point(self.choice.current),
            "chosen": _of_point(self.choice.chosen),
            "curve": [_of_point(point) for point in self.choice.curve],
            "kinds": [
                {"kind": kind.name, "current": _of_share(kind.current), "chosen": _of_share(kind.chosen)}
                for kind in self.kinds
            ],
            "stopped_now": [one.to_dict() for one in self.stopped_now],
            "stopped": [one.to_dict() for one in self.stopped],
            "notes": list(self.notes),
            "policy": json.loads(self.chosen.model_dump_json()),
        }


def outcome(
    question: Question, policy: Policy, clean: Sequence[Measured], copies: Sequence[Measured]
) -> Outcome:
    """Chooses by :func:`simblock.tune.choosing.weigh`, and gathers what is to be told."""
    choice = weigh(policy, clean, copies, question.rate, upper=question.upper)
    chosen = changed(policy, choice.chosen.fields) if choice.chosen.steps else policy
    stopped = tuple(_stopped(chosen, clean))
    return Outcome(
        question,
        policy,
        chosen,
        choice,
        tuple(_kinds(policy, chosen, copies)),
        tuple(_stopped(policy, clean)),
        stopped,
        tuple(_notes(question, choice, stopped, clean, copies)),
    )


def moved(outcome: Outcome) -> Iterator[tuple[str, float, float]]:
    """The fields that were changed, as ``text.min_run``, with the policy's own values and the chosen ones."""
    current = outcome.choice.current.fields
    for section, fields in outcome.choice.chosen.fields.items():
        for name, value in fields.items():
            if value != current[section][name]:
                yield f"{section}.{name}", current[section][name], value


def neighbours(choice: Choice) -> list[Point]:
    """The chosen point between the next stricter and the next looser one of the curve."""
    at = choice.curve.index(choice.chosen)
    return list(choice.curve[max(at - 1, 0) : at + 2])


def _why(policy: Policy, output: Measured) -> Stopped | None:
    for heard in output.heard:
        found = verdict(policy, heard)
        if found:
            return Stopped(output.id, heard, found)
    return None


def _stopped(policy: Policy, outputs: Sequence[Measured]) -> Iterator[Stopped]:
    for output in outputs:
        found = _why(policy, output)
        if found:
            yield found


def _kinds(policy: Policy, chosen: Policy, copies: Sequence[Measured]) -> Iterator[Kind]:
    groups: dict[str, list[Measured]] = defaultdict(list)
    for copy in copies:
        if copy.group and not tuned(copy.id):
            groups[copy.group].append(copy)
    for name, its in sorted(groups.items()):
        shares = [
            Share(sum(_why(one, copy) is not None for copy in its), len(its)) for one in (policy, chosen)
        ]
        yield Kind(name, *shares)


def _notes(
    question: Question,
    choice: Choice,
    stopped: Sequence[Stopped],
    clean: Sequence[Measured],
    copies: Sequence[Measured],
) -> Iterator[str]:
    half = choice.chosen.tuned.clean.n
    if half < needed(question.rate):
        most = min(3 / half, 1.0) if half else 1.0
        yield (
            f"too few clean outputs to tell: the choice was made on {half:,}, and none stopped of so many says only "
            f"that at most {percent(most)} are; {percent(question.rate)} takes {needed(question.rate):,}, "
            f"twice that with the half that is reported on"
        )
    if copies and half < ENOUGH:
        yield f"no threshold was lowered, for the choice was made on fewer than {ENOUGH} clean outputs"
    if not copies:
        yield "no copies were measured: recall is unknown, and thresholds were raised only as far as needed"
    fewer = choice.current.tuned.copies.stopped - choice.chosen.tuned.copies.stopped
    if fewer > 0:
        yield (
            f"the chosen policy stops {fewer:,} fewer of the {choice.chosen.tuned.copies.n:,} copies it was chosen on than "
            "the policy now: look first whether the clean outputs that stand in its way are copies after all"
        )
    if not choice.kept:
        yield (
            f"no thresholds that were tried keep to {percent(question.rate)}: look whether the outputs that are stopped "
            "are copies after all, or belong under a rule"
        )
    if quotas := sum(one.verdict.by == "max_quoted" for one in stopped):
        yield f"{quotas:,} of the clean outputs fill a quota, max_quoted, which is not tuned: raise it by hand"
    for section in choice.current.fields:
        if not any(heard.section == section for one in (*clean, *copies) for heard in one.heard):
            yield f"nothing that [{section}] judges was found: it stays as it is"


def percent(share: float) -> str:
    """A share of 1 in percent, to two digits, from ten on to three."""
    return f"{100 * share:.{2 if share < 0.1 else 3}g} %"


def told(share: Share) -> str:
    """A share with its 95 % interval, in percent."""
    if not share.n:
        return "unknown"
    low, high = (percent(bound) for bound in share.interval[1:])
    return f"{percent(share.interval.share)} [{low.removesuffix(' %')}, {high.removesuffix(' %')}], {share.stopped:,} of {share.n:,}"


def _of_point(point: Point) -> dict[str, Any]:
    return {
        **{
            section: {name: "Infinity" if math.isinf(value) else value for name, value in fields.items()}
            for section, fields in point.fields.items()
        },
        "steps": point.steps,
        "tuned": _of_rates(point.tuned),
        "reported": _of_rates(point.reported),
    }


def _of_rates(rates: Rates) -> dict[str, Any]:
    return {"clean": _of_share(rates.clean), "copies": _of_share(rates.copies)}


def _of_share(share: Share) -> dict[str, Any]:
    found: Interval = share.interval
    return {**share._asdict(), **{name: round(value, 6) for name, value in found._asdict().items()}}
