"""Charts as boxes in a plane, which the template draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 600, 150
"""Of a chart, in its own units; the page stretches it."""


class Bar(NamedTuple):
    """A bar beside its name: its length in percent."""

    name: str
    number: int
    length: float


class Box(NamedTuple):
    """A bar in a chart, what it looks like, and what a pointer is told."""

    x: float
    y: float
    width: float
    height: float
    sort: str
    told: str


class Chart(NamedTuple):
    """Boxes, where the threshold stands, the largest count, and what stands below, left to right."""

    boxes: tuple[Box, ...]
    threshold: float
    most: int
    axis: tuple[str, ...]
    told: str


def bars(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    """Bars whose length is that of the logarithm of what they count."""
    most = max(counts.values(), default=0)
    return tuple(Bar(name, count, _log(count, most, 100)) for name, count in counts.items())


def similarities(members: Sequence[int], rejected: Sequence[int], threshold: float) -> Chart:
    """Near-copies and pairs that are none by their similarity, their counts on a logarithmic scale."""
    bins = len(members)
    counts = [one + other for one, other in zip(members, rejected, strict=True)]
    low = next((at for at, count in enumerate(counts) if count), bins - 1)
    low = min(low, int(threshold * bins) - 1) // 5 * 5  # the axis begins at a tenth, before the threshold
    most = max(counts)
    step = WIDTH / (bins - low)
    boxes: list[Box] = []
    for at in range(low, bins):
        top = float(HEIGHT)
        for sort, count in (("near", members[at]), ("rejected", rejected[at])):
            if count:
                height = _log(counts[at], most, HEIGHT) * count / counts[at]
                top -= height
                told = f"{at / bins:.2f} to {(at + 1) / bins:.2f}: {count:,} {SORTS[sort]}"
                x = round((at - low + 0.08) * step, 2)
                boxes.append(Box(x, round(top, 2), round(0.84 * step, 2), round(height, 2), sort, told))
    told = f"{sum(members):,} near-copies, {sum(rejected):,} other pairs that were compared"
    line = round((threshold * bins - low) * step, 2)
    middle = (low + bins) / 2 / bins
    return Chart(tuple(boxes), line, most, (f"{low / bins:.1f}", f"{middle:.2f}", "1"), told)


SORTS = {"near": "near-copies", "rejected": "pairs that are not near-copies"}


def _log(count: int, most: int, whole: float) -> float:
    return round(whole * math.log1p(count) / math.log1p(most), 2) if most else 0.0
