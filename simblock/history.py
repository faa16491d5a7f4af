"""The recent tokens of one lane of an output: bounded, whatever the length of the stream."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from typing import NamedTuple, TypeAlias

from simblock.match import Span
from simblock.naming import levelled
from simblock.newlines import Newlines
from simblock.scheme import Channel
from simblock.shingles import passes
from simblock.ticks import Ticks

Keys: TypeAlias = "array[int]"
"""Keys of tokens, 32 bits each."""
KEEP = 1024
"""Tokens that stay at least while a match is open: its longest look back is 512, a hold 48 ticks."""
IDLE = 512
"""Tokens that stay where none is: a match that begins looks back no further."""
SLACK = 64
"""Tokens more than are kept before they are cut."""
TIMED = 128
"""Words whose clock stays: each is a tick at least, and nobody asks whether one of 48 ticks ago is recent."""
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


class Small:
    """Numbers of tokens, from token ``base`` on, nearly all small: as many bytes each as ``kind`` has, bigger ones apart."""

    __slots__ = ("_apart", "_most", "_numbers", "base")

    def __init__(self, kind: str) -> None:
        self.base = 0
        self._numbers = array(kind)
        self._most = (1 << 8 * self._numbers.itemsize) - 1
        self._apart: dict[int, int] = {}

    def append(self, number: int) -> None:
        """Takes the next token's."""
        if not 0 <= number < self._most:
            self._apart[self.base + len(self._numbers)] = number
            number = self._most
        self._numbers.append(number)

    def __getitem__(self, token: int) -> int:
        number = self._numbers[token - self.base]
        return self._apart[token] if number == self._most else number

    def cut(self, base: int) -> None:
        """Forgets those of tokens before ``base``."""
        del self._numbers[: base - self.base]
        self.base = base
        if self._apart:
            self._apart = {token: number for token, number in self._apart.items() if token >= base}


class Seldom:
    """Numbers of tokens that are mostly those of the token before: kept where another begins."""

    __slots__ = ("_firsts", "_last", "_numbers")

    def __init__(self) -> None:
        self._firsts, self._numbers = array("I"), array("I")
        self._last = -1

    def append(self, token: int, number: int) -> None:
        """Takes the next token's."""
        if number != self._last:
            self._last = number
            self._firsts.append(token)
            self._numbers.append(number)

    def __getitem__(self, token: int) -> int:
        return self._numbers[bisect_right(self._firsts, token) - 1]

    def cut(self, base: int) -> None:
        """Forgets those of tokens before ``base``."""
        behind = bisect_right(self._firsts, base) - 1
        if behind > 0:
            del self._firsts[:behind], self._numbers[:behind]


