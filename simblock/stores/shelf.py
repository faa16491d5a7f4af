"""Where the files of an index are kept: a folder, or memory. Both are written in the same way."""

from __future__ import annotations

import errno
import io
import mmap
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from simblock.errors import Damaged, NotAnIndex, SimblockError
from simblock.stores.container import Sealing, identify
from simblock.stores.manifest import FileRef
from simblock.stores.names import MANIFEST, SUFFIX
from simblock.stores.segment import Segment, open_segment

_TEMPORARY = ".tmp"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Shelf(Protocol):
    """The files of one index; ``name`` is its path as given. ``at_once``: what is written must be in force soon,
    so that segments are merged after a commit, not by it."""

    name: str
    at_once: bool

    def manifest(self) -> bytes:
        """The manifest's bytes. Raises NotAnIndex."""

    def open(self, ref: FileRef) -> memoryview:
        """A file's bytes, for reading. Raises Damaged where it is missing, or not the file that is meant."""

    def segment(self, ref: FileRef, sealing: Sealing | None) -> Segment:
        """A segment, for reading. Raises as :meth:`open` and :class:`Segment` do."""

    def copy(self, ref: FileRef, stream: BinaryIO, sealing: Sealing | None) -> None:
        """Writes a file's bytes to a stream. Raises as :meth:`open` and :meth:`segment` do."""

    def create(self, file: str) -> AbstractContextManager[BinaryIO]:
        """A file to be written; it is there, and durable, when the block ends well."""

    def publish(self, manifest: bytes) -> None:
        """Replaces the manifest, atomically and durably."""

    def sweep(self, keep: set[str]) -> None:
        """Removes files of ours that are not among those to keep."""


class _Whole(ABC):
    """A shelf that has its files whole."""

    name: str
    at_once = False

    def open(self, ref: FileRef) -> memoryview:
        buffer = self._buffer(ref.file)
        if len(buffer) != ref.size:
            raise Damaged(
                f"{self.name}: {ref.file} has {len(buffer)} bytes, not {ref.size}: "
                "rebuild the index or restore it from a copy"
            )
        return buffer

    def segment(self, ref: FileRef, sealing: Sealing | None) -> Segment:
        return open_segment(self.open(ref), f"{self.name}/{ref.file}", sealing)

    def copy(self, ref: FileRef, stream: BinaryIO, sealing: Sealing | None) -> None:  # noqa: ARG002
        buffer = self.open(ref)
        ref.check(*identify(buffer, f"{self.name}/{ref.file}"), self.name)
        stream.write(buffer)

    @abstractmethod
    def _buffer(self, file: str) -> memoryview:
        """A file's bytes. Raises Damaged where it is missing."""


class MemoryShelf(_Whole):
    """Files in a dict."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._files: dict[str, bytes] = {}

    def manifest(self) -> bytes:
        try:
            return self._files[MANIFEST]
        except KeyError:
            raise NotAnIndex(f"{self.name} holds no index yet: commit one") from None

    def _buffer(self, file: str) -> memoryview:
        try:
            return memoryview(self._files[file])
        except KeyError:
            raise Damaged(f"{self.name} lacks its file {file}: make the index anew") from None

    @contextmanager
    def create(self, file: str) -> Iterator[BinaryIO]:
        stream = io.BytesIO()
        yield stream
        self._files[file] = stream.getvalue()

    def publish(self, manifest: bytes) -> None:
        self._files[MANIFEST] = manifest

    def sweep(self, keep: set[str]) -> None:
        for file in self._files.keys() - keep:
            del self._files[file]


class FolderShelf(_Whole):
    """Files in a folder, memory-mapped for reading."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path = path
        self.name = name if name is not None else str(path)

    def manifest(self) -> bytes:
        try:
            return (self.path / MANIFEST).read_bytes()
        except OSError:
            raise NotAnIndex(
                f"{self.name} is not an index (no {MANIFEST} in it): build one with simblock-index build"
            ) from None

    def _buffer(self, file: str) -> memoryview:
        try:
            with (self.path / file).open("rb") as stream:
                return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        except FileNotFoundError:
            raise Damaged(f"{self.name} lacks its file {file}: rebuild the index or restore it") from None
        except ValueError:
            raise Damaged(f"{self.name}: {file} is empty: rebuild the index or restore it") from None

    @contextmanager
    def create(self, file: str) -> Iterator[BinaryIO]:
        temporary = self.path / (file + _TEMPORARY)
        try:
            with temporary.open("w+b") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.path / file)
        except OSError as error:
            raise full_disk(self.name, error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def bring(self, source: FolderShelf, ref: FileRef) -> None:
        """Takes a file of another folder in: as a second name of the same bytes, or a copy where that cannot be.

        Raises Damaged where it is missing, SimblockError where it cannot be written.
        """
        try:
            (self.path / ref.file).hardlink_to(source.path / ref.file)
        except OSError:
            with self.create(ref.file) as stream:
                source.copy(ref, stream, None)

    def publish(self, manifest: bytes) -> None:
        sync(self.path)
        with self.create(MANIFEST) as stream:
            stream.write(manifest)
        sync(self.path)

    def sweep(self, keep: set[str]) -> None:
        for path in self.path.iterdir():
            ours = path.suffix == SUFFIX or path.name.endswith(_TEMPORARY)
            if ours and path.name not in keep:
                path.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def full_disk(name: str, error: OSError) -> SimblockError:
    """What a failed write says."""
    if error.errno in _FULL:
        return SimblockError(
            f"{name} could not be written, the disk is full: free some space; the index is as before"
        )
    return SimblockError(f"{name} could not be written ({error.strerror}): the index is as before")
