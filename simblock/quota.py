"""How much of each work has been quoted in one response and its history, and what is exempt.

A quota counts distinct source tokens, so a passage said twice counts once. What stands in the
client's own request is exempt: a source token that lies in a run of 8 words (16 characters of
scripts without spaces) of the work that the request holds too (DESIGN section 6).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simblock.shingles import hashes
from simblock.text import tokenise
from simblock.tokens import CHAR_KEY, U64

EXEMPT_RUNS: tuple[tuple[int, bool], ...] = ((8, False), (16, True))
"""Tokens in a row, words or characters, that make a source token exempt."""


class Quota:
    """Distinct source tokens of one work, counted in half words."""

    __slots__ = ("halves", "places")

    def __init__(self) -> None:
        self.places: set[int] = set()
        self.halves = 0

    def add(self, place: int, key: int) -> None:
        """Counts the source token at ``place``, once."""
        if place not in self.places:
            self.places.add(place)
            self.halves += 1 if key >= CHAR_KEY else 2

    @property
    def words(self) -> int:
        return self.halves // 2


class Exemption:
    """The runs of words of a client's request, hashed when first asked for.

    Most responses never come near a protected work, so most requests are never read.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._texts = tuple(text for text in texts if text)
        self._runs: list[U64] | None = None

    def places(self, keys: Sequence[int], base: int) -> set[int]:
        """Which of the source tokens from ``base`` on, with these keys, are exempt."""
        if not self._texts:
            return set()
        if self._runs is None:
            self._runs = [self._hash(n, chars) for n, chars in EXEMPT_RUNS]
        found: set[int] = set()
        array = np.array(keys, np.uint32)
        for (n, chars), runs in zip(EXEMPT_RUNS, self._runs, strict=True):
            keep = np.flatnonzero((array >= CHAR_KEY) == chars)
            if len(keep) >= n and len(runs):
                for at in np.flatnonzero(np.isin(hashes(array[keep], n), runs)):
                    found.update((keep[at : at + n] + base).tolist())
        return found

    def _hash(self, n: int, chars: bool) -> U64:
        parts = []
        for text in self._texts:
            keys = tokenise(text).keys
            parts.append(hashes(keys[(keys >= CHAR_KEY) == chars], n))
        return np.concatenate(parts)
