"""Where tokens stand in their texts, in a byte each, and where the texts' lines begin.

A token's byte is its gap after the token before it, and its length, four bits each, in code points.
What does not fit (or goes back, where one code point gave two tokens) is kept apart, with the byte 0.
Every 4,096 tokens a mark says where the token before ended, so that no run is added up from its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from simblock.questions import Placed
from simblock.stores.container import Container, Part
from simblock.tokens import I64, U8, Runs

Records: TypeAlias = np.ndarray[Any, Any]
"""Arrays of named columns."""

STEP = 4096
FAR = np.dtype([("token", "<u4"), ("gap", "<i4"), ("length", "<u4")])
FAR_LINE = np.dtype([("line", "<u4"), ("size", "<u4")])
_LONG = 255

SECTIONS = frozenset({"places", "places.far", "places.marks", "lines", "lines.far", "lines.bounds"})


class Steps(NamedTuple):
    """Gaps and lengths of runs laid end to end: a byte a token, those kept apart, and the marks."""

    near: U8
    far: Records
    marks: I64


def pack(runs: Runs, base: int) -> Steps:
    """Packs the places of runs whose first token is number ``base`` of the segment."""
    starts, ends, bounds = runs.tokens.starts, runs.tokens.ends, runs.bounds
    before = np.zeros(len(starts), np.int64)
    before[1:] = ends[:-1]
    firsts = bounds[:-1]
    before[firsts[firsts < len(before)]] = 0
    gap, length = starts - before, ends - starts
    near = ((gap << 4) | length).astype(np.uint8)
    odd = np.flatnonzero((gap | length) & ~15)
    near[odd] = 0
    far = np.empty(len(odd), FAR)
    far["token"], far["gap"], far["length"] = odd + base, gap[odd], length[odd]
    return Steps(near, far, before[-base % STEP :: STEP])


class Lines(NamedTuple):
    """Sizes in code points of the lines of texts laid end to end, and how many lines belong to each run:
    those of its text, none where the run is not the first of its text."""

    near: U8
    far: Records
    counts: I64


def lines_of(texts: Sequence[str], base: int) -> Lines:
    """Measures the lines of texts of one run each; ``base`` is how many lines the segment has already.

    The last line of a text, which no line feed ends, is left out.
    """
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    points = _points("\n".join(texts) + "\n") if texts else np.empty(0, np.uint8)
    feeds = np.flatnonzero(points == 10)
    each = np.diff(feeds, prepend=-1)
    closing = np.searchsorted(feeds, np.cumsum(sizes) - 1)  # the separators that we put in
    return pack_lines(np.delete(each, closing), np.diff(closing, prepend=-1) - 1, base)


def pack_lines(sizes: I64, counts: I64, base: int) -> Lines:
    """Packs lines of known sizes i64; ``counts`` i64 says how many each run has."""
    long = np.flatnonzero(sizes > _LONG)
    near = np.minimum(sizes, _LONG).astype(np.uint8)
    far = np.empty(len(long), FAR_LINE)
    far["line"], far["size"] = long + base, sizes[long]
    return Lines(near, far, counts)


def _points(text: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def parts(steps: Sequence[Steps], lines: Sequence[Lines]) -> Iterator[Part]:
    """The sections that hold what was packed, in its order."""
    yield Part("places", _join([step.near for step in steps], np.uint8), confidential=True)
    yield Part("places.far", _join([step.far for step in steps], FAR), confidential=True)
    yield Part("places.marks", _join([step.marks for step in steps], np.int64), confidential=True)
    yield Part("lines", _join([line.near for line in lines], np.uint8), confidential=True)
    yield Part("lines.far", _join([line.far for line in lines], FAR_LINE), confidential=True)
    counts = _join([np.zeros(1, np.int64), *(line.counts for line in lines)], np.int64)
    yield Part("lines.bounds", np.cumsum(counts), confidential=True)


def _join(arrays: Sequence[Records], kind: Any) -> Records:
    return np.concatenate(arrays) if arrays else np.empty(0, kind)


class Places:
    """Reads places and lines of a segment's runs."""

    def __init__(self, container: Container) -> None:
        self._sections = container
        self._near = container["places"]
        self._marks = container["places.marks"]
        self._lines = container["lines"]
        self._line_bounds = container["lines.bounds"]
        self.line_starts = lru_cache(16)(self._line_starts)

    @cached_property
    def _far(self) -> tuple[I64, I64, I64]:
        far = self._sections["places.far"].array(FAR)
        return far["token"].astype(np.int64), far["gap"].astype(np.int64), far["length"].astype(np.int64)

    @cached_property
    def _far_lines(self) -> tuple[I64, I64]:
        far = self._sections["lines.far"].array(FAR_LINE)
        return far["line"].astype(np.int64), far["size"].astype(np.int64)

    def prepare(self) -> None:
        """Reads now what is kept apart, which the first look would read whole."""
        _ = self._far, self._far_lines

    def find(self, head: int, begin: int, tokens: I64) -> Placed:
        """Code points and lines of tokens i64 of a run whose first token is number ``begin``.

        The lines of its text are those of the run ``head``.
        """
        at = tokens + begin
        starts, ends = np.empty(len(at), np.int64), np.empty(len(at), np.int64)
        for block in sorted(set((at // STEP).tolist())):
            mine = np.flatnonzero(at // STEP == block)
            first = max(begin, block * STEP)
            gap, length, before = self.steps(first, int(at[mine].max()) + 1, begin)
            end = before + np.cumsum(gap + length)
            chosen = at[mine] - first
            ends[mine] = end[chosen]
            starts[mine] = end[chosen] - length[chosen]
        lines = 1 + np.searchsorted(self.line_starts(head), starts, side="right")
        return Placed(starts, ends, lines)

    def steps(self, first: int, stop: int, begin: int) -> tuple[I64, I64, int]:
        """Gaps and lengths i64 of tokens [first, stop), and the end before them.

        ``first`` is the run's first token ``begin``, or a multiple of 4,096.
        """
        near = self._near.array(np.uint8, first, stop)
        gap, length = (near >> 4).astype(np.int64), (near & 15).astype(np.int64)
        tokens, gaps, lengths = self._far
        low, high = np.searchsorted(tokens, [first, stop])
        odd = tokens[low:high] - first
        gap[odd], length[odd] = gaps[low:high], lengths[low:high]
        mark = first // STEP
        before = 0 if first == begin else int(self._marks.array(np.int64, mark, mark + 1)[0])
        return gap, length, before

    def spans(self, bounds: I64) -> tuple[I64, I64]:
        """Starts and ends i64 of all tokens of whole runs that follow each other; ``bounds`` are the segment's."""
        first, stop = int(bounds[0]), int(bounds[-1])
        gap, length, _ = self.steps(first, stop, first)
        end = np.cumsum(gap + length)
        before = np.concatenate([[0], end])[bounds[:-1] - first]
        end -= np.repeat(before, np.diff(bounds))
        return end - length, end

    def line_sizes(self, first: int, stop: int) -> tuple[I64, I64]:
        """Sizes i64 of the lines of runs [first, stop), line feeds counted in, and how many each run has."""
        bounds = self._line_bounds.array(np.int64, first, stop + 1)
        low, high = int(bounds[0]), int(bounds[-1])
        sizes = self._lines.array(np.uint8, low, high).astype(np.int64)
        lines, long = self._far_lines
        begin, end = np.searchsorted(lines, [low, high])
        sizes[lines[begin:end] - low] = long[begin:end]
        return sizes, np.diff(bounds)

    def _line_starts(self, run: int) -> I64:
        """Where lines two, three and on begin in a run's text: code points i64."""
        return np.cumsum(self.line_sizes(run, run + 1)[0])
