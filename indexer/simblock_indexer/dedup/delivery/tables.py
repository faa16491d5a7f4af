"""Parquet written out as it came: the same schema, order, row groups and codec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simblock.errors import InputError
from simblock.tokens import I64, Bools
from simblock_indexer.dedup.delivery.changes import Changes, check_rows
from simblock_indexer.dedup.delivery.remote import Sink, made
from simblock_indexer.dedup.delivery.rows import Source
from simblock_indexer.readers.columns import Array, TableRows, as_type, spelled_out
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import ParquetFile, arrow, batches, damage, opened_table
from simblock_indexer.readers.remote import called
from simblock_indexer.readers.tally import Unreadable

LARGE = 256 << 20
"""A row group of more uncompressed bytes is written as several, of about a quarter of that."""
CODECS = {"UNCOMPRESSED": "NONE", "LZ4_RAW": "LZ4"}
"""Those that pyarrow is told by another name than it tells."""

Table = Any


def copied(
    source: Source, reading: ReadOptions, keep: Bools, changes: Changes, target: str
) -> tuple[int, int]:
    """Writes the kept rows of a file; how many they are, and the bytes of the new file. See :func:`copying.copy`.

    A row group that cannot be read is left out with ``skip_bad``.
    """
    with opened_table(source.place) as table:
        check_rows(source, table.metadata.num_rows, keep)
        with made(target) as sink, _writer(table, sink) as writer:
            rows = 0
            for some in _pieces(table, source, reading, keep, changes):
                if some.num_rows:
                    writer.write_table(some, some.num_rows)
                    rows += some.num_rows
        return rows, sink.size


def _writer(table: ParquetFile, sink: Sink) -> Any:
    metadata = table.metadata
    codec = metadata.row_group(0).column(0).compression if metadata.num_row_groups else "SNAPPY"
    return arrow().parquet.ParquetWriter(sink, table.schema_arrow, compression=CODECS.get(codec, codec))


def _pieces(
    table: ParquetFile, source: Source, reading: ReadOptions, keep: Bools, changes: Changes
) -> Iterator[Table]:
    """What is kept of each row group, in one piece unless it is large."""
    first = 0
    for group in range(table.metadata.num_row_groups):
        after = first + table.metadata.row_group(group).num_rows
        try:
            with damage(source.place):
                for rows in _read(table, group) if keep[first:after].any() else ():
                    yield Piece(rows, first, called(source.place), reading).kept(keep, changes)
                    first += rows.num_rows
        except Unreadable:
            if not reading.skip_bad:
                raise
        first = after


def _read(table: ParquetFile, group: int) -> Iterator[Table]:
    if table.metadata.row_group(group).total_byte_size <= LARGE:
        yield table.read_row_group(group, use_threads=False)
        return
    for batch in batches(table, group, None, LARGE // 4):
        yield arrow().Table.from_batches([batch])


class Piece:
    """Some rows of a table that messages call ``name``, from its row ``first`` on."""

    def __init__(self, rows: Table, first: int, name: str, reading: ReadOptions) -> None:
        self._rows, self._first = rows, first
        self._name, self._reading = name, reading

    def kept(self, keep: Bools, changes: Changes) -> Table:
        """Those of the rows to ``keep``, which are of the whole table, with other texts where ``changes`` says so."""
        after = self._first + self._rows.num_rows
        kept = keep[self._first : after]
        first, last = np.searchsorted(changes.rows, [self._first, after])
        rows = self._rows
        if first < last:
            rows = self._changed(kept, changes, changes.rows[first:last] - self._first)
        return rows if kept.all() else chosen(rows, kept)

    def _changed(self, kept: Bools, changes: Changes, places: I64) -> Table:
        """The rows, the kept ones with other texts."""
        new = {
            place: changes.text(self._first + place, self._text(place))
            for place in places[kept[places]].tolist()
        }
        if not new:
            return self._rows
        names, field = self._rows.schema.names, self._reading.text_field
        path = [field] if field in names else field.split(".")
        column = replaced_texts(self._rows.column(path[0]).combine_chunks(), path[1:], new)
        return self._rows.set_column(names.index(path[0]), self._rows.schema.field(path[0]), column)

    def _text(self, place: int) -> str:
        (row,) = self._rows.slice(place, 1).to_batches()
        (text,) = TableRows(self._name, self._first, place, row, self._reading).texts(
            self._reading.text_field
        )
        if not isinstance(text, str):
            raise InputError(f"{self._name}: not what it was when it was read: begin the pass anew")
        return text


def chosen(rows: Table, kept: Bools) -> Table:
    """The kept rows of a table."""
    pa = arrow()
    try:
        return rows.filter(pa.array(kept))
    except pa.ArrowNotImplementedError:  # for views, as of pyarrow 26
        edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8))).tolist()
        pieces = [rows.slice(at, end - at) for at, end in zip(edges[::2], edges[1::2], strict=True)]
        return pa.concat_tables(pieces or [rows.slice(0, 0)])


def replaced_texts(column: Array, path: list[str], new: dict[int, str]) -> Array:
    """A column with some strings replaced, by place; they lie along ``path`` in its structs."""
    pa = arrow()
    if path:
        fields = list(column.type)
        children = [
            replaced_texts(column.field(at), path[1:], new) if field.name == path[0] else column.field(at)
            for at, field in enumerate(fields)
        ]
        return pa.StructArray.from_arrays(children, fields=fields, mask=column.is_null())
    spelled = spelled_out(column)
    assert spelled is not None, "its texts were read"
    mask = np.zeros(len(column), bool)
    mask[list(new)] = True
    texts = pa.array([text.encode() for text in new.values()], pa.large_binary())
    replaced = pa.compute.replace_with_mask(spelled.cast(pa.large_binary()), pa.array(mask), texts)
    return as_type(replaced, column.type)
