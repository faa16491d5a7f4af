"""What a commit writes: new segments, from new runs and from those of older segments it takes in.

Base segments stay; one delta is written anew by each commit, until it outgrows a tenth of the base
and becomes, or joins, a base segment. On shelves where a change must be in force at once the delta stays
small, becomes a base segment as it is, and segments are merged by commits of their own. Whoever takes a segment in takes those too whose rows point
into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simblock.stores.draft import Draft
from simblock.stores.manifest import FileRef
from simblock.stores.names import SUFFIX
from simblock.stores.segment import Segment
from simblock.stores.shelf import Shelf
from simblock.stores.snapshot import Place, Sealer, Snapshot
from simblock.stores.worktable import Row
from simblock.tokens import I64, Bools

SEGMENT_TOKENS = 1 << 25
"""A base segment is closed at this size: it takes under 2 GB to build (50 bytes a token, measured)."""
DELTA_TOKENS = 1 << 17
"""A delta smaller than this stays one, however small the base is."""
DELTA_SHARE = 10
MERGE_RATIO = 4
"""A base segment up to so many times as large as those after it together is merged with them."""


@dataclass
class Compaction:
    """New segments in the making. ``rows`` wait until the segment of their run is written."""

    shelf: Shelf
    sealing: Sealer
    new_draft: Callable[[], Draft]
    rows: list[Row] = field(default_factory=list)
    written: list[FileRef] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draft = self.new_draft()
        self._moved: dict[bytes, tuple[bytes, I64]] = {}

    def make_room(self, tokens: int) -> None:
        """Closes the segment in the making if so many tokens more would make it too large."""
        if self.draft.runs and self.draft.tokens + tokens > SEGMENT_TOKENS:
            self.flush()

    def flush(self) -> None:
        """Writes the segment in the making, with the rows of its runs, and begins another."""
        rows = [self._moved_row(row) for row in self.rows]
        self.rows = [row for row in rows if row.segment != self.draft.id]
        self._write([row for row in rows if row.segment == self.draft.id])

    def finish(self) -> bool:
        """Writes what is left; whether there was anything."""
        self.rows = [self._moved_row(row) for row in self.rows]
        if not self.draft.runs and not self.rows:
            return False
        self._write(self.rows)
        return True

    def _write(self, rows: list[Row]) -> None:
        draft, id = self.draft, self.draft.id.hex()
        file = f"seg-{id}{SUFFIX}"
        with self.shelf.create(file) as stream:
            crc = draft.write(stream, rows, self.sealing(draft.id))
            size = stream.tell()
        self.written.append(FileRef(id, file, size, crc))
        self.draft = self.new_draft()

    def _moved_row(self, row: Row) -> Row:
        if row.segment not in self._moved:
            return row
        segment, numbers = self._moved[row.segment]
        return row._replace(segment=segment, run=int(numbers[row.run]))

    def absorb(self, snapshot: Snapshot, segments: list[Segment], dead: set[Place]) -> None:
        """Takes in what is not dead of some segments of a snapshot."""
        for segment in segments:
            self.rows.extend(kept_rows(snapshot, segment, dead))
        wanted = {segment.id: np.zeros(segment.facts.runs, bool) for segment in segments}
        for row in self.rows:
            if row.segment in wanted:
                wanted[row.segment][row.run] = True
        for segment in segments:
            self.take(segment, wanted[segment.id][segment.heads])

    def take(self, segment: Segment, live: Bools) -> None:
        """Takes in the live runs (bool [runs]) of an older segment; rows that point at them follow them."""
        self.make_room(int(np.diff(segment.bounds)[live].sum()))
        self._moved[segment.id] = (self.draft.id, self.draft.absorb(segment, live))


def kept_rows(snapshot: Snapshot, segment: Segment, dead: set[Place]) -> list[Row]:
    """The rows of a segment that were not removed."""
    number = snapshot.segments.index(segment)
    rows = []
    for at in np.flatnonzero(~snapshot.dead_rows(number)).tolist():
        place = Place(segment, at)
        if place not in dead:
            target, run = snapshot.target(place)
            rows.append(row_of(segment, at, target.id, run))
    return rows


def row_of(segment: Segment, at: int, target: bytes, run: int) -> Row:
    """A row of a segment as one to be written, that points at a run of the segment of id ``target``."""
    row = segment.works.rows[at]
    digests = row["text"].tobytes(), row["metadata"].tobytes()
    return Row(segment.work(at), target, run, *digests, int(row["epoch"]), int(row["added"]))


def to_absorb(
    snapshot: Snapshot, dead: set[Place], new_tokens: int, *, purge: bool, at_once: bool
) -> tuple[list[Segment], bool]:
    """Which segments a commit takes in, and whether what it writes last is the delta.

    With ``at_once`` a delta is kept small, and no base segment is written anew: that is for :func:`to_merge`.
    """
    base, delta = list(snapshot.segments), []
    if snapshot.manifest.delta:
        delta = [base.pop()]
    chosen = set(delta)
    size = new_tokens + sum(segment.facts.tokens for segment in delta)
    share = 0 if at_once else sum(s.facts.tokens for s in base) // DELTA_SHARE
    is_delta = bool(base) and size <= max(DELTA_TOKENS, share)
    if not (is_delta or at_once) and base and base[-1].facts.tokens + size <= SEGMENT_TOKENS:
        chosen.add(base[-1])
    if purge:
        chosen |= {segment for segment in base if _has_dead(snapshot, segment, dead)}
    _close(snapshot, chosen)
    return [s for s in snapshot.segments if s in chosen], is_delta and chosen <= set(delta)


def to_keep(tokens: Sequence[int], live: Sequence[int]) -> list[bool]:
    """Which segments of several indexes may stay as they are when these become one; ``live`` of each one's tokens are
    of works that stand.

    None where one segment could hold all. Else those that are large already, and hardly need to be written anew.
    """
    if sum(live) <= SEGMENT_TOKENS:
        return [False] * len(tokens)
    large = SEGMENT_TOKENS // MERGE_RATIO
    return [
        held >= large and (held - needed) * DELTA_SHARE <= held
        for held, needed in zip(tokens, live, strict=True)
    ]


def to_merge(snapshot: Snapshot) -> list[Segment]:
    """Which base segments to make one of, so that each is several times as large as the next; mostly none.

    As in a log-structured merge tree (O'Neil and others, 1996): the segments stay few, and a token is
    written anew once a level.
    """
    base = list(snapshot.segments)
    if snapshot.manifest.delta:
        base.pop()
    chosen: set[Segment] = set()
    size = 0
    for segment in reversed(base):
        if size and (
            segment.facts.tokens > MERGE_RATIO * size or size + segment.facts.tokens > SEGMENT_TOKENS
        ):
            break
        chosen.add(segment)
        size += segment.facts.tokens
    if len(chosen) < 2:
        return []
    _close(snapshot, chosen)
    return [s for s in snapshot.segments if s in chosen]


def _has_dead(snapshot: Snapshot, segment: Segment, dead: set[Place]) -> bool:
    before = snapshot.dead_rows(snapshot.segments.index(segment)).any()
    return bool(before) or any(place.segment is segment for place in dead)


def _close(snapshot: Snapshot, chosen: set[Segment]) -> None:
    """Adds those whose rows point into a chosen segment, until none is left."""
    grown = True
    while grown:
        ids = {segment.id for segment in chosen}
        more = {s for s in snapshot.segments if s not in chosen and ids & set(s.works.others)}
        chosen |= more
        grown = bool(more)
