"""Commonplaces: what is no one's own, whatever work holds it, so that nobody is stopped for it.

Notices of licences, clauses, proverbs, and lists of months, countries, elements and codes are read from
``tables/commonplaces.txt``. What counts up is told by rule: numbers that follow each other in even steps,
known series such as primes and squares, and few words said over and over. A table of measured figures is
none of these and stays protected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count, islice
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from simblock.background import skip_words
from simblock.shingles import Rolling, hashes
from simblock.tokens import I64, U8, U32, U64, Bools
from simblock.words import words

RUN = 8
"""Words in a row that make a commonplace; fewer may stand anywhere."""
FEW = 2
"""So many different words, or fewer, of RUN in a row are one thing said over and over."""
TELLING = 1 / 3
"""Share of the words of a list that are not of the commonest 100: what has fewer is a sentence."""
FEWEST = 2
"""Of RUN words in a row, somewhere in a list, so many are not of the commonest 100."""
BESIDE = 3
"""Numbers in a row, at most, that are taken for the numbering of a list, whatever their order."""
LAGS = range(1, 7)
"""How many words lie between a number and the next of its column."""
COUNTED = 10_000
"""Numbers below this one are known by value."""
PI = "3 14159 26535 89793 23846 26433 83279 50288 41971 69399 37510 58209 74944 59230 78164"
"""Its digits, in the groups in which they are printed."""
_SLOTS = 1 << 18
_ALONE, _WORDED, _USUAL = 1, 2, 4
_F64 = NDArray[np.float64]


class _Phrases(NamedTuple):
    """Hashes u64, sorted: of items by their number of words, and of every RUN words of the longer ones.

    ``listed`` are the keys of numbers and of words of the former, ``worded`` of words of the longer ones,
    ``runs`` the hashes of those. By the low bits of a key, which another may share, ``kinds`` u8 [_SLOTS] has
    what a word is; ``pairs`` bool [_SLOTS], whether two words stand side by side in a short item.
    """

    short: dict[int, U64]
    long: U64
    kinds: U8
    pairs: Bools
    listed: frozenset[int]
    worded: frozenset[int]
    runs: frozenset[int]


class _Numbers(NamedTuple):
    """Sorted keys u32 [n], and f64 [series, n]: the value of each, then its place in each known series, or NaN."""

    keys: U32
    places: _F64


def commonplace(keys: U32) -> Bools:
    """Which words, of these in a row, lie in a commonplace: u32 [n] → bool [n]."""
    found = np.zeros(len(keys), bool)
    if len(keys) < RUN:
        return found
    kinds = _phrases().kinds[keys & np.uint32(_SLOTS - 1)]
    listed, usual = (kinds & _ALONE) != 0, (kinds & _USUAL) != 0
    at = np.flatnonzero(_phrases().pairs[_pairs(keys)])
    listed[at] = listed[at + 1] = True
    if _in_row((kinds & _WORDED) != 0).any():
        found |= _covered(keys, RUN, _phrases().long)
    maybe = _in_row(listed | found)
    if maybe.any():
        maybe &= (_within(listed & ~usual) >= FEWEST) | (_within(found) > 0)
    whole = found | _repeated(keys)
    for start, stop in _runs(_spread(np.flatnonzero(maybe), len(keys), RUN)):
        inside = slice(start, stop)
        whole[inside] |= _list(keys[inside], found[inside], usual[inside])
    return whole


def ends_commonplace(back: Sequence[int]) -> bool:
    """Whether the last of these words lies in a commonplace that has begun RUN words before or earlier."""
    last = back[-RUN:]
    if len(last) < RUN:
        return False
    phrases = _phrases()
    if len(set(last)) > FEW and not phrases.listed.issuperset(last):
        return phrases.worded.issuperset(last) and _hash(last) in phrases.runs
    return bool(commonplace(np.array(back, np.uint32))[-RUN:].all())


def _list(keys: U32, whole: Bools, usual: Bools) -> Bools:
    """Which words lie in a list; ``whole`` are those known without, ``usual`` those of the commonest 100."""
    found = whole | _numbering(keys)
    for n, known in _phrases().short.items():
        found |= _covered(keys, n, known)
    for start, stop in _runs(found):
        few = (stop - start) - usual[start:stop].sum() < TELLING * (stop - start)
        if stop - start < RUN or (few and not whole[start:stop].any()):
            found[start:stop] = False
    return found


def _pairs(keys: U32) -> U32:
    """The slot of each word with the next: u32 [n] → u32 [n - 1]."""
    return (keys[:-1] * np.uint32(0x9E3779B1) ^ keys[1:]) & np.uint32(_SLOTS - 1)


def _in_row(mask: Bools) -> Bools:
    """Whether RUN in a row are true, from each place on."""
    for reach in (1, 2, 4):  # RUN is 8
        mask = mask[:-reach] & mask[reach:]
    return mask


def _within(mask: Bools) -> I64:
    """How many of RUN in a row are true, from each place on."""
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(mask)])
    return cast(I64, sums[RUN:] - sums[:-RUN])


def _places(known: U32 | U64, wanted: U32 | U64) -> I64:
    """Where each stands in a sorted array, or -1."""
    at = np.searchsorted(known, wanted)
    at[at == len(known)] = 0
    return np.where(known[at] == wanted, at, -1)


def _spread(at: I64, size: int, n: int) -> Bools:
    """Of ``size`` words those in the runs of ``n`` that begin at these places."""
    found = np.zeros(size, bool)
    for place in range(n if len(at) else 0):
        found[at + place] = True
    return found


def _hash(keys: Sequence[int]) -> int | None:
    """:func:`simblock.shingles.hashes` of RUN words, sooner than by arrays."""
    rolling = Rolling(RUN)
    return [rolling.push(key) for key in keys][-1]


def _covered(keys: U32, n: int, known: U64) -> Bools:
    """Which words lie in a shingle of ``n`` that is known."""
    return _spread(np.flatnonzero(_places(known, hashes(keys, n)) >= 0), len(keys), n)


def _repeated(keys: U32) -> Bools:
    """Which words lie among RUN in a row of which no more than FEW are different."""
    again = np.concatenate([[False, False], (keys[2:] == keys[1:-1]) | (keys[2:] == keys[:-2])])
    at = np.flatnonzero(_within(again) >= (RUN - FEW) // 2)  # so many in any such run
    if len(at):
        windows = np.sort(keys[at[:, None] + np.arange(RUN)], axis=1)
        at = at[(windows[:, 1:] != windows[:, :-1]).sum(axis=1) < FEW]
    return _spread(at, len(keys), RUN)


def _numbering(keys: U32) -> Bools:
    """Which words are numbers that count up or down, or stand between other words as numbers of a list do."""
    numbers = _numbers()
    at = _places(numbers.keys, keys)
    found = at >= 0
    many = [run for run in _runs(found) if run[1] - run[0] > BESIDE]
    if many:
        order = _in_order(np.where(found, numbers.places[:, at], np.nan))
        for start, stop in many:
            found[start:stop] = order[start:stop]
    return found


def _in_order(places: _F64) -> Bools:
    """Which words are one of three values in even steps, or neighbours in a series, at one of the LAGS."""
    found = np.zeros(places.shape[1], bool)
    for lag in LAGS:
        steps = places[:, lag:] - places[:, :-lag]
        even = np.flatnonzero(steps[0, lag:] == steps[0, :-lag])
        beside = np.flatnonzero((np.abs(steps[1:]) == 1).any(axis=0))
        for at in (even, even + lag, even + 2 * lag, beside, beside + lag):
            found[at] = True
    return found


def _runs(mask: Bools) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch that is true."""
    padded = np.zeros(len(mask) + 2, bool)
    padded[1:-1] = mask
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


