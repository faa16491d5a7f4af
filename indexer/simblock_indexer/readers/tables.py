"""Parquet: a row a work, with the columns that rows of JSONL have as fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simblock_indexer.readers.columns import TableRows
from simblock_indexer.readers.metadata import COLUMNS
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import ParquetFile, arrow, batches, opened_table
from simblock_indexer.readers.rows import Refuse, Row, Told, no_text, told
from simblock_indexer.readers.tally import Tally, Unreadable


def works_of_table(path: Path, id: str, options: ReadOptions, tally: Tally, refuse: Refuse) -> Iterator[Told]:
    """The works of a Parquet file; ``tally.done`` grows with what is read."""
    before, size = tally.done, path.stat().st_size
    with opened_table(path) as table:
        names = table.schema_arrow.names
        if options.text_field not in names:
            raise no_text(dict.fromkeys(names), str(path), options.text_field)
        asked = COLUMNS | {options.id_field, options.text_field}
        tally.columns.update(set(names) - asked)
        for some in _batches(table, str(path), [name for name in names if name in asked], options):
            tally.done = before + size * some.numbers[0] // table.metadata.num_rows
            for row in _rows(some, options, refuse):
                yield from told(row, f"{path}, row {row.line:,}", id, options, tally=tally, refuse=refuse)
    tally.done = before


def holds_works(path: Path, options: ReadOptions) -> bool:
    """Whether a table has a column for the text. Raises MissingExtra without pyarrow, Unreadable for no table."""
    with opened_table(path) as table:
        return options.text_field in table.schema_arrow.names


def _batches(table: ParquetFile, name: str, columns: list[str], options: ReadOptions) -> Iterator[TableRows]:
    first = 0
    for group in range(table.num_row_groups):
        for batch in batches(table, group, columns):
            if batch.num_rows:
                yield TableRows(name, 0, first, batch, options)
            first += batch.num_rows


def _rows(some: TableRows, options: ReadOptions, refuse: Refuse) -> Iterator[Row]:
    try:
        columns = {name: _values(some, name, options) for name in some.names}
    except Unreadable as error:
        if len(some) == 1:
            refuse(error)
            return
        for single in some.single():
            yield from _rows(single, options, refuse)
        return
    for at, number in enumerate(some.numbers):
        yield Row(number + 1, {name: values[at] for name, values in columns.items()})


def _values(some: TableRows, name: str, options: ReadOptions) -> list[Any]:
    if name == options.text_field:
        return some.texts(name)
    values = some.column(name)
    if arrow().types.is_temporal(some.type(name)):  # of what is asked, days alone can be meant
        return [
            None if value is None else datetime.fromtimestamp(value, UTC).date().isoformat()
            for value in values
        ]
    return values
