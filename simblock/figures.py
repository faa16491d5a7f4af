"""What a match is judged by: its seeds and their information, its pieces' figures and places."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from simblock import saying
from simblock.align import Measure, summed
from simblock.background import BACKGROUND_DOCUMENTS, document_frequency
from simblock.history import History
from simblock.hull import Hull
from simblock.match import Span
from simblock.piece import Piece
from simblock.vocabulary import documents_with

MAX_SEEDS = 4096
"""Places of hits that are remembered of a match; those of the key that was not heard for longest go first."""

PARALLEL = 4
"""Alignments of one run that go on at once, of those that have nothing that others lack: a work may repeat itself."""
MOST_PARALLEL = 16
"""Alignments of one run that go on at once, whatever they have, and the NEWEST besides."""
NEWEST = 8
LOOK_BACK = 64
"""Output tokens by which alignments are compared, and that are read back from a hit."""


@lru_cache(1 << 14)
def _documents_with(tokens: tuple[int, ...]) -> float:
    """How many background documents hold all of these words, as if they were independent."""
    rates = document_frequency(np.array(tokens, np.uint32)) / BACKGROUND_DOCUMENTS
    return BACKGROUND_DOCUMENTS * float(rates.prod())


class Seed(NamedTuple):
    """A hit that tells of a work: output and source token, key, m of M works.

    Of text it has the shingle's ``tokens``, of code the ``language`` of the output. A signature's hit has
    neither, and tells nothing of how rare it is.
    """

    o: int
    s: int
    key: int
    tokens: tuple[int, ...]
    frequency: int
    works: int
    language: str | None = None

    @property
    def informs(self) -> bool:
        """Whether the key is a shingle's, whose rarity can be told."""
        return self.language is not None or bool(self.tokens)

    @property
    def bits(self) -> float:
        """How rare the key is: log2((B + M + 1) / (b + m + 1)); b of B background documents, m of M works hold it."""
        if self.language is not None:
            background = documents_with(self.language, self.key)
        else:
            background = _documents_with(self.tokens)
        return math.log2((BACKGROUND_DOCUMENTS + self.works + 1) / (background + self.frequency + 1))


class Seeds:
    """The hits of one match: of each key the places of the work where it was heard, the last ones last.

    However often a passage is repeated, a place counts once: what hits of it there are crowds out no other.
    """

    __slots__ = ("_bits", "_count", "_places", "most")

    def __init__(self) -> None:
        self._places: dict[int, dict[int, None]] = {}
        self._bits: dict[int, float] = {}
        self._count = 0
        self.most = 0.0  # bits of all keys together

    def note(self, seed: Seed) -> None:
        """Remembers a hit, if it tells anything."""
        if not seed.informs:
            return
        places = self._places.pop(seed.key, None)
        if places is None:
            places, self._bits[seed.key] = {}, seed.bits
            self.most += self._bits[seed.key]
        self._count += seed.s not in places
        places[seed.s] = None
        self._places[seed.key] = places
        if self._count > MAX_SEEDS:
            first = next(iter(self._places))
            self._count -= len(self._places.pop(first))
            self.most -= self._bits.pop(first)

    def bits(self, spans: Collection[tuple[int, int]], exempt: Collection[int], enough: float) -> float:
        """What the keys say of which any place lies inside source token spans and is not exempt; no more when ``enough``."""
        bits = 0.0
        for key, places in reversed(self._places.items()):
            if any(a <= s < b and s not in exempt for s in reversed(places) for a, b in spans):
                bits += self._bits[key]
                if bits >= enough:
                    break
        return round(bits, 1)

    def heard(self, keys: Iterable[int]) -> dict[int, float]:
        """What those of some keys say that were heard."""
        return {key: self._bits[key] for key in keys if key in self._bits}


class Figures(NamedTuple):
    """A match in words: what the policy judges."""

    tokens: int
    longest_run: int
    similarity: float
    matched: int = 0
    output: int = 0
    source: int = 0
    names_alike: int = 0
    evidence: float = 0.0

    @property
    def gain(self) -> int:
        """Half words matched less those that were not, on the longer side."""
        return 2 * self.matched - max(self.output, self.source)


