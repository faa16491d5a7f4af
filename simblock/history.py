"""The recent tokens of an output: bounded, whatever the length of the stream."""

from __future__ import annotations

from bisect import bisect_left

from simblock.match import Span
from simblock.scanner import Scanned
from simblock.scheme import Channel
from simblock.shingles import passes

KEEP = 1024
"""Tokens that stay at least: the longest look back is 512, a hold 48 ticks."""


class History:
    """Keys, flags, places and clocks of the last tokens, as parallel lists from token ``base`` on."""

    __slots__ = (
        "_lines",
        "_newlines",
        "base",
        "clocks",
        "echoed",
        "ends",
        "flags",
        "keys",
        "lines",
        "starts",
    )

    def __init__(self) -> None:
        self.base = 0
        self.keys: list[int] = []
        self.flags: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.clocks: list[int] = []
        self.lines: list[int] = []
        self.echoed: dict[int, bool] = {}
        self._newlines: list[int] = []
        self._lines = 1

    @property
    def end(self) -> int:
        """The number of the next token."""
        return self.base + len(self.keys)

    def note_lines(self, chunk: str, start: int) -> None:
        """Takes the line ends of a chunk that begins at code point ``start``, before its tokens."""
        at = chunk.find("\n")
        while at >= 0:
            self._newlines.append(start + at)
            at = chunk.find("\n", at + 1)

    def extend(self, scanned: Scanned) -> None:
        """Takes the tokens of a chunk. A line end ends every token, so no later one begins before it."""
        newlines, line = self._newlines, self._lines
        self.keys += scanned.keys
        self.flags += scanned.flags
        self.starts += scanned.starts
        self.ends += scanned.ends
        self.clocks += scanned.clocks
        if newlines:
            self.lines += [line + bisect_left(newlines, start) for start in scanned.starts]
            self._lines += len(newlines)
            newlines.clear()
        else:
            self.lines += [line] * len(scanned.starts)

    def span(self, first: int, last: int) -> tuple[Span, Span]:
        """Code points and 1-based lines of tokens ``first`` to ``last``, both counted in."""
        at, end = max(first - self.base, 0), last - self.base
        return Span(self.starts[at], self.ends[end]), Span(self.lines[at], self.lines[end])

    def back(self, token: int, count: int) -> list[int]:
        """Keys of up to ``count`` tokens that end with ``token``."""
        stop = token + 1 - self.base
        return self.keys[max(stop - count, 0) : stop]

    def shingle(self, token: int, channel: Channel) -> tuple[int, ...]:
        """Keys of the channel's shingle that ends with ``token``."""
        found: list[int] = []
        at = token - self.base
        while at >= 0 and len(found) < channel.n:
            if passes(self.flags[at], channel):
                found.append(self.keys[at])
            at -= 1
        return tuple(reversed(found))

    def trim(self) -> None:
        """Forgets what is no longer needed, now and then."""
        if len(self.keys) < 4 * KEEP:
            return
        cut = len(self.keys) - KEEP
        for column in (self.keys, self.flags, self.starts, self.ends, self.clocks, self.lines):
            del column[:cut]
        self.base += cut
        self.echoed = {token: echo for token, echo in self.echoed.items() if token >= self.base}
