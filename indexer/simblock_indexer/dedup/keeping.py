"""What is kept of a delivery for those that follow: ``--state``.

A delivery is a folder of segments: parts with the kept documents alone, as if they had just been signed. Representatives have the keys by which later documents find them; of their copies that were kept, too,
only the number is known, and the run for passages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simblock.tokens import I64, Bools
from simblock_indexer.dedup import deliveries, passages
from simblock_indexer.dedup.folder import Folder
from simblock_indexer.dedup.part import EMPTY, Documents, Runs, Signed, SignedPart, documents_of
from simblock_indexer.dedup.settled import KEPT, Settled
from simblock_indexer.dedup.signing import entries, sketched

FINEST = 4096
"""Partitions of a state's keys: any number of them that a later pass may have divides it."""


def keep(folder: Folder) -> None:
    """Adds what a settled pass keeps to its state; does nothing where that was done, or no state is asked.

    Raises UsageError where the state grew since the pass began.
    """
    plan = folder.plan
    if plan.state is not None:
        deliveries.add(plan, lambda filled: _kept(documents_of(folder), Settled.read(folder.settled), filled))


def _kept(documents: Documents, settled: Settled, filled: Path) -> tuple[list[str], int]:
    """Writes the segments of a delivery: their names, and how many documents they have."""
    chosen = (settled.fates == KEPT) & (documents.column("sorts") != EMPTY)
    chosen[: documents.old] = True
    # A document's number from the next pass on; those that were there keep theirs.
    numbers = np.cumsum(chosen) - 1
    copies = _copies(settled, chosen, numbers)
    names: list[str] = []
    for at in range(len(documents.plan.segments), len(documents.parts)):
        start, end = documents.bases[at : at + 2].tolist()
        inside = np.flatnonzero(chosen[start:end])
        names.append(f"{len(names):06}")
        (filled / names[-1]).mkdir()
        made = _segment(documents, settled, at, inside)
        made.more.update(copies if len(names) == 1 else _NO_COPIES)
        made.write(filled / names[-1])
    return names, int(chosen[documents.old :].sum())


_NO_COPIES: dict[str, NDArray[Any]] = {
    "copy_owners": np.empty(0, np.int64),
    "copy_counts": np.empty(0, np.int64),
}


def _copies(settled: Settled, chosen: Bools, numbers: I64) -> dict[str, NDArray[Any]]:
    members = np.flatnonzero(chosen & (settled.keepers != np.arange(len(chosen))))
    owners, counts = np.unique(numbers[settled.keepers[members]], return_counts=True)
    return {"copy_owners": owners, "copy_counts": counts.astype(np.int64)}


def _segment(documents: Documents, settled: Settled, at: int, inside: I64) -> Signed:
    part, base, plan = documents.parts[at], int(documents.bases[at]), documents.plan
    runs = _runs(part, settled, base, inside)
    column = {name: np.array(part.array(name)[inside]) for name in ("lines", "sorts", "sizes", "checks")}
    made = sketched(runs, column["sorts"], plan)
    column["checks"][np.isin(base + inside, settled.cut_documents)] = 0  # their texts are others
    leads = settled.keepers[base + inside] == base + inside
    keys, owners, splits = entries(made["digests"], made.pop("bands"), column["sorts"], FINEST, leads)
    more = passages.anchors(runs, FINEST, plan.options.min_passage) if plan.options.passages else {}
    return Signed(
        **column,
        **made,
        ranks=np.full(len(inside), -np.inf),
        ids=documents.ids(base + inside),
        runs=runs.keys,
        bounds=runs.bounds,
        keys=keys,
        owners=owners,
        splits=splits,
        more=more,
        counts={"documents": len(inside), "rows": 0, "tokens": len(runs.keys)},
    )


def _runs(part: SignedPart, settled: Settled, base: int, inside: I64) -> Runs:
    """The runs of some documents without what was cut out of them."""
    bounds, sorts = np.array(part.array("bounds")), part.array("sorts")
    stays = np.zeros(int(bounds[-1]) + 1, np.int32)
    np.add.at(stays, bounds[inside], 1)
    np.add.at(stays, bounds[inside + 1], -1)
    touched = np.isin(settled.cut_documents, base + inside)
    cuts = settled.cuts[touched] + bounds[settled.cut_documents[touched].astype(np.int64) - base][:, None]
    np.add.at(stays, cuts[:, 0], -1)
    np.add.at(stays, cuts[:, 1], 1)
    kept = np.cumsum(stays)[:-1] > 0
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
    lengths = before[bounds[inside + 1]] - before[bounds[inside]]
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Runs(part.array("runs")[kept], ends, np.array(sorts[inside]))
