"""Which hits are worth following: near ones together, those of code by what they tell.

On clean text there are many near hits, of many works: of each place no more is kept than four numbers.
Code is full of commonplaces, which a policy that asks for information never acts on alone; what stands before a telling hit is
aligned when that comes. A policy that asks for none has every hit followed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence

from simblock.questions import Posting
from simblock.seeds import Seed
from simblock.tracking import TrackKey

SQUARE = 64
"""Tokens on either side within which near hits belong together."""
SLACK = 16
"""Tokens more than that after which what lies behind is dropped."""
_BITS = 32  # of a run's number
_SLOTS = 256

ALONE = 10.0
"""Bits of an exact key that are worth an alignment."""
TOGETHER = 24.0
"""Bits that commonplaces, or the seeds of a square, must add up to to be worth one."""
QUIET = 8.0
"""Bits under which a seed is not heard."""


def bits(square: Sequence[Seed]) -> float:
    """What the different keys of a square say."""
    return sum({seed.key: seed.bits for seed in square if seed.informs}.values())


def alone(seed: Seed) -> bool:
    """Whether an exact hit is worth an alignment by itself."""
    return seed.bits >= ALONE


def together(square: Sequence[Seed]) -> bool:
    """Whether the hits of a square are, together."""
    return bits(square) >= TOGETHER


def quiet(seed: Seed) -> bool:
    """Whether a seed says so little that it is not heard."""
    return seed.language is not None and seed.bits < QUIET


def worth(square: Sequence[Seed]) -> bool:
    """Whether a square of seeds is worth an alignment; of what has no bits nothing can be told."""
    return not square[-1].informs or together(square)


class _Hits:
    """Hits of the last tokens, their places in the source left out, as parallel arrays from number ``first`` on."""

    __slots__ = ("_frequencies", "_keys", "_tokens", "_works", "first", "os")

    def __init__(self) -> None:
        self.first = 1
        self.os, self._keys, self._frequencies, self._works = array("I"), array("Q"), array("I"), array("I")
        self._tokens: list[bytes | str | None] = []  # those of text packed; of code its language

    def add(self, seed: Seed) -> int:
        """Takes a hit; gives its number."""
        self.os.append(seed.o)
        self._keys.append(seed.key)
        self._frequencies.append(seed.frequency)
        self._works.append(seed.works)
        self._tokens.append(array("I", seed.tokens).tobytes() if seed.tokens else seed.language)
        return self.first + len(self.os) - 1

    def seed(self, number: int, s: int) -> Seed:
        """The hit of a number, at a place of the source."""
        at = number - self.first
        said = self._tokens[at]
        tokens, language = (tuple(array("I", said)), None) if isinstance(said, bytes) else ((), said)
        return Seed(self.os[at], s, self._keys[at], tokens, self._frequencies[at], self._works[at], language)

    def cut(self, count: int) -> None:
        """Forgets the first ones."""
        for column in (self.os, self._keys, self._frequencies, self._works, self._tokens):
            del column[:count]
        self.first += count


class Squares:
    """The hits of one lane of a stream, and their places in works.

    Places are parallel arrays in the order in which they were heard, numbered from ``_first`` on; those of a run are found
    by a chain from the last one of its slot back. A dict of runs takes four times as much.
    """

    __slots__ = ("_before", "_first", "_hit", "_hits", "_last", "_runs", "_segments", "_sources")

    def __init__(self) -> None:
        self._hits = _Hits()
        self._first = 1
        self._hit, self._runs, self._sources = array("I"), array("Q"), array("I")
        self._before = array("I")  # the place heard before of the same slot
        self._last = array("I")  # the last place of each slot, 0 for none
        self._segments: dict[tuple[int, Hashable], int] = {}

    def hit(self, seed: Seed) -> int:
        """Takes a hit, whose place in the source is still to be told; gives its number."""
        return self._hits.add(seed)

    def alone(self, hit: int, index: int, posting: Posting) -> bool:
        """Takes one place of a hit; False where its run was heard before, and nothing is taken."""
        run = self._number(index, posting.segment) | posting.run
        at = self._latest(run) - self._first
        while at >= 0:
            if self._runs[at] == run:
                return False
            at = self._before[at] - self._first
        self._add(run, hit, posting.position)
        return True

    def about(self, run: TrackKey, seed: Seed, hit: int = 0) -> list[Seed]:
        """The hits of a run inside the square that ends with ``seed``, which is of hit ``hit``; remembers it."""
        number, hits, s = self._number(run[0], run[1]) | run[2], self._hits, seed.s
        old = bisect_right(hits.os, seed.o - SQUARE) + hits.first
        near: list[Seed] = []
        at, heard = self._latest(number) - self._first, 0
        while at >= 0 and heard < SQUARE and self._hit[at] >= old:
            if self._runs[at] == number:
                heard += 1
                if abs(self._sources[at] - s) < SQUARE:
                    near.append(hits.seed(self._hit[at], self._sources[at]))
            at = self._before[at] - self._first
        self._add(number, hit or hits.add(seed), s)
        near.reverse()
        near.append(seed)
        return near

    def forget(self, o: int) -> None:
        """Drops what lies behind output token ``o``, now and then."""
        hits, behind = self._hits, o - SQUARE
        if not hits.os or hits.os[0] > behind - SLACK:
            return
        hits.cut(bisect_right(hits.os, behind))
        count = bisect_left(self._hit, hits.first)
        for column in (self._hit, self._runs, self._sources, self._before):
            del column[:count]
        self._first += count

    def _number(self, index: int, segment: Hashable) -> int:
        return self._segments.setdefault((index, segment), len(self._segments)) << _BITS

    def _latest(self, run: int) -> int:
        """The last place of a run's slot."""
        return self._last[run % _SLOTS] if self._last else 0

    def _add(self, run: int, hit: int, source: int) -> None:
        if not self._last:
            self._last = array("I", bytes(4 * _SLOTS))
        self._before.append(self._last[run % _SLOTS])
        self._last[run % _SLOTS] = self._first + len(self._runs)
        self._hit.append(hit)
        self._runs.append(run)
        self._sources.append(source)
