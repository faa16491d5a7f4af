"""One writer at a time: the lock of an index, and the folder in which a new one is built."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from simblock.errors import Busy, SimblockError, UsageError
from simblock.stores.names import BUILDING, LOCK, MANIFEST
from simblock.stores.shelf import FolderShelf, full_disk, sync


class Claim:
    """What a writing session holds. Without arguments: nothing, for indexes in memory."""

    def __init__(
        self, lock: FileLock | None = None, building: FolderShelf | None = None, target: Path | None = None
    ) -> None:
        self._lock = lock
        self._building = building
        self._target = target

    def deliver(self) -> None:
        """Gives a new index, now complete, its place. Raises UsageError where that was taken meanwhile."""
        if self._building is None or self._target is None:
            return
        try:
            self._building.path.rename(self._target)
        except OSError:
            raise UsageError(
                f"{self._target} was made by someone else meanwhile: choose another place"
            ) from None
        self._building.path = self._target
        self._building = None
        sync(self._target.parent)

    def release(self) -> None:
        """Ends the session; a new index that was not delivered is gone."""
        if self._building is not None:
            shutil.rmtree(self._building.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()


def claim_new(path: str | Path) -> tuple[FolderShelf, Claim]:
    """An empty folder beside ``path`` in which to build an index, left over by no earlier writer.

    Raises UsageError where something stands at ``path``, Busy where another writer is building there.
    """
    target = Path(path)
    if (target / MANIFEST).exists():
        raise UsageError(f"{path} is an index already: add works to it with simblock-index add")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{path} is there already and not empty: choose another place for the index")
    building = target.parent / f".{target.name}{BUILDING}"
    try:
        building.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    lock = _lock(building, path)
    for left in building.iterdir():
        if left.name != LOCK:
            left.unlink()
    shelf = FolderShelf(building, str(path))
    return shelf, Claim(lock, shelf, target)


def claim(path: str | Path) -> tuple[FolderShelf, Claim]:
    """The folder of an index, locked. Raises NotAnIndex, Busy."""
    shelf = FolderShelf(Path(path), str(path))
    shelf.manifest()
    return shelf, Claim(_lock(Path(path), path))


def _lock(folder: Path, path: str | Path) -> FileLock:
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(f"another writer is at work on {path}: wait until it has finished") from None
    except OSError as error:
        raise _unwritable(path, error) from None
    return lock


def _unwritable(path: str | Path, error: OSError) -> SimblockError:
    if isinstance(error, PermissionError | NotADirectoryError):
        return UsageError(f"{path} cannot be written: {os.strerror(error.errno or 0).lower()}")
    return full_disk(str(path), error)
