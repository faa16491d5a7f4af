"""What aligned code says, in bits: each different shingle of the work in which nothing differs but one renaming.

An index keeps winnowed shingles alone, so its hits say of a short function what luck kept of it. Once code is
aligned all its shingles are known. They are those of the seeds' channel, told by the same table, and weigh
together what those that are kept would say on average.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from simblock.naming import Judging
from simblock.scheme import CODE_CHANNELS
from simblock.tokens import U64
from simblock.vocabulary import BACKGROUND_DOCUMENTS, documents_with, worth

_SEEDS = next(channel for channel in CODE_CHANNELS if channel.role == "seed")
SHINGLE = _SEEDS.n
KEPT = 2 / (_SEEDS.g + 1)
"""The share of a run's shingles that winnowing keeps (Schleimer, Wilkerson, Aiken 2003)."""
MOST = 512
"""Shingles that are remembered of a piece; more of them would not change a decision."""


class Said:
    """The shingles of a work that one piece holds whole: hashes, in order, each once."""

    __slots__ = ("_keys", "_known", "_seen", "_undone")

    def __init__(self) -> None:
        self._keys: dict[int, None] = {}  # of tokens judged for good
        self._known: dict[int, None] = {}  # these and the others
        self._seen = 0  # of the others
        self._undone = 0

    def settle(self, judging: Judging, hashes: U64, base: int) -> None:
        """Takes what was judged for good, while the source is remembered."""
        if judging.ended:
            self._keys |= dict.fromkeys(_shingles(judging.ended, hashes, base))
            self._keys = dict.fromkeys(list(self._keys)[-MOST:])
            judging.ended = []

    def keys(self, judging: Judging, hashes: U64, base: int) -> dict[int, None]:
        """All of them. ``hashes`` are those of the work's shingles that begin at token ``base`` and those that follow."""
        self.settle(judging, hashes, base)
        if judging.undone != self._undone:
            self._known, self._seen, self._undone = dict(self._keys), 0, judging.undone
        runs = judging.runs(self._seen)
        self._seen += len(runs)
        self._known |= dict.fromkeys(_shingles(runs, hashes, base))
        return self._known


def _shingles(runs: Iterable[tuple[int, int]], hashes: U64, base: int) -> list[int]:
    """Hashes of the shingles that end at source tokens where runs long enough do."""
    first = base + SHINGLE - 1
    found: list[int] = hashes[[s - first for s, run in runs if run >= SHINGLE and s >= first]].tolist()
    return found


def bits(language: str, keys: Collection[int], heard: Mapping[int, float]) -> float:
    """What shingles say. ``heard`` has the bits of those that were hits: how rare they are in the index, too.

    The others stand beside them in the same works, so what hits say less than the table has it goes for all.
    """
    table = {key: rarity(language, key) for key in keys}
    hits = [key for key in keys if key in heard]
    known, told = math.fsum(heard[key] for key in hits), math.fsum(table[key] for key in hits)
    share = min(known / told, 1.0) if told else 1.0
    return round(worth(language) * KEPT * share * math.fsum(table.values()), 1)


@lru_cache(1 << 14)
def rarity(language: str, key: int) -> float:
    """How rare a shingle is against the table alone."""
    return math.log2((BACKGROUND_DOCUMENTS + 1) / (documents_with(language, key) + 1))
