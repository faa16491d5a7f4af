"""Charts of a page as boxes in a plane: the template draws them as SVG."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

WIDTH, HEIGHT = 600, 120
"""Of a chart, in its own units; the page stretches it."""

LEVELS: dict[str, tuple[str, ...]] = {
    "clean": ("clean",),
    "gone": ("client_gone",),
    "observe": ("observed",),
    "cite": ("cited",),
    "redact": ("redacted", "replaced"),
    "stop": ("stopped",),
    "error": ("error_stopped", "error_released", "upstream_failed"),
}
"""What outcomes look like, from the mildest to the severest."""
ACTED = tuple(level for level in LEVELS if level not in {"clean", "gone"})
LEVEL_OF = {outcome: level for level, outcomes in LEVELS.items() for outcome in outcomes}
NAMES = {
    "clean": "clean", "gone": "client gone", "observe": "observed", "cite": "cited",
    "redact": "redacted or replaced", "stop": "stopped", "error": "broken",
}  # fmt: skip


class Box(NamedTuple):
    """A bar or a part of one, and what a pointer is told of it."""

    x: float
    y: float
    width: float
    height: float
    level: str
    told: str


class Chart(NamedTuple):
    """Boxes, the largest sum, and the times at the left, in the middle and at the right."""

    boxes: list[Box]
    most: int
    times: list[str]
    levels: list[str]
    told: str


def over_time(rates: Mapping[str, Any], levels: Sequence[str], what: str) -> Chart:
    """Stacked bars of some levels over time."""
    bars = [(one["at"], _levels(one["outcomes"], levels)) for one in rates["bars"]]
    most = max((sum(counts.values()) for _, counts in bars), default=0)
    step = WIDTH / max(len(bars), 1)
    boxes: list[Box] = []
    for number, (at, counts) in enumerate(bars):
        top = float(HEIGHT)
        for level, count in counts.items():
            if count:
                height = count / most * HEIGHT
                top -= height
                told = f"{_clock(at, rates['seconds'])}: {count:,} {NAMES[level]}"
                left = round((number + 0.1) * step, 2)
                boxes.append(Box(left, round(top, 2), round(0.8 * step, 2), round(height, 2), level, told))
    shown = [level for level in levels if any(box.level == level for box in boxes)]
    total = sum(sum(counts.values()) for _, counts in bars)
    return Chart(
        boxes, most, _times(bars, rates["seconds"]), shown, f"{what}: {total:,}, at most {most:,} in one bar"
    )


def _levels(outcomes: Mapping[str, int], levels: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(levels, 0)
    for outcome, count in outcomes.items():
        level = LEVEL_OF.get(outcome, "error")
        if level in counts:
            counts[level] += count
    return counts


def _times(bars: Sequence[tuple[str, Any]], seconds: int) -> list[str]:
    if not bars:
        return []
    ends = [bars[0][0], bars[len(bars) // 2][0], bars[-1][0]] if len(bars) > 2 else [bars[0][0]]
    return [_clock(at, seconds) for at in ends]


def _clock(at: str, seconds: int) -> str:
    when = dt.datetime.fromisoformat(at)
    return when.strftime("%d %b" if seconds >= 86400 else "%d %b %H:%M")
