"""The recent tokens of one lane of an output: bounded, whatever the length of the stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from simblock.match import Span
from simblock.naming import levelled
from simblock.newlines import Newlines
from simblock.scheme import Channel
from simblock.shingles import passes

KEEP = 1024
"""Tokens that stay at least: the longest look back is 512, a hold 48 ticks."""


class Coming(NamedTuple):
    """Tokens of a chunk, in order: parallel lists. ``whens`` are the code points at which each became certain."""

    keys: Sequence[int]
    flags: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    whens: Sequence[int]
    clocks: Sequence[int]
    languages: Sequence[str] = ()


class History:
    """Keys, flags, places and clocks of the last tokens, as parallel lists from token ``base`` on.

    In a ``numbered`` lane ``keys`` are levelled (:mod:`simblock.naming`), ``names`` as they came; else both
    are one list. ``whens`` are the code points at which tokens became certain.
    """

    __slots__ = (
        "base", "clocks", "echoed", "ends", "flags", "keys", "languages", "names", "newlines", "numbered", "starts", "whens"
    )  # fmt: skip

    def __init__(self, newlines: Newlines | None = None, *, numbered: bool = False) -> None:
        self.base = 0
        self.numbered = numbered
        self.newlines = newlines or Newlines()
        self.keys: list[int] = []
        self.names: list[int] = [] if numbered else self.keys
        self.flags: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.whens: list[int] = []
        self.clocks: list[int] = []
        self.languages: list[str] = []  # of code
        self.echoed: dict[tuple[int, object], bool] = {}

    @property
    def end(self) -> int:
        """The number of the next token."""
        return self.base + len(self.keys)

    def extend(self, coming: Coming) -> None:
        """Takes the tokens of a chunk."""
        if self.numbered:
            self.keys += levelled(coming.keys)
        self.names += coming.keys
        self.flags += coming.flags
        self.starts += coming.starts
        self.ends += coming.ends
        self.whens += coming.whens
        self.clocks += coming.clocks
        self.languages += coming.languages

    def span(self, first: int, last: int) -> tuple[Span, Span]:
        """Code points and 1-based lines of tokens ``first`` to ``last``, both counted in."""
        at, end = max(first - self.base, 0), last - self.base
        span, line = Span(self.starts[at], self.ends[end]), self.newlines.line
        return span, Span(line(span.start), line(self.starts[end]))

    def back(self, token: int, count: int) -> list[int]:
        """Keys of up to ``count`` tokens that end with ``token``."""
        stop = token + 1 - self.base
        return self.keys[max(stop - count, 0) : stop]

    def names_back(self, token: int, count: int) -> list[int]:
        """:meth:`back` with names as they came."""
        stop = token + 1 - self.base
        return self.names[max(stop - count, 0) : stop]

    def shingle(self, token: int, channel: Channel) -> tuple[int, ...]:
        """Keys of the channel's shingle that ends with ``token``."""
        found: list[int] = []
        at = token - self.base
        while at >= 0 and len(found) < channel.n:
            if passes(self.flags[at], channel):
                found.append(self.keys[at])
            at -= 1
        return tuple(reversed(found))

    def trim(self, at: int) -> None:
        """Forgets what is no longer needed, now and then; token ``at`` is the one come to."""
        if len(self.keys) < 4 * KEEP or at - self.base < 3 * KEEP:
            return
        cut = at - self.base - KEEP
        columns: list[list[Any]] = [self.keys, self.flags, self.starts, self.ends, self.whens, self.clocks]
        for column in columns + ([self.names, self.languages] if self.numbered else []):
            del column[:cut]
        self.base += cut
        self.echoed = {key: echo for key, echo in self.echoed.items() if key[0] >= self.base}
