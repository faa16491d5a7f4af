"""Words of whole texts, many at a time: the NumPy twin of :mod:`simblock.scanner`.

Text is taken in pieces of about 128 Ki characters, so that everything stays in cache, cut behind a
character that nothing can reach across.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import NamedTuple, cast

import numpy as np

from simblock.escapes import unescape
from simblock.folding import CHAR, DIGIT, EXPAND, JOIN, LETTER, VANISH, folds
from simblock.tokens import CHAR_KEY, I64, U8, U32, U64
from simblock.wordkeys import BASE, WORD_LIMIT, Powers, keys_of_sums
from simblock.wordreader import WordReader, key_of

CHUNK = 1 << 17
CLEAN = re.compile(
    r"[\0-&(-/:-@\[\]^_`|~\x7f-\x9f\s、。\u0E01-\u0E30\u0E81\u0EAA-\u0EB0\u1000-\u1021\u1780-\u17A2"
    r"\u3041-\u3096\u30A1-\u30FA\u3400-\u4DB5\u4E00-\u9FEF\U0001F300-\U0001F64F]"
)
"""Characters that end every word, escape and run of apostrophes, whatever stands around them."""

LONGEST = 1 << 20
"""A stretch without a clean character that is longer than this is read by the character, to bound memory."""

_powers = Powers(CHUNK + (CHUNK >> 3))


class Words(NamedTuple):
    """Token keys u32, starts and ends i64 in code points, all [n]."""

    keys: U32
    starts: I64
    ends: I64


class Pieces(NamedTuple):
    """Strings of word characters: elements [starts, ends), and how many of their word stand before each.

    A piece with none before it begins a word. All i64 [n].
    """

    starts: I64
    ends: I64
    before: I64


def words(text: str) -> Words:
    """The tokens of ``text``."""
    parts = [
        (_chunk if high - low <= LONGEST else _endless)(text[low:high], low) for low, high in _cuts(text)
    ]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[Words]) -> Words:
    return Words(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    low = 0
    while low + CHUNK < len(text):
        clean = CLEAN.search(text, low + CHUNK)
        high = clean.end() if clean else len(text)
        yield low, high
        low = high
    if low < len(text) or not low:
        yield low, len(text)


def _chunk(text: str, base: int) -> Words:
    points, offsets = _code_points(text)
    elements = _classify(points)
    keys, starts, ends = _tokens(elements, points)
    last = ends - 1
    if elements.owners is not None:
        starts, last = elements.owners[starts], elements.owners[last]
    if offsets is None:
        return Words(keys, starts + base, last + (base + 1))
    return Words(keys, offsets[starts] + base, offsets[last + 1] + base)


def _endless(text: str, base: int) -> Words:
    reader = WordReader()
    chunks = (reader.feed(text[low : low + CHUNK]) for low in range(0, len(text), CHUNK))
    parts = [
        Words(
            np.array([key_of(token) for token in found], np.uint32),
            np.array([start + base for _, start, _ in found], np.int64),
            np.array([end + base for _, _, end in found], np.int64),
        )
        for found in chain(chunks, (reader.finish() for _ in range(1)))
    ]
    return _joined(parts)


def _code_points(text: str) -> tuple[U8 | U32, I64 | None]:
    """The text with its escapes read, and where each element begins (None: element i at i)."""
    escaped = "\\" in text
    points = _points(text, escaped=escaped)
    return (unescape(points) if escaped else None) or (points, None)


def _points(text: str, *, escaped: bool) -> U8 | U32:
    """Code points that count as those of a text, as narrow as can be."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    low = folds().latin(text, escaped=escaped)
    if low is not None:
        return low
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


class Elements(NamedTuple):
    """Folded characters: class u8, term u64 (0 outside words), code point u32; and whose expansion each is.

    ``points`` is empty where no CHAR needs it; ``owners`` is None where nothing was expanded. All [n]. Where ``pairs``
    is not None, ``terms`` is empty and those are of every two elements: u64 [(n + 1) / 2].
    """

    kinds: U8
    terms: U64
    points: U32
    owners: I64 | None
    pairs: U64 | None = None


