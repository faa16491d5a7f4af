"""The hits of a match, and what they say."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simblock.background import BACKGROUND_DOCUMENTS, document_frequency
from simblock.vocabulary import documents_with

MAX_SEEDS = 4096
"""Places of hits that are remembered of a match; those of the key that was not heard for longest go first."""


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
