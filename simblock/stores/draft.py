"""A segment in the making: runs are taken in, their entries made, and all of it written once.

Entries are always made from runs, whether these come from new texts or from older segments. The
runs of a work of code follow each other, and are taken, moved and left out together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from simblock.signature import Signer
from simblock.stores import buckets, container, places, worktable
from simblock.stores.container import Part, Sealing
from simblock.stores.places import Lines, Steps
from simblock.stores.prefilter import Scramble
from simblock.stores.segment import Facts, Segment, begins_work, pack_text
from simblock.stores.worktable import Row
from simblock.tokens import I64, U8, U32, U64, Bools, Runs, Tokens

_BATCH = 1 << 18
"""Tokens of older segments handled at a time."""


class Draft:
    """Takes runs in; ``id`` is the segment's from the start, so that rows can point at it."""

    def __init__(self, signer: Signer, scramble: Scramble, *, store_text: bool = False) -> None:
        self.id = container.new_id()
        self.tokens = 0
        self.runs = 0
        self.store_text = store_text
        self._signer = signer
        self._scramble = scramble
        self._keys: list[U32] = []
        self._sizes: list[I64] = []
        self._views: list[U8] = []
        self._steps: list[Steps] = []
        self._lines: list[Lines] = []
        self._line_count = 0
        self._texts: list[bytes] = []
        self._stored: list[U64] = []
        self._places: list[U32] = []

    def add(self, texts: Sequence[str], runs: Runs) -> list[int]:
        """Takes texts and the runs they gave; the number of each text's first run.

        Raises ValueError where the runs are not those of so many texts.
        """
        heads = np.flatnonzero(begins_work(_views(runs)))
        if len(heads) != len(texts):
            raise ValueError(f"{len(texts)} texts were tokenised, and runs of {len(heads)} came back")
        lines = places.lines_of(texts, self._line_count)
        counts = np.zeros(len(runs), np.int64)
        counts[heads] = lines.counts
        packed = [b""] * len(runs) if self.store_text else []
        if self.store_text:
            for head, text in zip(heads.tolist(), texts, strict=True):
                packed[head] = pack_text(text)
        first = self._take(runs, lines._replace(counts=counts), packed)
        return (heads + first).tolist()

    def _take(self, runs: Runs, lines: Lines, texts: Sequence[bytes]) -> int:
        first = self.runs
        for channel in self._signer.scheme.channels:
            keys, at = self._signer.entries(channel, runs)
            self._stored.append(self._scramble.many(channel.id, keys))
            self._places.append(at + np.uint32(self.tokens))
        self._keys.append(runs.tokens.keys)
        self._sizes.append(np.diff(runs.bounds))
        self._views.append(_views(runs))
        self._steps.append(places.pack(runs, self.tokens))
        self._lines.append(lines)
        self._line_count += len(lines.near)
        self._texts.extend(texts)
        self.tokens += len(runs.tokens)
        self.runs += len(runs)
        return first

    def absorb(self, segment: Segment, live: Bools) -> I64:
        """Takes the live runs (bool [runs]) of an older segment; the new number of each, -1 where dead."""
        numbers = np.full(len(live), -1, np.int64)
        first = 0
        while first < len(live):
            stop = int(np.searchsorted(segment.bounds, segment.bounds[first] + _BATCH, side="right")) - 1
            stop = min(max(stop, first + 1), len(live))
            alive = np.flatnonzero(live[first:stop]) + first
            if len(alive):
                numbers[alive] = self._absorb(segment, first, stop, live[first:stop]) + np.arange(len(alive))
            first = stop
        return numbers

    def _absorb(self, segment: Segment, first: int, stop: int, live: Bools) -> int:
        sizes, counts = segment.places.line_sizes(first, stop)
        starts, ends = segment.places.spans(segment.bounds[first : stop + 1])
        held = segment.runs(first, stop)
        keys, flags, lengths, views = held.tokens.keys, held.tokens.flags, np.diff(held.bounds), _views(held)
        if not live.all():
            kept = np.repeat(live, lengths)
            starts, ends, keys, flags = starts[kept], ends[kept], keys[kept], flags[kept]
            sizes, counts = sizes[np.repeat(live, counts)], counts[live]
            lengths, views = lengths[live], views[live]
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        runs = Runs(Tokens(keys, flags, starts, ends), bounds, views if views.any() else None)
        lines = places.pack_lines(sizes, counts, self._line_count)
        texts = [segment.packed_text(first + int(run)) or b"" for run in np.flatnonzero(live)]
        return self._take(runs, lines, texts if self.store_text else [])

    def write(self, file: BinaryIO, rows: Sequence[Row], sealing: Sealing | None = None) -> int:
        """Writes the segment, with its works, and gives its header's checksum. The draft is then spent."""
        return container.write(file, self.id, self._parts(rows), sealing)

    def _parts(self, rows: Sequence[Row]) -> Iterator[Part]:
        bits = buckets.bits_for(self.tokens)
        bounds = np.cumsum(np.concatenate([np.zeros(1, np.int64), *self._sizes])).astype(np.uint32)
        views = np.concatenate([np.empty(0, np.uint8), *self._views])
        works = bounds[np.append(begins_work(views), True)]
        shape, table = buckets.build(buckets.pack(self._stored, self._places, bits), bits, works)
        yield from table
        keys = np.concatenate(self._keys) if self._keys else np.empty(0, np.uint32)
        yield Part("runs", keys, confidential=True)
        yield Part("bounds", bounds, confidential=True)
        if views.any():  # who reads works of text alone needs to know of no views
            yield Part("views", views, confidential=True)
        yield from places.parts(self._steps, self._lines)
        others: list[bytes] = []
        yield from worktable.parts(rows, self.id, others)
        if self.store_text:
            sizes = np.fromiter(map(len, self._texts), np.int64, len(self._texts))
            yield Part("texts.bounds", np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), True)
            yield Part("texts", b"".join(self._texts), confidential=True)
        foreign = [id.hex() for id in others]
        facts = Facts(*shape, self.runs, self.tokens, foreign)
        yield Part("facts", facts.to_json())


def _views(runs: Runs) -> U8:
    return np.zeros(len(runs), np.uint8) if runs.views is None else runs.views
