"""An index as both programs are given it: a directory or a URL, and which of several keys opens it.

Each index takes the key that it was made with, one without a key takes none. A key that no index needs is
passed over, as it may stand in the environment for others; a call in which no index takes any is refused,
because whoever gives a key believes that something is keyed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from simblock.errors import KeyProblem, UsageError

if TYPE_CHECKING:
    from simblock.stores.reader import StoredIndex

KeyFiles: TypeAlias = str | Path | Sequence[str | Path] | None
"""The key files of a call: one, several, or none."""

_CREDENTIALS = re.compile(r"\b(redis(?:s|\+sentinel|\+cluster)?://)\S*@", re.IGNORECASE)


class _Opened(NamedTuple):
    """An index that was opened, and the key that it took."""

    store: StoredIndex
    key: bytes | None


def is_url(index: str | Path) -> bool:
    """Whether an index is named by a URL; else it is a directory."""
    return "://" in str(index)


def shown(index: str | Path) -> str:
    """What an index is called where it is told: its path, or its URL without user and password."""
    return _CREDENTIALS.sub(r"\1", str(index))


def key_paths(files: KeyFiles) -> list[Path]:
    """The paths of key files."""
    return [Path(file) for file in ([files] if isinstance(files, str | Path) else files or [])]


def load_keys(files: KeyFiles) -> list[bytes]:
    """The keys of key files. Raises KeyProblem."""
    from simblock.stores import keys

    return [keys.load(path) for path in key_paths(files)]


def check_keyed(index: str | Path, files: KeyFiles, *, no_key: bool) -> None:
    """Raises UsageError where a new index is asked to be keyed and not, and in Redis where neither is said."""
    if key_paths(files) and no_key:
        raise UsageError("--key-file (or SIMBLOCK_KEY_FILE) and --no-key contradict each other: give one")
    if is_url(index) and not key_paths(files) and not no_key:
        raise UsageError(
            f"{shown(index)}: who reads a server reads what is not keyed: give --key-file FILE "
            "(simblock-index keygen makes one), or --no-key where that is all right"
        )


def new_key(index: str | Path, files: KeyFiles) -> bytes | None:
    """The key of an index that is to be made. Raises UsageError where several are given, KeyProblem."""
    keys = load_keys(files)
    if len(keys) > 1:
        raise UsageError(
            f"{shown(index)}: a new index has one key, {len(keys)} are given: give one --key-file"
        )
    return keys[0] if keys else None


def key_of(index: str | Path, files: KeyFiles) -> bytes | None:
    """The key for an index that is there; one alone is not tried. Raises KeyProblem, and what opening raises."""
    keys = load_keys(files)
    if len(keys) < 2:
        return keys[0] if keys else None
    (found,) = _open_all([index], keys)
    found.store.close()
    return found.key


def open_all(indexes: Iterable[str | Path], files: KeyFiles) -> list[StoredIndex]:
    """Opens indexes for reading, each with the key that fits.

    Raises KeyProblem where one finds no key among those given, or none needs any; and what opening raises.
    """
    return [found.store for found in _open_all(indexes, load_keys(files))]


@contextmanager
def reading(index: str | Path, files: KeyFiles) -> Iterator[StoredIndex]:
    """One index, open for reading meanwhile. Raises as :func:`open_all` does."""
    (one,) = open_all([index], files)
    with closing(one):
        yield one


def _open_all(indexes: Iterable[str | Path], keys: Sequence[bytes]) -> list[_Opened]:
    with ExitStack() as stack:
        found = []
        for index in indexes:
            found.append(_open(index, keys))
            stack.callback(found[-1].store.close)
        if keys and found and all(one.key is None for one in found):
            names = ", ".join(one.store.name for one in found)
            are = "is" if len(found) == 1 else "are"
            raise KeyProblem(f"{names} {are} not keyed: open without a key, or build anew with one")
        stack.pop_all()
    return found


def _open(index: str | Path, keys: Sequence[bytes]) -> _Opened:
    """The index with the one of the keys that fits, or with none where it has none."""
    from simblock.stores import open_index

    refused: list[KeyProblem] = []
    for key in (*keys, None):
        try:
            return _Opened(cast("StoredIndex", open_index(index, key=key)), key)
        except KeyProblem as error:
            refused.append(error)
    if len(keys) < 2:
        raise refused[0]
    raise KeyProblem(f"{refused[-1]}; none of the {len(keys)} that are given is its own")
