"""Leetspeak: digits and signs in the place of letters, read as the likeliest word."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

from simblock.segmenting import UNKNOWN, UNKNOWN_LETTER, word_costs

STANDS_FOR = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "li", "+": "t", "(": "c", "#": "h", "<": "c", "€": "e", "£": "l",
}  # fmt: skip
"""What a digit or sign may stand for, the likeliest first."""
SIGNS = frozenset(char for char in STANDS_FOR if not char.isdigit())
PAIRS = {"|<": "k", "|-": "h", "|3": "b"}
"""Letters that are written with two signs."""
WAYS = 16
"""Readings of one word that are tried."""

_EDGES = re.compile(r"([!@$|+(#<€£]*)(.*?)([!@$|+(#<€£]*)", re.DOTALL)


@lru_cache(1 << 10)
def plain(word: str) -> tuple[int, str] | None:
    """How many characters to leave out in front, and the word that ``word`` stands for behind them.

    Signs at its edges count where that makes a word of it. None where no known word comes out and it
    has no letter either, as a number has none.
    """
    best: tuple[float, int, str] | None = None
    edges = _EDGES.fullmatch(word)
    assert edges is not None
    before, after = len(edges[1]), len(edges[3])
    for skipped, left in {(0, 0), (before, 0), (0, after), (before, after)}:
        core = word[skipped : len(word) - left]
        if core:
            read, cost = _likeliest(core)
            row = (cost + 3 * (skipped + left), skipped, read)
            best = row if best is None or row < best else best
    if best is None or (best[0] >= UNKNOWN and not any(char.isalpha() for char in word)):
        return None
    return best[1], best[2]


def known(word: str) -> bool:
    """Whether a word with digits or signs in it stands for one of the table, of three letters or more."""
    read = plain(word)
    return read is not None and len(read[1]) > 2 and read[1] in word_costs()


def _likeliest(word: str) -> tuple[str, float]:
    """The best reading of a word, and its nats."""
    costs = word_costs()
    choices = [STANDS_FOR.get(char, char) for char in word]
    ways = 1
    for at, choice in enumerate(choices):
        ways *= len(choice)
        if ways > WAYS:
            choices[at] = choice[0]
    unknown = UNKNOWN + UNKNOWN_LETTER * len(word)
    read = min(("".join(way) for way in product(*choices)), key=lambda way: costs.get(way, unknown))
    return read, costs.get(read, unknown)
