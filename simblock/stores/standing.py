"""What stands in an index when a writer comes to it: its works by id, and its runs by text."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from simblock.stores.snapshot import Place, Snapshot
from simblock.stores.worktable import id_hash


class Standing:
    """Looked up by hashes of 64 and 128 bits; made on first use, in time that grows with the works."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @cached_property
    def places(self) -> dict[int, Place]:
        """The rows that were not removed, by the hash of their work's id."""
        places: dict[int, Place] = {}
        for number, segment in enumerate(self._snapshot.segments):
            rows = np.flatnonzero(~self._snapshot.dead_rows(number))
            hashes = segment.works.rows["id"][rows].tolist()
            places.update(
                (hashed, Place(segment, row)) for hashed, row in zip(hashes, rows.tolist(), strict=True)
            )
        return places

    @cached_property
    def runs(self) -> dict[bytes, tuple[bytes, int]]:
        """Segment id and number of the runs of works that stand, by their text's digest; writers add theirs."""
        runs: dict[bytes, tuple[bytes, int]] = {}
        for place in self.places.values():
            segment, run = self._snapshot.target(place)
            runs[place.digest] = segment.id, run
        return runs

    def place(self, id: str) -> Place | None:
        """The row of a work."""
        return self.places.get(id_hash(id))
