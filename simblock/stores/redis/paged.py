"""A segment in Redis as readers see it: some sections on the host, the others record by record."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from simblock.errors import Damaged
from simblock.stores.buckets import DECODED, FINGERPRINT_MASK, Buckets, Columns, Found, Shape
from simblock.stores.container import Buffer, Container, Sealing, Section
from simblock.stores.prefilter import Prefilter
from simblock.stores.redis import records
from simblock.stores.redis.names import Names
from simblock.stores.redis.source import Source
from simblock.stores.wanted import Want
from simblock.tokens import U16, U32, U64

_ANSWERS = 1 << 15
_PLACES_OF_ONE = 64
_AT_ONCE = 256
"""Records fetched by one command by who reads all of them."""
WIDE = 1 << 16
"""From so many entries on a page's offsets take four bytes each: one bucket may be larger than a page."""


@dataclass(frozen=True, slots=True)
class Located:
    """Which file of which index, and where its records come from; ``index`` is the index's name for errors."""

    index: str
    names: Names
    file: bytes
    source: Source

    def key(self, kind: str, number: int) -> bytes:
        """The key of a record."""
        return self.names.record(self.file.hex(), kind, number)

    def unpack(self, value: bytes | None, kind: str, number: int) -> records.Record:
        """The payload of a record. Raises Damaged."""
        return records.unpack(value, self.file, kind, number, self.index)

    def wrong(self, kind: str, number: int) -> Damaged:
        """The error of a record that is whole, and says what cannot be."""
        return Damaged(
            f"{self.index}: record {self.file.hex()[:16]}:{kind}:{number} contradicts its segment: "
            "sync the index into its server again with --anew"
        )


class BlockSection(Section):
    """A section in blocks of ``step`` bytes, the last one shorter, each sealed by itself where the index is keyed."""

    def __init__(self, at: Located, name: str, length: int, sealing: Sealing | None = None) -> None:
        self.name, self.length = name, length
        self._at = at
        self._sealing = sealing
        self._step = step_of(sealing)
        self._kind = records.BLOCKS[name]
        self.blocks = blocks_of(length, sealing)
        self.stored = length + self.blocks * (records.HEADER_SIZE + (sealing.overhead if sealing else 0))

    def _want(self, number: int) -> Want:
        return Want(self._at.key(self._kind, number), partial(self._parse, number))

    def _parse(self, number: int, value: bytes | None) -> bytes:
        record = self._at.unpack(value, self._kind, number)
        plain: bytes | None = bytes(record.payload)
        if self._sealing is not None:
            plain = self._sealing.unseal(sealed_as(self.name), number, record.payload)
        length = min(self._step, self.length - number * self._step)
        if plain is None or len(plain) != length or record.items != length:
            raise self._at.wrong(self._kind, number)
        return plain

    def read(self, start: int, stop: int) -> Buffer:
        if stop <= start:
            return b""
        first, last = start // self._step, (stop - 1) // self._step
        found = self._at.source.get_all([self._want(number) for number in range(first, last + 1)])
        joined = found[0] if first == last else b"".join(found)
        return memoryview(joined)[start - first * self._step : stop - first * self._step]

    def check(self) -> None:
        for first in range(0, self.blocks, _AT_ONCE):
            stop = min(first + _AT_ONCE, self.blocks) * self._step
            self.read(first * self._step, min(stop, self.length))


def step_of(sealing: Sealing | None) -> int:
    """How many bytes of a section a block has."""
    return (records.BLOCK_PAYLOAD - (sealing.overhead if sealing else 0)) & ~7


