"""A hull: a stretch of an output whose words stand, in whatever order, about the same place of a work.

Alignment follows the order of words; what was shuffled, translated there and back, or written anew about the
same sentences keeps most of the telling words and little of their order. A hull grows from a hit to both
sides, as an alignment does (X-drop; Zhang, Schwartz, Wagner, Miller 2000), but a word counts wherever it
stands within ``REACH`` words of where it should. Its score is its *evidence*, a likelihood ratio in bits: a
word that the source has there says how little that is to be expected by chance, one that it lacks costs
``MISS``. Runs are judged by their length elsewhere, so of a run only the first words are evidence. Of words only:
characters of scripts without spaces are aligned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simblock.align import Block, Measure, shared
from simblock.background import MOST_BITS, word_bits
from simblock.history import History, Keys
from simblock.piece import State
from simblock.tokens import CHAR_KEY, COMMON

REACH = 40
"""Words about the place where a word should stand."""
TELLING = 1.0
"""Bits under which a word says nothing, found or missed."""
MISS = 2.0
"""What a telling word costs that the source lacks there."""
AGAIN = 0.3
"""Share of its bits that a word says when it is found again."""
DROP = 16.0
"""Net bits lost after which the hull is over."""
RUN = 8
"""Words of a run that are evidence."""
LEAN = 0.2
"""How far the place moves towards each word found."""
PROSE = 0.15
"""Share of the commonest words in prose, at least: in lists, in code, and in languages that the table of words does not
know, the telling words are not told from the others."""
LONGEST = 384
"""Output words of a hull; a longer copy is several."""
BACK = 160
"""Output words that are read back from the hit."""


FEW_WORKS = 512
CHANCE, CHANCE_MORE = 30.0, 17.0
"""Bits that the likest of so many works has by chance, and for each doubling of them.

