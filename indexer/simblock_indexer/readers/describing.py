"""From a text that was met to a document: what it is, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from simblock.work import Document, Work
from simblock_indexer.readers.kinds import Nature, nature_of
from simblock_indexer.readers.licences import Found
from simblock_indexer.readers.metadata import Sidecar
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.provenance import Trees, header_of
from simblock_indexer.readers.sources import Source


class Met(NamedTuple):
    """A text where it was met: the number of its source, its line there (0 where the file is the work),
    its id, and what its row says of it."""

    number: int
    source: Source
    line: int
    id: str
    text: str
    said: Mapping[str, Any]

    @property
    def place(self) -> str:
        return self.source.row(self.line) if self.line else self.source.place


class Describer:
    """Makes documents. A sidecar goes before a row, a row before a file's header, that before its folder."""

    def __init__(self, options: ReadOptions, sidecar: Sidecar | None) -> None:
        self._options = options
        self._sidecar = sidecar
        self._trees = Trees()

    def document(self, met: Met) -> Document | None:
        """The document; None and Unreadable as :func:`simblock_indexer.readers.kinds.nature_of` has it."""
        said = {**met.said, **(self._sidecar.of(met.id) if self._sidecar else {})}
        in_folder = met.line == 0 and met.source.root is not None
        name = met.id if met.line else met.source.name
        nature = nature_of(met.text, name, said, self._options, place=met.place, in_folder=in_folder)
        if nature is None:
            return None
        provenance = self._provenance(met, nature)
        known = {name: value for name, value in provenance._asdict().items() if value is not None}
        known |= {
            "expires": self._options.expires,
            "reason": self._options.reason,
            **said,
            **nature._asdict(),
        }
        return Document(Work(met.id, **known), met.text)

    def _provenance(self, met: Met, nature: Nature) -> Found:
        found = Found()
        if nature.kind == "code" and nature.language is not None:
            found = header_of(met.text, nature.language)
        if met.line or met.source.path is None or met.source.folder is None:
            return found
        around = self._trees.of(met.source.path, met.source.folder)
        return Found(found.license or around.license, found.owner or around.owner)
