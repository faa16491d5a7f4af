"""Files of results: each stands at its path only once all of it is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from simblock.errors import InputError


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
