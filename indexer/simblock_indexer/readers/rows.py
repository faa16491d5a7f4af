"""JSONL: a row a work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simblock_indexer.readers.decoding import decode
from simblock_indexer.readers.metadata import COLUMNS, checked_id, fields_of, sort_of_value
from simblock_indexer.readers.options import ReadOptions, spells_ascii
from simblock_indexer.readers.streams import Line, Opened, lines, opened
from simblock_indexer.readers.tally import Tally, Unreadable

Refuse = Callable[[Unreadable], None]

SHOWN_FIELDS = 8


class Row(NamedTuple):
    """A row of a file: the line it stands on, and its fields."""

    line: int
    fields: dict[str, Any]


def rows(file: Opened, name: str, options: ReadOptions, refuse: Refuse) -> Iterator[Row]:
    """The rows of an opened file; blank lines are passed over, bad rows handed to ``refuse``."""
    if not spells_ascii(options.encoding):
        raise Unreadable(name, f"rows cannot be read as {options.encoding}", "JSONL is UTF-8: convert it")
    for line in lines(file.lines, name, options.max_row, refuse):
        if line.data.isspace():
            continue
        try:
            yield Row(line.number, _parsed(line, name, options))
        except Unreadable as error:
            refuse(error)


def _parsed(line: Line, name: str, options: ReadOptions) -> dict[str, Any]:
    from pydantic_core import from_json

    place = f"{name}, line {line.number:,}"
    # Decoded here and not by the parser: its errors would not name the byte.
    text = decode(line.data, place, options, offset=line.offset)
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


def works_of_rows(path: Path, id: str, options: ReadOptions, tally: Tally, refuse: Refuse) -> Iterator[Told]:
    """The works of a JSONL file; ``tally.done`` grows with what is read."""
    before = tally.done
    name = str(path)
    with opened(path) as file:
        for row in rows(file, name, options, refuse):
            tally.done = before + file.position()
            tally.columns.update(row.fields.keys() - COLUMNS - {options.id_field, options.text_field})
            try:
                told = _told(row, name, id, options)
            except Unreadable as error:
                refuse(error)
                continue
            if not told.text or told.text.isspace():
                tally.pass_over("empty", f"{name}, line {row.line:,}")
                tally.kept.add(told.id)
                continue
            yield told
    tally.done = before


def _told(row: Row, name: str, stem: str, options: ReadOptions) -> Told:
    place = f"{name}, line {row.line:,}"
    text = row.fields.get(options.text_field)
    if not isinstance(text, str):
        raise _no_text(row, place, options.text_field)
    given = row.fields.get(options.id_field)
    work_id = f"{stem}#{row.line}" if given is None else checked_id(given, place, options.id_field)
    return Told(row.line, work_id, text, fields_of(row.fields, place))


def _no_text(row: Row, place: str, field: str) -> Unreadable:
    mend = "name the field with --text-field, or give --skip-bad"
    if field in row.fields:
        problem = f'the field "{field}" is {sort_of_value(row.fields[field])} and no string'
        return Unreadable(place, problem, mend)
    # A key that is no name might be text: only names are shown.
    names = [key for key in row.fields if len(key) <= 40 and key.replace("-", "_").isidentifier()]
    has = f" (it has {', '.join(names[:SHOWN_FIELDS])})" if names else ""
    return Unreadable(place, f'has no field "{field}"{has}', mend)
