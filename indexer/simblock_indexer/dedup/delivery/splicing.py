"""The text of one JSON row replaced, and not a byte of the rest that a parser sees."""

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
    """A string of a row, the span of its literal, and those of members before it that have its name, or that of an object
    that it lies in: parsers take the last of a name."""

    text: str
    span: Span
    earlier: tuple[Span, ...] = ()


class _Member(NamedTuple):
    """The value of a name, and the members before it of that name, each up to the next."""

    span: Span
    earlier: tuple[Span, ...] = ()


def string_of(row: str, field: str) -> Found:
    """The string in a field of a JSON object; the field may be a.b of nested objects. Raises ValueError where there
    is none."""
    try:
        span, earlier = _member(row, field)
        text = json.loads(row[span.start : span.end])
    except (IndexError, RecursionError):
        raise ValueError("no JSON object") from None
    if not isinstance(text, str):
        raise ValueError("no string")  # noqa: TRY004 -- of the row, not of an argument
    return Found(text, span, earlier)


def spliced(row: str, found: Found, text: str) -> str:
    """The row with a text in the place of a string, without what stands before it under the same name; escaped beyond ASCII
    where the row has nothing but that."""
    # Lone surrogates can be escaped, but not encoded.
    escaped = row.isascii() or not _encodes(text)
    starts = [0, *(span.end for span in found.earlier)]
    ends = [*(span.start for span in found.earlier), found.span.start]
    before = "".join(row[start:end] for start, end in zip(starts, ends, strict=True))
    return f"{before}{json.dumps(text, ensure_ascii=escaped)}{row[found.span.end :]}"


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _member(row: str, field: str) -> _Member:
    members = _members(row, _next(row, 0))
    if field in members:
        return members[field]
    found: _Member | None = None
    earlier: tuple[Span, ...] = ()
    for name in field.split("."):
        found = members.get(name)
        if found is None:
            break
        earlier += found.earlier
        members = _members(row, found.span.start) if row[found.span.start] == "{" else {}
    if found is None:
        raise ValueError("no such field")
    return _Member(found.span, earlier)


def _members(row: str, start: int) -> dict[str, _Member]:
    """The members of an object that begins at ``start``."""
    found: dict[str, _Member] = {}
    whole: dict[str, Span] = {}
    at = _next(row, start + 1)
    while row[at] != "}":
        first = at
        name, at = _DECODER.raw_decode(row, at)
        begin = _next(row, _next(row, at) + 1)
        _, end = _DECODER.raw_decode(row, begin)
        at = _next(row, end)
        if row[at] == ",":
            at = _next(row, at + 1)
        earlier = (*found[name].earlier, whole[name]) if name in found else ()
        found[name], whole[name] = _Member(Span(begin, end), earlier), Span(first, at)
    return found


def _next(row: str, at: int) -> int:
    while row[at] in _BLANK:
        at += 1
    return at
