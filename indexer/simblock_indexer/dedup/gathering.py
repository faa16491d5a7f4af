"""What the stages left of documents of a program, by the rows in which they came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from simblock.tokens import I64, U32
from simblock_indexer.dedup.deduplicated import Change, Cluster, Deduplicated, Dropped, Listed, Passage
from simblock_indexer.dedup.delivery.rows import F32
from simblock_indexer.dedup.excess import Passages
from simblock_indexer.dedup.folder import Folder, Plan
from simblock_indexer.dedup.outcome.guarded import Guarded, read
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.outcome.stars import stars
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.protected import Found
from simblock_indexer.dedup.settled import FATES, KEPT, PROTECTED, Settled

NAMELESS = "\0"
"""Stands before the number of a row without an id: no id begins so, as ids can be printed."""


def gather(folder: Folder, plan: Plan, languages: Mapping[int, str]) -> Deduplicated:
    """The outcome of a settled pass; ``languages`` are those of rows of code. Nothing of the folder is needed after."""
    documents = Documents(folder, plan)
    settled = Settled.read(folder.settled)
    rows, count = _rows(documents)
    kept = np.zeros(count, bool)
    kept[rows] = settled.fates == KEPT
    return Deduplicated(
        kept,
        _dropped(documents, settled, rows),
        _clusters(documents, settled, rows),
        _counts(documents, settled, count),
        tuple(problem for part in documents.parts for problem in part.counts["problems"]),
        _changed(documents, settled, rows, languages),
        _passages(folder, rows) if plan.options.passages else (),
        tuple(_found(documents)),
        plan.reading.text_field,
    )


def _rows(documents: Documents) -> tuple[I64, int]:
    """The row of each document, and how many rows there were."""
    found = [its.rows(slice(None)) for its in documents.delivered]
    return np.concatenate(found), documents.delivered[-1].after


def _counts(documents: Documents, settled: Settled, rows: int) -> dict[str, int]:
    met = {
        name: sum(int(part.counts[name]) for part in documents.parts)
        for name in ("documents", "empty", "bad")
    }
    fates = np.bincount(settled.fates, minlength=len(FATES)).tolist()
    return {"rows": rows, **met, **dict(zip(FATES, fates, strict=True))}


class _Columns(NamedTuple):
    """Of dropped documents: rows and their keepers' i64, similarities f32, fates."""

    rows: I64
    ids: list[str | None]
    keepers: I64
    keeper_ids: list[str | None]
    similarities: F32
    fates: list[int]
    works: Mapping[int, str]


def _dropped(documents: Documents, settled: Settled, rows: I64) -> Sequence[Dropped]:
    numbers = np.flatnonzero(settled.fates != KEPT).astype(np.uint32)
    keepers = settled.keepers[numbers]
    places = Places(documents)
    columns = _Columns(
        rows[numbers],
        _named(places.of(numbers).ids),
        np.where(keepers == numbers, -1, rows[keepers]),
        _named(places.any(keepers).ids),
        settled.similarities[numbers],
        settled.fates[numbers].tolist(),
        _works(documents, settled, numbers),
    )

    def make(at: int) -> Dropped:
        keeper = int(columns.keepers[at])
        alone = keeper < 0
        return Dropped(
            int(columns.rows[at]),
            columns.ids[at],
            None if alone else keeper,
            None if alone else columns.keeper_ids[at],
            None if alone else float(columns.similarities[at]),
            FATES[columns.fates[at]],
            columns.works.get(at),
        )

    return Listed(range(len(numbers)), make)


def _named(ids: list[str | None]) -> list[str | None]:
    return [None if id is None or id.startswith(NAMELESS) else id for id in ids]


def _works(documents: Documents, settled: Settled, numbers: U32) -> dict[int, str]:
    """Of those that hold a protected work, which, by their place among ``numbers``."""
    places = np.flatnonzero(settled.fates[numbers] == PROTECTED)
    found = Guarded(documents).worst(numbers[places])
    return {at: one.work for at, one in zip(places.tolist(), found, strict=True) if one is not None}


def _clusters(documents: Documents, settled: Settled, rows: I64) -> Sequence[Cluster]:
    members, sizes = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    similarities = [np.empty(0, np.float32)]
    for some in stars(documents, settled):
        members.append(rows[some.members])
        similarities.append(settled.similarities[some.members])
        sizes.append(some.sizes)
    every, alike = np.concatenate(members), np.concatenate(similarities)
    ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *sizes]))

    def make(at: int) -> Cluster:
        inside = slice(int(ends[at]), int(ends[at + 1]))
        return Cluster(every[inside], alike[inside])

    return Listed(range(len(ends) - 1), make)


def _passages(folder: Folder, rows: I64) -> Sequence[Passage]:
    stored = Passages.read(folder.settled)
    order = np.lexsort((stored.starts, rows[stored.documents]))
    found = Passages._make(column[order] for column in stored)

    def make(at: int) -> Passage:
        start, end = int(found.starts[at]), int(found.ends[at])
        keeper = int(rows[found.keepers[at]])
        place, holders = int(found.keeper_starts[at]), int(found.holders[at])
        return Passage(
            int(rows[found.documents[at]]), start, end - start, keeper, place, holders, bool(found.cut[at])
        )

    return Listed(range(len(found.documents)), make)


def _found(documents: Documents) -> Iterator[Found]:
    for its in documents.delivered:
        for one in read(its.signed):
            yield one._replace(line=one.line + its.before)


def _changed(
    documents: Documents, settled: Settled, rows: I64, languages: Mapping[int, str]
) -> dict[int, Change]:
    """What is cut out of kept documents, by row."""
    protected = {
        its.base + document: np.array(its.cuts(document))
        for its in documents.delivered
        for document in its.redacted.tolist()
    }
    passages = _by_owner(settled.cut_documents, settled.cuts)
    none = np.empty((0, 2), np.int64)
    return {
        int(rows[number]): Change(
            protected.get(number, none), passages.get(number, none), languages.get(int(rows[number]))
        )
        for number in sorted(protected.keys() | passages.keys())
        if settled.fates[number] == KEPT
    }


def _by_owner(owners: U32, values: I64) -> dict[int, I64]:
    """The values of each owner; those of one stand together."""
    starts = (
        np.flatnonzero(np.append(True, owners[1:] != owners[:-1])) if len(owners) else np.empty(0, np.int64)
    )
    return {
        int(owners[some[0]]): np.array(values[some])
        for some in np.split(np.arange(len(owners)), starts[1:])
        if len(some)
    }
