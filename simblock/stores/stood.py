"""Where very many keys stand, as arrays: what a snapshot answers, for who asks of whole collections at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simblock.stores.buckets import DECODED
from simblock.stores.segment import Segment
from simblock.stores.snapshot import MOST_PLACES, MOST_UNORDERED, Snapshot
from simblock.stores.wanted import Wanted
from simblock.tokens import I64, U32, U64, Bools

_DECODED = np.array(DECODED, np.int64)


class Stood(NamedTuple):
    """Live places of keys, in the order of the asks: the same as :meth:`Snapshot.postings`, a row a place.

    ``asks`` i64: which key; ``segments`` i64: which of ``handles``; ``runs`` and ``positions`` i64: the token in it;
    ``frequencies`` i64: how many of ``works`` works hold the key.
    """

    asks: I64
    segments: I64
    runs: I64
    positions: I64
    frequencies: I64
    handles: tuple[Segment, ...]
    works: int


def passing(snapshot: Snapshot, channels: U32, keys: U64) -> I64:
    """Which asks may have a posting in any segment, by its prefilter alone: rising."""
    stored = snapshot.scramble.many(channels, keys)
    may = np.zeros(len(keys), bool)
    for segment in snapshot.segments:
        may[segment.buckets.prefilter.passing_many(stored)] = True
    return np.flatnonzero(may)


def stood(snapshot: Snapshot, channels: U32, keys: U64) -> Stood:
    """Where keys u64 [n] of channels u32 [n] stand. Raises Wanted where that needs what is not here."""
    stored = snapshot.scramble.many(channels, keys)
    through = [segment.buckets.prefilter.passing_many(stored) for segment in snapshot.segments]
    _have(snapshot, stored, through)
    most = _most(snapshot, channels)
    parts, frequencies = [], np.zeros(len(keys), np.int64)
    for number, passed in enumerate(through):
        segment = snapshot.segments[number]
        found = segment.buckets.find_many(stored[passed])
        asks = passed[found.asks]
        frequencies[asks] += _once(asks) * _DECODED[found.frequencies]
        live = snapshot.answering[number]
        if live.all():  # mostly: then only the places that are told are looked at
            at = np.flatnonzero(_rank(asks, np.ones(len(asks), bool)) <= most[asks])
            runs = _runs_of(segment, found.places[at])
        else:
            all_runs = _runs_of(segment, found.places)
            keep = live[all_runs]
            keep &= _rank(asks, keep) <= most[asks]
            at = np.flatnonzero(keep)
            runs = all_runs[at]
        positions = found.places[at].astype(np.int64) - segment.bounds[runs]
        parts.append((asks[at], np.full(len(at), number), runs, positions))
    nothing = np.empty(0, np.int64)
    columns = zip(*parts, strict=True) if parts else [()] * 4
    asks, segments, runs, positions = (np.concatenate([nothing, *column]) for column in columns)
    if len(through) > 1:
        order = np.argsort(asks, kind="stable")
        asks, segments, runs, positions = asks[order], segments[order], runs[order], positions[order]
    return Stood(
        asks, segments, runs, positions, frequencies[asks], tuple(snapshot.segments), snapshot.works_counted
    )


def _runs_of(segment: Segment, places: U32) -> I64:
    """The runs i64 in which tokens u32 of a segment stand."""
    return np.searchsorted(segment.bounds, places, side="right") - 1


def _have(snapshot: Snapshot, stored: U64, through: list[I64]) -> None:
    """Raises Wanted where a look-up of these keys of each segment needs what is not here: of all at once."""
    missing = [
        want
        for segment, passed in zip(snapshot.segments, through, strict=True)
        if len(passed)
        for want in segment.buckets.missing(stored[passed].tolist())
    ]
    if missing:
        raise Wanted(missing)


def _most(snapshot: Snapshot, channels: U32) -> I64:
    """The places i64 of a key that a segment answers with, by the channel of each ask."""
    scheme = snapshot.manifest.scheme
    caps = np.zeros(max((channel.id for channel in scheme.channels), default=0) + 1, np.int64)
    for channel in scheme.channels:
        caps[channel.id] = MOST_UNORDERED if channel.unordered else MOST_PLACES[channel.role]
    return caps[channels]


def _once(asks: I64) -> Bools:
    """Which rows are the first of their ask: bool [n]."""
    first: Bools = np.diff(asks, prepend=-1) != 0
    return first


def _rank(asks: I64, keep: Bools) -> I64:
    """Each entry's number i64 among those of its ask that are kept, from 1."""
    so_far = np.cumsum(keep)
    firsts = np.flatnonzero(_once(asks))
    before = np.concatenate([[0], so_far])[firsts]
    ranks: I64 = so_far - np.repeat(before, np.diff(np.append(firsts, len(asks))))
    return ranks


def merged(parts: list[tuple[I64, Stood]]) -> Stood:
    """Answers to parts of one question as one; each with the numbers i64, rising, that its asks have in it."""
    columns = [
        (numbers[one.asks], one.segments, one.runs, one.positions, one.frequencies) for numbers, one in parts
    ]
    asks, segments, runs, positions, frequencies = map(np.concatenate, zip(*columns, strict=True))
    first = parts[0][1]
    return Stood(asks, segments, runs, positions, frequencies, first.handles, first.works)
