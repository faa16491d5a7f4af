"""What an index consists of: one small JSON file, replaced atomically, that names all others."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from simblock.errors import Damaged, Incompatible
from simblock.scheme import Scheme
from simblock.stores.names import MANIFEST
from simblock.tokens import U32

FORMAT = 1


class FileRef(NamedTuple):
    """A file of the index: its id (hex), name, size in bytes and the checksum of its header."""

    id: str
    file: str
    size: int
    crc: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """One state of an index. ``delta`` says that the last segment is the one that commits rewrite."""

    scheme: Scheme
    permutations: tuple[tuple[int, ...], ...]
    epoch: int = 0
    key: str | None = None
    store_text: bool = False
    segments: tuple[FileRef, ...] = ()
    delta: bool = False
    journal: FileRef | None = None

    @property
    def table(self) -> U32:
        """The MinHash permutations u32 [2, k]."""
        return np.array(self.permutations, np.uint32).reshape(2, -1)

    @property
    def files(self) -> set[str]:
        """Names of all files that this state needs."""
        journal = [self.journal.file] if self.journal else []
        return {MANIFEST, *journal, *(segment.file for segment in self.segments)}

    def to_json(self) -> bytes:
        fields = asdict(replace(self, scheme=Scheme()))
        fields |= {"format": FORMAT, "scheme": json.loads(self.scheme.to_json())}
        body = json.dumps(fields, sort_keys=True)
        return json.dumps({"crc": crc32(body.encode()), "index": fields}, sort_keys=True, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes, name: str) -> Manifest:
        """Reads what :meth:`to_json` wrote; ``name`` says where. Raises Damaged, Incompatible."""
        try:
            raw: dict[str, Any] = json.loads(data)
            fields = raw["index"]
            version = int(fields["format"])
            whole = crc32(json.dumps(fields, sort_keys=True).encode()) == raw["crc"]
        except (ValueError, KeyError, TypeError):
            whole, version, fields = False, 0, {}
        if not whole:
            raise Damaged(f"{name} is damaged in its {MANIFEST}: rebuild the index or restore it from a copy")
        if version > FORMAT:
            raise Incompatible(
                f"{name} has index format {version}, this simblock reads up to {FORMAT}: upgrade simblock"
            )
        return cls._of(fields)

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Manifest:
        journal = fields["journal"]
        return cls(
            scheme=Scheme.from_json(json.dumps(fields["scheme"])),
            permutations=tuple(map(tuple, fields["permutations"])),
            epoch=fields["epoch"],
            key=fields["key"],
            store_text=fields["store_text"],
            segments=tuple(FileRef(*row) for row in fields["segments"]),
            delta=fields["delta"],
            journal=FileRef(*journal) if journal else None,
        )
