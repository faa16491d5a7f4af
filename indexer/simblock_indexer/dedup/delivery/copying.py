"""Rows of a file written out as they came: the same bytes, or the same columns."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import compress
from typing import IO, NamedTuple, cast

import numpy as np

from simblock.errors import InputError
from simblock.tokens import Bools
from simblock_indexer.dedup.delivery.changes import Changes, check_rows
from simblock_indexer.dedup.delivery.jsonl import Lines, stretch
from simblock_indexer.dedup.delivery.remote import Sink, made
from simblock_indexer.dedup.delivery.rows import Source
from simblock_indexer.dedup.delivery.splicing import spliced, string_of
from simblock_indexer.dedup.delivery.tables import copied
from simblock_indexer.dedup.folder import Plan
from simblock_indexer.readers.decoding import decode
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.remote import called
from simblock_indexer.readers.streams import compression
from simblock_indexer.readers.tally import Unreadable

GZIP_LEVEL = 6
"""What the program gzip has. Of a file nothing tells which it was."""


class Copied(NamedTuple):
    """Rows written, and bytes of the new file."""

    rows: int
    size: int


def copy(source: Source, plan: Plan, keep: Bools, changes: Changes, target: str) -> Copied:
    """Writes the kept rows of a file to a path or URL, in the same form and compression.

    Lines are the same byte for byte, blank ones left out; in a changed one only the text is another. A table has the
    same schema, order, row groups and codec. Raises InputError where the file has not as many rows as ``keep``,
    Unreadable where it cannot be read (with ``skip_bad`` what can be is written), SimblockError where the target
    cannot be written; then nothing is.
    """
    if source.form == "parquet":
        try:
            return Copied(*copied(source, plan.reading, keep, changes, target))
        except Unreadable:
            if not plan.reading.skip_bad or len(keep):
                raise
            return Copied(0, 0)  # no table, as it was counted
    with made(target) as sink:
        rows = _copy_lines(source, plan.reading, keep, changes, sink)
    return Copied(rows, sink.size)


def _copy_lines(source: Source, reading: ReadOptions, keep: Bools, changes: Changes, sink: Sink) -> int:
    rows = seen = 0
    with _packed(sink, source.place) as packed:
        try:
            with stretch(source, 0, -1, reading) as found:
                for some in found:
                    chosen = _chosen(some, source, reading, keep, changes)
                    seen = some.first + len(some.lines)
                    if chosen:
                        chosen.append(b"")
                        packed.write(b"\n".join(chosen))
                        rows += len(chosen) - 1
        except Unreadable:
            if not reading.skip_bad:
                raise
    check_rows(source, seen, keep)
    return rows


def _chosen(some: Lines, source: Source, reading: ReadOptions, keep: Bools, changes: Changes) -> list[bytes]:
    after = some.first + len(some.lines)
    if after > len(keep):
        check_rows(source, after, keep)
    kept = keep[some.first : after]
    first, last = np.searchsorted(changes.rows, [some.first, after])
    if first == last:
        return list(compress(some.lines, kept.tolist()))
    written = list(some.lines)
    for row in changes.rows[first:last].tolist():
        at = row - some.first
        if kept[at]:
            written[at] = _changed(row, some.lines[at], source, reading, changes)
    return list(compress(written, kept.tolist()))


def _changed(row: int, line: bytes, source: Source, reading: ReadOptions, changes: Changes) -> bytes:
    place = f"{called(source.place)}, line {row + 1:,}"
    text = decode(line, place, reading, offset=row)  # only the first may begin with a mark of the byte order
    try:
        found = string_of(text, reading.text_field)
    except ValueError:
        raise InputError(f"{place}: not what it was when it was read: begin the pass anew") from None
    return encoded(spliced(text, found, changes.text(row, found.text)), reading.encoding)


def encoded(row: str, encoding: str) -> bytes:
    """A JSON row as bytes; all that the encoding cannot spell is escaped."""
    try:
        return row.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(json.loads(row)).encode(encoding)


@contextmanager
def _packed(sink: Sink, place: str) -> Iterator[IO[bytes]]:
    """Writes to the sink, compressed as a file of that name is; the same bytes every time."""
    match compression(place):
        case ".gz":
            # Without its name and the time.
            with gzip.GzipFile("", "wb", GZIP_LEVEL, cast("IO[bytes]", sink), 0) as packed:
                yield cast("IO[bytes]", packed)
        case ".zst":
            from simblock.zstd import ZstdFile

            with ZstdFile(cast("IO[bytes]", sink), mode="wb") as packed:
                yield cast("IO[bytes]", packed)
        case _:
            yield cast("IO[bytes]", sink)
