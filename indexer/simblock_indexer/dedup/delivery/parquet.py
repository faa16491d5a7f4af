"""Parquet: the columns that are asked for, a record batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simblock_indexer.dedup.delivery.rows import Part, Source
from simblock_indexer.readers.columns import TableRows, check_named_once, type_of
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import batches, damage, opened_table
from simblock_indexer.readers.remote import called
from simblock_indexer.readers.rows import no_text
from simblock_indexer.readers.tally import Unreadable


class Lost(NamedTuple):
    """So many rows that cannot be read, and why."""

    rows: int
    error: Unreadable


def table_rows(
    source: Source, part: Part, columns: list[str], reading: ReadOptions
) -> Iterator[TableRows | Lost]:
    """The rows of a part, with those of ``columns`` that the file has. What is damaged is Lost, a row group's rest at a
    time; of a file without a column for the text, or with two of a name that is asked for, all. Raises Unreadable where
    the file cannot be opened."""
    name = called(source.place)
    with opened_table(source.place) as table:
        metadata, schema = table.metadata, table.schema_arrow
        groups = range(part.start, metadata.num_row_groups if part.end < 0 else part.end)
        before = sum(metadata.row_group(group).num_rows for group in range(part.start))
        try:
            check_named_once(schema, columns, name)
            if type_of(schema, reading.text_field) is None:
                raise no_text(dict.fromkeys(schema.names), name, reading.text_field)
        except Unreadable as error:
            yield Lost(sum(metadata.row_group(group).num_rows for group in groups), error)
            return
        wanted = [column for column in columns if type_of(schema, column) is not None]
        first = 0
        for group in groups:
            last = first + metadata.row_group(group).num_rows
            try:
                with damage(source.place):
                    for batch in batches(table, group, wanted):
                        yield TableRows(name, before, first, batch, reading)
                        first += batch.num_rows
            except Unreadable as error:
                yield Lost(last - first, error)
            first = last
