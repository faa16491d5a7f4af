"""How much of each work has been quoted in one response and its history, and what is exempt.

A quota counts distinct source tokens, so a passage said twice counts once. What stands in the
client's own request is exempt: a source token that lies in a run of 8 words (16 characters of
scripts without spaces) of the work that the request holds too.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from simblock.shingles import hashes
from simblock.text import tokenise
from simblock.tokens import CHAR_KEY, U64

EXEMPT_RUNS: tuple[tuple[int, bool], ...] = ((8, False), (16, True))
"""Tokens in a row, words or characters, that make a source token exempt."""


class Quota:
    """Distinct source tokens of one work, counted in half words.

    Tokens are told apart by the run they stand in as well: two indexes may hold different texts under one id.
    """

    __slots__ = ("_places", "halves")

    def __init__(self) -> None:
        self._places: dict[Hashable, set[int]] = {}
        self.halves = 0

    def places(self, run: Hashable) -> set[int]:
        """The source tokens of a run that are counted."""
        return self._places.setdefault(run, set())

    def add(self, run: Hashable, place: int, key: int) -> None:
        """Counts the source token at ``place`` of a run, once."""
        places = self.places(run)
        if place not in places:
            places.add(place)
            self.halves += 1 if key >= CHAR_KEY else 2

    @property
    def words(self) -> int:
        return self.halves // 2


class Exemption:
    """The runs of words of a client's request, hashed when first asked for.

    Most responses never come near a protected work, so most requests are never read. A source token in
    such a run is exempt, and so is an output token: what the user said, word for word, may be said back.
    """

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self._texts = tuple(text for text in texts if text)
        self._runs: list[U64] | None = None
        self._known: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._texts)

    def echoes(self, back: Sequence[int]) -> bool:
        """Whether the output repeats the request up to the last of these tokens."""
        self._read()
        chars = bool(back) and back[-1] >= CHAR_KEY
        count = EXEMPT_RUNS[chars][0]
        keys = [key for key in back if (key >= CHAR_KEY) == chars][-count:]
        return len(keys) == count and int(hashes(np.array(keys, np.uint32), count)[0]) in self._known

    def places(self, keys: Sequence[int], base: int) -> set[int]:
        """Which of the source tokens from ``base`` on, with these keys, are exempt."""
        if not self._texts:
            return set()
        found: set[int] = set()
        array = np.array(keys, np.uint32)
        for (n, chars), runs in zip(EXEMPT_RUNS, self._read(), strict=True):
            keep = np.flatnonzero((array >= CHAR_KEY) == chars)
            if len(keep) >= n and len(runs):
                for at in np.flatnonzero(np.isin(hashes(array[keep], n), runs)):
                    found.update((keep[at : at + n] + base).tolist())
        return found

    def _read(self) -> list[U64]:
        if self._runs is None:
            self._runs = [self._hash(n, chars) for n, chars in EXEMPT_RUNS]
            self._known = {run for runs in self._runs for run in runs.tolist()}
        return self._runs

    def _hash(self, n: int, chars: bool) -> U64:
        parts = []
        for text in self._texts:
            keys = tokenise(text).keys
            parts.append(hashes(keys[(keys >= CHAR_KEY) == chars], n))
        return np.concatenate(parts)
