"""An index in Redis as guards read it: prefilters on the host, pages when they are needed, news by itself."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np

from simblock.errors import Damaged, StoreLost
from simblock.questions import Asking, Hit, Part, Placed, Places, Postings, Run, Suspected
from simblock.stores import inspection, keys
from simblock.stores.inspection import Entry, Stat
from simblock.stores.reader import StoredIndex
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import AwaitingLink, Link, ServerFacts
from simblock.stores.redis.finding import find_index
from simblock.stores.redis.shelf import RedisShelf, reading
from simblock.stores.redis.source import Source
from simblock.stores.redis.watching import Watcher
from simblock.stores.segment import Segment
from simblock.stores.snapshot import Snapshot
from simblock.stores.stood import Stood, merged, passing, stood
from simblock.stores.wanted import Want, Wanted
from simblock.tokens import I64, U32, U64
from simblock.work import Work

T = TypeVar("T")
Steps: TypeAlias = Generator[Sequence[Want], Sequence[Any], T]
"""The steps of an answer: each yields what must be fetched before the next, and is sent what was made of it."""
_LOG = logging.getLogger("simblock")
_KEYS_AT_ONCE = 1024
"""Keys looked up at a time: the pages of so many are in the process together."""
_RECORDS_AT_ONCE = 256
"""Records asked for by one command, about 1 MiB: a server that is shared is not held up for long."""
_FULL = 0.8
_ROUNDS = 32
"""Times a look-up is begun again. Each needs records of another kind, so that few do."""


class Health(NamedTuple):
    """How an index in Redis is: its state (fresh, lost, damaged), why, the epoch, seconds since there was news,
    how many commands fetched how many records, and how many look-ups needed none."""

    state: str
    reason: str | None
    epoch: int
    age: float
    commands: int
    records: int
    local: int


class RedisIndex(StoredIndex):
    """Reads the index at ``address``. A thread of its own takes up what is committed; :meth:`refresh` asks nothing.

    Safe to share between threads, and after a fork. Raises NotAnIndex, Damaged, Incompatible, KeyProblem, StoreLost.
    """

    def __init__(
        self,
        address: Address,
        *,
        key: bytes | None = None,
        key_file: str | Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if key is None and key_file is not None:
            key = keys.load(key_file)
        self.address = address
        self._link = Link(address)
        self._links: dict[asyncio.AbstractEventLoop, AwaitingLink] = {}
        self._source = Source(address.pages << 20)
        self._local = 0
        try:
            self._names = names = find_index(address, self._link)
            self._files = RedisShelf(address, self._link, names, self._source)
            super().__init__(self._files, key, clock)
        except BaseException:
            self._link.close()
            raise
        self._watcher = Watcher(
            self._link,
            names.manifest,
            names.changes,
            self._take,
            poll=address.poll,
            patience=2 * address.timeout + address.connect_timeout,
            clock=clock,
        )
        self._watcher.start()

    @property
    def age(self) -> float:
        self._watcher.catch_up()
        return self._watcher.age

    def refresh(self) -> None:
        """Raises what is wrong with the store, where it is not merely out of reach for a while."""
        self._watcher.ensure()
        trouble = self._watcher.trouble
        if trouble is not None and not isinstance(trouble, StoreLost):
            raise type(trouble)(str(trouble))

    def _take(self, data: bytes) -> None:
        """Takes up a manifest, in the watcher's thread."""
        if not data:
            raise Damaged(
                f"{self.name} has lost its manifest: the server was emptied, or is another; "
                "restore its data, or sync the index into it again with --anew"
            )
        self._take_up(data)

    def _load(self, previous: Snapshot | None) -> tuple[bytes, Snapshot]:
        data, snapshot = super()._load(previous)
        if previous is not None:
            check_later(previous, snapshot)
        self._files.tidy(ref.id for ref in snapshot.manifest.segments)
        return data, snapshot

    def _leave_out(self, snapshot: Snapshot) -> None:
        self._drive(self._steps(snapshot.leave_out))

    # -- look-ups

    def postings(self, channels: Sequence[int] | U32, keys: Sequence[int] | U64) -> list[Hit]:
        return self._drive(self._postings(channels, keys))

    def stood(self, channels: U32, keys: U64) -> Stood:
        return self._drive(self._stood(channels, keys))

    def run(self, segment: Segment, run: int, start: int, stop: int) -> U32:
        return self._drive(self._steps(partial(super().run, segment, run, start, stop)))

    def works(self, segment: Segment, run: int) -> tuple[Work, ...]:
        return self._drive(self._steps(partial(super().works, segment, run)))

    def places(self, segment: Segment, run: int, tokens: I64) -> Placed:
        return self._drive(self._steps(partial(super().places, segment, run, tokens)))

    def text(self, work_id: str) -> str | None:
        return self._drive(self._steps(partial(super().text, work_id)))

    async def aask(self, question: Asking) -> Part:
        """The answer to a question; an event loop does other things while records are fetched."""
        steps = self._asked(question)
        try:
            wants = next(steps)
            while True:
                link, made = self._link_here(), []
                for some in _some(wants):
                    made += self._source.take(some, await link.get_many([want.key for want in some]))
                wants = steps.send(made)
        except StopIteration as done:
            return cast(Part, done.value)

    def _drive(self, steps: Steps[T]) -> T:
        try:
            wants = next(steps)
            while True:
                made: list[Any] = []
                for some in _some(wants):
                    made += self._source.take(some, self._link.get_many([want.key for want in some]))
                wants = steps.send(made)
        except StopIteration as done:
            return cast(T, done.value)

    def _link_here(self) -> AwaitingLink:
        loop = asyncio.get_running_loop()
        link = self._links.get(loop)
        if link is None:
            self._leave_closed_loops()
            link = self._links[loop] = AwaitingLink(self.address)
        return link

    def _leave_closed_loops(self) -> None:
        for loop in [one for one in list(self._links) if one.is_closed()]:
            self._links.pop(loop).abandon()

    def _asked(self, question: Asking) -> Steps[Part]:
        if isinstance(question, Postings):
            return self._postings(question.channels, question.keys)
        if isinstance(question, Suspected):
            return self._steps(partial(super().suspected, question.channels, question.keys))
        segment, run = cast(Segment, question.segment), question.run
        if isinstance(question, Run):
            return self._steps(partial(super().run, segment, run, question.start, question.stop))
        if isinstance(question, Places):
            return self._steps(partial(super().places, segment, run, question.tokens))
        return self._steps(partial(super().works, segment, run))

    def _postings(self, channels: Sequence[int] | U32, keys: Sequence[int] | U64) -> Steps[list[Hit]]:
        snapshot = self._snapshot  # all of an answer is of one state
        if len(keys) <= _KEYS_AT_ONCE:
            return (yield from self._steps(partial(snapshot.postings, channels, keys)))
        wide, many = np.asarray(channels, np.uint32), np.asarray(keys, np.uint64)
        hits: list[Hit] = []
        for start in range(0, len(many), _KEYS_AT_ONCE):
            some = slice(start, start + _KEYS_AT_ONCE)
            found = yield from self._steps(partial(snapshot.postings, wide[some], many[some]))
            hits.extend(hit._replace(ask=hit.ask + start) for hit in found)
        return hits

    def _stood(self, channels: U32, keys: U64) -> Steps[Stood]:
        snapshot = self._snapshot
        passed = passing(snapshot, channels, keys)
        parts = []
        for start in range(0, max(len(passed), 1), _KEYS_AT_ONCE):
            some = passed[start : start + _KEYS_AT_ONCE]
            found = yield from self._steps(partial(stood, snapshot, channels[some], keys[some]))
            parts.append((some, found))
        return merged(parts)

    def _steps(self, look: Callable[[], T]) -> Steps[T]:
        held: dict[bytes, Any] = {}
        for tries in range(_ROUNDS):
            try:
                found = self._source.holding(held, look) if tries else look()
            except Wanted as wanted:
                made = yield wanted.wants
                held.update((want.key, one) for want, one in zip(wanted.wants, made, strict=True))
            else:
                self._local += not tries
                return found
        raise StoreLost(f"{self.name}: a look-up needed ever more records, and was given up")

    # -- what operators see

    @contextmanager
    def _whole(self) -> Iterator[Snapshot]:
        """The state of this moment, for who reads all of it and may wait."""
        with reading(self.address, self._names) as shelf:
            yield Snapshot(shelf, self._snapshot.manifest, self._secret)

    def entries(self) -> Iterator[Entry]:
        with self._whole() as snapshot:
            yield from inspection.entries(snapshot)

    def stat(self) -> Stat:
        with self._whole() as snapshot:
            return inspection.stat(snapshot)

    def verify(self) -> list[str]:
        try:
            with self._whole() as snapshot:
                return inspection.verify(snapshot)
        except Damaged as error:  # what must be whole before anything can be looked at
            return [str(error)]

    def server(self) -> dict[str, object]:
        """What the server says of itself, by name. Raises StoreLost."""
        return dict(self._link.facts()._asdict())

    def warnings(self) -> list[str]:
        """What is wrong with how the server is set up, a sentence each. Raises StoreLost."""
        return warnings_of(self._link.facts())

    def health(self) -> Health:
        """How the index is, for metrics and readiness."""
        trouble = self._watcher.trouble
        state = "fresh" if trouble is None else "lost" if isinstance(trouble, StoreLost) else "damaged"
        reason = None if trouble is None else str(trouble)
        return Health(
            state, reason, self.epoch, self.age, self._source.commands, self._source.records, self._local
        )

    def close(self) -> None:
        """Ends the thread and the connections; on an event loop call :meth:`aclose`."""
        self._watcher.close(wait=0)
        self._link.interrupt()  # the thread waits for news
        self._watcher.close()
        self._link.close()
        self._leave_closed_loops()
        super().close()

    async def aclose(self) -> None:
        """Ends the thread and all connections, those of the running event loop too."""
        link = self._links.pop(asyncio.get_running_loop(), None)
        if link is not None:
            await link.close()
        await asyncio.to_thread(self.close)


