"""The guard: indexes and a policy, over one output or many streams.

The core asks, the driver answers (:mod:`simblock.driving`).
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, TypeVar

from simblock.arguments import ROLES, reading, text_of, turn_of
from simblock.driving import HEAVY, Driver
from simblock.errors import Incompatible, PolicyError, UsageError
from simblock.ledger import Told
from simblock.match import HOLDING, SEVERITY, IndexState, Report
from simblock.outages import Counts, Outages
from simblock.policy import Policy
from simblock.preparing import prepare
from simblock.questions import Rewriter, Withheld
from simblock.response import EVERYTHING, Floor, ResponseCore, Turn
from simblock.signature import Signer
from simblock.stores import Index
from simblock.stores.refusals import sentences
from simblock.stream import StreamCore
from simblock.stream import prepare as prepare_response
from simblock.vocabulary import documents_with
from simblock.wording import AWAIT_IT, is_awaited
from simblock.work import Kind

if TYPE_CHECKING:
    from simblock.stores.refusals import Refusal

_LOG = logging.getLogger("simblock")
T = TypeVar("T")
Turns = Sequence[Mapping[str, str] | Turn]


def by_response(_withheld: Withheld) -> str:
    """The rewriter of a guard whose responses each bring their own; one without leaves its passages withheld."""
    raise UsageError("this response has no rewriter: give guard.response one")


class Guard:
    """Checks outputs against one index or several, by one policy. Safe to share between threads.

    ``counts`` are the outages of its indexes, what was decided under them, and how often a rewriter helped:
    docs/policy.md has the names.
    """

    def __init__(
        self,
        index: Index | Sequence[Index],
        policy: Policy | None = None,
        *,
        rewriter: Rewriter | None = None,
        rewrites: int = 2,
        rewrite_timeout: float = 30.0,
    ) -> None:
        """``rewriter`` gives other words for passages under action "replace", ``rewrites`` times a passage at most, each
        within ``rewrite_timeout`` seconds; ``by_response`` where each response has one of its own.

        Raises PolicyError where the policy replaces and there is none.
        """
        self.indexes: tuple[Index, ...] = tuple(index) if isinstance(index, Sequence) else (index,)
        if not self.indexes:
            raise UsageError("a guard needs an index: give it what simblock.open_index returns")
        first = self.indexes[0]
        for other in self.indexes[1:]:
            if other.scheme.digest != first.scheme.digest:
                raise Incompatible(
                    f"{other.name} has another scheme than {first.name}: "
                    "rebuild one with simblock-index rebuild, or check against each on its own"
                )
        self.policy = policy or Policy.load()
        self.rewriter, self.rewrites, self.rewrite_timeout = rewriter, rewrites, rewrite_timeout
        self._see_that_it_can_replace()
        self.counts = Counts()
        self._outages = Outages([index.name for index in self.indexes], self.counts)
        self.driver = Driver(self.indexes, self.policy, self._outages)
        self._signer = Signer(first.scheme, first.permutations)
        for language in {language for index in self.indexes for language in index.languages}:
            documents_with(language, 0)  # reads the table now rather than in the midst of a stream
        for name, refusals in self.refused.items():
            for sentence in sentences(refusals):
                _LOG.warning("%s: %s", name, sentence)

    @property
    def refused(self) -> dict[str, tuple[Refusal, ...]]:
        """By the names of its indexes, the languages that are not looked for in full in them, and why."""
        return {index.name: tuple(index.refused.values()) for index in self.indexes if index.refused}

    def prepare(self) -> None:
        """Reads now what the first match would read, about a quarter of a second: for servers, before they listen."""
        prepare({language for index in self.indexes for language in index.languages})

    def with_policy(self, policy: Policy) -> Guard:
        """A guard of the same indexes and counts by another policy; responses that have begun keep theirs."""
        guard = copy(self)
        guard.policy, guard.driver = policy, Driver(self.indexes, policy, self._outages)
        guard._see_that_it_can_replace()
        return guard

    def _see_that_it_can_replace(self) -> None:
        field = self.policy.asks_rewriter
        if field is not None and self.rewriter is None:
            raise PolicyError(
                f'{field}: "replace" needs a rewriter, and there is none: give simblock.Guard one (rewriter=…), '
                'or say "redact" or "stop"'
            )

    def response(
        self,
        *,
        prompt: str | None = None,
        history: Turns = (),
        tenant: str | None = None,
        all: bool = False,
        floor: Floor | None = None,
        rewriter: Rewriter | None = None,
        rewrites: int | None = None,
    ) -> Response:
        """One model response, whose streams share quotas and exemptions.

        ``history`` are earlier turns, ``{"role": ..., "content": ...}``; with ``all``, matches that
        no rule acted on are reported too, and with a ``floor`` those that reach it. Its own
        ``rewriter`` is asked, and as often as it says, instead of the guard's.
        """
        core = ResponseCore(
            self._signer,
            self.policy,
            [index.name for index in self.indexes],
            prompt=text_of(prompt or "", "the prompt"),
            history=[turn_of(turn) for turn in history],
            tenant=tenant,
            floor=EVERYTHING if all else floor,
            coded=any(index.languages for index in self.indexes),
            refused={language for index in self.indexes for language in index.refused},
            count=self.counts.add,
            rewriter=rewriter or self.rewriter,
            rewrites=self.rewrites if rewrites is None else rewrites,
            rewrite_timeout=self.rewrite_timeout,
        )
        return Response(self, core)

    def stream(
        self,
        *,
        prompt: str | None = None,
        history: Turns = (),
        kind: Kind | None = None,
        language: str | None = None,
    ) -> Stream:
        """The stream of a response that has one channel only; see :meth:`Response.stream`."""
        return self.response(prompt=prompt, history=history).stream(kind=kind, language=language)

    def filter(
        self,
        chunks: Iterable[str] | AsyncIterable[str],
        *,
        prompt: str | None = None,
        history: Turns = (),
        kind: Kind | None = None,
        language: str | None = None,
    ) -> Iterator[str] | AsyncIterator[str]:
        """Chunks in, chunks out, until the model's end or a stop; asynchronous where ``chunks`` is."""
        stream = self.stream(prompt=prompt, history=history, kind=kind, language=language)
        if isinstance(chunks, AsyncIterable):
            return _afilter(stream, chunks)
        return _filter(stream, chunks)

    def check(
        self,
        text: str,
        *,
        prompt: str | None = None,
        history: Turns = (),
        tenant: str | None = None,
        all: bool = False,
        floor: Floor | None = None,
        kind: Kind | None = None,
        language: str | None = None,
    ) -> Report:
        """The report on a whole text; its ``released`` has nothing of a passage that was stopped.

        ``all`` and ``floor`` as in :meth:`response`, ``kind`` and ``language`` as in :meth:`Response.stream`.
        """
        started = time.perf_counter()
        response = self.response(prompt=prompt, history=history, tenant=tenant, all=all, floor=floor)
        core = StreamCore(response.core, after=True, **reading(kind, language))
        released = response.run(_whole(core, text_of(text, "the text")))
        return response.report_of([core], released=released).with_elapsed(_since(started))

    async def acheck(
        self,
        text: str,
        *,
        prompt: str | None = None,
        history: Turns = (),
        tenant: str | None = None,
        all: bool = False,
        floor: Floor | None = None,
        kind: Kind | None = None,
        language: str | None = None,
    ) -> Report:
        """:meth:`check` for event loops: in a thread, for a long text takes a while."""
        started = time.perf_counter()
        response = self.response(prompt=prompt, history=history, tenant=tenant, all=all, floor=floor)
        core = StreamCore(response.core, after=True, **reading(kind, language))
        released = await response.arun(_whole(core, text_of(text, "the text")), heavy=True)
        return response.report_of([core], released=released).with_elapsed(_since(started))


