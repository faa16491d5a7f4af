"""What a value in Redis is: one record with a header that says which it is, and a checksum over both.

A server that was emptied, a replica promoted too early, an eviction, a key copied over another: each
shows as a record that is absent, cut short, or not the one that was asked for, and is Damaged. So
nothing that is missing ever passes for "not in the index".
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

from simblock.errors import Damaged, Incompatible

VERSION = 1
_MAGIC = b"sb"
_HEADER = struct.Struct("<2sBcIIII")  # magic, version, kind, number, count, tag (of the file's id), crc
_CRC = struct.Struct("<I")
_BODY = _HEADER.size - _CRC.size

HEADER_SIZE = _HEADER.size
SDS = 6
"""Bytes that Redis keeps beside a string: a value is sized so that both fill one class of its allocator."""
PAGE_PAYLOAD = 4096 - SDS - HEADER_SIZE
BLOCK_PAYLOAD = 16384 - SDS - HEADER_SIZE
CHUNK_PAYLOAD = (1 << 20) - 16 - HEADER_SIZE

PAGE, CHUNK, HEAD = "p", "c", "h"
BLOCKS = {"runs": "r", "places": "o", "lines": "l", "works.data": "w", "texts": "t"}
"""The letters of sections that are kept in blocks."""


class Record(NamedTuple):
    """The payload of a record, and the count in its header: of a page's entries, else of bytes unsealed."""

    payload: memoryview
    items: int


def pack(file: bytes, kind: str, number: int, count: int, payload: bytes) -> bytes:
    """A record of the file with this id."""
    head = _HEADER.pack(_MAGIC, VERSION, kind.encode(), number, count, _tag(file), 0)[:_BODY]
    return b"".join([head, _CRC.pack(crc32(payload, crc32(head, crc32(file)))), payload])


def unpack(value: bytes | None, file: bytes, kind: str, number: int, name: str) -> Record:
    """What :func:`pack` was given, where ``value`` is that very record; ``name`` is the index's.

    Raises Damaged, Incompatible.
    """
    if value is None:
        raise Damaged(
            f"{name} lacks a record ({_called(file, kind, number)}): its server was emptied or evicted it, or "
            "this state was replaced long ago; restore the server's data, or sync the index into it again with --anew"
        )
    if len(value) < HEADER_SIZE:
        raise _damaged(name, file, kind, number)
    magic, version, was, at, count, tag, crc = _HEADER.unpack_from(value)
    if magic == _MAGIC and version > VERSION:
        raise Incompatible(
            f"{name} has records of version {version}, this simblock reads {VERSION}: upgrade it"
        )
    view = memoryview(value)
    expected = (_MAGIC, VERSION, kind.encode(), number, _tag(file))
    whole = crc32(view[HEADER_SIZE:], crc32(view[:_BODY], crc32(file))) == crc
    if (magic, version, was, at, tag) != expected or not whole:
        raise _damaged(name, file, kind, number)
    return Record(view[HEADER_SIZE:], count)


def _tag(file: bytes) -> int:
    return int.from_bytes(file[:4], "little")


def _called(file: bytes, kind: str, number: int) -> str:
    return f"{file.hex()[:16]}:{kind}:{number}"


def _damaged(name: str, file: bytes, kind: str, number: int) -> Damaged:
    return Damaged(
        f"{name}: record {_called(file, kind, number)} is damaged, or is another: "
        "restore the server's data, or sync the index into it again with --anew"
    )
