"""The clock of a stream: how many ticks there were up to a code point."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

KEPT = 1 << 13
"""Ticks remembered at least; code is read no further back than fits."""


class Ticks:
    """The ticks of a stream, in order of their places."""

    __slots__ = ("_before", "_places")

    def __init__(self) -> None:
        self._before = 0
        self._places: list[int] = []

    @property
    def count(self) -> int:
        """How many there were."""
        return self._before + len(self._places)

    def extend(self, places: Sequence[int]) -> None:
        """Takes the places of new ticks."""
        self._places += places
        if len(self._places) > 2 * KEPT and len(places) < KEPT:
            self._before += len(self._places) - KEPT
            del self._places[:-KEPT]

    def clock(self, place: int) -> int:
        """How many ticks there were up to a code point."""
        return self._before + bisect_right(self._places, place)
