"""Which texts may have masked words that are read a second time, as they were meant: all that have, and few more.

The signs are those of :mod:`simblock.masks`. Each is tried on the words alone that may show it by their characters, and
only where enough of these stand close together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias, cast

import numpy as np

from simblock.masks import CLAUSE, SIGNS, TWO, WHOLE, Sign
from simblock.segmenting import known_words
from simblock.tokens import CHAR_KEY, I64, U8, U32, U64, Bools, Runs
from simblock.unmasking import AGAIN, LONGEST_LOOK
from simblock.wordkeys import WORD_LIMIT
from simblock.words import words

_MARKS = "-\u2010\u2011&%=@$!|+(#<\u20ac\u00a30123456789"
_HYPHENS = "-\u2010\u2011"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASCII = "".join(map(chr, range(128)))
_POINTS = 0x110000


def may_be_masked(texts: Sequence[str], runs: Runs) -> Bools:
    """Which texts may have some: bool [n]. ``runs`` are their words."""
    seen = Seen(texts, runs)
    masked: Bools = np.zeros(len(texts), bool)
    masked[seen.owners[_fillers(seen)]] = True
    for sign in SIGNS:
        candidates = _MAY_SHOW[sign.name](seen) if sign.name in _MAY_SHOW else np.ones(len(seen.keys), bool)
        for text in np.unique(seen.owners[_gathered(candidates & seen.is_word, sign)]).tolist():
            masked[text] = masked[text] or _shown(seen, text, sign, candidates)
    return masked


class Seen:
    """The words of texts laid end to end, with what NumPy tells of their characters. All arrays [words].

    ``owners``: their texts; ``starts``, ``ends`` and ``gaps``, where the word before ends, in all texts; ``lengths``:
    characters as they stand; ``before``: the character before each, ``behind``: that behind the word before it;
    ``digits``, ``letters`` (of ASCII) and ``ascii``: how many of its characters are; ``marked``: a mark is among them, or
    between it and the word before.
    """

    def __init__(self, texts: Sequence[str], runs: Runs) -> None:
        self.texts, self.bounds = texts, runs.bounds
        self.keys = runs.tokens.keys
        self.is_word: Bools = self.keys < CHAR_KEY
        self.owners = np.repeat(np.arange(len(texts)), np.diff(runs.bounds))
        ends = np.cumsum([1, *(len(text) + 1 for text in texts[:-1])])  # one line feed before each
        self.points = _points("\n" + "\n".join(texts))
        shift = ends[self.owners]
        self.starts, self.ends = runs.tokens.starts + shift, runs.tokens.ends + shift
        self.gaps: I64 = np.empty(len(self.keys), np.int64)
        self.gaps[1:] = self.ends[:-1]
        firsts = runs.bounds[:-1][np.diff(runs.bounds) > 0]
        self.gaps[firsts] = shift[firsts]
        self.lengths = self.ends - self.starts
        self.before, self.behind = self.points[self.starts - 1], self.points[self.gaps]
        sums = np.zeros(len(self.points) + 1, np.uint64)
        np.cumsum(_sorts().take(self.points), out=sums[1:])
        inside, about = sums[self.ends] - sums[self.starts], sums[self.ends] - sums[self.gaps]
        self.digits, self.letters, self.ascii = (_field(inside, place) for place in (0, 1, 2))
        self.marked: Bools = _field(about, 3) > 0
        self._shift = ends

    def spelled(self, at: int) -> tuple[str, str]:
        """A word as it stands, and what stands between it and the word before."""
        owner = int(self.owners[at])
        text, shift = self.texts[owner], int(self._shift[owner])
        start, end = int(self.starts[at]) - shift, int(self.ends[at]) - shift
        low = max(int(self.gaps[at]) - shift, end - LONGEST_LOOK)
        return text[low:start], text[max(start, low) : end]


def _points(text: str) -> U8 | U32:
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def _table(characters: str) -> Bools:
    """Which code points are among some characters: bool [0x110000]."""
    table: Bools = np.zeros(_POINTS, bool)
    table[[ord(character) for character in characters]] = True
    return table


@cache
def _digits() -> Bools:
    return _table("".join(filter(str.isdigit, map(chr, range(_POINTS)))))


@cache
def _sorts() -> U64:
    """What sorts each code point is of, 16 bits a sort: sums of them count the characters of a stretch.

    Words have far fewer characters than 16 bits count, but for what vanishes in them, and that is ASCII; more of
    those spill over into marks, of which a word may well have one too many.
    """
    sorts = np.zeros(_POINTS, np.uint64)
    for place, table in enumerate((_digits(), _table(_LETTERS), _table(_ASCII), _table(_MARKS))):
        sorts |= table.astype(np.uint64) << np.uint64(16 * place)
    return sorts


def _field(sums: U64, place: int) -> I64:
    """The counts of one sort."""
    counts: I64 = (sums >> np.uint64(16 * place)).astype(np.uint16).astype(np.int64)
    return counts


@cache
def _known_keys() -> U32:
    """Keys of the known words, sorted."""
    return np.unique(words("\n".join(sorted(known_words()))).keys)


def _fillers(seen: Seen) -> I64:
    """Words that stand again and again at the same distance, all numbers being one."""
    keys = np.where(seen.digits == seen.lengths, np.int64(-1), seen.keys.astype(np.int64))
    found = [np.empty(0, np.int64)]
    for period, again in AGAIN.items():
        same = np.flatnonzero((keys[period:] == keys[:-period]) & seen.is_word[period:]) + period
        which: Bools = np.zeros(len(keys), bool)
        which[same] = True
        for number in range(1, again):
            same = same[same >= number * period]
            same = same[which[same - number * period]]
        found.append(same)
    return np.concatenate(found)


def _gathered(candidates: Bools, sign: Sign) -> I64:
    """The candidates that complete as many, as close together, as a sign needs."""
    at = np.flatnonzero(candidates)
    last = at[sign.need - 1 :]
    gathered: I64 = last[last - at[: len(last)] < sign.within]
    return gathered


def _shown(seen: Seen, text: int, sign: Sign, candidates: Bools) -> bool:
    """Whether enough of the candidates of a text show a sign."""
    first, stop = int(seen.bounds[text]), int(seen.bounds[text + 1])
    at = (np.flatnonzero(candidates[first:stop] & seen.is_word[first:stop]) + first).tolist()
    shows = [one for one in at if sign.test(*seen.spelled(one))]
    far = sign.need - 1
    return any(later - earlier < sign.within for earlier, later in zip(shows, shows[far:], strict=False))


_May: TypeAlias = Callable[[Seen], Bools]


def _behind(characters: str) -> _May:
    return lambda seen: _table(characters).take(seen.before)


def _of(least: int, most: int) -> _May:
    return lambda seen: (seen.lengths >= least) & (seen.lengths < most)


def _single(seen: Seen) -> Bools:
    return cast(Bools, (seen.lengths == 1) & ~_digits().take(seen.points[seen.starts]))


def _unknown(seen: Seen) -> Bools:
    """Words of such a length, but for known ones of ASCII, whose keys tell them."""
    may = _of(TWO, WHOLE)(seen)
    at = np.flatnonzero(may)
    known = np.isin(seen.keys[at], _known_keys()) & (seen.ascii[at] == seen.lengths[at])
    may[at[known]] = False
    return may


def _hyphened(seen: Seen) -> Bools:
    gaps = seen.starts - seen.gaps
    return cast(Bools, _table(_HYPHENS).take(seen.behind) & (gaps >= 1) & (gaps <= 4))


def _quoted(seen: Seen) -> Bools:
    gaps = seen.starts - seen.gaps
    return cast(Bools, (seen.before == ord("=")) | ((seen.behind == ord("=")) & (gaps <= 3)))


def _mixed(seen: Seen) -> Bools:
    """Words with a mark near them that have letters and something else besides; what is beyond ASCII may be either."""
    mixed = (seen.letters > 0) & (seen.letters < seen.lengths)
    return cast(Bools, (mixed | (seen.ascii < seen.lengths)) & seen.marked)


_MAY_SHOW: dict[str, _May] = {
    "single letters": _single,
    "a string of over 64 letters": _of(WORD_LIMIT, 1 << 62),
    "strings of words": _of(WHOLE, 1 << 62),
    "shorter strings": _of(CLAUSE, 1 << 62),
    "words run together": _unknown,
    "entities": _behind("&#"),
    "percent encoding": _behind("%"),
    "quoted-printable": _quoted,
    "hyphens in words": _hyphened,
    "hyphens at line ends": _hyphened,
    "leetspeak": _mixed,
}
"""Which words may show a sign, by its name; of a sign that is not here all words may."""
