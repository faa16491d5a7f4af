"""Names in alignments of code: first any name fits any, then only what one renaming explains counts.

Alignments compare code with its names levelled, for a copy may rename them all. Afterwards a name that
is aligned to another counts as matched only where both are what most of their neighbours make of them:
an injective renaming, chosen greedily by how often each pair stands (Baker 1996 has the exact problem).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from simblock.tokens import NAME_KEY

STRETCH = 128
"""Aligned tokens over which one renaming is asked for: functions of one file rename for themselves."""


def levelled(keys: Iterable[int]) -> list[int]:
    """Keys with every plain name as 1 and every member's as 2."""
    return [key if key < NAME_KEY else 1 + (key >> 30 & 1) for key in keys]


def disagreeing(out: Sequence[int], src: Sequence[int]) -> list[int]:
    """Places of aligned tokens whose names no common renaming explains; ``out`` and ``src`` are parallel."""
    found: list[int] = []
    for low in range(0, len(out), STRETCH):
        pairs = [
            (at, (a, b)) for at, (a, b) in enumerate(zip(out[low : low + STRETCH], src[low : low + STRETCH], strict=True), low)
            if a >= NAME_KEY
        ]  # fmt: skip
        renaming = _renaming(Counter(pair for _, pair in pairs))
        found += [at for at, pair in pairs if pair not in renaming]
    return found


class Pair(NamedTuple):
    """An aligned token: where it stands on both sides, its keys there, and whether it is the user's own."""

    o: int
    s: int
    ours: int
    theirs: int
    free: bool


class Judged(NamedTuple):
    """What is known of the names of aligned tokens, in order, up to output token ``o``.

    ``strange`` tokens have names that no renaming explains, ``alike`` names that are spelled alike; ``longest`` is the
    longest run without a stranger, ``run`` the one that ends with the token pair ``last``. Those of the user's own
    count for nothing.
    """

    o: int = -1
    strange: int = 0
    alike: int = 0
    renamed: bool = False
    run: int = 0
    longest: int = 0
    last: tuple[int, int] = (-2, -2)

    def with_more(self, pairs: Sequence[Pair]) -> Judged:
        """The same with the tokens that follow."""
        if not pairs:
            return self
        ours, theirs = [pair.ours for pair in pairs], [pair.theirs for pair in pairs]
        strange = set(disagreeing(ours, theirs))
        run, longest, last = self.run, self.longest, self.last
        for at, pair in enumerate(pairs):
            joined = (pair.o - 1, pair.s - 1) == last
            run = 0 if pair.free or at in strange else run + 1 if joined else 1
            longest, last = max(longest, run), (pair.o, pair.s)
        return Judged(
            pairs[-1].o + 1,
            self.strange + sum(not pairs[at].free for at in strange),
            self.alike + sum(a == b and a >= NAME_KEY for a, b in zip(ours, theirs, strict=True)),
            self.renamed or ours != theirs,
            run,
            longest,
            last,
        )


def _renaming(pairs: Counter[tuple[int, int]]) -> set[tuple[int, int]]:
    ours: set[int] = set()
    theirs: set[int] = set()
    chosen: set[tuple[int, int]] = set()
    for pair, _ in sorted(pairs.items(), key=lambda item: -item[1]):
        a, b = pair
        if a not in ours and b not in theirs:
            ours.add(a)
            theirs.add(b)
            chosen.add(pair)
    return chosen
