"""Where documents stand and how they are called, for many at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simblock.tokens import I64, U32
from simblock_indexer.dedup.part import Documents
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

    def of(self, numbers: U32) -> Standing:
        """Those of documents whose numbers rise."""
        sources: list[str | None] = [None] * len(numbers)
        rows = np.zeros(len(numbers), np.int64)
        for its, chosen, inside in self._documents.among(numbers):
            rows[chosen] = its.rows(inside) + 1
            place = called(self._documents.plan.sources[its.part.source].place)
            sources[chosen] = [place] * len(inside)
        return Standing(self._documents.ids(numbers), sources, rows)

    def any(self, numbers: U32) -> Standing:
        """Those of documents in any order, also more than once."""
        rising, back = np.unique(numbers, return_inverse=True)
        found = self.of(rising)
        order = back.tolist()
        return Standing(
            [found.ids[at] for at in order], [found.sources[at] for at in order], found.rows[back]
        )
