"""Rows of one delivery that are called the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simblock.errors import InputError
from simblock.shingles import finish_all
from simblock.tokens import I64, U64
from simblock_indexer.dedup.part import Documents, SignedPart

_STEP = np.uint64(0xD1342543DE82EF95)


class Equal(NamedTuple):
    """How many rows have an id that stands before them, and the numbers of two of one id."""

    rows: int
    first: int
    second: int


def equal_ids(documents: Documents) -> Equal | None:
    """Rows of this delivery with an id that another row has; None where there are none.

    Holds 16 bytes a document.
    """
    parts = documents.delivered
    hashes = np.concatenate([np.empty(0, np.uint64), *(_hashes(its.signed) for its in parts)])
    order = np.argsort(hashes, kind="stable")
    same = np.flatnonzero((hashes[order[1:]] == hashes[order[:-1]]) & (hashes[order[1:]] != 0))
    pairs = [
        (one, other)
        for one, other in (documents.old + np.stack([order[same], order[same + 1]], axis=1)).tolist()
        if documents.id(one) == documents.id(other)
    ]
    if not pairs:
        return None
    return Equal(len(pairs), *min(pairs, key=lambda pair: pair[1]))


def _hashes(part: SignedPart) -> U64:
    """A hash u64 of each row's id; 0 where it has none."""
    ends: I64 = part.array("id_ends")
    spelled = part.array("id_bytes")
    if not len(spelled):
        return np.zeros(len(ends), np.uint64)
    lengths = np.diff(ends, prepend=0)
    given = np.flatnonzero(lengths)
    place = np.arange(len(spelled), dtype=np.uint64) - np.repeat((ends - lengths).astype(np.uint64), lengths)
    letters = finish_all((spelled.astype(np.uint64) + np.uint64(1)) * _STEP + place)
    found = np.zeros(len(ends), np.uint64)
    found[given] = finish_all(np.add.reduceat(letters, (ends - lengths)[given])) | np.uint64(1)
    return found


def check_ids(documents: Documents) -> int:
    """How many rows are called like one before. Raises InputError where there are any, and ids must be unique."""
    found = equal_ids(documents)
    if found is None:
        return 0
    if documents.plan.options.unique_ids:
        raise InputError(
            f"two rows are called {documents.id(found.first)[:80]!r}, {_place(documents, found.first)} and "
            f"{_place(documents, found.second)} ({found.rows:,} such in all): give --id-field another column, or "
            "leave out --unique-ids"
        )
    return found.rows


def _place(documents: Documents, number: int) -> str:
    source, row = documents.place(number)
    return f"{documents.plan.sources[source].name}, row {row + 1:,}"
