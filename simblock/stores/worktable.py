"""The works of a segment: fixed-width rows, and what is known of each work as JSON.

A row points at the run its text gave, mostly in its own segment; a twin added later, or new metadata
of an old work, points at a run of an earlier one. Two digests tell whether ``add`` has anything to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.errors import Damaged, InputError
from simblock.stores.container import Container, Part
from simblock.work import Document, Work

OWN = 0xFFFF
"""The segment number of a row whose run is in the row's own segment."""

ROW = np.dtype(
    [
        ("id", "<u8"),  # hash of the work's id
        ("text", "V16"),
        ("metadata", "V16"),
        ("at", "<u8"),  # where its JSON begins
        ("added", "<u8"),  # seconds since 1970
        ("run", "<u4"),
        ("size", "<u4"),  # of its JSON
        ("epoch", "<u4"),
        ("expires", "<u4"),  # day number, 0 for never
        ("segment", "<u2"),  # index into the segment's list of others, or OWN
    ]
)
SECTIONS = frozenset({"works", "works.data"})


class Row(NamedTuple):
    """A work on its way into a segment: the id of the segment its run is in, and the run."""

    work: Work
    segment: bytes
    run: int
    text: bytes
    metadata: bytes
    epoch: int
    added: int


def id_hash(id: str) -> int:
    """The hash of a work's id by which rows are found."""
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def text_digest(document: Document) -> bytes:
    """Sixteen bytes that differ when the text does, or how it is read: as text, or code of which language."""
    if document.work.kind == "text":
        hashed = blake2b(digest_size=16)
    else:
        hashed = blake2b(f"{document.work.language}\0".encode(), digest_size=16, person=b"code")
    hashed.update(document.text.encode("utf-8", "surrogatepass"))
    return hashed.digest()


def metadata_digest(work: Work) -> bytes:
    """Sixteen bytes that differ when anything known of the work does, but the reason it was added."""
    return blake2b(encode(work, reason=False), digest_size=16).digest()


def encode(work: Work, *, reason: bool = True) -> bytes:
    """A work as JSON without what is not known."""
    fields: dict[str, Any] = {name: getattr(work, name) for name in Work.__slots__}
    kept = {name: value for name, value in fields.items() if value is not None and value != ()}
    if not reason:
        kept.pop("reason", None)
    return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()


def decode(data: bytes) -> Work:
    """The work that :func:`encode` wrote. Raises Damaged."""
    try:
        fields = json.loads(data)
        fields["tags"] = tuple(fields.get("tags", ()))
        return Work(**fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged(
            "what an index says of one of its works cannot be read: rebuild the index or restore it from a copy"
        ) from None


def day(expires: str | None, id: str) -> int:
    """The number of the day on which a work stops counting, 0 for never. Raises InputError."""
    if expires is None:
        return 0
    try:
        return date.fromisoformat(expires).toordinal()
    except (ValueError, TypeError):
        raise InputError(f"work {id}: expires {expires!r} is no date like 2030-12-31") from None


def parts(rows: Sequence[Row], own: bytes, others: list[bytes]) -> Iterator[Part]:
    """The sections of a segment whose id is ``own``; ids of ``others`` that rows need are appended."""
    ordered = sorted(rows, key=lambda row: (row.segment != own, row.segment, row.run))
    table = np.zeros(len(ordered), ROW)
    blobs = [encode(row.work) for row in ordered]
    sizes = np.fromiter(map(len, blobs), np.int64, len(blobs))
    numbers = {own: OWN} | {id: number for number, id in enumerate(others)}
    for row in ordered:
        if row.segment not in numbers:
            numbers[row.segment] = len(others)
            others.append(row.segment)
    table["size"], table["at"] = sizes, np.cumsum(sizes) - sizes
    table["id"] = [id_hash(row.work.id) for row in ordered]
    table["segment"] = [numbers[row.segment] for row in ordered]
    table["expires"] = [day(row.work.expires, row.work.id) for row in ordered]
    for name in ("run", "epoch", "added"):
        table[name] = [getattr(row, name) for row in ordered]
    for name in ("text", "metadata"):
        table[name] = np.frombuffer(b"".join([getattr(row, name) for row in ordered]), "V16")
    yield Part("works", table, confidential=True)
    yield Part("works.data", b"".join(blobs), confidential=True)


class WorkTable:
    """Reads the rows of a segment."""

    def __init__(self, container: Container, others: list[bytes]) -> None:
        self.rows: NDArray[Any] = container["works"].array(ROW)
        self.runs = np.ascontiguousarray(self.rows["run"])
        self.own = int(np.searchsorted(self.rows["segment"] != OWN, True))
        """Rows before this one have their run in this segment, in its order."""
        self.others = others
        self._data = container["works.data"]

    def __len__(self) -> int:
        return len(self.rows)

    def work(self, row: int) -> Work:
        return decode(bytes(self._data.read(*self._span(row))))

    def languages(self) -> list[str | None]:
        """The language of each row's work, None of a text. Reads all that is known of the works, at once."""
        self._data.read(0, self._data.length)  # where it is elsewhere: by one command
        works = map(self.work, range(len(self)))
        return [work.language if work.kind == "code" else None for work in works]

    def _span(self, row: int) -> tuple[int, int]:
        at, size = int(self.rows["at"][row]), int(self.rows["size"][row])
        return at, at + size

    def of_run(self, run: int) -> range:
        """The rows, by number, whose run this is, of those with a run in this segment."""
        low, high = np.searchsorted(self.runs[: self.own], [run, run + 1]).tolist()
        return range(low, high)

    def find(self, id: str) -> list[int]:
        """The rows of a work's id."""
        at = np.flatnonzero(self.rows["id"] == id_hash(id)).tolist()
        return [row for row in at if self.work(row).id == id]
