"""A passage taken apart: words and what stands between them, sentences, lines."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from simblock.text import tokenise

SENTENCE_END = re.compile(r"(?<=[.!?…。])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*\n")
CLAUSE_END = re.compile(r"(?<=[.!?…。,;:])[\"'”’)\]]*\s+|(?<=[。！？、])|\n")
FEWEST, STRETCH = 3, 12
"""Sentences without which clauses are taken, and the words of a stretch where there are too few of those."""
SHORTEST = 8
"""Words of a clause that is taken for a sentence, at least: shorter ones go with the next, the last with the one before."""


class Passage(NamedTuple):
    """The words as the tokeniser counts them, and what stands behind each; ``head`` is before the first.

    ``head`` and all words and gaps, one after the other, are the text.
    """

    head: str
    words: tuple[str, ...]
    gaps: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Passage:
        tokens = tokenise(text)
        starts, ends = _clusters(tokens.starts.tolist(), tokens.ends.tolist())
        if not starts:
            return cls(text, (), ())
        nexts = [*starts[1:], len(text)]
        return cls(
            text[: starts[0]],
            tuple(text[a:b] for a, b in zip(starts, ends, strict=True)),
            tuple(text[b:c] for b, c in zip(ends, nexts, strict=True)),
        )

    def joined(self, words: Iterable[str]) -> str:
        """The text with other words in the places of these."""
        return self.head + "".join(word + gap for word, gap in zip(words, self.gaps, strict=True))


def _clusters(starts: list[int], ends: list[int]) -> tuple[list[int], list[int]]:
    # One character may be several tokens (a ligature, an era sign of Japanese): they are one word here.
    firsts: list[int] = []
    lasts: list[int] = []
    for start, end in zip(starts, ends, strict=True):
        if lasts and start < lasts[-1]:
            lasts[-1] = max(end, lasts[-1])
        else:
            firsts.append(start)
            lasts.append(end)
    return firsts, lasts


def by_word(text: str, change: Callable[[str], str]) -> str:
    """The text with each of its words changed, all between them kept."""
    passage = Passage.of(text)
    return passage.joined(map(change, passage.words))


def chosen(count: int, share: float, rng: random.Random) -> set[int]:
    """So large a share of ``count`` places, at least one where there is any."""
    return set(rng.sample(range(count), min(count, max(1, round(share * count)))))


def sentences(text: str) -> list[str]:
    """The sentences; where there are fewer than three its clauses of 8 words and more, else lines of 12 words."""
    found = cut(text, SENTENCE_END)
    if len(found) < FEWEST:
        found = _together(cut(text, CLAUSE_END))
    return found if len(found) >= FEWEST else lines(text, STRETCH)


def clauses(text: str) -> list[str]:
    """The clauses, however short; where there are fewer than three, lines of 12 words."""
    found = cut(text, CLAUSE_END)
    return found if len(found) >= FEWEST else lines(text, STRETCH)


def _together(parts: list[str]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if found and len(found[-1].split()) < SHORTEST:
            found[-1] += " " + part
        else:
            found.append(part)
    if len(found) > 1 and len(found[-1].split()) < SHORTEST:
        found[-2:] = [" ".join(found[-2:])]
    return found


def cut(text: str, end: re.Pattern[str]) -> list[str]:
    """The parts between ends, without the white space around them, none empty."""
    edges = [0, *(match.end() for match in end.finditer(text)), len(text)]
    parts = (text[a:b].strip() for a, b in pairwise(edges))
    return [part for part in parts if part]


def lines(text: str, words: int) -> list[str]:
    """Lines of so many words, as white space tells words apart."""
    found = text.split()
    return [" ".join(found[at : at + words]) for at in range(0, len(found), words)]


def shuffled(items: Sequence[str], rng: random.Random) -> list[str]:
    """The items in another order, where there are two that differ."""
    made = list(items)
    for _ in range(8):
        rng.shuffle(made)
        if made != list(items):
            break
    return made
