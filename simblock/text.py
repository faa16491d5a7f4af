"""The word view: how every text, code included, becomes tokens that do not depend on how it is written.

Escapes of string literals are read (:mod:`simblock.escapes`), every code point is folded by itself
(:mod:`simblock.folding`), and what is left of letters and digits makes words; characters of scripts
without spaces are tokens of their own. Whole texts go through NumPy (:mod:`simblock.words`), streams
through the incremental twin (:mod:`simblock.scanner`); both make the same tokens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from simblock.background import skip_words
from simblock.flags import flags_of
from simblock.scanner import Scanned, WordScanner
from simblock.tokens import Runs, Tokens
from simblock.words import words

__all__ = [
    "Scanned",
    "WordScanner",
    "fingerprint",
    "flags_of",
    "tokenise",
    "tokenise_many",
    "word_key",
]

SELF_TEST = "hello"


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
    """The key of the one word that ``word`` is. Raises ValueError where it is none, or several."""
    keys = words(word).keys
    if len(keys) != 1:
        raise ValueError(f"one word was expected, and {len(keys)} were found")
    return int(keys[0])


def fingerprint() -> dict[str, str]:
    """Digests of what the tokeniser makes of a text that goes by every rule, and of the skip list."""
    keys, starts, ends = words(SELF_TEST)
    made = b"".join(column.astype("<i8").tobytes() for column in (keys, starts, ends))
    return {"words": _digest(made), "skip": _digest("\n".join(skip_words()).encode())}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
