"""Parquet files opened. pyarrow is imported here alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from simblock.errors import MissingExtra
from simblock_indexer.readers.remote import called, is_url, name_of, read_binary
from simblock_indexer.readers.streams import reason
from simblock_indexer.readers.tally import Unreadable

SUFFIX = ".parquet"
BATCH = 1 << 20
"""About so many bytes of the columns that are asked for, in a batch."""

ParquetFile: TypeAlias = Any


def arrow() -> ModuleType:
    """pyarrow, with its ``parquet`` and ``compute``. Raises MissingExtra where it is not installed."""
    try:
        import pyarrow as pa
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("reading and writing Parquet", "parquet") from None
    return pa  # type: ignore[no-any-return]


def holds_table(place: str | Path) -> bool:
    """Whether a file of that name is Parquet."""
    return name_of(place).suffix.lower() == SUFFIX


@contextmanager
def opened_table(place: str | Path) -> Iterator[ParquetFile]:
    """A ``pyarrow.parquet.ParquetFile``. Raises Unreadable where it is cut, damaged or forbidden, then too while it
    is read."""
    pa = arrow()
    with damage(place):
        if is_url(place):
            with read_binary(place) as file:
                yield pa.parquet.ParquetFile(file)
        else:
            # By its path, as pyarrow then reads it without Python.
            with pa.parquet.ParquetFile(str(place)) as table:
                yield table


@contextmanager
def damage(place: str | Path) -> Iterator[None]:
    """Makes what pyarrow raises over a file's content one sentence that names the file."""
    pa = arrow()
    name = called(place)
    try:
        yield
    except Unreadable:
        raise
    except OSError as error:
        if error.errno is None:  # pyarrow's word for pages that cannot be read
            raise _damaged(name) from error
        raise Unreadable(name, reason(error), "check the file and its permissions") from error
    except pa.ArrowNotImplementedError as error:
        problem = "holds something that this version of pyarrow cannot read"
        raise Unreadable(name, problem, "install a newer one, or convert the file") from error
    except pa.ArrowException as error:
        raise _damaged(name) from error


def _damaged(name: str) -> Unreadable:
    return Unreadable(name, "no Parquet file, or a damaged one", "restore the file")


def batches(table: ParquetFile, group: int, columns: list[str] | None, size: int = BATCH) -> Iterator[Any]:
    """The rows of a row group, as record batches of about ``size`` bytes of those ``columns``; None is all."""
    rows = table.metadata.row_group(group).num_rows
    step = max(1, size * rows // max(1, bytes_of(table, group, columns)))
    yield from table.iter_batches(
        min(step, max(1, rows)), row_groups=[group], columns=columns, use_threads=False
    )


def bytes_of(table: ParquetFile, group: int, columns: list[str] | None) -> int:
    """Uncompressed bytes of some columns of a row group."""
    stored = table.metadata.row_group(group)
    found = (stored.column(at) for at in range(stored.num_columns))
    return sum(
        column.total_uncompressed_size for column in found if _is_among(column.path_in_schema, columns)
    )


def _is_among(path: str, columns: list[str] | None) -> bool:
    return columns is None or any(path == column or path.startswith(f"{column}.") for column in columns)
