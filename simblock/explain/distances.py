"""How far a match is from acting: each figure of the policy, its threshold, and what lies between them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypeAlias

from simblock.match import HOLDING, By, Decided, Match
from simblock.policy import NEVER, SCATTERED, Limits, Policy, TextLimits

Shape: TypeAlias = Literal["count", "share", "bits"]

_FIRST: dict[By, tuple[Shape, str]] = {
    "max_quoted": ("count", "{unit}s quoted in all"),
    "min_run": ("count", "{unit}s in a row"),
    "min_tokens": ("count", "{unit}s alike"),
    "min_evidence": ("bits", "evidence"),
}
_STATED: dict[Shape, str] = {
    "count": "{value} {what}",
    "share": "{what} {value}",
    "bits": "{value} of {what}",
}
MOST_DIGITS = 4
"""Decimals of a share at the most."""
NOT_WEIGHED = "not weighed"
"""Said of the evidence of words that nobody had to weigh: others decided first, or they have none."""


class Distance(NamedTuple):
    """One figure of a match and the threshold that it must reach: a count, a share, or bits.

    ``value`` is None where it was not weighed.
    """

    name: str
    value: float | None
    threshold: float
    shape: Shape
    what: str

    @property
    def reached(self) -> bool:
        """Whether it is as high as it must be."""
        return self.value is not None and self.value >= self.threshold

    @property
    def short(self) -> str:
        """How much it is over its threshold, or short of it: ``1 over``, ``.02 short``, ``reached``."""
        if self.value is None:
            return NOT_WEIGHED
        if self.value == self.threshold:
            return "reached"
        between = abs(_cut(self.value, self) - self.threshold)
        return f"{_shown(between, self)} {'over' if self.reached else 'short'}"

    @property
    def shown(self) -> tuple[str, str]:
        """The value and the threshold as people read them."""
        value = "–" if self.value is None else _shown(self.value, self)
        return value, _shown(self.threshold, self)

    @property
    def sentence(self) -> str:
        """``31 words in a row, 30 needed: 1 over``; ``similarity .58, .60 needed: .02 short``."""
        value, threshold = self.shown
        if self.value is None:
            return f"{self.what} {NOT_WEIGHED}, {threshold} needed"
        stated = _STATED[self.shape].format(value=value, what=self.what)
        return f"{stated}, {threshold} needed: {self.short}"


class Way(NamedTuple):
    """One of the ways in which a match may come to act: all its figures must be reached."""

    by: By
    figures: tuple[Distance, ...]
    action: str

    @property
    def reached(self) -> bool:
        """Whether a match acts by it."""
        return all(figure.reached for figure in self.figures)

    @property
    def sentence(self) -> str:
        """What of it is missing or, where nothing is, what it reached."""
        missing = [figure for figure in self.figures if not figure.reached]
        return "; ".join(figure.sentence for figure in missing or self.figures)


def ways(policy: Policy, match: Match, tenant: str | None = None) -> tuple[Way, ...]:
    """The ways in which ``match`` may act under ``policy``, in the order in which they are tried.

    A way that the view of the match does not know (likeness, for bare words of code) is left out.
    """
    resolved = policy.resolve(match.work, tenant, match.view)
    limits, action = resolved.limits, resolved.action
    run_bits = _information(match, "min_run_information", limits.run_information)
    found = [
        Way("max_quoted", (_quoted(match, limits),), action),
        Way("min_run", (_run(match, limits.min_run), *run_bits), action),
    ]
    if limits.min_tokens < NEVER:
        found.append(Way("min_tokens", _likeness(match, limits), action))
    if isinstance(limits, TextLimits) and limits.min_tokens < NEVER and limits.min_evidence < math.inf:
        found.append(Way("min_evidence", _evidence(match, limits), action))
    if policy.profile == "cite" and action in HOLDING:
        found.append(Way("min_run", (_run(match, resolved.certain), *run_bits), "cite"))
    return tuple(found)


def acting(policy: Policy, match: Match, found: tuple[Way, ...], tenant: str | None = None) -> Way | None:
    """The way by which the policy would have it act, None where none of them is reached."""
    verdict = policy.judge_match(policy.resolve(match.work, tenant, match.view), match)
    if verdict is None:
        return None
    return next((way for way in found if (way.by, way.action) == (verdict.by, verdict.action)), None)


def told(
    policy: Policy, match: Match, decided: Decided | None, tenant: str | None = None
) -> tuple[tuple[Way, ...], Way | None]:
    """The ways of a match and the one by which it acts, as a report tells them.

    Of the match that made the decision, ``decided`` is told: figures of the whole match are those of the end, when
    others may be reached as well, and evidence that was enough is not weighed again.
    """
    if decided is None:
        found = ways(policy, match, tenant)
        return found, acting(policy, match, found, tenant)
    if decided.by == "min_evidence":
        match = replace(match, evidence=max(match.evidence, decided.value))
    found = ways(policy, match, tenant)
    return found, _deciding(found, match, decided)


def _deciding(found: tuple[Way, ...], match: Match, decided: Decided) -> Way:
    """The way that made a decision; what it reached then, where the whole match does not reach it."""
    if match.view == decided.view:
        for way in found:
            if (way.by, way.action) == (decided.by, decided.action) and way.reached:
                return way
    return Way(
        decided.by, (_first(decided.by, decided.value, decided.threshold, decided.unit),), decided.action
    )


def table(found: tuple[Way, ...]) -> tuple[Distance, ...]:
    """Every figure of some ways once, in their order."""
    return tuple(dict.fromkeys(figure for way in found for figure in way.figures))


def to_dict(found: tuple[Way, ...]) -> list[dict[str, Any]]:
    """Ways as JSON."""
    return [
        {
            "by": way.by,
            "action": way.action,
            "reached": way.reached,
            "figures": [
                {
                    "name": figure.name,
                    "value": figure.value,
                    "threshold": figure.threshold,
                    "distance": None if figure.value is None else round(figure.value - figure.threshold, 6),
                }
                for figure in way.figures
            ],
        }
        for way in found
    ]


def _first(by: By, value: float | None, threshold: float, unit: str) -> Distance:
    """The figure that a way is called by."""
    shape, what = _FIRST[by]
    return Distance(by, value, threshold, shape, what.format(unit=unit))


def _run(match: Match, threshold: int) -> Distance:
    return _first("min_run", match.longest_run, threshold, match.unit)


def _quoted(match: Match, limits: Limits) -> Distance:
    return _first("max_quoted", match.quoted, limits.max_quoted, match.unit)


def _likeness(match: Match, limits: Limits) -> tuple[Distance, ...]:
    return (
        _first("min_tokens", match.tokens, limits.min_tokens, match.unit),
        Distance("min_similarity", match.similarity, limits.min_similarity, "share", "similarity"),
        *_weighed(match, limits.min_information),
    )


def _evidence(match: Match, limits: TextLimits) -> tuple[Distance, ...]:
    """Words in any order: how little chance explains them, and the part of likeness that is asked beside it."""
    whole = f"{match.unit}s in the passage"
    return (
        _first("min_evidence", match.evidence or None, limits.min_evidence, match.unit),
        Distance(
            "min_tokens", match.tokens, -(-limits.min_tokens // 2), "count", f"{match.unit}s in any order"
        ),
        Distance(
            "min_similarity",
            match.similarity,
            SCATTERED * limits.min_similarity,
            "share",
            "similarity in any order",
        ),
        Distance("min_tokens", _passage(match, limits.min_tokens), limits.min_tokens, "count", whole),
    )


def _passage(match: Match, enough: int) -> int:
    """Words of the longer side, rounded to that side of ``enough`` on which the policy's own sum has them."""
    whole = int(min(match.tokens / match.similarity, NEVER)) if match.similarity else 0
    return max(whole, enough) if match.tokens >= enough * match.similarity else min(whole, enough - 1)


