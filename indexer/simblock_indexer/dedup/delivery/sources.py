"""From what is named to the files of a delivery, and to the parts in which they are read."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from simblock.errors import InputError, UsageError
from simblock_indexer.dedup.delivery.rows import Form, Part, Source
from simblock_indexer.escaping import printable
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.parquet import holds_table, opened_table
from simblock_indexer.readers.remote import called, is_url, name_of, reached, remote
from simblock_indexer.readers.streams import compression, holds_rows
from simblock_indexer.readers.tally import Unreadable

FORMS = ".jsonl, .ndjson (also .gz and .zst of them) or .parquet"


class Found(NamedTuple):
    """A file: its path or URL, bytes (-1 where they cannot be told), what it is called, and the folder it lies in."""

    place: str
    size: int
    name: str
    parent: str


def sources(inputs: Iterable[str | Path], reading: ReadOptions) -> list[Source]:
    """Every file that the inputs name, in their order: files, folders, patterns, and URLs of all of them.

    Of folders and patterns, files of other forms, hidden ones and ``reading.leave_out`` are passed over. Raises
    InputError where nothing is at a path, UsageError where two files would be written to one.
    """
    found = [file for item in inputs for file in _found(str(item), reading)]
    if not found:
        raise UsageError(f"no inputs: name files ({FORMS}), folders or URLs")
    _check_each_once(found)
    named = _named(found)
    _check_names(named)
    return [
        Source(file.place, _form(file.place), max(0, file.size), printable(file.name), file.name)
        for file in named
    ]


def parts(found: list[Source], reading: ReadOptions, part_bytes: int) -> list[Part]:
    """The parts of the files, of about ``part_bytes`` each where a file can be divided; of each file at least one.

    Raises InputError for a Parquet file that cannot be opened; with ``skip_bad`` it is one part.
    """
    divided: list[Part] = []
    for number, source in enumerate(found):
        for start, end in _stretches(source, reading, part_bytes):
            divided.append(Part(len(divided), number, start, end))
    return divided


def _stretches(source: Source, reading: ReadOptions, part_bytes: int) -> Iterator[tuple[int, int]]:
    if source.form == "parquet":
        try:
            yield from _groups(source, part_bytes)
        except Unreadable:
            if not reading.skip_bad:
                raise
            yield 0, -1
    elif compression(source.place) or not source.size:
        yield 0, -1
    else:
        count = -(-source.size // part_bytes)
        bounds = [source.size * at // count for at in range(count + 1)]
        yield from pairwise(bounds)


def _groups(source: Source, part_bytes: int) -> list[tuple[int, int]]:
    with opened_table(source.place) as table:
        metadata = table.metadata
        sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
    found, start, filled = [], 0, 0
    for group, size in enumerate(sizes):
        filled += size
        if filled >= part_bytes:
            found.append((start, group + 1))
            start, filled = group + 1, 0
    return [*found, (start, len(sizes))] if start < len(sizes) or not sizes else found


def _form(place: str) -> Form:
    return "parquet" if holds_table(place) else "jsonl"


def _is_delivery(place: str) -> bool:
    return holds_rows(place) or holds_table(place)


def _found(item: str, reading: ReadOptions) -> list[Found]:
    if item == "-":
        raise UsageError("standard input cannot be read twice: name a file or a folder")
    found = list(_remote(item, reading) if is_url(item) else _local(item, reading))
    if not found:
        raise InputError(f"{called(item)}: holds no file to read: they end in {FORMS}")
    return found


# Here.


def _local(item: str, reading: ReadOptions) -> Iterator[Found]:
    path = Path(item)
    if item and path.is_dir():  # an empty path is the folder that one is in
        yield from _folder(path, reading)
    elif os.path.lexists(item):
        if not _is_delivery(item):
            raise InputError(f"{item}: of no form that is read: files end in {FORMS}")
        yield _file(path, path.name)
    elif glob.has_magic(item):
        yield from _matches(item, reading)
    else:
        raise InputError(f"{item or repr(item)}: no such file or folder: check the path")


def _matches(pattern: str, reading: ReadOptions) -> Iterator[Found]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 -- pathlib's takes no absolute patterns
    if not matches:
        raise InputError(f"{pattern}: no file matches: check the path")
    for match in matches:
        path = Path(match)
        # `**` matches folders too, whose files it matches themselves.
        if path.is_dir() and "**" not in pattern:
            yield from _folder(path, reading)
        elif path.is_file() and _is_delivery(match) and not _left_out(path, reading):
            yield _file(path, path.name)


def _folder(folder: Path, reading: ReadOptions) -> list[Found]:
    root = folder.resolve().name

    def unreadable(error: OSError) -> None:
        raise InputError(f"{error.filename}: the folder cannot be read: check its permissions") from error

    found = []
    for here, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if name[0] != "." and not _left_out(Path(here, name), reading)]
        for name in files:
            path = Path(here, name)
            if name[0] != "." and _is_delivery(name) and not _left_out(path, reading):
                found.append(_file(path, PurePosixPath(root, path.relative_to(folder).as_posix()), folder))
    return sorted(found, key=_by_folders)


def _by_folders(file: Found) -> tuple[str, ...]:
    return PurePosixPath(file.name).parts


def _left_out(path: Path, reading: ReadOptions) -> bool:
    return any(path.resolve().is_relative_to(out.resolve()) for out in reading.leave_out)


def _file(path: Path, name: str | PurePosixPath, below: Path | None = None) -> Found:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'unreadable').lower()}: check the file") from error
    return Found(str(path), size, str(name), (below or path).resolve().parent.name)


# Anywhere else.


def _remote(url: str, reading: ReadOptions) -> list[Found]:
    system, path = remote(url)
    try:
        with reached(url):
            return _listed(url, system, path, reading)
    except FileNotFoundError:
        raise InputError(f"{called(url)}: no such file or folder: check the URL") from None
    except OSError as error:
        problem = (error.strerror or type(error).__name__).lower()
        raise InputError(f"{called(url)}: {problem}: check the URL and its credentials") from error


def _listed(url: str, system: Any, path: str, reading: ReadOptions) -> list[Found]:
    signs = "*[" if url.startswith("http") else "*[?"
    first = next((at for at, sign in enumerate(url) if sign in signs), -1)
    if first >= 0:
        below = url[: url.rindex("/", 0, first)]
        matches = system.glob(path, detail=True)
        return _below(below, matches, reading, named=False)
    # Asked as a file first: to ask some systems whether it is a folder is to read it.
    if not _is_delivery(url) or system.info(path)["type"] != "file":
        if system.isdir(path):
            return _below(url, system.find(path, detail=True), reading, named=True)
        system.info(path)  # raises where nothing is there
        raise InputError(f"{called(url)}: of no form that is read: files end in {FORMS}")
    parents = name_of(url).parts
    return [Found(url, _size(system.info(path)), parents[-1], parents[-2] if len(parents) > 1 else "")]


def _below(url: str, infos: dict[str, Any], reading: ReadOptions, *, named: bool) -> list[Found]:
    """Those of some files that are read, all of them below a URL, called by the path there, or by their names alone."""
    base, folder = remote(url).path.rstrip("/"), url.rstrip("/")
    found = []
    for path, info in infos.items():
        inside = path[len(base) :].lstrip("/")
        place = f"{folder}/{inside}"
        parts = PurePosixPath(inside).parts
        hidden = any(part[0] == "." for part in parts if part != "..")
        if hidden or info["type"] != "file" or not _is_delivery(place) or _is_below(place, reading.leave_out):
            continue
        root = PurePosixPath(base).name
        name, parent = (
            (PurePosixPath(root, inside), "") if named else (parts[-1], PurePosixPath(path).parent.name)
        )
        found.append(Found(place, _size(info), str(name), parent))
    return sorted(found, key=lambda file: PurePosixPath(file.place).parts)


def _is_below(url: str, left_out: tuple[Path, ...]) -> bool:
    # As paths, both lose the second slash.
    return any(Path(url).is_relative_to(out) for out in left_out)


def _size(info: dict[str, Any]) -> int:
    return -1 if info.get("size") is None else int(info["size"])


# What they are called below the folder of what is kept.


def _check_each_once(found: list[Found]) -> None:
    seen: set[str] = set()
    for file in found:
        place = file.place if is_url(file.place) else str(Path(file.place).resolve())
        if place in seen:
            raise UsageError(f"{called(file.place)} is named twice: name it once")
        seen.add(place)


def _named(found: list[Found]) -> list[Found]:
    """Those of one name with their folder's name before it."""
    met = Counter(file.name for file in found)
    return [
        file._replace(name=f"{file.parent}/{file.name}") if met[file.name] > 1 and file.parent else file
        for file in found
    ]


def _check_names(found: list[Found]) -> None:
    first: dict[str, Found] = {}
    for file in found:
        if ".." in PurePosixPath(file.name).parts:
            raise UsageError(f"{called(file.place)}: a name with .. in it cannot be written: rename it")
        other = first.setdefault(file.name, file)
        if other is not file:
            raise _same_name(other, file)
    for file in found:
        for folder in PurePosixPath(file.name).parents:
            if str(folder) in first:
                raise _same_name(first[str(folder)], file)


def _same_name(one: Found, other: Found) -> UsageError:
    return UsageError(
        f"{called(one.place)} and {called(other.place)} would both be written to {printable(one.name)}: "
        "name the folder that holds both"
    )