# -- what is known


@cache
def _phrases() -> _Phrases:
    items = [*_listed(), *_generated()]
    read, ends = words("\n".join(items)), np.cumsum([len(item) + 1 for item in items])
    bounds = np.searchsorted(read.starts, np.concatenate([[0], ends]))
    sizes = np.diff(bounds)
    made = {n: hashes(read.keys, n)[bounds[:-1][sizes == n]] for n in range(1, RUN)}
    long = [hashes(read.keys[first : first + size], RUN) for first, size in _long(bounds)]
    few = np.repeat(sizes < RUN, sizes)
    listed = np.unique(np.concatenate([read.keys[few], _numbers().keys]))
    worded, runs = np.unique(read.keys[~few]), np.unique(np.concatenate(long))
    kinds = np.zeros(_SLOTS, np.uint8)
    alone = np.concatenate([read.keys[np.repeat(sizes == 1, sizes)], _numbers().keys])
    for keys, kind in ((alone, _ALONE), (worded, _WORDED), (words("\n".join(skip_words())).keys, _USUAL)):
        kinds[keys & np.uint32(_SLOTS - 1)] |= np.uint8(kind)
    pairs = np.zeros(_SLOTS, bool)
    pairs[_pairs(read.keys)[few[1:] & (np.diff(np.repeat(np.arange(len(sizes)), sizes)) == 0)]] = True
    short = {n: np.unique(some) for n, some in made.items() if len(some)}
    sets = (frozenset(some.tolist()) for some in (listed, worded, runs))
    return _Phrases(short, runs, kinds, pairs, *sets)


