"""The recent tokens of one lane of an output: bounded, whatever the length of the stream."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from simblock.match import Span
from simblock.naming import levelled
from simblock.newlines import Newlines
from simblock.scheme import Channel
from simblock.shingles import passes

Keys: TypeAlias = "array[int]"
"""Keys of tokens, 32 bits each."""
KEEP = 1024
"""Tokens that stay at least while a match is open: its longest look back is 512, a hold 48 ticks."""
IDLE = 512
"""Tokens that stay where none is: a match that begins looks back no further."""
SLACK = 64
"""Tokens more than are kept before they are cut."""
MOST = 4096
"""Tokens that stay at most, for short pieces that lie far back in an open match."""


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
    """Keys, flags, places and clocks of the last tokens, as parallel arrays from token ``base`` on.

    In a ``numbered`` lane ``keys`` are levelled (:mod:`simblock.naming`), ``names`` as they came; else both
    are one array. ``whens`` are the code points at which tokens became certain: their ends, unless they may be
    certain ``late``. Of places 32 bits are kept: at 100 tokens a second a stream has so many code points after months.
    """

    __slots__ = (
        "_cut_at", "_languages", "_of_code", "base", "clocks", "echoed", "ends", "flags", "keys", "lines", "names", "newlines",
        "numbered", "starts", "whens",
    )  # fmt: skip

    def __init__(
        self, newlines: Newlines | None = None, *, numbered: bool = False, late: bool = False
    ) -> None:
        self.base = 0
        self.numbered = numbered
        self.newlines = newlines or Newlines()
        self.keys = array("I")
        self.names = array("I") if numbered else self.keys
        self.flags = array("B")
        self.starts = array("I")
        self.ends = array("I")
        self.whens = array("I") if numbered or late else self.ends
        self.clocks = array("I")
        self.lines = array("I")
        self._of_code = array("B")  # numbers of ``_languages``
        self._languages: list[str] = []
        self._cut_at = IDLE + SLACK
        self.echoed: dict[tuple[int, object], bool] = {}

    @property
    def end(self) -> int:
        """The number of the next token."""
        return self.base + len(self.keys)

    def extend(self, coming: Coming) -> None:
        """Takes the tokens of a chunk."""
        keys, flags, starts, ends, whens, clocks, languages = coming
        if len(keys) == 1 and not self.numbered:  # mostly
            self.keys.append(keys[0])
            self.flags.append(flags[0])
            self.starts.append(starts[0])
            self.ends.append(ends[0])
            if self.whens is not self.ends:
                self.whens.append(whens[0])
            self.clocks.append(clocks[0])
            self.lines.append(self.newlines.line(starts[0]))
            return
        if self.numbered:
            self.keys.extend(levelled(keys))
            self._of_code.extend(map(self._number, languages))
        self.names.extend(keys)
        self.flags.extend(flags)
        self.starts.extend(starts)
        self.ends.extend(ends)
        if self.whens is not self.ends:
            self.whens.extend(whens)
        self.clocks.extend(clocks)
        self.lines.extend(map(self.newlines.line, starts))

    def _number(self, language: str) -> int:
        if language not in self._languages:
            self._languages.append(language)
        return self._languages.index(language)

    def language(self, token: int) -> str:
        """The language that a token of code is of."""
        return self._languages[self._of_code[token - self.base]]

    def span(self, first: int, last: int) -> tuple[Span, Span]:
        """Code points and 1-based lines of tokens ``first`` to ``last``, both counted in."""
        at, end = max(first - self.base, 0), last - self.base
        return Span(self.starts[at], self.ends[end]), Span(self.lines[at], self.lines[end])

    def back(self, token: int, count: int) -> list[int]:
        """Keys of up to ``count`` tokens that end with ``token``."""
        stop = token + 1 - self.base
        return self.keys[max(stop - count, 0) : stop].tolist()

    def names_back(self, token: int, count: int) -> list[int]:
        """:meth:`back` with names as they came."""
        stop = token + 1 - self.base
        return self.names[max(stop - count, 0) : stop].tolist()

    def shingle(self, token: int, channel: Channel) -> tuple[int, ...]:
        """Keys of the channel's shingle that ends with ``token``."""
        found: list[int] = []
        at = token - self.base
        while at >= 0 and len(found) < channel.n:
            if passes(self.flags[at], channel):
                found.append(self.keys[at])
            at -= 1
        return tuple(reversed(found))

    @property
    def full(self) -> bool:
        """Whether it is time to trim."""
        return len(self.keys) >= self._cut_at

    def trim(self, at: int, wanted: int) -> None:
        """Forgets what is no longer needed; token ``at`` is the one come to.

        ``wanted`` is how many tokens up to it an open match may want, 0 without one.
        """
        keep = max(KEEP, min(wanted, MOST)) if wanted else IDLE
        cut = at + 1 - keep - self.base
        if cut > 0:
            columns = [self.keys, self.flags, self.starts, self.ends, self.clocks, self.lines]
            if self.whens is not self.ends:
                columns.append(self.whens)
            for column in columns + ([self.names, self._of_code] if self.numbered else []):
                del column[:cut]
            self.base += cut
            kept = self.echoed.items() if wanted else ()
            self.echoed = {key: echo for key, echo in kept if key[0] >= self.base}
        self._cut_at = len(self.keys) + SLACK
