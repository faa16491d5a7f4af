"""A piece: one local alignment of an output with a work, grown one token at a time.

Blocks are settled when a run is long enough never to be realigned, or old enough; the tail behind
them is aligned anew whenever a token fits nowhere. Figures are carried along, so a token costs the
same in the first line of a copied book as in the last, and what lies far behind is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

import numpy as np

from simblock.align import (
    MAX_DROP,
    MAX_GAP,
    Block,
    Measure,
    common_blocks,
    gap,
    overlaps,
    shared,
    tokens_of,
    weight,
)
from simblock.history import History, Keys
from simblock.naming import Judged, Judging, Pair, disagreeing
from simblock.saying import SHINGLE, Said
from simblock.shingles import numbered
from simblock.tokens import CHAR_KEY, U64

SETTLE = 8
"""A block so long is never realigned."""
TAIL = 48
"""Unsettled output tokens at most; their older half is settled as it stands."""
KEEP = 1024
"""Source tokens and blocks behind the settled end that are remembered."""


class State(NamedTuple):
    """A piece up to some block, in half words but for the score.

    ``run`` is the length of the run that ends there; ``raw`` counts matches that are exempt as well.
    """

    o: int
    s: int
    score: int = 0
    blocks: int = 0
    matched: int = 0
    run: int = 0
    longest: int = 0
    output: int = 0
    source: int = 0
    raw: int = 0


class Piece:
    """One alignment, growing. Feed it every output token behind its first blocks, in order.

    ``src`` holds the source keys from ``src_base`` on; the owner adds to it while :meth:`wants` asks.
    ``exempt`` are source tokens that count for nothing, nor what is aligned to them; so do output tokens
    for which ``echoes`` is true. In a numbered lane ``src`` is levelled and ``names`` has the keys as they
    are stored: aligned are levelled keys, but only names that one renaming explains are measured.
    """

    __slots__ = (
        "_before", "_echoes", "_hashed", "_judging", "_reckoned", "_said", "_told", "_whole", "best", "blocks", "channel", "closed", "exempt", "first", "history",
        "names", "now", "src", "src_base", "tail",
    )  # fmt: skip

    def __init__(
        self,
        blocks: list[Block],
        src: Keys,
        src_base: int,
        channel: str,
        *,
        exempt: set[int],
        history: History,
        echoes: Callable[[int], bool] | None = None,
        names: Keys | None = None,
    ) -> None:
        self.history, self._echoes = history, echoes
        self.channel, self.exempt = channel, exempt
        self.src, self.src_base, self.names = src, src_base, names
        self.closed = False
        self._whole: tuple[State, Measure] | None = None
        self._told: tuple[State, Mapping[int, None]] | None = None
        self._hashed: tuple[int, int, U64] | None = None
        self.tail: tuple[Block, ...] = ()
        self._reckoned: tuple[tuple[Block, ...], State, State] | None = None
        self._restart(blocks[0])
        self._settle(blocks)
        self._keep_run_whole()

    @property
    def last(self) -> Block:
        return self.tail[-1] if self.tail else self.blocks[-1]

    @property
    def src_end(self) -> int:
        return self.src_base + len(self.src)

    @property
    def diagonal(self) -> int:
        """Output less source token where the piece stands now."""
        return self.last.o - self.last.s

    def running(self, o: int) -> int:
        """Tokens of the run that goes through output token ``o``; 0 where none does."""
        last = self.last
        return last.n if last.o + last.n == o + 1 else 0

    def wants(self, o: int) -> int:
        """The source token up to which ``src`` must reach before token ``o`` is pushed."""
        return self.now.s + (o - self.now.o) + 3 * MAX_GAP

    def push(self, o: int) -> bool:
        """Takes output token ``o`` of the history; True where the piece changed, which a closed one never does."""
        if self.closed:
            return False
        key = self.history.keys[o - self.history.base]
        last = self.last
        if last.o + last.n == o:
            place = last.s + last.n - self.src_base
            if place < len(self.src) and self.src[place] == key:
                self._grow(last)
                return True
        begin = self.now.s - self.src_base
        window = self.src[begin : begin + (o - self.now.o) + 1 + 2 * MAX_GAP]
        fits = key in window
        if fits:
            self._realign(self.history.back(o, o + 1 - self.now.o), window)
            if self.tail and self.tail[-1].n >= SETTLE:
                self._settle_run()
            if o - self.now.o >= TAIL:
                self._settle_older(o)
        self._close_if_over(o)
        return fits

    def extent(self) -> State:
        """The piece up to where its score is best, the unsettled tail counted in."""
        return self._scores()[1] if self.tail else self.best

    def most(self) -> int:
        """Half tokens of an alignment that :meth:`measure` counts at most."""
        return self.now.matched + 2 * sum([block.n for block in self.tail])

    def measure(self, *, bag: bool) -> Measure:
        """The piece in figures. With ``bag``, tokens that both sides have in any order count where they are more."""
        extent, first, history = self.extent(), self.first, self.history
        if self.names is not None:
            if self._whole is None or self._whole[0] is not extent:  # a closed one's never changes
                self._whole = (extent, self._measure_names(extent))
            return self._whole[1]
        matched = extent.matched
        exempt = bag and any(first.s <= s < extent.s for s in self.exempt)
        if bag and first.o >= history.base and first.s >= self.src_base and not exempt:
            source = self.src[first.s - self.src_base : extent.s - self.src_base]
            matched = max(matched, shared(history.back(extent.o - 1, extent.o - first.o), source))
        return Measure(matched, extent.longest, max(extent.output, matched), max(extent.source, matched))

    def strangers(self) -> set[int]:
        """Output tokens, as far as both sides are remembered, whose names no common renaming explains."""
        pairs = self._pairs(self.extent(), max(self.first.o, self.history.base))
        found = disagreeing([pair.ours for pair in pairs], [pair.theirs for pair in pairs])
        return {pairs[at].o for at in found}

    def names_alike(self) -> int:
        """How many names are spelled in the output as in the source."""
        return 0 if self.names is None else self._naming(self.extent()).alike

    def renames(self) -> bool:
        """Whether any name of the source is another in the output."""
        return self.names is not None and self._naming(self.extent()).renamed

    def said(self) -> Mapping[int, None]:
        """Hashes of the source's shingles that are aligned whole under one renaming, each once."""
        extent = self.extent()
        if self._told is None or self._told[0] != extent:
            self._naming(extent)
            self._told = (extent, self._said.keys(self._judging, self._hashes(), self.src_base))
        return self._told[1]

    def _hashes(self) -> U64:
        """Hashes of the shingles of what is remembered of the source."""
        assert self.names is not None
        known = (self.src_base, len(self.names))
        if self._hashed is None or self._hashed[:2] != known:
            self._hashed = (*known, numbered(np.array(self.names, np.uint32), SHINGLE))
        return self._hashed[2]

    def _measure_names(self, extent: State) -> Measure:
        """The piece in figures, names that no renaming explains left out."""
        named, matched, longest = self._naming(extent), extent.matched, extent.longest
        if named.strange:
            matched = max(matched - 2 * named.strange, 0)
            longest = min(longest, 2 * named.longest)
        return Measure(matched, longest, max(extent.output, matched), max(extent.source, matched))

    def _naming(self, extent: State) -> Judged:
        """What is known of the names up to the extent."""
        judging = self._judging
        judging.cut(extent.o)
        if judging.now.o < extent.o:
            judging.take(self._pairs(extent, judging.now.o))
            if judging.ended:
                self._said.settle(judging, self._hashes(), self.src_base)
        return judging.now

    def _pairs(self, extent: State, first: int) -> list[Pair]:
        """The aligned tokens up to the extent, from output token ``first`` on, that both sides remember."""
        assert self.names is not None
        base, src_base, out, src = self.history.base, self.src_base, self.history.names, self.names
        blocks: list[Block] = []
        for block in chain(reversed(self.tail), reversed(self.blocks)):
            if block.o + block.n <= first:
                break
            if block.o + block.n <= extent.o:
                blocks.append(block)
        return [
            Pair(o, s, out[o - base], src[s - src_base], self.is_free(o, s))
            for block in reversed(blocks)
            for o, s in tokens_of(block, max(first, base), src_base)
        ]

    def remembered(self) -> list[Block]:
        """The remembered blocks up to the extent."""
        end = self.extent().o
        return [block for block in (*self.blocks, *self.tail) if block.o + block.n <= end]

    def _scores(self) -> tuple[State, State]:
        """The state behind all blocks, and the best prefix; reckoned once for each tail."""
        if self._reckoned is None or self._reckoned[0] is not self.tail:
            state, best = self.now, self.best
            for block in self.tail:
                state = self._with(state, block)
                if state.score > best.score:
                    best = state
            self._reckoned = (self.tail, state, best)
        return self._reckoned[1:]

    def _with(self, state: State, block: Block) -> State:
        """The state behind one more block."""
        o, s, score, blocks, matched, run, longest, output, source, raw = state
        distance = gap(block, o, s)
        if distance:
            run = 0
            output += weight(self.history.back(block.o - 1, block.o - o))
            source += self._unmatched(s, block.s)
        begin = block.s - self.src_base
        for place, key in enumerate(self.src[begin : begin + block.n], block.s):
            half = 1 if key >= CHAR_KEY else 2
            raw += half
            if self.is_free(block.o + place - block.s, place):
                run = 0
                continue
            run += half
            matched += half
            longest = max(longest, run)
            output += half
            source += half
        joined = not distance and state.blocks > 0
        return State(
            block.o + block.n, block.s + block.n, score + block.n - distance, blocks + (not joined),
            matched, run, longest, output, source, raw,
        )  # fmt: skip

    def is_free(self, o: int, s: int) -> bool:
        """Whether output token ``o``, aligned to source token ``s``, is the user's own."""
        return s in self.exempt or (self._echoes is not None and self._echoes(o))

    def _unmatched(self, start: int, stop: int) -> int:
        """Half words of the source tokens [start, stop) that are not exempt."""
        keys = self.src[start - self.src_base : stop - self.src_base]
        return weight(key for place, key in enumerate(keys, start) if place not in self.exempt)

    def _restart(self, first: Block) -> None:
        self.first = first
        self.blocks: list[Block] = []
        self._before: list[tuple[State, State]] = []
        self._judging, self._said = Judging(), Said()
        self.now = self.best = State(first.o, first.s)

    def _settle(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            if self.blocks and self.now.score <= gap(block, self.now.o, self.now.s):
                self._restart(block)  # what lies before is not worth the gap
            after = self._with(self.now, block)
            if self.blocks and after.blocks == self.now.blocks:
                joined = self.blocks[-1]
                self.blocks[-1] = joined._replace(n=joined.n + block.n)
            else:
                self._before.append((self.now, self.best))
                self.blocks.append(block)
            self.now = after
            if after.score > self.best.score:
                self.best = after
        self._forget()

    def _settle_run(self) -> None:
        """Settles a tail that ends with a run worth it."""
        tail, self.tail = self.tail, ()
        self._settle(tail)
        self._keep_run_whole()

    def _settle_older(self, o: int) -> None:
        older = [block for block in self.tail if block.o + block.n <= o - TAIL // 2]
        if not older:
            self.close()
            return
        rest, self.tail = self.tail[len(older) :], ()
        self._settle(older)
        self.tail = rest

    def _keep_run_whole(self) -> None:
        """Extends the last block back along its diagonal, over what blocks before it took from the run.

        A piece may begin at a chance likeness beside the copy and reach it by a gap; the copy's run is
        worth more than the blocks that it lay across.
        """
        last, back = self.blocks[-1], self._run_before()
        if not back:
            return
        whole = Block(last.o - back, last.s - back, last.n + back)
        at, cut = len(self.blocks) - 1, []
        while at and overlaps(self.blocks[at - 1], whole):
            at -= 1
            block = self.blocks[at]
            cut.append(block._replace(n=max(min(whole.o - block.o, whole.s - block.s), 0)))
        if sum(b.n for b in self.blocks[at:-1]) > sum(b.n for b in cut) + back:
            return
        self._judging.cut(min([whole.o, *(b.o + b.n for b in cut)]))
        if at or self._before[0][0].blocks:
            self.now, self.best = self._before[at]
            del self.blocks[at:], self._before[at:]
        else:
            self._restart(next((b for b in reversed(cut) if b.n), whole))
        self._settle([*(b for b in reversed(cut) if b.n), whole])

    def _run_before(self) -> int:
        """How far the run of the last block goes on before it."""
        last, src, base = self.blocks[-1], self.src, self.src_base
        out, out_base = self.history.keys, self.history.base
        back, most = 0, min(last.o - out_base, last.s - base)
        while back < most and out[last.o - out_base - back - 1] == src[last.s - base - back - 1]:
            back += 1
        return back

    def _grow(self, last: Block) -> None:
        if self.tail:
            self.tail = (*self.tail[:-1], last._replace(n=last.n + 1))
            if last.n + 1 >= SETTLE:
                self._settle_run()
            return
        self.blocks[-1] = last._replace(n=last.n + 1)
        self.now = self._with(self.now, Block(last.o + last.n, last.s + last.n, 1))
        if self.now.score > self.best.score:
            self.best = self.now
        if len(self.src) > 4 * KEEP:
            self._forget()

    def _realign(self, out: list[int], window: Keys) -> None:
        chain: list[Block] = []
        o, s = self.now.o, self.now.s
        for block in common_blocks(out, window, o, s):
            if gap(block, o, s) > MAX_GAP:
                break
            chain.append(block)
            o, s = block.o + block.n, block.s + block.n
        self.tail = tuple(chain)
        self._judging.cut(self.now.o)

    def _close_if_over(self, o: int) -> None:
        behind = o + 1 - (self.last.o + self.last.n)
        state, best = self._scores() if self.tail else (self.now, self.best)
        if behind > MAX_GAP or best.score - (state.score - behind) > MAX_DROP:
            self.close()

    def close(self) -> None:
        """Ends the piece at its best prefix."""
        self.best = self.extent()
        self.blocks += [block for block in self.tail if block.o + block.n <= self.best.o]
        self.tail = ()
        self.closed = True

    def _forget(self) -> None:
        """Drops blocks and source keys that lie far behind."""
        if len(self.blocks) > 4 * KEEP:
            del self.blocks[:-KEEP], self._before[:-KEEP]
        if len(self.src) > 4 * KEEP:
            cut = max(self.now.s - KEEP - self.src_base, 0)
            del self.src[:cut]
            if self.names is not None:
                del self.names[:cut]
            self.src_base += cut
            self.exempt = {place for place in self.exempt if place >= self.src_base}
