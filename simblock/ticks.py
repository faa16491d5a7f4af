"""The clock of a stream: how many ticks there were up to a code point."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

KEPT = 256
"""Ticks remembered at least; nothing is held for so many."""


class Ticks:
    """The ticks of a stream, in order of their places."""

    __slots__ = ("_before", "_passed", "_places")

    def __init__(self) -> None:
        self._before = self._passed = 0
        self._places = array("I")

    @property
    def count(self) -> int:
        """How many there were."""
        return self._before + len(self._places)

    def extend(self, places: Sequence[int], known: int) -> None:
        """Takes the places of new ticks; every token that becomes certain up to ``known`` has its turn before the next."""
        kept = self._places
        kept.extend(places)
        if len(kept) > KEPT + KEPT // 4:
            cut = min(len(kept) - KEPT, bisect_right(kept, self._passed))
            if 4 * cut >= KEPT:
                self._before += cut
                del kept[:cut]
        self._passed = known

    def clock(self, place: int) -> int:
        """How many ticks there were up to a code point."""
        return self._before + bisect_right(self._places, place)
