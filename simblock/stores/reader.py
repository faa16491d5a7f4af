"""An index as readers hold it: the newest snapshot of a shelf, and what it answers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from simblock.errors import Damaged, Incompatible
from simblock.questions import Hit, Placed
from simblock.scheme import Scheme
from simblock.stores import inspection
from simblock.stores.inspection import Entry, Stat
from simblock.stores.journal import Event
from simblock.stores.manifest import Manifest
from simblock.stores.refusals import Refusal, check_words, sentences
from simblock.stores.segment import Segment
from simblock.stores.shelf import Shelf
from simblock.stores.snapshot import Snapshot, open_secret, today
from simblock.stores.stood import Stood, stood
from simblock.tokens import I64, U32, U64
from simblock.work import Work

_LOG = logging.getLogger("simblock")
_THROTTLE = 0.25
"""Seconds between two looks at the manifest."""
_TRIES = 20


class StoredIndex:
    """Reads an index of files; what a :class:`simblock.stores.Index` is.

    ``clock`` gives seconds that only rise. Raises NotAnIndex, Damaged, Incompatible, KeyProblem.
    """

    def __init__(
        self, shelf: Shelf, key: bytes | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = shelf.name
        self._shelf = shelf
        self._clock = clock
        self._lock = threading.Lock()
        self._key = key
        self._first = Manifest.from_json(shelf.manifest(), shelf.name)
        self._secret = open_secret(self._first, key, shelf.name)
        self._manifest, self._snapshot = self._load(None)
        self._looked = clock()

    @property
    def scheme(self) -> Scheme:
        return self._snapshot.manifest.scheme

    @property
    def epoch(self) -> int:
        return self._snapshot.manifest.epoch

    @property
    def languages(self) -> Collection[str]:
        return self._snapshot.manifest.languages.keys()

    @property
    def refused(self) -> Mapping[str, Refusal]:
        return self._snapshot.refused

    @property
    def permutations(self) -> U32:
        return self._snapshot.manifest.table

    @property
    def age(self) -> float:
        return 0.0

    def refresh(self) -> None:
        """Takes up what writers have committed; looks at most four times a second.

        Raises what opening raises: an index that broke under its reader is not "as before".
        """
        now = self._clock()
        if now - self._looked < _THROTTLE:
            return
        with self._lock:
            self._take_up(self._shelf.manifest())
            self._looked = now

    def _take_up(self, manifest: bytes) -> None:
        """Goes on with the state that a manifest names, and with today's works."""
        if manifest != self._manifest:
            self._manifest, self._snapshot = self._load(self._snapshot)
        elif self._snapshot.day != today():
            self._snapshot.age(today())

    def _load(self, previous: Snapshot | None) -> tuple[bytes, Snapshot]:
        for left in reversed(range(_TRIES)):
            data = self._shelf.manifest()
            manifest = Manifest.from_json(data, self.name)
            self._check_same(manifest)
            try:
                snapshot = Snapshot(self._shelf, manifest, self._secret, previous)
                self._leave_out(snapshot)
                break
            except Damaged:
                if not left or self._shelf.manifest() == data:
                    raise  # else a writer came between
        if previous is not None:
            self._succeed(previous, snapshot)
        return data, snapshot

    def _succeed(self, previous: Snapshot, snapshot: Snapshot) -> None:
        for segment in previous.segments:
            if not snapshot.has(segment):
                segment.retired_in = previous
        known = previous.refused  # of which who opened the index has been told
        for sentence in sentences(one for one in snapshot.refused.values() if one.language not in known):
            _LOG.warning("%s: %s", self.name, sentence)

    def _leave_out(self, snapshot: Snapshot) -> None:
        """Sees to it that a snapshot answers nothing of what is refused of it."""
        snapshot.leave_out()

    def _check_same(self, manifest: Manifest) -> None:
        """Raises KeyProblem or Incompatible where another index stands in the place of the one opened.

        Whoever asks made signatures by the scheme it found at first: any other would answer "nothing".
        """
        open_secret(manifest, self._key, self.name)
        check_words(manifest)
        first = self._first
        if (manifest.scheme.digest, manifest.permutations) != (first.scheme.digest, first.permutations):
            raise Incompatible(
                f"{self.name} was replaced by an index of another scheme "
                f"({manifest.scheme.digest}, it was {first.scheme.digest}): open it anew"
            )

    def postings(self, channels: Sequence[int] | U32, keys: Sequence[int] | U64) -> list[Hit]:
        return self._snapshot.postings(channels, keys)

    def stood(self, channels: U32, keys: U64) -> Stood:
        """:meth:`postings` of very many keys u64 [n] of channels u32 [n], as arrays."""
        return stood(self._snapshot, channels, keys)

    def suspected(self, channels: Sequence[int], keys: Sequence[int]) -> list[int]:
        return self._snapshot.suspected(channels, keys)

    def run(self, segment: Segment, run: int, start: int, stop: int) -> U32:
        return segment.run(run, start, stop)

    def works(self, segment: Segment, run: int) -> tuple[Work, ...]:
        snapshot = self._snapshot
        if snapshot.has(segment):
            return snapshot.works(segment, run)
        old: Snapshot = segment.retired_in
        texts = {place.digest for place in old.places_of_run(segment, run)}
        works = old.works(segment, run)
        return tuple(work for work in works if any(snapshot.holds_text(work.id, text) for text in texts))

    def places(self, segment: Segment, run: int, tokens: I64) -> Placed:
        return segment.locate(run, tokens)

    def text(self, work_id: str) -> str | None:
        """A work's text where texts are stored, None else or where no such work stands."""
        place = self._snapshot.find(work_id)
        if place is None:
            return None
        segment, run = self._snapshot.target(place)
        return segment.text(run)

    def entries(self) -> Iterator[Entry]:
        """What is known of each work, twins included; in no order."""
        return inspection.entries(self._snapshot)

    def history(self) -> list[Event]:
        """The commits of the index, oldest first."""
        return self._snapshot.journal.log.events()

    def stat(self) -> Stat:
        """Sizes and counts; reads all runs once."""
        return inspection.stat(self._snapshot)

    def verify(self) -> list[str]:
        """Reads everything; a sentence for each thing that is damaged."""
        return inspection.verify(self._snapshot)

    def close(self) -> None:
        """Lets go of what is cached; mapped files go when nothing that was found refers to them."""
        self._snapshot.works.cache_clear()