class Response:
    """One model response: a stream for each of its channels and choices, and one report."""

    def __init__(self, guard: Guard, core: ResponseCore) -> None:
        self.guard, self.core = guard, core
        self.id = uuid.uuid4().hex
        self._streams: dict[tuple[str, int], Stream] = {}
        self._turn = asyncio.Lock()
        self._must_await = bool(core.policy.asks_rewriter) and is_awaited(core.rewriter)

    def prepare(self) -> None:
        """Reads the assistant's earlier turns now; else the first chunk of a stream does."""
        self.run(prepare_response(self.core))

    async def aprepare(self) -> None:
        """:meth:`prepare` for event loops: long turns are read in a thread."""
        await self.arun(prepare_response(self.core), heavy=self.core.unread > HEAVY)

    def run(self, steps: Told[T]) -> T:
        """Runs steps of this response's streams, with the news that the indexes have.

        Raises UsageError where the rewriter has to be awaited.
        """
        if self._must_await:
            raise UsageError(AWAIT_IT)
        self.guard.driver.refresh(self.core)
        return self.guard.driver.run(steps)

    async def arun(self, steps: Told[T], *, heavy: bool = False) -> T:
        """:meth:`run` for event loops, in a thread where they are ``heavy``; one after the other, for streams share quotas."""
        async with self._turn:
            self.guard.driver.refresh(self.core)
            return await self.guard.driver.arun(steps, heavy=heavy)

    def stream(
        self,
        channel: str = "content",
        choice: int = 0,
        *,
        kind: Kind | None = None,
        language: str | None = None,
    ) -> Stream:
        """The stream of a channel and choice, made when first asked for.

        Code is looked for in fences and lines that look like it. With a ``language`` the whole stream is a
        file of it; with ``kind="text"`` none of it is code. Raises UsageError for a language unknown here.
        """
        key = (channel, choice)
        if key not in self._streams:
            core = StreamCore(self.core, channel=channel, choice=choice, **reading(kind, language))
            self._streams[key] = Stream(self, core)
        return self._streams[key]

    @property
    def report(self) -> Report:
        """What was decided so far, over all streams."""
        return self.report_of([stream.core for stream in self._streams.values()])

    def report_of(self, cores: Sequence[StreamCore], *, released: str | None = None) -> Report:
        """The report over some streams of this response."""
        matches = sorted((m for core in cores for m in core.matches), key=lambda match: match.order)
        decisions = [core.decided for core in cores if core.decided]
        # the severest decision; of equals that of the stream asked for first
        decided = max(decisions, key=lambda d: SEVERITY[d.action], default=None)
        error = next((core.error for core in cores if core.error is not None), None)
        action = decided.action if decided else "release"
        own = self.core.policy.action
        if error is not None and self.core.policy.on_error == "stop":
            action = "stop"
        return Report(
            id=self.id,
            decision="release" if action == "observe" else action,
            observed=(own if own in HOLDING else "stop") if action == "observe" else None,
            released=released,
            degraded=any(core.degraded for core in cores),
            error=error,
            matches=tuple(matches),
            decided=decided,
            quoted=self.core.quoted,
            indexes=tuple(
                IndexState(index.name, index.epoch, index.scheme.digest) for index in self.guard.indexes
            ),
            policy=self.core.policy.digest,
        )


