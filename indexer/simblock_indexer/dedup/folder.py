"""The working folder of a pass: its plan, and what each stage made, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from simblock.errors import Damaged, UsageError
from simblock_indexer.dedup.delivery.rows import Part, Source
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers.options import ReadOptions

VERSION = 1
_SPOILT = (ValueError, TypeError, LookupError, AttributeError, OverflowError, EOFError, RecursionError)
"""What a file of JSON or an array raises that is cut, or not what it was."""


@contextmanager
def intact(otherwise: str, *spoilt: type[Exception]) -> Iterator[None]:
    """For what is read of a file that simblock wrote: raises Damaged, which says ``otherwise``, where it cannot be read,
    is cut or not what it was, or where that raises one of ``spoilt``."""
    kinds: tuple[type[Exception], ...] = (OSError, *_SPOILT, *spoilt)
    try:
        yield
    except kinds as error:
        raise Damaged(otherwise) from error


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides the outcome of a pass, and where it goes. ``partitions``, a power of two, is into how many the
    keys are divided; ``out`` the folder of what is kept (empty: nothing is written); ``state`` the folder of earlier
    deliveries, ``segments`` those of them that were there when the pass began, in order."""

    options: DedupOptions
    reading: ReadOptions
    sources: tuple[Source, ...]
    parts: tuple[Part, ...]
    partitions: int
    out: str = ""
    state: str | None = None
    segments: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The plan as one JSON object."""
        reading = {
            name: value for name, value in asdict(self.reading).items() if name not in _NOT_OF_THE_OUTCOME
        }
        told = {
            "version": VERSION,
            "options": self.options.to_dict(),
            "reading": reading,
            "sources": [list(source) for source in self.sources],
            "parts": [list(part) for part in self.parts],
            "partitions": self.partitions,
            "out": self.out,
            "state": self.state,
            "segments": list(self.segments),
        }
        return json.dumps(told, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """What :meth:`to_json` gave. Raises UsageError where another version wrote it."""
        told: dict[str, Any] = json.loads(text)
        if told["version"] != VERSION:
            raise UsageError("the working folder was made by another simblock: remove it and begin anew")
        return cls(
            DedupOptions.from_dict(told["options"]),
            ReadOptions(**told["reading"]),
            tuple(Source(*source) for source in told["sources"]),
            tuple(Part(*part) for part in told["parts"]),
            told["partitions"],
            told["out"],
            told["state"],
            tuple(told["segments"]),
        )


_NOT_OF_THE_OUTCOME = {"workers", "meta", "leave_out", "id", "expires", "reason"}


class Folder:
    """Where a pass keeps its plan and what its stages made. Safe for several processes, as each file is of one
    unit and appears whole, by a rename; made twice, it has the same bytes."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    @property
    def plan(self) -> Plan:
        """The plan. Raises UsageError where there is none, Damaged where it cannot be read."""
        with intact(f"{self.root}: the plan cannot be read: remove the folder and begin anew"):
            try:
                text = (self.root / "plan.json").read_text("utf-8")
            except FileNotFoundError:
                raise UsageError(f"{self.root}: no pass was begun here: check the path") from None
            return Plan.from_json(text)

    def signed(self, part: int) -> Path:
        """The folder of what *sign* made of a part."""
        return self.root / "signed" / f"{part:06}"

    def joined(self, partition: int) -> Path:
        """The folder of what *join* found in a partition."""
        return self.root / "joined" / f"{partition:06}"

    @property
    def clustered(self) -> Path:
        """The folder of the units that *verify* goes by."""
        return self.root / "clustered"

    def verified(self, unit: int) -> Path:
        """The folder of what *verify* found in a unit."""
        return self.root / "verified" / f"{unit:06}"

    @property
    def settled(self) -> Path:
        """The folder of what becomes of every document."""
        return self.root / "settled"

    def written(self, source: int) -> Path:
        """The mark that *write* is done with a file."""
        return self.root / "written" / f"{source:06}"

    @contextmanager
    def making(self, folder: Path) -> Iterator[Path]:
        """A new folder to fill, that takes its place when all went well."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        filled = hidden(folder)
        shutil.rmtree(filled, ignore_errors=True)
        filled.mkdir()
        try:
            yield filled
            if folder.exists():  # another made the same meanwhile
                return
            _take_its_place(filled, folder)
        finally:
            shutil.rmtree(filled, ignore_errors=True)


def _take_its_place(filled: Path, folder: Path) -> None:
    try:
        filled.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def hidden(path: Path) -> Path:
    """Where what will stand at ``path`` is made: beside it, under a name that no other process or thread gives."""
    return path.with_name(f".{path.name[:48]}.{socket.gethostname()}.{threading.get_ident()}.{os.getpid()}")


def sweep(root: Path, *, everybody: bool = False) -> None:
    """Removes what processes of this machine left half made below ``root`` that are no more; or of ``everybody``, when
    all is made."""
    ours = f".{socket.gethostname()}"
    for parent, folders, files in os.walk(root):
        for name in [*folders, *files]:
            made = half_made(Path(name))
            if made and (everybody or (made[1].endswith(ours) and not _alive(int(made[2])))):
                _remove(Path(parent, name))


_HALF_MADE = re.compile(r"(\..+)\.\d+\.(\d+)", re.DOTALL)


def half_made(path: Path) -> re.Match[str] | None:
    """Whether a name is one of :func:`hidden`: name and machine, and process."""
    return _HALF_MADE.fullmatch(path.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A new file to write, that takes the place of ``path`` when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = hidden(path)
    try:
        yield written
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


def save(path: Path, array: NDArray[Any]) -> None:
    """Writes an array as .npy."""
    whole = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(whole))
        put(file, whole)


def put(file: IO[bytes], array: NDArray[Any]) -> None:
    """Writes the bytes of an array to a file. NumPy itself says nothing where the last of them find no room."""
    file.write(np.ascontiguousarray(array).data)


ALIGNED = 64


def pack(folder: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Writes arrays into one file, as a process that maps each by itself soon has no file descriptors left."""
    table: dict[str, tuple[str, list[int], int]] = {}
    with (folder / "arrays.bin").open("wb") as file:
        for name, array in arrays.items():
            file.write(bytes(-file.tell() % ALIGNED))
            table[name] = (array.dtype.str, list(array.shape), file.tell())
            put(file, array)
    (folder / "arrays.json").write_text(json.dumps(table), "utf-8")


