"""Local alignment of stretches of an output and of a work: blocks, chains, scores.

A *piece* is a chain of blocks, equal on both sides, with no gap over ``MAX_GAP`` tokens on either.
Its score is its matched tokens less its gaps (the longer side of each); it ends where the score was
best, and is closed when the score has fallen ``MAX_DROP`` below that (an X-drop, as in BLAST; Zhang,
Schwartz, Wagner, Miller 2000). Blocks come from longest common subsequences (rapidfuzz) of the
stretch since the last settled block, so an unlucky "the" is taken back when more is known.
Everything here depends on the tokens alone, never on how the stream was cut.

Figures are in half words: a word weighs 2, a character of a script without spaces 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from simblock.tokens import CHAR_KEY

MAX_GAP = 8
"""Tokens on either side between two blocks of a piece."""
MAX_DROP = 10
"""Net unmatched tokens after which a piece is over: at 60 % similarity chance rarely undoes more."""
BAG_TOKENS = 512
"""A longer piece is scored by its alignment alone."""


class Block(NamedTuple):
    """``n`` tokens equal from output token ``o`` and source token ``s`` on."""

    o: int
    s: int
    n: int


def tokens_of(block: Block, o: int, s: int) -> Iterator[tuple[int, int]]:
    """Output and source tokens of a block, from output token ``o`` and source token ``s`` on."""
    passed = max(o - block.o, s - block.s, 0)
    for at in range(passed, block.n):
        yield block.o + at, block.s + at


def overlaps(block: Block, later: Block) -> bool:
    """Whether a block reaches into a later one, on either side."""
    return block.o + block.n > later.o or block.s + block.n > later.s


class Measure(NamedTuple):
    """A piece in figures: matched and longest run in half words, both lengths in half words.

    ``evidence`` is in bits, of hulls alone.
    """

    matched: int
    longest: int
    output: int
    source: int
    evidence: float = 0.0

    @property
    def similarity(self) -> float:
        """Matched over the longer side."""
        return self.matched / max(self.output, self.source, 1)


def summed(measures: Sequence[Measure]) -> Measure:
    """Pieces in figures together, and the longest of their runs."""
    return Measure(
        sum(m.matched for m in measures), max(m.longest for m in measures),
        sum(m.output for m in measures), sum(m.source for m in measures), sum(m.evidence for m in measures),
    )  # fmt: skip


def weight(keys: Iterable[int]) -> int:
    """Half words of some token keys."""
    return sum(1 if key >= CHAR_KEY else 2 for key in keys)


def shared(out: Sequence[int], src: Sequence[int]) -> int:
    """Half words that both stretches have, in any order; 0 for stretches over ``BAG_TOKENS``."""
    if len(out) > BAG_TOKENS or len(src) > BAG_TOKENS:
        return 0
    return weight((Counter(out) & Counter(src)).elements())


def common_blocks(out: Sequence[int], src: Sequence[int], o: int, s: int) -> list[Block]:
    """Blocks of a longest common subsequence of two stretches that begin at ``o`` and ``s``."""
    found = LCSseq.editops(out, list(src)).as_matching_blocks()
    return [Block(o + a, s + b, n) for a, b, n in found if n]


def gap(block: Block, o: int, s: int) -> int:
    """Unmatched tokens before a block, on the side that has more, counted from ``o`` and ``s``."""
    return max(block.o - o, block.s - s)


def backward(blocks: list[Block]) -> list[Block]:
    """The best chain that ends with the last block."""
    if not blocks:
        return []
    score = best = blocks[-1].n
    start = last = len(blocks) - 1
    while last > 0:
        before, after = blocks[last - 1], blocks[last]
        distance = gap(after, before.o + before.n, before.s + before.n)
        score += before.n - distance
        if distance > MAX_GAP or best - score > MAX_DROP:
            break
        last -= 1
        if score > best:
            best, start = score, last
    return blocks[start:]


def chain_to(out: Sequence[int], src: Sequence[int], o: int, s: int) -> list[Block]:
    """The best chain that ends where both stretches do, which begin at ``o`` and ``s``.

    The run that ends there stays whole: of equally long subsequences in a passage that repeats itself,
    the one along the diagonal is the copy.
    """
    run = 0
    for a, b in zip(reversed(out), reversed(src), strict=False):
        if a != b:
            break
        run += 1
    before = common_blocks(out[: len(out) - run], src[: len(src) - run], o, s)
    last = [Block(o + len(out) - run, s + len(src) - run, run)] if run else []
    return backward(before + last)


def local(blocks: list[Block]) -> list[Block]:
    """The chain of the best score among all."""
    best: list[Block] = []
    top = score = start = 0
    for at, block in enumerate(blocks):
        before = blocks[at - 1]
        distance = gap(block, before.o + before.n, before.s + before.n) if at > start else 0
        if distance > MAX_GAP or score <= distance:
            score, start, distance = 0, at, 0
        score += block.n - distance
        if score > top:
            top, best = score, blocks[start : at + 1]
    return best
