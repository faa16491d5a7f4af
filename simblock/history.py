"""The recent tokens of an output: bounded, whatever the length of the stream."""

from __future__ import annotations

from bisect import bisect_left

from simblock.match import Span
from simblock.scheme import Channel
from simblock.shingles import passes

KEEP = 1024
"""Tokens that stay at least: the longest look back is 512, a hold 48 ticks."""


class History:
    """Keys, flags, places and clocks of the last tokens, as parallel lists from token ``base`` on."""

    __slots__ = ("_lines_dropped", "_newlines", "base", "clocks", "ends", "flags", "keys", "starts")

    def __init__(self) -> None:
        self.base = 0
        self.keys: list[int] = []
        self.flags: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.clocks: list[int] = []
        self._newlines: list[int] = []
        self._lines_dropped = 0

    @property
    def end(self) -> int:
        """The number of the next token."""
        return self.base + len(self.keys)

    def text(self, chunk: str, start: int) -> None:
        """Takes the places of the line ends of a chunk that begins at code point ``start``."""
        at = chunk.find("\n")
        while at >= 0:
            self._newlines.append(start + at)
            at = chunk.find("\n", at + 1)

    def line(self, place: int) -> int:
        """The 1-based line of a recent code point."""
        return 1 + self._lines_dropped + bisect_left(self._newlines, place)

    def start(self, token: int) -> int:
        """The first code point of a token, or of the oldest one kept."""
        return self.starts[max(token - self.base, 0)]

    def span(self, first: int, last: int) -> Span:
        """Code points of tokens ``first`` to ``last``, both counted in."""
        return Span(self.start(first), self.ends[last - self.base])

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
        for column in (self.keys, self.flags, self.starts, self.ends, self.clocks):
            del column[:cut]
        self.base += cut
        gone = bisect_left(self._newlines, self.starts[0])
        self._lines_dropped += gone
        del self._newlines[:gone]
