"""What is written otherwise than it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from simblock.errors import InputError
from simblock.tokens import I64, Bools
from simblock_indexer.dedup.delivery.rows import Source
from simblock_indexer.readers.remote import called


class Changes(NamedTuple):
    """Texts that are written otherwise. ``rows``: of which rows of the file, rising; ``text`` is asked for each of
    them that is kept, in order, with the row and its text."""

    rows: I64
    text: Callable[[int, str], str]


UNCHANGED = Changes(np.empty(0, np.int64), lambda _, text: text)


def check_rows(source: Source, rows: int, keep: Bools) -> None:
    """Raises InputError where a file has not as many rows as when it was read."""
    if rows != len(keep):
        was = f"{len(keep):,} rows when it was read, now {rows:,}"
        raise InputError(f"{called(source.place)}: has changed ({was}): begin the pass anew")