def _classify(points: U8 | U32) -> Elements:
    tables = folds()
    kinds = tables.kinds_of(points)
    expands = bool((kinds == EXPAND).any())
    if not (expands or (kinds == CHAR).any()):
        if points.dtype == np.uint8:
            return Elements(kinds, _NO_TERMS, _NO_POINTS, None, _pairs(cast(U8, points)))
        return Elements(kinds, tables.terms.take(points), _NO_POINTS, None)
    elements = Elements(kinds, tables.terms.take(points), tables.points.take(points), None)
    return _expand(elements) if expands else elements


_NO_TERMS, _NO_POINTS = np.zeros(0, np.uint64), np.zeros(0, np.uint32)


def _pairs(points: U8) -> U64:
    """The terms of every two characters, the second's times BASE; of an odd one at the end, its own."""
    if len(points) & 1:
        points = np.append(points, np.uint8(0))  # a space
    return _terms_of_pairs().take(points.view("<u2"))


@cache
def _terms_of_pairs() -> U64:
    """By two characters of Latin-1, the first in the lower byte: u64 [65536]."""
    terms = folds().terms[:256]
    table: U64 = (terms[:, None] * np.uint64(BASE) + terms[None, :]).ravel()
    return table


def _expand(short: Elements) -> Elements:
    """Lay out the characters that each EXPAND becomes."""
    several = folds().expansions()
    bounds = several.bounds
    at = np.flatnonzero(short.kinds == EXPAND)
    numbers = short.points[at]
    counts = np.ones(len(short.kinds), np.int64)
    counts[at] = bounds[numbers + 1] - bounds[numbers]
    owners = np.repeat(np.arange(len(counts)), counts)
    kinds, terms, points = short.kinds[owners], short.terms[owners], short.points[owners]
    spots = np.flatnonzero(kinds == EXPAND)
    begins = np.cumsum(counts) - counts
    source = bounds[points[spots]] + spots - begins[owners[spots]]
    kinds[spots], points[spots], terms[spots] = (
        several.kinds[source],
        several.points[source],
        several.terms[source],
    )
    return Elements(kinds, terms, points, owners)


def _tokens(elements: Elements, points: U8 | U32) -> Words:
    """Tokens of folded characters of ``points``; starts and ends count elements."""
    kinds = elements.kinds
    whole = _pieces(kinds)
    pieces = _limit(whole)
    if elements.pairs is not None and len(pieces.starts) == len(whole.starts):
        found = _hash_by_pairs(pieces, elements.pairs)
    else:  # a word cut at the limit may end between two of a pair
        terms = elements.terms if elements.pairs is None else folds().terms.take(points)
        found = _hash(pieces, terms)
    chars = np.flatnonzero(kinds == CHAR) if len(elements.points) else elements.points
    if not len(chars):
        return found
    keys = elements.points[chars] | np.uint32(CHAR_KEY)
    at = np.searchsorted(found.starts, chars)
    return Words(
        np.insert(found.keys, at, keys),
        np.insert(found.starts, at, chars),
        np.insert(found.ends, at, chars + 1),
    )


def _pieces(kinds: U8) -> Pieces:
    """Maximal strings of letters and digits, joined where only what vanishes stands between."""
    inside = kinds >= DIGIT
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    head = [0] if len(kinds) and inside[0] else []
    tail = [len(kinds)] if len(kinds) and inside[-1] else []
    if head or tail:
        edges = np.concatenate((head, edges, tail)).astype(np.int64)
    starts, ends = edges[0::2], edges[1::2]
    glued = _glued(kinds, starts)
    if not len(glued):
        return Pieces(starts, ends, np.zeros(0, np.int64))
    return Pieces(starts, ends, _before(ends - starts, glued))


def _before(lengths: I64, glued: I64) -> I64:
    """How many characters of its word stand before each piece."""
    before = np.zeros(len(lengths), np.int64)
    before[glued] = lengths[glued - 1]
    again = glued[1:][glued[1:] == glued[:-1] + 1]  # rock'n'roll: rare, so one after the other
    for piece in again.tolist():
        before[piece] = before[piece - 1] + lengths[piece - 1]
    return before


