"""The table of a tuning: the policy as it is, the chosen one, and its neighbours on the curve."""

from __future__ import annotations

from collections.abc import Iterator

from simblock.tune.choosing import Point
from simblock.tune.outcome import Outcome, moved, neighbours, percent, told

HEADINGS = ("policy", "half", "clean outputs stopped", "copies stopped", "thresholds")
UNCHANGED = "as they are"


def rows(outcome: Outcome) -> list[tuple[str, ...]]:
    """The rows under :data:`HEADINGS`, two a policy, from strict to loose behind the policy as it is."""
    choice = outcome.choice
    near = neighbours(choice)
    at = near.index(choice.chosen)
    names = ["stricter"] * at + ["chosen"] + ["looser"] * (len(near) - at - 1)
    points = [("now", choice.current), *zip(names, near, strict=True)]
    return [row for name, point in points for row in _rows(name, point, thresholds(outcome, point))]


def thresholds(outcome: Outcome, point: Point) -> str:
    """The fields of a point that are not the policy's own."""
    current = outcome.choice.current.fields
    apart = [
        f"{section}.{name} {value:g}"
        for section, fields in point.fields.items()
        for name, value in fields.items()
        if value != current[section][name]
    ]
    return ", ".join(apart) or UNCHANGED


def summary(outcome: Outcome) -> str:
    """What was chosen, in one line."""
    changes = [f"{name} {old:g} → {new:g}" for name, old, new in moved(outcome)]
    bound = "an upper bound of " if outcome.question.upper else ""
    reach = "" if outcome.choice.kept else "as near as the grid gets to what was asked, "
    asked = f"{reach}for {bound}{percent(outcome.question.rate)} of clean outputs stopped"
    return f"{asked}: {', '.join(changes)}" if changes else f"{asked}: the policy stays as it is"


def _rows(name: str, point: Point, what: str) -> Iterator[tuple[str, ...]]:
    for half, rates in (("chosen on", point.tuned), ("reported on", point.reported)):
        yield (name, half, told(rates.clean), told(rates.copies), what)
        name, what = "", ""
