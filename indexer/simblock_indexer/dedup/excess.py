"""Passages in excess: those that stand already in ``max_copies`` documents which keep them.

Documents are gone through by priority. Of each repeated window it is known how many documents before keep it, whole,
in what is left of them, and where the first one does. A document that is kept as it is keeps all its windows; one
that stretches are cut out of those that no cut touches; one that is dropped none. A window is in excess where
``max_copies`` documents keep it: so whatever is cut is still there, so many times, when all is done. Before anything
counts as in excess it is compared with what its keeper has, token by token (of code, shingle by shingle).
"""

from __future__ import annotations

import shutil
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.tokens import I64, U8, U32, Bools
from simblock_indexer.dedup.folder import Folder, load, save
from simblock_indexer.dedup.options import Cut, DedupOptions
from simblock_indexer.dedup.part import CODE, TEXT, Documents
from simblock_indexer.dedup.repeats import Laid, alike, repeats
from simblock_indexer.dedup.runtokens import Run, RunTokens
from simblock_indexer.dedup.settled import EXACT, KEPT, NEAR, PASSAGE, Settled


class Passages(NamedTuple):
    """Passages in excess, by document (u32) in the order of priority, and place: tokens [``starts``, ``ends``) i64 of
    its run, the same as those of the document ``keepers`` u32 from ``keeper_starts`` i64 on; ``holders`` u32: of the
    documents compared, so many have it, or the rarest stretch of ``min_passage`` tokens of it; ``cut`` u8: 1 where it
    does not stay. Two of one document may overlap, where they come from different places."""

    documents: U32
    starts: I64
    ends: I64
    keepers: U32
    keeper_starts: I64
    holders: U32
    cut: U8

    def write(self, folder: Path) -> None:
        """Writes them as files of ``folder``."""
        for name, column in self._asdict().items():
            save(folder / f"passage_{name}.npy", column)

    @classmethod
    def read(cls, folder: Path) -> Passages:
        """What :meth:`write` wrote, mapped."""
        return cls(*(load(folder / f"passage_{name}.npy") for name in cls._fields))


_TYPES = (np.uint32, np.int64, np.int64, np.uint32, np.int64, np.uint32, np.uint8)


def settle(documents: Documents, folder: Folder, settled: Settled, order: U32, *, filled: Path) -> Settled:
    """What becomes of documents for the passages in them, and writes :class:`Passages` into ``filled``.

    ``order``: all documents by priority, those of earlier deliveries first; these are never cut. Only documents that
    ``settled`` keeps are looked at, and only they keep passages. ``redact`` gives cuts. ``drop`` drops a document of
    which at least ``threshold`` lies in passages in excess; its keeper is then the document that has most of that,
    its similarity the share; exact copies of it that were dropped follow it. A document that stands for near-copies
    is not dropped, as they were compared with it alone. ``list`` changes nothing.
    """
    room = filled / "room"
    room.mkdir()
    compared = np.isin(documents.column("sorts"), (TEXT, CODE)) & (settled.fates == KEPT)
    laid, windows = repeats(documents, folder, order[compared[order]], room)
    excess = _Excess(documents, laid, _firm(settled, documents.old), room)
    for some in windows:
        for index, its in _by_document(some, laid):
            excess.go_through(index, its)
    passages = excess.passages()
    passages.write(filled)
    del excess.keepers
    shutil.rmtree(room)
    return _outcome(settled, passages, excess.dropped, documents.plan.options.cut)


def _firm(settled: Settled, old: int) -> Bools:
    """Documents that are not dropped: of earlier deliveries, and those that others were compared with."""
    itself = np.arange(len(settled.fates))
    members = (settled.keepers != itself) & np.isin(settled.fates, (NEAR, KEPT))
    firm = itself < old
    firm[settled.keepers[members]] = True
    return firm