def blocks_of(length: int, sealing: Sealing | None) -> int:
    """How many blocks a section of so many bytes has."""
    return -(-length // step_of(sealing))


def sealed_as(section: str) -> str:
    """The name under which the blocks of a section are sealed: the file's own blocks are larger, and under
    the same subkey a block number, which is the nonce, would be used for two texts."""
    return f"{section} in records"


class Page(NamedTuple):
    """A run of buckets: where each begins (the last item is where the last ends), and their entries."""

    places: U32
    prints: U16
    offsets: memoryview
    codes: memoryview


def parse_page(at: Located, number: int, buckets: int, tokens: int, value: bytes | None) -> Page:
    """The page of so many buckets of a segment of so many tokens. Raises Damaged."""
    payload, count = at.unpack(value, records.PAGE, number)
    width = 4 if count >= WIDE else 2
    prints, offsets, codes = 4 * count, 6 * count, 6 * count + width * (buckets + 1)
    if len(payload) != codes + count:
        raise at.wrong(records.PAGE, number)
    starts = payload[offsets:codes].cast("I" if width == 4 else "H")
    page = Page(
        np.frombuffer(payload[:prints], np.uint32),
        np.frombuffer(payload[prints:offsets], np.uint16),
        starts,
        payload[codes:],
    )
    bounds = starts.tolist()
    inside = not count or int(page.places.max()) < tokens
    if bounds[0] or bounds[-1] != count or bounds != sorted(bounds) or not inside:
        raise at.wrong(records.PAGE, number)
    return page


class Answer(NamedTuple):
    """What a table says to a key: its places, rising, and its coded frequency."""

    places: U32
    code: int


class Answers:
    """The answers given lately, by key: between so many and twice so many of them. One of many places counts
    as several: what is kept takes at most some tens of megabytes.

    Two generations instead of an order: when the young are too many they become the old, and an old one
    that is asked for again becomes young.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._young: dict[int, Answer] = {}
        self._old: dict[int, Answer] = {}
        self._weight = 0

    def get(self, key: int) -> Answer | None:
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: int, answer: Answer) -> None:
        if self._weight >= self._most:
            self._old, self._young, self._weight = self._young, {}, 0
        self._young[key] = answer
        self._weight += 1 + len(answer.places) // _PLACES_OF_ONE


class PagedBuckets(Buckets):
    """Looks keys up in a segment's table, page by page: what :class:`simblock.stores.buckets.Buckets` does."""

    def __init__(self, at: Located, container: Container, shape: Shape, tokens: int) -> None:
        self.prefilter = Prefilter(container["bloom"], shape.bits)
        self._at, self._shape, self._tokens = at, shape, tokens
        self._firsts: U32 = container["pages"].array(np.uint32)
        self._bounds = self._firsts.data
        firsts = self._firsts.astype(np.int64)
        if not len(firsts) or firsts[0] or firsts[-1] != shape.buckets or (np.diff(firsts) < 1).any():
            raise at.wrong("pages", 0)
        self.pages = len(firsts) - 1
        self._answers = Answers(_ANSWERS)

    def want(self, page: int) -> Want:
        """A page."""
        buckets = self._bounds[page + 1] - self._bounds[page]
        parse = partial(parse_page, self._at, page, buckets, self._tokens)
        return Want(self._at.key(records.PAGE, page), parse)

    def _bucket(self, stored: int) -> int:
        return (stored >> (64 - self._shape.bits)) * self._shape.buckets >> self._shape.bits

    def missing(self, stored: Iterable[int]) -> list[Want]:
        """The pages that are not in the process, of those that look-ups of these keys need."""
        pages = {
            bisect_right(self._bounds, self._bucket(key)) - 1
            for key in stored
            if self._answers.get(key) is None
        }
        return self._at.source.missing([self.want(page) for page in sorted(pages)]) if pages else []

    def find(self, stored: int) -> tuple[list[int], int]:
        places, code = self._answer(stored)
        return places.tolist(), DECODED[code] if len(places) else 0

    def _answer(self, stored: int) -> Answer:
        known = self._answers.get(stored)
        if known is None:
            known = self._look(stored)
            self._answers.put(stored, known)
        return known

    def _look(self, stored: int) -> Answer:
        bucket = self._bucket(stored)
        number = bisect_right(self._bounds, bucket) - 1
        (page,) = self._at.source.get_all([self.want(number)])
        local = bucket - self._bounds[number]
        start, stop = page.offsets[local], page.offsets[local + 1]
        wanted = stored >> (64 - self._shape.bits) & FINGERPRINT_MASK
        at = np.flatnonzero(page.prints[start:stop] == wanted)
        if not len(at):
            return _NOTHING
        return Answer(np.sort(page.places[start:stop][at]), page.codes[start + int(at[0])])

    def find_many(self, stored: U64) -> Found:
        answers = [self._answer(key) for key in stored.tolist()]
        counts = [len(answer.places) for answer in answers]
        codes = np.array([answer.code for answer in answers], np.uint8)
        return Found(
            np.repeat(np.arange(len(answers)), counts),
            np.concatenate([_NOTHING.places, *(answer.places for answer in answers)]),
            np.repeat(codes, counts),
        )

    def columns(self) -> Columns:
        pages = list(self._walk())
        sizes = [np.diff(np.array(page.offsets.tolist(), np.uint32)) for page in pages]
        return Columns(
            np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.uint32),
            np.concatenate([page.prints for page in pages]),
            np.concatenate([page.places for page in pages]),
            np.concatenate([np.frombuffer(page.codes, np.uint8) for page in pages]),
        )

    def check(self) -> None:
        """Reads all pages. Raises Damaged."""
        for _ in self._walk():
            pass

    def _walk(self) -> Iterator[Page]:
        for first in range(0, self.pages, _AT_ONCE):
            last = min(first + _AT_ONCE, self.pages)
            yield from self._at.source.get_all([self.want(page) for page in range(first, last)])


_NOTHING = Answer(np.empty(0, np.uint32), 0)


class TableSection(Section):
    """The pages of a table, as a section of what is counted and verified."""

    name = "table"
    sealed = False

    def __init__(self, table: PagedBuckets, entries: int, buckets: int) -> None:
        self._table = table
        self.length = entries * 7 + (buckets + table.pages) * 2
        self.stored = self.length + table.pages * records.HEADER_SIZE

    def check(self) -> None:
        self._table.check()
