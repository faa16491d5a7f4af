"""passages.parquet: passages in excess, where they stand and where they stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from simblock.tokens import I64
from simblock_indexer.dedup.excess import Passages
from simblock_indexer.dedup.folder import Folder
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.outcome.tables import GROUP, Fields, table
from simblock_indexer.dedup.part import Documents

NAME = "passages.parquet"
FIELDS: Fields = {
    "id": "string", "source": "string", "row": "int64", "first_token": "int64", "tokens": "int64",
    "keeper_id": "string", "keeper_source": "string", "keeper_row": "int64", "keeper_earlier": "bool",
    "keeper_first_token": "int64", "documents": "int64", "cut": "bool",
}  # fmt: skip
"""``first_token`` counts from 0, words of text, lexemes of code. The same tokens stand in the keeper from
``keeper_first_token`` on; so many ``documents`` have them; ``cut``: they do not stay in this one."""
MOST = 20
"""Passages that are named, those that stand in most documents."""


def write(out: str, folder: Folder, documents: Documents) -> dict[str, Any]:
    """Writes a row for each passage, in the order of the documents. Returns what it came to, as JSON has it."""
    found = Passages.read(folder.settled)
    places = Places(documents)
    order = np.lexsort((found.starts, found.documents))
    with table(out, NAME, FIELDS) as filled:
        for low in range(0, len(order), GROUP):
            filled.add(_columns(_some(found, order[low : low + GROUP]), places, documents.old))
    return {
        "passages": len(order),
        "documents": len(np.unique(found.documents)),
        "tokens": int((found.ends - found.starts).sum()),
        "cut": int(found.cut.sum(dtype=np.int64)),
        "most": _named(_some(found, most(found)), places),
    }


def most(found: Passages) -> I64:
    """Which passages stand in most documents, one of each place where such a passage stays, i64."""
    rising = np.lexsort((found.starts, found.documents, -found.holders.astype(np.int64)))
    chosen: dict[tuple[int, int], int] = {}
    for at in rising[: MOST * MOST].tolist():
        chosen.setdefault((int(found.keepers[at]), int(found.keeper_starts[at])), at)
    return np.array(list(chosen.values())[:MOST], np.int64)


def _some(found: Passages, chosen: I64) -> Passages:
    return Passages._make(column[chosen] for column in found)


def _columns(found: Passages, places: Places, old: int) -> dict[str, Any]:
    own, kept = places.any(found.documents), places.any(found.keepers)
    return {
        "id": own.ids,
        "source": own.sources,
        "row": own.rows,
        "first_token": found.starts,
        "tokens": found.ends - found.starts,
        "keeper_id": kept.ids,
        "keeper_source": kept.sources,
        "keeper_row": [row or None for row in kept.rows.tolist()],
        "keeper_earlier": found.keepers < old,
        "keeper_first_token": found.keeper_starts,
        "documents": found.holders,
        "cut": found.cut.astype(bool),
    }


def _named(found: Passages, places: Places) -> list[dict[str, Any]]:
    kept = places.any(found.keepers)
    tokens = (found.ends - found.starts).tolist()
    return [
        {"documents": holders, "tokens": length, "keeper": id, "first_token": start}
        for holders, length, id, start in zip(
            found.holders.tolist(), tokens, kept.ids, found.keeper_starts.tolist(), strict=True
        )
    ]
