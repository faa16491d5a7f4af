"""Alignments of one run that go on side by side, as in a work that repeats itself: which of them are let go."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from simblock.piece import Piece

PARALLEL = 4
"""Alignments of one run that go on at once, of those that have nothing that others lack: a work may repeat itself."""
MOST_PARALLEL = 16
"""Alignments of one run that go on at once, whatever they have, and the NEWEST besides."""
NEWEST = 8
LOOK_BACK = 64
"""Output tokens by which alignments are compared, and that are read back from a hit."""


def uniform(piece: Piece) -> bool:
    """Whether all that is aligned counts, or nothing: no other at the same place can have more of it."""
    return piece.measure(bag=False).matched in (0, piece.extent().raw)


def outdone(piece: Piece, other: Piece) -> bool:
    """Whether a growing piece has nothing that another lacks: each of its blocks lies, in the output, inside one of the
    other's, of which every token counts, or none of its own does. Then it has no longer run, and says nothing more.
    Beside the other it is no part of the match: it would be one only where a third overlaps the other by half, and not
    it, matches more than either, and so keeps the other out.
    """
    if other.first.o > piece.first.o or other.extent().o < piece.extent().o:
        return False
    if piece.extent().matched and other.measure(bag=False).matched < other.extent().raw:
        return False
    around = chain(reversed(other.tail), reversed(other.blocks))
    block = next(around, None)
    for inner in reversed(piece.remembered()):
        while block is not None and block.o > inner.o:
            block = next(around, None)
        if block is None or block.o + block.n < inner.o + inner.n:
            return False
    return True


def thinned(growing: Sequence[Piece], end: int) -> tuple[set[Piece], list[Piece]]:
    """Of alignments that go on side by side, as in a work that repeats itself, those that others outdo, which may be
    forgotten, and of those too many the ones that aligned least of the last tokens before output token ``end``, which
    may be ended. A copy of something else behind them has hits of its own, from which it is aligned anew.
    """
    kept: list[Piece] = []
    for piece in sorted(growing, key=lambda piece: (-piece.extent().matched, piece.first)):
        short = piece.extent().o - piece.first.o < LOOK_BACK  # nobody knows yet which of them goes on
        if short or len(kept) < PARALLEL or not any(outdone(piece, other) for other in kept):
            kept.append(piece)
    older = [piece for piece in growing if piece in kept][:-NEWEST]
    older.sort(key=lambda piece: -_lately(piece, end - LOOK_BACK))
    return set(growing).difference(kept), older[MOST_PARALLEL:]


def _lately(piece: Piece, o: int) -> int:
    """How many of the output tokens from ``o`` on a piece has aligned."""
    count = 0
    for block in chain(reversed(piece.tail), reversed(piece.blocks)):
        if block.o + block.n <= o:
            break
        count += block.o + block.n - max(block.o, o)
    return count
