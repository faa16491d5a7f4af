"""The word view: how every text, code included, becomes tokens that do not depend on how it is written.

Escapes of string literals are read (:mod:`simblock.escapes`), every code point is folded by itself
(:mod:`simblock.folding`), and what is left of letters and digits makes words; characters of scripts
without spaces are tokens of their own. Whole texts go through NumPy (:mod:`simblock.words`), streams
through the incremental twin (:mod:`simblock.scanner`); both make the same tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np

from simblock.background import skip_words
from simblock.errors import UsageError
from simblock.flags import flags_of
from simblock.scanner import Scanned, WordScanner
from simblock.tokens import Runs, Tokens
from simblock.wordreader import WordReader, key_of
from simblock.words import words

__all__ = [
    "Scanned",
    "WordScanner",
    "fingerprint",
    "tokenise",
    "tokenise_many",
    "word_key",
]

SELF_TEST = "\n".join(
    (
        "Don't STOP, don''t, 'tis 1'st rock'n'roll x\u2019y snake_case 3.14 \u0663\u0664 a\\'b a\\qb 1\\q2",
        r"\n\\r\tt\f\v\b\0z \x41 \u00e9 \U0001d41a \u{1F600}x \u{d7} \ud835\udc1b \\ud835\\udc1c \ud835 x\x5cn",
        r"a\u12 \U00110000 \u{} \u{1234567} \xg \\\\",
        r"a\040b\\101c\1018 \7z caf\303\251 caf\xc3\xa9 \\360\\237\\230\\200 \303x \xc3\303\251 \xe0\x80\xaf \777",
        "caf\u00e9 cafe\u0301 \u0130stanbul stra\u00dfe \ufb01n \u00bd \u337f \uff21\uff42 \u2168 soft\u00adhyphen zero\u200bwidth",
        "\u0441\u043e\u0440\u0443 \u03bf\u03c2 \u0131\u0251 \u1d0d\u0456x \u0439\u0451 \u05e9\u05b8\u05dc \u0643\u064e\u062a \u0928\u0940 \ud55c\uae00 a\u3164b\uffa0c\u2800d",
        "\u6f22\u5b57 \u304c\u30ac\uff76\uff9e\u30fc \u0e01\u0e33 \u0ea5\u0eb2 \u1780\u17b6 \u1000\u102c \u3007 \u3105",
        "a\u0000b\x85c \ud800 \U0001f600 \U0001d400 " + "long" * 40 + "'" * 3 + "er",
    )
)
"""A text that goes by every rule, of characters that no version of Unicode reads differently."""


def tokenise(text: str) -> Tokens:
    """The tokens of ``text``, with starts and ends in code points."""
    keys, starts, ends = words(text)
    return Tokens(keys, flags_of(keys), starts, ends)


def tokenise_many(texts: Sequence[str]) -> Runs:
    """The tokens of many texts in one go, each run's starts and ends within its own text."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    begins = np.cumsum(lengths + 1) - lengths - 1
    keys, starts, ends = words("\n".join(texts))  # nothing reaches across a line feed
    bounds = np.append(np.searchsorted(starts, begins), len(keys))
    shift = np.repeat(begins, np.diff(bounds))
    return Runs(Tokens(keys, flags_of(keys), starts - shift, ends - shift), bounds)


def word_key(word: str) -> int:
    """The key of the one word that ``word`` is. Raises UsageError where it is none, or several."""
    keys = words(word).keys
    if len(keys) != 1:
        raise UsageError(f"one word was expected, and {len(keys)} were found: give words one at a time")
    return int(keys[0])


@cache
def _fingerprint() -> tuple[tuple[str, str], ...]:
    # By the character: no more than a few letters are folded, where arrays need whole pages of the tables.
    reader = WordReader()
    found = reader.feed(SELF_TEST) + reader.finish()
    made = np.array([(key_of(token), token[1], token[2]) for token in found], "<i8").T.tobytes()
    return ("words", _digest(made)), ("skip", _digest("\n".join(skip_words()).encode()))


def fingerprint() -> dict[str, str]:
    """Digests of what the tokeniser makes of a text that goes by every rule, and of the skip list."""
    return dict(_fingerprint())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
