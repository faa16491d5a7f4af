"""Local alignment of an output with a work, grown one token at a time.

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
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

from simblock.tokens import CHAR_KEY

MAX_GAP = 8
"""Tokens on either side between two blocks of a piece (DESIGN section 6)."""
MAX_DROP = 10
"""Net unmatched tokens after which a piece is over: at 60 % similarity chance rarely undoes more."""
SETTLE = 8
"""A block so long is never realigned."""
TAIL = 48
"""Unsettled output tokens at most; their older half is settled as it stands."""
MIN_PIECE = 16
"""Half words that a piece must match."""
BAG_TOKENS = 512
"""A longer piece is scored by its alignment alone."""


class Block(NamedTuple):
    """``n`` tokens equal from output token ``o`` and source token ``s`` on."""

    o: int
    s: int
    n: int


class Measure(NamedTuple):
    """A piece in figures: matched and longest run in half words, both lengths in half words."""

    matched: int
    longest: int
    output: int
    source: int

    @property
    def similarity(self) -> float:
        """Matched over the longer side."""
        return self.matched / max(self.output, self.source, 1)


class Extent(NamedTuple):
    """How far a piece reaches: its score, blocks, and the tokens behind its last block."""

    score: int
    blocks: int
    o: int
    s: int


def weight(keys: Iterable[int]) -> int:
    """Half words of some token keys."""
    return sum(1 if key >= CHAR_KEY else 2 for key in keys)


def shared(out: list[int], src: list[int]) -> int:
    """Half words that both stretches have, in any order; 0 for stretches over ``BAG_TOKENS``."""
    if len(out) > BAG_TOKENS or len(src) > BAG_TOKENS:
        return 0
    return weight((Counter(out) & Counter(src)).elements())


def common_blocks(out: Sequence[int], src: Sequence[int], o: int, s: int) -> list[Block]:
    """Blocks of a longest common subsequence of two stretches that begin at ``o`` and ``s``."""
    found = LCSseq.editops(out, src).as_matching_blocks()
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


def chain_to(out: list[int], src: list[int], o: int, s: int) -> list[Block]:
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


class Piece:
    """One alignment, growing. Feed it every output token after its first blocks, in order.

    ``src`` holds the source keys from ``src_base`` on; the owner adds to it while :meth:`wants` asks.
    """

    __slots__ = (
        "best", "blocks", "channel", "closed", "exempt", "longest_n", "o", "s", "score", "src", "src_base", "tail"
    )  # fmt: skip

    def __init__(self, blocks: list[Block], src: list[int], src_base: int, channel: str) -> None:
        self.channel = channel
        self.src, self.src_base = src, src_base
        self.exempt: set[int] = set()
        self.blocks: list[Block] = []
        self.tail: list[Block] = []
        self.o, self.s, self.score = blocks[0].o, blocks[0].s, 0
        self.best = Extent(0, 0, self.o, self.s)
        self.closed = False
        self._settle(blocks)

    def __len__(self) -> int:
        return self.best.o - self.first.o

    @property
    def first(self) -> Block:
        return self.blocks[0]

    @property
    def src_end(self) -> int:
        return self.src_base + len(self.src)

    @property
    def diagonal(self) -> int:
        """Output less source token where the piece stands now."""
        last = self.tail[-1] if self.tail else self.blocks[-1]
        return last.o - last.s

    def wants(self, o: int) -> int:
        """The source token up to which ``src`` must reach before token ``o`` is pushed."""
        return self.s + (o - self.o) + 3 * MAX_GAP

    def push(self, o: int, key: int, out: list[int], out_base: int) -> bool:
        """Takes output token ``o``; True where the piece changed. ``out`` holds the keys from ``out_base`` on."""
        last = self.tail[-1] if self.tail else self.blocks[-1]
        if last.o + last.n == o:
            place = last.s + last.n - self.src_base
            if place < len(self.src) and self.src[place] == key:
                self._grow(last, out, out_base)
                return True
        begin = self.s - self.src_base
        window = self.src[begin : begin + (o - self.o) + 1 + 2 * MAX_GAP]
        if key in window:
            self._realign(out[self.o - out_base : o + 1 - out_base], window)
            if self.tail and self.tail[-1].n >= SETTLE:
                self._settle_run(out, out_base)
            if o - self.o >= TAIL:
                self._settle_older(o)
        self._close_if_over(o)
        return key in window

    def extent(self) -> Extent:
        """Where the piece ends: its best prefix, the unsettled tail counted in."""
        return self._scores()[1] if self.tail else self.best

    def _scores(self) -> tuple[int, Extent]:
        """The score of all blocks, and the best prefix."""
        best, score, o, s = self.best, self.score, self.o, self.s
        for number, block in enumerate(self.tail, len(self.blocks) + 1):
            score += block.n - gap(block, o, s)
            o, s = block.o + block.n, block.s + block.n
            if score > best.score:
                best = Extent(score, number, o, s)
        return score, best

    def chain(self) -> list[Block]:
        """The blocks up to :meth:`extent`."""
        count = self.extent().blocks
        if count <= len(self.blocks):
            return self.blocks[:count]
        return self.blocks + self.tail[: count - len(self.blocks)]

    def matched(self) -> int:
        """Matched half words, exempt or not."""
        base = self.src_base
        return sum(weight(self.src[s - base : s - base + n]) for _, s, n in self.chain())

    def measure(self, out: list[int], out_base: int, *, bag: bool) -> Measure:
        """The piece in figures, exempt source tokens and what is aligned to them left out.

        With ``bag``, tokens that both sides have in any order count as matched where they are more.
        """
        chain, extent = self.chain(), self.extent()
        if not chain:
            return Measure(0, 0, 0, 0)
        o, s = chain[0].o, chain[0].s
        source = self.src[s - self.src_base : extent.s - self.src_base]
        if self.exempt or any(key >= CHAR_KEY for key in source):
            return self._measure_slowly(chain, extent, out, out_base, bag)
        matched = 2 * sum(block.n for block in chain)
        longest = 2 * max(block.n for block in chain)
        if bag and o >= out_base:
            matched = max(matched, shared(out[o - out_base : extent.o - out_base], source))
        return Measure(matched, longest, 2 * (extent.o - o), 2 * len(source))

    def _measure_slowly(
        self, chain: list[Block], extent: Extent, out: list[int], out_base: int, bag: bool
    ) -> Measure:
        src, base, exempt = self.src, self.src_base, self.exempt
        matched = longest = free = 0
        for block in chain:
            run = 0
            for s in range(block.s, block.s + block.n):
                w = 1 if src[s - base] >= CHAR_KEY else 2
                run = 0 if s in exempt else run + w
                free += w if s in exempt else 0
                matched += 0 if s in exempt else w
                longest = max(longest, run)
        o, s = chain[0].o, chain[0].s
        source = [src[p - base] for p in range(s, extent.s) if p not in exempt]
        output = out[max(o - out_base, 0) : extent.o - out_base]
        length = max(weight(output) + 2 * max(out_base - o, 0) - free, matched)
        if bag and o >= out_base and not exempt:
            matched = max(matched, shared(output, source))
        return Measure(matched, longest, length, weight(source))

    def _keep_run_whole(self, out: list[int], out_base: int) -> None:
        """Extends the last block back along its diagonal, over what blocks before it took from the run.

        A piece may begin at a chance likeness beside the copy and reach it by a gap; the copy's run is
        worth more than the blocks that it lay across.
        """
        last, src, src_base = self.blocks[-1], self.src, self.src_base
        back, most = 0, min(last.o - out_base, last.s - src_base)
        while back < most and out[last.o - out_base - back - 1] == src[last.s - src_base - back - 1]:
            back += 1
        if not back:
            return
        whole = Block(last.o - back, last.s - back, last.n + back)
        before = []
        for block in self.blocks[:-1]:
            n = min(block.n, whole.o - block.o, whole.s - block.s)
            if n > 0:
                before.append(block._replace(n=n))
        if sum(b.n for b in before) + back < sum(b.n for b in self.blocks[:-1]):
            return
        chain = backward([*before, whole])
        self.blocks, self.score = [], 0
        self.o, self.s, self.best = chain[0].o, chain[0].s, Extent(0, 0, chain[0].o, chain[0].s)
        self._settle(chain)

    def _grow(self, last: Block, out: list[int], out_base: int) -> None:
        grown = last._replace(n=last.n + 1)
        if self.tail:
            self.tail[-1] = grown
            if grown.n >= SETTLE:
                self._settle_run(out, out_base)
            return
        self.blocks[-1] = grown
        self.o, self.s, self.score = self.o + 1, self.s + 1, self.score + 1
        if self.score > self.best.score:
            self.best = Extent(self.score, len(self.blocks), self.o, self.s)

    def _realign(self, out: list[int], window: list[int]) -> None:
        chain: list[Block] = []
        o, s = self.o, self.s
        for block in common_blocks(out, window, o, s):
            if gap(block, o, s) > MAX_GAP:
                break
            chain.append(block)
            o, s = block.o + block.n, block.s + block.n
        self.tail = chain

    def _settle_run(self, out: list[int], out_base: int) -> None:
        """Settles a tail that ends with a run worth it."""
        self._settle(self.tail)
        self.tail = []
        self._keep_run_whole(out, out_base)

    def _settle_older(self, o: int) -> None:
        older = [block for block in self.tail if block.o + block.n <= o - TAIL // 2]
        if not older:
            self.closed = True
            return
        rest = self.tail[len(older) :]
        self._settle(older)
        self.tail = rest

    def _settle(self, blocks: list[Block]) -> None:
        for block in blocks:
            self.score += block.n - gap(block, self.o, self.s)
            if self.blocks and (block.o, block.s) == (self.o, self.s):
                joined = self.blocks[-1]
                self.blocks[-1] = joined._replace(n=joined.n + block.n)
            else:
                self.blocks.append(block)
            self.o, self.s = block.o + block.n, block.s + block.n
            if self.score > self.best.score:
                self.best = Extent(self.score, len(self.blocks), self.o, self.s)

    def _close_if_over(self, o: int) -> None:
        last = self.tail[-1] if self.tail else self.blocks[-1]
        behind = o + 1 - (last.o + last.n)
        score, best = self._scores()
        if behind > MAX_GAP or best.score - (score - behind) > MAX_DROP:
            self.closed = True
