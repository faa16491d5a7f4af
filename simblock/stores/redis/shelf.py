"""The files of an index in Redis: what a folder is for an index on disk."""

from __future__ import annotations

import json
import mmap
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from simblock.errors import Busy, Damaged, NotAnIndex
from simblock.stores import container
from simblock.stores.container import Container, Sealing
from simblock.stores.manifest import FileRef
from simblock.stores.redis import records, shipping
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.stores.redis.finding import find_index
from simblock.stores.redis.head import Head, keys_of, read_counts, read_head
from simblock.stores.redis.hostcache import HostCache
from simblock.stores.redis.names import Names
from simblock.stores.redis.paged import BlockSection, Located, PagedBuckets, TableSection
from simblock.stores.redis.source import Source
from simblock.stores.segment import SECTIONS, Facts, Segment, open_segment
from simblock.stores.shelf import full_disk
from simblock.stores.snapshot import Sealer

_RESIDENT = SECTIONS | {shipping.PAGES}
_CHUNKS_AT_ONCE = 8
_SEGMENT = "seg-"
_UNUSED = 7 * 86400.0
_READ_AHEAD = 256 << 20
"""Bytes of records kept by who reads whole segments, each once from its beginning to its end."""


class RedisShelf:
    """Reads and writes the records of one index; for writers with the ``token`` of the lock that they hold, and
    with a ``sealer`` that gives what encrypts a file by its id. Who is not ``cached`` reads all from the server, also
    what the host has.
    """

    at_once = True

    def __init__(
        self,
        address: Address,
        link: Link,
        names: Names,
        source: Source,
        *,
        token: bytes = b"",
        sealer: Sealer | None = None,
        cached: bool = True,
    ) -> None:
        self.name = address.name
        self.names = names
        self._address, self._link, self._source = address, link, source
        self._token = token
        self._sealer = sealer or (lambda _: None)
        self._resident_names: dict[str, str] = {}
        self._stored: dict[str, dict[str, int]] = {}
        self._cache = HostCache(Path(address.cache) if address.cache else None) if cached else None

    def manifest(self) -> bytes:
        data = self._link.get(self.names.manifest, patient=True)
        if data is None:
            raise NotAnIndex(
                f"{self.name} holds no index (tenant {self.names.tenant}, scheme {self.names.scheme}): "
                "build one with simblock-index build, or restore the server's data"
            )
        return data

    def head(self, ref: FileRef) -> Head:
        """What a file is. Raises Damaged where it is not the one that is meant."""
        at = self._at(ref)
        head = read_head(self._link.get(at.key(records.HEAD, 0), patient=True), at)
        if (head.crc, head.size) != (ref.crc, ref.size):
            raise Damaged(
                f"{self.name}: {ref.file} is another file than the manifest names: restore the index"
            )
        return head

    def _at(self, ref: FileRef) -> Located:
        return Located(self.name, self.names, bytes.fromhex(ref.id), self._source)

    def open(self, ref: FileRef) -> memoryview:
        return memoryview(b"".join(self._chunks(self._at(ref), self.head(ref))))

    def _chunks(self, at: Located, head: Head) -> Iterator[bytes]:
        for first in range(0, head.chunks, _CHUNKS_AT_ONCE):
            numbers = range(first, min(first + _CHUNKS_AT_ONCE, head.chunks))
            keys = [at.key(records.CHUNK, number) for number in numbers]
            values = self._link.get_many(keys, patient=True)
            for number, value in zip(numbers, values, strict=True):
                yield bytes(at.unpack(value, records.CHUNK, number).payload)

    def segment(self, ref: FileRef, sealing: Sealing | None) -> Segment:
        at, head = self._at(ref), self.head(ref)
        resident = self._resident(ref, head, sealing)
        resident.crc, resident.size = head.crc, head.size
        for name, length, sealed in head.pieces:
            if name in records.BLOCKS:
                resident.sections[name] = BlockSection(at, name, length, sealing if sealed else None)
        segment = Segment(resident, partial(_table, at))
        segment.prepare()
        return segment

    def _resident(self, ref: FileRef, head: Head, sealing: Sealing | None) -> Container:
        """The part of a segment that stays on the host, whole and checked."""

        def load() -> Iterator[bytes]:
            return self._chunks(self._at(ref), head)

        def check(found: memoryview) -> None:
            self._checked(found, ref, head, sealing)

        name = self._resident_names[ref.id] = f"{ref.id}-{head.resident_crc:08x}"
        if self._cache is None:
            return self._checked(memoryview(b"".join(load())), ref, head, sealing)
        buffer = self._cache.open(name, head.resident, load, check)
        return self._checked(buffer, ref, head, sealing)

    def _checked(self, buffer: memoryview, ref: FileRef, head: Head, sealing: Sealing | None) -> Container:
        opened = Container(buffer, f"{self.name}/{ref.file}", _RESIDENT, sealing)
        if (opened.id.hex(), opened.crc) != (ref.id, head.resident_crc):
            raise Damaged(
                f"{self.name}: {ref.file} has another resident part than it says: restore the index"
            )
        for section in opened.sections.values():
            for block in range(len(section.seen)):
                section.touch(block)
        return opened

    def copy(self, ref: FileRef, stream: BinaryIO, sealing: Sealing | None) -> None:
        head = self.head(ref)
        if head.pieces:
            shipping.restore(self.segment(ref, sealing), head, stream, sealing)
        else:
            stream.write(self.open(ref))

    @contextmanager
    def create(self, file: str) -> Iterator[BinaryIO]:
        """A file to be written; all its records are in Redis when the block ends well."""
        try:
            with tempfile.TemporaryFile() as stream:
                yield stream
                stream.flush()
                self._store(file, memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)))
        except OSError as error:
            raise full_disk(self.name, error) from error

    def _store(self, file: str, data: memoryview) -> None:
        id, crc = container.identify(data, self.name)
        sealing = self._sealer(id)
        if file.startswith(_SEGMENT):
            self.store(file, id, shipping.parted(open_segment(data, file, sealing), sealing), sealing)
        else:
            self.store(file, id, shipping.whole(id, crc, data), sealing)

    def store(self, file: str, id: bytes, shipment: shipping.Shipment, sealing: Sealing | None) -> None:
        """Puts a file's records, the head last; before all others, how many there will be."""
        names, head = self.names, shipment.head
        counts = head.counts(sealing)
        if not self._holds():
            self._withdraw()
            raise Busy(f"{self.name}: this writer was taken for dead, and another is at work: begin again")
        self._stored[file] = counts
        self._link.set_field(names.files, file.encode(), json.dumps(counts).encode())
        self._link.set_many((names.record(id.hex(), kind, n), value) for kind, n, value in shipment.records)
        packed = records.pack(id, records.HEAD, 0, len(head.to_json()), head.to_json())
        self._link.set_many([(names.record(id.hex(), records.HEAD, 0), packed)])

    def publish(self, manifest: bytes) -> None:
        """Replaces the manifest and announces it, in one transaction that fails where the lock was lost."""
        try:
            self._link.publish(self.names, self._token, manifest)
        except Busy:
            self._withdraw()
            raise

    def _holds(self) -> bool:
        """Whether the lock is still this writer's."""
        return self._link.get(self.names.writer, patient=True) == self._token

    def _withdraw(self) -> None:
        """Removes what was stored and no list names: who took over dropped it from there while it was written."""
        listed = self._link.fields(self.names.files)
        for file, counts in self._stored.items():
            if file.encode() not in listed:
                self._link.unlink_many(keys_of(self.names, id_of(file), counts))

    def tidy(self, segments: Iterable[str]) -> None:
        """Removes from the host what no index has used for a week; ``segments`` are ids (hex) in use."""
        self._resident_names = {id: self._resident_names[id] for id in segments}
        if self._cache is not None:
            self._cache.sweep(self._resident_names.values(), _UNUSED)

    def sweep(self, keep: set[str]) -> None:
        """Lets the records of other files go, after the time for which open candidates may still need them."""
        found = self._link.fields(self.names.files)
        if not self._holds():
            return  # what is there now may be another writer's, not yet published
        for field, counts in found.items():
            file = field.decode("utf-8", "replace")
            if file not in keep:
                keys = keys_of(self.names, id_of(file), read_counts(counts, file))
                self._link.expire_many(keys, self._address.grace)
                self._link.drop_field(self.names.files, field)


def id_of(file: str) -> str:
    """The id (hex) in a file's name."""
    return file.rpartition("-")[2].partition(".")[0]


def _table(at: Located, opened: Container, facts: Facts) -> PagedBuckets:
    table = PagedBuckets(at, opened, facts.shape, facts.tokens)
    opened.sections[TableSection.name] = TableSection(table, facts.entries, facts.buckets)
    return table


def whole(link: Link) -> Source:
    """Records for who reads much, in order, and keeps no output waiting: fetched at once, with patience."""
    return Source(_READ_AHEAD, partial(link.get_many, patient=True))


@contextmanager
def reading(address: Address, names: Names | None = None) -> Iterator[RedisShelf]:
    """The files of the index at an address, for who reads all of them and may wait."""
    link = Link(address)
    try:
        found = names or find_index(address, link)
        yield RedisShelf(address, link, found, whole(link), cached=False)
    finally:
        link.close()
