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


NEAR_WORDS = 64
"""Words about a place, among which one may stand by chance."""
NUMBERS, NUMBER_DOCUMENTS = 10_000, 90_000.0
"""Numbers below this one stand in so many documents, as it were: they count up, and fill tables."""
MOST_BITS = 12.0
"""A rarer word says no more: names and slips of the pen are rarer than they tell."""


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
    table = _known()
    at = np.searchsorted(table.keys, keys)
    at[at == len(table.keys)] = 0
    known = np.where(table.keys[at] == keys, table.documents[at], UNKNOWN_DOCUMENTS)
    return np.where(keys >= CHAR_KEY, CHAR_DOCUMENTS, known)


@cache
def word_bits() -> dict[int, float]:
    """How little a word of the table is to be expected among NEAR_WORDS words by chance, in bits, by its key.

    A word that the table lacks says MOST_BITS.
    """
    table = _known()
    absent = (1 - table.documents / BACKGROUND_DOCUMENTS).clip(1e-6) ** (NEAR_WORDS / DOCUMENT_WORDS)
    bits = np.minimum(-np.log2(1 - absent), MOST_BITS)
    return dict(zip(table.keys.tolist(), bits.tolist(), strict=True))


@cache
def document_counts() -> dict[str, float]:
    """Of how many of the BACKGROUND_DOCUMENTS hold each English word of the table, by its folded letters."""
    pairs = (row.split(" ") for row in _rows("en.txt"))
    return {word: float(count) for word, count in pairs}


@cache
def _known() -> _Frequencies:
    numbers = np.unique(words(" ".join([*map(str, range(NUMBERS)), *(f"{n:02}" for n in range(10))])).keys)
    tables = [_table("en.txt"), _table("technical.txt")]
    tables.append(_Frequencies(numbers, np.full(len(numbers), NUMBER_DOCUMENTS)))
    distinct = np.unique(np.concatenate([table.keys for table in tables]))
    documents = np.full(len(distinct), UNKNOWN_DOCUMENTS)
    for table in tables:
        at = np.searchsorted(distinct, table.keys)
        documents[at] = np.maximum(documents[at], table.documents)
    return _Frequencies(distinct, documents.clip(UNKNOWN_DOCUMENTS, BACKGROUND_DOCUMENTS))


def _table(name: str) -> _Frequencies:
    names, counts = zip(*(row.split(" ") for row in _rows(name)), strict=True)
    keys = words("\n".join(names)).keys
    if len(keys) != len(names):
        raise SimblockError(
            f"simblock/tables/{name} has a row that is not one word: make it again with the script it names"
        )
    distinct, which = np.unique(keys, return_inverse=True)
    documents = np.bincount(which, np.array(counts, np.float64))  # words that share a key are one token
    return _Frequencies(distinct, documents.astype(np.float64))


def _rows(table: str) -> list[str]:
    from importlib.resources import files  # a tenth of the time that all else here takes to import

    text = files("simblock").joinpath("tables", table).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]
