"""clusters.parquet: each member of each cluster of two documents and more."""

from __future__ import annotations

from typing import Any

import numpy as np

from simblock.tokens import U32
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.outcome.stars import Stars
from simblock_indexer.dedup.outcome.tables import GROUP, Fields, Table
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import KEPT, Settled

NAME = "clusters.parquet"
FIELDS: Fields = {
    "cluster": "string", "id": "string", "source": "string", "row": "int64", "earlier": "bool",
    "size": "int64", "rank": "int64", "similarity": "float", "kept": "bool",
}  # fmt: skip
"""``cluster``: the id of the document that it stands around; ``rank``: by the rule, from 1; ``similarity`` to that
document; ``earlier``: it came with an earlier delivery."""


class Clusters:
    """The rows of clusters, written as these are met."""

    def __init__(self, filled: Table, documents: Documents, settled: Settled) -> None:
        self._filled = filled
        self._places = Places(documents)
        self._settled = settled
        self._old = documents.old

    def add(self, found: Stars) -> None:
        """Writes the members of some clusters."""
        ranks = np.arange(len(found.members)) - np.repeat(found.starts[:-1], found.sizes) + 1
        sizes = np.repeat(found.sizes, found.sizes)
        centres = np.repeat(found.centres, found.sizes)
        for low in range(0, len(found.members), GROUP):
            some = slice(low, low + GROUP)
            self._filled.add(
                self._rows(found.members[some], centres[some]) | {"size": sizes[some], "rank": ranks[some]}
            )

    def _rows(self, members: U32, centres: U32) -> dict[str, Any]:
        own = self._places.any(members)
        return {
            "cluster": self._places.any(centres).ids,
            "id": own.ids,
            "source": own.sources,
            "row": [row or None for row in own.rows.tolist()],
            "earlier": members < self._old,
            "similarity": self._settled.similarities[members],
            "kept": self._settled.fates[members] == KEPT,
        }
