"""How common words are in text at large: the skip list, and the documents that hold each word.

The tables are strings, made by ``scripts/make_tables.py`` and hashed here when first asked for, so they
hold for any tokeniser that reads words as ours does.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.errors import SimblockError
from simblock.tokens import CHAR_KEY, U32
from simblock.words import words

BACKGROUND_DOCUMENTS = 100_000
"""B: the documents that the table stands for."""
DOCUMENT_WORDS = 500
"""Words in each of them."""
UNSPACED_DOCUMENT_CHARACTERS = 1_000
"""Characters in each, in a script without spaces: two count as one word."""
UNKNOWN_DOCUMENTS = 0.5
"""Documents that hold a word which the table lacks."""
CHAR_DOCUMENTS = 50_000.0
"""Documents of their own script that hold a character, the geometric mean over running text.

Keys take the product of their tokens' shares, so the geometric mean is what a run of characters comes
to on the whole. ``scripts/make_tables.py`` prints it.
"""


class _Frequencies(NamedTuple):
    """Sorted keys u32, and documents f64."""

    keys: U32
    documents: NDArray[np.float64]


@cache
def skip_words() -> tuple[str, ...]:
    """The 100 commonest English words, as the tokeniser folds them, sorted."""
    return tuple(_rows("en-skip.txt"))


def document_frequency(keys: U32) -> NDArray[np.float64]:
    """Of how many of the BACKGROUND_DOCUMENTS hold each token: u32 [n] → f64 [n], at least 0.5."""
    table = _english()
    at = np.searchsorted(table.keys, keys)
    at[at == len(table.keys)] = 0
    known = np.where(table.keys[at] == keys, table.documents[at], UNKNOWN_DOCUMENTS)
    return np.where(keys >= CHAR_KEY, CHAR_DOCUMENTS, known)


def document_counts() -> dict[str, float]:
    """Of how many of the BACKGROUND_DOCUMENTS hold each English word of the table, by its folded letters."""
    pairs = (row.split(" ") for row in _rows("en.txt"))
    return {word: float(count) for word, count in pairs}


@cache
def _english() -> _Frequencies:
    names, counts = zip(*(row.split(" ") for row in _rows("en.txt")), strict=True)
    keys = words("\n".join(names)).keys
    if len(keys) != len(names):
        raise SimblockError(
            "simblock/tables/en.txt has a row that is not one word: make it again with scripts/make_tables.py"
        )
    distinct, which = np.unique(keys, return_inverse=True)
    documents = np.bincount(which, np.array(counts, np.float64))  # words that share a key are one token
    return _Frequencies(distinct, documents.clip(UNKNOWN_DOCUMENTS, BACKGROUND_DOCUMENTS))


def _rows(table: str) -> list[str]:
    from importlib.resources import files  # a tenth of the time that all else here takes to import

    text = files("simblock").joinpath("tables", table).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]
