"""*cluster*: candidates that hang together become units of work for *verify*.

Hanging together decides nothing: it says only which documents have to be looked at in one place.
"""

from __future__ import annotations

import json

import numpy as np

from simblock.tokens import I64, U32, U64
from simblock_indexer.dedup.folder import Folder, counted, load, save
from simblock_indexer.dedup.ids import check_ids
from simblock_indexer.dedup.part import Documents, documents_of

UNIT = 1 << 12
"""Candidates of a unit, about."""


def cluster(folder: Folder) -> None:
    """Divides all candidates into units; does nothing where that was done.

    Of each unit i documents are ``members[member_splits[i]:member_splits[i+1]]`` u32, by the rule, and candidates
    ``pairs[pair_splits[i]:pair_splits[i+1]]`` u32 [m, 2]: places among its members, the better first, by the second.
    """
    if folder.clustered.exists():
        return
    documents = documents_of(folder)
    equal = check_ids(documents)
    pairs, counts = _all_pairs(folder, documents.plan.partitions)
    with folder.making(folder.clustered) as filled:
        members, candidates, member_splits, pair_splits = _units(pairs, documents)
        save(filled / "members.npy", members)
        save(filled / "pairs.npy", candidates)
        save(filled / "member_splits.npy", member_splits)
        save(filled / "pair_splits.npy", pair_splits)
        counts |= {"equal_ids": equal, "candidates": len(pairs), "units": len(member_splits) - 1}
        (filled / "counts.json").write_text(json.dumps(counts), "utf-8")


def units(folder: Folder) -> int:
    """How many units there are."""
    return len(load(folder.clustered / "member_splits.npy")) - 1


def _all_pairs(folder: Folder, partitions: int) -> tuple[U64, dict[str, int]]:
    """The candidates of all partitions, each once: u64 (first << 32 | second), rising."""
    found: list[U64] = [np.empty(0, np.uint64)]
    totals = {"entries": 0, "compared": 0, "crowded": 0}
    for partition in range(partitions):
        path = folder.joined(partition)
        if not (path / "pairs.npy").exists():  # passages alone
            continue
        pairs = load(path / "pairs.npy")
        found.append(pairs[:, 0].astype(np.uint64) << np.uint64(32) | pairs[:, 1])
        counts = counted(path)
        for name in totals:
            totals[name] += counts.get(name, 0)
    return np.unique(np.concatenate(found)), totals


def _units(pairs: U64, documents: Documents) -> tuple[U32, U32, I64, I64]:
    ends = np.stack([(pairs >> np.uint64(32)).astype(np.uint32), pairs.astype(np.uint32)], axis=1)
    numbers, places = np.unique(ends, return_inverse=True)
    if not len(numbers):
        none = np.zeros(1, np.int64)
        return numbers, np.empty((0, 2), np.uint32), none, none
    places = places.reshape(-1, 2)
    unit = _unit_of(_components(len(numbers), places), places)
    order = np.lexsort((numbers, documents.take("ranks", numbers), unit))
    member_splits = np.searchsorted(unit[order], np.arange(int(unit.max()) + 2))
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    found = np.sort(position[places], axis=1)
    found = found[np.lexsort((found[:, 0], found[:, 1]))]
    pair_splits = np.searchsorted(found[:, 1], member_splits)
    found -= np.repeat(member_splits[:-1], np.diff(pair_splits))[:, None]
    return numbers[order], found.astype(np.uint32), member_splits, pair_splits


def _components(nodes: int, edges: I64) -> I64:
    """Which component each node is of, i64 [nodes], called by its first node.

    Labels meet along edges and are followed to their own labels until nothing changes (Shiloach, Vishkin 1982).
    scipy has this too, at a third of a second for its import.
    """
    labels = np.arange(nodes)
    one, other = edges[:, 0], edges[:, 1]
    while True:
        ours, theirs = labels[one], labels[other]
        differ = ours != theirs
        if not differ.any():
            return labels
        one, other = one[differ], other[differ]
        ours, theirs = ours[differ], theirs[differ]
        np.minimum.at(labels, np.maximum(ours, theirs), np.minimum(ours, theirs))
        while not np.array_equal(followed := labels[labels], labels):
            labels = followed


def _unit_of(component: I64, places: I64) -> I64:
    """Which unit each document belongs to: components in the order of their first documents, some together."""
    _, component = np.unique(component, return_inverse=True)
    weights = np.bincount(component[places[:, 0]])
    before = np.cumsum(weights) - weights
    units = before // UNIT
    _, units = np.unique(units, return_inverse=True)
    found: I64 = units[component]
    return found
