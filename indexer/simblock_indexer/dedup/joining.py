"""*join*: documents that share a key of a band or a digest become candidates, where their sketches agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.tokens import I64, U8, U32, U64, Bools
from simblock_indexer.dedup import passages
from simblock_indexer.dedup.folder import Folder, save
from simblock_indexer.dedup.part import Documents, documents_of
from simblock_indexer.dedup.signing import twin_keys
from simblock_indexer.dedup.sketch import agreement

CROWD = 512
"""Documents of different text in one bucket from which on not all pairs are candidates."""
AHEAD = 8
"""In a crowd each is a candidate with so many before it, and with the first so many."""
_COMPARED = 1 << 15
"""Pairs whose sketches are compared at a time."""


def join(folder: Folder, partition: int) -> None:
    """Finds the candidates of a partition of the keys; does nothing where that was done.

    Writes pairs u32 [m, 2] of document numbers, the smaller first, in order.
    """
    if folder.joined(partition).exists():
        return
    documents = documents_of(folder)
    with folder.making(folder.joined(partition)) as filled:
        if documents.plan.options.documents:
            _join_documents(documents, partition, filled)
        if documents.plan.options.passages:
            passages.join(documents, partition, filled)
    documents.release()


def _join_documents(documents: Documents, partition: int, filled: Path) -> None:
    met = _met(documents, partition)
    if met is None:
        found, counts = np.empty(0, np.uint64), {"entries": 0}
    else:
        found, counts = _candidates(met, documents)
    pairs = np.stack([(found >> np.uint64(32)).astype(np.uint32), found.astype(np.uint32)], axis=1)
    save(filled / "pairs.npy", pairs)
    (filled / "counts.json").write_text(json.dumps(counts | {"pairs": len(pairs)}), "utf-8")


class _Met(NamedTuple):
    """Entries of buckets of two and more: which bucket (rising), which document (by its place among ``numbers``),
    whether the bucket is one of equal digests. ``numbers`` are the documents u32, in the order of the rule,
    ``sketches`` theirs, and ``leads`` the place of the first of them that has the same digest."""

    buckets: I64
    places: I64
    twins: Bools
    numbers: U32
    sketches: U8
    leads: I64
    entries: int


def _met(documents: Documents, partition: int) -> _Met | None:
    keys, owners, _ = documents.entries(partition)
    order = np.argsort(keys)
    keys, owners = keys[order], owners[order]
    same = keys[1:] == keys[:-1]
    shared = (np.append(same, False) | np.append(False, same))[: len(keys)]
    keys, owners = keys[shared], owners[shared]
    if not len(keys):
        return None
    numbers, places = np.unique(owners, return_inverse=True)
    digests = documents.take("digests", numbers)
    by_rule = np.lexsort((numbers, documents.take("ranks", numbers)))
    rank = np.empty(len(by_rule), np.int64)
    rank[by_rule] = np.arange(len(by_rule))
    return _Met(
        np.cumsum(np.append(False, keys[1:] != keys[:-1]), dtype=np.int64),
        rank[places],
        twin_keys(digests)[places] == keys,
        numbers[by_rule],
        documents.take("sketches", numbers)[by_rule],
        _leads(digests[by_rule]),
        len(order),
    )


def _leads(digests: U64) -> I64:
    """The first place i64 at which each digest stands."""
    _, firsts, which = np.unique(digests, return_index=True, return_inverse=True)
    found: I64 = firsts[which].astype(np.int64)
    return found


def _candidates(met: _Met, documents: Documents) -> tuple[U64, dict[str, int]]:
    """Pairs u64 (first document << 32 | second), each once and in order, and what was counted."""
    buckets, places = _distinct(met)
    least = agreement(documents.plan.options.threshold)
    kept, compared = [_twin_pairs(met)], 0
    for first, second in _pairs(buckets, places):
        drawn = np.unique(_packed(first, second))
        compared += len(drawn)
        kept.append(drawn[_agree(met.sketches, drawn, least)])
    found = _numbered(np.unique(np.concatenate(kept)), met.numbers)
    if documents.old:  # what was kept of earlier deliveries was compared then
        found = found[found.astype(np.uint32) >= documents.old]
    crowded = int((np.bincount(buckets) > CROWD).sum())
    return found, {"entries": met.entries, "compared": compared, "crowded": crowded}


def _packed(first: NDArray[Any], second: NDArray[Any]) -> U64:
    packed: U64 = first.astype(np.uint64) << np.uint64(32) | second.astype(np.uint64)
    return packed


def _numbered(pairs: U64, numbers: U32) -> U64:
    """Pairs of places as pairs of document numbers, the smaller first, in order."""
    one, other = numbers[(pairs >> np.uint64(32)).astype(np.int64)], numbers[pairs.astype(np.uint32)]
    return np.sort(_packed(np.minimum(one, other), np.maximum(one, other)))


def _twin_pairs(met: _Met) -> U64:
    """Of documents with one digest, each with the first of them by the rule."""
    places = met.places[met.twins]
    leads = met.leads[places]
    return _packed(leads[leads != places], places[leads != places])


def _distinct(met: _Met) -> tuple[I64, I64]:
    """Entries of the bands' buckets with one document of each digest, the first by the rule: in buckets of two and
    more, by the rule within each."""
    # Documents of one digest meet in the same buckets, all of them in each.
    chosen = ~met.twins & (met.leads[met.places] == met.places)
    together = np.sort(met.buckets[chosen] << 32 | met.places[chosen])
    buckets, places = together >> 32, together & 0xFFFF_FFFF
    several = np.bincount(buckets)[buckets] > 1
    return buckets[several], places[several]


def _pairs(buckets: I64, places: I64) -> Iterator[tuple[I64, I64]]:
    """Pairs of entries of one bucket, a distance at a time."""
    if not len(buckets):
        return
    sizes = np.bincount(buckets)[buckets]
    starts = np.flatnonzero(np.append(True, buckets[1:] != buckets[:-1]))
    rank = np.arange(len(buckets)) - np.repeat(starts, np.diff(np.append(starts, len(buckets))))
    far = np.where(sizes > CROWD, AHEAD, sizes - 1)
    at = np.arange(len(buckets))
    for distance in range(1, CROWD):
        at = at[(far[at] >= distance) & (rank[at] + distance < sizes[at])]
        if not len(at):
            break
        yield places[at], places[at + distance]
    crowd = np.flatnonzero((sizes > CROWD) & (rank > AHEAD))
    for first in range(AHEAD if len(crowd) else 0):
        yield places[crowd - rank[crowd] + first], places[crowd]


def _agree(sketches: U8, pairs: U64, least: int) -> Bools:
    """Which pairs of places agree in ``least`` slots."""
    agree = np.empty(len(pairs), bool)
    for start in range(0, len(pairs), _COMPARED):
        some = pairs[start : start + _COMPARED]
        ones = sketches[(some >> np.uint64(32)).astype(np.int64)]
        others = sketches[some.astype(np.uint32)]
        agree[start : start + _COMPARED] = np.count_nonzero(ones == others, axis=1) >= least
    return agree
