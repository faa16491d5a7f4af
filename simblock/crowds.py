"""Which of many works are followed where they all hold a passage.

Structure and formulas repeat: a passage in over 64 works of over 8 owners is common (works without
an owner count as one owner). No near candidate begins at a common passage; the exact channels
follow representatives of it, so what is verbatim is found however many works hold it. A passage in
many works of few owners is not common, and representatives keep its cost in bounds as well.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from simblock.abreast import LOOK_BACK
from simblock.history import Keys
from simblock.ledger import Ledger, Told, asked
from simblock.questions import Hit, Posting, Run
from simblock.tokens import U32
from simblock.tracking import Track, TrackKey

FEW = 64
"""So many places of one key are followed one by one."""
COMPARED = 64
"""So many places of one key in one run are compared, of a work that repeats itself."""
MANY = 2048
"""More places of one key are never looked at."""
COMMON_OWNERS = 8
REPRESENTATIVES = 8
"""Works of a crowd that are followed, for each rule of the policy."""
REMEMBERED = 4096
"""Passages of which it is remembered whether they are common."""
AHEAD = 16
"""Source tokens behind the hit by which representatives are told apart."""


class Crowds:
    """What is known in one lane of a stream of passages that many works hold; ``level`` makes keys comparable."""

    def __init__(self, ledger: Ledger, level: Callable[[Keys], Keys]) -> None:
        self._ledger = ledger
        self._level = level
        self._common: dict[tuple[int, object, int, int], bool] = {}

    def is_common(self, index: int, hit: Hit) -> Told[bool]:
        """Whether the places of a hit lie in so many works of so many owners."""
        first = hit.postings[0]
        key = (index, first.segment, first.run, first.position)
        if key not in self._common:
            if len(self._common) >= REMEMBERED:
                self._common.clear()
            self._common[key] = yield from self._count(index, hit.postings[:MANY])
        return self._common[key]

    def rest(self) -> None:
        """Forgets, where no match is open."""
        self._common.clear()

    def _count(self, index: int, postings: Sequence[Posting]) -> Told[bool]:
        works: set[str] = set()
        owners: set[str | None] = set()
        for posting in postings:
            for work in (yield from self._ledger.works((index, posting.segment, posting.run))):
                works.add(work.id)
                owners.add(work.owner)
            if len(works) > FEW and len(owners) > COMMON_OWNERS:
                return True
        return False

    def representatives(
        self,
        index: int,
        postings: Sequence[Posting],
        out: list[int],
        o: int,
        tracks: Mapping[TrackKey, Track],
    ) -> Told[list[Posting]]:
        """Of a crowd, those that are followed already; where they are few, as many others.

        For each rule of the policy, places that go on differently, those first that reach back furthest.
        ``out`` has the output's last keys, up to the hit at token ``o``.
        """
        resting, postings = _rested(index, postings, tracks)
        followed, others = self._parted(index, postings, o, tracks)
        ranked: dict[str, list[Posting]] = {}
        for posting in others:
            works = yield from self._ledger.works((index, posting.segment, posting.run))
            if works:
                ranked.setdefault(self._ledger.resolve(works[0], "words").rule, []).append(posting)
        rules = Counter(tracks[index, one.segment, one.run].resolved.rule for one in followed)
        for rule, places in ranked.items():
            room = REPRESENTATIVES - rules[rule]
            if room > 0:
                followed += yield from self.furthest(index, places, out, room)
        return followed + resting

    @staticmethod
    def _parted(
        index: int, postings: Sequence[Posting], o: int, tracks: Mapping[TrackKey, Track]
    ) -> tuple[list[Posting], list[Posting]]:
        """Places that pieces go through, and others; none of a run that is followed as far back as anybody looks,
        and COMPARED of any: a work that repeats itself holds a passage in many, and what comes behind has hits of its own.
        """
        followed: list[Posting] = []
        others: list[Posting] = []
        through: dict[TrackKey, set[int]] = {}
        room: dict[TrackKey, int] = {}
        for posting in postings:
            run = (index, posting.segment, posting.run)
            if run not in through:
                track = tracks.get(run)
                through[run] = track.places(o) if track else set()
                room[run] = 0 if track and track.running(o) >= LOOK_BACK else COMPARED
            if posting.position in through[run]:
                followed.append(posting)
            elif room[run]:
                room[run] -= 1
                others.append(posting)
        return followed, others

    def furthest(
        self,
        index: int,
        postings: Sequence[Posting],
        out: list[int],
        count: int,
        beyond: int = 0,
    ) -> Told[list[Posting]]:
        """Up to ``count`` places: those that reach back furthest, one for each way to go on before seconds.

        None that reach back no more than ``beyond`` tokens.
        """
        rows = []
        for number, posting in enumerate(postings):
            start, stop = max(posting.position + 1 - len(out), 0), posting.position + 1
            answer = yield from asked(Run(index, posting.segment, posting.run, start, stop + AHEAD))
            source = self._level(array("I", cast(U32, answer).tobytes()))
            reach, ahead = _reach(out, source[: stop - start]), tuple(source[stop - start :])
            if reach > beyond:
                rows.append((-reach, number, ahead, posting))
        return _varied(sorted(rows, key=lambda row: row[:2]), count)


def _rested(
    index: int, postings: Sequence[Posting], tracks: Mapping[TrackKey, Track]
) -> tuple[list[Posting], Sequence[Posting]]:
    """One place of each run whose match is idle, to be heard of there, and the places of the others."""
    runs = ((index, segment, run) for segment, run in {(one.segment, one.run) for one in postings})
    idle = {run[1:] for run in runs if run in tracks and tracks[run].idle}
    if not idle:
        return [], postings
    first = {(one.segment, one.run): one for one in reversed(postings)}
    rest = [one for one in postings if (one.segment, one.run) not in idle]
    return [one for run, one in first.items() if run in idle], rest


def _reach(out: Sequence[int], source: Sequence[int]) -> int:
    """How many tokens the two have in common at their ends."""
    count = 0
    for a, b in zip(reversed(out), reversed(source), strict=False):
        if a != b:
            break
        count += 1
    return count


def _varied(rows: list[tuple[int, int, tuple[int, ...], Posting]], count: int) -> list[Posting]:
    """The first rows of each continuation, then the others."""
    seen: set[tuple[int, ...]] = set()
    first: list[Posting] = []
    others: list[Posting] = []
    for _, _, continuation, posting in rows:
        (others if continuation in seen else first).append(posting)
        seen.add(continuation)
    return (first + others)[:count]
