r"""Escapes of string literals, read as what they stand for, at any depth of escaping.

A run of backslashes with n, r, t, f, v, b or 0 behind it is a space. With ``uXXXX``, ``UXXXXXXXX``,
``u{X…}`` (up to six digits) or ``xXX`` it is that character; two halves of a surrogate pair,
each with a run of its own, are one. Otherwise the run is a JOIN, like an apostrophe, and so is
a backslash that an escape stands for: it begins no other.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock.folding import CODE_POINTS
from simblock.tokens import I64, U8, U32, Bools

SPACE, JOINER, BACKSLASH = 0x20, 0x27, 0x5C
SPACES = "nrtfvb0"
DIGITS_OF = {"x": 2, "u": 4, "U": 8}
"""The letter of an escape → its number of hexadecimal digits."""
BRACED_DIGITS = 6

_HIGH, _LOW = 0xD800 >> 10, 0xDC00 >> 10  # the upper bits of halves of surrogate pairs
_H = "[0-9a-fA-F]"
_whole = re.compile(rf"[{SPACES}]|x{_H}{{2}}|u{_H}{{4}}|U{_H}{{8}}|u\{{{_H}{{1,6}}\}}").fullmatch
_begun = re.compile(rf"x{_H}?|u{_H}{{0,3}}|U{_H}{{0,7}}|u\{{{_H}{{0,6}}").fullmatch
_begun_low = re.compile(rf"u(?:[dD](?:[c-fC-F]{_H}?)?)?").fullmatch

_IS_SPACE = np.zeros(128, np.bool_)
_IS_SPACE[[ord(char) for char in SPACES]] = True
_NO_HEX = 16
_HEX = np.full(128, _NO_HEX, np.uint8)
for _digit in string.hexdigits:
    _HEX[ord(_digit)] = int(_digit, 16)


class Unescaped(NamedTuple):
    """Code points u8 or u32 [n], and i64 [n + 1]: element i was read from [offsets[i], offsets[i + 1])."""

    points: U8 | U32
    offsets: I64


def unescape(points: U8 | U32) -> Unescaped | None:
    """Read the escapes of whole text, or None where it has no backslash."""
    slashes = np.flatnonzero(points == BACKSLASH)
    if not len(slashes):
        return None
    breaks = np.flatnonzero(np.diff(slashes) != 1)
    starts = slashes[np.concatenate(([0], breaks + 1))]
    behind = slashes[np.concatenate((breaks, [len(slashes) - 1]))] + 1
    values, lengths, pairable = _read(points, behind)
    ends = behind + lengths
    values, starts, ends = _join_pairs(values, starts, ends, pairable)
    values[values == BACKSLASH] = JOINER
    return _replace(points, values, starts, ends)


def _read(points: U8 | U32, behind: I64) -> tuple[I64, I64, Bools]:
    """Of each run: the value, the characters behind it that belong to it, and whether it is uXXXX."""
    padded = np.concatenate((points, np.zeros(10, points.dtype)))
    columns = [np.minimum(padded[behind + i], 127).astype(np.uint8) for i in range(10)]
    values = np.full(len(behind), JOINER, np.int64)
    lengths = np.zeros(len(behind), np.int64)
    simple = _IS_SPACE[columns[0]]
    values[simple], lengths[simple] = SPACE, 1
    digits = [_HEX[column] for column in columns]
    pairable = np.zeros(len(behind), np.bool_)
    for letter, count in DIGITS_OF.items():
        found = columns[0] == ord(letter)
        if not found.any():
            continue
        value, count_read = _hexadecimal(digits[1 : count + 1])
        found &= (count_read == count) & (value < CODE_POINTS)
        values[found], lengths[found] = value[found], count + 1
        if letter == "u":
            pairable = found
    _read_braced(columns, digits, values, lengths)
    return values, lengths, pairable


def _read_braced(columns: list[U8], digits: list[U8], values: I64, lengths: I64) -> None:
    rows = np.flatnonzero((columns[0] == ord("u")) & (columns[1] == ord("{")))
    if not len(rows):
        return
    value, count = _hexadecimal([column[rows] for column in digits[2 : BRACED_DIGITS + 2]])
    closing = np.stack([column[rows] for column in columns])[count + 2, np.arange(len(rows))]
    good = (count > 0) & (closing == ord("}")) & (value < CODE_POINTS)
    values[rows[good]], lengths[rows[good]] = value[good], count[good] + 3


def _hexadecimal(digits: list[U8]) -> tuple[I64, I64]:
    """The value of the leading hexadecimal digits, and how many they are, of every row."""
    value = np.zeros(len(digits[0]), np.int64)
    count = np.zeros(len(value), np.int64)
    going = np.ones(len(value), np.bool_)
    for column in digits:
        going &= column != _NO_HEX
        value = np.where(going, (value << 4) | column, value)
        count += going
    return value, count


def _join_pairs(values: I64, starts: I64, ends: I64, pairable: Bools) -> tuple[I64, I64, I64]:
    high = pairable & (values >> 10 == _HIGH)
    low = pairable & (values >> 10 == _LOW)
    pair = np.flatnonzero(high[:-1] & low[1:] & (ends[:-1] == starts[1:]))
    if len(pair):
        values[pair] = 0x10000 + ((values[pair] - 0xD800) << 10) + (values[pair + 1] - 0xDC00)
        ends[pair] = ends[pair + 1]
        keep = np.ones(len(values), np.bool_)
        keep[pair + 1] = False
        values, starts, ends = values[keep], starts[keep], ends[keep]
    return values, starts, ends


def _replace(points: U8 | U32, values: I64, starts: I64, ends: I64) -> Unescaped:
    """Put one element in the place of each [starts, ends)."""
    change = np.zeros(len(points) + 1, np.int8)
    change[starts + 1] += 1
    change[ends] -= 1
    kept = np.flatnonzero(np.cumsum(change, dtype=np.int8)[:-1] == 0)
    wide = points if values.max() < 256 or points.dtype != np.uint8 else points.astype(np.uint32)
    elements = wide[kept]
    elements[np.searchsorted(kept, starts)] = values
    return Unescaped(elements, np.append(kept, len(points)))


Read: TypeAlias = tuple[str, int]
"""One character as read, and where it ends in the text; it begins where the one before it ended."""


class EscapeReader:
    """The incremental twin of :func:`unescape`: takes chunks, gives characters with their ends."""

    __slots__ = ("_high", "_high_at", "_high_end", "_rest", "_run", "position")

    def __init__(self) -> None:
        self.position = 0
        """Characters taken so far."""
        self._run = -1  # where the run of backslashes of an undecided escape begins
        self._rest = ""  # and what stands behind it
        self._high = -1  # the first half of a surrogate pair that may go on, and its place
        self._high_at = self._high_end = 0

    @property
    def undecided(self) -> int:
        """Where the escape begins that more text may change; else ``position``."""
        if self._high >= 0:
            return self._high_at
        return self._run if self._run >= 0 else self.position

    def skip(self, length: int) -> None:
        """Pass over text that was read elsewhere. Nothing may be undecided."""
        self.position += length

    def feed(self, chunk: str) -> Iterable[Read]:
        """The characters that are now certain."""
        if self._run < 0 and self._high < 0 and "\\" not in chunk:
            start = self.position
            self.position = end = start + len(chunk)
            return zip(chunk, range(start + 1, end + 1), strict=True)
        out: list[Read] = []
        for char in chunk:
            self._take(char, out)
            self.position += 1
        return out

    def finish(self) -> Iterable[Read]:
        """What is left, as it reads at the end of the text."""
        out: list[Read] = []
        self._give_up(out)
        return out

    def _take(self, char: str, out: list[Read]) -> None:
        if self._run < 0:
            self._begin(char, out)
        elif self._rest or char != "\\":
            rest = self._rest + char
            if _begun(rest):
                self._rest = rest
                if not _begun_low(rest):
                    self._drop_high(out)
            elif _whole(rest) and (value := _value(rest)) < CODE_POINTS:
                self._put(value, rest, out)
            else:
                self._give_up(out)
                self._begin(char, out)

    def _begin(self, char: str, out: list[Read]) -> None:
        if char == "\\":
            self._run = self.position
        else:
            self._drop_high(out)
            out.append((char, self.position + 1))

    def _put(self, value: int, rest: str, out: list[Read]) -> None:
        """An escape ends with the character at ``position``."""
        at, self._run, self._rest = self._run, -1, ""
        half = value >> 10 if len(rest) == 5 and rest[0] == "u" else 0
        if self._high >= 0 and half == _LOW:
            value = 0x10000 + ((self._high - 0xD800) << 10) + (value - 0xDC00)
            self._high = -1
        self._drop_high(out)
        if half == _HIGH:
            self._high, self._high_at, self._high_end = value, at, self.position + 1
        else:
            out.append((chr(JOINER if value == BACKSLASH else value), self.position + 1))

    def _give_up(self, out: list[Read]) -> None:
        """The run of backslashes begins no escape: it is a JOIN, and what stands behind it is itself."""
        self._drop_high(out)
        if self._run >= 0:
            end = self.position - len(self._rest)
            out.append((chr(JOINER), end))
            out.extend((char, end + i) for i, char in enumerate(self._rest, 1))
            self._run, self._rest = -1, ""

    def _drop_high(self, out: list[Read]) -> None:
        if self._high >= 0:
            out.append((chr(self._high), self._high_end))
            self._high = -1


def _value(escape: str) -> int:
    return SPACE if escape in SPACES else int(escape[1:].strip("{}"), 16)
