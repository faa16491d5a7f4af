"""dropped.parquet: each document that is not kept, its keeper, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simblock.tokens import U32
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.outcome.guarded import Guarded
from simblock_indexer.dedup.outcome.places import Places, Standing
from simblock_indexer.dedup.outcome.tables import GROUP, Fields, table
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import EXACT, FATES, KEPT, NEAR, PASSAGE, PROTECTED, Settled

NAME = "dropped.parquet"
FIELDS: Fields = {
    "id": "string", "source": "string", "row": "int64",
    "keeper_id": "string", "keeper_source": "string", "keeper_row": "int64", "keeper_earlier": "bool",
    "similarity": "float", "reason": "string", "rule": "string", "work": "string",
}  # fmt: skip
"""``keeper_earlier``: the keeper came with an earlier delivery. ``work``: the protected work, where that is the reason."""
CHUNK = 1 << 20
"""Documents whose fates are read together."""


def rules(options: DedupOptions) -> dict[int, str]:
    """What decided, by fate."""
    kept = f"keep={options.keep}, max_copies={options.max_copies}"
    share = 1.0 if options.cut == "redact" else options.threshold
    return {
        EXACT: f"equal text, {kept}",
        NEAR: f"jaccard>={options.threshold:g}, {kept}",
        PASSAGE: f"repeated passages>={share:g} of the tokens, "
        f"min_passage={options.min_passage}, max_copies={options.max_copies}",
        PROTECTED: "policy",
    }


def write(out: str, documents: Documents, settled: Settled) -> None:
    """Writes the table."""
    rows = _Rows(documents, settled)
    with table(out, NAME, FIELDS) as filled:
        for numbers in dropped(settled, documents.old):
            filled.add(rows.of(numbers))


def dropped(settled: Settled, start: int) -> Iterator[U32]:
    """The numbers of documents that are not kept, from ``start`` on, in order, a row group's at a time."""
    held = np.empty(0, np.uint32)
    for low in range(start, len(settled.fates), CHUNK):
        gone = np.flatnonzero(settled.fates[low : low + CHUNK] != KEPT) + low
        held = np.concatenate([held, gone.astype(np.uint32)])
        while len(held) >= GROUP:
            yield held[:GROUP]
            held = held[GROUP:]
    if len(held):
        yield held


class _Rows:
    def __init__(self, documents: Documents, settled: Settled) -> None:
        self._places = Places(documents)
        self._guarded = Guarded(documents)
        self._settled = settled
        self._old = documents.old
        self._rules = rules(documents.plan.options)

    def of(self, numbers: U32) -> dict[str, Any]:
        """The columns of some documents, whose numbers rise."""
        fates, keepers = self._settled.fates[numbers], self._settled.keepers[numbers]
        own, kept = self._places.of(numbers), self._places.any(keepers)
        alone = keepers == numbers
        columns: dict[str, Any] = {
            "id": own.ids,
            "source": own.sources,
            "row": own.rows,
            **_keeper(kept, alone.tolist(), (keepers < self._old).tolist()),
            "similarity": self._settled.similarities[numbers].tolist(),
            "reason": [FATES[fate] for fate in fates.tolist()],
            "rule": [self._rules[fate] for fate in fates.tolist()],
            "work": [None] * len(numbers),
        }
        self._explain(columns, numbers, fates == PROTECTED)
        return columns

    def _explain(self, columns: dict[str, Any], numbers: U32, protected: Any) -> None:
        """What took out a document that holds something protected: the severest of what was found."""
        places = np.flatnonzero(protected)
        for at, found in zip(places.tolist(), self._guarded.worst(numbers[places]), strict=True):
            columns["similarity"][at] = found and found.similarity
            columns["rule"][at] = found and f"policy, rule {found.rule}"
            columns["work"][at] = found and found.work


def _keeper(kept: Standing, alone: list[bool], earlier: list[bool]) -> dict[str, list[Any]]:
    """Who is kept in its place; nobody of a document that stands alone."""
    return {
        "keeper_id": [None if one else id for id, one in zip(kept.ids, alone, strict=True)],
        "keeper_source": [None if one else place for place, one in zip(kept.sources, alone, strict=True)],
        "keeper_row": [
            row or None if not one else None for row, one in zip(kept.rows.tolist(), alone, strict=True)
        ],
        "keeper_earlier": [None if one else old for old, one in zip(earlier, alone, strict=True)],
    }
