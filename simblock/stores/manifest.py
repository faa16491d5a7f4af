"""What an index consists of: one small JSON file, replaced atomically, that names all others."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from simblock.errors import Damaged, Incompatible
from simblock.scheme import Scheme
from simblock.stores.names import MANIFEST
from simblock.tokens import U32

FORMAT = 1
_MALFORMED = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading JSON and its fields may raise."""


class FileRef(NamedTuple):
    """A file of the index: its id (hex), name, size in bytes and the checksum of its header."""

    id: str
    file: str
    size: int
    crc: int

    @classmethod
    def of(cls, row: Any) -> FileRef:
        """The file of a row of JSON. Raises ValueError or TypeError where it is none."""
        id, file, size, crc = row
        if Path(file).name != file:
            raise ValueError(file)
        return cls(bytes.fromhex(id).hex(), file, operator.index(size), operator.index(crc))

    def check(self, id: bytes, crc: int, name: str) -> None:
        """Raises Damaged where a file of the index ``name`` has another id or header checksum."""
        if (id.hex(), crc) != (self.id, self.crc):
            raise Damaged(f"{name}: {self.file} is another file than the manifest names: restore the index")


class Shard(NamedTuple):
    """Which part of some inputs an index was built of: number ``number``, from 0, ``of`` so many; ``plan`` (hex) is
    the same in all shards of one build, and in those of no other."""

    number: int
    of: int
    plan: str

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def sealed(self, mark: Callable[[bytes], bytes]) -> Shard:
        """The shard as a keyed index has it: a manifest is never encrypted, and its inputs could be guessed."""
        return self._replace(plan=mark(bytes.fromhex(self.plan)).hex())

    @classmethod
    def read(cls, row: Any) -> Shard:
        """The shard of a row of JSON. Raises ValueError or TypeError where it is none."""
        number, of, plan = row
        return cls(operator.index(number), operator.index(of), bytes.fromhex(plan).hex())


@dataclass(frozen=True, slots=True)
class Manifest:
    """One state of an index. ``delta`` says that the last segment is the one that commits rewrite;
    ``languages`` are those of its works of code, each with the fingerprint of what read them; ``origin`` (hex)
    is the same in all copies of an index, and in no other index; ``shard`` is None unless it was built to be
    merged with others."""

    scheme: Scheme
    permutations: tuple[tuple[int, ...], ...]
    epoch: int = 0
    key: str | None = None
    store_text: bool = False
    segments: tuple[FileRef, ...] = ()
    delta: bool = False
    journal: FileRef | None = None
    languages: dict[str, str] = field(default_factory=dict)
    origin: str = ""
    shard: Shard | None = None

    @property
    def table(self) -> U32:
        """The MinHash permutations u32 [2, k]."""
        return np.array(self.permutations, np.uint32).reshape(2, -1)

    @property
    def files(self) -> set[str]:
        """Names of all files that this state needs."""
        return {MANIFEST, *(ref.file for ref in self.refs)}

    @property
    def refs(self) -> tuple[FileRef, ...]:
        """All files but the manifest itself: the segments, then the journal."""
        return (*self.segments, self.journal) if self.journal else self.segments

    def to_json(self) -> bytes:
        fields = asdict(replace(self, scheme=Scheme()))
        fields |= {"format": FORMAT, "scheme": json.loads(self.scheme.to_json())}
        if self.shard is None:
            del fields["shard"]
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
        except _MALFORMED:
            whole, version, fields = False, 0, {}
        if not whole:
            raise _damaged(name)
        if version > FORMAT:
            raise Incompatible(
                f"{name} has index format {version}, this simblock reads up to {FORMAT}: upgrade simblock"
            )
        try:
            return cls._of(fields)
        except _MALFORMED:
            raise _damaged(name) from None

    @classmethod
    def _of(cls, fields: dict[str, Any]) -> Manifest:
        key, journal, languages = fields["key"], fields["journal"], fields.get("languages", {})
        shard = fields.get("shard")
        manifest = cls(
            scheme=Scheme.from_json(json.dumps(fields["scheme"])),
            permutations=tuple(tuple(map(operator.index, row)) for row in fields["permutations"]),
            epoch=operator.index(fields["epoch"]),
            key=None if key is None else bytes.fromhex(key).hex(),
            store_text=bool(fields["store_text"]),
            segments=tuple(map(FileRef.of, fields["segments"])),
            delta=bool(fields["delta"]),
            journal=None if journal is None else FileRef.of(journal),
            languages={str(language): str(languages[language]) for language in languages},
            origin=bytes.fromhex(fields.get("origin", "")).hex(),
            shard=None if shard is None else Shard.read(shard),
        )
        widest = max((channel.rows * channel.bands for channel in manifest.scheme.channels), default=1)
        if manifest.table.shape[1] < widest:
            raise ValueError("permutations")
        return manifest


def _damaged(name: str) -> Damaged:
    return Damaged(f"{name} is damaged in its {MANIFEST}: rebuild the index or restore it from a copy")
