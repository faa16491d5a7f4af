"""A segment: an immutable file with the runs of many works and the table that finds them.

Memory and directory indexes read the same bytes. A segment holds at most 2**27 tokens. A text has one
run, a work of code has four that follow each other; the first, its *head*, stands for all of them: rows
point at it, and stored texts and line starts are kept for it alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simblock.errors import Damaged
from simblock.flags import flags_of
from simblock.questions import Placed
from simblock.stores import buckets, places, worktable
from simblock.stores.buckets import Buckets, Shape
from simblock.stores.container import Container, Sealing
from simblock.stores.places import Places
from simblock.stores.worktable import WorkTable
from simblock.tokens import I64, U8, U32, VIEWS, Bools, Runs, Tokens
from simblock.work import Work

MOST_TOKENS = 1 << 27

_SOURCE, _LEXEMES = VIEWS.index("source"), VIEWS.index("lexemes")

SECTIONS = (
    frozenset({"facts", "runs", "bounds", "views", "texts", "texts.bounds"})
    | buckets.SECTIONS
    | places.SECTIONS
    | worktable.SECTIONS
)


class Facts(NamedTuple):
    """What a segment says of itself. ``others`` are ids (hex) of segments its rows point into."""

    bits: int
    buckets: int
    entries: int
    runs: int
    tokens: int
    others: list[str]

    @property
    def shape(self) -> Shape:
        """What a reader of its table must know."""
        return Shape(self.bits, self.buckets, self.entries)

    def to_json(self) -> bytes:
        return json.dumps(self._asdict()).encode()


class Segment:
    """Reads one segment. Raises Damaged, Incompatible, KeyProblem, at once or on a first touch.

    ``table`` makes what looks keys up, of the container and the facts.
    """

    def __init__(
        self, container: Container, table: Callable[[Container, Facts], Buckets] | None = None
    ) -> None:
        self.container = container
        self.name = container.name
        self.id = self.container.id
        self.facts = _facts(self.container)
        self.buckets = (table or _mapped_table)(self.container, self.facts)
        self.places = Places(self.container)
        self.works = WorkTable(self.container, [bytes.fromhex(id) for id in self.facts.others])
        self.bounds: I64 = self.container["bounds"].array(np.uint32).astype(np.int64)
        self.begins = self.bounds.data
        """The same, for look-ups without NumPy."""
        self.views: U8 = self._views()
        """How each run's text was read: u8 [runs], places in VIEWS."""
        self.view_codes = self.views.tobytes()
        """The same, for look-ups without NumPy."""
        self.heads = heads_of(self.views)
        """The first run of each run's work: i64 [runs]."""
        self.is_head = begins_work(self.views)
        """Which runs are the first of their works: bool [runs]."""
        self.retired_in: Any = None
        """The last snapshot that had this segment, once a newer one has not."""
        self._runs = self.container["runs"]

    def _views(self) -> U8:
        if "views" not in self.container.sections:
            return np.zeros(self.facts.runs, np.uint8)
        views: U8 = self.container["views"].array(np.uint8)
        return views

    def __repr__(self) -> str:
        return f"<Segment {self.id.hex()[:8]} of {self.name}>"

    def prepare(self) -> None:
        """Reads now what the first match would read whole."""
        self.places.prepare()

    def head(self, run: int) -> int:
        """The first run of the work that a run is of."""
        return run - max(self.view_codes[run] - _SOURCE, 0)

    def counted(self, run: int) -> int:
        """The run whose tokens a work's size is told in: a text's words, the lexemes of code."""
        head = self.head(run)
        return head + _LEXEMES - _SOURCE if self.view_codes[head] else head

    def runs(self, first: int, stop: int) -> Runs:
        """Keys, flags and views of runs [first, stop), without their places."""
        bounds = self.bounds[first : stop + 1]
        keys, views = self.keys(int(bounds[0]), int(bounds[-1])), self.views[first:stop]
        flags = flags_of(keys)
        if views.any():
            flags[np.repeat(views >= _LEXEMES, np.diff(bounds))] = 0
        nowhere: I64 = np.empty(0, np.int64)
        return Runs(Tokens(keys, flags, nowhere, nowhere), bounds - bounds[0], views)

    def run(self, run: int, start: int, stop: int) -> U32:
        """Token keys u32 at [start, stop) of a run, clipped to it."""
        begin, end = self.begins[run], self.begins[run + 1]
        return self.keys(begin + max(start, 0), min(begin + stop, end))

    def keys(self, first: int, stop: int) -> U32:
        """Token keys u32 of the segment."""
        keys: U32 = self._runs.array(np.uint32, first, stop)
        return keys

    def locate(self, run: int, tokens: I64) -> Placed:
        """Where tokens i64 of a run stand in its text."""
        return self.places.find(self.head(run), self.begins[run], tokens)

    def work(self, row: int) -> Work:
        return self.works.work(row)

    def packed_text(self, run: int) -> bytes | None:
        """A run's text as it is stored, None where texts are not; empty where the run is no head."""
        if "texts" not in self.container.sections:
            return None
        first, stop = self.container["texts.bounds"].array(np.int64, run, run + 2).tolist()
        return bytes(self.container["texts"].read(first, stop))

    def text(self, run: int) -> str | None:
        """A run's text, None where texts are not stored."""
        packed = self.packed_text(self.head(run))
        return None if packed is None else unpack_text(packed)


def open_segment(buffer: memoryview, name: str, sealing: Sealing | None = None) -> Segment:
    """The segment of a file's bytes. Raises as :class:`Segment` does."""
    return Segment(Container(buffer, name, SECTIONS, sealing))


def _mapped_table(container: Container, facts: Facts) -> Buckets:
    return Buckets(container, facts.shape)


def begins_work(views: U8) -> Bools:
    """Which runs are the first of their works, from their views u8 [runs]: bool [runs]."""
    first: Bools = views <= _SOURCE
    return first


def heads_of(views: U8) -> I64:
    """The first run of the work that each run is of, from their views u8 [runs]: i64 [runs]."""
    return np.arange(len(views)) - np.maximum(views.astype(np.int64) - _SOURCE, 0)


def _facts(container: Container) -> Facts:
    try:
        raw: dict[str, Any] = json.loads(bytes(container["facts"].read(0, container["facts"].length)))
        return Facts(**raw)
    except (ValueError, TypeError):
        raise Damaged(f"{container.name} has unreadable facts: rebuild the index or restore it") from None


def pack_text(text: str) -> bytes:
    """A text compressed for storing."""
    from simblock import zstd

    return zstd.compress(text.encode("utf-8", "surrogatepass"))


def unpack_text(packed: bytes) -> str:
    """The text that :func:`pack_text` was given. Raises Damaged: only a key tells who wrote the bytes."""
    from simblock import zstd

    try:
        return zstd.decompress(packed).decode("utf-8", "surrogatepass")
    except (zstd.ZstdError, ValueError):
        raise Damaged("a stored text is damaged: rebuild the index or restore it") from None
