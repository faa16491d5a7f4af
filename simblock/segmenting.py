"""Letters without spaces, cut into words again: the likeliest words of a table, found as the letters come.

The cheapest cut by word frequencies (Viterbi, as Norvig's "Natural Language Corpus Data", 2009, has it).
What is no word costs by its length. Words are given away once 20 letters follow them, so that nothing depends on
how the letters came.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from simblock.background import BACKGROUND_DOCUMENTS, DOCUMENT_WORDS, document_counts

LOOK = 44
"""Letters that wait at most."""
AHEAD = 20
"""Letters that follow a word before it is given away."""
UNKNOWN, UNKNOWN_LETTER = 12.0, 2.5
"""What a stretch costs that is no word, and each of its letters: in nats."""
INITIAL = 11.0
"""What a letter costs at least that stands as a word: the table counts the s of it's."""
SHORT = 3.0
"""What any other word of two letters costs more than its frequency says: the table has abbreviations."""
AT_MARK = 6.0
"""What a stretch that is no word costs less where words are marked and it begins at a mark."""
UNMARKED, MARKED = 8.0, 14.0
"""What a cut costs where words are marked and it is not; and what it costs to read over a mark, the half of it where
marks are few."""
TURN = 6.0
"""What it costs a stretch that is no word to go from letters to digits or back, or from one part to the next."""
ASCII = 128
MARKS, NEAR = 4, 27
"""So many marks within so many letters tell that words are marked."""

_SHORT_WORDS = frozenset(
    [
        "am",
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "go",
        "he",
        "if",
        "in",
        "is",
        "it",
        "me",
        "my",
        "no",
        "of",
        "oh",
        "on",
        "or",
        "so",
        "to",
        "up",
        "us",
        "we",
        "ye",
        "lo",
        "ah",
        "ox",
    ]
)


class Letter(NamedTuple):
    """A folded letter or digit, where it was read, and what stands before it.

    ``marked``: a sign that a word begins (a wider gap, a capital); ``shut``: none can begin.
    """

    char: str
    start: int
    end: int
    marked: bool = False
    shut: bool = False


class Words(NamedTuple):
    """A tree of words by letter: the ``next`` node of node · 128 + letter, and what a word costs that ends at a node."""

    next: dict[int, int]
    costs: dict[int, float]


@cache
def known_words() -> frozenset[str]:
    """The words of the table."""
    return frozenset(document_counts())


@cache
def word_costs() -> dict[str, float]:
    """Nats of each word of the table: minus the logarithm of its frequency."""
    costs = {}
    for word, documents in document_counts().items():
        share = min(documents / BACKGROUND_DOCUMENTS, 0.999)
        cost = -math.log(-math.log1p(-share) / DOCUMENT_WORDS)
        if len(word) == 1 and word not in "ai":
            cost = max(cost, INITIAL)
        elif len(word) == 2 and word not in _SHORT_WORDS:
            cost += SHORT
        costs[word] = cost
    return costs


@cache
def _words() -> Words:
    follow: dict[int, int] = {}
    ends = {}
    for word, cost in word_costs().items():
        if word.isascii():
            node = 0
            for code in word.encode():
                node = follow.setdefault(node << 7 | code, len(follow) + 1)
            ends[node] = cost
    return Words(follow, ends)


class _Begun(NamedTuple):
    """A word that may go on: where it begins, its node in the tree, what it costs so far."""

    start: int
    node: int
    cost: float


