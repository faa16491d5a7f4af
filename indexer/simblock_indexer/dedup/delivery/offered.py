"""Documents that a program holds: strings, rows, pairs, or whatever speaks Arrow's C stream.

They are taken some at a time and let go of; of a table only the columns that are asked for are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from simblock.errors import InputError, UsageError
from simblock_indexer.dedup.delivery.jsonl import within
from simblock_indexer.dedup.delivery.reading import Asked, documents
from simblock_indexer.dedup.delivery.rows import Met, Rows
from simblock_indexer.readers.columns import TableRows, type_of
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import arrow
from simblock_indexer.readers.rows import no_text
from simblock_indexer.readers.tally import Unreadable

NAME = "documents"
"""What messages call them."""
FORMS = "strings, rows with a field for the text, (id, text) pairs, or Arrow tables"
BATCH = 1 << 20
"""Characters read at a time, or bytes of a table."""
ROWS = 1 << 10
SHOWN = 8
"""Columns that a message names."""

Documents: TypeAlias = Any
"""An iterable of documents, or an object with ``__arrow_c_stream__``."""


def speaks_arrow(value: object) -> bool:
    """Whether it hands over its rows by the Arrow PyCapsule interface: pandas, Polars, DuckDB, pyarrow do."""
    return hasattr(value, "__arrow_c_stream__")


def reader(table: Any, text_field: str) -> Any:
    """A RecordBatchReader of what speaks Arrow; of a single column (a series), of a table with that alone.

    Raises MissingExtra without pyarrow.
    """
    pyarrow = arrow()
    try:
        return pyarrow.RecordBatchReader.from_stream(table)
    except pyarrow.ArrowInvalid:
        return pyarrow.table({text_field: pyarrow.chunked_array(table)}).to_reader()


def _taking(found: Any) -> Any:
    """A reader of columns that rows can be taken of."""
    schema = arrow().schema([_taken(field) for field in found.schema], found.schema.metadata)
    return found if schema == found.schema else found.cast(schema)


def _taken(field: Any) -> Any:
    """A field as rows can be taken of it: pyarrow cannot of views, which Polars has."""
    pyarrow = arrow()
    kinds, kind = pyarrow.types, field.type
    if kinds.is_string_view(kind):
        return field.with_type(pyarrow.large_string())
    if kinds.is_binary_view(kind):
        return field.with_type(pyarrow.large_binary())
    if kinds.is_list(kind) or kinds.is_large_list(kind):
        many = pyarrow.list_ if kinds.is_list(kind) else pyarrow.large_list
        return field.with_type(many(_taken(kind.value_field)))
    if kinds.is_dictionary(kind):
        values = _taken(pyarrow.field("", kind.value_type)).type
        return field.with_type(pyarrow.dictionary(kind.index_type, values, kind.ordered))
    if kinds.is_struct(kind):
        return field.with_type(pyarrow.struct([_taken(one) for one in kind]))
    return field


class _Chunk(NamedTuple):
    """Some rows: of fields, or a record batch; and about how much text they hold."""

    rows: Any
    size: int


class Offer:
    """Documents of a program, read once, in parts. ``languages`` are those of rows of code, ``done`` rows are read."""

    def __init__(self, documents: Documents, asked: Asked) -> None:
        self._asked = asked
        self.languages: dict[int, str] = {}
        self._chunks = _chunks(_items(documents), asked.reading)
        self.done = 0
        self.ended = False

    def part(self, size: int, met: Met) -> Iterator[Rows]:
        """Documents until about ``size`` characters are read; ``met`` is filled as by :func:`.reading.read`.

        Raises UsageError where an item is in none of the forms, InputError where a row cannot be read, unless
        ``skip_bad`` counts it.
        """
        before = self.done
        for chunk in self._chunks:
            make = _FieldRows if isinstance(chunk.rows, list) else TableRows
            batch = make(NAME, before, met.rows, chunk.rows, self._asked.reading)
            count = len(batch)
            for found in documents(batch, self._asked, met):
                told = zip(found.lines, found.languages, strict=True)
                self.languages |= {before + line: language for line, language in told if language}
                yield found
            self.done += count
            met.rows += count
            met.read += chunk.size
            if met.read >= size:
                return
        self.ended = True


def _items(documents: Documents) -> Iterable[Any]:
    if speaks_arrow(documents):
        return (documents,)
    if isinstance(documents, str | bytes | Mapping) or not isinstance(documents, Iterable):
        kind = type(documents).__name__
        raise UsageError(f"{NAME} is of the type {kind}: give an iterable of {FORMS}")
    return documents


def _chunks(items: Iterable[Any], reading: ReadOptions) -> Iterator[_Chunk]:
    held: list[Mapping[str, Any]] = []
    done = size = 0
    for item in items:
        row = _fields(item, reading)
        if row is None and not speaks_arrow(item):
            raise UsageError(f"{NAME}, row {done + 1:,} is of the type {type(item).__name__}: give {FORMS}")
        if row is not None:
            held.append(row)
            size += _length(row.get(reading.text_field))
            done += 1
        if held and (row is None or size >= BATCH or len(held) >= ROWS):
            yield _Chunk(held, size)
            held, size = [], 0
        if row is None:
            for chunk in _streamed(item, reading):
                done += chunk.rows.num_rows
                yield chunk
    if held:
        yield _Chunk(held, size)


def _fields(item: Any, reading: ReadOptions) -> Mapping[str, Any] | None:
    if isinstance(item, str):
        return {reading.text_field: str(item)}
    if isinstance(item, Mapping):
        return item
    if isinstance(item, tuple) and len(item) == 2:
        return {reading.id_field: item[0], reading.text_field: item[1]}
    return None


def _length(text: object) -> int:
    return len(text) if isinstance(text, str) else 0


def _streamed(table: Any, reading: ReadOptions) -> Iterator[_Chunk]:
    stream = _taking(reader(table, reading.text_field))
    names = stream.schema.names
    if type_of(stream.schema, reading.text_field) is None:
        has = ", ".join(names[:SHOWN])
        problem = f'{NAME}: the table has no column "{reading.text_field}"'
        raise InputError(f"{problem} (it has {has}): name it with text_field")
    for batch in stream:
        step = max(1, BATCH * batch.num_rows // max(1, batch.nbytes))
        for start in range(0, batch.num_rows, step):
            rows = batch.slice(start, step)
            yield _Chunk(rows, batch.nbytes * rows.num_rows // batch.num_rows)


class _FieldRows:
    """Some rows of fields, as :class:`.reading.Batch` has them."""

    def __init__(
        self, name: str, before: int, first: int, rows: list[Mapping[str, Any]], reading: ReadOptions
    ) -> None:
        self.numbers = list(range(first, first + len(rows)))
        self._name, self._before, self._first = name, before, first
        self._rows, self._reading = rows, reading

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def read(self) -> int:
        """The characters of their texts."""
        return sum(_length(row.get(self._reading.text_field)) for row in self._rows)

    @property
    def place(self) -> str:
        """What the first of them is called."""
        return f"{self._name}, row {self._before + self._first + 1:,}"

    def single(self) -> Iterator[_FieldRows]:
        """The rows one by one."""
        for at, row in enumerate(self._rows):
            yield _FieldRows(self._name, self._before, self._first + at, [row], self._reading)

    def column(self, field: str) -> list[Any]:
        """A field's value in each row as JSON would have it, None where there is none."""
        return [_plain(value) for value in self.texts(field)]

    def texts(self, field: str) -> list[Any]:
        """The same, as it is."""
        if "." in field:
            return [within(dict(row), field) for row in self._rows]
        return [row.get(field) for row in self._rows]

    def without_text(self, field: str, value: object) -> Unreadable:
        """The error of the first row, whose field for the text has that ``value``."""
        row = self._rows[0]
        return no_text(row if value is None else {field: value}, self.place, field)


def _plain(value: object) -> object:
    """Numbers of NumPy as Python's, and dates as they are written."""
    value = value.item() if isinstance(value, np.generic) else value
    return value.isoformat() if isinstance(value, date) else value
