"""Names in alignments of code: first any name fits any, then only what one renaming explains counts.

Alignments compare code with its names levelled, for a copy may rename them all. Afterwards a name that
is aligned to another counts as matched only where both are what most of their neighbours make of them:
an injective renaming, chosen greedily by how often each pair stands (Baker 1996 has the exact problem).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
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

    def with_more(self, pairs: Sequence[Pair], strange: Container[int], runs: list[int]) -> Judged:
        """The same with the tokens that follow, those at ``strange`` places among them; ``runs`` gets each one's run."""
        if not pairs:
            return self
        run, longest, last = self.run, self.longest, self.last
        odd, alike, renamed = self.strange, self.alike, self.renamed
        for at, (o, s, ours, theirs, free) in enumerate(pairs):
            if free or at in strange:
                run = 0
                odd += not free
            else:
                run = run + 1 if (o - 1, s - 1) == last else 1
                longest = max(longest, run)
            last = (o, s)
            if ours != theirs:
                renamed = True
            elif ours >= NAME_KEY:
                alike += 1
            runs.append(run)
        return Judged(pairs[-1].o + 1, odd, alike, renamed, run, longest, last)


class Judging:
    """The names of aligned tokens, judged as they come: ``now`` is what is known of all of them.

    Stretches are judged for good when another has followed, so that a long piece costs no more than a short one,
    and what is forgotten stays counted. While one renaming explains a stretch, a token costs no more than itself.
    """

    __slots__ = (
        "_begun", "_broken", "_ours", "_pairs", "_runs", "_settled", "_stretch", "_theirs", "ended", "now", "undone",
    )  # fmt: skip

    def __init__(self) -> None:
        self.ended: list[tuple[int, int]] = []  # source tokens judged for good, and the runs that end there
        self.undone = 0  # how often a token was judged anew, or for good
        self._settled = self.now = Judged()
        self._pairs: list[Pair] = []  # the others, and the runs that end there
        self._runs: list[int] = []
        self._begin()

    def take(self, pairs: Sequence[Pair]) -> None:
        """Judges the tokens that follow."""
        at = 0
        while at < len(pairs):
            room = STRETCH + self._begun - len(self._pairs)
            self._add(pairs[at : at + room])
            at += room

    def cut(self, o: int) -> None:
        """Takes back the tokens from output token ``o`` on, as far as they are not judged for good."""
        if self.now.o <= o or not self._pairs:
            return
        count = len(self._pairs)
        while count and self._pairs[count - 1].o >= o:
            count -= 1
        begun, self.now = (self._begun, self._stretch) if count >= self._begun else (0, self._settled)
        again = self._pairs[begun:count]
        self.undone += 1
        del self._pairs[begun:], self._runs[begun:]
        self._begin()
        self.take(again)

    def runs(self, first: int = 0) -> list[tuple[int, int]]:
        """Source tokens that are not judged for good, from the ``first`` of them on, and the runs that end there."""
        return [(pair.s, run) for pair, run in zip(self._pairs[first:], self._runs[first:], strict=True)]

    def _begin(self) -> None:
        """A stretch begins."""
        self._begun, self._stretch = len(self._pairs), self.now
        self._theirs: dict[int, int] = {}
        self._ours: dict[int, int] = {}
        self._broken = False

    def _add(self, pairs: Sequence[Pair]) -> None:
        self._pairs += pairs
        self._broken = self._broken or not all(map(self._fits, pairs))
        if self._broken:
            stretch = self._pairs[self._begun :]
            strange = disagreeing([pair.ours for pair in stretch], [pair.theirs for pair in stretch])
            del self._runs[self._begun :]
            self.undone += 1
            self.now = self._stretch.with_more(stretch, frozenset(strange), self._runs)
        else:
            self.now = self.now.with_more(pairs, (), self._runs)
        if len(self._pairs) - self._begun == STRETCH:
            self._settle()
            self._begin()

    def _fits(self, pair: Pair) -> bool:
        """Whether the renaming so far explains a token as well."""
        ours, theirs = pair.ours, pair.theirs
        return ours < NAME_KEY or (
            self._theirs.setdefault(ours, theirs) == theirs and self._ours.setdefault(theirs, ours) == ours
        )

    def _settle(self) -> None:
        """Of two stretches the first is judged for good."""
        if self._begun:
            self._settled = self._stretch
            self.undone += 1
            self.ended += self.runs()[:STRETCH]
            del self._pairs[:STRETCH], self._runs[:STRETCH]


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
