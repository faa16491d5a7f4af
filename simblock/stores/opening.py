"""From the name of an index, a path or a URL, to who reads or writes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simblock.scheme import Scheme
from simblock.stores.intake import Tokenise
from simblock.stores.manifest import Manifest, Shard
from simblock.stores.redis.address import is_url
from simblock.stores.refusals import check_words
from simblock.stores.shelf import FolderShelf, Shelf
from simblock.stores.snapshot import Snapshot, open_secret
from simblock.stores.writer import Writer


def create_writer(
    index: str | Path,
    *,
    scheme: Scheme | None = None,
    key: bytes | None = None,
    store_text: bool = False,
    tokenise: Tokenise | None = None,
    shard: Shard | None = None,
) -> Writer:
    """A writer of a new index, which is there when it commits; ``shard`` is set where it is one, in a directory.

    Raises UsageError where something stands there, Busy where another writer is making it, StoreLost.
    """
    made: dict[str, Any] = {"scheme": scheme, "key": key, "store_text": store_text, "tokenise": tokenise}
    if is_url(index):
        from simblock.stores.redis import writing
        from simblock.stores.redis.address import Address

        return writing.create(Address.parse(str(index)), **made)
    return Writer.create(index, **made, shard=shard)


def open_writer(index: str | Path, *, key: bytes | None = None, tokenise: Tokenise | None = None) -> Writer:
    """A writer of an index that is there. Raises NotAnIndex, Busy, StoreLost, and what opening raises."""
    if is_url(index):
        from simblock.stores.redis import writing
        from simblock.stores.redis.address import Address

        return writing.open_(Address.parse(str(index)), key=key, tokenise=tokenise)
    return Writer.open(index, key=key, tokenise=tokenise)


@contextmanager
def open_snapshot(index: str | Path, key: bytes | None) -> Iterator[Snapshot]:
    """All of an index as it stands, for who reads it from end to end. Raises what opening raises."""
    with open_shelf(index) as shelf:
        manifest = Manifest.from_json(shelf.manifest(), shelf.name)
        check_words(manifest)
        yield Snapshot(shelf, manifest, open_secret(manifest, key, shelf.name))


@contextmanager
def _read_as_today(index: str | Path, key: bytes | None) -> Iterator[Snapshot]:
    """:func:`open_snapshot` of an index that holds no code which is read otherwise here."""
    with open_snapshot(index, key) as snapshot:
        refusal = next(iter(snapshot.refused.values()), None)
        if refusal is not None:
            raise refusal.error(f"{snapshot.name} cannot be rebuilt from what it stores of {{}}")
        yield snapshot


@contextmanager
def open_shelf(index: str | Path) -> Iterator[Shelf]:
    """The files of an index, for reading."""
    if not is_url(index):
        yield FolderShelf(Path(index), str(index))
        return
    from simblock.stores.redis.address import Address
    from simblock.stores.redis.shelf import reading

    with reading(Address.parse(str(index))) as shelf:
        yield shelf


def rebuild(
    old: str | Path,
    new: str | Path,
    *,
    key: bytes | None = None,
    new_key: bytes | None = None,
    scheme: Scheme | None = None,
) -> int:
    """Makes a new index of what an old one stores of its works, by today's scheme; its epoch.

    ``key`` is the old one's, and the new one's unless ``new_key`` is given. Raises Incompatible where
    today's tokens are others, of one language or of words: then only the works themselves can be indexed anew.
    """
    with (
        _read_as_today(old, key) as source,
        create_writer(
            new, scheme=scheme, key=new_key or key, store_text=source.manifest.store_text
        ) as writer,
    ):
        writer.take_over(source)
        return writer.commit().epoch
