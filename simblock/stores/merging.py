"""Several indexes made one: their segments under one manifest, and what is small written anew as one.

Where all of it goes into one segment the result is what building everything at once makes. Else large segments
stay as they are, by a second name in the new folder, unless they hold a text that another holds: how rare a key is goes
by each segment's own count. A row that points into a segment which does not stay gets a tombstone, and a new one takes
its place. No text is read or tokenised: runs are taken over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simblock.errors import InputError
from simblock.signature import Signer
from simblock.stores import container, journal
from simblock.stores.claim import claim_new
from simblock.stores.compaction import Compaction, row_of, to_keep
from simblock.stores.draft import Draft
from simblock.stores.gathering import Gathered, gather
from simblock.stores.journal import Event, Journal
from simblock.stores.keys import Secret
from simblock.stores.manifest import FileRef, Manifest
from simblock.stores.segment import Segment
from simblock.stores.shards import Source, in_order, opened
from simblock.stores.shelf import FolderShelf
from simblock.stores.snapshot import (
    Snapshot,
    open_secret,
    scramble_of,
    sealing_of,
    write_journal,
)
from simblock.tokens import VIEWS, Bools

_NAMED = 20
"""Ids that the log names."""

Watch = Callable[[int, int], None]
"""Told how many bytes of how many are done."""


class Merged(NamedTuple):
    """What a merge made: the epoch, the works, the words of texts and lexemes of code, how many segments stayed as they
    were, and how many bytes were merged."""

    epoch: int
    works: int
    words: int
    lexemes: int
    kept: int
    bytes: int


def merge(
    indexes: Sequence[str | Path],
    target: str | Path,
    *,
    key: bytes | None = None,
    partial: bool = False,
    watch: Watch | None = None,
) -> Merged:
    """Makes a new index, in a directory, of all works of some others, which stay; shards in the order of their numbers.

    ``key`` is that of all of them. ``partial`` goes on where shards are missing. Raises UsageError where these
    indexes cannot be one, InputError where two hold a work of one id or none holds any, KeyProblem, Incompatible,
    NotAnIndex, Damaged; Busy where another process is making ``target``.
    """
    sources = in_order([opened(path) for path in indexes], partial=partial)
    manifest = sources[0].manifest
    secret = open_secret(manifest, key, sources[0].name)
    snapshots = [Snapshot(source.shelf, source.manifest, secret) for source in sources]
    found = gather(snapshots)
    _check_ids(found, sources)
    shelf, held = claim_new(target)
    try:
        merging = _Merging(sources, snapshots, found, shelf, secret)
        merging.write(watch)
        shelf.publish(merging.manifest().to_json())
        held.deliver()
    finally:
        held.release()
    return merging.merged()


def _check_ids(found: Gathered, sources: list[Source]) -> None:
    if not len(found):
        raise InputError("no works in what is to be merged: check the inputs that it was built of")
    for one, other in found.alike():
        raise InputError(
            f"two works are called {found.id(one)[:80]!r}, in {sources[found.owner(one)].name} and in "
            f"{sources[found.owner(other)].name}: remove it from one, or give one another id and build that anew"
        )


@dataclass
class _Merging:
    """One merge: which segments stay, what is written anew, and the rows that point elsewhere than before."""

    sources: list[Source]
    snapshots: list[Snapshot]
    found: Gathered
    shelf: FolderShelf
    secret: Secret | None
    _stones: list[tuple[int, int, int]] = field(default_factory=list)
    _brought: list[FileRef] = field(default_factory=list)

    def __post_init__(self) -> None:
        first = self.sources[0].manifest
        self._epoch = max(source.manifest.epoch for source in self.sources)
        segments = [held.segment for held in self.found.segments]
        standing = self.found.wanted()
        sizes = [segment.facts.tokens for segment in segments]
        may_stay = np.array(to_keep(sizes, _tokens(segments, standing)), bool)
        self._folded = self.found.folded(may_stay)
        self._wanted = self._folded.wanted()
        # A text whose run is elsewhere now would count in a segment that stays, and make others look less rare.
        whole = [np.array_equal(*both) for both in zip(standing, self._wanted, strict=True)]
        self._kept = may_stay & np.array(whole, bool)
        signer, scramble = Signer(first.scheme, first.table), scramble_of(self.secret)
        self._compaction = Compaction(
            self.shelf,
            lambda id: sealing_of(self.secret, id),
            lambda: Draft(signer, scramble, store_text=first.store_text),
        )

    def write(self, watch: Watch | None) -> None:
        """Writes the segments, those that stay by another name."""
        done, total = 0, self._bytes()
        for number, (owner, segment) in enumerate(self.found.segments):
            if self._kept[number]:
                self._bring(number, owner)
            self._enter(number)
            if not self._kept[number] and self._wanted[number].any():
                self._compaction.take(segment, self._wanted[number])
            done += segment.container.size
            if watch is not None:
                watch(done, total)
        self._compaction.finish()

    def _bring(self, number: int, owner: int) -> None:
        snapshot, segment = self.snapshots[owner], self.found.segments[number].segment
        place = snapshot.segments.index(segment)
        ref = snapshot.manifest.segments[place]
        self.shelf.bring(self.sources[owner].shelf, ref)
        stones = snapshot.journal.tombstones
        self._stones += [
            (int(stone["row"]), int(stone["epoch"]), len(self._brought))
            for stone in stones[stones["segment"] == place]
        ]
        self._brought.append(ref)

    def _enter(self, number: int) -> None:
        """Makes rows of the works of a segment, of one that stays only where their runs do not."""
        at, segment = self.found.of_segment(number), self.found.segments[number].segment
        if self._kept[number]:
            at = at[self._moves(number)]
            self._stones += [
                (row, self._epoch, len(self._brought) - 1) for row in self.found.rows[at].tolist()
            ]
        targets = self._folded.targets[at].tolist()
        runs = self._folded.runs[at].tolist()
        for row, target, run in zip(self.found.rows[at].tolist(), targets, runs, strict=True):
            self._compaction.rows.append(row_of(segment, row, self.found.segments[target].segment.id, run))

    def _moves(self, number: int) -> Bools:
        """Which works of a segment have their run elsewhere than before: bool, a place each."""
        at = self.found.of_segment(number)
        before, now = self.found, self._folded
        moved: Bools = before.targets[at] != now.targets[at]
        moved |= before.runs[at] != now.runs[at]
        moved |= ~self._kept[now.targets[at]]
        return moved

    def manifest(self) -> Manifest:
        """The manifest of what was written; its journal is written now."""
        id = container.new_id()
        stones = np.array(self._stones, journal.TOMBSTONE)
        log = journal.EMPTY.log.after(self._event())
        ref = write_journal(self.shelf, id, Journal(stones, log), sealing_of(self.secret, id))
        languages = {
            language: made
            for source in self.sources
            for language, made in sorted(source.manifest.languages.items())
        }
        return replace(
            self.sources[0].manifest,
            epoch=self._epoch,
            segments=(*self._brought, *self._compaction.written),
            delta=False,
            journal=ref,
            languages=languages,
            origin=container.new_id().hex(),
            shard=None,
        )

    def _event(self) -> Event:
        merged = self.merged()
        counts = {"added": merged.works, "words": merged.words, "lexemes": merged.lexemes}
        ids = [self.found.id(at) for at in range(min(merged.works, _NAMED))]
        known = {name: count for name, count in counts.items() if count}
        return Event(self._epoch, int(time.time()), "merge", known, ids, None, container.new_id().hex())

    def merged(self) -> Merged:
        """What was made."""
        tokens = np.zeros(len(VIEWS), np.int64)
        for (_, segment), wanted in zip(self.found.segments, self._wanted, strict=True):
            np.add.at(tokens, segment.views[wanted], np.diff(segment.bounds)[wanted])
        words, lexemes = (int(tokens[VIEWS.index(view)]) for view in ("words", "lexemes"))
        return Merged(self._epoch, len(self.found), words, lexemes, len(self._brought), self._bytes())

    def _bytes(self) -> int:
        return sum(held.segment.container.size for held in self.found.segments)


def _tokens(segments: Sequence[Segment], runs: Sequence[Bools]) -> list[int]:
    """How many tokens some runs of each segment have, these as bool [runs]."""
    return [
        int(np.diff(segment.bounds)[chosen].sum()) for segment, chosen in zip(segments, runs, strict=True)
    ]
