"""What is kept of a delivery for those that follow: ``--state``.

A state is a folder of deliveries, each a folder of segments: parts with the kept documents alone, as if they had just
been signed. Representatives have the keys by which later documents find them; of their copies that were kept, too,
only the number is known, and the run for passages.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simblock.errors import Damaged, UsageError
from simblock.tokens import I64, Bools
from simblock_indexer.dedup import passages
from simblock_indexer.dedup.folder import Folder, replaced
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import EMPTY, Documents, Runs, Signed, SignedPart, documents_of
from simblock_indexer.dedup.settled import KEPT, Settled
from simblock_indexer.dedup.signing import entries, sketched

FINEST = 4096
"""Partitions of a state's keys: any number of them that a later pass may have divides it."""
MEANT = ("scope", "threshold", "sketch", "min_passage")
"""Options that decide what a segment holds."""


def earlier(state: Path, options: DedupOptions) -> tuple[str, ...]:
    """The segments of earlier deliveries, in order; none where there is no state yet.

    Raises UsageError where they were made with other options, Damaged where the list cannot be read.
    """
    told = _told(state)
    if told is None:
        return ()
    for name in MEANT:
        if told["options"][name] != getattr(options, name):
            raise UsageError(
                f"{state}: was made with --{name.replace('_', '-')} {told['options'][name]}: "
                "give the same, or another --state"
            )
    return tuple(str(state / segment) for delivery in told["deliveries"] for segment in delivery["segments"])


def keep(folder: Folder) -> None:
    """Adds what a settled pass keeps to its state; does nothing where that was done, or no state is asked.

    Raises UsageError where another delivery was added since the pass began.
    """
    plan = folder.plan
    if plan.state is None:
        return
    state, digest = Path(plan.state), hashlib.sha256(plan.to_json().encode()).hexdigest()[:16]
    told = _told(state) or {
        "version": 1,
        "options": {name: getattr(plan.options, name) for name in MEANT},
        "deliveries": [],
    }
    if any(delivery["plan"] == digest for delivery in told["deliveries"]):
        return
    if earlier(state, plan.options) != plan.segments:
        raise UsageError(
            f"{state}: another delivery was added since this pass began, which it was not compared with: "
            f"remove {plan.out} and begin anew"
        )
    name = f"{len(told['deliveries']):06}"
    shutil.rmtree(state / name, ignore_errors=True)  # of a pass that was killed before it was listed
    with Folder(state).making(state / name) as filled:
        segments, kept = _kept(documents_of(folder), Settled.read(folder.settled), filled)
    listed = [f"{name}/{segment}" for segment in segments]
    told["deliveries"].append({"plan": digest, "segments": listed, "documents": kept})
    with replaced(state / "state.json") as file:
        file.write_text(json.dumps(told, indent=1), "utf-8")


def _told(state: Path) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads((state / "state.json").read_text("utf-8"))
        told["options"], told["deliveries"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{state}: its list of deliveries cannot be read: restore the folder") from error
    return told


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
    runs, touched = _runs(part, settled, base, inside)
    column = {name: np.array(part.array(name)[inside]) for name in ("lines", "sorts", "sizes", "checks")}
    made = sketched(runs, column["sorts"], plan)
    if touched:  # its text is another one
        column["checks"][:] = 0
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


def _runs(part: SignedPart, settled: Settled, base: int, inside: I64) -> tuple[Runs, bool]:
    """The runs of some documents without what was cut out of them, and whether anything was."""
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
    return Runs(part.array("runs")[kept], ends, np.array(sorts[inside])), bool(touched.any())
