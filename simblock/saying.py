"""What aligned code says, in bits: each different shingle of the work in which nothing differs but one renaming.

An index keeps winnowed shingles alone, so its hits say of a short function what luck kept of it. Once code is
aligned all its shingles are known. They are those of the seeds' channel, told by the same table, and weigh
together what those that are kept would say on average.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from simblock.naming import STRETCH, Pair, disagreeing
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
    """The shingles of a work that one piece holds whole: hashes, in order, each once.

    Stretches are judged for good when another has followed, as names are (:class:`simblock.naming.Judged`).
    """

    __slots__ = ("_keys", "_run", "o")

    def __init__(self) -> None:
        self.o = -1
        self._keys: dict[int, None] = {}
        self._run: list[Pair] = []

    def keys(self, pairs: list[Pair], hashes: U64, base: int) -> list[int]:
        """All of them, those of ``pairs`` included, which are all from output token ``o`` on.

        ``hashes`` are those of the work's shingles that begin at token ``base`` and those that follow.
        """
        while len(pairs) >= 2 * STRETCH:
            runs = list(_runs(self._run, pairs[:STRETCH]))
            self._keys |= dict.fromkeys(_shingles(runs, hashes, base))
            self._keys = dict.fromkeys(list(self._keys)[-MOST:])
            self._run, self.o = runs[-1][1 - SHINGLE :], pairs[STRETCH - 1].o + 1
            del pairs[:STRETCH]
        found = _shingles(_runs(self._run, pairs), hashes, base)
        return list(self._keys | dict.fromkeys(found))


def _runs(run: list[Pair], pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs that follow each other on both sides under one renaming; ``run`` is what they may go on with.

    The last of them, empty where nothing goes on, is what the next pairs may continue.
    """
    strange = set(disagreeing([pair.ours for pair in pairs], [pair.theirs for pair in pairs]))
    run = list(run)
    for at, pair in enumerate(pairs):
        apart = bool(run) and (run[-1].o + 1, run[-1].s + 1) != (pair.o, pair.s)
        if apart or pair.free or at in strange:
            yield run
            run = []
        if not pair.free and at not in strange:
            run.append(pair)
    yield run


def _shingles(runs: Iterable[list[Pair]], hashes: U64, base: int) -> Iterator[int]:
    for run in runs:
        if len(run) >= SHINGLE:
            yield from hashes[max(run[0].s - base, 0) : run[-1].s + 2 - SHINGLE - base].tolist()


def bits(language: str, keys: Collection[int], heard: Mapping[int, float]) -> float:
    """What shingles say. ``heard`` has the bits of those that were hits: how rare they are in the index, too.

    The others stand beside them in the same works, so what hits say less than the table has it goes for all.
    """
    table = {key: rarity(language, key) for key in keys}
    hits = [key for key in keys if key in heard]
    known, told = math.fsum(heard[key] for key in hits), math.fsum(table[key] for key in hits)
    share = min(known / told, 1.0) if told else 1.0
    return round(worth(language) * KEPT * share * math.fsum(table.values()), 1)


def rarity(language: str, key: int) -> float:
    """How rare a shingle is against the table alone."""
    return math.log2((BACKGROUND_DOCUMENTS + 1) / (documents_with(language, key) + 1))
