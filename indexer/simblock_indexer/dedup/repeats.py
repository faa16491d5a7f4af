"""Windows that stand in more than ``max_copies`` documents: anchors propose, hashes of all tokens decide.

Documents with anchors that are repeated are laid end to end by priority, and a token's *address* is its place there:
so addresses rise as documents are gone through. Whatever grows with the inputs lies on disk: 8 bytes a repeated anchor,
16 a window around one, 20 a repeated window, in buckets of which each is read, sorted and done with by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.tokens import I64, U32, U64, Bools
from simblock_indexer.dedup.folder import Folder, load, put, save
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import CODE, TEXT, Documents, Runs
from simblock_indexer.dedup.winnowing import Measure, measure, window_hashes

BATCH = 1 << 19
"""Tokens whose windows are hashed at a time, or those of one document that has more."""
_OF_A_BUCKET = 1 << 20
"""Tokens of a bucket, as long as there are few: its windows are sorted in the caches."""
_SORTED = 96
"""Bytes that a window takes while its bucket is sorted."""
_MOST_BUCKETS, _MOST_FILES = 64, 4096
NOWHERE = np.uint32(0xFFFF_FFFF)

WINDOW = np.dtype([("hash", np.uint64), ("address", np.int64)])
REPEAT = np.dtype([("address", np.int64), ("first", np.int64), ("holders", np.uint32)])


class Windows(NamedTuple):
    """Windows that are repeated, by address: ``addresses`` i64, those of the ``firsts`` i64 equal to them, and how
    many documents have one, ``holders`` u32."""

    addresses: I64
    firsts: I64
    holders: U32


class Postings(NamedTuple):
    """Where anchors stand: ``documents`` u32 and ``places`` u32, by key, document and place; those of one key
    lie between two of ``bounds`` i64."""

    documents: U32
    places: U32
    bounds: I64

    def write(self, folder: Path) -> None:
        """Writes them as files of ``folder``."""
        for name, array in self._asdict().items():
            save(folder / f"anchor_{name}.npy", array)

    @classmethod
    def read(cls, folder: Path) -> Postings:
        """What :meth:`write` wrote."""
        return cls(*(np.asarray(load(folder / f"anchor_{name}.npy")) for name in cls._fields))


def alike(column: NDArray[Any]) -> I64:
    """The bounds i64 [stretches + 1] of stretches of equal values."""
    if not len(column):
        return np.zeros(1, np.int64)
    return np.concatenate([[0], np.flatnonzero(column[1:] != column[:-1]) + 1, [len(column)]])


def repeated(postings: Postings, max_copies: int, standing: Bools | None = None) -> Postings:
    """Those of keys that stand in more than ``max_copies`` documents, of the documents ``standing`` (all) alone."""
    documents, places, bounds = postings
    if standing is not None:
        stays = standing[documents]
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(stays)])[bounds]
        bounds = bounds[np.append(True, np.diff(bounds) > 0)]
        documents, places = documents[stays], places[stays]
    if not len(documents):
        return Postings(documents, places, np.zeros(1, np.int64))
    often = _holders(documents, bounds) > max_copies
    sizes = np.diff(bounds)
    chosen = np.repeat(often, sizes)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes[often])])
    return Postings(documents[chosen], places[chosen], ends)


def _holders(documents: NDArray[Any], bounds: I64) -> I64:
    """How many documents have something, that lie between two bounds in order."""
    fresh = np.zeros(len(documents), np.int64)
    fresh[alike(documents)[:-1]] = 1
    fresh[bounds[:-1]] = 1
    return np.add.reduceat(fresh, bounds[:-1])


def perhaps_twice(hashes: U64) -> I64:
    """Which hashes may stand there more than once: all that do, and a few more."""
    slots = (hashes & np.uint64((1 << (4 * len(hashes)).bit_length()) - 1)).astype(np.int64)
    return np.flatnonzero(np.bincount(slots)[slots] > 1) if len(hashes) else slots


class Buckets:
    """Records on disk, divided by a number, of which each bucket is read back whole, in the order it was filled."""

    def __init__(self, folder: Path, dtype: np.dtype[Any], count: int) -> None:
        folder.mkdir()
        self._folder, self._dtype, self.count = folder, dtype, count

    def add(self, records: NDArray[Any], buckets: NDArray[Any]) -> None:
        """Adds records to the buckets they belong to."""
        if self.count == 1:
            self._append(0, records)
            return
        order = np.argsort(buckets.astype(np.uint16), kind="stable")
        splits = np.searchsorted(buckets[order], np.arange(self.count + 1))
        for bucket in np.flatnonzero(np.diff(splits)).tolist():
            self._append(bucket, records[order[splits[bucket] : splits[bucket + 1]]])

    def _append(self, bucket: int, records: NDArray[Any]) -> None:
        with (self._folder / str(bucket)).open("ab") as file:
            put(file, records)

    def take(self) -> Iterator[NDArray[Any]]:
        """The buckets in order, each gone from disk when it was read."""
        for bucket in range(self.count):
            path = self._folder / str(bucket)
            if path.exists():
                yield np.fromfile(path, self._dtype)
                path.unlink()


class Laid(NamedTuple):
    """Documents end to end by priority: their ``numbers`` u32 [m], and ``starts`` i64 [m + 1], the addresses of their
    first tokens. ``ranks`` u32 [documents] is where a document stands among them, NOWHERE for others."""

    numbers: U32
    starts: I64
    ranks: U32

    def of(self, addresses: I64) -> I64:
        """Which of them each address belongs to."""
        return np.searchsorted(self.starts, addresses, "right") - 1


class Repeats(NamedTuple):
    """The documents that have repeated windows, and these windows by address, some documents at a time."""

    laid: Laid
    windows: Iterator[Windows]


def repeats(documents: Documents, folder: Folder, order: U32, room: Path) -> Repeats:
    """The windows that stand in more than ``max_copies`` of the documents in ``order``, which is that of priority.

    ``room`` is a folder for what is too large for memory; files in it are gone when the windows were taken.
    """
    options, partitions = documents.plan.options, documents.plan.partitions
    standing = np.zeros(len(documents), bool)
    standing[order] = True
    postings = [folder.joined(partition) for partition in range(partitions)]
    laid = _laid(documents, postings, order, standing)
    count = _buckets(int(laid.starts[-1]), options.memory)
    anchors = _anchors(
        laid, postings, standing, options, Buckets(room / "anchors", np.dtype(np.int64), count)
    )
    hashed = Buckets(room / "windows", WINDOW, count)
    for addresses in anchors.take():
        for some in _batches(np.sort(addresses), laid):
            windows = _windows(documents, laid, some, options)
            hashed.add(
                windows, windows["hash"] >> np.uint64(65 - count.bit_length()) if count > 1 else windows
            )
    return Repeats(laid, _grouped(hashed, laid, options, Buckets(room / "repeats", REPEAT, count)))


def _laid(documents: Documents, postings: list[Path], order: U32, standing: Bools) -> Laid:
    flagged = np.zeros(len(documents), bool)
    for path in postings:
        flagged[repeated(Postings.read(path), documents.plan.options.max_copies, standing).documents] = True
    numbers = order[flagged[order]]
    lengths = np.zeros(len(documents), np.int64)
    lengths[flagged] = documents.lengths(np.flatnonzero(flagged))
    ranks = np.full(len(documents), NOWHERE)
    ranks[numbers] = np.arange(len(numbers), dtype=np.uint32)
    return Laid(numbers, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[numbers])]), ranks)


def _buckets(tokens: int, memory: int) -> int:
    """Into how many buckets, a power of two, windows are divided that are at most as many as tokens."""
    needed = max(tokens * _SORTED * 2 // memory, min(tokens // _OF_A_BUCKET, _MOST_BUCKETS - 1))
    return min(1 << needed.bit_length(), _MOST_FILES)


def _anchors(
    laid: Laid, postings: list[Path], standing: Bools, options: DedupOptions, buckets: Buckets
) -> Buckets:
    """The addresses i64 of repeated anchors, divided by document."""
    for path in postings:
        found = repeated(Postings.read(path), options.max_copies, standing)
        which = laid.ranks[found.documents]
        buckets.add(laid.starts[which] + found.places, _bucket(which, laid, buckets))
    return buckets


def _bucket(which: I64 | U32, laid: Laid, buckets: Buckets) -> I64:
    """The buckets of documents: of those that begin in one of ``count`` equal stretches of addresses."""
    if buckets.count == 1:
        return np.zeros(len(which), np.int64)
    return laid.starts[which] // (int(laid.starts[-1]) // buckets.count + 1)


def _batches(addresses: I64, laid: Laid) -> Iterator[I64]:
    """Rising addresses of documents of about BATCH tokens."""
    which = laid.of(addresses)
    documents, firsts = np.unique(which, return_index=True)
    tokens = np.cumsum(laid.starts[documents + 1] - laid.starts[documents])
    cuts = np.flatnonzero(np.diff(tokens // BATCH)) + 1
    yield from np.split(addresses, firsts[cuts])


def _windows(documents: Documents, laid: Laid, addresses: I64, options: DedupOptions) -> NDArray[Any]:
    """WINDOW records of all windows around some anchors, those of texts first."""
    owners = laid.numbers[laid.of(addresses)]
    numbers = np.unique(owners)
    sorts = documents.take("sorts", numbers)
    found = [np.empty(0, WINDOW)]
    for sort in (TEXT, CODE):
        chosen = numbers[sorts == sort]
        if len(chosen):
            by = measure(options.min_passage, code=sort == CODE)
            inside = np.isin(owners, chosen)
            found.append(_around(addresses[inside], chosen, documents.runs(chosen), laid, by))
    return np.concatenate(found)


def _around(addresses: I64, numbers: U32, runs: Runs, laid: Laid, by: Measure) -> NDArray[Any]:
    """The windows that hold one of some anchors; ``runs`` are those of ``numbers``, which rise."""
    bounds = runs.bounds
    shift = laid.starts[laid.ranks[numbers]] - bounds[:-1]  # from places among the runs to addresses
    at = np.searchsorted(numbers, laid.numbers[laid.of(addresses)])
    places = addresses - shift[at]
    firsts = np.maximum(places - by.g + 1, bounds[at])
    lasts = np.minimum(places, bounds[at + 1] - by.window)
    fit = firsts <= lasts
    edges = np.bincount(firsts[fit], minlength=len(runs.keys) + 1)
    edges -= np.bincount(lasts[fit] + 1, minlength=len(edges))
    chosen = np.flatnonzero(np.cumsum(edges))
    windows = np.empty(len(chosen), WINDOW)
    windows["hash"] = window_hashes(runs.keys, by, code=int(runs.sorts[0]) == CODE)[chosen]
    windows["address"] = chosen + shift[np.searchsorted(bounds, chosen, "right") - 1]
    return windows


def _grouped(hashed: Buckets, laid: Laid, options: DedupOptions, buckets: Buckets) -> Iterator[Windows]:
    """The windows that are repeated, those of some documents at a time."""
    for windows in hashed.take():
        found, which = _often(windows, laid, options.max_copies)
        buckets.add(found, _bucket(which, laid, buckets))
    for found in buckets.take():
        order = np.argsort(found["address"])
        yield Windows(found["address"][order], found["first"][order], found["holders"][order])


def _often(windows: NDArray[Any], laid: Laid, max_copies: int) -> tuple[NDArray[Any], I64]:
    """REPEAT records of the windows of which more than ``max_copies`` documents have one, and which have them."""
    hashes = np.ascontiguousarray(windows["hash"])
    twice = perhaps_twice(hashes)
    hashes, addresses = hashes[twice], np.ascontiguousarray(windows["address"])[twice]
    which = laid.of(addresses)  # before they are sorted by hash: addresses that rise are found quickly
    order, bounds = _by_hash(hashes, addresses)
    addresses, which = addresses[order], which[order]
    sizes = np.diff(bounds)
    holders = _holders(which, bounds)
    chosen = np.repeat(holders > max_copies, sizes)
    found = np.empty(int(chosen.sum()), REPEAT)
    found["address"] = addresses[chosen]
    found["first"] = np.repeat(addresses[bounds[:-1]], sizes)[chosen]
    found["holders"] = np.repeat(holders, sizes)[chosen]
    return found, which[chosen]


def _by_hash(hashes: U64, addresses: I64) -> tuple[I64, I64]:
    """The order i64 by hash and address, and the bounds of equal hashes. As :func:`numpy.lexsort`, four times as fast."""
    order = np.argsort(hashes)
    bounds = alike(hashes[order])
    groups = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    bits = int(addresses.max(initial=0)).bit_length()
    if len(bounds).bit_length() + bits > 63:
        return np.lexsort((addresses, hashes)), bounds
    return order[np.argsort(groups << bits | addresses[order])], bounds
