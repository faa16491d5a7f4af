"""A file of an index taken apart into records, and put together again, byte for byte.

What every look-up needs (the Bloom filter, the rows of works, bounds, the first bucket of each page)
makes the resident part. The table becomes pages of about 4 KiB, each a run of whole buckets;
runs, places, lines, works and texts become blocks of about 16 KiB. Sizes are such that a value fills one
class of Redis' allocator: 65,536 bytes would take 80 KiB.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.errors import Damaged
from simblock.stores import container as containers
from simblock.stores.buckets import Columns
from simblock.stores.container import Container, Part, Sealing, Section
from simblock.stores.redis import records
from simblock.stores.redis.head import Head, Piece
from simblock.stores.redis.paged import WIDE, sealed_as, step_of
from simblock.stores.segment import Segment
from simblock.tokens import I64, U32

TABLE = ("postings", "frequencies", "fingerprints", "buckets")
"""The sections that become pages."""
PAGES = "pages"
"""The resident section of the first bucket of each page, u32, and the number of buckets after the last."""
_ENTRY = 7


class Record(NamedTuple):
    """A record to be stored: kind, number, value."""

    kind: str
    number: int
    value: bytes


class Shipment(NamedTuple):
    """A file as records, its head apart, which is stored last."""

    head: Head
    records: Iterator[Record]


def whole(file: bytes, crc: int, data: memoryview) -> Shipment:
    """A file that is kept as it is."""
    head = Head(crc, len(data), len(data), crc)
    return Shipment(head, _chunks(file, data))


def parted(segment: Segment, sealing: Sealing | None) -> Shipment:
    """A segment as records."""
    container = segment.container
    columns = segment.buckets.columns()
    bounds = page_bounds(columns.offsets)
    pieces = tuple(Piece(one.name, one.length, one.sealed) for one in container.sections.values())
    resident = io.BytesIO()
    crc = containers.write(resident, segment.id, _resident_parts(container, bounds), sealing)
    data = resident.getbuffer()
    head = Head(container.crc, container.size, len(data), crc, len(bounds) - 1, pieces)
    return Shipment(head, _of_segment(segment, columns, bounds, data, sealing))


def _resident_parts(container: Container, bounds: U32) -> Iterator[Part]:
    for section in container.sections.values():
        if section.name not in TABLE and section.name not in records.BLOCKS:
            yield Part(section.name, section.read(0, section.length), section.sealed)
    yield Part(PAGES, bounds)


def _of_segment(
    segment: Segment, columns: Columns, bounds: U32, resident: memoryview, sealing: Sealing | None
) -> Iterator[Record]:
    yield from _pages(segment.id, columns, bounds)
    for section in segment.container.sections.values():
        if section.name in records.BLOCKS:
            yield from _blocks(segment.id, section, sealing if section.sealed else None)
    yield from _chunks(segment.id, resident)


def _chunks(file: bytes, data: memoryview) -> Iterator[Record]:
    size = records.CHUNK_PAYLOAD
    for number, start in enumerate(range(0, len(data), size)):
        chunk = bytes(data[start : start + size])
        yield Record(records.CHUNK, number, records.pack(file, records.CHUNK, number, len(chunk), chunk))


def _blocks(file: bytes, section: Section, sealing: Sealing | None) -> Iterator[Record]:
    kind, step = records.BLOCKS[section.name], step_of(sealing)
    for number, start in enumerate(range(0, section.length, step)):
        plain = bytes(section.read(start, min(start + step, section.length)))
        block = plain if sealing is None else sealing.seal(sealed_as(section.name), number, plain)
        yield Record(kind, number, records.pack(file, kind, number, len(plain), block))


def page_bounds(offsets: U32) -> U32:
    """The first bucket of each page, and the number of buckets at the end: as many buckets a page as fit.

    ``offsets`` u32 [buckets + 1] is where the entries of each bucket begin. A bucket that is larger than a
    page has one of its own.
    """
    buckets = len(offsets) - 1
    sizes: I64 = offsets.astype(np.int64) * _ENTRY + 2 * np.arange(buckets + 1)
    bounds = [0]
    while bounds[-1] < buckets:
        first = bounds[-1]
        most = int(sizes[first]) + records.PAGE_PAYLOAD - 2
        bounds.append(max(int(np.searchsorted(sizes, most, side="right")) - 1, first + 1))
    return np.array(bounds, np.uint32)


def _pages(file: bytes, columns: Columns, bounds: U32) -> Iterator[Record]:
    offsets, prints, places, codes = columns
    for number, (first, last) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        starts = offsets[first : last + 1]
        start, stop = int(starts[0]), int(starts[-1])
        width = np.uint32 if stop - start >= WIDE else np.uint16
        payload = b"".join(
            [
                places[start:stop].tobytes(),
                prints[start:stop].tobytes(),
                (starts - starts[0]).astype(width).tobytes(),
                codes[start:stop].tobytes(),
            ]
        )
        yield Record(records.PAGE, number, records.pack(file, records.PAGE, number, stop - start, payload))


def restore(segment: Segment, head: Head, file: BinaryIO, sealing: Sealing | None) -> None:
    """Writes the file that a segment in Redis was made of. Raises Damaged where it becomes another."""
    crc = containers.write(file, segment.id, _parts(segment, head.pieces), sealing)
    if (crc, file.tell()) != (head.crc, head.size):
        raise Damaged(
            f"{segment.name} does not give the file it was made of: sync it from its source again with --anew"
        )


def _parts(segment: Segment, pieces: Iterable[Piece]) -> Iterator[Part]:
    offsets, prints, places, codes = segment.buckets.columns()
    columns: tuple[NDArray[Any], ...] = (places, codes, prints, offsets)
    table = dict(zip(TABLE, columns, strict=True))
    for name, length, sealed in pieces:
        if name in table:
            yield Part(name, table[name])
        else:
            yield Part(name, segment.container[name].read(0, length), sealed)
