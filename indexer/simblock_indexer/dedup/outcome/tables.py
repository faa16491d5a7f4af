"""Tables of an outcome, as Parquet: written in row groups, and there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simblock_indexer.dedup.folder import replaced
from simblock_indexer.escaping import encodable
from simblock_indexer.readers.parquet import arrow

GROUP = 1 << 16
"""Rows of a row group, at most."""
Fields = Mapping[str, str]
"""Columns and their types, as Arrow names these."""


class Table:
    """A table that is written a batch at a time, a row group each."""

    def __init__(self, path: Path, fields: Fields) -> None:
        parquet = arrow().parquet
        self._schema = arrow().schema(
            [(name, arrow().type_for_alias(alias)) for name, alias in fields.items()]
        )
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, columns: Mapping[str, Any]) -> None:
        """Writes rows: each column a list or an array, None where a value is missing."""
        arrays = [_array(columns[field.name], field.type) for field in self._schema]
        self._writer.write_table(arrow().Table.from_arrays(arrays, schema=self._schema), row_group_size=GROUP)

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()


@contextmanager
def table(out: str, name: str, fields: Fields) -> Iterator[Table]:
    """A table that stands in ``out`` when all went well. Raises MissingExtra without pyarrow."""
    with replaced(Path(out) / name) as path:
        filled = Table(path, fields)
        try:
            yield filled
        finally:
            filled.close()


def _array(values: Sequence[Any], sort: Any) -> Any:
    try:
        return arrow().array(values, sort)
    except UnicodeEncodeError:  # a lone surrogate, which Parquet cannot hold
        return arrow().array([value if value is None else encodable(value) for value in values], sort)
