"""An index in a directory, read by any number of processes while one writes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from simblock.stores import keys
from simblock.stores.reader import StoredIndex
from simblock.stores.shelf import FolderShelf


class DirectoryIndex(StoredIndex):
    """Reads the index at ``path``; its files are mapped, no lock is taken.

    Raises NotAnIndex, Damaged, Incompatible, KeyProblem.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        key: bytes | None = None,
        key_file: str | Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if key is None and key_file is not None:
            key = keys.load(key_file)
        super().__init__(FolderShelf(Path(path), str(path)), key, clock)
