"""Words as they were meant, where a text masks them: a second reading, of masked stretches alone.

Spaced letters, strings without spaces, leetspeak, hyphens within words, characters by reference and words
between which the same filler stands again and again: signs of these (:mod:`simblock.masks`) begin a *reading*. It goes
back 64 words, reads on until 48 tokens show no more of a mask, and gives all words of the stretch with their true places.

What is given depends on words and their places alone, so it is the same for every cut. An ordinary text
costs a test a word.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import eq
from typing import NamedTuple

from simblock.escapes import EscapeReader, Read
from simblock.joining import Joiner, Meant
from simblock.leetspeak import SIGNS
from simblock.masks import Signs, suspects
from simblock.references import ReferenceReader
from simblock.scanner import Scanned, WordScanner
from simblock.spelling import Named, Speller
from simblock.tokens import CHAR_KEY

BACK = 64
"""Words that a reading goes back."""
BACK_CHARACTERS = 2048
"""Characters that it goes back at most."""
ON = 48
"""Tokens that it goes on for without a mask."""
AGAIN = {2: 8, 3: 6, 4: 5, 5: 5}
"""Words from one filler to the next → how often it has stood so before when it is taken for one."""
MEMORY = max(period * again for period, again in AGAIN.items())
NUMBER = -1
"""All numbers are one filler."""
BLOCK, BLOCK_CHARACTERS = 16, 128
"""Words, and characters, that are looked at together."""
LONGEST_LOOK = 600
"""Characters that signs are looked for in."""
CHUNKS, LONG_CHUNK = 64, 1024
"""Chunks that are put together at once; a longer one by itself."""
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

    Of a word that is given next, the last ``BEHIND`` characters are there.
    """

    __slots__ = ("_late", "_late_base", "base", "chunks", "text")

    BEHIND = BACK_CHARACTERS + 2 * BLOCK_CHARACTERS
    MOST = 2 * BEHIND

    def __init__(self) -> None:
        self.text, self.base = "", 0
        self._late, self._late_base = "", -1  # what follows the open word by far
        self.chunks: list[str] = []

    def _put_together(self) -> None:
        more, self.chunks = "".join(self.chunks), []
        if self._late_base < 0:
            self.text += more
        else:
            self._late += more

    @property
    def full(self) -> bool:
        """Whether it is time to trim, however often what came was put together."""
        late = self._late_base >= 0
        return len(self._late if late else self.text) > (self.MOST if late else self.MOST * 5 // 8)

    def part(self, start: int, end: int) -> str:
        """The characters [start, end)."""
        if self.chunks:
            self._put_together()
        late = 0 <= self._late_base <= start
        text, base = (self._late, self._late_base) if late else (self.text, self.base)
        return text[max(start - base, 0) : max(end - base, 0)]

    def trim(self, known: int) -> None:
        """Forgets what lies far behind; every word that ends up to ``known`` was given."""
        behind, most = self.BEHIND, self.MOST
        if self.chunks:
            self._put_together()
        if self._late_base >= 0:
            if known >= self._late_base + behind:
                self.text, self.base, self._late, self._late_base = self._late, self._late_base, "", -1
            elif len(self._late) > most:
                self._late_base += len(self._late) - behind
                self._late = self._late[-behind:]
        if self._late_base < 0 and len(self.text) > behind + behind // 4:
            cut = known - behind - self.base
            if cut > 0:
                self.text, self.base = self.text[cut:], self.base + cut
            if len(self.text) > most:
                self._late, self._late_base = self.text[-behind:], self.base + len(self.text) - behind
                self.text = self.text[: known + behind - self.base]


class Fillers:
    """Drops tokens that have stood several times at the same distance."""

    __slots__ = ("_first", "_known", "_last")

    def __init__(self, known: Iterable[tuple[int, int]] = ()) -> None:
        self._known = set(known)
        self._first = {key for key, _ in self._known}  # to come the first time, with none before it
        self._last: deque[int] = deque([0] * MEMORY, MEMORY)

    def drops(self, key: int) -> bool:
        """Whether the next token, with this key, is a filler."""
        last = self._last
        period = period_of(key, last)
        if period:
            self._known.add((key, period))
        drops = key in self._first or any(known == key and last[-far] == key for known, far in self._known)
        self._first.discard(key)
        last.append(key)
        return drops


def period_of(key: int, last: Sequence[int], less: int = 0) -> int:
    """The distance at which a key has stood again and again before, ``less`` often than usual; 0 where there is none."""
    if key >= CHAR_KEY or last[-1] == key:
        return 0
    for period, again in AGAIN.items():
        if last[-period] == key and all(last[-period * n] == key for n in range(2, again + 1 - less)):
            return period
    return 0


class Reading:
    """One second reading of a stretch, by some rules, from code point ``start`` on."""

    __slots__ = (
        "_escapes",
        "_fillers",
        "_joiner",
        "_references",
        "_speller",
        "begin",
        "position",
        "rules",
        "since",
    )

    def __init__(self, rules: Collection[str], start: int, fillers: Iterable[tuple[int, int]]) -> None:
        self.rules = frozenset(rules)
        self.begin = self.position = start
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
    """Takes a text in chunks with its words, gives the words of masked stretches as they were meant.

    Outside of a reading words are looked at a block at a time: ``BLOCK`` words, or 128 characters.
    """

    __slots__ = ("_begins", "_ends", "_given", "_keys", "_next", "_number", "_recent", "_signs", "reading")

    def __init__(self) -> None:
        self.reading: Reading | None = None
        self._recent = Recent()
        self._signs = Signs()
        # of the last words: keys (NUMBER for all that are one), starts and ends; a few before the first
        self._keys = array("q", [0]) * MEMORY
        self._begins, self._ends = array("I", [0]) * MEMORY, array("I", [0]) * MEMORY
        self._next = MEMORY  # the first that was not looked at
        self._number = 0  # of those that are forgotten
        self._given = 0  # where the last reading ended

    def feed(self, chunk: str, words: Scanned, known: int) -> Unmasked | None:
        """The tokens that are certain now; ``known`` as of the scanner that gave ``words``."""
        recent = self._recent
        recent.chunks.append(chunk)
        found = None
        if words.keys:
            self._put(words)
            at = self._next
            if (
                self.reading is not None
                or len(self._keys) >= at + BLOCK
                or self._ends[-1] >= self._ends[at - 1] + BLOCK_CHARACTERS
            ):
                found = self._look(last=False)
        if len(recent.chunks) > CHUNKS or len(chunk) > LONG_CHUNK or recent.full:
            recent.trim(known)
        return found

    def finish(self, words: Scanned) -> Unmasked | None:
        """The rest, at the end of the text."""
        self._put(words)
        found = self._look(last=True) or Unmasked([], [], [], [], [])
        if self.reading is not None:
            self._close(self.reading, self._ends[-1], self._ends[-1], found)
        return found if found.keys else None

    def _put(self, words: Scanned) -> None:
        self._keys.extend(words.keys)
        self._begins.extend(words.starts)
        self._ends.extend(words.ends)

    def _look(self, *, last: bool) -> Unmasked | None:
        """Looks at the words that have come: at all in a reading, else at whole blocks, and at the end at the rest."""
        found = Unmasked([], [], [], [], [])
        ends, count = self._ends, len(self._ends)
        while self._next < count:
            at = self._next
            stop = at + 1
            if self.reading is None:
                stop = 1 + min(at + BLOCK - 1, bisect_left(ends, ends[at - 1] + BLOCK_CHARACTERS, at))
                if stop > count:
                    if not last:
                        break
                    stop = count
            looked = self._suspects(at, stop) if self.reading is None else ()
            for one in range(at, stop) if looked or self.reading is not None else ():
                if self.reading is not None or one - at in looked:
                    self._take(one, ends[stop - 1], found)
            self._next = stop
        if self._next > 2 * BACK + MEMORY:
            self._forget()
        return found if found.keys else None

    def _suspects(self, at: int, stop: int) -> Collection[int]:
        """Which words of a block, counted from its first, may show a sign."""
        keys, block = self._keys, self._keys[at:stop]
        begins, ends = self._begins[at:stop], self._ends[at:stop]
        base = self._ends[at - 1]
        filled = any(sum(map(eq, block, keys[at - period : stop])) > 1 for period in AGAIN)
        if filled or ends[-1] - base > LONGEST_LOOK:
            return range(stop - at)
        text = self._recent.part(base, ends[-1])
        return suspects(text, [text[max(a - base, 0) : b - base] for a, b in zip(begins, ends, strict=True)])

    def _forget(self) -> None:
        cut = self._next - BACK - MEMORY
        del self._keys[:cut], self._begins[:cut], self._ends[:cut]
        self._next -= cut
        self._number += cut

    def _take(self, at: int, when: int, found: Unmasked) -> None:
        """Looks for signs in one word, and reads on."""
        keys, before, end = self._keys, self._ends[at - 1], self._ends[at]
        start, reading = self._begins[at], self.reading
        rules = set()
        if keys[at] < CHAR_KEY:
            low = max(before, end - LONGEST_LOOK)
            text = self._recent.part(low, end)
            gap, word = text[: max(start - low, 0)], text[max(start - low, 0) :]
            if word.isdigit():
                keys[at] = NUMBER
            rules = self._signs.look(self._number + at, gap, word)
        period = 0
        if reading is None and (period := period_of(keys[at], keys[at - MEMORY : at])):
            rules.add("fillers")
        if reading is not None and end - before > BACK_CHARACTERS:
            self._close(reading, before, when, found)
        if rules and (self.reading is None or not rules <= self.reading.rules):
            self._open(rules, self._fillers(at) if period else [], at, when, found)
        reading = self.reading
        if reading is not None:
            found.put(reading.feed(self._recent.part(reading.position, end)), when)
            if rules:
                reading.since = 0
            elif reading.since >= ON:
                self._close(reading, end, when, found)

    def _fillers(self, at: int) -> list[tuple[int, int]]:
        """The fillers about a word that is one, with their periods: there may be several together."""
        near = ((place, self._keys[place]) for place in range(at + 1 - max(AGAIN), at + 1))
        found = (
            (key, period_of(key, self._keys[place - MEMORY : place], less=1))
            for place, key in near
            if place >= MEMORY
        )
        return [(key, period) for key, period in found if period]

    def _open(
        self, rules: set[str], fillers: list[tuple[int, int]], at: int, when: int, found: Unmasked
    ) -> None:
        """Begins a reading by more rules, some words back; not where the word itself is too long."""
        old, least = self.reading, self._ends[at] - BACK_CHARACTERS
        begins = self._begins[max(at + 1 - BACK, MEMORY - self._number, 0) : at + 1]
        goes_on = old is None and begins[0] < self._given
        if goes_on:
            least = max(least, self._given)
        start = next((start for start in begins if start >= least), None)
        if start is None:
            return
        if self._given and not goes_on:
            found.put((Named(key, 0, start, start) for key in BREAK), when)
        self._given = self._given or 1
        self.reading = Reading(rules | old.rules if old is not None else rules, start, fillers)

    def _close(self, reading: Reading, end: int, when: int, found: Unmasked) -> None:
        found.put(reading.finish(), when)
        self._given, self.reading = end, None


def unmasked(text: str) -> Unmasked | None:
    """The words of the masked stretches of a text, as they were meant; None where it has none."""
    scanner, unmasker = WordScanner(), Unmasker()
    words = scanner.feed(text)
    found = unmasker.feed(text, words, scanner.known)
    rest = unmasker.finish(scanner.finish())
    if found is None or rest is None:
        return found or rest
    return Unmasked(*(first + more for first, more in zip(found, rest, strict=True)))
