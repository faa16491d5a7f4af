"""An index in memory: the same bytes as on disk, in a dict."""

from __future__ import annotations

from collections.abc import Iterable

from simblock.scheme import Scheme
from simblock.stores.claim import Claim
from simblock.stores.intake import Tokenise, tokenise_here
from simblock.stores.reader import StoredIndex
from simblock.stores.shelf import MemoryShelf
from simblock.stores.writer import Writer, new_manifest
from simblock.work import Document


class MemoryIndex(StoredIndex):
    """An index of ``documents`` that lives as long as its process."""

    def __init__(
        self,
        documents: Iterable[Document] = (),
        *,
        scheme: Scheme | None = None,
        store_text: bool = False,
        name: str = "memory",
        tokenise: Tokenise = tokenise_here,
    ) -> None:
        shelf = MemoryShelf(name)
        manifest = new_manifest(scheme, None, store_text=store_text)
        self._writer = Writer(shelf, Claim(), manifest, None, tokenise)
        self._writer.put(documents)
        self._writer.commit()
        super().__init__(shelf)

    def add(self, documents: Iterable[Document]) -> int:
        """Adds or replaces works; the new epoch. Raises InputError."""
        self._writer.put(documents)
        return self._commit()

    def remove(self, ids: Iterable[str], *, reason: str | None = None) -> list[str]:
        """Removes works; the ids that were not there."""
        missing = self._writer.remove(ids, reason=reason)
        self._commit()
        return missing

    def _commit(self) -> int:
        epoch = self._writer.commit().epoch
        self._looked = float("-inf")
        self.refresh()
        return epoch
