"""JSON as it stands on the wire: read whatever clients read, and never read it differently from them.

pydantic's parser first, three times as fast; on failure the standard library's, for only that takes lone surrogates,
which models do send. Two readers may take different ones of two fields of the same name: :func:`repeats_keys` finds them.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic_core import from_json

from simblock.errors import InputError

DEPTH = 200
"""How deep objects and lists may stand in one another: that of pydantic's parser, whichever read them."""

_SPACED = re.compile(rb"[ \t\n\r]:")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False)
_HEX = "[0-9a-fA-F]"
_UNITS = re.compile(rf"(?:[^\\]|\\[^u]|\\u(?:{_HEX}{{4}}|(?!{_HEX}{{0,3}}\Z)))*+", re.DOTALL)
_HIGHS = re.compile(rf"(?:\\u[dD][89abAB]{_HEX}{{2}}|[\ud800-\udbff])+\Z")


def parse(data: bytes) -> Any:
    """The value that ``data`` is the JSON of; NaN and infinities are taken.

    Raises InputError, without a word of the data, where it is none, or deeper than :data:`DEPTH`.
    """
    try:
        return from_json(data)
    except ValueError:
        return _parse_slowly(data)


def _parse_slowly(data: bytes) -> Any:
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"what should be JSON is none{where}: see what the other side sends") from None
    if _is_deep(value):
        raise InputError(f"JSON over {DEPTH} levels deep: see what the other side sends")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH + 1):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def repeats_keys(data: bytes, value: Any, keys: int) -> bool:
    """Whether some object in ``data``, which :func:`parse` has read as ``value``, has a field twice.

    ``keys``: how many fields of ``value`` were met; where they are all and no text has a colon, a count says no at once.
    """
    if data.count(b":") == keys:
        return False
    # no field is written with a space before its colon, so each has one of these
    if data.count(b'":') == keys and not _SPACED.search(data):
        return False
    if not isinstance(value, dict | list):
        return False
    try:
        json.loads(data.decode(), object_pairs_hook=_once)
    except _Repeated:
        return True
    except (ValueError, RecursionError):
        return True  # the two parsers differ: so may the client's
    return False


class _Repeated(Exception):
    """An object has a field twice."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise _Repeated


def dump(value: Any) -> bytes:
    """The JSON of a value: compact, in UTF-8, lone surrogates as escapes; null for numbers that JSON does not know."""
    try:
        text = _ENCODER.encode(value)
    except ValueError:
        text = _ENCODER.encode(_finite(value))
    return text.encode("utf-8", "backslashreplace")


def _finite(value: Any) -> Any:
    """The value without NaN and infinities, which clients refuse: 1e400 is read as one."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def whole_escapes(text: str) -> int:
    r"""How long a prefix of JSON source may be so that it ends inside no escape.

    Not inside ``\n`` or ``\u0041``, and not behind a high surrogate, whose other half may follow.
    """
    if "\\" not in text[-12:] and not "\ud800" <= text[-1:] <= "\udbff":
        return len(text)
    end = _end(_UNITS, text)
    highs = _HIGHS.search(text, 0, end)
    return highs.start() if highs else end


def _end(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0
