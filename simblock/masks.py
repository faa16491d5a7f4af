"""Signs that the words of a text are masked: each a small test of a word and of what stands before it.

A sign counts where it is seen several times close together. The tests look at nothing but one word
and the gap before it, so that what is seen does not depend on how a text is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from html.entities import html5
from typing import NamedTuple

from simblock import leetspeak
from simblock.folding import DIGIT
from simblock.segmenting import is_two, known_words, worth
from simblock.spelling import folded_char
from simblock.wordkeys import WORD_LIMIT

SUSPECT = re.compile(r"[&%=@$€£\d]|\w[-‐‑]\s{0,3}\w|\w[!|+(#<]+\w").search
"""Characters without which no short word shows a sign, unless it is of one letter."""
HYPHEN = re.compile(r"[-‐‑]\s{0,3}").fullmatch
"""A gap that may stand within a word."""

TWO, CLAUSE, WHOLE = 8, 16, 24
"""Letters from which on a word may be two, several, and many, whatever its capitals."""
JOINED = 2.5
"""Nats a letter up to which a long string is words."""
FEW = 2
"""Words of one letter in a sentence or so."""
DIFFERENT = 9
"""Different letters that a string of words has at least."""

_HEX = re.compile("[0-9a-fA-F]{2}").match
_HIGH_HEX = re.compile("[2-9A-F][0-9A-F]").match
_EDGES = "".join(leetspeak.SIGNS)
_BETWEEN = {"", " ", "\n", "\t", '"', "“", "‘", "(", "—"}
_LEET = re.compile(r"[!@$|+(#<€£]*$")


def folded(word: str) -> str:
    """The letters and digits of a stretch of text, as the tokeniser folds them."""
    return "".join([chr(point) for char in word for kind, point in folded_char(char) if kind >= DIGIT])


def _spaced(_: str, word: str) -> bool:
    return len(word) == 1 and word.isalpha()


def _string(_: str, word: str) -> bool:
    return len(word) >= WHOLE and _varied(word) and _is_words(word)


def _clause(_: str, word: str) -> bool:
    return len(word) >= CLAUSE and word[1:].lower() == word[1:] and word.isalpha() and _is_words(word)


def _endless(_: str, word: str) -> bool:
    return len(word) >= WORD_LIMIT and _varied(word) and _is_words(word)


def _merged(gap: str, word: str) -> bool:
    if not (TWO <= len(word) < WHOLE and gap[-1:] in _BETWEEN and word.isalpha()):
        return False
    if word[1:].lower() != word[1:] or word.lower() in known_words():  # not those of programs
        return False
    return is_two(folded(word))


def _varied(word: str) -> bool:
    """Whether a long string has letters enough, and different ones."""
    return len(set(word)) >= DIFFERENT and 8 * sum(map(str.isdigit, word)) < len(word)


def _is_words(word: str) -> bool:
    """Whether a string that is no word of the table may be several."""
    letters = folded(word)
    return len(letters) >= TWO and letters not in known_words() and worth(letters) < JOINED


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
    core = whole.strip(_EDGES)
    mixed = not core.isalpha() and any(char.isalpha() for char in core)
    return mixed and (leetspeak.known(whole) or leetspeak.known(core))


class Sign(NamedTuple):
    """``need`` words that show it, no further apart than ``within``, unmask a text by a rule."""

    name: str
    need: int
    within: int
    rule: str
    test: Callable[[str, str], bool]


_OF_LETTERS = (Sign("single letters", 8, 9, "letters", _spaced),)
_OF_LONG_WORDS = (
    Sign("a string of over 64 letters", 1, 1, "joined", _endless),
    Sign("strings of words", 2, 4, "joined", _string),
    Sign("shorter strings", 3, 6, "joined", _clause),
    Sign("words run together", 4, 24, "joined", _merged),
)
_OF_MARKS = (
    Sign("entities", 3, 24, "references", _entity),
    Sign("percent encoding", 3, 24, "references", _percent),
    Sign("quoted-printable", 3, 60, "references", _quoted),
    Sign("hyphens in words", 6, 16, "hyphens", _hyphen),
    Sign("hyphens at line ends", 2, 30, "hyphens", _line_end),
    Sign("leetspeak", 3, 12, "leetspeak", _leet),
)
SIGNS = _OF_LETTERS + _OF_LONG_WORDS + _OF_MARKS
_marked = re.compile(r"[-‐‑&%=@$!|+(#<€£\d]").search


def _possible(gap: str, word: str) -> Iterator[Sign]:
    """The signs that a word may show, by its length and the characters in it and before it."""
    if len(word) == 1:
        yield from _OF_LETTERS
    elif len(word) >= TWO:
        yield from _OF_LONG_WORDS
    if _marked(gap) or _marked(word):
        yield from _OF_MARKS


class Signs:
    """Remembers which signs were seen, and where."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, list[int]] = {}

    def look(self, number: int, gap: str, word: str) -> set[str]:
        """The rules for which word ``number`` completes a sign."""
        rules = set()
        for sign in _possible(gap, word):
            if sign.test(gap, word):
                seen = self._seen.setdefault(sign.name, [])
                seen.append(number)
                del seen[: -sign.need]
                if len(seen) == sign.need and number - seen[0] < sign.within:
                    rules.add(sign.rule)
        return rules


def suspects(text: str, words: Sequence[str]) -> Collection[int]:
    """Which of some words, that stand in ``text``, may show a sign: mostly none, and few that are long."""
    lengths = list(map(len, words))
    if lengths.count(1) > FEW or SUSPECT(text):
        return range(len(words))
    if max(lengths) < TWO:
        return ()
    known = known_words()
    return [at for at, word in enumerate(words) if len(word) >= TWO and word.lower() not in known]
