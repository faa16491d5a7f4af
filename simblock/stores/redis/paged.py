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
from simblock.tokens import U32, U64

_KNOWN_KEYS = 1 << 16
_AT_ONCE = 256
"""Records fetched by one command by who reads all of them."""
_CODES = {frequency: code for code, frequency in enumerate(DECODED)} | {0: 0}
_FEW_PLACES = 64
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
            "sync the index into its server again"
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
    """A run of buckets: where each begins, and their entries."""

    places: memoryview
    prints: memoryview
    offsets: memoryview
    codes: memoryview


def parse_page(at: Located, number: int, buckets: int, tokens: int, value: bytes | None) -> Page:
    """The page of so many buckets of a segment of so many tokens. Raises Damaged."""
    payload, count = at.unpack(value, records.PAGE, number)
    width = 4 if count >= WIDE else 2
    prints, offsets, codes = 4 * count, 6 * count, 6 * count + width * (buckets + 1)
    if len(payload) != codes + count:
        raise at.wrong(records.PAGE, number)
    page = Page(
        payload[:prints].cast("I"),
        payload[prints:offsets].cast("H"),
        payload[offsets:codes].cast("I" if width == 4 else "H"),
        payload[codes:],
    )
    starts = page.offsets.tolist()
    inside = not count or int(np.frombuffer(page.places, np.uint32).max()) < tokens
    if starts[0] or starts[-1] != count or starts != sorted(starts) or not inside:
        raise at.wrong(records.PAGE, number)
    return page


class PagedBuckets(Buckets):
    """Looks keys up in a segment's table, page by page: what :class:`simblock.stores.buckets.Buckets` does."""

    def __init__(self, at: Located, container: Container, shape: Shape, tokens: int) -> None:
        self.prefilter = Prefilter(container["bloom"], shape.bits)
        self._at, self._shape, self._tokens = at, shape, tokens
        self._firsts: U32 = container["pages"].array(np.uint32)
        self._bounds = self._firsts.data
        if not len(self._firsts) or self._firsts[0] or self._firsts[-1] != shape.buckets:
            raise at.wrong("pages", 0)
        self.pages = len(self._firsts) - 1
        self._known: dict[int, tuple[list[int], int]] = {}

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
            bisect_right(self._bounds, self._bucket(key)) - 1 for key in stored if key not in self._known
        }
        return self._at.source.missing([self.want(page) for page in sorted(pages)])

    def find(self, stored: int) -> tuple[list[int], int]:
        """Places of one stored key, rising, and how many works hold it. Raises Wanted."""
        known = self._known.get(stored)
        if known is None:
            known = self._find(stored)
            if len(known[0]) <= _FEW_PLACES:
                if len(self._known) >= _KNOWN_KEYS:
                    self._known.clear()
                self._known[stored] = known
        return known

    def _find(self, stored: int) -> tuple[list[int], int]:
        bucket = self._bucket(stored)
        number = bisect_right(self._bounds, bucket) - 1
        (page,) = self._at.source.get_all([self.want(number)])
        local = bucket - self._bounds[number]
        start, stop = page.offsets[local], page.offsets[local + 1]
        wanted = stored >> (64 - self._shape.bits) & FINGERPRINT_MASK
        at = [start + i for i, held in enumerate(page.prints[start:stop].tolist()) if held == wanted]
        if not at:
            return [], 0
        places = page.places[at[0] : at[-1] + 1].tolist()
        if len(at) < len(places):
            places = sorted(places[i - at[0]] for i in at)
        return places, DECODED[page.codes[at[0]]]

    def find_many(self, stored: U64) -> Found:
        """Places of many stored keys u64 that passed the prefilter. Raises Wanted."""
        keys = stored.tolist()
        if missing := self.missing(keys):
            self._at.source.get_all(missing)
        found = [self.find(key) for key in keys]
        counts = np.fromiter((len(places) for places, _ in found), np.int64, len(found))
        joined = np.fromiter((p for places, _ in found for p in places), np.uint32, int(counts.sum()))
        codes = np.fromiter((_CODES[frequency] for _, frequency in found), np.uint8, len(found))
        return Found(np.repeat(np.arange(len(found)), counts), joined, np.repeat(codes, counts))

    def columns(self) -> Columns:
        pages = list(self._walk())
        sizes = [
            np.diff(np.frombuffer(page.offsets, _kind(page.offsets)).astype(np.uint32)) for page in pages
        ]
        return Columns(
            np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.uint32),
            np.concatenate([np.frombuffer(page.prints, np.uint16) for page in pages]),
            np.concatenate([np.frombuffer(page.places, np.uint32) for page in pages]),
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


def _kind(view: memoryview) -> type[np.uint32] | type[np.uint16]:
    return np.uint32 if view.format == "I" else np.uint16
