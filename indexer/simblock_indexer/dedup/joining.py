"""*join*: documents that share a key of a band or a digest become candidates, where their sketches agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simblock.tokens import I64, U8, U32, U64, Bools
from simblock_indexer.dedup import passages
from simblock_indexer.dedup.delivery.rows import F64
from simblock_indexer.dedup.folder import Folder, save
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.signing import twin_keys
from simblock_indexer.dedup.sketch import agreement

CROWD = 48
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
    documents = Documents(folder)
    with folder.making(folder.joined(partition)) as filled:
        if documents.plan.options.documents:
            _join_documents(documents, partition, filled)
        if documents.plan.options.passages:
            passages.join(documents, partition, filled)


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
    whether the bucket is one of equal digests. ``numbers`` are the documents u32, rising, and what is known of them."""

    buckets: I64
    places: I64
    twins: Bools
    numbers: U32
    digests: U64
    sketches: U8
    ranks: F64
    entries: int


def _met(documents: Documents, partition: int) -> _Met | None:
    keys, owners = _entries(documents, partition)
    order = np.argsort(keys, kind="stable")  # of equal keys the smaller document first, as they lie
    keys, owners = keys[order], owners[order]
    if len(keys) < 2:
        return None
    same = keys[1:] == keys[:-1]
    shared = np.append(same, False) | np.append(False, same)
    keys, owners = keys[shared], owners[shared]
    if not len(keys):
        return None
    buckets = np.cumsum(np.append(False, keys[1:] != keys[:-1]), dtype=np.int64)
    numbers, places = np.unique(owners, return_inverse=True)
    digests = documents.take("digests", numbers)
    return _Met(
        buckets,
        places.astype(np.int64),
        twin_keys(digests)[places] == keys,
        numbers,
        digests,
        documents.take("sketches", numbers),
        documents.take("ranks", numbers),
        len(order),
    )


def _entries(documents: Documents, partition: int) -> tuple[U64, U32]:
    """The keys of a partition, part after part, and the numbers of the documents they are of."""
    keys: list[U64] = [np.empty(0, np.uint64)]
    owners: list[U32] = [np.empty(0, np.uint32)]
    for part, base in zip(documents.parts, documents.bases.tolist(), strict=False):
        some = part.stretch("splits", partition, documents.plan.partitions)
        keys.append(part.array("keys")[some])
        owners.append(part.array("owners")[some] + np.uint32(base))
    return np.concatenate(keys), np.concatenate(owners)


def _candidates(met: _Met, documents: Documents) -> tuple[U64, dict[str, int]]:
    """Pairs u64 (first document << 32 | second), each once and in order, and what was counted."""
    twins = _twin_pairs(met)
    buckets, places = _distinct(met)
    options = documents.plan.options
    least, crowded = agreement(options.threshold), 0
    kept: list[U64] = [np.unique(twins)]
    proposed = 0
    for first, second in _pairs(buckets, places):
        ones, others = np.minimum(first, second), np.maximum(first, second)
        drawn = np.unique(ones.astype(np.uint64) << np.uint64(32) | others.astype(np.uint64))
        proposed += len(drawn)
        kept.append(drawn[_agree(met.sketches, drawn, least)])
    crowded = int((np.bincount(buckets) > CROWD).sum()) if len(buckets) else 0
    found = np.unique(np.concatenate(kept))
    found = _numbered(found, met.numbers)
    if documents.old:  # what was kept of earlier deliveries was compared then
        found = found[found.astype(np.uint32) >= documents.old]
    counts = {"entries": met.entries, "compared": proposed, "crowded": crowded}
    return found, counts


def _numbered(pairs: U64, numbers: U32) -> U64:
    """Pairs of places as pairs of document numbers; their order stays, as ``numbers`` rise."""
    ones, others = numbers[(pairs >> np.uint64(32)).astype(np.int64)], numbers[pairs.astype(np.uint32)]
    return ones.astype(np.uint64) << np.uint64(32) | others.astype(np.uint64)


def _twin_pairs(met: _Met) -> U64:
    """Of documents with one digest, each with the first of them by the rule."""
    chosen = np.flatnonzero(met.twins)
    places, buckets = met.places[chosen], met.buckets[chosen]
    order = np.lexsort((places, met.ranks[places], buckets))
    places, buckets = places[order], buckets[order]
    leads = np.append(True, buckets[1:] != buckets[:-1])[: len(buckets)]
    lead = places[np.flatnonzero(leads)][np.cumsum(leads) - 1] if len(places) else places
    lead, places = lead[~leads], places[~leads]
    ones, others = np.minimum(lead, places), np.maximum(lead, places)
    return ones.astype(np.uint64) << np.uint64(32) | others.astype(np.uint64)


def _distinct(met: _Met) -> tuple[I64, I64]:
    """Entries of the bands' buckets with one document of each digest, the first by the rule: in buckets of two and
    more, by the rule within each."""
    chosen = np.flatnonzero(~met.twins)
    buckets, places = met.buckets[chosen], met.places[chosen]
    order = np.lexsort((places, met.ranks[places], met.digests[places], buckets))
    buckets, places = buckets[order], places[order]
    digests = met.digests[places]
    firsts = np.append(True, (buckets[1:] != buckets[:-1]) | (digests[1:] != digests[:-1]))[: len(buckets)]
    buckets, places = buckets[firsts], places[firsts]
    several = np.bincount(buckets)[buckets] > 1 if len(buckets) else np.empty(0, bool)
    buckets, places = buckets[several], places[several]
    order = np.lexsort((places, met.ranks[places], buckets))
    return buckets[order], places[order]


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
