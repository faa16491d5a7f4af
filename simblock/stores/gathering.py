"""The works of several indexes laid side by side, as arrays: whose ids are met twice, whose texts are equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.stores.segment import Segment
from simblock.stores.snapshot import Snapshot
from simblock.stores.worktable import OWN
from simblock.tokens import I64, U32, U64, Bools


class Held(NamedTuple):
    """A segment, and which of the indexes it is of."""

    owner: int
    segment: Segment


@dataclass(frozen=True, slots=True)
class Gathered:
    """The works that stand in some indexes, in the order of these, a row each: the hash of its id u64, the digest of
    its text u64 [n, 2], the segment (by number, over all indexes) that holds it and its row there u32, the segment of
    its run and that run u32. 40 bytes a work."""

    segments: list[Held]
    ids: U64
    texts: U64
    homes: U32
    rows: U32
    targets: U32
    runs: U32

    def __len__(self) -> int:
        return len(self.ids)

    def id(self, at: int) -> str:
        """The id of a work."""
        return self._held(at).segment.work(int(self.rows[at])).id

    def owner(self, at: int) -> int:
        """The number of the index that a work is in."""
        return self._held(at).owner

    def _held(self, at: int) -> Held:
        return self.segments[int(self.homes[at])]

    def alike(self) -> Iterator[tuple[int, int]]:
        """Two works of one id, for each that is met again."""
        order = np.argsort(self.ids, kind="stable")
        hashes = self.ids[order]
        for at in np.flatnonzero(hashes[1:] == hashes[:-1]).tolist():
            one, other = int(order[at]), int(order[at + 1])
            if self.id(one) == self.id(other):
                yield one, other

    def folded(self, preferred: Bools) -> Gathered:
        """The same with one run for each text: that of the first work that has it, of those whose run is in a
        preferred segment (bool, one each) where there are such."""
        order = np.lexsort((~preferred[self.targets], self.texts[:, 1], self.texts[:, 0]))
        texts = self.texts[order]
        fresh = np.ones(len(order), bool)
        fresh[1:] = (texts[1:] != texts[:-1]).any(axis=1)
        first = np.empty(len(order), np.int64)
        first[order] = order[fresh][np.cumsum(fresh) - 1]
        return replace(self, targets=self.targets[first], runs=self.runs[first])

    def wanted(self) -> list[Bools]:
        """Which runs of each segment some work needs, all runs of a work of code alike: bool [runs] each."""
        order = np.argsort(self.targets, kind="stable")
        ends = np.searchsorted(self.targets[order], np.arange(len(self.segments) + 1))
        wanted = []
        for number, (_, segment) in enumerate(self.segments):
            heads = np.zeros(segment.facts.runs, bool)
            heads[self.runs[order[ends[number] : ends[number + 1]]]] = True
            wanted.append(heads[segment.heads])
        return wanted

    def of_segment(self, number: int) -> I64:
        """The works whose rows a segment holds, by their places here: i64, rising."""
        first, stop = np.searchsorted(self.homes, [number, number + 1])
        return np.arange(first, stop)


def gather(snapshots: Sequence[Snapshot]) -> Gathered:
    """All works of some indexes that were not removed. Raises Damaged."""
    segments = [Held(owner, segment) for owner, one in enumerate(snapshots) for segment in one.segments]
    numbers = {held.segment.id: number for number, held in enumerate(segments)}
    parts: list[tuple[NDArray[Any], ...]] = [_NONE]
    for snapshot in snapshots:
        for place, segment in enumerate(snapshot.segments):
            parts.append(_standing(segment, ~snapshot.dead_rows(place), numbers))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    names = [field.name for field in fields(Gathered)][1:]
    return Gathered(segments, **dict(zip(names, columns, strict=True)))


_NUMBERS: U32 = np.empty(0, np.uint32)
_NONE = (np.empty(0, np.uint64), np.empty((0, 2), np.uint64), _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS)


def _standing(segment: Segment, alive: Bools, numbers: dict[bytes, int]) -> tuple[NDArray[Any], ...]:
    """The columns of the rows of a segment that were not removed."""
    works, number = segment.works, numbers[segment.id]
    rows = np.flatnonzero(alive)
    held = works.rows[rows]
    others = np.array([numbers.get(id, OWN) for id in works.others] or [OWN], np.uint32)
    own = held["segment"] == OWN
    targets = np.where(own, np.uint32(number), others[np.where(own, 0, held["segment"])])
    digests = np.ascontiguousarray(held["text"]).view(np.uint64).reshape(-1, 2)
    homes = np.full(len(rows), number, np.uint32)
    return held["id"], digests, homes, rows.astype(np.uint32), targets, held["run"]
