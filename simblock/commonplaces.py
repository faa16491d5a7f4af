"""Commonplaces: what is no one's own, whatever work holds it, so that nobody is stopped for it.

Notices of licences, clauses, proverbs, and lists of months, countries, elements and codes are read from
``tables/commonplaces.txt``. What counts up is told by rule: numbers that follow each other in even steps,
known series such as primes and squares, and few words said over and over. The names of a list count in its
order, or beside what belongs to them, such as the capital of a country. A table of measured figures is none
of these and stays protected, and so are names in an order of someone's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from simblock.background import skip_words
from simblock.series import series
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
CHAIN = 4
"""So many numbers in even steps, or names in the order of their list, are counting."""
REACH = 2
"""How far the next name may lie in a list, for it may leave one out."""
SORTED = 8
"""So many names in the order of their list count however far apart they lie in it."""
LAGS = range(1, 7)
"""How many numbers lie between a number and the next of its column."""
COUNTED = 10_000
"""Numbers below this one are known by value."""
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


class _Lists(NamedTuple):
    """Names of lists: by number of words their hashes u64, sorted; by hash, each list and place that has it."""

    hashes: dict[int, U64]
    places: dict[int, tuple[tuple[int, int], ...]]


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


def prepare() -> None:
    """Reads the tables now."""
    _phrases(), _lists(), _numbers()


def _list(keys: U32, whole: Bools, usual: Bools) -> Bools:
    """Which words lie in a list; ``whole`` are those known without, ``usual`` those of the commonest 100."""
    found = whole | _numbering(keys) | _in_order(keys)
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
    """Which words are numbers that count up or down, whatever words stand between them."""
    numbers = _numbers()
    at = _places(numbers.keys, keys)
    found = at >= 0
    found[found] = _in_step(numbers.places[:, at[found]])
    return found


def _in_step(places: _F64) -> Bools:
    """Which numbers are of CHAIN in even steps, or of CHAIN that follow in a series, at one of the LAGS."""
    found = np.zeros(places.shape[1], bool)
    for lag in LAGS:
        steps = places[:, lag:] - places[:, :-lag]
        even = steps[0, lag:] == steps[0, :-lag]
        _mark(found, even[lag:] & even[:-lag], lag)
        for sign in (1, -1):
            beside = steps[1:] == sign
            _mark(
                found, (beside[:, 2 * lag :] & beside[:, lag:-lag] & beside[:, : -2 * lag]).any(axis=0), lag
            )
    return found


def _mark(found: Bools, first: Bools, lag: int) -> None:
    """Sets those of CHAIN that lie ``lag`` apart, where the first of them is true."""
    at = np.flatnonzero(first)
    for step in range(CHAIN):
        found[at + step * lag] = True


def _in_order(keys: U32) -> Bools:
    """Which words lie in names that follow each other as in a list that holds them."""
    found, taken = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
    hits: dict[int, list[tuple[int, int, int]]] = {}
    for n in sorted(_lists().hashes, reverse=True):
        made = hashes(keys, n)
        for at in np.flatnonzero(_places(_lists().hashes[n], made) >= 0).tolist():
            if not taken[at]:
                taken[at : at + n] = True
                for row, place in _lists().places[int(made[at])]:
                    hits.setdefault(row, []).append((at, n, place))
    for some in (sorted(row) for row in hits.values() if len(row) >= CHAIN):
        for (at, n, _), follows in zip(some, _follows([place for *_, place in some]), strict=True):
            found[at : at + n] |= follows
    return found


def _follows(places: Sequence[int]) -> list[bool]:
    """Which are of CHAIN that rise, or fall, by no more than REACH a step, or of SORTED that do by any step."""
    found = [False] * len(places)
    for sign, (size, reach) in product((1, -1), ((CHAIN, REACH), (SORTED, 1 << 16))):
        start = 0
        for at in range(1, len(places) + 1):
            if at == len(places) or not 0 < sign * (places[at] - places[at - 1]) <= reach:
                if at - start >= size:
                    found[start:at] = [True] * (at - start)
                start = at
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
    lone = [*_listed(), *_pairs_listed(), "0 1 1 2 3 5 8 13 21 34 55"]
    items = [*lone, *(form for row in (*_rows(), *_generated()) for forms in row for form in forms)]
    read, ends = words("\n".join(items)), np.cumsum([len(item) + 1 for item in items])
    bounds = np.searchsorted(read.starts, np.concatenate([[0], ends]))
    sizes = np.diff(bounds)
    heads, of = bounds[: len(lone)], sizes[: len(lone)]
    made = {n: hashes(read.keys, n)[heads[of == n]] for n in range(1, RUN)}
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


def _table(mark: str) -> list[list[str]]:
    """The items of each row of the table that begins with this mark, or of those that begin with none."""
    from importlib.resources import files  # as in simblock.background

    text = files("simblock").joinpath("tables", "commonplaces.txt").read_text(encoding="utf-8")
    lines = (line for line in text.replace("\n ", " ").splitlines() if line and line[0] != "#")
    rows = (line.removeprefix(mark) for line in lines if (line[0] if line[0] in ">=" else "") == mark)
    return [[" ".join(item.split()) for item in row.split("|")] for row in rows]


def _listed() -> list[str]:
    """What is known wherever it stands."""
    return [item for row in _table("") for item in row]


def _pairs_listed() -> Iterator[str]:
    """What belongs together, side by side: a country and its capital, a code and what it stands for."""
    for row in _table("="):
        for one, other in zip(row[::2], row[1::2], strict=True):
            for first, second in product(one.split("/"), other.split("/")):
                yield from (f"{first} {second}", f"{second} {first}")
                yield from (f"{first} is {second}", f"{second} is {first}")


def _rows() -> Iterator[list[list[str]]]:
    """What is known in order: lists of names in all their forms; of pairs, each half."""
    halves = [half for row in _table("=") for half in (row[::2], row[1::2])]
    yield from ([name.split("/") for name in row] for row in (*_table(">"), *halves))


def _generated() -> Iterator[list[list[str]]]:
    """Lists that are made: letters, bytes, and Roman numerals to a hundred."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    yield [[letter] for letter in letters]
    yield [[2 * letter] for letter in letters]
    yield [[f"0x{code:02x}"] for code in range(256)]
    yield [[_roman(number)] for number in range(1, 101)]


@cache
def _lists() -> _Lists:
    made: dict[int, set[int]] = {}
    places: dict[int, list[tuple[int, int]]] = {}
    for row, names in enumerate((*_rows(), *_generated())):
        for place, forms in enumerate(names):
            for keys in (words(form).keys for form in forms):
                key = int(hashes(keys, len(keys))[0])
                made.setdefault(len(keys), set()).add(key)
                places.setdefault(key, []).append((row, place))
    known = {n: np.array(sorted(some), np.uint64) for n, some in made.items()}
    return _Lists(known, {key: tuple(some) for key, some in places.items()})


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
    known = [values, *({text: float(at) for at, text in enumerate(one)} for one in series())]
    place = {text: at for at, text in enumerate({text: None for one in known for text in one})}
    places = np.full((len(known), len(place)), np.nan)
    for row, one in zip(places, known, strict=True):
        row[[place[text] for text in one]] = list(one.values())
    keys, first = np.unique(words("\n".join(place)).keys, return_index=True)
    return _Numbers(keys, places[:, first])
