"""An index brought from one place to another, file by file, and kept as it is there.

Files never change, so what the target has stays. The target becomes the source as it was at one commit,
all at once. It must be a copy of that very index, or not be there yet: works of its own would be lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from simblock.errors import Busy, Damaged, NotAnIndex, SimblockError, StoreLost, UsageError
from simblock.stores import journal
from simblock.stores.claim import claim, claim_new
from simblock.stores.commit import Held
from simblock.stores.journal import Log
from simblock.stores.keys import Secret
from simblock.stores.manifest import FileRef, Manifest
from simblock.stores.opening import open_shelf
from simblock.stores.redis.address import is_url
from simblock.stores.refusals import check_words
from simblock.stores.shelf import Shelf
from simblock.stores.snapshot import open_journal, open_secret, sealing_of

_TARGET_EVERY = 5.0
_PAUSES = (0.2, 5.0)
"""Seconds until a source or target that was lost is tried again: at first, and at most."""
_TRIES = 20


class Synced(NamedTuple):
    """What a sync did: how many files it brought, of how many bytes, the epoch, and whether that is news."""

    files: int
    bytes: int
    epoch: int
    changed: bool


Watch = Callable[[int, int], None]
"""Told how many bytes of how many are there."""


def sync(
    source: str | Path,
    target: str | Path,
    *,
    key: bytes | None = None,
    watch: Watch | None = None,
    anew: bool = False,
) -> Synced:
    """Makes ``target`` what ``source`` is now; ``key`` is that of both. What the target's manifest names is taken
    to be there, unless ``anew`` is set: then all is brought again, over what may be damaged or lost.

    Raises UsageError where the target is another index, NotAnIndex, KeyProblem, Busy, Damaged, StoreLost.
    """
    with open_shelf(source) as shelf:
        return _sync(shelf, target, key, watch, anew=anew)


def follow(
    source: str | Path,
    target: str | Path,
    stop: threading.Event,
    *,
    key: bytes | None = None,
    poll: float = 0.25,
    told: Callable[[Synced | SimblockError], None] | None = None,
) -> None:
    """Syncs until ``stop`` is set, looking each ``poll`` seconds whether the source has changed, and at the
    target every five seconds: it may have lost what it was brought.

    ``told`` hears of each sync that brought something, and of each that failed because a place was out of
    reach or being written; that is tried again, ever more seldom, down to each five seconds, and the first sync that goes well
    after it is told too. Raises what else :func:`sync` raises.
    """
    last, pause = b"", _PAUSES[0]
    looked = -_TARGET_EVERY
    lost = False
    while not stop.is_set():
        try:
            with open_shelf(source) as shelf:
                while not stop.is_set():
                    data = shelf.manifest()
                    if data != last or time.monotonic() - looked >= _TARGET_EVERY:
                        done = _sync(shelf, target, key, None)
                        last, looked = data, time.monotonic()
                        if told is not None and (done.changed or lost):
                            told(done)
                        lost = False
                    pause = _PAUSES[0]
                    stop.wait(poll)
        except (StoreLost, Busy) as error:
            lost = True
            if told is not None:
                told(error)
            stop.wait(pause)
            pause = min(2 * pause, _PAUSES[1])


def _sync(
    source: Shelf, target: str | Path, key: bytes | None, watch: Watch | None, *, anew: bool = False
) -> Synced:
    for left in reversed(range(_TRIES)):
        data = source.manifest()
        try:
            return _sync_state(source, data, target, key, watch, anew=anew)
        except Damaged:
            if not left or source.manifest() == data:
                raise  # else a writer came between, and what this state needs may be gone
    raise AssertionError


def _sync_state(
    source: Shelf, data: bytes, target: str | Path, key: bytes | None, watch: Watch | None, *, anew: bool
) -> Synced:
    manifest = Manifest.from_json(data, source.name)
    secret = open_secret(manifest, key, source.name)
    check_words(manifest)
    with _target(target, source, manifest, secret, anew) as (shelf, held, before):
        if before == data and not anew:
            return Synced(0, 0, manifest.epoch, changed=False)
        there = Manifest.from_json(before, shelf.name).files if before and not anew else set()
        wanted = [ref for ref in manifest.refs if ref.file not in there]
        brought, total = 0, sum(ref.size for ref in wanted)
        for ref in wanted:
            _bring(source, shelf, ref, secret)
            brought += ref.size
            if watch is not None:
                watch(brought, total)
        shelf.publish(data)
        held.deliver()
        shelf.sweep(manifest.files)
    return Synced(len(wanted), total, manifest.epoch, changed=True)


def _bring(source: Shelf, target: Shelf, ref: FileRef, secret: Secret | None) -> None:
    with target.create(ref.file) as stream:
        source.copy(ref, stream, sealing_of(secret, bytes.fromhex(ref.id)))


@contextmanager
def _target(
    target: str | Path, source: Shelf, manifest: Manifest, secret: Secret | None, anew: bool
) -> Iterator[tuple[Shelf, Held, bytes]]:
    """The place to be written, locked, and the manifest that it has."""
    shelf, held = _claimed(target, manifest, secret)
    try:
        try:
            before = shelf.manifest()
        except NotAnIndex:
            before = b""
        old = _standing(before, shelf.name, anew)
        if old is not None:
            _check_copy(old, manifest, shelf.name)
            if old != manifest:
                _check_behind(_log(shelf, old, secret), _log(source, manifest, secret), shelf.name)
        yield shelf, held, before
    finally:
        held.release()


def _standing(data: bytes, name: str, anew: bool) -> Manifest | None:
    """The manifest that a target has; none where it is damaged, and all is to be brought again."""
    try:
        return Manifest.from_json(data, name) if data else None
    except Damaged:
        if not anew:
            raise
        return None


def _claimed(target: str | Path, manifest: Manifest, secret: Secret | None) -> tuple[Shelf, Held]:
    if is_url(target):
        from simblock.stores.redis import writing
        from simblock.stores.redis.address import Address

        return writing.claim(Address.parse(str(target)), manifest, secret)
    try:
        return claim(target)
    except NotAnIndex:
        return claim_new(target)


def _check_copy(old: Manifest, new: Manifest, name: str) -> None:
    if old.origin != new.origin or not new.origin:
        raise UsageError(
            f"{name} is another index, and would be replaced: sync to an empty place, or remove it first"
        )
    if old.epoch > new.epoch:
        raise UsageError(
            f"{name} is at epoch {old.epoch}, later than its source ({new.epoch}): sync the other way round, "
            "or remove it first"
        )


def _log(shelf: Shelf, manifest: Manifest, secret: Secret | None) -> Log:
    """The commits of an index; none where they cannot be read: what is broken is replaced."""
    try:
        if manifest.journal is not None:
            return journal.read(open_journal(shelf, manifest.journal, secret)).log
    except Damaged:
        pass
    return journal.EMPTY.log


def _check_behind(old: Log, new: Log, name: str) -> None:
    if not new.continues(old):
        raise UsageError(
            f"{name} has changes of its own (epoch {old.recent[-1].epoch}) that its source lacks, and would lose "
            "them: make them in the source too, and remove the copy first"
        )
