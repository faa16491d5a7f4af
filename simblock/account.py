"""What is said of the matches of a stream when they lie behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np

from simblock.ledger import AnswerLost, Steps, asked
from simblock.match import Match, distinct
from simblock.matching import match_of, unplaced
from simblock.questions import Placed, Places
from simblock.response import ResponseCore
from simblock.tracking import Track


class Account:
    """The ``matches`` of a stream so far; ``lose`` is told where one cannot be placed in its work."""

    def __init__(self, response: ResponseCore, lose: Callable[[str], None]) -> None:
        self._response, self._lose = response, lose
        self.matches: list[Match] = []

    def take(self, track: Track) -> Steps:
        """Takes a match that is over, if it acted or is to be told all the same."""
        response = self._response
        if track.snapshot is None and response.floor is not None:
            track.look(response.policy, bag=True)
            track.verdict = None  # it lies behind: nothing is done any more
        snapshot = track.snapshot
        if snapshot is None or not snapshot.placings:
            return
        numbered = track.grain.numbered
        if track.action == "release" and not response.keeps(snapshot.figures.tokens, numbered=numbered):
            return
        tokens = [token for p in snapshot.placings for token in (p.first, p.last)]
        try:
            answer = yield from asked(Places(*track.key, np.array(tokens, np.int64)))
        except AnswerLost as lost:
            self._lose(str(lost))
            answer = unplaced(len(tokens))
        self.matches.append(match_of(track, cast(Placed, answer), response.names[track.key[0]]))

    def close(self) -> None:
        """The stream is over: a work is told once in one place."""
        self.matches = distinct(self.matches)