def _by_document(windows: NDArray[Any], laid: Laid) -> Iterator[tuple[int, NDArray[Any]]]:
    which = laid.of(windows["address"])
    bounds = alike(which)
    for index, start, end in zip(
        which[bounds[:-1]].tolist(), bounds[:-1].tolist(), bounds[1:].tolist(), strict=True
    ):
        yield index, windows[start:end]


class _Stretch(NamedTuple):
    """Windows [first, last] of a document's repeated ones, which follow each other, and where its keeper has them."""

    first: int
    last: int
    start: int
    end: int
    keeper: int
    keeper_start: int


class _Keepers:
    """Of each window, at the address of the first one equal to it: how many documents keep it, and at which
    address the first of them does."""

    def __init__(self, room: Path, addresses: int, options: DedupOptions) -> None:
        self._most = options.max_copies
        kind = np.min_scalar_type(self._most)
        small = addresses * (kind.itemsize + 8) < options.memory // 4
        self._counts, self._places = (
            np.zeros(addresses, dtype)
            if small
            else np.memmap(room / name, dtype, "w+", shape=addresses)  # pages never touched take no room
            for name, dtype in (("counts", kind), ("places", np.dtype(np.int64)))
        )

    def enough(self, windows: NDArray[Any]) -> Bools:
        """Which are kept by as many documents as may keep them."""
        found: Bools = self._counts[windows["first"]] == self._most
        return found

    def places(self, windows: NDArray[Any]) -> I64:
        """Where the first keepers have them."""
        return np.asarray(self._places[windows["first"]])

    def add(self, windows: NDArray[Any]) -> None:
        """Counts a document that keeps these windows, each once."""
        firsts = windows["first"]
        counts = self._counts[firsts]
        new = counts == 0
        self._places[firsts[new]] = windows["address"][new]
        short = counts < self._most
        self._counts[firsts[short]] = counts[short] + 1


class _Excess:
    """Goes through documents by priority."""

    def __init__(self, documents: Documents, laid: Laid, firm: Bools, room: Path) -> None:
        self._options = documents.plan.options
        self._old = documents.old
        self._laid, self._firm = laid, firm
        self._tokens = RunTokens(documents)
        self.keepers = _Keepers(room, int(laid.starts[-1]), self._options)
        self.dropped: dict[int, tuple[int, float]] = {}
        """Documents dropped, their keepers and shares."""
        self._rows = array("q")

    def passages(self) -> Passages:
        """All that were in excess."""
        columns = np.array(self._rows, np.int64).reshape(-1, len(_TYPES)).T
        return Passages(*(column.astype(dtype) for column, dtype in zip(columns, _TYPES, strict=True)))

    def go_through(self, index: int, windows: NDArray[Any]) -> None:
        """One document, by its place among those laid end to end, and its repeated windows."""
        number = int(self._laid.numbers[index])
        enough = self.keepers.enough(windows)
        if number < self._old or not enough.any():
            self.keepers.add(windows)
            return
        run = self._tokens[number]
        stretches = list(self._stretches(index, run, windows, np.flatnonzero(enough)))
        spans = _united(stretches)
        cut = int(bool(stretches)) and _CUTS[self._options.cut](self, number, len(run.keys), stretches, spans)
        for stretch in stretches:
            holders = int(windows["holders"][stretch.first : stretch.last + 1].min())
            self._rows.extend(
                (number, stretch.start, stretch.end, stretch.keeper, stretch.keeper_start, holders, cut)
            )
        if number in self.dropped:
            return
        self.keepers.add(windows[self._untouched(index, windows, run, spans)] if cut else windows)

    def _stretches(self, index: int, run: Run, windows: NDArray[Any], chosen: I64) -> Iterator[_Stretch]:
        """The windows that are in excess indeed, in stretches that stand as they are in one keeper."""
        places, theirs = windows["address"][chosen], self.keepers.places(windows[chosen])
        cuts = np.flatnonzero((np.diff(places) != 1) | (np.diff(theirs) != 1)) + 1
        for first, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(chosen)], strict=True):
            address = int(theirs[first])
            keeper = int(self._laid.of(theirs[first : first + 1])[0])
            start, place = (
                int(places[first] - self._laid.starts[index]),
                address - int(self._laid.starts[keeper]),
            )
            number = int(self._laid.numbers[keeper])
            equal = run.equal(self._tokens[number], start, place, end - first)
            for low, high in [(0, end - first)] if equal is None else _pieces(equal):
                window = int(chosen[first]) + low
                yield _Stretch(
                    window,
                    window + high - low - 1,
                    start + low,
                    start + high - 1 + run.by.window,
                    number,
                    place + low,
                )

    def _untouched(self, index: int, windows: NDArray[Any], run: Run, spans: I64) -> Bools:
        """Which windows have no token in a span."""
        starts = windows["address"] - self._laid.starts[index]
        before = np.searchsorted(spans[:, 0], starts + run.by.window) - 1
        found: Bools = (before < 0) | (spans[before, 1] <= starts)
        return found

    def _listed(self, *_: Any) -> int:
        return 0

    def _redacted(self, *_: Any) -> int:
        return 1

    def _dropped(self, number: int, tokens: int, stretches: list[_Stretch], spans: I64) -> int:
        share = int(np.diff(spans).sum()) / tokens
        if self._firm[number] or share < self._options.threshold:
            return 0
        held = Counter[int]()
        for stretch in stretches:
            held[stretch.keeper] += stretch.end - stretch.start
        self.dropped[number] = held.most_common(1)[0][0], share
        return 1


