"""Signs that the words of a text are masked: each a small test of a word and of what stands before it.

A sign counts where it is seen several times close together. The tests look at nothing but one word
and the gap before it, so that what is seen does not depend on how a text is cut.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from html.entities import html5
from typing import NamedTuple

from simblock import leetspeak
from simblock.folding import DIGIT, fold
from simblock.segmenting import word_costs, worth

PLAIN = re.compile(r"[^-‐‑&%=@$!|+(#<€£\w]{0,4}[^\W\d_]{2,9}").fullmatch
"""A word that shows no sign of a mask, with what stands before it: most are."""
HYPHEN = re.compile(r"[-‐‑]\s{0,3}").fullmatch
"""A gap that may stand within a word."""

WHOLE = 24
"""Letters from which on a word is taken for several."""
JOINED, MERGED = 2.5, 2.6
"""Nats a letter up to which a long string is words."""
DIFFERENT = 9
"""Different letters that a string of words has at least."""

_HEX = re.compile("[0-9a-fA-F]{2}").match
_HIGH_HEX = re.compile("[2-9A-F][0-9A-F]").match
_LEET = re.compile(r"[!@$|+(#<€£]*$")


def folded(word: str) -> str:
    """The letters and digits of a stretch of text, as the tokeniser folds them."""
    return "".join([chr(point) for char in word for kind, point in fold(char) if kind >= DIGIT])


def _spaced(_: str, word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _joined(_: str, word: str) -> bool:
    if len(word) < WHOLE:
        return False
    letters = folded(word)
    return len(letters) >= WHOLE and len(set(letters)) >= DIFFERENT and worth(letters) < JOINED


def _merged(_: str, word: str) -> bool:
    if len(word) < 10 or not word.isalpha():
        return False
    letters = folded(word)
    return letters not in word_costs() and worth(letters) < MERGED


def _entity(gap: str, word: str) -> bool:
    if gap.endswith("&#"):
        return word.isdigit() or (word[:1] in "xX" and len(word) < 8)
    return gap.endswith("&") and f"{word};" in html5


def _percent(gap: str, word: str) -> bool:
    return gap.endswith("%") and _HEX(word) is not None


def _quoted(gap: str, word: str) -> bool:
    return (gap.endswith("=") and _HIGH_HEX(word) is not None) or gap in {"=\n", "=\r\n"}


def _hyphen(gap: str, word: str) -> bool:
    return len(word) > 1 and word.isalpha() and HYPHEN(gap) is not None


def _line_end(gap: str, word: str) -> bool:
    return "\n" in gap and _hyphen(gap, word)


def _leet(gap: str, word: str) -> bool:
    signs = _LEET.search(gap)
    whole = (signs[0] if signs else "") + word.lower()
    return not whole.isalpha() and any(char.isalpha() for char in whole) and leetspeak.known(whole)


class Sign(NamedTuple):
    """``need`` words that show it, no further apart than ``within``, unmask a text by a rule."""

    name: str
    need: int
    within: int
    rule: str
    test: Callable[[str, str], bool]


SIGNS = (
    Sign("single letters", 6, 8, "letters", _spaced),
    Sign("words without spaces", 1, 1, "joined", _joined),
    Sign("words run together", 4, 24, "joined", _merged),
    Sign("entities", 3, 24, "references", _entity),
    Sign("percent encoding", 3, 24, "references", _percent),
    Sign("quoted-printable", 3, 60, "references", _quoted),
    Sign("hyphens in words", 4, 24, "hyphens", _hyphen),
    Sign("hyphens at line ends", 2, 40, "hyphens", _line_end),
    Sign("leetspeak", 3, 12, "leetspeak", _leet),
)


class Signs:
    """Remembers which signs were seen, and where."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen = [deque[int](maxlen=sign.need) for sign in SIGNS]

    def look(self, number: int, gap: str, word: str) -> set[str]:
        """The rules for which word ``number`` completes a sign."""
        rules = set()
        for sign, seen in zip(SIGNS, self._seen, strict=True):
            if sign.test(gap, word):
                seen.append(number)
                if len(seen) == sign.need and number - seen[0] < sign.within:
                    rules.add(sign.rule)
        return rules
