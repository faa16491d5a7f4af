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
from simblock_indexer.dedup.runtokens import Run, RunTokens
from simblock_indexer.dedup.settled import EXACT, KEPT, NEAR, PASSAGE, Settled


class Passages(NamedTuple):
    """Passages in excess, by document (u32) in the order of priority, and place: tokens [``starts``, ``ends``) i64 of
    its run, which the document ``keepers`` u32 keeps, from ``keeper_starts`` i64 on (where one of them repeats itself,
    the first ``min_passage`` tokens stand there); ``holders`` u32: so many of the documents compared have it, or have the
    rarest ``min_passage`` tokens of it; ``cut`` u8: 1 where it does not stay. Two of one document may overlap, where
    different documents keep them."""

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
_FEW = 16
"""Stretches of a document that are compared one by one; of text that repeats itself there are many."""
_NONE, _START = np.empty(0, np.int64), np.zeros(1, np.int64)
_TYPES = (np.uint32, np.int64, np.int64, np.uint32, np.int64, np.uint32, np.uint8)


def settle(documents: Documents, folder: Folder, settled: Settled, order: U32, *, filled: Path) -> Settled:
    """What becomes of documents for the passages in them, and writes :class:`Passages` into ``filled``.

    ``order``: all documents by priority, those of earlier deliveries first; these are never cut. Only documents that
    ``settled`` keeps are looked at, and only they keep passages. ``redact`` gives cuts, and drops a document of which
    they would leave no token. ``drop`` drops one of which at least ``threshold`` lies in passages in excess. The keeper
    of a document that is dropped is that which has most of these, its similarity the share; exact copies of it that
    were dropped follow it. A document that stands for near-copies is not dropped, as they were compared with it alone:
    it stays whole. ``list`` changes nothing.
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


class _Stretches(NamedTuple):
    """Columns of :class:`Passages` of one document."""

    starts: I64
    ends: I64
    keepers: U32
    keeper_starts: I64
    holders: U32


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
        found: I64 = (self._counts[firsts] == self._most).nonzero()[0]
        return found

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
        self._rows = [array("q") for _ in _TYPES]

    def passages(self) -> Passages:
        """All that were in excess."""
        return Passages(*(np.array(row, dtype) for row, dtype in zip(self._rows, _TYPES, strict=True)))

    def go_through(self, index: int, windows: Windows) -> None:
        """One document, by its place among those laid end to end, and its repeated windows."""
        number = int(self._laid.numbers[index])
        chosen = self.keepers.enough(windows.firsts) if number >= self._old else _NONE
        found = self._stretches(index, windows, chosen) if len(chosen) else None
        if found is None:
            self.keepers.add(windows.firsts, windows.addresses)
            return
        spans = _united(found)
        cut = _CUTS[self._options.cut](self, number, found, spans)
        count = len(found.starts)
        columns = ([number] * count, *(column.tolist() for column in found), [cut] * count)
        for row, column in zip(self._rows, columns, strict=True):
            row.extend(column)
        if number in self.dropped:
            return
        stays: Bools | slice = self._untouched(index, windows, spans) if cut else slice(None)
        self.keepers.add(windows.firsts[stays], windows.addresses[stays])

    def _stretches(self, index: int, windows: Windows, chosen: I64) -> _Stretches | None:
        """The windows that are in excess indeed, in stretches that one keeper has; None: there are none."""
        if not len(chosen):
            return None
        ours, theirs = windows.addresses[chosen], self.keepers.places(windows.firsts[chosen])
        follows = ours[1:] - ours[:-1] == 1
        pieces = _bounds(~(follows & (theirs[1:] - theirs[:-1] == 1)))
        firsts = pieces[:-1]
        keepers = self._laid.of(theirs[firsts])
        starts = ours - self._laid.starts[index]
        places = theirs[firsts] - self._laid.starts[keepers]
        numbers = self._laid.numbers[keepers]
        run = self._runs[int(self._laid.numbers[index])]
        equal = self._equal(run, starts, pieces, numbers, places)
        if equal is not None:
            return self._stretches(index, windows, chosen[equal])
        # Text that repeats itself meets its keeper at one place again and again: that is one stretch.
        rows = _bounds(~follows[firsts[1:] - 1] | (keepers[1:] != keepers[:-1]))
        heads, lasts = firsts[rows[:-1]], pieces[rows[1:]] - 1
        return _Stretches(
            starts[heads],
            starts[lasts] + run.by.window,
            numbers[rows[:-1]],
            places[rows[:-1]],
            np.minimum.reduceat(windows.holders[chosen], heads),
        )

    def _equal(self, run: Run, starts: I64, pieces: I64, keepers: U32, places: I64) -> Bools | None:
        """Which windows have the tokens that their keepers have; None: all of them.

        Those between two of ``pieces`` follow each other, here and in one of ``keepers``, from ``places`` on.
        """
        sizes = pieces[1:] - pieces[:-1]
        if len(keepers) > _FEW:
            theirs = np.arange(len(starts)) + np.repeat(places - pieces[:-1], sizes)
            return self._equal_windows(run, starts, np.repeat(keepers, sizes), theirs)
        found = None
        rows = (starts[pieces[:-1]], keepers, places, sizes, pieces[:-1])
        for start, keeper, place, size, first in zip(*(row.tolist() for row in rows), strict=True):
            equal = run.equal(self._runs[keeper], start, place, size)
            if equal is not None:
                found = np.ones(len(starts), bool) if found is None else found
                found[first : first + size] = equal
        return found

    def _equal_windows(self, run: Run, starts: I64, keepers: U32, places: I64) -> Bools | None:
        """:meth:`_equal`, where windows hardly follow each other."""
        found = np.empty(len(starts), bool)
        for keeper in np.unique(keepers).tolist():
            of = np.flatnonzero(keepers == keeper)
            found[of] = run.equal_windows(self._runs[keeper], starts[of], places[of])
        return None if found.all() else found

    def _untouched(self, index: int, windows: Windows, spans: I64) -> Bools:
        """Which windows have no token in a span."""
        starts = windows.addresses - self._laid.starts[index]
        window = self._runs[int(self._laid.numbers[index])].by.window
        before = np.searchsorted(spans[:, 0], starts + window) - 1
        found: Bools = (before < 0) | (spans[before, 1] <= starts)
        return found

    def _listed(self, *_: Any) -> int:
        return 0

    def _redacted(self, number: int, found: _Stretches, spans: I64) -> int:
        share = self._share(number, spans)
        return 1 if share < 1 else self._gone(number, found, share)

    def _dropped(self, number: int, found: _Stretches, spans: I64) -> int:
        share = self._share(number, spans)
        return 0 if share < self._options.threshold else self._gone(number, found, share)

    def _share(self, number: int, spans: I64) -> float:
        return int((spans[:, 1] - spans[:, 0]).sum()) / len(self._runs[number].keys)

    def _gone(self, number: int, found: _Stretches, share: float) -> int:
        """Drops a document, unless it has to stay."""
        if self._firm[number]:
            return 0
        held = Counter[int]()
        for keeper, tokens in zip(found.keepers.tolist(), (found.ends - found.starts).tolist(), strict=True):
            held[keeper] += tokens
        self.dropped[number] = held.most_common(1)[0][0], share
        return 1


_CUTS = {"list": _Excess._listed, "redact": _Excess._redacted, "drop": _Excess._dropped}


def _bounds(breaks: Bools) -> I64:
    """The bounds i64 [stretches + 1] of stretches that end at breaks: whether each but the first begins a new one."""
    return np.concatenate((_START, breaks.nonzero()[0] + 1, (len(breaks) + 1,)))


def _united(found: _Stretches) -> I64:
    """The tokens [start, end) i64 [k, 2] of stretches, which rise; those that touch are one."""
    bounds = _bounds(found.starts[1:] > found.ends[:-1])
    spans = np.empty((len(bounds) - 1, 2), np.int64)
    spans[:, 0], spans[:, 1] = found.starts[bounds[:-1]], found.ends[bounds[1:] - 1]
    return spans


def _outcome(
    settled: Settled, passages: Passages, dropped: dict[int, tuple[int, float]], cut: Cut
) -> Settled:
    numbers = np.fromiter(dropped, np.int64, len(dropped))
    if cut == "redact":
        stays = (passages.cut == 1) & ~np.isin(passages.documents, numbers)
        documents, cuts = _cuts(Passages._make(column[stays] for column in passages))
        settled = replace(settled, cut_documents=documents, cuts=cuts)
    if not dropped:
        return settled
    fates, keepers, similarities = settled.fates.copy(), settled.keepers.copy(), settled.similarities.copy()
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
