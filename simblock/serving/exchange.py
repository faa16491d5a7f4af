"""One request to a generation route and the response to it: bytes of the upstream in, bytes for the client out.

Whoever carries the bytes (ASGI middleware, the proxy, a client's transport) makes one for each request, gives it the
head of the response and then its bytes, sends on what it returns, and closes it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, cast

from simblock.errors import InputError
from simblock.events import Events
from simblock.guard import Guard
from simblock.ledger import Told as Steps
from simblock.questions import Rewrite
from simblock.response import Floor
from simblock.serving.asking import Asked, ask_again
from simblock.serving.refusing import refusal
from simblock.serving.routes import Route
from simblock.serving.settings import Settings
from simblock.serving.telling import Telling
from simblock.wire.aside import Aside
from simblock.wire.bodies import BodyFilter, ErrorFilter, Unreadable
from simblock.wire.encodings import Decoder, decoder
from simblock.wire.filtering import EventFilter
from simblock.wire.voices import Remembered, Voice

if TYPE_CHECKING:
    from simblock.guard import Withheld

Headers = Iterable[tuple[bytes, bytes]]
Again = Callable[[bytes], tuple[int, bytes] | Awaitable[tuple[int, bytes]]]
"""Asks the upstream anew with another body of the same request: status and body of its answer."""

REPORT_HEADER = b"x-simblock-report-id"
LONG = 4096
"""Bytes from which on a chunk is read in a thread: a millisecond's work and more."""
STALE = frozenset(
    {b"content-length", b"content-encoding", b"content-md5", b"content-digest", b"digest", b"etag", b"accept-ranges"}
)  # fmt: skip
"""Headers that would not be true of an answer that may be changed."""
BODILESS = frozenset({204, 205, 304})
LOG = logging.getLogger("simblock")
_LOGGED: set[str] = set()
_LAST_WORD = re.compile(r"\S*\Z")
BREAK = "\n\n"
"""Between a word that was cut and another answer."""
FLOOR = Floor()
UNREADABLE = "the answer of the model could not be examined, and was withheld"
QUOTING = "the answer of the model server comes too close to protected content, and was withheld"


