"""What becomes of every document, as *settle* wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simblock.tokens import I64, U8, U32
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.folder import load, save

KEPT, EXACT, NEAR, PASSAGE, PROTECTED = range(5)
"""Fates: kept; dropped as the same text as its keeper's, as a near-copy of it, as made of passages that others have,
for what it holds of a protected work."""
FATES = ("kept", "exact", "near", "passage", "protected")


@dataclass(frozen=True, slots=True)
class Settled:
    """Of n documents (all of :class:`Documents`): ``fates`` u8, ``keepers`` u32 (the document that a cluster stands
    around, itself for that one and for documents alone), ``similarities`` f32 (to the keeper; 1 for itself).

    Passages in excess, by document and place: ``cut_documents`` u32 [c] and ``cuts`` i64 [c, 2], tokens [start, end)
    of the run that was signed. Those of one document do not touch.
    """

    fates: U8
    keepers: U32
    similarities: F32
    cut_documents: U32
    cuts: I64

    ARRAYS = ("fates", "keepers", "similarities", "cut_documents", "cuts")

    def write(self, folder: Path) -> None:
        """Writes all of it as files of ``folder``."""
        for name in self.ARRAYS:
            save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def read(cls, folder: Path) -> Settled:
        """What :meth:`write` wrote, mapped."""
        return cls(*(load(folder / f"{name}.npy") for name in cls.ARRAYS))

    @classmethod
    def untouched(cls, documents: int) -> Settled:
        """Every document kept, alone."""
        return cls(
            np.zeros(documents, np.uint8),
            np.arange(documents, dtype=np.uint32),
            np.ones(documents, np.float32),
            np.empty(0, np.uint32),
            np.empty((0, 2), np.int64),
        )
