"""Where documents stand and how they are called, for many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simblock.tokens import I64, U32
from simblock_indexer.dedup.part import Documents, SignedPart
from simblock_indexer.readers.remote import called


class Standing(NamedTuple):
    """Of some documents, each in its place: ``ids`` (None: an earlier delivery's without one), ``sources`` (None: of an earlier delivery) and ``rows``
    i64, from 1 (0: of an earlier delivery)."""

    ids: list[str | None]
    sources: list[str | None]
    rows: I64


class Places:
    """The ids, files and rows of documents, a chunk at a time: what a pass has is never in memory whole."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._plan = documents.plan
        self._earlier = len(self._plan.segments)
        self._before = rows_before(documents)

    def of(self, numbers: U32) -> Standing:
        """Those of documents whose numbers rise."""
        ids: list[str | None] = []
        sources: list[str | None] = []
        rows = np.zeros(len(numbers), np.int64)
        for at, part, chosen, inside in self._documents.split(numbers):
            given = list(_ids(part, inside))
            if at < self._earlier:
                ids += [id or None for id in given]
                sources += [None] * len(given)
                continue
            rows[chosen] = part.array("lines")[inside].astype(np.int64) + (self._before[at] + 1)
            source = self._plan.sources[self._plan.parts[at - self._earlier].source]
            ids += [
                id or f"{source.stem}#{row}" for id, row in zip(given, rows[chosen].tolist(), strict=True)
            ]
            sources += [called(source.place)] * len(given)
        return Standing(ids, sources, rows)

    def any(self, numbers: U32) -> Standing:
        """Those of documents in any order, also more than once."""
        rising, back = np.unique(numbers, return_inverse=True)
        found = self.of(rising)
        order = back.tolist()
        return Standing(
            [found.ids[at] for at in order], [found.sources[at] for at in order], found.rows[back]
        )


def rows_before(documents: Documents) -> list[int]:
    """Of each part, how many rows of its file stand in parts before it."""
    plan = documents.plan
    before = [0] * len(documents.parts)
    for at, part in enumerate(plan.parts):
        if at and plan.parts[at - 1].source == part.source:
            place = len(plan.segments) + at
            before[place] = before[place - 1] + int(documents.parts[place - 1].counts["rows"])
    return before


def _ids(part: SignedPart, inside: I64) -> Iterator[str]:
    """The ids that rows give, empty where one gives none: only their own bytes are read."""
    ends = part.array("id_ends")
    stops = ends[inside]
    starts = np.where(inside > 0, ends[inside - 1], 0)
    lengths = stops - starts
    edges = np.cumsum(lengths)
    places = np.repeat(starts - (edges - lengths), lengths) + np.arange(edges[-1])
    spelled = part.array("id_bytes")[places].tobytes()
    begin = 0
    for end in edges.tolist():
        yield spelled[begin:end].decode("utf-8", "surrogatepass")
        begin = end
