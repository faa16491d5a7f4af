"""A file of named sections, every 64 KiB of which is checked before an answer depends on it.

A header (4 KiB, checksummed) names the sections; each is a sequence of blocks, and has a table of
their CRC-32 values, itself checksummed by the header. Sections that could give a work away are,
with a key, AES-GCM by block. Sections of unknown name are skipped where optional, refused where
required.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simblock.errors import Damaged, Incompatible, KeyProblem
from simblock.tokens import I64

BLOCK = 1 << 16
FORMAT = 1
HEADER_SIZE = 4096
_BLOCK_BITS = 16
_MAGIC = b"SIMBLOCK"
_HEAD = struct.Struct("<8sII16sI")  # magic, format, sections, file id, crc of the header with this field 0
_ENTRY = struct.Struct("<24sHHIQQQ")  # name, version, flags, crc of the table, length, data at, table at
_REQUIRED, _SEALED = 1, 2
_CACHED_BLOCKS = 256

Buffer: TypeAlias = bytes | bytearray | memoryview
Dtype: TypeAlias = Any  # what numpy.dtype() takes


class Part(NamedTuple):
    """A section to be written. ``confidential`` ones are encrypted where the index has a key."""

    name: str
    data: NDArray[Any] | Buffer
    confidential: bool = False
    required: bool = True
    version: int = 1


class Sealing(Protocol):
    """Encrypts the blocks of one file."""

    overhead: int

    def seal(self, section: str, number: int, block: Buffer) -> bytes: ...
    def unseal(self, section: str, number: int, block: Buffer) -> bytes | None: ...


class _Entry(NamedTuple):
    name: str
    version: int
    flags: int
    table_crc: int
    length: int
    data_at: int
    table_at: int


def new_id() -> bytes:
    """A file's id: 16 random bytes, never used twice, so that no nonce is."""
    return os.urandom(16)


def write(file: BinaryIO, id: bytes, parts: Iterable[Part], sealing: Sealing | None = None) -> int:
    """Writes a container at the start of ``file`` and gives its header's checksum."""
    file.write(bytes(HEADER_SIZE))
    entries = [_write_part(file, part, sealing if part.confidential else None) for part in parts]
    packed = b"".join(_ENTRY.pack(entry.name.encode(), *entry[1:]) for entry in entries)
    head = _HEAD.pack(_MAGIC, FORMAT, len(entries), id, 0) + packed
    if len(head) > HEADER_SIZE:
        raise ValueError("too many sections for one header")
    head = head.ljust(HEADER_SIZE, b"\0")
    crc = crc32(head)
    file.seek(0)
    file.write(_HEAD.pack(_MAGIC, FORMAT, len(entries), id, crc) + head[_HEAD.size :])
    file.seek(0, os.SEEK_END)
    return crc


def _write_part(file: BinaryIO, part: Part, sealing: Sealing | None) -> _Entry:
    data = part.data
    raw = np.ascontiguousarray(data).data if isinstance(data, np.ndarray) else memoryview(data)
    raw = raw.cast("B") if raw.nbytes else memoryview(b"")
    data_at = _align(file)
    table = []
    for number, start in enumerate(range(0, len(raw), BLOCK)):
        block: Buffer = raw[start : start + BLOCK]
        if sealing is not None:
            block = sealing.seal(part.name, number, block)
        table.append(crc32(block))
        file.write(block)
    packed = struct.pack(f"<{len(table)}I", *table)
    table_at = file.tell()
    file.write(packed)
    flags = part.required * _REQUIRED | (sealing is not None) * _SEALED
    return _Entry(part.name, part.version, flags, crc32(packed), len(raw), data_at, table_at)


def _align(file: BinaryIO) -> int:
    at = file.tell()
    file.write(bytes(-at % 64))  # a Bloom block is then one line of the processor's cache
    return at + -at % 64


class Container:
    """Reads a container from ``buffer``; ``name`` says in errors which file it is.

    ``known`` are the section names the caller reads. Raises Damaged, Incompatible, KeyProblem.
    """

    def __init__(
        self, buffer: memoryview, name: str, known: frozenset[str], sealing: Sealing | None = None
    ) -> None:
        self.name = name
        self.size = len(buffer)
        self._buffer = buffer
        self._sealing = sealing
        self.id, self.crc, entries = _read_header(buffer, name)
        self.sections: dict[str, Section] = {}
        for entry in entries:
            if entry.name in known and entry.version == 1:
                self.sections[entry.name] = self._section(entry)
            elif entry.flags & _REQUIRED:
                raise Incompatible(
                    f"{name} has a section {entry.name} version {entry.version} that this simblock "
                    "does not know: upgrade simblock"
                )

    def __getitem__(self, name: str) -> Section:
        try:
            return self.sections[name]
        except KeyError:
            raise Damaged(f"{self.name} lacks its section {name}: rebuild the index or restore it") from None

    def _section(self, entry: _Entry) -> Section:
        sealing = None
        if entry.flags & _SEALED:
            sealing = self._sealing
            if sealing is None:
                raise KeyProblem(f"{self.name} is keyed: give its key file")
        return Section(self._buffer, self.name, entry, sealing)


def identify(buffer: memoryview, name: str) -> tuple[bytes, int]:
    """The id of a container, and the checksum of its header. Raises Damaged, Incompatible."""
    id, crc, _ = _read_header(buffer, name)
    return id, crc


