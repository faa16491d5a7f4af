"""JSONL: whole lines of a stretch of a file, some at a time, and the fields of their rows."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any, BinaryIO, NamedTuple, cast

from simblock_indexer.dedup.delivery.rows import Part, Source
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.remote import called
from simblock_indexer.readers.rows import check_encoding_of_rows, is_blank, no_text, parsed
from simblock_indexer.readers.streams import Salvaged, compression, opened, too_long
from simblock_indexer.readers.tally import Unreadable

BLOCK = 1 << 19
AFTER = 1 << 16
"""Bytes read at a time where a newline is looked for outside of a stretch."""
TOO_LONG = b"\0"
"""Stands for a line over the limit. No line is the same object, and none of JSON equals it."""


class Lines(NamedTuple):
    """Lines in a row, without their newlines: which of the stretch the first is, from 0, and the bytes of the file
    that they take, [begin, end)."""

    first: int
    begin: int
    end: int
    lines: list[bytes]


@contextmanager
def stretch(source: Source, start: int, end: int, reading: ReadOptions) -> Iterator[Iterator[Lines]]:
    """The lines of a file that begin in bytes [start, end), to its end where ``end`` is -1; about BLOCK bytes at a time.

    Raises Unreadable where the file, or its compression, cannot be read, while the lines are taken too: after those that
    stand whole before the damage.
    """
    check_encoding_of_rows(called(source.place), reading)
    with opened(source.place) as file:
        stream = cast("BinaryIO", Salvaged(file.lines)) if compression(source.place) else file.lines
        yield lines(stream, start, end, reading.max_row)


def lines(stream: BinaryIO, start: int, end: int, max_row: int) -> Iterator[Lines]:
    """:func:`stretch` of an opened file; a line of more than ``max_row`` bytes is TOO_LONG."""
    begin = position = _first_line(stream, start, end) if start else 0
    number, tail = 0, _Tail(max_row)
    while end < 0 or begin < end:
        block = stream.read(_length(position, end))
        if not block:
            break
        pieces = block.split(b"\n")
        if 0 <= end <= position:
            pieces = [*pieces[:1], *(b"" for _ in pieces[1:2])]  # but one line is ours that ends here
            position += len(pieces[0]) + len(pieces) - 1
        else:
            position += len(block)
        tail.add(pieces[0])
        if len(pieces) == 1:
            continue
        found = [tail.taken(), *pieces[1:-1]]
        tail.add(pieces[-1])
        after = position - len(pieces[-1])
        yield Lines(number, begin, after, _bounded(found, max_row))
        number, begin = number + len(found), after
    if tail.length:
        yield Lines(number, begin, position, [tail.taken()])


def _first_line(stream: BinaryIO, start: int, end: int) -> int:
    """Where the first line begins that begins from ``start`` on, ``end`` where none does; the stream stands there."""
    at = stream.seek(start - 1)
    while at < end and (block := stream.read(AFTER)):
        newline = block.find(b"\n")
        if newline >= 0:
            return stream.seek(at + newline + 1)
        at += len(block)
    return end


def _length(position: int, end: int) -> int:
    if end < 0:
        return BLOCK
    return min(BLOCK, end - position) if position < end else AFTER


def _bounded(found: list[bytes], max_row: int) -> list[bytes]:
    if max(map(len, found)) <= max_row:
        return found
    return [line if len(line) <= max_row else TOO_LONG for line in found]


class _Tail:
    """The line that is not read to its end. Of one over the limit, nothing is kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self.length = 0

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        if self.length <= self._limit:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def taken(self) -> bytes:
        line = b"".join(self._pieces) if self.length <= self._limit else TOO_LONG
        self._pieces, self.length = [], 0
        return line


class JsonRows:
    """Some lines as rows. They are parsed all at once, and one by one only where something is wrong: what is raised
    for several rows does not say which it was. A blank line is no row."""

    def __init__(self, name: str, part: Part, found: Lines, reading: ReadOptions) -> None:
        self.numbers = list(range(found.first, found.first + len(found.lines)))
        self._name, self._part, self._found, self._reading = name, part, found, reading
        self._lines = found.lines

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def read(self) -> int:
        """The bytes that they take."""
        return self._found.end - self._found.begin

    @property
    def place(self) -> str:
        """What the first of them is called."""
        if self._part.start:
            return f"{self._name}, the line at byte {self._found.begin:,}"
        return f"{self._name}, line {self._found.first + 1:,}"

    def single(self) -> Iterator[JsonRows]:
        """The rows one by one."""
        begin = self._found.begin
        for number, line in enumerate(self._found.lines, self._found.first):
            found = Lines(number, begin, begin + len(line) + 1, [line])
            yield JsonRows(self._name, self._part, found, self._reading)
            begin = found.end

    def column(self, field: str) -> list[Any]:
        """A field's value in each row, None where there is none. Raises Unreadable where a line is no row."""
        rows = self._rows
        if "." in field:
            return [within(row, field) for row in rows]
        return [row.get(field) for row in rows] if field in self._fields else [None] * len(rows)

    texts = column

    def without_text(self, field: str, value: object) -> Unreadable:
        """The error of the first row, whose field for the text has that ``value``."""
        row = self._rows[0]
        return no_text(row if value is None else {field: value}, self.place, field)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        rows = self._parsed() if _is_utf8(self._reading.encoding) else None
        if rows is None:
            self._leave_out_blank_lines()
            alone = len(self._found.lines) == 1 == len(self._lines)
            rows = [self._parsed_alone()] if alone else self._parsed()
        if rows is None:
            raise Unreadable(self._name, "a row cannot be read", "see which")
        return rows

    @cached_property
    def _fields(self) -> set[str]:
        """All that any row has: of a dozen columns that are asked for, most files have few."""
        return set().union(*self._rows)

    def _parsed(self) -> list[dict[str, Any]] | None:
        from pydantic_core import from_json

        try:
            rows = [from_json(line) for line in self._lines]
        except ValueError:
            return None
        return rows if all(type(row) is dict for row in rows) else None

    def _leave_out_blank_lines(self) -> None:
        offset = self._found.begin  # of the first; no other line may be at byte 0
        kept = [at for at, line in enumerate(self._lines) if not is_blank(line, offset + at)]
        self.numbers = [self.numbers[at] for at in kept]
        self._lines = [self._lines[at] for at in kept]

    def _parsed_alone(self) -> dict[str, Any]:
        if self._lines[0] is TOO_LONG:
            raise too_long(self.place, self._reading.max_row)
        return parsed(self._lines[0], self.place, self._reading, self._found.begin)


@cache
def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def within(row: dict[str, Any], field: str) -> Any:
    """The value of the field that is called so, or else of a.b in the object a; None where there is none."""
    if field in row:
        return row[field]
    found: Any = row
    for name in field.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found
