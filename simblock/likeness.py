"""How alike two whole works are, as figures for the pair: a match is of a passage, these are of all there is.

Each work is the set of its shingles, of words and, of code, of lexemes with their names numbered. A shingle
weighs the square of its bits among the works of a collection, as in the cosine of tf-idf vectors (Salton and
Buckley 1988), for what many of them say tells nothing of a pair. Containment and likeness of shingle sets are
Broder's (1997). Order and place count for nothing here: that is what alignments are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simblock.shingles import hashes, numbered
from simblock.tokens import I64, U64, VIEWS, Runs

WORDS = 3
"""Words of a shingle of text, or of all the words of code."""
LEXEMES = 11
"""Lexemes of a shingle of code: fewer see more of what was rewritten, more tell topics from copies."""
OTHERS = 100
"""Works beside the collection that are taken to hold none of its shingles: of few works, one would weigh too much."""

Profile: TypeAlias = Mapping[str, U64]
"""The different shingles of a work by view: their hashes, rising."""

_FIRST = frozenset({"words", "source"})
"""Views that a work's runs begin with."""


class Likeness(NamedTuple):
    """Shares from 0 to 1, means over the views that both works have.

    ``containment`` is what both have over what the smaller has: a copy inside something bigger. ``similarity``
    is what both have over the mean of the two (Dice's): copies of one size.
    """

    containment: float
    similarity: float


NOTHING = Likeness(0.0, 0.0)


def profiles(runs: Runs, *, words: int = WORDS, lexemes: int = LEXEMES) -> list[Profile]:
    """What is compared of each work, in order; ``runs`` as :func:`simblock.code.tokenise_documents` gives them.

    Profiles are comparable where they were made with as many ``words`` and ``lexemes`` a shingle.
    """
    read = {"words": (hashes, words), "source": (hashes, words), "lexemes": (numbered, lexemes)}
    found: list[dict[str, U64]] = []
    views = np.zeros(len(runs), np.uint8) if runs.views is None else runs.views
    for at, code in enumerate(views.tolist()):
        view = VIEWS[code]
        if view in _FIRST:
            found.append({})
        if view in read:
            shingles, n = read[view]
            keys = runs.tokens.keys[runs.bounds[at] : runs.bounds[at + 1]]
            found[-1][view] = np.unique(shingles(keys, n))
    return list(found)


class Held(NamedTuple):
    """Shingles of one view, rising, and how many of how many works hold each."""

    keys: U64
    counts: I64
    works: int


@dataclass(frozen=True)
class Rarity:
    """How rare each shingle is among the works of a collection, by view."""

    views: Mapping[str, Held]

    @classmethod
    def among(cls, works: Iterable[Profile]) -> Rarity:
        """That of all the shingles of some works."""
        parts: dict[str, list[U64]] = {}
        for profile in works:
            for view, keys in profile.items():
                parts.setdefault(view, []).append(keys)
        return cls({view: _held(them) for view, them in parts.items()})

    def weights(self, view: str, keys: U64) -> NDArray[np.float64]:
        """Bits squared f64 [n] of shingles u64 [n]; one that no work holds weighs as if one did."""
        held = self.views.get(view)
        if held is None or not len(held.keys):
            return np.full(len(keys), np.log2(OTHERS + 1.0) ** 2)
        at = np.minimum(np.searchsorted(held.keys, keys), len(held.keys) - 1)
        counts = np.where(held.keys[at] == keys, held.counts[at], 1)
        bits: NDArray[np.float64] = np.log2((OTHERS + held.works + 1) / counts)
        return bits * bits


def _held(profiles_of_view: Sequence[U64]) -> Held:
    keys, counts = np.unique(np.concatenate(profiles_of_view), return_counts=True)
    return Held(keys, counts, len(profiles_of_view))


def likeness(one: Profile, other: Profile, rarity: Rarity) -> Likeness:
    """How alike two works are. Symmetric; 1 and 1 for equal works, nothing where one is too short for a shingle."""
    shares = []
    for view in one.keys() & other.keys():
        ours, theirs = (float(rarity.weights(view, side[view]).sum()) for side in (one, other))
        if not min(ours, theirs):
            continue
        both = np.intersect1d(one[view], other[view], assume_unique=True)
        shared = float(rarity.weights(view, both).sum())
        shares.append((shared / min(ours, theirs), 2 * shared / (ours + theirs)))
    if not shares:
        return NOTHING
    containment, similarity = np.minimum(np.mean(shares, axis=0), 1.0).tolist()
    return Likeness(containment, similarity)
