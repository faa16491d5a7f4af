"""What a match is judged by: its seeds and their information, its pieces' figures and places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np

from simblock import saying
from simblock.align import Measure
from simblock.background import BACKGROUND_DOCUMENTS, document_frequency
from simblock.hull import Hull
from simblock.match import Span
from simblock.piece import Piece
from simblock.vocabulary import documents_with


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
NO_MEASURE = Measure(0, 0, 0, 0)


class Placing(NamedTuple):
    """A piece in places: output code points and lines, source tokens [first, last]."""

    output: Span
    lines: Span
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A match as it stood when it last acted, or last was looked at; ``information`` is what it was judged with."""

    figures: Figures
    placings: tuple[Placing, ...]
    verbatim: bool
    renamed: bool
    exact: bool
    information: float


def said(language: str, pieces: Sequence[Piece | Hull], seeds: Sequence[Seed]) -> float:
    """Bits of all that pieces of syntax tokens have aligned, each shingle once; ``seeds`` are hits, the last ones last."""
    keys = dict.fromkeys(key for piece in pieces if isinstance(piece, Piece) for key in piece.said())
    lately = islice(reversed(seeds), 2 * saying.MOST)
    return saying.bits(language, keys, {seed.key: seed.bits for seed in lately if seed.key in keys})


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