Words of one subject come together, so the bits of chance likenesses add up: their number halves with each 17 bits,
and their number grows with the works (measured on 15,000 clean passages against 7,742 works).
"""


def by_chance(works: int) -> float:
    """Bits that the likest of so many works has by chance."""
    return CHANCE + CHANCE_MORE * max(math.log2(max(works, 1) / FEW_WORKS), 0.0)


class Pair(NamedTuple):
    """An output token and the source token that it is."""

    o: int
    s: int


class _Side:
    """One direction of growth: score, and where it was best."""

    __slots__ = ("best", "diagonal", "pairs", "score", "stood")

    def __init__(self, diagonal: float) -> None:
        self.diagonal = diagonal
        self.score = self.best = 0.0
        self.pairs: list[Pair] = []
        self.stood = 0  # pairs when it was best


class _Box(NamedTuple):
    """First and last tokens on both sides."""

    o: int
    s: int
    last_o: int
    last_s: int


class Hull:
    """One hull, growing. Feed it every output token behind the hit, in order.

    ``src`` holds the source keys from ``src_base`` on; the owner adds to it while :meth:`wants` asks.
    ``works`` are those of the index, among which it is the likest.
    ``exempt`` are source tokens that count for nothing; so do output tokens for which ``echoes`` is true.
    """

    __slots__ = (
        "_ahead", "_behind", "_bits", "_box", "_chance", "_echoes", "_measured", "_o", "_said", "_used", "closed", "exempt", "history",
        "src", "src_base",
    )  # fmt: skip
    names = None
    channel = "near"

    def __init__(
        self,
        o: int,
        s: int,
        src: Keys,
        src_base: int,
        *,
        history: History,
        works: int,
        exempt: set[int] | None = None,
        echoes: Callable[[int], bool] | None = None,
    ) -> None:
        self.history, self._echoes = history, echoes
        self.src, self.src_base = src, src_base
        self.exempt: set[int] = exempt or set()
        self.closed, self._chance = False, by_chance(works)
        self._bits = word_bits()
        self._used: set[int] = set()
        self._said: set[int] = set()
        self._o = o
        self._ahead, self._behind = _Side(o - s), _Side(o - s)
        self._box = _Box(o, s, o, s)
        self._measured: tuple[int, Measure] | None = None
        self.push(o)
        for token in range(o - 1, max(o - BACK, history.base - 1), -1):
            if not self._take(token, self._behind):
                break

    @property
    def first(self) -> Block:
        """Where it begins on both sides."""
        return Block(self._box.o, self._box.s, 0)

    @property
    def evidence(self) -> float:
        """Bits for a copy over those that the likest of so many works has by chance; 0 where there are none."""
        return max(self.bits - self._chance, 0.0)

    @property
    def bits(self) -> float:
        """Bits for a copy rather than chance at this one place."""
        return self._ahead.best + self._behind.best

    @property
    def found(self) -> int:
        """How many words were found, up to where the score was best."""
        return self._behind.stood + self._ahead.stood

    @property
    def src_end(self) -> int:
        return self.src_base + len(self.src)

    @property
    def diagonal(self) -> int:
        """Output less source token where the hull stands now."""
        return round(self._ahead.diagonal)

    def wants(self, o: int) -> int:
        """The source token up to which ``src`` must reach before token ``o`` is pushed."""
        return round(o - self._ahead.diagonal) + REACH + 1

    def push(self, o: int) -> bool:
        """Takes output token ``o`` of the history; True where the hull grew, which a closed one never does."""
        if self.closed:
            return False
        before = self._ahead.best
        self.closed = not self._take(o, self._ahead) or o - self._o > LONGEST
        return self._ahead.best > before

    def _take(self, o: int, side: _Side) -> bool:
        """Takes an output token on one side; False where that side is over."""
        key = self.history.keys[o - self.history.base]
        bits = 0.0 if key >= CHAR_KEY else self._bits.get(key, MOST_BITS)
        if bits < TELLING or (self._echoes is not None and self._echoes(o)):
            return True
        s = self._place_of(key, round(o - side.diagonal))
        if s is None:
            side.score -= MISS
            return side.score > side.best - DROP
        self._used.add(s)
        if s not in self.exempt and self._run(o, s) <= RUN:
            side.score += bits if key not in self._said else bits * AGAIN
        self._said.add(key)
        side.pairs.append(Pair(o, s))
        side.diagonal += (o - s - side.diagonal) * LEAN
        if side.score > side.best:
            self._stand(side)
        return True

    def _stand(self, side: _Side) -> None:
        """The score was never better: the hull reaches as far as the words found."""
        for o, s in side.pairs[side.stood :]:
            box = self._box
            self._box = _Box(min(o, box.o), min(s, box.s), max(o, box.last_o), max(s, box.last_s))
        side.best, side.stood = side.score, len(side.pairs)

    def _place_of(self, key: int, where: int) -> int | None:
        """The source token of this key that is nearest to ``where``, within reach, and was not found yet."""
        begin = max(where - REACH - self.src_base, 0)
        window = self.src[begin : max(where + REACH + 1 - self.src_base, 0)]
        if key not in window:
            return None
        base = begin + self.src_base
        near = [s for s, one in enumerate(window, base) if one == key and s not in self._used]
        return min(near, key=lambda s: abs(s - where), default=None)

    def _run(self, o: int, s: int) -> int:
        """Tokens of the run that ends in output token ``o`` and source token ``s``, RUN + 1 at most."""
        out, at, place = self.history.keys, o - self.history.base, s - self.src_base
        most, n = min(RUN, at, place), 0
        while n < most and out[at - n - 1] == self.src[place - n - 1]:
            n += 1
        return n + 1

    def most(self) -> int:
        """Half tokens of an alignment."""
        return 0

    def extent(self) -> State:
        """The tokens behind the hull."""
        return State(self._box.last_o + 1, self._box.last_s + 1)

    def measure(self, *, bag: bool) -> Measure:
        """The hull's bag; nothing where only alignments are asked for."""
        if not bag or self.evidence <= 0:
            return Measure(0, 0, 0, 0)
        if self._measured is None or self._measured[0] != self.found:
            self._measured = (self.found, self._bag())
        return self._measured[1]

    def _bag(self) -> Measure:
        box, history, echoes = self._box, self.history, self._echoes
        first = max(box.o, history.base)
        output = history.back(box.last_o, box.last_o + 1 - first)
        if echoes is not None:
            output = [key for o, key in enumerate(output, first) if not echoes(o)]
        source: Sequence[int] = self.src[box.s - self.src_base : box.last_s + 1 - self.src_base]
        if self.exempt:
            source = [key for s, key in enumerate(source, box.s) if s not in self.exempt]
        common = sum(
            flag & COMMON != 0 for flag in history.flags[first - history.base : box.last_o + 1 - history.base]
        )
        prose = common >= PROSE * (box.last_o + 1 - first)
        evidence = self.evidence if prose else 0.0
        return Measure(shared(output, source), 0, 2 * len(output), 2 * len(source), evidence)

    def is_free(self, o: int, s: int) -> bool:
        """Whether output token ``o``, found at source token ``s``, is the user's own."""
        return s in self.exempt or (self._echoes is not None and self._echoes(o))

    def remembered(self) -> list[Block]:
        """The words found, as blocks of one, in the order of the output."""
        found = [*self._behind.pairs[: self._behind.stood], *self._ahead.pairs[: self._ahead.stood]]
        return [Block(o, s, 1) for o, s in sorted(found)]
