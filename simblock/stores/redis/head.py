"""The first record of a file in Redis: what the file is, and how many records of each kind it has.

A file is *whole* there (the journal: chunks of its bytes) or *parted* (a segment: a resident part in
chunks, which is a container of its own, and the rest in pages and blocks).
"""

from __future__ import annotations

import json
import logging
import operator
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from simblock.stores.container import Sealing
from simblock.stores.redis import records
from simblock.stores.redis.names import Names
from simblock.stores.redis.paged import Located, blocks_of

_MALFORMED = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
_LOG = logging.getLogger("simblock")
_MOST_RECORDS = 1 << 24
"""Of one kind: no segment has as many."""
_MOST = 1 << 40
"""Bytes: no section of a segment is as long."""


class Piece(NamedTuple):
    """A section of the file, in the file's order."""

    name: str
    length: int
    sealed: bool


@dataclass(frozen=True, slots=True)
class Head:
    """``crc`` is that of the file's header, ``resident`` and ``resident_crc`` size and header checksum of what
    the chunks hold; ``pieces`` are empty where that is the file itself."""

    crc: int
    size: int
    resident: int
    resident_crc: int
    pages: int = 0
    pieces: tuple[Piece, ...] = ()

    @property
    def chunks(self) -> int:
        return -(-self.resident // records.CHUNK_PAYLOAD)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Head:
        """What :meth:`to_json` wrote. Raises ValueError, KeyError, TypeError where it is something else."""
        raw: dict[str, Any] = json.loads(data)
        numbers = {name: _size(raw[name]) for name in ("crc", "size", "resident", "resident_crc", "pages")}
        pieces = tuple(
            Piece(str(name), _size(length), bool(sealed)) for name, length, sealed in raw["pieces"]
        )
        return cls(**numbers, pieces=pieces)

    def counts(self, sealing: Sealing | None) -> dict[str, int]:
        """How many records of each kind the file has."""
        blocks = {
            records.BLOCKS[piece.name]: blocks_of(piece.length, sealing if piece.sealed else None)
            for piece in self.pieces
            if piece.name in records.BLOCKS
        }
        return {records.HEAD: 1, records.CHUNK: self.chunks, records.PAGE: self.pages, **blocks}


def _size(value: Any) -> int:
    number = operator.index(value)
    if not 0 <= number <= _MOST:
        raise ValueError(number)
    return number


def read_head(value: bytes | None, at: Located) -> Head:
    """The head of a file. Raises Damaged."""
    record = at.unpack(value, records.HEAD, 0)
    try:
        return Head.from_json(bytes(record.payload))
    except _MALFORMED:
        raise at.wrong(records.HEAD, 0) from None


def keys_of(names: Names, file: str, counts: dict[str, int]) -> Iterator[bytes]:
    """The keys of all records of a file, its head first."""
    for kind, count in counts.items():
        for number in range(count):
            yield names.record(file, kind, number)


def read_counts(data: bytes, file: str) -> dict[str, int]:
    """Counts of records by kind as the list of files has them; none, and a warning, where they cannot be read.

    By them records are removed: a list that is damaged must not keep a writer from its work.
    """
    try:
        counts = {str(kind): _size(count) for kind, count in json.loads(data).items()}
        if max(counts.values(), default=0) > _MOST_RECORDS:
            raise ValueError(counts)
    except (*_MALFORMED, AttributeError):
        _LOG.warning(
            "which records %s has cannot be read in the list of files: some may stay in the server", file
        )
        return {}
    return counts
