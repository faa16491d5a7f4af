"""Passes over texts that a test holds: signed in memory, then the stages, one unit after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from simblock_indexer.dedup import clustering, joining, settling, signing, verifying
from simblock_indexer.dedup.delivery.rows import Met, Part, Rows, Source
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import Settled
from simblock_indexer.readers.options import ReadOptions


def signed(
    root: Path,
    texts: Sequence[str],
    options: DedupOptions | None = None,
    *,
    parts: int = 2,
    partitions: int = 16,
    ranks: Sequence[float] | None = None,
    languages: Sequence[str | None] | None = None,
    ids: Sequence[str | None] | None = None,
    state: Path | None = None,
    segments: tuple[str, ...] = (),
) -> Folder:
    """A folder in which the texts are signed, in so many parts."""
    root.mkdir(parents=True)
    source = Source("memory", "memory", 0, "texts.jsonl", "texts.jsonl")
    plan = Plan(
        options or DedupOptions(),
        ReadOptions(),
        (source,),
        tuple(Part(number, 0, 0, -1) for number in range(parts)),
        partitions,
        state=None if state is None else str(state),
        segments=segments,
    )
    (root / "plan.json").write_text(plan.to_json(), "utf-8")
    folder = Folder(root)
    for number, chosen in enumerate(np.array_split(np.arange(len(texts)), parts)):
        rows = _rows(chosen.tolist(), texts, ranks, languages, ids)
        signing.put(folder, number, rows, plan, Met(rows=len(chosen)))
    return folder


def _rows(
    chosen: list[int],
    texts: Sequence[str],
    ranks: Sequence[float] | None,
    languages: Sequence[str | None] | None,
    ids: Sequence[str | None] | None,
) -> Iterator[Rows]:
    for low in range(0, len(chosen), 50):
        some = chosen[low : low + 50]
        yield Rows(
            list(range(low, low + len(some))),
            [None if ids is None else ids[at] for at in some],
            [texts[at] for at in some],
            [None if languages is None else languages[at] for at in some],
            np.array([0.0 if ranks is None else ranks[at] for at in some]),
        )


def settled(folder: Folder) -> Settled:
    """What becomes of a signed folder's documents."""
    for partition in range(folder.plan.partitions):
        joining.join(folder, partition)
    clustering.cluster(folder)
    for unit in range(clustering.units(folder)):
        verifying.verify(folder, unit)
    settling.settle(folder)
    return Settled.read(folder.settled)


def candidates(folder: Folder) -> set[tuple[int, int]]:
    """All pairs that join found."""
    found = set()
    for partition in range(folder.plan.partitions):
        joining.join(folder, partition)
        found |= {tuple(pair) for pair in np.load(folder.joined(partition) / "pairs.npy").tolist()}
    return found


__all__ = ["Documents", "candidates", "settled", "signed"]
