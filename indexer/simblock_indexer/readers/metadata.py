"""What is known about a work: columns of a row, and a sidecar file of such rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from simblock.errors import UsageError
from simblock_indexer.escaping import encodable
from simblock_indexer.readers.options import ReadOptions, check_date
from simblock_indexer.readers.tally import Unreadable

STRINGS = ("title", "owner", "license", "url", "language", "expires")
COLUMNS = frozenset((*STRINGS, "tags", "kind"))
LONGEST_ID = 1024
"""In characters. A longer id is the wrong column, most likely the text."""

NAMES = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def sort_of_value(value: object) -> str:
    """The JSON name of a value's type: messages say it in place of the value."""
    return "null" if value is None else NAMES.get(type(value), "a string")


def checked_id(value: object, place: str, field: str) -> str:
    """A work's id from a row. Raises Unreadable unless it is a string or a whole number that can be printed."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Unreadable(place, f'the field "{field}" is {sort_of_value(value)}', "an id is a string")
    if not value or len(value) > LONGEST_ID:
        problem = f'the field "{field}" has {len(value):,} characters'
        raise Unreadable(place, problem, f"an id has 1 to {LONGEST_ID:,}; another column is --id-field")
    if not value.isprintable():
        problem = f'the field "{field}" holds characters that cannot be printed'
        raise Unreadable(place, problem, "an id is one line of letters and signs")
    return value


def fields_of(row: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The fields of :class:`Work` that a row gives, checked; the kind ``auto`` is none. Raises Unreadable naming the column."""
    given = {name: row[name] for name in COLUMNS if row.get(name) is not None}
    for name in given.keys() & STRINGS:
        given[name] = _string(given[name], name, place)
    if "expires" in given:
        given["expires"] = _date(given["expires"], place)
    if "tags" in given:
        given["tags"] = _tags(given["tags"], place)
    if given.get("kind") == "auto":
        del given["kind"]
    if given.get("kind", "text") not in ("text", "code"):
        raise Unreadable(place, 'the field "kind" is no kind', "it is auto, text or code")
    return given


def _string(value: object, name: str, place: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(place, f'the field "{name}" is {sort_of_value(value)}', "it must be a string")
    # Lone surrogates cannot be written anywhere; escaped they can, and are read the same.
    return encodable(value)


def _date(value: str, place: str) -> str:
    try:
        return check_date(value)
    except UsageError:
        raise Unreadable(place, 'the field "expires" is no date', "write it YYYY-MM-DD") from None


def _tags(value: object, place: str) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise Unreadable(place, f'the field "tags" is {sort_of_value(value)}', "it must be a list of strings")
    tags = (_string(tag, "tags", place).strip() for tag in parts)
    return tuple(tag for tag in tags if tag)


class Noted(NamedTuple):
    """A sidecar's row: its line, and what it says."""

    line: int
    fields: dict[str, Any]


class Sidecar:
    """Metadata by id, from rows of a file of their own; what it says goes before a work's own columns."""

    def __init__(self, name: str, rows: Iterable[tuple[int, dict[str, Any]]], options: ReadOptions) -> None:
        self._name = name
        self._rows: dict[str, Noted] = {}
        for line, row in rows:
            self._note(line, row, options.id_field)
        self._unused = set(self._rows)

    def _note(self, line: int, row: dict[str, Any], id_field: str) -> None:
        place = f"{self._name}, line {line:,}"
        if id_field not in row:
            raise Unreadable(place, f'has no field "{id_field}"', "say which work the row is about")
        work_id = checked_id(row[id_field], place, id_field)
        if work_id in self._rows:
            problem = f"the work {work_id[:80]!r} stands on line {self._rows[work_id].line:,} too"
            raise Unreadable(place, problem, "keep one of the rows")
        self._rows[work_id] = Noted(line, fields_of(row, place))

    def of(self, work_id: str) -> dict[str, Any]:
        """What the sidecar says of a work."""
        noted = self._rows.get(work_id)
        if noted is None:
            return {}
        self._unused.discard(work_id)
        return noted.fields

    def excuse(self, ids: Iterable[str]) -> None:
        """Counts these ids as met: their files are there, only not readable as works."""
        self._unused.difference_update(ids)

    def unmatched(self) -> list[Unreadable]:
        """An error for each row whose id no work has, by line."""
        mend = "correct the id, or leave the row out"
        return [
            Unreadable(
                f"{self._name}, line {self._rows[name].line:,}", f"no work is called {name[:80]!r}", mend
            )
            for name in sorted(self._unused, key=lambda name: self._rows[name].line)
        ]
