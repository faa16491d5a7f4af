"""What code at large has in common: names of public members, and shingles that stand everywhere.

The tables are strings, made by ``scripts/make_code_tables.py`` from packages that their heads name, and
hashed here when first asked for, so they hold for any hash. A language without tables has empty ones.

A row of ``commonplace-<language>.txt`` has a number of documents, how many tokens its shingle shares with that of
the row before, and the rest of its tokens, parted by blanks: a keyword or operator as it is spelled, ``\\string``
and ``\\number`` for literals, ``\\argument`` for the lexeme of an argument's name, ``.name`` for a member of the
vocabulary, ``name()`` for a called builtin, ``$0 $1 …`` for plain names and ``.0 .1 …`` for other members, in the order
of their first occurrence in the shingle.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.errors import SimblockError
from simblock.grammar import grammar, languages
from simblock.lexer import spelling_key
from simblock.shingles import numbered
from simblock.tokens import I64, MEMBER_KEY, NAME_KEY, SPELLING, U32, U64

BACKGROUND_DOCUMENTS = 100_000
"""B: the documents that a table stands for."""
DOCUMENT_TOKENS = 500
"""Lexemes or syntax tokens in each of them: as many as a document of text has words."""
UNKNOWN_DOCUMENTS = 0.5
"""Documents that hold a shingle which the table lacks."""


class Frequencies(NamedTuple):
    """Shingles' hashes u64, sorted, and the documents f64 of BACKGROUND_DOCUMENTS that hold each."""

    keys: U64
    documents: NDArray[np.float64]


@cache
def members(language: str) -> frozenset[str]:
    """Names that stand as members in functions of many packages; empty where there is no table."""
    return frozenset(_rows("members", language))


def documents_with(language: str, key: int) -> float:
    """How many of BACKGROUND_DOCUMENTS hold the shingle of a code channel that hashes to ``key``; at least 0.5."""
    return _documents(language).get(key, UNKNOWN_DOCUMENTS)


def documents_with_each(language: str, keys: U64) -> NDArray[np.float64]:
    """:func:`documents_with` of many: u64 [n] → f64 [n]."""
    table = commonplace(language)
    if not len(table.keys):
        return np.full(len(keys), UNKNOWN_DOCUMENTS)
    at = np.searchsorted(table.keys, keys)
    at[at == len(table.keys)] = 0
    return np.where(table.keys[at] == keys, table.documents[at], UNKNOWN_DOCUMENTS)


def worth(language: str) -> float:
    """What a bit of the language's table is worth; 1 where there is no grammar of it."""
    return grammar(language).information if language in languages() else 1.0


@cache
def _documents(language: str) -> dict[int, float]:
    table = commonplace(language)
    return dict(zip(table.keys.tolist(), table.documents.tolist(), strict=True))


@cache
def commonplace(language: str) -> Frequencies:
    """The shingles of a language that stand in most documents, of all numbered channels together.

    Raises SimblockError naming the table and what is wrong in it.
    """
    rows = _rows("commonplace", language)
    try:
        keys, documents = _read(rows) if rows else (np.empty(0, np.uint64), np.empty(0))
    except (ValueError, IndexError) as error:
        raise SimblockError(
            f"simblock/tables/commonplace-{language}.txt has a row that is not as scripts/make_code_tables.py makes it "
            f"({error}): make it again"
        ) from error
    keys, first = np.unique(keys, return_index=True)
    return Frequencies(keys, documents[first].clip(UNKNOWN_DOCUMENTS, BACKGROUND_DOCUMENTS))


def _read(rows: list[str]) -> tuple[U64, NDArray[np.float64]]:
    """Hashes and documents of all rows. Raises ValueError or IndexError for what is none."""
    fields = " ".join(rows).split(" ")
    given = np.array([row.count(" ") for row in rows]) - 1  # tokens that are spelled out
    starts = np.cumsum(given + 2) - given
    documents = np.array([float(fields[at]) for at in (starts - 2).tolist()])
    shared = np.array([int(fields[at]) for at in (starts - 1).tolist()])
    if (given < 1).any() or (shared < 0).any():
        raise ValueError("no token of its own, or fewer than none shared")
    key_of = {field: token_key(field) for field in set(fields)}
    keys = np.fromiter(map(key_of.__getitem__, fields), np.uint32, len(fields))
    lengths = given + shared
    hashes = np.empty(len(rows), np.uint64)
    for n in np.unique(lengths).tolist():
        of_n = np.flatnonzero(lengths == n)
        hashes[of_n] = numbered(_whole(keys, starts[of_n], shared[of_n], n), n)[::n]
    return hashes, documents


def _whole(keys: U32, starts: I64, shared: I64, n: int) -> U32:
    """Shingles of ``n`` keys end to end, of rows that leave out what they share with the row before."""
    if shared[0]:
        raise ValueError(f"the first row of {n} tokens shares {shared[0]} with none")
    row = np.arange(len(starts))
    table = np.empty((len(starts), n), np.uint32)
    for column in range(n):
        spelled = np.maximum.accumulate(np.where(shared <= column, row, 0))
        table[:, column] = keys[starts[spelled] + column - shared[spelled]]
    return table.ravel()


def token_key(token: str) -> int:
    """The key of a token as a row spells it: that of a name is its number, set apart as names' keys are."""
    head, rest = token[0], token[1:]
    if head == "$" and rest.isdecimal():
        return NAME_KEY | int(rest)
    if head == "." and rest.isdecimal():
        return NAME_KEY | MEMBER_KEY | int(rest)
    return spelling_key(_spelling(head, rest)) & SPELLING


def _spelling(head: str, rest: str) -> str:
    """How the tokenisers spell a token that is kept literal, from its first character and the rest."""
    if head == "\\" and rest.isidentifier():
        return "\0" + rest
    if head == "." and rest and (rest[0].isalpha() or rest[0] in "_$"):
        return "\0." + rest
    if rest.endswith("()"):
        return "\0()" + head + rest[:-2]
    return head + rest


def _rows(kind: str, language: str) -> list[str]:
    from importlib.resources import files  # a tenth of the time that all else here takes to import

    if language not in languages():  # whatever name an index has for one
        return []
    tables = files("simblock").joinpath("tables")
    named = [name for name in (language, grammar(language).like) if name]
    paths = (tables.joinpath(f"{kind}-{name}.txt") for name in named)
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return []
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
