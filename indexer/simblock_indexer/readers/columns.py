"""Columns of tables, as Python's values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import arrow
from simblock_indexer.readers.rows import no_text
from simblock_indexer.readers.streams import too_long
from simblock_indexer.readers.tally import Unreadable

Array = Any
"""An array of pyarrow, which has no types for mypy."""

UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def type_of(schema: Any, field: str) -> Any:
    """The type of the column that is called so, or else of a.b in the struct a; None where there is none."""
    if field in schema.names:
        return schema.field(schema.names.index(field)).type
    pa = arrow()
    found: Any = pa.struct(schema)
    for name in field.split("."):
        if not pa.types.is_struct(found) or found.get_field_index(name) < 0:
            return None
        found = found.field(name).type
    return found


def column_of(rows: Array, field: str) -> Array | None:
    """The column of :func:`type_of`, of a record batch or table."""
    if type_of(rows.schema, field) is None:
        return None
    if field in rows.schema.names:
        return rows.column(field)
    first, *path = field.split(".")
    return arrow().compute.struct_field(rows.column(first), path)


def check_named_once(schema: Any, fields: Iterable[str], name: str) -> None:
    """Raises Unreadable where a table has two columns of one name, and that is among ``fields``."""
    names = schema.names
    for field in fields:
        if (count := names.count(field)) > 1:
            raise Unreadable(name, f'has {count} columns called "{field}"', "rename all of them but one")


class TableRows:
    """Some rows of a table. What is raised for several rows does not say which it was: see :meth:`single`."""

    def __init__(self, name: str, before: int, first: int, batch: Array, reading: ReadOptions) -> None:
        self.numbers = list(range(first, first + batch.num_rows))
        self._name, self._before, self._first = name, before, first
        self._batch, self._reading = batch, reading

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    @property
    def names(self) -> list[str]:
        """The columns that there are."""
        return list(self._batch.schema.names)

    def type(self, field: str) -> Any:
        """The type of a column that there is."""
        return type_of(self._batch.schema, field)

    @property
    def read(self) -> int:
        """The bytes that they take."""
        return int(self._batch.nbytes)

    @property
    def place(self) -> str:
        """What the first of them is called."""
        return f"{self._name}, row {self._before + self._first + 1:,}"

    def single(self) -> Iterator[TableRows]:
        """The rows one by one."""
        for at in range(len(self)):
            row = self._batch.slice(at, 1)
            yield TableRows(self._name, self._before, self._first + at, row, self._reading)

    def column(self, field: str) -> list[Any]:
        """A field's value in each row, None where there is none; dates and times are seconds since 1970.

        Raises Unreadable where a string is no UTF-8, or there are several columns of that name.
        """
        column = self._column(field)
        if column is None:
            return [None] * len(self)
        try:
            return _values(column)
        except UnicodeDecodeError:
            raise Unreadable(self.place, f'the field "{field}" is not UTF-8', "correct the row") from None

    def texts(self, field: str) -> list[Any]:
        """The strings of a field, None where there is none; of other types, some value of that type.

        Raises Unreadable where one is no UTF-8, or over the limit of a row, or there are several columns of that name.
        """
        column = self._column(field)
        if column is None:
            return [None] * len(self)
        spelled = spelled_out(column)
        if spelled is None:
            some = _some_value(column.type)
            return [some if valid else None for valid in column.is_valid().to_pylist()]
        lengths = arrow().compute.binary_length(spelled)
        if (arrow().compute.max(lengths).as_py() or 0) > self._reading.max_row:
            raise too_long(self.place, self._reading.max_row)
        try:
            return spelled.cast(arrow().large_string()).to_pylist()  # type: ignore[no-any-return]
        except (UnicodeDecodeError, arrow().ArrowInvalid):
            return [self._decoded(spelled)]

    def without_text(self, field: str, value: object) -> Unreadable:
        """The error of the first row, whose field for the text has that ``value``."""
        return no_text({field: value}, self.place, field)

    def _column(self, field: str) -> Array | None:
        check_named_once(self._batch.schema, [field], self._name)
        return column_of(self._batch, field)

    def _decoded(self, spelled: Array) -> str:
        if len(self) > 1:
            raise Unreadable(self._name, "a row cannot be read", "see which")
        data: bytes = spelled.cast(arrow().large_binary())[0].as_py()
        try:
            return data.decode("utf-8", self._reading.errors)
        except UnicodeDecodeError as error:
            problem = f"the text is not UTF-8 at its byte {error.start:,}"
            mend = "correct the row, or give --errors replace or --skip-bad"
            raise Unreadable(self.place, problem, mend) from None


def _values(column: Array) -> list[Any]:
    pa = arrow()
    column = _plain(column)
    if pa.types.is_timestamp(column.type):
        unit = UNITS[column.type.unit]
        return [None if value is None else value / unit for value in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_date(column.type):
        return _values(column.cast(pa.timestamp("s")))
    if pa.types.is_time32(column.type):
        column = column.cast(pa.int32())
    elif pa.types.is_time64(column.type) or pa.types.is_duration(column.type):
        column = column.cast(pa.int64())
    return column.to_pylist()  # type: ignore[no-any-return]


def _plain(column: Array) -> Array:
    return column.dictionary_decode() if arrow().types.is_dictionary(column.type) else column


def spelled_out(column: Array) -> Array | None:
    """A column of strings or bytes, as its lengths can be asked for; None where it is of another type."""
    pa = arrow()
    column = _plain(column)
    kinds = pa.types
    if kinds.is_string_view(column.type):
        return column.cast(pa.large_string())
    if kinds.is_binary_view(column.type):
        return column.cast(pa.large_binary())
    known = (kinds.is_string, kinds.is_large_string, kinds.is_binary, kinds.is_large_binary)
    return column if any(is_one(column.type) for is_one in known) else None


def as_type(column: Array, type: Any) -> Array:
    """A column of :func:`spelled_out`, or its bytes, as one of another type of that sort."""
    pa = arrow()
    kinds = pa.types
    if kinds.is_dictionary(type):
        values = as_type(column, type.value_type).dictionary_encode()
        return pa.DictionaryArray.from_arrays(
            values.indices.cast(type.index_type), values.dictionary, ordered=type.ordered
        )
    return (
        column
        if column.type == type
        else column.cast(pa.large_string() if kinds.is_string_view(type) else type).cast(type)
    )


def _some_value(type: Any) -> object:
    kinds = arrow().types
    if kinds.is_struct(type):
        return {}
    if kinds.is_nested(type):
        return []
    return False if kinds.is_boolean(type) else 0