def _information(match: Match, name: str, threshold: float) -> tuple[Distance, ...]:
    """Left out where none is asked: zero bits say nothing about a match."""
    return (Distance(name, match.information, threshold, "bits", "information"),) if threshold else ()


def _weighed(match: Match, threshold: float) -> tuple[Distance, ...]:
    """The bits of likeness: they count times the similarity."""
    bits = match.information * match.similarity
    return (
        (Distance("min_information", bits, threshold, "bits", "information times similarity"),)
        if threshold
        else ()
    )


def _shown(amount: float, figure: Distance) -> str:
    if figure.shape == "count":
        return f"{amount:,.0f}"
    if figure.shape == "bits":
        return f"{amount:,.1f} bits"
    shown = f"{_cut(amount, figure):.{_digits(figure)}f}"
    return shown.removeprefix("0") if amount < 1 else shown


def _cut(amount: float, figure: Distance) -> float:
    """A share without the decimals that are not shown: .9954 is not 1.00, nor .597 the .60 that it misses."""
    if figure.shape != "share":
        return amount
    scale: int = 10 ** _digits(figure)
    return math.floor(amount * scale + 1e-6) / scale


def _digits(figure: Distance) -> int:
    """As many decimals as show a threshold whole."""
    exact = (
        digits
        for digits in range(2, MOST_DIGITS)
        if math.isclose(round(figure.threshold, digits), figure.threshold)
    )
    return next(exact, MOST_DIGITS)