class Stream:
    """Text in, text out: feed it what the model says, send on what it returns."""

    def __init__(self, response: Response, core: StreamCore) -> None:
        self.response, self.core = response, core
        self._busy = False
        self._unsent = ""

    def feed(self, chunk: str) -> str:
        """What may go out now that the model has said ``chunk``; empty once stopped."""
        return self._run(self.core.feed(text_of(chunk, "the chunk")))

    def finish(self) -> str:
        """The rest that may go out, now that the model has ended."""
        return self._run(self.core.finish())

    async def afeed(self, chunk: str) -> str:
        """:meth:`feed` for event loops; a long chunk is read in a thread."""
        steps = self.core.feed(text_of(chunk, "the chunk"))
        return await self._arun(steps, heavy=len(chunk) + self.response.core.unread > HEAVY)

    async def afinish(self) -> str:
        """:meth:`finish` for event loops."""
        return await self._arun(self.core.finish())

    @property
    def stopped(self) -> bool:
        """Whether the stream has been ended; the upstream may be, too."""
        return self.core.stopped

    @property
    def report(self) -> Report:
        """The report of the whole response so far."""
        return self.response.report

    def _run(self, steps: Told[str]) -> str:
        self._begin()
        try:
            return self.response.run(steps)
        finally:
            self._busy = False

    async def _arun(self, steps: Told[str], *, heavy: bool = False) -> str:
        self._begin()
        try:
            await self.response.arun(self._kept(steps), heavy=heavy)
            text, self._unsent = self._unsent, ""
            return text
        finally:
            self._busy = False

    def _kept(self, steps: Told[str]) -> Told[None]:
        """Keeps what may go out until it is called for: a caller that was cancelled gets it with the next chunk."""
        self._unsent += yield from steps

    def _begin(self) -> None:
        """Raises UsageError where the chunk before is still looked at: what follows it would go out first."""
        if self._busy:
            raise UsageError("a stream is fed one chunk after the other: await each feed before the next")
        self._busy = True


def _whole(core: StreamCore, text: str) -> Told[str]:
    return (yield from core.feed(text)) + (yield from core.finish())


def _since(started: float) -> float:
    """Milliseconds."""
    return (time.perf_counter() - started) * 1000


def _filter(stream: Stream, chunks: Iterable[str]) -> Iterator[str]:
    for chunk in chunks:
        if text := stream.feed(chunk):
            yield text
        if stream.stopped:
            return
    if text := stream.finish():
        yield text


async def _afilter(stream: Stream, chunks: AsyncIterable[str]) -> AsyncIterator[str]:
    async for chunk in chunks:
        if text := await stream.afeed(chunk):
            yield text
        if stream.stopped:
            return
    if text := await stream.afinish():
        yield text


__all__ = ["ROLES", "Guard", "Response", "Rewriter", "Stream", "Withheld", "by_response"]
