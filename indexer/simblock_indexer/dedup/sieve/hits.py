"""What lanes ask of an index, and the places that they hear of: rows of arrays, a row a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.background import BACKGROUND_DOCUMENTS, document_frequency
from simblock.candidates import FIRST, VAGUE
from simblock.crowds import FEW
from simblock.scheme import OFTEN, Channel
from simblock.shingles import passing
from simblock.signature import Signer
from simblock.stores.reader import StoredIndex
from simblock.stores.stood import Stood
from simblock.tokens import I64, U32, U64, Bools
from simblock.vocabulary import documents_with
from simblock_indexer.dedup.delivery.rows import F64
from simblock_indexer.dedup.sieve.lanes import Lanes

_SLOTS = 1 << 18


class Asks(NamedTuple):
    """What lanes ask: ``channels`` u32 (ids), ``keys`` u64, and ``places`` i64, tokens over all lanes."""

    channels: U32
    keys: U64
    places: I64


def asks(signer: Signer, lanes: Lanes) -> Asks:
    """What lanes ask on the channels that read them."""
    ids, keys, places = [np.empty(0, np.uint32)], [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for channel in signer.scheme.channels:
        if channel.reads == lanes.kind:
            asked, at = signer.asked(channel, lanes.runs)
            ids.append(np.full(len(asked), channel.id, np.uint32))
            keys.append(asked)
            places.append(at)
    return Asks(np.concatenate(ids), np.concatenate(keys), np.concatenate(places))


@dataclass(frozen=True, slots=True)
class Heard:
    """Places of one index that lanes hear of and that may matter, by lane, run of the index and output token. All i64 [n].

    ``asks``: which of :class:`Asks`; ``lanes``, and ``o``: the output token in its lane; ``segments``, ``runs`` and ``s``: the
    source token; ``channels``: ids; ``frequencies``: how many of ``works`` works hold the key.
    """

    asks: I64
    lanes: I64
    o: I64
    segments: I64
    runs: I64
    s: I64
    channels: I64
    frequencies: I64
    works: int

    def __len__(self) -> int:
        return len(self.asks)

    def take(self, which: NDArray[np.bool_] | I64) -> Heard:
        """Some of the rows."""
        columns = {field.name: getattr(self, field.name)[which] for field in fields(self)[:-1]}
        return Heard(**columns, works=self.works)

    @property
    def follows(self) -> Bools:
        """Which rows are of the same lane and run as the row before."""
        same: Bools = np.ones(len(self), bool)
        same[:1] = False
        for column in (self.lanes, self.segments, self.runs):
            same[1:] &= column[1:] == column[:-1]
        return same


class Listener:
    """Asks one index. Raises what the index raises."""

    def __init__(self, index: StoredIndex, channels: tuple[Channel, ...]) -> None:
        self._index = index
        most = 1 + max(channel.id for channel in channels)
        self._exact, self._unordered, self._signed = np.zeros((3, most), bool)
        for channel in channels:
            self._exact[channel.id] = channel.role == "exact"
            self._unordered[channel.id] = channel.unordered
            self._signed[channel.id] = channel.role == "signature"

    def hear(self, lanes: Lanes, asks: Asks) -> tuple[Heard, Stood]:
        """What lanes hear of the index, and the answer that it is from; but for what a lane hears once of a run."""
        stood = self._index.stood(asks.channels, asks.keys)
        kept = self._heeded(stood, asks)
        asked = stood.asks[kept]
        lane = np.searchsorted(lanes.runs.bounds, asks.places[asked], side="right") - 1
        segments, runs, channels = (
            stood.segments[kept],
            stood.runs[kept],
            asks.channels[asked].astype(np.int64),
        )
        several = self._exact[channels] | _again(lane, segments, runs)
        kept, asked, lane, segments, runs, channels = (
            column[several] for column in (kept, asked, lane, segments, runs, channels)
        )
        o = asks.places[asked] - lanes.runs.bounds[lane]
        heard = Heard(
            asked,
            lane,
            o,
            segments,
            runs,
            stood.positions[kept],
            channels,
            stood.frequencies[kept],
            stood.works,
        )
        return heard.take(np.lexsort((o, runs, segments, lane))), stood

    def _heeded(self, stood: Stood, asks: Asks) -> I64:
        """The rows that a lane looks at: of keys in very many places not all, or none."""
        firsts = np.flatnonzero(np.diff(stood.asks, prepend=-1))
        counts = np.diff(np.append(firsts, len(stood.asks)))
        ranks = np.arange(len(stood.asks)) - np.repeat(firsts, counts)
        number, ids = np.repeat(counts, counts), asks.channels[stood.asks]
        often = self._unordered[ids] & (number > OFTEN)
        drop = ~self._exact[ids] & (ranks >= FEW)
        drop |= self._signed[ids] & (number > VAGUE)
        drop |= often & ((stood.frequencies > FEW) | (ranks >= FIRST))
        return np.flatnonzero(~drop)


def _again(lanes: I64, segments: I64, runs: I64) -> Bools:
    """Which rows may be of the same lane and run as another: all that are, and few more."""
    slots = ((lanes * 1_000_003 + segments) * 1_000_003 + runs) & (_SLOTS - 1)
    several: Bools = np.bincount(slots, minlength=_SLOTS)[slots] > 1
    return several


def bits(lanes: Lanes, channels: Iterable[Channel], asks: Asks, heard: Heard) -> F64:
    """How rare the key of each row is, as :class:`simblock.seeds.Seed` has it; 0 for a signature's."""
    found = np.zeros(len(heard))
    for channel in channels:
        rows = np.flatnonzero(heard.channels == channel.id)
        if channel.role != "signature" and len(rows):
            asked = heard.asks[rows]
            background = (
                _of_code(lanes, asks, asked) if lanes.coded else _of_words(lanes, channel, asks, asked)
            )
            rest = BACKGROUND_DOCUMENTS + heard.works + 1
            found[rows] = np.log2(rest / (background + heard.frequencies[rows] + 1))
    return found


def _of_words(lanes: Lanes, channel: Channel, asks: Asks, asked: I64) -> F64:
    """How many background documents hold all words of shingles."""
    tokens = lanes.runs.tokens
    keep = np.flatnonzero(passing(tokens.flags, channel))
    at = np.searchsorted(keep, asks.places[asked])[:, None] - np.arange(channel.n)
    rates = document_frequency(tokens.keys[keep[at]].ravel()) / BACKGROUND_DOCUMENTS
    background: F64 = BACKGROUND_DOCUMENTS * rates.reshape(at.shape).prod(axis=1)
    return background


def _of_code(lanes: Lanes, asks: Asks, asked: I64) -> F64:
    """How many programs have a shingle, of the language that the output is in there."""
    once, back = np.unique(asked, return_inverse=True)
    places = asks.places[once]
    lane = np.searchsorted(lanes.runs.bounds, places, side="right") - 1
    inside = (places - lanes.runs.bounds[lane]).tolist()
    found = [
        documents_with(lanes.coded[one].languages[at], key)
        for one, at, key in zip(lane.tolist(), inside, asks.keys[once].tolist(), strict=True)
    ]
    return np.array(found, np.float64)[back]
