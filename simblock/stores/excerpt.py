"""A few works as an index in memory: of documents, or by what another index stores of them, for which no text is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simblock.errors import UsageError
from simblock.stores.claim import Claim
from simblock.stores.shelf import MemoryShelf
from simblock.stores.snapshot import Place, Snapshot
from simblock.stores.writer import Writer, new_manifest
from simblock.work import Document


def in_memory(documents: Iterable[Document], name: str) -> MemoryShelf:
    """The files of an index of documents. Raises InputError as a writer does."""
    shelf, writer = _begun(name)
    writer.put(documents)
    writer.commit()
    return shelf


def excerpt(source: Snapshot, ids: Sequence[str]) -> MemoryShelf:
    """The files of an index of these works alone, by today's scheme. Raises UsageError where one is not there."""
    wanted = {_place(source, id) for id in ids}
    others = (
        place
        for segment in source.segments
        for row in range(len(segment.works))
        if (place := Place(segment, row)) not in wanted
    )
    shelf, writer = _begun(source.name)
    writer.take_over(source, without=others)
    writer.commit()
    return shelf


def _begun(name: str) -> tuple[MemoryShelf, Writer]:
    shelf = MemoryShelf(name)
    return shelf, Writer(shelf, Claim(), new_manifest(None, None, store_text=False), None)


def _place(source: Snapshot, id: str) -> Place:
    place = source.find(id)
    if place is None or not source.is_live(place):
        raise UsageError(f"{source.name} has no work called {id[:80]!r}: simblock-index list names its works")
    return place
