"""Documents of a delivery, some megabytes at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]
Form: TypeAlias = Literal["jsonl", "parquet", "memory"]


class Source(NamedTuple):
    """A file of a delivery: its path or URL, form, bytes on disk, what ids of rows without one begin with,
    and its name below the folder of what is kept."""

    place: str
    form: Form
    size: int
    stem: str
    name: str


class Part(NamedTuple):
    """A stretch of one file: of plain JSONL the lines that begin in bytes [start, end), of Parquet row groups
    [start, end), of all else the whole file (0, -1). ``number`` counts over the delivery, in its order."""

    number: int
    source: int
    start: int
    end: int


class Rows(NamedTuple):
    """Some documents in order. ``lines``: which row of the part each is, from 0, bad and blank ones counted in.

    ``ids``: None where a row has none. ``languages``: None for a text, else the language of code, "" where it is of
    one without a grammar. ``ranks`` f64 [n]: by the rule, what is smaller is kept first; all 0 for ``first``.
    """

    lines: list[int]
    ids: list[str | None]
    texts: list[str]
    languages: list[str | None]
    ranks: F64

    def some(self, part: slice) -> Rows:
        """Some of them."""
        return Rows(
            self.lines[part], self.ids[part], self.texts[part], self.languages[part], self.ranks[part]
        )


@dataclass(slots=True)
class Met:
    """What reading a part met, filled while it is read: rows in all, bytes read (of the rows, uncompressed), bad
    rows and the first of them."""

    rows: int = 0
    read: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    """PLACE: PROBLEM, without any text of the row; at most 100. A place is FILE, and row N of the part."""
