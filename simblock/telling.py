"""Which hits are worth following: near ones together, those of code by what they tell.

On clean text there are many near hits, of many works: of each place no more is kept than a number.
Code is full of commonplaces, which a policy that asks for information never acts on alone; what stands before a telling hit is
aligned when that comes. A policy that asks for none has every hit followed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from simblock.figures import Seed
from simblock.questions import Posting
from simblock.tracking import TrackKey

SQUARE = 64
"""Tokens on either side within which near hits belong together."""
SLACK = 16
"""Runs heard before those that lie behind are dropped."""
_BITS = 32  # of a run's number, and of a token's
_PLACE = (1 << _BITS) - 1

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


class Squares:
    """The hits of one lane of a stream.

    Of a place the number of its hit and the token of the source are kept, as one number; of a run one place or several.
    """

    def __init__(self) -> None:
        self._heard: dict[int, int | list[int]] = {}
        self._hits: dict[int, Seed] = {}
        self._segments: dict[tuple[int, Hashable], int] = {}
        self._next = 0
        self._forget_at, self._most_hits = SLACK, SQUARE

    def hit(self, seed: Seed) -> int:
        """Takes a hit, whose place in the source is still to be told; gives its number."""
        self._next += 1
        self._hits[self._next] = seed
        return self._next

    def alone(self, hit: int, index: int, posting: Posting) -> bool:
        """Takes one place of a hit; False where its run was heard before, and nothing is taken."""
        run = self._number(index, posting.segment) | posting.run
        if run in self._heard:
            return False
        self._heard[run] = hit << _BITS | posting.position
        return True

    def about(self, run: TrackKey, seed: Seed, hit: int = 0) -> list[Seed]:
        """The hits of a run inside the square that ends with ``seed``, which is of hit ``hit``; remembers it."""
        number, hits, behind = self._number(run[0], run[1]) | run[2], self._hits, seed.o - SQUARE
        heard = self._heard.get(number, [])
        places = [heard] if isinstance(heard, int) else heard
        places = [one for one in places if one >> _BITS in hits and hits[one >> _BITS].o > behind]
        near = [one for one in places if abs((one & _PLACE) - seed.s) < SQUARE]
        places.append((hit or self.hit(seed)) << _BITS | seed.s)
        self._heard[number] = places[-SQUARE:] if len(places) > 1 else places[0]
        return [*(hits[one >> _BITS]._replace(s=one & _PLACE) for one in near), seed]

    def forget(self, o: int) -> None:
        """Drops what lies behind output token ``o``, now and then."""
        if len(self._heard) <= self._forget_at and len(self._hits) <= self._most_hits:
            return
        behind = o - SQUARE
        self._hits = {number: seed for number, seed in self._hits.items() if seed.o > behind}
        hits = self._hits
        self._heard = {
            run: heard
            for run, heard in self._heard.items()
            if (heard if isinstance(heard, int) else heard[-1]) >> _BITS in hits
        }
        self._forget_at = len(self._heard) + max(SLACK, len(self._heard) // 4)
        self._most_hits = len(hits) + SQUARE

    def _number(self, index: int, segment: Hashable) -> int:
        return self._segments.setdefault((index, segment), len(self._segments)) << _BITS
