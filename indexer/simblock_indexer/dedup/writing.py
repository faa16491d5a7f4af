"""*write*: what is kept of each file, as it came, without the passages that are cut out."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from simblock.errors import InputError
from simblock.tokens import I64, Bools
from simblock_indexer.dedup.delivery.changes import Changes
from simblock_indexer.dedup.delivery.copying import copy
from simblock_indexer.dedup.delivery.reading import read
from simblock_indexer.dedup.delivery.remote import below
from simblock_indexer.dedup.delivery.rows import Met, Part, Rows
from simblock_indexer.dedup.examining import without
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.part import CODE, Delivered, documents_of
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
    parts = [its for its in documents_of(folder).delivered if its.part.source == source]
    keep = _kept(parts, settled)
    cutting = _Cutting(plan, parts, settled)
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


def _kept(parts: Sequence[Delivered], settled: Settled) -> Bools:
    """Which rows of the file are kept."""
    keep = np.zeros(parts[-1].after, bool)
    for its in parts:
        keep[its.rows(settled.fates[its.numbers] == KEPT)] = True
    return keep


class _Cutting:
    """What is cut out of the texts of a file: first what was found of protected works, then passages in excess."""

    def __init__(self, plan: Plan, parts: Sequence[Delivered], settled: Settled) -> None:
        self._plan, self._parts, self._settled = plan, parts, settled
        self._afters = [its.after for its in parts]
        self._languages = _Languages(plan)
        self.changed = 0

    @property
    def rows(self) -> I64:
        """The rows of the file that lose something, rising."""
        found = [np.empty(0, np.int64)]
        for its in self._parts:
            passages = self._settled.cut_documents[its.of(self._settled.cut_documents)]
            inside = passages.astype(np.int64) - its.base
            found.append(its.rows(np.union1d(inside, its.redacted)))
        return np.concatenate(found)

    def text(self, row: int, text: str) -> str:
        """What is left of the text of a row."""
        its = self._parts[bisect_right(self._afters, row)]
        document = int(np.searchsorted(its.signed.array("lines"), row - its.before))
        left = without(text, its.cuts(document))
        self._check(its, document, left)
        left = self._without_passages(its, document, left)
        self.changed += left != text
        return left

    def _without_passages(self, its: Delivered, document: int, text: str) -> str:
        from simblock_indexer.dedup.passages import spans

        number = its.base + document
        first, last = np.searchsorted(self._settled.cut_documents, [number, number + 1])
        if first == last:
            return text
        language = None
        if its.signed.array("sorts")[document] == CODE:
            language = self._languages.of(its.part, int(its.signed.array("lines")[document]))
        return without(text, spans(text, language, np.asarray(self._settled.cuts[first:last])))

    def _check(self, its: Delivered, document: int, text: str) -> None:
        check = zlib.crc32(text.encode("utf-8", "surrogatepass"))
        if check != int(its.signed.array("checks")[document]):
            place = called(self._plan.sources[its.part.source].place)
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