def unpacked(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays that :func:`pack` wrote, read as they are used. Raises Damaged where something is missing."""
    with intact(
        f"{folder}: missing or cut short: remove the folder and run the stage again", MemoryError, SyntaxError
    ):
        table = json.loads((folder / "arrays.json").read_text("utf-8"))
        if any(np.dtype(kind).hasobject for kind, _, _ in table.values()):
            raise ValueError
        path = folder / "arrays.bin"
        whole = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
        return {
            name: np.ndarray(tuple(shape), np.dtype(kind), np.asarray(whole), offset)
            for name, (kind, shape, offset) in table.items()
        }


def counted(folder: Path) -> dict[str, Any]:
    """What a unit counted. Raises Damaged where it is missing or cut."""
    path = folder / "counts.json"
    with _made_by_a_stage(path):
        told = json.loads(path.read_text("utf-8"))
        return dict(told.items())


def _made_by_a_stage(path: Path) -> AbstractContextManager[None]:
    return intact(f"{path}: missing or cut short: remove its folder and run the stage again")


class Growing:
    """An array u32 of one dimension as .npy, that is written as it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._length = 0
        self._file = path.open("wb")
        self._head()

    def _head(self) -> None:
        # NumPy leaves room in the header for any length, so that it can be written over.
        head = {"descr": "<u4", "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._file, head)

    def add(self, array: NDArray[np.uint32]) -> None:
        """Writes some more."""
        put(self._file, array)
        self._length += len(array)

    def close(self) -> None:
        """Writes down how many there are; again, it does nothing."""
        if not self._file.closed:
            with self._file:
                self._file.seek(0)
                self._head()

    def mapped(self) -> NDArray[np.uint32]:
        """All of it, read as it is used; nothing more can be added."""
        self.close()
        return load(self._path)


def load(path: Path) -> NDArray[Any]:
    """An array of :func:`save`, read as it is used. Raises Damaged where it is cut or missing."""
    with _made_by_a_stage(path):
        try:
            # As a plain array: each slice of a memmap costs microseconds.
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError):
            # An array without elements cannot be mapped by some systems; it is read.
            return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
