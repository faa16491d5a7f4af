"""Documents that are kept by what was settled, and of which nothing was left after cutting: they are not written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simblock.tokens import U32
from simblock_indexer.dedup.folder import Folder, load
from simblock_indexer.dedup.outcome.places import rows_before
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import PASSAGE, PROTECTED, Settled


def with_emptied(settled: Settled, folder: Folder, documents: Documents) -> Settled:
    """What was settled, with the fates of such documents: passage where one was cut out of them, else protected."""
    numbers = _numbers(folder, documents)
    if not len(numbers):
        return settled
    fates = np.array(settled.fates)
    fates[numbers] = np.where(np.isin(numbers, settled.cut_documents), PASSAGE, PROTECTED)
    return replace(settled, fates=fates)


def _numbers(folder: Folder, documents: Documents) -> U32:
    found = [np.empty(0, np.uint32)]
    before = rows_before(documents)
    for at, part in enumerate(documents.plan.parts, len(documents.plan.segments)):
        path = folder.written(part.source) / "emptied.npy"
        if path.exists():
            signed = documents.parts[at]
            rows = load(path).astype(np.int64) - before[at]
            lines = rows[(rows >= 0) & (rows < int(signed.counts["rows"]))]
            inside = np.searchsorted(signed.array("lines"), lines)
            found.append((inside + int(documents.bases[at])).astype(np.uint32))
    return np.concatenate(found)
