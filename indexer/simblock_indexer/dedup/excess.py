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

from simblock.tokens import I64, U8, U32, Bools
from simblock_indexer.dedup.folder import Folder, load, save
from simblock_indexer.dedup.options import Cut, DedupOptions
from simblock_indexer.dedup.part import CODE, TEXT, Documents
from simblock_indexer.dedup.repeats import Laid, Windows, alike, repeats
from simblock_indexer.dedup.runtokens import RunTokens
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


_IN_MEMORY = 4
"""Of the memory that a process may take, the table of keepers has at most the fourth part; else it lies on disk."""
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


def _by_document(windows: Windows, laid: Laid) -> Iterator[tuple[int, Windows]]:
    which = laid.of(windows.addresses)
    bounds = alike(which)
    for index, start, end in zip(
        which[bounds[:-1]].tolist(), bounds[:-1].tolist(), bounds[1:].tolist(), strict=True
    ):
        its = slice(start, end)
        yield index, Windows(windows.addresses[its], windows.firsts[its], windows.holders[its])


class _Stretch(NamedTuple):
    """Tokens [start, end) of a document, which a keeper has from a token on; and how many documents have them."""

    start: int
    end: int
    keeper: int
    place: int
    holders: int


class _Keepers:
    """Of each window, at the address of the first one equal to it: how many documents keep it, and at which
    address the first of them does."""

    def __init__(self, room: Path, addresses: int, options: DedupOptions) -> None:
        self._most = options.max_copies
        kind = np.min_scalar_type(self._most)
        small = addresses * (kind.itemsize + 8) < options.memory // _IN_MEMORY
        self._counts, self._places = (
            np.zeros(addresses, dtype)
            if small
            else np.memmap(room / name, dtype, "w+", shape=addresses)  # pages never touched take no room
            for name, dtype in (("counts", kind), ("places", np.dtype(np.int64)))
        )

    def enough(self, firsts: I64) -> I64:
        """Which windows are kept by as many documents as may keep them."""
        return np.flatnonzero(self._counts[firsts] == self._most)

    def places(self, firsts: I64) -> I64:
        """Where the first keepers have them."""
        return np.asarray(self._places[firsts])

    def add(self, firsts: I64, addresses: I64) -> None:
        """Counts a document that keeps these windows, each once."""
        counts = self._counts[firsts]
        new = counts == 0
        self._places[firsts[new]] = addresses[new]
        self._counts[firsts] = np.minimum(counts, self._most - 1) + counts.dtype.type(1)


class _Excess:
    """Goes through documents by priority."""

    def __init__(self, documents: Documents, laid: Laid, firm: Bools, room: Path) -> None:
        self._options = documents.plan.options
        self._old = documents.old
        self._laid, self._firm = laid, firm
        self._runs = RunTokens(documents)
        self.keepers = _Keepers(room, int(laid.starts[-1]), self._options)
        self.dropped: dict[int, tuple[int, float]] = {}
        """Documents dropped, their keepers and shares."""
        self._rows = array("q")

    def passages(self) -> Passages:
        """All that were in excess."""
        columns = np.array(self._rows, np.int64).reshape(-1, len(_TYPES)).T
        return Passages(*(column.astype(dtype) for column, dtype in zip(columns, _TYPES, strict=True)))

    def go_through(self, index: int, windows: Windows) -> None:
        """One document, by its place among those laid end to end, and its repeated windows."""
        number = int(self._laid.numbers[index])
        stretches: list[_Stretch] = []
        if number >= self._old:
            stretches = list(self._stretches(index, windows, self.keepers.enough(windows.firsts)))
        if not stretches:
            self.keepers.add(windows.firsts, windows.addresses)
            return
        spans = _united(stretches)
        cut = _CUTS[self._options.cut](self, number, stretches, spans)
        for start, end, keeper, place, holders in stretches:
            self._rows.extend((number, start, end, keeper, place, holders, cut))
        if number in self.dropped:
            return
        stays: Bools | slice = self._untouched(index, windows, spans) if cut else slice(None)
        self.keepers.add(windows.firsts[stays], windows.addresses[stays])

    def _stretches(self, index: int, windows: Windows, chosen: I64) -> Iterator[_Stretch]:
        """The windows that are in excess indeed, in stretches that stand as they are in one keeper."""
        if not len(chosen):
            return
        ours, theirs = windows.addresses[chosen], self.keepers.places(windows.firsts[chosen])
        apart = (ours[1:] - ours[:-1] != 1) | (theirs[1:] - theirs[:-1] != 1)
        firsts = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(apart) + 1])
        keepers = self._laid.of(theirs[firsts])
        run = self._runs[int(self._laid.numbers[index])]
        rows = zip(
            firsts.tolist(),
            [*firsts[1:].tolist(), len(chosen)],
            (ours[firsts] - self._laid.starts[index]).tolist(),
            self._laid.numbers[keepers].tolist(),
            (theirs[firsts] - self._laid.starts[keepers]).tolist(),
            strict=True,
        )
        for first, end, start, keeper, place in rows:
            equal = run.equal(self._runs[keeper], start, place, end - first)
            for low, high in [(0, end - first)] if equal is None else _pieces(equal):
                holders = int(windows.holders[chosen[first + low : first + high]].min())
                last = start + high - 1 + run.by.window
                yield _Stretch(start + low, last, keeper, place + low, holders)

    def _untouched(self, index: int, windows: Windows, spans: I64) -> Bools:
        """Which windows have no token in a span."""
        starts = windows.addresses - self._laid.starts[index]
        window = self._runs[int(self._laid.numbers[index])].by.window
        before = np.searchsorted(spans[:, 0], starts + window) - 1
        found: Bools = (before < 0) | (spans[before, 1] <= starts)
        return found

    def _listed(self, *_: Any) -> int:
        return 0

    def _redacted(self, *_: Any) -> int:
        return 1

    def _dropped(self, number: int, stretches: list[_Stretch], spans: I64) -> int:
        share = int((spans[:, 1] - spans[:, 0]).sum()) / len(self._runs[number].keys)
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
