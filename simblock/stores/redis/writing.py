"""Who may write an index in Redis, and how one is begun, changed and dropped."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from simblock.errors import Busy, IndexProblem, NotAnIndex, SimblockError, UsageError
from simblock.scheme import Scheme
from simblock.stores.intake import Tokenise, tokenise_here
from simblock.stores.keys import Secret
from simblock.stores.manifest import Manifest
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.stores.redis.finding import find_index, find_listed
from simblock.stores.redis.head import keys_of, read_counts
from simblock.stores.redis.names import Names, schemes
from simblock.stores.redis.shelf import RedisShelf, id_of, whole
from simblock.stores.snapshot import open_secret, sealing_of
from simblock.stores.writer import Writer, new_manifest

_HELD = 30.0
"""Seconds for which the lock is taken; a writer that dies holds it no longer than that."""
_RENEWED = 8.0


class RedisClaim:
    """The lock of an index in Redis, kept up by a thread; what a writing session holds.

    Raises Busy, StoreLost.
    """

    def __init__(self, address: Address, link: Link, names: Names) -> None:
        self.token = os.urandom(16).hex().encode()
        self._address, self._link, self._names, self._listed = address, link, names, False
        self._ended = threading.Event()
        if not link.acquire(names.writer, self.token, _HELD):
            raise Busy(
                f"another writer is at work on {address.name}: wait until it has finished "
                f"(one that died is forgotten after {_HELD:.0f} seconds)"
            )
        self._thread = threading.Thread(target=self._renew, name="simblock-writer", daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        while not self._ended.wait(_RENEWED):
            try:
                self._link.renew(self._names.writer, self.token, _HELD)
            except SimblockError:
                continue  # publishing asks for the lock again

    def deliver(self) -> None:
        """Lists an index that is complete now among the tenant's, with the time at which it was made."""
        if self._listed:
            return
        listed, scheme = schemes(self._names.tenant), self._names.scheme.encode()
        if scheme not in self._link.fields(listed):
            self._link.set_field(listed, scheme, str(int(time.time())).encode())
        self._listed = True

    def release(self) -> None:
        """Ends the session."""
        self._ended.set()
        self._thread.join()
        with suppress(SimblockError):  # it runs out by itself, and what was committed is committed
            self._link.release(self._names.writer, self.token)
        self._link.close()


def create(
    address: Address,
    *,
    scheme: Scheme | None = None,
    key: bytes | None = None,
    store_text: bool = False,
    tokenise: Tokenise | None = None,
) -> Writer:
    """A writer of a new index, which is there when it commits.

    Raises UsageError where one of the same scheme is there already, Busy, StoreLost.
    """
    secret = None if key is None else Secret(key)
    manifest = new_manifest(scheme, secret, store_text=store_text)
    names = Names(address.tenant, manifest.scheme.digest)
    link = Link(address)
    with _claimed(address, link, names) as held:
        shelf = _shelf(address, link, names, held, secret)
        _check_free(shelf, held)
        shelf.sweep(set())
        return Writer(shelf, held, manifest, secret, tokenise or tokenise_here)


def open_(address: Address, *, key: bytes | None = None, tokenise: Tokenise | None = None) -> Writer:
    """A writer of an index that is there. Raises NotAnIndex, Busy, and what opening raises."""
    link = Link(address)
    with _closed_on_error(link.close):
        names = find_index(address, link)
    with _claimed(address, link, names) as held:
        there = RedisShelf(address, link, names, whole(link)).manifest()
        manifest = Manifest.from_json(there, address.name)
        secret = open_secret(manifest, key, address.name)
        shelf = _shelf(address, link, names, held, secret)
        shelf.sweep(manifest.files)
        return Writer(shelf, held, manifest, secret, tokenise or tokenise_here)


def claim(address: Address, manifest: Manifest, secret: Secret | None) -> tuple[RedisShelf, RedisClaim]:
    """The place at an address for a copy of an index, and the right to write it. Raises Busy, StoreLost."""
    names = Names(address.tenant, manifest.scheme.digest)
    link = Link(address)
    with _claimed(address, link, names) as held:
        return _shelf(address, link, names, held, secret), held


@contextmanager
def _closed_on_error(close: Callable[[], None]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        close()
        raise


@contextmanager
def _claimed(address: Address, link: Link, names: Names) -> Iterator[RedisClaim]:
    """The right to write an index, which is given back where what follows fails, and else stays with the claim."""
    with _closed_on_error(link.close):
        held = RedisClaim(address, link, names)
    with _closed_on_error(held.release):
        yield held


def _shelf(address: Address, link: Link, names: Names, held: RedisClaim, secret: Secret | None) -> RedisShelf:
    """The files of an index, for who holds its lock."""
    return RedisShelf(address, link, names, whole(link), token=held.token, sealer=partial(sealing_of, secret))


def _check_free(shelf: RedisShelf, held: RedisClaim) -> None:
    try:
        shelf.manifest()
    except NotAnIndex:
        return
    held.deliver()  # its writer may have died before it was listed
    raise UsageError(
        f"{shelf.name} holds an index of tenant {shelf.names.tenant} already: add works to it with "
        "simblock-index add, or remove it with simblock-index drop"
    )


def drop(address: Address) -> int:
    """Removes the index at an address, of the one scheme; how many records it had.

    That which readers open, else the newest. The manifest goes first, so that no reader meets half of it.
    Raises NotAnIndex, Busy, StoreLost.
    """
    link = Link(address)
    with _closed_on_error(link.close):
        names = _standing(address, link)
    dropped = 0
    with _claimed(address, link, names) as held:
        files = link.fields(names.files)
        if not files and names.scheme.encode() not in link.fields(schemes(names.tenant)):
            raise NotAnIndex(f"{address.name} holds no index (scheme {names.scheme}): nothing is dropped")
        link.unlink_many([names.manifest])
        for field, counts in files.items():
            file = field.decode("utf-8", "replace")
            known = read_counts(counts, file)
            link.unlink_many(keys_of(names, id_of(file), known))
            dropped += sum(known.values())
        link.unlink_many([names.files, names.changes])
        link.drop_field(schemes(names.tenant), names.scheme.encode())  # last: by it a drop cut off goes on
        held.release()
    return dropped


def _standing(address: Address, link: Link) -> Names:
    """The index that readers open, or the newest where none can be read: a broken one can be dropped too."""
    try:
        return find_index(address, link)
    except IndexProblem:
        return find_listed(address, link)[0]
