"""What a match is judged by: its pieces' figures and places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simblock import saying
from simblock.align import Measure, summed
from simblock.history import History
from simblock.hull import Hull
from simblock.match import Span
from simblock.piece import Piece
from simblock.seeds import Seeds


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


def _share(a: int, b: int, c: int, d: int) -> bool:
    """Whether [a, b) and [c, d) share less than half of the shorter one."""
    return 2 * (min(b, d) - max(a, c)) < min(b - a, d - c)
