r"""Escapes of string literals, read as what they stand for, at any depth of escaping.

A run of backslashes with n, r, t, f, v or b behind it is a space. With ``uXXXX``, ``UXXXXXXXX``,
``u{X…}`` (up to six digits), ``xXX`` or one to three octal digits it is that character (so ``0`` alone,
a NUL, separates). Escapes that follow one another, each with a run of its own, are one character where
they are the halves of a surrogate pair, or as ``xXX`` or octal the bytes of a character in UTF-8 (as C
and Python's bytes have it; the few strings of Latin-1 that are UTF-8 too, such as ``\xc5\xad``, read so).
Otherwise the run is a JOIN, like an apostrophe, and so is a backslash that an escape stands for: it
begins no other.

At most 16 characters are undecided at a time, a run of backslashes counting as one: four bytes.
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
SPACES = "nrtfvb"
DIGITS_OF = {"x": 2, "u": 4, "U": 8}
"""The letter of an escape → its number of hexadecimal digits."""
BRACED_DIGITS = 6
OCTAL_DIGITS = 3
MOST_BYTES = 4
"""A character has as many in UTF-8."""

_HIGH, _LOW = 0xD800 >> 10, 0xDC00 >> 10  # the upper bits of halves of surrogate pairs
_LEAST_LEAD, _MOST_LEAD = 0xC2, 0xF4  # first bytes in UTF-8 of what is not ASCII
_FOLLOWING = 0x80 >> 6  # the upper bits of bytes that go on with a character
_LONE, _HALF, _BYTE = range(3)  # what an escape may be a part of: nothing, a surrogate pair, UTF-8
_H = "[0-9a-fA-F]"
_whole = re.compile(rf"[{SPACES}]|[0-7]{{3}}|x{_H}{{2}}|u{_H}{{4}}|U{_H}{{8}}|u\{{{_H}{{1,6}}\}}").fullmatch
_octal = re.compile("[0-7]{1,3}").fullmatch
_begun = re.compile(rf"[0-7]{{1,2}}|x{_H}?|u{_H}{{0,3}}|U{_H}{{0,7}}|u\{{{_H}{{0,6}}").fullmatch
_begun_low = re.compile(rf"u(?:[dD](?:[c-fC-F]{_H}?)?)?").fullmatch
_begun_following = re.compile(rf"2[0-7]?|x(?:[89abAB]{_H}?)?").fullmatch

_PART_OF = {"u": _HALF, "x": _BYTE}
_LEAST_OF = np.array([0, 0, 0x80, 0x800, 0x10000])  # of a character of so many bytes
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
    values, lengths, parts = _read(points, behind)
    values, starts, ends = _join(values, starts, behind + lengths, parts)
    values[values == BACKSLASH] = JOINER
    return _replace(points, values, starts, ends)


def _read(points: U8 | U32, behind: I64) -> tuple[I64, I64, U8]:
    """Of each run: the value, the characters behind it that belong to it, and what it may be a part of."""
    padded = np.concatenate((points, np.zeros(10, points.dtype)))
    columns = [np.minimum(padded[behind + i], 127).astype(np.uint8) for i in range(10)]
    values = np.full(len(behind), JOINER, np.int64)
    lengths = np.zeros(len(behind), np.int64)
    simple = _IS_SPACE[columns[0]]
    values[simple], lengths[simple] = SPACE, 1
    parts = np.zeros(len(behind), np.uint8)
    digits = [_HEX[column] for column in columns]
    value, count = _number(digits[:OCTAL_DIGITS], 3)
    octal = count > 0
    values[octal], lengths[octal] = value[octal], count[octal]
    parts[octal & (value < 256)] = _BYTE
    for letter, size in DIGITS_OF.items():
        found = columns[0] == ord(letter)
        if not found.any():
            continue
        value, count = _number(digits[1 : size + 1], 4)
        found &= (count == size) & (value < CODE_POINTS)
        values[found], lengths[found] = value[found], size + 1
        parts[found] = _PART_OF.get(letter, _LONE)
    _read_braced(columns, digits, values, lengths)
    return values, lengths, parts


def _read_braced(columns: list[U8], digits: list[U8], values: I64, lengths: I64) -> None:
    rows = np.flatnonzero((columns[0] == ord("u")) & (columns[1] == ord("{")))
    if not len(rows):
        return
    value, count = _number([column[rows] for column in digits[2 : BRACED_DIGITS + 2]], 4)
    closing = np.stack([column[rows] for column in columns])[count + 2, np.arange(len(rows))]
    good = (count > 0) & (closing == ord("}")) & (value < CODE_POINTS)
    values[rows[good]], lengths[rows[good]] = value[good], count[good] + 3


def _number(digits: list[U8], bits: int) -> tuple[I64, I64]:
    """The value of the leading digits of so many bits, and how many they are, of every row."""
    value = np.zeros(len(digits[0]), np.int64)
    count = np.zeros(len(value), np.int64)
    going = np.ones(len(value), np.bool_)
    for column in digits:
        going &= column < 1 << bits
        value = np.where(going, (value << bits) | column, value)
        count += going
    return value, count


def _join(values: I64, starts: I64, ends: I64, parts: U8) -> tuple[I64, I64, I64]:
    """Make one of the escapes that are parts of one character."""
    follows = np.concatenate(([False], ends[:-1] == starts[1:]))
    gone = np.zeros(len(values), np.bool_)
    _join_pairs(values, ends, gone, (parts == _HALF), follows)
    _join_bytes(values, ends, gone, (parts == _BYTE), follows)
    keep = ~gone
    return (values[keep], starts[keep], ends[keep]) if gone.any() else (values, starts, ends)


def _join_pairs(values: I64, ends: I64, gone: Bools, half: Bools, follows: Bools) -> None:
    high = half & (values >> 10 == _HIGH)
    low = half & (values >> 10 == _LOW) & follows
    pair = np.flatnonzero(high[:-1] & low[1:])
    values[pair] = 0x10000 + ((values[pair] - 0xD800) << 10) + (values[pair + 1] - 0xDC00)
    ends[pair] = ends[pair + 1]
    gone[pair + 1] = True


def _join_bytes(values: I64, ends: I64, gone: Bools, byte: Bools, follows: Bools) -> None:
    leads = np.flatnonzero(byte & (values >= _LEAST_LEAD) & (values <= _MOST_LEAD))
    following = byte & (values >> 6 == _FOLLOWING) & follows
    lead = values[leads]
    sizes = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    leads, lead, sizes = (column[leads + sizes <= len(values)] for column in (leads, lead, sizes))
    points = lead & (0x7F >> sizes)
    whole = np.ones(len(leads), np.bool_)
    for i in range(1, MOST_BYTES):
        at = np.minimum(leads + i, len(values) - 1)
        used = i < sizes
        whole &= ~used | following[at]
        points = np.where(used, (points << 6) | (values[at] & 0x3F), points)
    # As UTF-8 has it: none longer than needed, no halves of surrogate pairs, nothing beyond Unicode.
    whole &= (points >= _LEAST_OF[sizes]) & (points >> 11 != _HIGH >> 1) & (points < CODE_POINTS)
    leads, sizes = leads[whole], sizes[whole]
    values[leads], ends[leads] = points[whole], ends[leads + sizes - 1]
    for i in range(1, MOST_BYTES):
        gone[leads[i < sizes] + i] = True


def _replace(points: U8 | U32, values: I64, starts: I64, ends: I64) -> Unescaped:
    """Put one element in the place of each [starts, ends)."""
    lengths = ends - starts - 1
    gone = np.arange(int(lengths.sum())) + np.repeat(starts + 1 - (np.cumsum(lengths) - lengths), lengths)
    stays = np.ones(len(points), np.bool_)
    stays[gone] = False
    kept = np.flatnonzero(stays)
    wide = points if values.max() < 256 or points.dtype != np.uint8 else points.astype(np.uint32)
    elements = wide[kept]
    elements[np.searchsorted(kept, starts)] = values
    return Unescaped(elements, np.append(kept, len(points)))


Read: TypeAlias = tuple[str, int]
"""One character as read, and where it ends in the text; it begins where the one before it ended."""


class EscapeReader:
    """The incremental twin of :func:`unescape`: takes chunks, gives characters with their ends."""

    __slots__ = ("_held", "_held_at", "_part", "_rest", "_run", "_size", "position")

    def __init__(self) -> None:
        self.position = 0
        """Characters taken so far."""
        self._run = -1  # where the run of backslashes of an undecided escape begins
        self._rest = ""  # and what stands behind it
        self._held: list[Read] = []  # escapes that may make one character with those to come
        self._held_at = 0  # where they begin
        self._part = _LONE  # what they are parts of
        self._size = 1  # and of how many

    @property
    def undecided(self) -> int:
        """Where the escape begins that more text may change; else ``position``."""
        if self._held:
            return self._held_at
        return self._run if self._run >= 0 else self.position

    def skip(self, length: int) -> None:
        """Pass over text that was read elsewhere. Nothing may be undecided."""
        self.position += length

    def feed(self, chunk: str) -> Iterable[Read]:
        """The characters that are now certain."""
        if self._run < 0 and not self._held and "\\" not in chunk:
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
        self._break_off(out)
        self._drop_held(out)
        return out

    def _take(self, char: str, out: list[Read]) -> None:
        if self._run < 0:
            self._begin(char, out)
        elif self._rest or char != "\\":
            rest = self._rest + char
            if _begun(rest):
                self._rest = rest
                if self._held and not _BEGUN_LATER[self._part](rest):
                    self._drop_held(out)
            elif _whole(rest) and (value := _value(rest)) < CODE_POINTS:
                self._put(value, rest, self.position + 1, out)
            else:
                self._break_off(out)
                self._begin(char, out)

    def _begin(self, char: str, out: list[Read]) -> None:
        if char == "\\":
            self._run = self.position
        else:
            self._drop_held(out)
            out.append((char, self.position + 1))

    def _break_off(self, out: list[Read]) -> None:
        """What stands behind the run of backslashes ends before ``position``.

        It is octal digits, or no escape: then the run is a JOIN, and what stands behind it is itself.
        """
        if _octal(self._rest):
            self._put(_value(self._rest), self._rest, self.position, out)
        elif self._run >= 0:
            self._drop_held(out)
            end = self.position - len(self._rest)
            out.append((chr(JOINER), end))
            out.extend((char, end + i) for i, char in enumerate(self._rest, 1))
            self._run, self._rest = -1, ""

    def _put(self, value: int, rest: str, end: int, out: list[Read]) -> None:
        """An escape ends at ``end``."""
        at, self._run, self._rest = self._run, -1, ""
        part = _part(rest, value)
        char = chr(JOINER if value == BACKSLASH else value)
        if part == self._part and self._held and value >> _LATER[part][0] == _LATER[part][1]:
            self._held.append((char, end))
        else:
            self._drop_held(out)
            self._part, self._size = part, _size(part, value)
            if self._size == 1:
                out.append((char, end))
                return
            self._held, self._held_at = [(char, end)], at
        if len(self._held) == self._size:
            self._drop_held(out, _made("".join(held for held, _ in self._held), part))

    def _drop_held(self, out: list[Read], made: str | None = None) -> None:
        """What is held is ``made``, or else each escape by itself."""
        if self._held:
            out.extend(self._held if made is None else [(made, self._held[-1][1])])
            self._held = []


_BEGUN_LATER = {_HALF: _begun_low, _BYTE: _begun_following}
"""Part → whether an escape that begins so may go on with a character."""
_LATER = {_LONE: (0, -1), _HALF: (10, _LOW), _BYTE: (6, _FOLLOWING)}
"""Part → the upper bits of those that go on with a character: how far above, and what."""


def _value(escape: str) -> int:
    if escape in SPACES:
        return SPACE
    return int(escape, 8) if _octal(escape) else int(escape[1:].strip("{}"), 16)


def _part(escape: str, value: int) -> int:
    if _octal(escape):
        return _BYTE if value < 256 else _LONE
    return _LONE if escape[1:2] == "{" else _PART_OF.get(escape[0], _LONE)


def _size(part: int, value: int) -> int:
    """Of how many parts a character consists that begins with this one."""
    if part == _HALF:
        return 2 if value >> 10 == _HIGH else 1
    if part == _BYTE and _LEAST_LEAD <= value <= _MOST_LEAD:
        return 2 + (value >= 0xE0) + (value >= 0xF0)
    return 1


def _made(parts: str, part: int) -> str | None:
    """The character that consists of these, None where they are none."""
    if part == _HALF:
        return parts.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    try:
        return parts.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return None
