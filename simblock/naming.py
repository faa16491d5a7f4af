"""Names in alignments of code: first any name fits any, then only what one renaming explains counts.

Alignments compare code with its names levelled, for a copy may rename them all. Afterwards a name that
is aligned to another counts as matched only where both are what most of their neighbours make of them:
an injective renaming, chosen greedily by how often each pair stands (Baker 1996 has the exact problem).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

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
