"""How much of each view of a work has been quoted in one response and its history.

A quota counts distinct source tokens, so a passage said twice counts once.
"""

from __future__ import annotations

from collections.abc import Hashable

from simblock.tokens import CHAR_KEY


class Quota:
    """Distinct source tokens of one view of a work, counted in half tokens.

    Tokens are told apart by the run they stand in as well: two indexes may hold different texts under one id.
    """

    __slots__ = ("_places", "halves")

    def __init__(self) -> None:
        self._places: dict[Hashable, set[int]] = {}
        self.halves = 0

    def places(self, run: Hashable) -> set[int]:
        """The source tokens of a run that are counted."""
        return self._places.setdefault(run, set())

    def add(self, run: Hashable, place: int, key: int) -> None:
        """Counts the source token at ``place`` of a run, once; ``key`` is levelled."""
        places = self.places(run)
        if place not in places:
            places.add(place)
            self.halves += 1 if key >= CHAR_KEY else 2

    @property
    def words(self) -> int:
        return self.halves // 2