NOTHING = Figures(0, 0, 0.0)
Counting = list[tuple[Piece | Hull, Measure]]
"""Pieces of a match that count, and what each comes to."""
NO_MEASURE = Measure(0, 0, 0, 0)


class Placing(NamedTuple):
    """A piece in places: output code points and lines, source tokens [first, last]."""

    output: Span
    lines: Span
    first: int
    last: int


def covering(placings: Iterable[Placing]) -> tuple[Placing, ...]:
    """Those of some placings without which the output that they cover would be less, by beginning, and so by end."""
    kept: list[Placing] = []
    for placing in sorted(placings, key=lambda placing: (placing.output.start, -placing.output.end)):
        if kept and placing.output.end <= kept[-1].output.end:
            continue
        if len(kept) > 1 and placing.output.start <= kept[-2].output.end:
            del kept[-1]
        kept.append(placing)
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A match as it stood when it last acted, or last was looked at; ``information`` is what it was judged with."""

    figures: Figures
    placings: tuple[Placing, ...]
    verbatim: bool
    renamed: bool
    exact: bool
    information: float


def said(language: str, pieces: Sequence[Piece | Hull], seeds: Seeds) -> float:
    """Bits of all that pieces of syntax tokens have aligned, each shingle once."""
    keys: dict[int, None] = {}
    for piece in pieces:
        if isinstance(piece, Piece):
            keys |= piece.said()
    return saying.bits(language, keys, seeds.heard(keys))


def placed(piece: Piece | Hull, history: History, old: Placing | None) -> Placing:
    """Where a piece stands in the text; its beginning, which may be forgotten by now, as it was told before."""
    extent = piece.extent()
    span, lines = history.span(piece.first.o, max(extent.o - 1, history.base))
    if old is not None and old.first == piece.first.s:
        span, lines = Span(old.output.start, span.end), Span(old.lines.start, lines.end)
    return Placing(span, lines, piece.first.s, extent.s - 1)


def reckoned(
    past: Measure,
    counting: Counting,
    pieces: Iterable[Piece | Hull],
    likeness: Callable[[int, int, int], float],
) -> Figures:
    """A match in figures: those of its pieces that count and what was summed up before. ``likeness`` is told half tokens
    matched, of the output and of the source.
    """
    matched, _, output, source, bits = summed([past, *(measure for _, measure in counting)])
    # also a run whose piece a bigger, poorer one outdoes: whatever stands around it, it was copied
    longest = max([past.longest, *(longest_of(piece) for piece in pieces if isinstance(piece, Piece))])
    alike = sum(piece.names_alike() for piece, _ in counting if isinstance(piece, Piece))
    similarity = round(likeness(matched, output, source), 4)
    return Figures(matched // 2, longest // 2, similarity, matched, output, source, alike, round(bits, 1))


def longest_of(piece: Piece) -> int:
    """Half tokens of a piece's longest run."""
    return piece.extent().longest if piece.names is None else piece.measure(bag=False).longest


def counted(measured: Counting) -> Counting:
    """Of pieces that overlap the one that matches more, in order."""
    if len(measured) < 2:
        return measured
    kept: Counting = []
    for piece, measure in sorted(measured, key=lambda pm: (-pm[1].matched, pm[0].first)):
        if all(apart(piece, other) for other, _ in kept):
            kept.append((piece, measure))
    return sorted(kept, key=lambda pm: pm[0].first)


def apart(one: Piece | Hull, other: Piece | Hull) -> bool:
    """Whether two pieces share less than half of the shorter one's tokens, in the output and in the source.

    A passage said twice, or that stands twice in the work, is no longer copy for that.
    """
    first, stop, other_first, other_stop = one.first, one.extent(), other.first, other.extent()
    return _share(first.o, stop.o, other_first.o, other_stop.o) and _share(
        first.s, stop.s, other_first.s, other_stop.s
    )


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


def _share(a: int, b: int, c: int, d: int) -> bool:
    """Whether [a, b) and [c, d) share less than half of the shorter one."""
    return 2 * (min(b, d) - max(a, c)) < min(b - a, d - c)
