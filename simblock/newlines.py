"""Where the lines of an output begin: bounded, whatever its length."""

from __future__ import annotations

from array import array
from bisect import bisect_left

MOST = 1 << 9
"""Line ends remembered; of places before them only that they lie before is known. A token is asked for when it comes."""


class Newlines:
    """The line ends of an output, so that places can be told by line."""

    __slots__ = ("_before", "_places")

    def __init__(self) -> None:
        self._before = 1
        self._places = array("I")

    def take(self, chunk: str, start: int) -> None:
        """Takes the line ends of a chunk that begins at code point ``start``."""
        at = chunk.find("\n")
        while at >= 0:
            self._places.append(start + at)
            at = chunk.find("\n", at + 1)
        if len(self._places) > MOST + MOST // 8:
            self._before += len(self._places) - MOST
            del self._places[:-MOST]

    def line(self, place: int) -> int:
        """The 1-based line of a code point."""
        places = self._places
        if not places or places[-1] < place:
            return self._before + len(places)
        return self._before + bisect_left(places, place)
