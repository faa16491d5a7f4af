"""An index as both programs are given it: a directory or a URL, and which of several keys opens it.

Each index takes the key that it was made with, one without a key takes none. A key that no index needs is
passed over, as it may stand in the environment for others; a call in which no index takes any is refused,
because whoever gives a key believes that something is keyed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

from simblock.errors import KeyProblem, SimblockError, StoreLost, UsageError
from simblock.stores.redis.address import Address, is_url

if TYPE_CHECKING:
    from simblock.stores.reader import StoredIndex

KeyFiles: TypeAlias = str | Path | Sequence[str | Path] | None
"""The key files of a call: one, several, or none."""

_CREDENTIALS = re.compile(r"\b(redis(?:s|\+sentinel|\+cluster)?://)\S*@", re.IGNORECASE)


@runtime_checkable
class Served(Protocol):
    """An index that a server keeps, and what is known of that server."""

    def server(self) -> Mapping[str, object]:
        """What the server says of itself, by name. Raises StoreLost."""

    def warnings(self) -> list[str]:
        """What of the server's settings endangers the index, a sentence each. Raises StoreLost."""


class Keeper(NamedTuple):
    """What the server of an index says of itself, and what of that endangers the index."""

    facts: dict[str, object]
    warnings: list[str]


def keeper_of(store: StoredIndex) -> Keeper | None:
    """The server of an index; None for a directory. Raises StoreLost."""
    return Keeper(dict(store.server()), store.warnings()) if isinstance(store, Served) else None


def shown(index: str | Path) -> str:
    """What an index is called where it is told: its path, or its URL without user and password."""
    return _CREDENTIALS.sub(r"\1", str(index))


def stamp(index: str | Path) -> bytes | None:
    """Differs when an index was written; None where there is none. Raises StoreLost."""
    try:
        return _manifest(index)
    except StoreLost:
        raise
    except (SimblockError, OSError):
        return None


def key_paths(files: KeyFiles) -> list[Path]:
    """The paths of key files."""
    return [Path(file) for file in ([files] if isinstance(files, str | Path) else files or [])]


def load_keys(files: KeyFiles) -> list[bytes]:
    """The keys of key files. Raises KeyProblem."""
    from simblock.stores import keys

    return [keys.load(path) for path in key_paths(files)]


def check_keyed(index: str | Path, files: KeyFiles, *, no_key: bool) -> None:
    """Raises UsageError where a new index is asked to be keyed and not, and in Redis where neither is said."""
    keyed = bool(key_paths(files))
    if is_url(index):
        Address.parse(str(index))  # what is wrong with it is told before anything is read
    if keyed and no_key:
        raise UsageError("--key-file (or SIMBLOCK_KEY_FILE) and --no-key contradict each other: give one")
    if is_url(index) and not keyed and not no_key:
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
    """The key for an index that is there. Raises KeyProblem, and what reading its manifest raises."""
    (found,) = keys_of([index], load_keys(files))
    return found


def keys_of(indexes: Sequence[str | Path], keys: Sequence[bytes]) -> list[bytes | None]:
    """For each index the one of the keys that it was made with, None for one that has none.

    Raises KeyProblem where an index finds no key among those given, or none needs any; and what reading
    their manifests raises.
    """
    if not keys:
        return [None] * len(indexes)  # opening one that is keyed asks for its key
    from simblock.stores.keys import Secret

    by_id = {Secret(key).id: key for key in keys}
    found = [_fitting(index, by_id) for index in indexes]
    if found and not any(found):
        names = ", ".join(map(shown, indexes))
        are = "is" if len(indexes) == 1 else "are"
        mend = "unset SIMBLOCK_KEY_FILE" if os.environ.get("SIMBLOCK_KEY_FILE") else "open without a key"
        raise KeyProblem(f"{names} {are} not keyed: {mend}, or build anew with one")
    return found


def is_keyed(index: str | Path) -> bool:
    """Whether an index that is there has a key. Raises what reading its manifest raises."""
    from simblock.stores.manifest import Manifest

    return Manifest.from_json(_manifest(index), shown(index)).key is not None


def weight(index: str | Path) -> int:
    """The bytes of the files of an index that is there. Raises what reading its manifest raises."""
    from simblock.stores.manifest import Manifest

    manifest = Manifest.from_json(_manifest(index), shown(index))
    return sum(segment.size for segment in manifest.segments)


def _fitting(index: str | Path, keys: Mapping[str, bytes]) -> bytes | None:
    from simblock.stores.manifest import Manifest

    id = Manifest.from_json(_manifest(index), shown(index)).key
    if id is None or id in keys:
        return keys.get(id or "")
    given = f"this one is {', '.join(keys)}" if len(keys) == 1 else f"these are {', '.join(keys)}"
    raise KeyProblem(
        f"{shown(index)} was made with another key ({id}, {given}): give its own with --key-file"
    )


def _manifest(index: str | Path) -> bytes:
    from simblock.stores.opening import open_shelf

    with open_shelf(index) as shelf:
        return shelf.manifest()


def open_all(indexes: Sequence[str | Path], files: KeyFiles) -> list[StoredIndex]:
    """Opens indexes for reading, each with the key that fits. Raises as :func:`keys_of` and opening do."""
    from simblock.stores import open_index

    found = keys_of(indexes, load_keys(files))
    with ExitStack() as stack:
        stores = []
        for index, key in zip(indexes, found, strict=True):
            stores.append(cast("StoredIndex", open_index(index, key=key)))
            stack.callback(stores[-1].close)
        stack.pop_all()
    return stores


@contextmanager
def reading(index: str | Path, files: KeyFiles) -> Iterator[StoredIndex]:
    """One index, open for reading meanwhile. Raises as :func:`open_all` does."""
    (store,) = open_all([index], files)
    with closing(store):
        yield store