class Segmenter:
    """Takes letters, gives words: each the letters that it has."""

    __slots__ = ("_back", "_begun", "_costs", "_letters", "_marks", "_tree", "_unknown")

    def __init__(self) -> None:
        self._tree = _words()
        self._marks: deque[int] = deque(
            [-NEAR] * MARKS, MARKS
        )  # places of the last, from the first letter that waits
        self._clear()

    def _clear(self) -> None:
        self._letters: list[Letter] = []
        self._costs, self._back = (
            [0.0],
            [0],
        )  # of the best way to cut before each letter, and where its word begins
        self._begun: list[_Begun] = []
        self._unknown = _Begun(0, -1, math.inf)

    @property
    def start(self) -> int | None:
        """Where the first letter stands that waits."""
        return self._letters[0].start if self._letters else None

    @property
    def cost(self) -> float:
        """Nats of the letters that wait, as they are cut now."""
        return self._costs[-1]

    def push(self, letter: Letter) -> list[list[Letter]]:
        """Takes a letter; the words that it makes certain."""
        self._take(letter)
        if len(self._letters) < LOOK:
            return []
        words = self._cut()
        given: list[list[Letter]] = []
        at = 0
        for word in words:
            if given and at + len(word) > LOOK - AHEAD:
                break
            given.append(word)
            at += len(word)
        rest = self._letters[at:]
        self._clear()
        self._marks = deque([mark - at for mark in self._marks if mark < at], MARKS)
        self._marks.extendleft([-NEAR] * (MARKS - len(self._marks)))
        for later in rest:
            self._take(later)
        return given

    def finish(self) -> list[list[Letter]]:
        """The words of the letters that wait."""
        words, count = self._cut(), len(self._letters)
        self._marks = deque([mark - count for mark in self._marks], MARKS)
        self._clear()
        return words

    def _take(self, letter: Letter) -> None:
        at, turns = len(self._letters), False
        follow, costs = self._tree.next, self._tree.costs
        code, extra = ord(letter.char), 0.0
        if letter.marked:
            self._marks.append(at)
        near = at - self._marks[0] < NEAR  # the last marks are so close that each word has one
        if letter.marked:
            extra = MARKED if near else MARKED / 2
        if at:
            before = self._letters[-1]
            turns = letter.char.isdigit() != before.char.isdigit() or (before.shut and not letter.shut)
        begun = self._begun
        unknown = self._unknown._replace(cost=self._unknown.cost + max(extra, TURN if turns else 0.0))
        if not letter.shut or not at:
            begin = self._costs[at] + (UNMARKED if near and at and not (letter.marked or turns) else 0.0)
            begun = [*begun, _Begun(at, 0, begin - extra)]
            fresh = begin + UNKNOWN - (AT_MARK if near and letter.marked else 0.0)
            if fresh < unknown.cost:
                unknown = _Begun(at, -1, fresh)
        best, back, going = unknown.cost + UNKNOWN_LETTER, unknown.start, []
        for start, node, cost in begun:
            after = follow.get(node << 7 | code) if code < ASCII else None
            if after is not None:
                going.append(_Begun(start, after, cost + extra))
                whole = costs.get(after)
                if whole is not None and cost + extra + whole < best:
                    best, back = cost + extra + whole, start
        self._begun, self._unknown = going, unknown._replace(cost=unknown.cost + UNKNOWN_LETTER)
        self._letters.append(letter)
        self._costs.append(best)
        self._back.append(back)

    def _cut(self) -> list[list[Letter]]:
        """The words of the best way."""
        words, end = [], len(self._letters)
        while end:
            start = self._back[end]
            words.append(self._letters[start:end])
            end = start
        return words[::-1]


def segment(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """The words of some letters."""
    segmenter = Segmenter()
    for letter in letters:
        yield from segmenter.push(letter)
    yield from segmenter.finish()


def is_two(word: str) -> bool:
    """Whether a word is two of the table, none of them an abbreviation."""
    known = known_words()
    return any(
        word[at:] in known and word[:at] in known and _may_stand(word[:at]) and _may_stand(word[at:])
        for at in range(1, len(word))
    )


def _may_stand(word: str) -> bool:
    return len(word) > 2 or word in _SHORT_WORDS or word in "ai"


@lru_cache(1 << 10)
def worth(text: str) -> float:
    """Nats that a letter costs where ``text`` is cut into words: about 2 where it is words, 3 where it is none."""
    segmenter = Segmenter()
    for at, char in enumerate(text[:LOOK]):
        segmenter._take(Letter(char, at, at + 1))
    return segmenter.cost / max(min(len(text), LOOK), 1)