class Head(NamedTuple):
    """The beginning of a response: its status and headers, names in small letters."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Exchange:
    """A request and its response. ``over``: the upstream is to be cut off; :meth:`finish` gives what is left to be sent.

    ``broken``: the client's connection is to be aborted, for what has gone out is no whole answer.

    ``again``, where the adapter sets it before the first byte, asks the upstream anew: for passages to be replaced, and
    for answers in the place of stopped ones. Raises InputError where the request cannot be read.
    """

    def __init__(
        self,
        route: Route,
        headers: Headers,
        body: bytes,
        *,
        guard: Guard,
        settings: Settings,
        events: Events,
    ) -> None:
        self.route, self.settings, self.events, self.guard = route, settings, events, guard
        self.asked = Asked.read(route.format or "", headers, body, settings.tenant_header, settings.max_body)
        self.response = self.guard.response(
            history=self.asked.request.turns,
            tenant=self.asked.tenant,
            floor=FLOOR,
            rewriter=self._rewrite,
            rewrites=settings.rewrites,
        )
        self.id = self.response.id
        self.again: Again | None = None
        self.over = self.broken = False
        self.answer_head: Head | None = None
        self._telling = Telling(self.response, self.asked, route, settings)
        self._frames: EventFilter | None = None
        self._body: BodyFilter | ErrorFilter | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._decoder: Decoder | None = None
        self._recall: asyncio.Task[None] | None = None
        self._closed = self._bodiless = False
        self.events.begun()

    def recall(self) -> None:
        """Begins to read the model's earlier turns, while the upstream is asked. For event loops."""
        if self.response.core.unread:
            self._recall = asyncio.ensure_future(self.response.aprepare())

    # -- the head

    def head(self, status: int, headers: Headers) -> Head | None:
        """What the client is sent of the upstream's head; None where the body decides, see :attr:`answer_head`."""
        given = [(name.lower(), value) for name, value in headers]
        kind = _content_type(given)
        self.answer_head = Head(status, [*given, (REPORT_HEADER, self.id.encode())])
        if status in BODILESS:
            self._bodiless = True
            return self.answer_head
        try:
            self._decoder = decoder(_joined(given, b"content-encoding"))
        except InputError:
            self._unreadable("an unknown encoding")
            return None
        if kind == "text/event-stream":
            self._frames = self._event_filter()
            self.answer_head = self._changed_head()
            return self.answer_head
        if status >= 400:
            self._body = ErrorFilter(self.response.core, self._remembered())
        elif kind == "application/json" or kind.endswith("+json"):
            self._body = self._body_filter()
        else:
            self._unreadable("an unknown content type", size=_length(given))
        return None

    # -- the body

    def feed(self, data: bytes) -> bytes:
        """What may go out now that the upstream sent ``data``."""
        return self._measured(self._feed(data))

    def finish(self) -> bytes:
        """The rest that may go out, now that the upstream has ended as it should; sets :attr:`answer_head`."""
        return self._measured(self._finish())

    async def afeed(self, data: bytes) -> bytes:
        """:meth:`feed` for event loops."""
        return await self._ameasured(self._feed(data), heavy=len(data) > LONG)

    async def afinish(self) -> bytes:
        """:meth:`finish` for event loops."""
        return await self._ameasured(self._finish(), heavy=self._size > LONG)

    def _feed(self, data: bytes) -> Steps[bytes]:
        if self.over or not data or self._bodiless:
            return b""
        try:
            data = self._decoder.feed(data) if self._decoder is not None else data
        except InputError:
            self._break("a damaged encoding", len(data))
            return b""
        if self._frames is not None:
            out = yield from self._frames.feed(data, time.monotonic())
            self.over = self._frames.over
            return out
        self._size += len(data)
        self._parts.append(data)
        if self._size > self.settings.max_body:
            self._break("over max_body", self._size)
        return b""

    def _finish(self) -> Steps[bytes]:
        if self._decoder is not None and not self.over:
            try:
                self._decoder.finish()
            except InputError:
                self._break("a damaged encoding", 0)
        if self._frames is not None:
            return b"" if self.over else (yield from self._frames.finish(time.monotonic()))
        data = b"".join(self._parts)
        self._parts = []
        out = data
        if self._body is not None and not self.over:
            try:
                out = yield from self._body.filter(data)
            except Unreadable as error:
                self._unreadable(str(error), len(data))
        if self.over:
            return self._refusal(502, UNREADABLE, reason="unavailable")
        if data and not out:  # a passage that stands where nothing can be taken out
            status = cast(Head, self.answer_head).status
            return self._refusal(status if status >= 400 else 502, QUOTING, reason="protected")
        return self._whole(data, out)

    # -- what cannot be read

    def _unread(self, reason: str, size: int) -> None:
        """Takes note of what was not read; the first of each kind is logged."""
        self._telling.unread(reason, size)
        self.events.failed("unreadable")
        if reason not in _LOGGED:
            _LOGGED.add(reason)
            LOG.warning("an answer could not be read, and is dealt with as on_error says: %s", reason)

    def _unreadable(self, reason: str, size: int = 0) -> None:
        """Something is no answer: the policy says whether it passes, uncounted never."""
        self._unread(reason, size)
        self.over = self._telling.refused = self.guard.policy.on_error == "stop"

    def _break(self, reason: str, size: int) -> None:
        """Something cannot even be passed on. A stream that has begun is broken off, see :attr:`broken`."""
        self._unread(reason, size)
        self.over = self._telling.refused = True
        self.broken = self._frames is not None

    def _refusal(self, status: int, message: str, *, reason: str) -> bytes:
        """What a client gets instead of a whole answer that cannot be read, or of an error that quotes."""
        told = {"report_id": self.id, "action": "stop", "reason": reason, "retry": True}
        out = refusal(status, reason, message, simblock=told)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(out)).encode()),
            (REPORT_HEADER, self.id.encode()),
        ]
        self.answer_head = Head(status, headers)
        return out

    # -- heads

    def _whole(self, data: bytes, out: bytes) -> bytes:
        """What is sent of a whole body, and the head for it."""
        if out is not data or self._decoder is not None:
            head = self._changed_head()
            self.answer_head = Head(head.status, [*head.headers, (b"content-length", str(len(out)).encode())])
        return out

    def _changed_head(self) -> Head:
        head = cast(Head, self.answer_head)
        return Head(head.status, [pair for pair in head.headers if pair[0] not in STALE])

    # -- how it is read

    def _event_filter(self) -> EventFilter:
        wire = self.asked.format.wire(self.asked.request)
        return EventFilter(wire, self.response.core, self._aside(), choices=self.asked.request.choices)

    def _body_filter(self) -> BodyFilter:
        wire = self.asked.format.wire(self.asked.request)
        return BodyFilter(wire, self.response.core, self._aside())

    def _aside(self) -> Aside:
        again = self._again if self.settings.regenerate and self.asked.request.choices == 1 else None
        return Aside(self._unread, self._telling.told, again, self._remembered())

    def _remembered(self) -> Remembered:
        return Remembered(said=self.settings.evidence, digest=self.events.digest)

    def _again(self, voice: Voice) -> Steps[str | None]:
        """Another answer, in the place of one that was stopped, checked already; None where there is none."""
        if self.again is None:
            return None
        channel, said = voice.channel, voice.said
        whole = said[: len(said) - len(_LAST_WORD.search(said)[0])]  # type: ignore[index]
        answer = yield Rewrite(
            self.response.core, channel.name, channel.choice, whole, rounds=self.settings.regenerate
        )
        if not isinstance(answer, str):
            self.events.failed("rewriter")
            return None
        self._telling.answered = True
        return answer if whole == said else f"{BREAK}{answer}"

    def _rewrite(self, withheld: Withheld) -> str | Awaitable[str]:
        """Asks the upstream for what is to stand in the place of a passage, or of a whole answer."""
        if self.again is None:
            raise InputError("the upstream cannot be asked again here")
        self._telling.rounds += 1
        return ask_again(self.asked, self.again, withheld)

    # -- the end

    def close(self, *, gone: bool = False, failed: str | None = None) -> None:
        """Tells what became of it: once, whatever happened. ``gone``: the client left; ``failed``: what broke."""
        if self._closed:
            return
        self._closed = True
        if self._recall is not None:
            self._recall.cancel()
        self.events.ended()
        if failed is not None:
            self.events.failed("upstream")
        read = self._frames or self._body
        voices = read.chorus.voices if read is not None else []
        self.events.decided(
            self._telling.decision(voices, gone=gone and not self.over, failed=failed is not None)
        )

    # -- how long it takes

    async def _ameasured(self, steps: Steps[bytes], *, heavy: bool) -> bytes:
        if self._recall is not None:
            recall, self._recall = self._recall, None
            await recall
        began = time.perf_counter()
        out = await self.response.arun(steps, heavy=heavy)
        self._note(time.perf_counter() - began)
        return out

    def _measured(self, steps: Steps[bytes]) -> bytes:
        began = time.perf_counter()
        out = self.response.run(steps)
        self._note(time.perf_counter() - began)
        return out

    def _note(self, seconds: float) -> None:
        telling, frames = self._telling, self._frames
        telling.scan += seconds
        self.events.scanned(seconds)
        if frames is None:
            return
        if frames.first is not None and telling.first is None:
            telling.first = frames.first
            self.events.first(frames.first)
        if frames.held:
            telling.held = max(telling.held, *frames.held)
            for one in frames.held:
                self.events.held(one)
            frames.held.clear()


def _content_type(headers: Headers) -> str:
    value = _joined(headers, b"content-type")
    return value.partition(";")[0].strip().lower()


def _length(headers: Headers) -> int:
    """How many bytes are to come, where that is told."""
    value = _joined(headers, b"content-length")
    return int(value) if value.isdecimal() and len(value) < 16 else 0


def _joined(headers: Headers, name: bytes) -> str:
    return ", ".join(value.decode("latin-1") for key, value in headers if key == name)


__all__ = ["Again", "Exchange", "Head", "Headers"]
