"""Files of results: each stands at its path only once all of it is written."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from simblock.errors import InputError, UsageError
from simblock.stores.redis.address import is_url
from simblock_indexer.readers.sources import STANDARD_INPUT


class Target(NamedTuple):
    """A file that is to be written, if any, and the option that names it."""

    option: str
    path: Path | None


def spare(targets: Iterable[Target], read: Iterable[str | Path | None], indexes: Iterable[str] = ()) -> None:
    """Makes sure that no target takes the place of another, of a file that is read, or of one of an index.

    Of a folder that is read, the files in it are read. Devices and pipes may be named as often as one likes.
    Raises UsageError naming the file and the option.
    """
    written: dict[Path, str] = {}
    inputs = [path for one in read if one is not None for path in _meant(str(one))]
    places = [(name, _real(name)) for name in indexes if not is_url(name)]
    for option, path in targets:
        if path is None or _is_device(path):
            continue
        target = _real(path)
        if other := written.get(target):
            raise UsageError(f"{path}: {other} and {option} name the same file: give each its own")
        if any(_is_read(target, one) for one in inputs):
            raise UsageError(f"{path}: {option} would replace what is read: give another {option}")
        if index := next((name for name, place in places if target.is_relative_to(place)), None):
            raise UsageError(f"{path}: {option} would write into the index {index}: give another {option}")
        written[target] = option


def _meant(item: str) -> list[Path]:
    """The file or folder that an input names, or all that match it as a pattern."""
    if item == STANDARD_INPUT:
        return []
    if glob.has_magic(item) and not os.path.lexists(item):
        return [_real(match) for match in glob.glob(item, recursive=True)]  # noqa: PTH207 - absolute ones too
    return [_real(item)]


def _real(path: str | Path) -> Path:
    # Path.resolve raises for links that go in circles, which opening tells better.
    return Path(os.path.realpath(path))


def _is_device(path: Path) -> bool:
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:
        return False


def _is_read(target: Path, read: Path) -> bool:
    """Whether a file is one that is read, or stands already in a folder that is."""
    try:
        return target == read or (target.exists() and (target.is_relative_to(read) or target.samefile(read)))
    except OSError:
        return False  # what cannot be looked at is told when it is read


@contextmanager
def whole(path: Path, option: str) -> Iterator[TextIO]:
    """A file that stands at ``path`` when the block ends without an error; a device or pipe is written at once.

    Raises InputError naming the path and the ``option`` that gave it.
    """
    if path.exists() and not path.is_file():
        with _told(path, option), path.open("w", encoding="utf-8") as file:
            yield file
        return
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with _told(path, option):
            with partial.open("w", encoding="utf-8") as file:
                yield file
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _told(path: Path, option: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise  # standard output's: its reader has gone, the file is all right
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}: give another {option}"
        ) from error
