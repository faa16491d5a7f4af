"""What one code point counts as: its class, and what it folds to, whatever stands around it.

White space and controls separate. Then compatibility decomposition, case fold, decomposition
again; format characters and the accents of Latin, Greek, Cyrillic, Hebrew and Arabic vanish, and
look-alike letters become the Latin letter they pass for. Tables are filled by pages of 256 code
points when first asked for, so that importing this costs nothing.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np

from simblock.lookalikes import LOOKALIKES
from simblock.tokens import I64, U8, U32, U64

UNKNOWN = 0
"""Class: of a page that was not filled yet."""
SEP = 1
"""Class: ends a word."""
CHAR = 2
"""Class: a character of a script written without spaces, a token of its own."""
VANISH = 3
"""Class: as if it were not there."""
JOIN = 4
"""Class: vanishes between two letters, ends a word elsewhere."""
EXPAND = 5
"""Class: becomes several characters."""
DIGIT = 8
"""Class: in a word; no JOIN vanishes beside it."""
LETTER = 9
"""Class: in a word. DIGIT and LETTER are the highest two."""

CODE_POINTS = 0x110000
APOSTROPHES = frozenset("'‘’‛ʼ′")

_M64 = 0xFFFF_FFFF_FFFF_FFFF


class Ranges:
    """Inclusive ranges of code points."""

    __slots__ = ("_ranges",)

    def __init__(self, ranges: tuple[tuple[int, int], ...]) -> None:
        self._ranges = ranges

    def __contains__(self, point: int) -> bool:
        return any(low <= point <= high for low, high in self._ranges)


UNSPACED = Ranges(
    (
        (0x0E00, 0x0EFF),  # Thai, Lao
        (0x1000, 0x109F),  # Myanmar
        (0x1780, 0x17FF),  # Khmer
        (0x2E80, 0x2FDF),  # Han radicals
        (0x3005, 0x302D),  # Han iteration marks, numerals, tone marks
        (0x3031, 0x303C),  # kana repeat marks, Hangzhou numerals
        (0x3041, 0x30FF),  # Hiragana, Katakana
        (0x31F0, 0x31FF),  # Katakana extensions
        (0x3400, 0x4DBF),  # Han
        (0x4E00, 0x9FFF),
        (0xA9E0, 0xA9FF),  # Myanmar extensions
        (0xAA60, 0xAA7F),
        (0xF900, 0xFAFF),  # Han, compatibility
        (0x116D0, 0x116FF),  # Myanmar extension C
        (0x1AFF0, 0x1B16F),  # kana supplements
        (0x20000, 0x3FFFF),  # Han, the supplementary planes
    )
)
"""Scripts written without spaces."""

VANISHING_MARKS = Ranges(
    (
        (0x0300, 0x036F),  # combining diacritics, and their further blocks
        (0x1AB0, 0x1AFF),
        (0x1DC0, 0x1DFF),
        (0x20D0, 0x20FF),
        (0xFE20, 0xFE2F),
        (0x180B, 0x180F),  # variation selectors
        (0xFE00, 0xFE0F),
        (0xE0100, 0xE01EF),
        (0x0483, 0x0489),  # Cyrillic
        (0x2DE0, 0x2DFF),
        (0xA66F, 0xA69F),
        (0x0591, 0x05C7),  # Hebrew
        (0xFB1E, 0xFB1E),
        (0x0610, 0x061A),  # Arabic
        (0x064B, 0x065F),
        (0x0670, 0x0670),
        (0x06D6, 0x06ED),
        (0x0898, 0x089F),
        (0x08CA, 0x08FF),
        (0x10EFD, 0x10EFF),
        (0x3099, 0x309A),  # the voicing marks of kana
    )
)
"""Where marks are accents. Elsewhere they carry vowels, and count as letters."""

INVISIBLE = frozenset({0x17B4, 0x17B5})
"""Letters without a shape (inherent vowels of Khmer): format characters but in name."""

BLANK = frozenset({0x115F, 0x1160, 0x2800})
"""Letters and symbols that show as white space: fillers of Hangul (U+3164 and U+FFA0 decompose to one),
the braille pattern without dots."""


class Folded(NamedTuple):
    """One character as folded: its class and code point."""

    kind: int
    point: int


def mix64(value: int) -> int:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014), on an unsigned 64-bit value."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _M64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _M64
    return value ^ (value >> 31)


def term_of(point: int) -> int:
    """What a folded code point adds to the hash of its word: 64 well mixed bits."""
    return mix64(((point + 1) * 0x9E3779B97F4A7C15) & _M64)


def fold(char: str) -> tuple[Folded, ...]:
    """All that one character becomes, at least one entry; VANISH stands only where there is nothing else."""
    if unicodedata.category(char) in {"Cc", "Zs", "Zl", "Zp"}:
        return (Folded(SEP, 0x20),)
    seen = tuple(_classify(part) for part in _decompose(char))
    kept = tuple(one for one in seen if one.kind != VANISH)
    if len(kept) > 1 and all(one.kind == SEP for one in kept):  # an ellipsis
        return kept[:1]
    return kept or (Folded(VANISH, 0),)


def _decompose(char: str) -> str:
    folded = unicodedata.normalize("NFKD", char).casefold()
    return unicodedata.normalize("NFKD", folded)


def _classify(char: str) -> Folded:
    char = LOOKALIKES.get(char, char)
    point = ord(char)
    category = unicodedata.category(char)
    if char in APOSTROPHES or char == "\\":  # escapes were read before anything is folded
        return Folded(JOIN, 0x27)
    if point in BLANK:
        return Folded(SEP, 0x20)
    if category == "Cf" or point in INVISIBLE or (category[0] == "M" and point in VANISHING_MARKS):
        return Folded(VANISH, 0)
    if category[0] in "LM":
        return Folded(CHAR if point in UNSPACED else LETTER, point)
    if category[0] == "N":
        return Folded(CHAR if category == "Nl" and point in UNSPACED else DIGIT, point)
    return Folded(SEP, 0x20)


_WRITES_ESCAPES = np.array([chr(point).isalnum() for point in range(256)])
_REPLACED = ord("?")
"""What stands, once a text is encoded, where a character was of another encoding."""
_ALIKE = {SEP: 0x20, JOIN: 0x27, VANISH: 0xAD}
"""Characters of Latin-1 by their class."""


class Folds:
    """The tables by code point: ``kinds`` u8, ``points`` u32, ``terms`` u64 and ``narrow`` u8, each [0x110000].

    ``terms`` is :func:`term_of` of a letter's or digit's folded code point, 0 for all others. For an
    EXPAND, ``points`` holds the number of its :meth:`expansions`. ``narrow`` is a character of Latin-1 that counts as
    the same, 0 where there is none. Filled by :meth:`fill`.
    """

    def __init__(self) -> None:
        self.kinds: U8 = np.zeros(CODE_POINTS, np.uint8)
        self.points: U32 = np.zeros(CODE_POINTS, np.uint32)
        self.terms: U64 = np.zeros(CODE_POINTS, np.uint64)
        self.narrow: U8 = np.zeros(CODE_POINTS, np.uint8)
        self._several: list[tuple[Folded, ...]] = []
        self._filling = threading.Lock()
        self._flat: tuple[int, Expansions] | None = None
        self.fill(0)
        self._latin = self.kinds[:256].tobytes()

    def fill(self, page: int) -> None:
        """Fill the table for code points [256 page, 256 page + 256). Safe from several threads."""
        with self._filling:
            for point in range(page << 8, (page + 1) << 8):
                if self.kinds[point] == UNKNOWN:
                    self._set(point, fold(chr(point)))

    def _set(self, point: int, entries: tuple[Folded, ...]) -> None:
        kind, folded = entries[0]
        if len(entries) > 1:
            kind, folded = EXPAND, len(self._several)
            self._several.append(entries)
        self.points[point] = folded
        self.terms[point] = term_of(folded) if kind >= DIGIT else 0
        alike = _ALIKE.get(kind, folded if kind >= DIGIT and folded < 0x80 else 0)
        self.narrow[point] = alike
        self.kinds[point] = kind  # last: other threads go by it

    def kinds_of(self, points: U8 | U32) -> U8:
        """The classes of code points, filling pages as needed."""
        if points.dtype == np.uint8:  # its page is always filled
            return np.frombuffer(points.tobytes().translate(self._latin), np.uint8)
        kinds = self.kinds.take(points)
        if not kinds.all():
            missing = np.asarray(points)[kinds == UNKNOWN]
            for page in np.unique(missing >> 8).tolist():
                self.fill(page)
            kinds = self.kinds.take(points)
        return kinds

    def latin(self, text: str, *, escaped: bool) -> U8 | None:
        """Characters of Latin-1 that count as those of ``text``; None where some have none, or a quarter is others.

        In a text with escapes (``escaped``) no letter or digit stands for another: it might make one.
        """
        low = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)
        asked = np.flatnonzero(low == _REPLACED)
        if len(asked) * 4 > len(low):
            return None
        spelled = "".join(map(text.__getitem__, asked.tolist()))
        points = np.frombuffer(spelled.encode("utf-32-le", "surrogatepass"), np.uint32)
        self.kinds_of(points)
        alike = self.narrow[points]
        if not alike.all() or (escaped and _WRITES_ESCAPES[alike].any()):
            return None
        low = low.copy()
        low[asked] = alike
        return low

    def expansions(self) -> Expansions:
        """All expansions met so far, laid end to end."""
        if self._flat is None or self._flat[0] != len(self._several):
            self._flat = (len(self._several), Expansions.of(self._several))
        return self._flat[1]


class Expansions(NamedTuple):
    """Expansion i is [bounds[i], bounds[i + 1]) of kinds u8, points u32 and terms u64; bounds i64."""

    bounds: I64
    kinds: U8
    points: U32
    terms: U64

    @classmethod
    def of(cls, several: list[tuple[Folded, ...]]) -> Expansions:
        flat = [one for entries in several for one in entries]
        terms = [term_of(point) if kind >= DIGIT else 0 for kind, point in flat]
        return cls(
            np.cumsum([0, *map(len, several)], dtype=np.int64),
            np.array([kind for kind, _ in flat], np.uint8),
            np.array([point for _, point in flat], np.uint32),
            np.array(terms, np.uint64),
        )


@cache
def folds() -> Folds:
    """The tables of this process."""
    return Folds()