def _long(bounds: I64) -> Iterator[tuple[int, int]]:
    """First word and number of words of each item of RUN words and more."""
    pairs = zip(bounds[:-1].tolist(), np.diff(bounds).tolist(), strict=True)
    return ((first, size) for first, size in pairs if size >= RUN)


def _listed() -> list[str]:
    from importlib.resources import files  # as in simblock.background

    text = files("simblock").joinpath("tables", "commonplaces.txt").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [item.strip() for item in rows.replace("\n ", " ").replace("\n", "|").split("|") if item]


def _generated() -> Iterator[str]:
    """Items that are made rather than listed: letters, bytes, and Roman numerals to a hundred."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    yield from letters
    yield from (2 * letter for letter in letters)
    yield from (f"0x{code:02x}" for code in range(256))
    yield from (_roman(number) for number in range(1, 101))


def _roman(number: int) -> str:
    signs = (
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    )
    made = ""
    for value, sign in signs:
        made += sign * (number // value)
        number %= value
    return made


@cache
def _numbers() -> _Numbers:
    """Numbers below COUNTED, with and without a zero before them, and those of known series."""
    values = {str(n): float(n) for n in range(COUNTED)} | {f"{n:02}": float(n) for n in range(10)}
    known = [values, *({text: float(at) for at, text in enumerate(one)} for one in _series())]
    place = {text: at for at, text in enumerate({text: None for one in known for text in one})}
    places = np.full((len(known), len(place)), np.nan)
    for row, one in zip(places, known, strict=True):
        row[[place[text] for text in one]] = list(one.values())
    keys, first = np.unique(words("\n".join(place)).keys, return_index=True)
    return _Numbers(keys, places[:, first])


def _series() -> Iterator[list[str]]:
    """Series that every one writes alike; of numbers that stand twice in one, the latter place counts."""
    made: tuple[Iterator[int], ...] = (
        islice((n for n in count(2) if all(n % d for d in range(2, int(n**0.5) + 1))), 500),
        islice(_fibonacci(), 90),
        (1 << n for n in range(65)),
        (10**n for n in range(31)),
        (n * n for n in range(200)),
        (n**3 for n in range(200)),
        (n * (n + 1) // 2 for n in range(200)),
        islice(_factorials(), 30),
    )
    yield from ([str(n) for n in one] for one in made)
    yield PI.split()
    yield from ([f"{n:0{width}b}" for n in range(1 << width)] for width in (3, 4, 5, 6, 7, 8))
    yield from ([f"{n:0{width}x}" for n in range(0, 4096, 16)] for width in (4, 8))


def _fibonacci() -> Iterator[int]:
    low, high = 0, 1
    while True:
        yield low
        low, high = high, low + high


def _factorials() -> Iterator[int]:
    made = 1
    for n in count(1):
        yield made
        made *= n
