"""Words as they were meant, where a text masks them: a second reading, of masked stretches alone.

Spaced letters, strings without spaces, leetspeak, hyphens within words, characters by reference and words
between which the same filler stands again and again: signs of these (:mod:`simblock.masks`) begin a *reading*. It goes
back 64 words, reads on until 48 tokens show no more of a mask, and gives all words of the stretch with their true places.

What is given depends on words and their places alone, so it is the same for every cut. An ordinary text
costs a test a word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from simblock.escapes import EscapeReader, Read
from simblock.joining import Joiner, Meant
from simblock.leetspeak import SIGNS
from simblock.masks import PLAIN, Signs
from simblock.references import ReferenceReader
from simblock.scanner import Scanned
from simblock.spelling import Named, Speller
from simblock.tokens import CHAR_KEY

BACK = 64
"""Words that a reading goes back."""
BACK_CHARACTERS = 2048
"""Characters that it goes back at most."""
ON = 48
"""Tokens that it goes on for without a mask."""
PERIODS = range(2, 6)
"""Words from one filler to the next."""
AGAIN = 4
"""Times that a filler stands at the same distance before it is taken for one."""
MEMORY = AGAIN * PERIODS[-1]
NUMBER = -1
"""All numbers are one filler."""
LONGEST_PLAIN, LONGEST_LOOK = 14, 600
"""Characters of an ordinary word with what stands before it, and characters that signs are looked for in."""
BREAK = (0x5EED_5EED & 0x7FFF_FFFF,) * 9
"""Keys of tokens that stand where two readings do not join: more than any alignment reaches over."""


class Unmasked(NamedTuple):
    """Tokens: parallel lists of keys, flags, starts, ends, and whens, the code points at which each became certain."""

    keys: list[int]
    flags: list[int]
    starts: list[int]
    ends: list[int]
    whens: list[int]

    def put(self, tokens: Iterable[Named], when: int) -> None:
        """Adds tokens that became certain at ``when``."""
        for key, flag, start, end in tokens:
            self.keys.append(key)
            self.flags.append(flag)
            self.starts.append(start)
            self.ends.append(end)
            self.whens.append(when)


class Recent:
    """The last characters of a text, and those about the word that is open, however long ago that was.

    Of a word that is given next, the last ``KEPT`` / 2 characters are there.
    """

    __slots__ = ("_late", "_late_base", "base", "text")

    KEPT = 4 * BACK_CHARACTERS

    def __init__(self) -> None:
        self.text, self.base = "", 0
        self._late, self._late_base = "", -1  # what follows the open word by far

    def take(self, chunk: str) -> None:
        """Adds a chunk."""
        if self._late_base < 0:
            self.text += chunk
        else:
            self._late += chunk

    def part(self, start: int, end: int) -> str:
        """The characters [start, end)."""
        late = 0 <= self._late_base <= start
        text, base = (self._late, self._late_base) if late else (self.text, self.base)
        return text[max(start - base, 0) : max(end - base, 0)]

    def trim(self, known: int) -> None:
        """Forgets what lies far behind; every word that ends up to ``known`` was read."""
        kept = self.KEPT
        if self._late_base >= 0:
            if known >= self._late_base + kept // 2:
                self.text, self.base, self._late, self._late_base = self._late, self._late_base, "", -1
            elif len(self._late) > 2 * kept:
                self._late_base += len(self._late) - kept
                self._late = self._late[-kept:]
        if self._late_base < 0 and len(self.text) > 2 * kept:
            cut = min(known - kept // 2, self.base + len(self.text) - kept) - self.base
            if cut > 0:
                self.text, self.base = self.text[cut:], self.base + cut
            if len(self.text) > 2 * kept:
                self._late, self._late_base = self.text[-kept:], self.base + len(self.text) - kept
                self.text = self.text[: known + kept // 2 - self.base]


class Fillers:
    """Drops tokens that have stood several times at the same distance."""

    __slots__ = ("_known", "_last")

    def __init__(self, known: Iterable[tuple[int, int]] = ()) -> None:
        self._known = set(known)
        self._last: deque[int] = deque([0] * MEMORY, MEMORY)

    def drops(self, key: int) -> bool:
        """Whether the next token, with this key, is a filler."""
        found = period_of(key, self._last)
        if found:
            self._known.add((key, found))
        last = self._last
        drops = any(known == key and last[-period] == key for known, period in self._known)
        last.append(key)
        return drops


def period_of(key: int, last: deque[int]) -> int:
    """The distance at which a key has stood again and again before; 0 where there is none."""
    if key >= CHAR_KEY:
        return 0
    for period in PERIODS:
        if last[-period] == key and all(last[-period * n] == key for n in range(2, AGAIN + 1)):
            return period
    return 0


class Reading:
    """One second reading of a stretch, by some rules, from code point ``start`` on."""

    __slots__ = ("_escapes", "_fillers", "_joiner", "_references", "_speller", "position", "rules", "since")

    def __init__(self, rules: Collection[str], start: int, fillers: Iterable[tuple[int, int]]) -> None:
        self.rules = frozenset(rules)
        self.position = start
        self.since = 0  # tokens since one was masked
        self._escapes = EscapeReader()
        self._escapes.skip(start)
        self._references = ReferenceReader() if "references" in rules else None
        self._speller = Speller(start, SIGNS if "leetspeak" in rules else ())
        self._joiner = Joiner(self.rules)
        self._fillers = Fillers(fillers)

    @property
    def start(self) -> int:
        """Where what waits begins."""
        starts = (self._joiner.start, self._speller.start)
        return next((start for start in starts if start is not None), self._speller.position)

    def feed(self, text: str) -> list[Named]:
        """The tokens of the text that follows."""
        self.position += len(text)
        return self._tokens(self._escapes.feed(text))

    def finish(self) -> list[Named]:
        """The rest."""
        tokens = self._tokens(self._escapes.finish())
        if self._references is not None:
            tokens += self._kept(self._spelled(self._references.finish()))
        for word in self._speller.finish():
            tokens += self._kept(self._joiner.take(word))
        return tokens + self._kept(self._joiner.finish())

    def _tokens(self, reads: Iterable[Read]) -> list[Named]:
        if self._references is not None:
            reads = self._references.feed(reads)
        return self._kept(self._spelled(reads))

    def _spelled(self, reads: Iterable[Read]) -> Iterator[Meant]:
        for word in self._speller.feed(reads):
            yield from self._joiner.take(word)

    def _kept(self, meant: Iterable[Meant]) -> list[Named]:
        """Tokens without fillers."""
        kept = []
        for token, masked, number in meant:
            drops = self._fillers.drops(NUMBER if number else token.key)
            self.since = 0 if masked or drops else self.since + 1
            if not drops:
                kept.append(token)
        return kept


class Unmasker:
    """Takes a text in chunks with its words, gives the words of masked stretches as they were meant."""

    __slots__ = ("_end", "_given", "_last", "_near", "_number", "_recent", "_signs", "_starts", "reading")

    def __init__(self) -> None:
        self.reading: Reading | None = None
        self._recent = Recent()
        self._signs = Signs()
        self._starts: deque[int] = deque(maxlen=BACK)  # of the last words
        self._last: deque[int] = deque([0] * MEMORY, MEMORY)  # their keys
        self._near: deque[int] = deque([0] * PERIODS[-1], PERIODS[-1])  # the last of those
        self._end = self._number = self._given = 0

    def feed(self, chunk: str, words: Scanned, known: int) -> Unmasked | None:
        """The tokens that are certain now; ``known`` as of the scanner that gave ``words``."""
        recent = self._recent
        recent.take(chunk)
        if not words.keys:
            recent.trim(known)
            return None
        found: Unmasked | None = None
        starts, last, near, at = self._starts, self._last, self._near, self._end
        for key, start, end in zip(words.keys, words.starts, words.ends, strict=True):
            starts.append(start)
            if (
                self.reading is None
                and end - at <= LONGEST_PLAIN
                and key not in near
                and PLAIN(recent.part(at, end))
            ):
                told = key
            else:
                found = found or Unmasked([], [], [], [], [])
                told = self._look(key, start, end, found)
            last.append(told)
            near.append(told)
            self._end = at = end
            self._number += 1
        recent.trim(known)
        return found if found and found.keys else None

    def finish(self, words: Scanned) -> Unmasked | None:
        """The rest, at the end of the text."""
        found = self.feed("", words, self._end) or Unmasked([], [], [], [], [])
        if self.reading is not None:
            self._close(self.reading, found)
        return found if found.keys else None

    @property
    def waiting(self) -> int | None:
        """Where the masked text begins that is not given yet; None outside of a reading."""
        return None if self.reading is None else self.reading.start

    def _look(self, key: int, start: int, end: int, found: Unmasked) -> int:
        """Looks for signs in a word that is not ordinary, or may not be, and reads on; the word as fillers count it."""
        low = max(self._end, end - LONGEST_LOOK)
        text = self._recent.part(low, end)
        gap, word = text[: max(start - low, 0)], text[max(start - low, 0) :]
        told = NUMBER if word.isdigit() else key
        rules = self._signs.look(self._number, gap, word)
        period = 0 if self.reading is not None else period_of(told, self._last)
        if period:
            rules.add("fillers")
        if self.reading is not None and start - self._end > BACK_CHARACTERS:
            self._close(self.reading, found)
        reading = self.reading
        if rules and (reading is None or not rules <= reading.rules):
            reading = self._open(rules, [(told, period)] if period else [], end, found)
        if reading is not None:
            found.put(reading.feed(self._recent.part(reading.position, end)), end)
            if rules:
                reading.since = 0
            elif reading.since >= ON:
                self._end = end
                self._close(reading, found)
        return told

    def _open(
        self, rules: set[str], fillers: list[tuple[int, int]], end: int, found: Unmasked
    ) -> Reading | None:
        """Begins a reading by more rules, some words back; nothing where the word itself is too long."""
        old, least = self.reading, end - BACK_CHARACTERS
        if old is not None:
            rules = rules | old.rules
        elif self._starts[0] < self._given:
            least = max(least, self._given)
        start = next((start for start in self._starts if start >= least), None)
        if start is None:
            return old
        if self._given and (old is not None or self._starts[0] >= self._given):
            found.put((Named(key, 0, start, start) for key in BREAK), end)
        self._given = 1
        self.reading = Reading(rules, start, fillers)
        return self.reading

    def _close(self, reading: Reading, found: Unmasked) -> None:
        found.put(reading.finish(), self._end)
        self._given = reading.position
        self.reading = None
