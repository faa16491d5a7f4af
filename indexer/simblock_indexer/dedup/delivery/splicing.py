"""The text of one JSON row replaced, and not a byte of the rest."""

from __future__ import annotations

import json
from typing import NamedTuple

_DECODER = json.JSONDecoder()
_BLANK = " \t\n\r"


class Span(NamedTuple):
    """Where a value stands: code points [start, end)."""

    start: int
    end: int


class Found(NamedTuple):
    """A string of a row, and the span of its literal."""

    text: str
    span: Span


def string_of(row: str, field: str) -> Found:
    """The string in a field of a JSON object; the field may be a.b of nested objects. Raises ValueError where there
    is none."""
    try:
        span = _span(row, field)
        text = json.loads(row[span.start : span.end])
    except (IndexError, RecursionError):
        raise ValueError("no JSON object") from None
    if not isinstance(text, str):
        raise ValueError("no string")  # noqa: TRY004 -- of the row, not of an argument
    return Found(text, span)


def spliced(row: str, span: Span, text: str) -> str:
    """The row with a text in the place of a literal; escaped beyond ASCII where the row has nothing but that."""
    # Lone surrogates can be escaped, but not encoded.
    escaped = row.isascii() or not _encodes(text)
    return f"{row[: span.start]}{json.dumps(text, ensure_ascii=escaped)}{row[span.end :]}"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _span(row: str, field: str) -> Span:
    members = _members(row, _next(row, 0))
    if field in members:
        return members[field]
    found: Span | None = None
    for name in field.split("."):
        found = members.get(name)
        if found is None:
            break
        members = _members(row, found.start) if row[found.start] == "{" else {}
    if found is None:
        raise ValueError("no such field")
    return found


def _members(row: str, start: int) -> dict[str, Span]:
    """The values of an object that begins at ``start``; of a name that stands twice, the last, as parsers have it."""
    found: dict[str, Span] = {}
    at = _next(row, start + 1)
    while row[at] != "}":
        name, at = _DECODER.raw_decode(row, at)
        begin = _next(row, _next(row, at) + 1)
        _, end = _DECODER.raw_decode(row, begin)
        found[name] = Span(begin, end)
        at = _next(row, end)
        if row[at] == ",":
            at = _next(row, at + 1)
    return found


def _next(row: str, at: int) -> int:
    while row[at] in _BLANK:
        at += 1
    return at