def _glued(kinds: U8, starts: I64) -> I64:
    """Which pieces go on with the word before them."""
    soft = np.flatnonzero((kinds == JOIN) | (kinds == VANISH))
    if not len(soft):
        return soft
    breaks = np.flatnonzero(np.diff(soft) != 1)
    firsts = np.concatenate(([0], breaks + 1))
    before = soft[firsts] - 1
    after = soft[np.concatenate((breaks, [len(soft) - 1]))] + 1
    inner = np.flatnonzero((before >= 0) & (after < len(kinds)))
    has_join = np.add.reduceat(kinds[soft] == JOIN, firsts, dtype=np.int64)[inner] > 0
    left, right = kinds[before[inner]], kinds[after[inner]]
    glue = (left >= DIGIT) & (right >= DIGIT) & (~has_join | ((left == LETTER) & (right == LETTER)))
    glued: I64 = np.searchsorted(starts, after[inner[glue]])
    return glued


def _limit(pieces: Pieces) -> Pieces:
    """Cut words behind every WORD_LIMIT folded characters."""
    starts, ends, before = pieces
    lengths = ends - starts
    if not len(before):
        if not len(lengths) or lengths.max() <= WORD_LIMIT:
            return pieces
        before = np.zeros(len(lengths), np.int64)
    elif int(lengths.max()) + int(before.max()) <= WORD_LIMIT:
        return pieces
    over = np.flatnonzero(before + lengths > WORD_LIMIT)
    if not len(over):
        return Pieces(starts, ends, before)
    cut, more = _cut(Pieces(starts[over], ends[over], before[over]))
    at = np.repeat(over + 1, more)
    first = np.concatenate(([0], np.cumsum(more + 1)[:-1]))
    columns = [column.copy() for column in (starts, ends, before)]
    for column, new in zip(columns, cut, strict=True):
        column[over] = new[first]
    return Pieces(
        *(np.insert(column, at, np.delete(new, first)) for column, new in zip(columns, cut, strict=True))
    )


def _cut(long: Pieces) -> tuple[Pieces, I64]:
    """Pieces that reach over the limit, in as many as there are words in them; how many more these are of each."""
    starts, ends, before = long
    stops = before + (ends - starts)
    first = before // WORD_LIMIT
    parts = (stops - 1) // WORD_LIMIT - first + 1
    which = np.repeat(np.arange(len(starts)), parts)
    number = first[which] + np.arange(len(which)) - (np.cumsum(parts) - parts)[which]
    low = np.maximum(before[which], number * WORD_LIMIT)
    high = np.minimum(stops[which], (number + 1) * WORD_LIMIT)
    shift = starts[which] - before[which]
    return Pieces(low + shift, high + shift, low % WORD_LIMIT), parts - 1


def _hash(pieces: Pieces, terms: U64) -> Words:
    """Keys of the words that pieces make up."""
    up, down = _powers(len(terms) + 1)
    sums = _sums(terms, up[:-1])
    totals = sums[pieces.ends]
    totals -= sums[pieces.starts]
    totals *= down[pieces.starts]
    return _words(totals, pieces, up)


def _hash_by_pairs(pieces: Pieces, pairs: U64) -> Words:
    """:func:`_hash` at half the cost, by terms of every two characters.

    What stands beside a piece is of no word and counts nothing: so the sum up to the pair in which a piece begins is
    that up to the piece, and that up to the end of the pair in which it ends is that up to its end.
    """
    up, down = _powers(2 * len(pairs) + 1)
    sums = _sums(pairs, up[:-1:2])
    totals = sums[(pieces.ends + 1) >> 1]
    totals -= sums[pieces.starts >> 1]
    totals *= down[pieces.starts]
    return _words(totals, pieces, up)


def _sums(terms: U64, powers: U64) -> U64:
    """Sums u64 [n + 1] of the first terms, each times its power."""
    sums = np.empty(len(terms) + 1, np.uint64)
    sums[0] = 0
    np.multiply(terms, powers, out=sums[1:])
    np.cumsum(sums[1:], out=sums[1:])
    return sums


def _words(totals: U64, pieces: Pieces, up: U64) -> Words:
    """Words from the polynomials of their pieces."""
    starts, ends, before = pieces
    if len(before):
        firsts = before == 0
        later = np.flatnonzero(~firsts)
        place = np.cumsum(firsts)[later] - 1
        more = totals[later] * up[before[later]]
        last = ends[later]
        totals, starts, ends = totals[firsts], starts[firsts], ends[firsts]
        np.add.at(totals, place, more)
        ends[place] = last  # of several, the last stands
    return Words(keys_of_sums(totals), starts, ends)
