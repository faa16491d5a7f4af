"""What the streaming core asks, and what it is sent back.

The core does no I/O: it yields one of these and is sent the answer, or :class:`Lost`. Segments
and runs are the store's own names for things; the core passes them back untouched, so an open
candidate keeps the generation that it was found in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from simblock.tokens import I64, U32, U64
from simblock.work import Kind, Work


class Posting(NamedTuple):
    """One place of a key: token ``position`` (the shingle's last) in a run of ``length`` tokens, which
    were read in ``view`` (a place in :data:`simblock.tokens.VIEWS`)."""

    segment: Hashable
    run: int
    position: int
    length: int
    view: int


class Hit(NamedTuple):
    """A key that was found: the number of the ask, its places, and how many of how many works hold it.

    ``frequency`` and ``works`` are those frozen when the index was built or merged.
    """

    ask: int
    postings: list[Posting]
    frequency: int
    works: int


@dataclass(frozen=True, slots=True)
class Postings:
    """Where do these keys stand? ``channels`` (ids) and ``keys`` are parallel: lists, or arrays where many.

    Answered by one list of :class:`Hit` for each index, :class:`Lost` in the place of one that cannot
    answer; asks without a live posting are left out.
    """

    channels: Sequence[int] | U32
    keys: Sequence[int] | U64


@dataclass(frozen=True, slots=True)
class Suspected:
    """Which of these keys may stand in an index, by what it knows without asking its store?

    Put when a store is lost. Answered by one list of asks for each index: some of them stand nowhere, and
    none is missing that does stand there.
    """

    channels: Sequence[int]
    keys: Sequence[int]


@dataclass(frozen=True, slots=True)
class Run:
    """Which token keys stand at [start, stop) of a run? Answered by a u32 array, clipped to the run."""

    index: int
    segment: Hashable
    run: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Works:
    """Which live works share this run? Answered by a tuple of :class:`Work`, smallest id first.

    The runs of a work of code, one a view, have the same works.
    """

    index: int
    segment: Hashable
    run: int


@dataclass(frozen=True, slots=True)
class Places:
    """Where do these tokens (i64 array) stand in the work's text? Answered by :class:`Placed`."""

    index: int
    segment: Hashable
    run: int
    tokens: I64


class Placed(NamedTuple):
    """Code points [start, end) and 1-based lines of tokens, i64 arrays, and one entry a token."""

    starts: I64
    ends: I64
    lines: I64


@dataclass(frozen=True, slots=True)
class Read:
    """Work that takes a while rather than a question: to read so many characters of the client's own request.

    Answered by None when ``read`` has been called; who drives an event loop calls it in a thread.
    """

    characters: int
    read: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a rewriter is told of a passage: nothing of its text, its work or its title.

    ``before`` are the last characters that go out before it, 2,000 at most; ``tokens`` about how many words (of
    code lexemes) it has; ``language`` is that of code. ``round`` counts from 1: an answer that is too close to a
    work is asked for again. ``note`` says the same in a sentence that a model may be given. ``channel`` and ``choice``
    say which stream of the response it is.
    """

    before: str
    tokens: int
    kind: Kind
    language: str | None
    round: int
    note: str
    channel: str = "content"
    choice: int = 0


Rewriter: TypeAlias = Callable[[Withheld], str | Awaitable[str]]
"""Gives other words for a passage; what it raises, and being late, end the stream before the passage."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What is to stand in the place of a passage? ``response`` is the core's own, its ResponseCore.

    Asked for in so many ``rounds`` at most; None: as many as the response allows for a passage.

    Answered by a text that has been checked (:func:`simblock.rewriting.rewritten`), or Lost where there is none.
    """

    response: Any
    channel: str
    choice: int
    before: str
    tokens: int = 0
    kind: Kind = "text"
    language: str | None = None
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """What has a rewriter to say? Answered by its text, not checked yet, or Lost; it has ``timeout`` seconds."""

    rewriter: Rewriter
    withheld: Withheld
    timeout: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The answer of an index that has none: what broke, in words without protected text."""

    reason: str


Asking: TypeAlias = Postings | Suspected | Run | Works | Places
"""What an index is asked."""
Question: TypeAlias = Asking | Read | Rewrite | Wording
Part: TypeAlias = list[Hit] | list[int] | U32 | tuple[Work, ...] | Placed
"""What one index says to a question."""
Answer: TypeAlias = (
    list[list[Hit] | Lost] | list[list[int] | Lost] | U32 | tuple[Work, ...] | Placed | str | Lost | None
)
