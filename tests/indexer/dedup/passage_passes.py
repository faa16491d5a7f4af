"""Passes over runs that tests make up: no text is read, and nothing but passages is settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simblock_indexer.dedup import passages
from simblock_indexer.dedup.delivery.rows import Part
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import EMPTY, SLOTS, TEXT, Documents, Runs, Signed
from simblock_indexer.dedup.settled import Settled
from simblock_indexer.readers.options import ReadOptions


def runs_of(documents: list[list[int]], sort: int = TEXT) -> Runs:
    bounds = np.cumsum([0, *map(len, documents)])
    keys = np.array([key for document in documents for key in document], np.uint32)
    return Runs(keys, bounds, np.array([sort if document else EMPTY for document in documents], np.uint8))


def signed(runs: Runs, options: DedupOptions, partitions: int) -> Signed:
    count = len(runs.sorts)
    return Signed(
        lines=np.arange(count, dtype=np.uint32),
        sorts=runs.sorts,
        sizes=np.diff(runs.bounds).astype(np.uint32),
        digests=np.zeros(count, np.uint64),
        checks=np.zeros(count, np.uint32),
        sketches=np.zeros((count, SLOTS), np.uint8),
        ranks=np.zeros(count),
        ids=[None] * count,
        runs=runs.keys,
        bounds=runs.bounds,
        keys=np.empty(0, np.uint64),
        owners=np.empty(0, np.uint32),
        splits=np.zeros(partitions + 1, np.int64),
        more=passages.anchors(runs, partitions, options.min_passage),
        counts={"documents": count, "rows": count},
    )


def laid_out(
    root: Path, parts: list[Runs], old: list[Runs] | None = None, partitions: int = 4, **options: Any
) -> Documents:
    """The documents of a pass, signed and joined; ``old`` are segments of earlier deliveries."""
    told = DedupOptions(scope="passage", **options)
    segments = []
    for number, runs in enumerate(old or []):
        (root / f"old{number}").mkdir(parents=True)
        signed(runs, told, 4096).write(root / f"old{number}")
        segments.append(str(root / f"old{number}"))
    numbered = tuple(Part(number, 0, 0, -1) for number in range(len(parts)))
    plan = Plan(told, ReadOptions(), (), numbered, partitions, segments=tuple(segments))
    folder = Folder(root)
    root.mkdir(exist_ok=True, parents=True)
    (root / "plan.json").write_text(plan.to_json(), "utf-8")
    for number, runs in enumerate(parts):
        with folder.making(folder.signed(number)) as filled:
            signed(runs, told, plan.partitions).write(filled)
    documents = Documents(folder)
    for partition in range(plan.partitions):
        with folder.making(folder.joined(partition)) as filled:
            passages.join(documents, partition, filled)
    return documents


def settled(
    root: Path, documents: Documents, order: Any = None, before: Settled | None = None
) -> tuple[Settled, passages.Passages]:
    folder = Folder(root)
    order = np.arange(len(documents)) if order is None else np.array(order)
    before = before or Settled.untouched(len(documents))
    with folder.making(folder.settled) as filled:
        after = passages.settle(documents, folder, before, order.astype(np.uint32), filled=filled)
        after.write(filled)
    assert sorted(path.suffix for path in folder.settled.iterdir()) == [".npy"] * 12
    return Settled.read(folder.settled), passages.Passages.read(folder.settled)
