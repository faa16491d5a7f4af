"""What a pass over documents of a program comes to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar, overload

import numpy as np

from simblock.errors import UsageError
from simblock.tokens import I64, Bools
from simblock_indexer.dedup.delivery.changes import Changes
from simblock_indexer.dedup.delivery.offered import NAME, reader
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.delivery.tables import Piece
from simblock_indexer.dedup.examining import without
from simblock_indexer.dedup.passages import spans
from simblock_indexer.dedup.protected import Found
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import arrow

T = TypeVar("T")


class Dropped(NamedTuple):
    """A document that is not kept: ``reason`` is ``exact``, ``near``, ``passage`` or ``protected``.

    Rows count from 0. ``keeper_row`` is the document that its cluster stands around, ``similarity`` the Jaccard
    similarity of their shingles. Where passages are the reason, it is the document that has most of them, and the
    share of the tokens that lie in them; where a protected ``work`` is, both are None.
    """

    row: int
    id: str | None
    keeper_row: int | None
    keeper_id: str | None
    similarity: float | None
    reason: str
    work: str | None


class Cluster(NamedTuple):
    """Near-copies of one document. ``rows`` i64 [n]: its own first, then the others by the rule; ``similarities``
    f32 [n] to it."""

    rows: I64
    similarities: F32


class Passage(NamedTuple):
    """A passage in excess, in words of a text or lexemes of code: ``tokens`` of them from ``first_token`` of a row on, the
    same as those of the row ``keeper_row``, which keeps them, from ``keeper_first_token`` on. So many ``documents`` have
    it; ``cut``: it does not stay."""

    row: int
    first_token: int
    tokens: int
    keeper_row: int
    keeper_first_token: int
    documents: int
    cut: bool


class Listed(Sequence[T], Generic[T]):
    """A sequence whose elements are made when they are asked for."""

    def __init__(self, places: range, make: Callable[[int], T]) -> None:
        self._places = places
        self._make = make

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Listed[T]: ...
    def __getitem__(self, at: int | slice) -> T | Listed[T]:
        if isinstance(at, slice):
            return Listed(self._places[at], self._make)
        return self._make(self._places[at])


class Change(NamedTuple):
    """What is cut out of a text: ``protected`` i64 [k, 2], code points; then, of what is left, ``passages`` i64 [m, 2],
    tokens. ``language`` is None for a text that is no code."""

    protected: I64
    passages: I64
    language: str | None

    def apply(self, text: str) -> str:
        """The text without these."""
        text = without(text, self.protected)
        return without(text, spans(text, self.language, self.passages)) if len(self.passages) else text


@dataclass(frozen=True, slots=True, eq=False)
class Deduplicated:
    """What becomes of the documents that were looked at, in the order in which they came.

    ``kept`` bool [rows]: which to train on; rows that could not be read and were skipped are not kept. ``dropped``
    says of each other document why. ``clusters`` are near-copies that stand around one document, two and more.
    ``counts`` has how many ``rows`` there were, ``documents`` in them, ``empty`` ones among those (without a word; they
    are kept), ``bad`` rows, and documents ``kept`` and dropped by reason; ``problems`` names the first bad rows.
    ``changed`` are the rows that lose passages: :meth:`text` says what is left. ``passages`` are those in excess, where
    ``scope`` asks for them, ``protected`` what ``against`` found, whose ``line`` is the row; both also of what stays.
    """

    kept: Bools
    dropped: Sequence[Dropped]
    clusters: Sequence[Cluster]
    counts: Mapping[str, int]
    problems: tuple[str, ...]
    changed: Mapping[int, Change] = field(repr=False)
    passages: Sequence[Passage]
    protected: Sequence[Found]
    text_field: str = "text"

    def __len__(self) -> int:
        return len(self.kept)

    def text(self, row: int, text: str) -> str:
        """The text of a row as it is to be kept: without the passages that are cut out of it."""
        change = self.changed.get(row)
        return text if change is None else change.apply(text)

    def to_arrow(self) -> Any:
        """The dropped documents as a table of pyarrow with the fields of :class:`Dropped`."""
        pyarrow = arrow()
        string, number = pyarrow.string(), pyarrow.int64()
        types = [number, string, number, string, pyarrow.float32(), string, string]
        columns = list(zip(*self.dropped, strict=True)) or [()] * len(types)
        arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        return pyarrow.table(arrays, list(Dropped._fields))

    def filter(self, table: Any) -> Any:
        """The kept rows of the table that was looked at, as a table of pyarrow with its types, what is cut out left away.

        Raises UsageError where it has another number of rows.
        """
        tables = arrow().Table
        stream = reader(table, self.text_field)
        changes = Changes(np.array(sorted(self.changed), np.int64), self.text)
        reading = ReadOptions(text_field=self.text_field)
        done, chosen = 0, [tables.from_batches([], stream.schema)]
        for batch in stream:
            first, done = done, done + batch.num_rows
            if done <= len(self):
                rows = tables.from_batches([batch])
                chosen.append(Piece(rows, first, NAME, reading).kept(self.kept, changes))
        if done != len(self):
            raise UsageError(
                f"the table has {done:,} rows, and {len(self):,} were looked at: give the same table"
            )
        return arrow().concat_tables(chosen)
