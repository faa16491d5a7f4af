"""JSONL: a row a work."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simblock_indexer.readers.decoding import decode
from simblock_indexer.readers.metadata import COLUMNS, checked_id, fields_of, sort_of_value
from simblock_indexer.readers.options import ReadOptions, spells_ascii
from simblock_indexer.readers.streams import Opened, lines, opened
from simblock_indexer.readers.tally import Tally, Unreadable

Refuse = Callable[[Unreadable], None]

SHOWN_FIELDS = 8


class Row(NamedTuple):
    """A row of a file: the line it stands on, and its fields."""

    line: int
    fields: dict[str, Any]


def rows(
    file: Opened, name: str, options: ReadOptions, refuse: Refuse, span: tuple[int, int] | None = None
) -> Iterator[Row]:
    """The rows of an opened file, with ``span`` those that begin in these bytes of it.

    Blank lines are passed over, bad rows handed to ``refuse``.
    """
    check_encoding_of_rows(name, options)
    for line in lines(file.lines, name, options.max_row, refuse, span):
        if is_blank(line.data, line.offset):
            continue
        try:
            place = f"{name}, line {line.number:,}"
            yield Row(line.number, parsed(line.data, place, options, line.offset))
        except Unreadable as error:
            refuse(error)


def is_blank(line: bytes, offset: int) -> bool:
    """Whether there is nothing in a line; at byte 0 of a file a mark of the byte order may be."""
    said = line if offset else line.removeprefix(codecs.BOM_UTF8)
    return not said or said.isspace()


def check_encoding_of_rows(name: str, options: ReadOptions) -> None:
    """Raises Unreadable where lines cannot be told before they are decoded."""
    if not spells_ascii(options.encoding):
        raise Unreadable(name, f"rows cannot be read as {options.encoding}", "JSONL is UTF-8: convert it")


def parsed(data: bytes, place: str, options: ReadOptions, offset: int) -> dict[str, Any]:
    """The fields of a line, which lies at byte ``offset`` of its file. Raises Unreadable."""
    from pydantic_core import from_json

    # Decoded here and not by the parser: its errors would not name the byte.
    text = decode(data, place, options, offset=offset)
    try:
        row = from_json(text)
    except ValueError:
        row = _parsed_by_the_library(text, place)
    if not isinstance(row, dict):
        raise Unreadable(place, f"the row is {sort_of_value(row)}", "a row is a JSON object")
    return row


def _parsed_by_the_library(text: str, place: str) -> object:
    """Takes lone surrogates, which pydantic's parser does not."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"not JSON, {_reason(error)} at column {error.colno:,}"
        raise Unreadable(place, problem, "correct the row, or give --skip-bad") from None
    except (RecursionError, ValueError):
        raise Unreadable(place, "not JSON that can be read", "correct the row, or give --skip-bad") from None


def _reason(error: json.JSONDecodeError) -> str:
    return error.msg[:1].lower() + error.msg[1:]


class Told(NamedTuple):
    """A work as its row has it: the line, the id, the text, and the fields that say something of it."""

    line: int
    id: str
    text: str
    said: dict[str, Any]


def works_of_rows(
    path: Path,
    id: str,
    options: ReadOptions,
    tally: Tally,
    refuse: Refuse,
    *,
    span: tuple[int, int] | None = None,
) -> Iterator[Told]:
    """The works of a JSONL file, or of a span of its bytes; ``tally.done`` grows with what is read."""
    before = tally.done
    name = str(path)
    skipped = 0 if span is None else span[0]
    with opened(path) as file:
        for row in rows(file, name, options, refuse, span):
            tally.done = before + file.position() - skipped
            tally.columns.update(row.fields.keys() - COLUMNS - {options.id_field, options.text_field})
            yield from told(row, f"{name}, line {row.line:,}", id, options, tally=tally, refuse=refuse)
    tally.done = before


def told(
    row: Row, place: str, stem: str, options: ReadOptions, *, tally: Tally, refuse: Refuse
) -> Iterator[Told]:
    """The work of a row; none where it is empty, which is counted, or bad, which ``refuse`` is told."""
    try:
        work = _told(row, place, stem, options)
    except Unreadable as error:
        refuse(error)
        return
    if work.text and not work.text.isspace():
        yield work
    else:
        tally.pass_over("empty", place)
        tally.kept.add(work.id)


def _told(row: Row, place: str, stem: str, options: ReadOptions) -> Told:
    text = row.fields.get(options.text_field)
    if not isinstance(text, str):
        raise no_text(row.fields, place, options.text_field)
    given = row.fields.get(options.id_field)
    work_id = f"{stem}#{row.line}" if given is None else checked_id(given, place, options.id_field)
    return Told(row.line, work_id, text, fields_of(row.fields, place))


def no_text(fields: Mapping[str, Any], place: str, field: str) -> Unreadable:
    """The error of a row whose field for the text is missing, or no string."""
    mend = "name the field with --text-field, or give --skip-bad"
    if field in fields:
        problem = f'the field "{field}" is {sort_of_value(fields[field])} and no string'
        return Unreadable(place, problem, mend)
    # A key that is no name might be text: only names are shown.
    names = [key for key in fields if len(key) <= 40 and key.replace("-", "_").isidentifier()]
    has = f" (it has {', '.join(names[:SHOWN_FIELDS])})" if names else ""
    return Unreadable(place, f'has no field "{field}"{has}', mend)