def check_later(old: Snapshot, new: Snapshot) -> None:
    """Raises Damaged where a state of the same index did not come of the one held before it: a server that lost
    commits went on without them. Another index in the same place was put there on purpose."""
    mine, theirs = old.manifest, new.manifest
    if mine.origin != theirs.origin:
        _LOG.warning(
            "%s: another index stands there now, made anew or brought there: it is taken up", new.name
        )
        return
    if theirs.epoch < mine.epoch or not new.journal.log.continues(old.journal.log):
        raise Damaged(
            f"{new.name} is at epoch {theirs.epoch}, and not with what was committed up to epoch {mine.epoch}: "
            "changes were lost with a server; sync the index into it again with --anew, or open it anew to go on with what "
            "is there"
        )


def warnings_of(facts: ServerFacts) -> list[str]:
    """What is wrong with how a server is set up."""
    found = []
    if facts.maxmemory and facts.maxmemory_policy != "noeviction":
        found.append(
            f"the server may evict records (maxmemory-policy {facts.maxmemory_policy}), after which every look-up "
            "that needs them fails: set maxmemory-policy noeviction"
        )
    if not facts.persistent:
        found.append(
            "the server keeps nothing on disk: after a restart the index is gone, and every look-up fails: "
            "set appendonly yes, or save"
        )
    if facts.cut_off:
        found.append(
            "the server is a replica that has lost its master: what is committed does not reach it; "
            "bring the master back"
        )
    if facts.maxmemory and facts.used_memory > _FULL * facts.maxmemory:
        found.append(
            f"the server's memory is over {_FULL:.0%} full: the next build or add may not fit; raise maxmemory"
        )
    return found


def _some(wants: Sequence[Want]) -> list[Sequence[Want]]:
    return [wants[start : start + _RECORDS_AT_ONCE] for start in range(0, len(wants), _RECORDS_AT_ONCE)]
