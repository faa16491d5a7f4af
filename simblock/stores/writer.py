"""Writes indexes: one writer at a time, and nothing seen of it until it commits."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from simblock import text
from simblock.errors import InputError, NotAnIndex, SimblockError, UsageError
from simblock.scheme import Scheme
from simblock.signature import Signer, make_permutations
from simblock.stores import container, journal
from simblock.stores.claim import claim, claim_new
from simblock.stores.commit import Commit, Counts, Held
from simblock.stores.compaction import Compaction, to_absorb, to_merge
from simblock.stores.draft import Draft
from simblock.stores.intake import (
    Batch,
    Intake,
    News,
    Tokenise,
    Waiting,
    completed,
    counted,
    new_languages,
    tokenise_here,
)
from simblock.stores.journal import Event, Journal
from simblock.stores.keys import Secret
from simblock.stores.manifest import FileRef, Manifest, Shard
from simblock.stores.refusals import check_taken, check_words
from simblock.stores.segment import MOST_TOKENS, Segment
from simblock.stores.shelf import Shelf
from simblock.stores.snapshot import (
    Place,
    Snapshot,
    open_secret,
    scramble_of,
    sealing_of,
    write_journal,
)
from simblock.stores.standing import Standing
from simblock.stores.worktable import Row, day, metadata_digest, text_digest
from simblock.tokens import Runs
from simblock.work import Document

_LOG = logging.getLogger("simblock")
_NEW = ("added", "replaced", "metadata")


class Writer:
    """Adds works to an index and removes them; a context manager.

    ``tokenise`` makes the runs of batches of documents, in their order; a pool may take some ahead. The
    index is the same, whoever does it. Leaving it without :meth:`commit` leaves the index as it was.
    """

    def __init__(
        self,
        shelf: Shelf,
        held: Held,
        manifest: Manifest,
        secret: Secret | None,
        tokenise: Tokenise = tokenise_here,
    ) -> None:
        check_words(manifest)
        self.shelf = shelf
        self._tokenise = tokenise
        self._secret = secret
        self._signer = Signer(manifest.scheme, manifest.table)
        self._new = not manifest.epoch
        self._held = held
        self._begin(Snapshot(shelf, manifest, secret))

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        scheme: Scheme | None = None,
        key: bytes | None = None,
        store_text: bool = False,
        tokenise: Tokenise | None = None,
        shard: Shard | None = None,
    ) -> Writer:
        """A writer of a new index, which appears at ``path`` when it commits. ``shard`` is set where it is one.

        Raises UsageError where something stands there, Busy where another writer is making it.
        """
        secret = None if key is None else Secret(key)
        manifest = new_manifest(scheme, secret, store_text=store_text, shard=shard)
        return cls(*claim_new(path), manifest, secret, tokenise or tokenise_here)

    @classmethod
    def open(cls, path: str | Path, *, key: bytes | None = None, tokenise: Tokenise | None = None) -> Writer:
        """A writer of an index that is there. Raises NotAnIndex, Busy, and what opening raises."""
        shelf, held = claim(path)
        try:
            manifest = Manifest.from_json(shelf.manifest(), shelf.name)
            secret = open_secret(manifest, key, shelf.name)
            writer = cls(shelf, held, manifest, secret, tokenise or tokenise_here)
        except BaseException:
            held.release()
            raise
        shelf.sweep(manifest.files)
        return writer

    def _begin(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._compaction = Compaction(self.shelf, self._sealing, self._draft)
        self._dead: set[Place] = set()
        self._touched: dict[str, str] = {}  # id -> its fate
        self._reason: str | None = None
        self._purge = False
        self._counts: Counter[str] = Counter()
        self._log = snapshot.journal.log
        self._languages: dict[str, str] = {}
        self._standing = Standing(snapshot)
        self._origin: str | None = "build" if self._new else None  # what the next commit is, if not a change

    def _sealing(self, id: bytes) -> container.Sealing | None:
        return sealing_of(self._secret, id)

    def _draft(self) -> Draft:
        store_text = self._snapshot.manifest.store_text
        return Draft(self._signer, scramble_of(self._secret), store_text=store_text)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except SimblockError:
            if error is None:
                raise  # else what went wrong first is what is told

    def close(self) -> None:
        """Ends the session; what was not committed is gone."""
        try:
            self._sweep()
        finally:
            self._held.release()

    def works(self) -> Iterator[str]:
        """The ids of the works that stand, those of this session included."""
        gone = {id for id, fate in self._touched.items() if fate == "removed"}
        for place in self._standing.places.values():
            id = place.segment.work(place.row).id
            if id not in self._touched:
                yield id
        yield from (id for id in self._touched if id not in gone)

    def put(self, documents: Iterable[Document], *, clear_metadata: bool = False) -> None:
        """Adds works, or replaces those of the same id where anything differs.

        What a work leaves unsaid (None, no tags) stays as it is stored, a language where the kind is the
        same; with ``clear_metadata`` it goes. Raises InputError where an id comes twice in one session, a date of
        expiry is none, or code is of no language there is a grammar of; whatever is raised, all that was put
        and removed since the last commit is then forgotten.
        """
        intake = Intake(self._standing.runs)
        try:
            for runs in self._tokenise(intake.batches(self._news(documents, keep=not clear_metadata))):
                batch = intake.next()
                self._index(batch, runs)
                self._enter(batch.works)
            self._enter(intake.rest())
        except BaseException:
            self.rollback()
            raise

    def _news(self, documents: Iterable[Document], *, keep: bool) -> Iterator[News]:
        for document in documents:
            whole = self._with_stored(document) if keep else document
            news = News(whole, text_digest(whole), metadata_digest(whole.work))
            if self._is_news(*news):
                yield news

    def _enter(self, works: Sequence[Waiting]) -> None:
        """Makes rows of works whose texts have runs."""
        now, epoch = int(time.time()), self._snapshot.manifest.epoch + 1
        for work, digest, metadata in works:
            row = Row(work, *self._standing.runs[digest], digest, metadata, epoch, now)
            self._compaction.rows.append(row)

    def _with_stored(self, document: Document) -> Document:
        """The document with what it leaves unsaid of its work taken from the index."""
        old = self._standing.place(document.work.id)
        if old is None:
            return document
        return replace(document, work=completed(document.work, old.segment.work(old.row)))

    def _is_news(self, document: Document, digest: bytes, metadata: bytes) -> bool:
        """Whether a work needs a row; its old one is then dead."""
        id = document.work.id
        if id in self._touched:
            raise InputError(f"work {id} comes twice: give each work its own id")
        day(document.work.expires, id)
        old = self._standing.place(id)
        fate = "added"
        if old is not None:
            row = old.segment.works.rows[old.row]
            same = old.digest == digest, row["metadata"].tobytes() == metadata
            fate = {(True, True): "untouched", (True, False): "metadata"}.get(same, "replaced")
        self._touched[id] = fate
        self._counts[fate] += 1
        if fate == "untouched":
            return False
        if fate != "metadata":
            check_taken(self.shelf.name, self._snapshot.refused, document.work)
        self._reason = self._reason or document.work.reason
        if old is not None:
            self._dead.add(old)
        return True

    def _index(self, batch: Batch, runs: Runs) -> None:
        """Takes the runs of new texts."""
        manifest = self._snapshot.manifest
        known = {**manifest.languages, **self._languages}
        self._languages.update(new_languages(batch.documents, known, manifest.scheme, self.shelf.name))
        if len(runs.tokens) > MOST_TOKENS:
            raise InputError("a work is longer than a segment can hold: split it into parts")
        self._compaction.make_room(len(runs.tokens))
        draft, texts = self._compaction.draft, [document.text for document in batch.documents]
        heads = draft.add(texts, runs)
        self._standing.runs.update(
            (digest, (draft.id, head)) for digest, head in zip(batch.digests, heads, strict=True)
        )
        self._counts.update(characters=sum(map(len, texts)))
        self._counts.update(counted(runs))

    def take_over(self, old: Snapshot, *, without: Iterable[Place] = ()) -> None:
        """Puts all works of another index, but for some, by its stored runs; its epochs and history go on.

        For a new index, before anything else is put.
        """
        self._compaction.absorb(old, old.segments, set(without))
        self._log = old.journal.log
        self._origin = "rebuild"
        was, made = old.manifest, self._snapshot.manifest
        manifest = replace(made, epoch=was.epoch, languages=was.languages, shard=was.shard)
        self._snapshot = Snapshot(self.shelf, manifest, self._secret)

    def remove(self, ids: Iterable[str], *, reason: str | None = None, purge: bool = False) -> list[str]:
        """Removes works; the ids that were not there. With ``purge`` nothing of theirs is left on disk.

        Raises UsageError for a work that was added in this very session.
        """
        missing = []
        for id in ids:
            place = self._standing.place(id)
            if self._touched.get(id) in _NEW:
                raise UsageError(f"work {id} was added in this session: commit before it is removed")
            if place is None or place in self._dead:
                missing.append(id)
                continue
            self._dead.add(place)
            self._touched[id] = "removed"
            self._counts["removed"] += 1
        self._reason = reason or self._reason
        self._purge = self._purge or purge
        return missing

    def commit(self) -> Commit:
        """Makes all of it visible at once, and durable. The epoch stays where nothing changed.

        Raises SimblockError where it cannot be written (a full disk); the index is then as before.
        """
        counts = Counts(**self._counts)
        if self._compaction.rows or self._compaction.written or self._dead or self._purge or self._new:
            try:
                self._publish()
            except BaseException:
                self.rollback()
                raise
        self._touched, self._counts = {}, Counter()
        return Commit(self._snapshot.manifest.epoch, counts)

    def rollback(self) -> None:
        """Forgets what was put and removed since the last commit."""
        manifest = self._sweep() or self._snapshot.manifest
        self._begin(Snapshot(self.shelf, manifest, self._secret, self._snapshot))

    def _sweep(self) -> Manifest | None:
        """Removes files that the manifest does not name; the manifest, where one was published.

        It is read anew: what ends a session may have come right after a commit was published.
        """
        try:
            manifest = Manifest.from_json(self.shelf.manifest(), self.shelf.name)
        except NotAnIndex:
            return None
        self.shelf.sweep(manifest.files)
        return manifest

    def _publish(self) -> None:
        self._put_out(self._write())
        if self.shelf.at_once:
            try:
                self._merge()
            except SimblockError as error:  # what changed is in force; the next commit merges
                _LOG.warning("%s: its segments were not merged: %s", self.shelf.name, error)
                self._begin(self._snapshot)

    def _put_out(self, manifest: Manifest) -> None:
        self.shelf.publish(manifest.to_json())
        self._held.deliver()
        if self._purge:
            self.shelf.sweep(manifest.files)
        self._new = False
        self._begin(Snapshot(self.shelf, manifest, self._secret, self._snapshot))

    def _write(self) -> Manifest:
        before, compaction = self._snapshot, self._compaction
        size, at_once = compaction.draft.tokens, self.shelf.at_once
        chosen, is_delta = to_absorb(before, self._dead, size, purge=self._purge, at_once=at_once)
        if not compaction.rows and not self._purge:
            chosen = []  # for removals alone tombstones do
        compaction.absorb(before, chosen, self._dead)
        wrote = compaction.finish()
        delta = is_delta if wrote else before.manifest.delta and not chosen
        return self._next([*_left(before, chosen), *compaction.written], delta)

    def _merge(self) -> None:
        """Makes few segments of many, in a commit of its own: what changed is in force already."""
        before, compaction = self._snapshot, self._compaction
        chosen = to_merge(before)
        if not chosen:
            return
        self._origin = "merge"
        compaction.absorb(before, chosen, set())
        compaction.finish()
        left = _left(before, chosen)
        delta = [left.pop()] if before.manifest.delta and before.segments[-1] not in chosen else []
        self._put_out(self._next([*left, *compaction.written, *delta], bool(delta)))

    def _next(self, segments: list[FileRef], delta: bool) -> Manifest:
        before = self._snapshot.manifest
        return replace(
            before,
            epoch=before.epoch + 1,
            segments=tuple(segments),
            delta=delta,
            journal=self._write_journal(segments),
            languages={**before.languages, **self._languages},
        )

    def _write_journal(self, segments: Sequence[FileRef]) -> FileRef:
        before, id = self._snapshot, container.new_id()
        epoch = before.manifest.epoch + 1
        numbers = {ref.id: number for number, ref in enumerate(segments)}
        stones = [
            (int(stone["row"]), int(stone["epoch"]), numbers[old])
            for stone in before.journal.tombstones
            if (old := before.manifest.segments[stone["segment"]].id) in numbers
        ]
        new = [
            (p.row, epoch, numbers[p.segment.id.hex()]) for p in self._dead if p.segment.id.hex() in numbers
        ]
        tombstones = np.array(stones + new, journal.TOMBSTONE)
        written = Journal(tombstones, self._log.after(self._event(epoch)))
        return write_journal(self.shelf, id, written, self._sealing(id))

    def _event(self, epoch: int) -> Event:
        fates = set(self._touched.values())
        what = "purge" if self._purge else "remove" if fates == {"removed"} else "add"
        if self._origin is not None:
            what = self._origin
        counts = {name: self._counts[name] for name in Counts._fields if self._counts[name]}
        ids = [id for id, fate in self._touched.items() if fate != "untouched"]
        return Event(epoch, int(time.time()), what, counts, ids, self._reason, container.new_id().hex())


def new_manifest(
    scheme: Scheme | None, secret: Secret | None, *, store_text: bool, shard: Shard | None = None
) -> Manifest:
    """The manifest of an empty index, with fingerprints and permutations made now."""
    marked = replace(scheme or Scheme(), fingerprints=text.fingerprint())
    table = tuple(tuple(map(int, row)) for row in make_permutations(marked))
    made = Manifest(marked, table, store_text=store_text, origin=container.new_id().hex(), shard=shard)
    if secret is None:
        return made
    return replace(made, key=secret.id, shard=shard and shard.sealed(secret.mark))


def _left(snapshot: Snapshot, chosen: Sequence[Segment]) -> list[FileRef]:
    """The segments of a snapshot that are not among those chosen."""
    both = zip(snapshot.segments, snapshot.manifest.segments, strict=True)
    return [ref for segment, ref in both if segment not in chosen]
