"""*write*: what is kept of each file, as it came, without the passages that are cut out."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simblock.errors import InputError
from simblock.tokens import I64, U32, Bools
from simblock_indexer.dedup.delivery.changes import Changes
from simblock_indexer.dedup.delivery.copying import copy
from simblock_indexer.dedup.delivery.reading import read
from simblock_indexer.dedup.delivery.remote import below
from simblock_indexer.dedup.delivery.rows import Met, Part, Rows
from simblock_indexer.dedup.examining import without
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.part import CODE, Documents, SignedPart
from simblock_indexer.dedup.settled import KEPT, Settled
from simblock_indexer.readers.remote import called

DOCUMENTS = "documents"
"""The folder of the kept documents, below that of the outcome."""


def write(folder: Folder, source: int) -> None:
    """Writes what is kept of a file to ``plan.out``, and marks it done, with its counts; does nothing where that
    stands.

    Rows keep their bytes or columns; of those with passages to cut, only the text is another. Raises InputError where
    the file is not what it was when it was read, and SimblockError where the target cannot be written; then nothing new
    stands there.
    """
    if folder.written(source).exists():
        return
    plan, settled = folder.plan, Settled.read(folder.settled)
    stretches = _stretches(Documents(folder, plan), source)
    keep = _kept(stretches, settled)
    cutting = _Cutting(plan, stretches, settled)
    target = below(plan.out, f"{DOCUMENTS}/{plan.sources[source].name}")
    copied = copy(plan.sources[source], plan, keep, Changes(cutting.rows, cutting.text), target)
    counts = {
        "rows": len(keep),
        "kept": copied.rows,
        "changed": cutting.changed,
        "unreadable": int(keep.sum()) - copied.rows,
        "bytes": copied.size,
    }
    with folder.making(folder.written(source)) as filled:
        (filled / "counts.json").write_text(json.dumps(counts), "utf-8")


class _Stretch(NamedTuple):
    """A part of the file: as it was signed, the number of its first document, and how many rows stand before it."""

    part: Part
    signed: SignedPart
    base: int
    before: int

    @property
    def after(self) -> int:
        """How many rows stand before the next."""
        return self.before + int(self.signed.counts["rows"])

    @property
    def rows(self) -> I64:
        """The row of the file of each document."""
        return self.signed.array("lines").astype(np.int64) + self.before

    def of(self, numbers: U32) -> slice:
        """Where those of this part stand among rising document numbers."""
        first, last = np.searchsorted(numbers, [self.base, self.base + self.signed.documents])
        return slice(int(first), int(last))


def _stretches(documents: Documents, source: int) -> list[_Stretch]:
    earlier = len(documents.plan.segments)
    found: list[_Stretch] = []
    for part in documents.plan.parts:
        if part.source == source:
            at = earlier + part.number
            before = found[-1].after if found else 0
            found.append(_Stretch(part, documents.parts[at], int(documents.bases[at]), before))
    return found


def _kept(stretches: list[_Stretch], settled: Settled) -> Bools:
    keep = np.zeros(stretches[-1].after, bool)
    for stretch in stretches:
        fates = settled.fates[stretch.base : stretch.base + stretch.signed.documents]
        keep[stretch.rows[fates == KEPT]] = True
    return keep


class _Cutting:
    """What is cut out of the texts of a file: first what was found of protected works, then passages in excess."""

    def __init__(self, plan: Plan, stretches: list[_Stretch], settled: Settled) -> None:
        self._plan, self._stretches, self._settled = plan, stretches, settled
        self._afters = [stretch.after for stretch in stretches]
        self._guarded = bool(plan.options.against)
        self._languages = _Languages(plan)
        self.changed = 0

    @property
    def rows(self) -> I64:
        """The rows of the file that lose something, rising."""
        found = [np.empty(0, np.int64)]
        for stretch in self._stretches:
            passages = self._settled.cut_documents[stretch.of(self._settled.cut_documents)]
            inside = passages.astype(np.int64) - stretch.base
            if self._guarded:
                inside = np.concatenate([inside, stretch.signed.array("cut_owners").astype(np.int64)])
            found.append(stretch.rows[np.unique(inside)])
        return np.concatenate(found)

    def text(self, row: int, text: str) -> str:
        """What is left of the text of a row."""
        stretch = self._stretches[bisect_right(self._afters, row)]
        document = int(np.searchsorted(stretch.signed.array("lines"), row - stretch.before))
        left = self._without_protected(stretch, document, text)
        self._check(stretch, document, left)
        left = self._without_passages(stretch, document, left)
        self.changed += left != text
        return left

    def _without_protected(self, stretch: _Stretch, document: int, text: str) -> str:
        if not self._guarded:
            return text
        owners, spans = stretch.signed.array("cut_owners"), stretch.signed.array("cut_spans")
        first, last = np.searchsorted(owners, [document, document + 1])
        return without(text, spans[first:last])

    def _without_passages(self, stretch: _Stretch, document: int, text: str) -> str:
        from simblock_indexer.dedup.passages import spans

        number = stretch.base + document
        first, last = np.searchsorted(self._settled.cut_documents, [number, number + 1])
        if first == last:
            return text
        language = None
        if stretch.signed.array("sorts")[document] == CODE:
            language = self._languages.of(stretch.part, int(stretch.signed.array("lines")[document]))
        return without(text, spans(text, language, np.asarray(self._settled.cuts[first:last])))

    def _check(self, stretch: _Stretch, document: int, text: str) -> None:
        check = zlib.crc32(text.encode("utf-8", "surrogatepass"))
        if check != int(stretch.signed.array("checks")[document]):
            place = called(self._plan.sources[stretch.part.source].place)
            raise InputError(f"{place}: has changed since it was read: begin the pass anew")


class _Languages:
    """The languages of rows of code, which are read again, as no stage keeps them. Rows are asked in order."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._part: Part | None = None
        self._batches: Iterator[Rows] = iter(())
        self._lines: list[int] = [-1]
        self._found: list[str | None] = []

    def of(self, part: Part, line: int) -> str | None:
        """The language of a row of a part."""
        if part != self._part:
            self._part, self._batches, self._lines = part, read(part, self._plan, Met()), [-1]
        while self._lines[-1] < line:
            rows = next(self._batches)
            self._lines, self._found = rows.lines, rows.languages
        return self._found[bisect_left(self._lines, line)]
