"""Shares and how sure they are."""

from __future__ import annotations

import math
from typing import NamedTuple

Z = 1.96
"""Standard deviations on either side that hold 95 %."""


class Interval(NamedTuple):
    """A share with its 95 % interval."""

    share: float
    low: float
    high: float


def interval(hits: int, n: int) -> Interval:
    """The share ``hits / n`` and its 95 % interval ([Wilson 1927](https://doi.org/10.2307/2276774)); all of 0 to 1 of nothing."""
    if not n:
        return Interval(0.0, 0.0, 1.0)
    share = hits / n
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    low, high = middle - half, middle + half
    return Interval(share, low if hits else 0.0, high if hits < n else 1.0)  # at its ends, without rounding


def needed(rate: float) -> int:
    """How many outputs none of which is stopped say with 95 % that at most ``rate`` of all are: 3 / rate.

    [Hanley and Lippman-Hand 1983](https://doi.org/10.1001/jama.1983.03330370053031), the rule of three.
    """
    return math.ceil(3 / rate)