def _read_header(buffer: memoryview, name: str) -> tuple[bytes, int, list[_Entry]]:
    if len(buffer) < HEADER_SIZE:
        raise Damaged(f"{name} is cut short in its header: rebuild the index or restore it")
    head = bytes(buffer[:HEADER_SIZE])
    magic, version, count, id, crc = _HEAD.unpack_from(head)
    if magic != _MAGIC or crc32(_HEAD.pack(magic, version, count, id, 0) + head[_HEAD.size :]) != crc:
        raise Damaged(f"{name} has a damaged header: rebuild the index or restore it")
    if version > FORMAT:
        raise Incompatible(
            f"{name} has format {version}, this simblock reads up to {FORMAT}: upgrade simblock"
        )
    raw = [_ENTRY.unpack_from(head, _HEAD.size + i * _ENTRY.size) for i in range(count)]
    return id, crc, [_Entry(row[0].rstrip(b"\0").decode(), *row[1:]) for row in raw]


class Section:
    """The bytes of one section. What is read is checked first, block by block, on its first touch.

    ``seen`` has one byte a block, 1 where it was checked. ``memory`` is the whole section, unchecked,
    for look-ups that check ``seen`` themselves and call :meth:`touch`; empty where encrypted (``sealed``).
    ``at`` and ``stored`` say where in the file it stands, and how many bytes it takes there.
    """

    def __init__(self, buffer: memoryview, file: str, entry: _Entry, sealing: Sealing | None) -> None:
        self.name = entry.name
        self.length = entry.length
        self._file = file
        self._sealing = sealing
        self.sealed = sealing is not None
        self._step = BLOCK + (sealing.overhead if sealing else 0)
        blocks = -(-entry.length // BLOCK)
        self.at = entry.data_at
        self.stored = entry.length + blocks * (self._step - BLOCK)
        table = bytes(buffer[entry.table_at : entry.table_at + 4 * blocks])
        if entry.table_at + 4 * blocks > len(buffer) or crc32(table) != entry.table_crc:
            raise self._damaged("is cut short or has a damaged table")
        self._crcs = struct.unpack(f"<{blocks}I", table)
        self._data = buffer[entry.data_at : entry.data_at + self.stored]
        self.memory = self._data if sealing is None else memoryview(b"")
        self.seen = bytearray(blocks)
        self._whole = False
        self._block = lru_cache(_CACHED_BLOCKS)(self._unseal)

    def _damaged(self, what: str) -> Damaged:
        return Damaged(
            f"{self._file}: section {self.name} {what}: rebuild the index or restore it from a copy"
        )

    def touch(self, block: int) -> None:
        """Checks a block. Raises Damaged."""
        start = block * self._step
        if crc32(self._data[start : start + self._step]) != self._crcs[block]:
            raise self._damaged(f"is damaged in block {block}")
        self.seen[block] = 1

    def check(self) -> None:
        """Reads and checks all of it, decrypting what is encrypted. Raises Damaged."""
        for block in range(len(self.seen)):
            self.touch(block)
            if self._sealing is not None:
                self._unseal(block)

    def _unseal(self, block: int) -> bytes:
        assert self._sealing is not None
        if not self.seen[block]:
            self.touch(block)
        start = block * self._step
        plain = self._sealing.unseal(self.name, block, self._data[start : start + self._step])
        if plain is None:
            raise self._damaged(f"cannot be decrypted in block {block}")
        return plain

    def read(self, start: int, stop: int) -> Buffer:
        """Bytes [start, stop), which must lie inside the section: a view where nothing is encrypted."""
        if stop <= start:
            return b""
        first, last = start >> _BLOCK_BITS, (stop - 1) >> _BLOCK_BITS
        if self._sealing is not None:
            joined = b"".join([self._block(number) for number in range(first, last + 1)])
            return memoryview(joined)[start - first * BLOCK : stop - first * BLOCK]
        if not self._whole:
            self._touch_all(first, last)
        return self._data[start:stop]

    def _touch_all(self, first: int, last: int) -> None:
        for block in range(first, last + 1):
            if not self.seen[block]:
                self.touch(block)
        self._whole = last - first + 1 == len(self.seen)

    def array(self, dtype: Dtype, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Items [start, stop) of the section as an array of ``dtype``, read-only."""
        kind = np.dtype(dtype)
        end = self.length // kind.itemsize if stop is None else stop
        return np.frombuffer(self.read(start * kind.itemsize, end * kind.itemsize), kind)

    def take(self, dtype: Dtype, at: I64) -> NDArray[Any]:
        """Items at the places i64 ``at`` as an array of ``dtype``; for sections that are not encrypted."""
        kind = np.dtype(dtype)
        self.check_at(kind.itemsize, at)
        taken: NDArray[Any] = np.frombuffer(self.memory, kind)[at]
        return taken

    def check_at(self, size: int, at: I64) -> None:
        """Checks the blocks in which items of ``size`` bytes at the places i64 ``at`` begin. Raises Damaged."""
        if 0 not in self.seen or not len(at):
            return
        for block in np.flatnonzero(np.bincount(at * size >> _BLOCK_BITS)).tolist():
            if not self.seen[block]:
                self.touch(block)
