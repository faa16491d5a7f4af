"""What becomes of every document: clusters capped by the rule, then passages in excess."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simblock.tokens import U8, U32
from simblock_indexer.dedup import passages
from simblock_indexer.dedup.clustering import units
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.folder import Folder, load
from simblock_indexer.dedup.part import TAKEN, Documents, documents_of
from simblock_indexer.dedup.settled import EXACT, KEPT, NEAR, PROTECTED, Settled


def settle(folder: Folder) -> None:
    """Settles a pass whose units are all verified; does nothing where that was done."""
    if folder.settled.exists():
        return
    documents = documents_of(folder)
    settled = _clusters_settled(folder, documents)
    with folder.making(folder.settled) as filled:
        if documents.plan.options.passages:
            settled = passages.settle(documents, folder, settled, _order(documents), filled=filled)
        settled.write(filled)
    documents.release()


def _order(documents: Documents) -> U32:
    """Document numbers by the rule."""
    return np.lexsort((np.arange(len(documents)), documents.column("ranks"))).astype(np.uint32)


def _clusters_settled(folder: Folder, documents: Documents) -> Settled:
    settled = Settled.untouched(len(documents))
    settled.fates[documents.column("sorts") == TAKEN] = PROTECTED
    for cluster in _clusters(folder, units(folder)):
        settled.keepers[cluster.members] = cluster.keepers
        settled.similarities[cluster.members] = cluster.similarities
        settled.fates[cluster.members] = _fates(cluster, documents)
    return settled


class _Cluster(NamedTuple):
    """The members of all clusters of a unit, by cluster and the rule, the representative first."""

    members: U32
    keepers: U32
    similarities: F32


def _clusters(folder: Folder, count: int) -> Iterator[_Cluster]:
    for unit in range(count):
        at = folder.verified(unit)
        members, keepers, similarities = (load(at / f"{name}.npy") for name in _Cluster._fields)
        order = np.lexsort((np.arange(len(members)), members != keepers, keepers))
        yield _Cluster(members[order], keepers[order], similarities[order])


def _fates(cluster: _Cluster, documents: Documents) -> U8:
    """Which members are over the number to be kept, and as what they are dropped."""
    members, keepers, _ = cluster
    leads = members == keepers
    firsts = np.flatnonzero(leads)
    place = np.arange(len(members)) - np.repeat(firsts, np.diff(np.append(firsts, len(members))))
    before = documents.copies(members[firsts])[np.cumsum(leads) - 1]
    over = ~leads & (place + before >= documents.plan.options.max_copies)
    fates = np.full(len(members), KEPT, np.uint8)
    fates[over] = np.where(_same_text(members[over], keepers[over], documents), EXACT, NEAR)
    return fates


def _same_text(ones: U32, others: U32, documents: Documents) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    numbers, places = np.unique(np.stack([ones, others]), return_inverse=True)
    one, other = places.reshape(2, -1)
    same = np.ones(len(ones), bool)
    for name in ("digests", "checks", "sizes"):
        column = documents.take(name, numbers)
        same &= column[one] == column[other]
    return same
