"""Anchors of passages, and hashes of their windows.

A *window* is so many tokens as a passage has at the least. Of its shingles winnowing keeps one, whatever stands
around it (Schleimer, Wilkerson, Aiken, SIGMOD 2003): its anchor. So all documents that hold a window have its
anchor in common, and a window that stands in more than N documents has one that stands in more than N. Anchors are few
and find what may be a passage; hashes of all tokens of the windows around them tell what is one.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from simblock.scheme import T_LEXEMES
from simblock.shingles import MASK, finish_all, numbered, sliding_min
from simblock.tokens import I64, U32, U64
from simblock_indexer.dedup.options import LONGEST_PASSAGE

_C = 0xD1342543DE82EF95
_CODE = np.uint64(0x6A09E667F3BCC909)
_BLOCK = 1 << 15
"""Tokens hashed at a time: fits the second cache, and places among them fit 16 bits."""
_WIDEST = 1 << 13
_SHINGLE = 8, 15
"""Tokens that a shingle of text, of code has at the least: those of the exact channels."""
_SHARE = 3, 2
"""A shingle of text is a third of a passage: fewer anchors, of which chance makes few; shingles of code are alike
more often, and are half."""


class Measure(NamedTuple):
    """Tokens of a window, of a shingle, and shingles of a window: ``window`` = ``n`` + ``g`` - 1."""

    window: int
    n: int
    g: int


def measure(min_passage: int, *, code: bool) -> Measure:
    """How passages of so many tokens are found in texts or in code.

    Code has no passages of fewer than 30 lexemes, as with names numbered shorter ones are alike by chance.
    """
    assert min_passage <= LONGEST_PASSAGE, "a window is hashed in one block"
    window = max(min_passage, T_LEXEMES) if code else min_passage
    n = max(_SHINGLE[code], window // _SHARE[code], window + 1 - _WIDEST)
    return Measure(window, n, window + 1 - n)


def anchors(keys: U32, measure: Measure, *, code: bool) -> tuple[I64, U64]:
    """Places i64, rising, of the anchors of a run, and hashes u64 of the shingles that begin there.

    Of runs laid end to end, those are among them that each run has alone, and others, of which some reach from one
    run into the next.
    """
    hashes = numbered(keys, measure.n) if code else None
    places: list[I64] = [np.empty(0, np.int64)]
    found: list[U64] = [np.empty(0, np.uint64)]
    for start in range(0, len(keys) - measure.window + 1, _BLOCK - measure.window):
        if hashes is None:
            block = _polynomials(keys[start : start + _BLOCK].astype(np.uint64), measure.n)
        else:
            block = hashes[start : start + _BLOCK - measure.n + 1]
        chosen = _winnow(block, measure.g)
        places.append(chosen + start)
        found.append(block[chosen])
    place, hashed = np.concatenate(places), np.concatenate(found)
    new = np.ones(len(place), bool)
    new[1:] = place[1:] != place[:-1]  # the last of a block may be the first of the next
    return place[new], finish_all(hashed[new]) ^ (_CODE if code else np.uint64(0))


def window_hashes(keys: U32, measure: Measure, *, code: bool) -> U64:
    """Hashes u64 [len - window + 1] of the windows of a run: of text of its tokens, of code of its shingles with
    names numbered."""
    symbols = numbered(keys, measure.n) if code else keys
    width = measure.g if code else measure.window
    starts = range(0, len(symbols) - width + 1, _BLOCK - width)
    blocks = (symbols[start : start + _BLOCK - 1].astype(np.uint64) for start in starts)
    found = [np.empty(0, np.uint64), *(_polynomials(block, width) for block in blocks)]
    return finish_all(np.concatenate(found)) ^ (_CODE if code else np.uint64(0))


def _winnow(hashes: U64, g: int) -> I64:
    """Places of the smallest, the rightmost among equals, of every ``g``: in order of the upper 16 bits."""
    length = len(hashes)
    order = (hashes >> np.uint64(48)).astype(np.uint32)
    order <<= np.uint32(16)
    order |= _countdown()[-length:]
    smallest = sliding_min(order, g)
    changes = np.flatnonzero(smallest[1:] != smallest[:-1])
    smallest = smallest[np.concatenate([np.zeros(1, np.int64), changes + 1])]
    places: I64 = length - 1 - (smallest & np.uint32(0xFFFF)).astype(np.int64)
    return places


@cache
def _countdown() -> U32:
    return np.arange(_BLOCK - 1, -1, -1, dtype=np.uint32)


def _polynomials(values: U64, width: int) -> U64:
    """A number u64 of every ``width`` consecutive values, by differences of sums; ``values`` are used as scratch."""
    up, down = _powers()
    values *= up[: len(values)]
    np.cumsum(values, out=values)
    found = values[width - 1 :].copy()
    found[1:] -= values[: len(found) - 1]
    found *= down[: len(found)]
    return found


@cache
def _powers() -> tuple[U64, U64]:
    """Powers of an odd number, and of its inverse times another odd one, which spreads what is hashed."""
    inverse, factor = pow(_C, -1, 1 << 64), 0xBF58476D1CE4E5B9
    up, down = [1], [factor]
    for _ in range(_BLOCK):
        up.append(up[-1] * _C & MASK)
        down.append(down[-1] * inverse & MASK)
    return np.array(up, np.uint64), np.array(down, np.uint64)