class History:
    """Keys, flags, places and clocks of the last tokens, as parallel arrays from token ``base`` on.

    In a ``numbered`` lane ``keys`` are levelled (:mod:`simblock.naming`), ``names`` as they came; else both
    are one array. Tokens become certain at their ends, unless they may be so later, as in ``numbered`` lanes and where ``late``
    says it. Tokens of code have no flags, and the clock of the place where they became certain. Of places 32 bits are kept: at 100 tokens a second a stream has so many code points after months.
    """

    __slots__ = (
        "_clocks", "_cut_at", "_delays", "_echoed", "_languages", "_lengths", "_lines", "_newlines", "_of_code", "_ticks", "_timed", "base", "flags", "keys", "latest",
        "names", "numbered", "starts",
    )  # fmt: skip

    def __init__(
        self,
        newlines: Newlines | None = None,
        ticks: Ticks | None = None,
        *,
        numbered: bool = False,
        late: bool = False,
    ) -> None:
        self.base = 0
        self.numbered = numbered
        self._newlines, self._ticks = newlines or Newlines(), ticks or Ticks()
        self.keys = array("I")
        self.names = array("I") if numbered else self.keys
        self.flags = array("B")
        self.starts = array("I")
        self._lengths = Small("B")
        self._delays = Small("H") if numbered or late else None
        self._clocks = array("I")
        self._timed = 0  # the first token whose clock is kept
        self._lines = Seldom()
        self._of_code = Seldom()  # numbers of ``_languages``
        self._languages: list[str] = []
        self._cut_at = IDLE + SLACK
        self.latest = 0  # when the last token became certain
        self._echoed: dict[Hashable, bytearray] = {}  # by reading of the request: 0 unknown, 1 no, 2 yes

    @property
    def end(self) -> int:
        """The number of the next token."""
        return self.base + len(self.keys)

    def extend(self, coming: Coming) -> None:
        """Takes the tokens of a chunk."""
        keys, flags, starts, ends, whens, clocks, languages = coming
        token = self.base + len(self.keys)
        if len(keys) == 1 and self._delays is None:  # mostly
            start = starts[0]
            self.keys.append(keys[0])
            self.flags.append(flags[0])
            self.starts.append(start)
            self._clocks.append(clocks[0])
            self._lengths.append(ends[0] - start)
            self._lines.append(token, self._newlines.line(start))
            self.latest = whens[0]
            return
        if self.numbered:
            self.keys.extend(levelled(keys))
            for number, language in enumerate(languages, token):
                self._of_code.append(number, self._number(language))
        else:
            self.flags.extend(flags)
            self._clocks.extend(clocks)
        self.latest = whens[-1]
        self.names.extend(keys)
        self.starts.extend(starts)
        line, lines, lengths = self._newlines.line, self._lines, self._lengths
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), token):
            lengths.append(end - start)
            lines.append(number, line(start))
        if self._delays is not None:
            for end, when in zip(ends, whens, strict=True):
                self._delays.append(when - end)

    def _number(self, language: str) -> int:
        if language not in self._languages:
            self._languages.append(language)
        return self._languages.index(language)

    def language(self, token: int) -> str:
        """The language that a token of code is of."""
        return self._languages[self._of_code[token]]

    def when(self, token: int) -> int:
        """The code point at which a token became certain."""
        end = self.starts[token - self.base] + self._lengths[token]
        return end if self._delays is None else end + self._delays[token]

    def clock(self, token: int) -> int:
        """The clock of a token whose turn has come; less than it was, where that lies far behind."""
        if self.numbered:
            return self._ticks.clock(self.when(token))
        return self._clocks[token - self._timed] if token >= self._timed else 0

    def flag(self, token: int) -> int:
        """The flags of a token."""
        return 0 if self.numbered else self.flags[token - self.base]

    def span(self, first: int, last: int) -> tuple[Span, Span]:
        """Code points and 1-based lines of tokens ``first`` to ``last``, both counted in."""
        first = max(first, self.base)
        start, end = self.starts[first - self.base], self.starts[last - self.base] + self._lengths[last]
        return Span(start, end), Span(self._lines[first], self._lines[last])

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

    def echo(self, token: int, reading: Hashable) -> bool | None:
        """Whether a token repeats the request as it is so read; None where nobody has said."""
        echoes, at = self._echoed.get(reading, b""), token - self.base
        return echoes[at] == 2 if at < len(echoes) and echoes[at] else None

    def set_echo(self, token: int, reading: Hashable, found: bool) -> None:
        """Remembers what :meth:`echo` says of a token."""
        echoes, at = self._echoed.setdefault(reading, bytearray()), token - self.base
        echoes.extend(bytes(max(at + 1 - len(echoes), 0)))
        echoes[at] = 1 + found

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
            self.base += cut
            for column in (self.keys, self.starts, self.names if self.numbered else self.flags):
                del column[:cut]
            for numbers in (self._lengths, self._delays, self._lines, self._of_code):
                if numbers is not None:
                    numbers.cut(self.base)
            if not wanted:
                self._echoed.clear()
            for echoes in self._echoed.values():
                del echoes[:cut]
        timed = max(self.base, at + 1 - TIMED)
        if timed > self._timed:
            del self._clocks[: timed - self._timed]
            self._timed = timed
        self._cut_at = len(self.keys) + SLACK
