"""Tokens of single documents, for those that are compared one by one."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

import numpy as np

from simblock.shingles import numbered
from simblock.tokens import I64, U8, U32, U64, Bools
from simblock_indexer.dedup.part import CODE, Documents
from simblock_indexer.dedup.winnowing import Measure, measure

_COMPARED = 1 << 12
"""Windows compared at a time."""


class _Arrays(NamedTuple):
    bounds: I64
    runs: U32
    sorts: U8


class Run(NamedTuple):
    """A document's tokens u32, and how passages are measured in it."""

    keys: U32
    by: Measure
    code: bool

    def equal(self, other: Run, start: int, place: int, windows: int) -> Bools | None:
        """Which of so many windows from ``start`` on equal those of ``other`` from ``place`` on; None: all of them."""
        if self.code != other.code:
            return np.zeros(windows, bool)
        length = windows + self.by.window - 1
        ours, theirs = self.keys[start : start + length], other.keys[place : place + length]
        if len(ours) == len(theirs) and bool((ours == theirs).all()):
            return None
        if not self.code:
            return _unbroken(ours == theirs, self.by.window)
        return _unbroken(numbered(ours, self.by.n) == numbered(theirs, self.by.n), self.by.g)

    def equal_windows(self, other: Run, starts: I64, places: I64) -> Bools:
        """Which of the windows at ``starts`` equal those of ``other`` at ``places``."""
        found = np.zeros(len(starts), bool)
        if self.code != other.code:
            return found
        ours, theirs = self._symbols(), other._symbols()
        across = np.arange(self.by.g if self.code else self.by.window)
        for first in range(0, len(starts), _COMPARED):
            some = slice(first, first + _COMPARED)
            equal = ours[starts[some, None] + across] == theirs[places[some, None] + across]
            found[some] = equal.all(axis=1)
        return found

    def _symbols(self) -> U32 | U64:
        return numbered(self.keys, self.by.n) if self.code else self.keys


def _unbroken(equal: Bools, width: int) -> Bools | None:
    """Where so many in a row are equal; None: everywhere."""
    if equal.all():
        return None
    unequal = np.concatenate([np.zeros(1, np.int64), np.cumsum(~equal)])
    unbroken: Bools = unequal[width:] == unequal[:-width]
    return unbroken


class RunTokens:
    """The tokens of any document, mapped."""

    def __init__(self, documents: Documents) -> None:
        options = documents.plan.options
        self._documents = documents
        self._bases = documents.bases.tolist()
        self._parts: dict[int, _Arrays] = {}
        self._measures = [measure(options.min_passage, code=code) for code in (False, True)]

    def __getitem__(self, number: int) -> Run:
        at = bisect_right(self._bases, number) - 1
        arrays = self._parts.get(at) or self._mapped(at)
        inside = number - self._bases[at]
        code = bool(arrays.sorts[inside] == CODE)
        keys = arrays.runs[arrays.bounds[inside] : arrays.bounds[inside + 1]]
        return Run(keys, self._measures[code], code)

    def _mapped(self, at: int) -> _Arrays:
        part = self._documents.parts[at]
        # Plain arrays over the same pages: slices of mapped ones take ten times as long.
        self._parts[at] = _Arrays(*(np.asarray(part.array(name)) for name in _Arrays._fields))
        return self._parts[at]
