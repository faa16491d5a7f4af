"""When a match is looked at again, and what is then said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from simblock.lane import Lane
from simblock.match import EDITING, HOLDING
from simblock.policy import Verdict
from simblock.response import ResponseCore
from simblock.tracking import Track

LOOK_EVERY = 16
"""Tokens after which a match that is decided is looked at again."""


class Looks:
    """The looks at the matches of one stream, whose lanes of code know of each other.

    ``lane`` gives one by its name. In an ``unbroken`` stream what would be edited is stopped.
    """

    def __init__(self, response: ResponseCore, lane: Callable[[str], Lane], *, unbroken: bool) -> None:
        self._response, self._lane, self._unbroken = response, lane, unbroken
        self._lazily = EDITING.isdisjoint(response.policy.actions)

    def changed(self, lanes: Iterable[Lane], *, last: bool) -> Iterator[tuple[Lane, Track]]:
        """The matches about which something is new: what one lane of code learns of a work counts in the other."""
        for lane in lanes:
            for track in lane.candidates.tracks.values():
                if last or track.dirty:
                    yield lane, track
                    if lane.grain.lane == "syntax" and not last:
                        yield from self._waiting(track)

    def _waiting(self, track: Track) -> Iterator[tuple[Lane, Track]]:
        """Matches of lexemes of the same work that are long enough, and lack information."""
        lexemes = self._lane("lexemes")
        for other in lexemes.candidates.tracks.values():
            if other.work.id != track.work.id or other.verdict is not None:
                continue
            if other.now.tokens >= other.resolved.limits.min_tokens:
                other.most = 0
                yield lexemes, other

    def at(self, lane: Lane, track: Track, *, last: bool, stopped: bool) -> Verdict | None:
        """A new verdict on a match, where it has changed enough to have one."""
        if not last:
            if not track.ripe(self._response.suspicion(lane.grain)):
                track.dirty = False
                return None
            if lane.at % LOOK_EVERY and _decided_for(track, stopped=stopped):
                return None
            if track.mute() and not self._known_beside(track):
                track.pass_over(lazily=self._lazily)
                return None
        track.count()
        beside = partial(self._beside, lane, track)
        verdict = track.look(self._response.policy, bag=last or lane.at % 4 == 0, beside=beside, keep=False)
        if verdict is not None and self._unbroken and verdict.action in EDITING:
            verdict = track.verdict = verdict._replace(action="stop")
        return verdict

    def _known_beside(self, track: Track) -> bool:
        """Whether the lane of syntax tokens follows the work of a match of lexemes."""
        syntax = self._lane("syntax").candidates.tracks
        return any(one.work.id == track.work.id for one in syntax.values())

    def _beside(self, lane: Lane, track: Track) -> float:
        """Bits of what the other lane of code knows of a work: a short run of lexemes has few anchors."""
        if not lane.grain.numbered:
            return 0.0
        other = self._lane("syntax" if lane.grain.lane == "lexemes" else "lexemes")
        return max((one.bits_beside(track) for one in other.candidates.tracks.values()), default=0.0)


def _decided_for(track: Track, *, stopped: bool) -> bool:
    """Whether more of a match would change nothing that goes out."""
    if track.verdict is None or track.action != track.resolved.action or not track.open:
        return False
    return stopped or track.action not in HOLDING