_CUTS = {"list": _Excess._listed, "redact": _Excess._redacted, "drop": _Excess._dropped}


def _united(stretches: list[_Stretch]) -> I64:
    """The tokens [start, end) i64 [k, 2] of stretches, which rise; those that touch are one."""
    spans: list[list[int]] = []
    for stretch in stretches:
        if spans and stretch.start <= spans[-1][1]:
            spans[-1][1] = stretch.end
        else:
            spans.append([stretch.start, stretch.end])
    return np.array(spans, np.int64).reshape(-1, 2)


def _pieces(chosen: Bools) -> list[tuple[int, int]]:
    """Where stretches of True begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    return [(first, end) for first, end in edges.reshape(-1, 2).tolist()]


def _outcome(
    settled: Settled, passages: Passages, dropped: dict[int, tuple[int, float]], cut: Cut
) -> Settled:
    if cut == "redact":
        documents, cuts = _cuts(passages)
        return replace(settled, cut_documents=documents, cuts=cuts)
    if not dropped:
        return settled
    fates, keepers, similarities = settled.fates.copy(), settled.keepers.copy(), settled.similarities.copy()
    numbers = np.fromiter(dropped, np.int64, len(dropped))
    fates[numbers] = PASSAGE
    keepers[numbers] = [keeper for keeper, _ in dropped.values()]
    similarities[numbers] = [share for _, share in dropped.values()]
    followers = np.flatnonzero((settled.fates == EXACT) & np.isin(settled.keepers, numbers))
    theirs = settled.keepers[followers]
    fates[followers] = PASSAGE
    keepers[followers], similarities[followers] = keepers[theirs], similarities[theirs]
    return replace(settled, fates=fates, keepers=keepers, similarities=similarities)


def _cuts(passages: Passages) -> tuple[U32, I64]:
    """Documents u32, rising, and tokens [start, end) i64 [c, 2] of passages, those that touch as one."""
    order = np.argsort(passages.documents, kind="stable")  # those of a document rise as they are
    documents, starts, ends = passages.documents[order], passages.starts[order], passages.ends[order]
    new = np.append(True, (documents[1:] != documents[:-1]) | (starts[1:] > ends[:-1]))[: len(order)]
    firsts = np.flatnonzero(new)
    lasts = np.append(firsts[1:] - 1, len(order) - 1)[: len(firsts)]
    return documents[firsts], np.stack([starts[firsts], ends[lasts]], axis=1)
