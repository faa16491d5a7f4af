"""One state of an index, opened: which runs and works stand in it, and the answers it gives.

Whatever is asked about the works of a run goes by its head: the runs of one work of code live and go
together.

A snapshot never changes, but for works that expire as days pass. Segments that the next one has
too are handed on; so what was verified or decrypted stays so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice, repeat
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from simblock.errors import KeyProblem
from simblock.questions import Hit, Posting
from simblock.scheme import OFTEN, Channel
from simblock.stores import container, journal
from simblock.stores.buckets import DECODED, Found
from simblock.stores.container import Container, Sealing, Section
from simblock.stores.keys import Secret
from simblock.stores.manifest import FileRef, Manifest
from simblock.stores.names import SUFFIX
from simblock.stores.prefilter import Salted, Scramble
from simblock.stores.refusals import left_out, refusals
from simblock.stores.segment import Segment
from simblock.stores.shelf import Shelf
from simblock.stores.wanted import Wanted
from simblock.stores.worktable import OWN
from simblock.tokens import I64, U32, U64, Bools
from simblock.work import Work

_FEW = 64
MOST_PLACES = {"exact": 2048, "seed": 256, "signature": 32}
"""Places of one key that a segment answers with, by what the key is for: near channels pass over common
keys, which need not be listed in full for that. :class:`Hit` says besides how many works hold the key."""
MOST_UNORDERED = OFTEN + 1
"""The same for shingles in any order, which are short and so more common than others."""

Sealer: TypeAlias = Callable[[bytes], Sealing | None]
"""Gives what encrypts the file of an id, None without a key."""


class Place(NamedTuple):
    """A work's row: the segment that holds it, and its number there."""

    segment: Segment
    row: int

    @property
    def digest(self) -> bytes:
        """The digest of the work's text."""
        return self.segment.works.rows["text"][self.row].tobytes()  # type: ignore[no-any-return]


def today() -> int:
    """The number of the present day, UTC."""
    return datetime.now(UTC).date().toordinal()


def open_secret(manifest: Manifest, key: bytes | None, name: str) -> Secret | None:
    """The key of an index. Raises KeyProblem where it is missing, wrong, or not wanted."""
    if manifest.key is None:
        if key is not None:
            raise KeyProblem(f"{name} is not keyed: open it without a key, or build it anew with one")
        return None
    if key is None:
        raise KeyProblem(f"{name} is keyed: give its key file (--key-file or SIMBLOCK_KEY_FILE)")
    secret = Secret(key)
    if secret.id != manifest.key:
        raise KeyProblem(f"{name} was made with another key ({manifest.key}, this one is {secret.id})")
    return secret


def scramble_of(secret: Secret | None) -> Scramble:
    """What makes an index's stored keys."""
    return Salted() if secret is None else secret


def sealing_of(secret: Secret | None, id: bytes) -> Sealing | None:
    """What encrypts a file of an index."""
    return None if secret is None else secret.sealing(id)


def open_journal(shelf: Shelf, ref: FileRef, secret: Secret | None) -> Container:
    """The journal of an index. Raises Damaged, KeyProblem."""
    sealing = sealing_of(secret, bytes.fromhex(ref.id))
    opened = Container(shelf.open(ref), f"{shelf.name}/{ref.file}", journal.SECTIONS, sealing)
    ref.check(opened.id, opened.crc, shelf.name)
    return opened


def write_journal(shelf: Shelf, id: bytes, written: journal.Journal, sealing: Sealing | None) -> FileRef:
    """Writes a journal as a file of an index. Raises SimblockError where it cannot be written."""
    file = f"journal-{id.hex()}{SUFFIX}"
    with shelf.create(file) as stream:
        crc = container.write(stream, id, written.parts(), sealing)
        size = stream.tell()
    return FileRef(id.hex(), file, size, crc)


class Snapshot:
    """Opens what ``manifest`` names. Raises Damaged, Incompatible, KeyProblem."""

    def __init__(
        self, shelf: Shelf, manifest: Manifest, secret: Secret | None, previous: Snapshot | None = None
    ) -> None:
        self.manifest = manifest
        self.name = shelf.name
        self.refused = refusals(manifest.languages)
        self._left_out: list[Bools] = []
        self._shelf = shelf
        self._secret = secret
        self.scramble = scramble_of(secret)
        old = {} if previous is None else {segment.id: segment for segment in previous.segments}
        self.segments: list[Segment] = [
            old.get(bytes.fromhex(ref.id)) or self._open(ref) for ref in manifest.segments
        ]
        self._passing = [segment.buckets.prefilter.passing for segment in self.segments]
        self.journal = self._journal()
        caps = {channel.id: _most_places(channel) for channel in manifest.scheme.channels}
        self._most = [caps.get(id, 0) for id in range(max(caps, default=0) + 1)]
        self.works_counted = sum(int(segment.is_head.sum()) for segment in self.segments)
        self._number = {segment: number for number, segment in enumerate(self.segments)}
        self._dead = [np.zeros(len(segment.works), bool) for segment in self.segments]
        for number in range(len(self.segments)):
            stones = self.journal.tombstones
            self._dead[number][stones["row"][stones["segment"] == number]] = True
        self.age(today())

    def _open(self, ref: FileRef) -> Segment:
        sealing = sealing_of(self._secret, bytes.fromhex(ref.id))
        segment = self._shelf.segment(ref, sealing)
        ref.check(segment.id, segment.container.crc, self.name)
        return segment

    def _journal(self) -> journal.Journal:
        ref = self.manifest.journal
        self.journal_sections: list[Section] = []
        if ref is None:
            return journal.EMPTY
        opened = open_journal(self._shelf, ref, self._secret)
        self.journal_sections = list(opened.sections.values())
        return journal.read(opened)

    def age(self, day: int) -> None:
        """Works that expire on ``day`` or before do not count from now on.

        Other threads may be asking: nothing is replaced before what replaces it is complete.
        """
        by_id = {segment.id: number for number, segment in enumerate(self.segments)}
        live = [np.zeros(segment.facts.runs, bool) for segment in self.segments]
        foreign: dict[tuple[Segment, int], list[Place]] = {}
        for number, segment in enumerate(self.segments):
            works = segment.works
            rows = self._live_rows(number, day)
            live[number][works.runs[: works.own][rows[: works.own]]] = True
            for row in (np.flatnonzero(rows[works.own :]) + works.own).tolist():
                target = by_id[works.others[works.rows["segment"][row]]]
                run = int(works.runs[row])
                live[target][run] = True
                foreign.setdefault((self.segments[target], run), []).append(Place(segment, row))
        self.day = day
        self._foreign = foreign
        self.live_runs: list[Bools] = [
            heads[segment.heads] for heads, segment in zip(live, self.segments, strict=True)
        ]
        self._answer()
        self.works = lru_cache(4096)(self._works)

    def leave_out(self) -> None:
        """From now on no key is answered for by code in a view that is refused. Raises Wanted.

        Only who asks for keys needs that: a segment's runs may be merged, and told of, whatever made them.
        """
        if self.refused:
            self._left_out = left_out(self.segments, self.refused)
            self._answer()

    def _answer(self) -> None:
        live, out = self.live_runs, self._left_out
        answering = [runs & ~gone for runs, gone in zip(live, out, strict=True)] if out else live
        self._live_bytes = [array.tobytes() for array in answering]
        self._all_live = [bool(array.all()) for array in answering]
        self.answering = answering
        """Which runs keys are answered for: bool [runs] a segment."""

    def dead_rows(self, number: int) -> Bools:
        """Which rows of a segment were removed: bool [rows]."""
        return self._dead[number]

    def _live_rows(self, number: int, day: int) -> Bools:
        expires = self.segments[number].works.rows["expires"]
        alive: Bools = ~self._dead[number] & ((expires == 0) | (expires > day))
        return alive

    def is_live(self, place: Place) -> bool:
        number = self._number[place.segment]
        expires = int(place.segment.works.rows["expires"][place.row])
        return not self._dead[number][place.row] and (expires == 0 or expires > self.day)

    def places_of_run(self, segment: Segment, run: int) -> list[Place]:
        """The rows that count and share a run, be it the head of their work or another of its runs."""
        head = segment.head(run)
        own = [Place(segment, row) for row in segment.works.of_run(head)]
        return [place for place in own + self._foreign.get((segment, head), []) if self.is_live(place)]

    def _works(self, segment: Segment, run: int) -> tuple[Work, ...]:
        works = [place.segment.work(place.row) for place in self.places_of_run(segment, run)]
        return tuple(sorted(works, key=lambda work: work.id))

    def has(self, segment: Segment) -> bool:
        return segment in self._number

    def find(self, id: str) -> Place | None:
        """The row of a work that was not removed, by its id."""
        for segment, dead in zip(self.segments, self._dead, strict=True):
            for row in segment.works.find(id):
                if not dead[row]:
                    return Place(segment, row)
        return None

    def target(self, place: Place) -> tuple[Segment, int]:
        """The run that a row points at, the head of the work's: its segment and number."""
        works = place.segment.works
        number, run = int(works.rows["segment"][place.row]), int(works.runs[place.row])
        if number == OWN:
            return place.segment, run
        other = next(segment for segment in self.segments if segment.id == works.others[number])
        return other, run

    def holds_text(self, id: str, digest: bytes) -> bool:
        """Whether a work counts with this very text."""
        place = self.find(id)
        if place is None or not self.is_live(place):
            return False
        return place.digest == digest

    def postings(self, channels: Sequence[int] | U32, keys: Sequence[int] | U64) -> list[Hit]:
        """Where keys stand: one hit for each ask that has a live posting, in order of the asks.

        Frequencies are of texts, so works of equal text count once; they, and the number of works, are
        as they were when each segment was written.
        """
        if len(keys) <= _FEW and not isinstance(keys, np.ndarray):
            few = cast("Sequence[int]", channels)
            stored = self.scramble.few(few, keys)
            passed = [passing(stored) for passing in self._passing]
            if not any(passed):
                return []
            found = self._few(few, stored, passed)
        else:
            wide = np.asarray(channels, np.uint32)
            found = self._many(wide, self.scramble.many(wide, np.asarray(keys, np.uint64)))
        if len(self.segments) < 2:
            return [hit for hit in found if hit.postings]
        return _merge(found) if found else []

    def suspected(self, channels: Sequence[int], keys: Sequence[int]) -> list[int]:
        """Which asks may have a posting in any segment, by its prefilter alone."""
        stored = self.scramble.few(channels, keys)
        return sorted({ask for one in self.segments for ask in one.buckets.prefilter.passing(stored)})

    def _few(self, channels: Sequence[int], stored: list[int], passed: list[list[int]]) -> list[Hit]:
        hits, most = [], self._most
        self._have([stored[ask] for ask in asks] for asks in passed)
        for number, asks in enumerate(passed):
            for ask in asks:
                places, frequency = self.segments[number].buckets.find(stored[ask])
                if places:
                    live = list(islice(self._live(number, places), most[channels[ask]]))
                    hits.append(Hit(ask, live, frequency, self.works_counted))
        return hits

    def _have(self, keys: Iterable[Sequence[int]]) -> None:
        """Raises Wanted where a look-up of these keys of each segment needs what is not here: of all at once."""
        tables = [segment.buckets for segment in self.segments]
        missing = [
            want for table, few in zip(tables, keys, strict=True) if few for want in table.missing(few)
        ]
        if missing:
            raise Wanted(missing)

    def _live(self, number: int, places: list[int]) -> Iterator[Posting]:
        segment = self.segments[number]
        live, begins, views = self._live_bytes[number], segment.begins, segment.view_codes
        for place in places:
            run = bisect_right(begins, place) - 1
            if live[run]:
                begin = begins[run]
                yield Posting(segment, run, place - begin, begins[run + 1] - begin, views[run])

    def _many(self, channels: U32, stored: U64) -> list[Hit]:
        most = np.array(self._most)[channels]
        hits: list[Hit] = []
        through = [segment.buckets.prefilter.passing_many(stored) for segment in self.segments]
        self._have(stored[passed].tolist() for passed in through)
        for number, passed in enumerate(through):
            if len(passed):
                hits.extend(self._each(number, stored, passed, most))
        return hits

    def _each(self, number: int, stored: U64, passed: I64, most: I64) -> Iterable[Hit]:
        """The hits of one segment; keys that an output repeats are looked up once, and share their places."""
        _, firsts, again = np.unique(stored[passed], return_index=True, return_inverse=True)
        once = passed[np.sort(firsts)]
        hits = self._found(number, self.segments[number].buckets.find_many(stored[once]), once, most[once])
        if len(once) == len(passed):
            return hits
        found = {hit.ask: hit for hit in hits}
        asks = zip(passed.tolist(), passed[firsts][again].tolist(), strict=True)
        return [found[first]._replace(ask=ask) for ask, first in asks if first in found]

    def _found(self, number: int, found: Found, passed: I64, most: I64) -> Iterator[Hit]:
        if self._all_live[number]:
            return self._found_live(number, _up_to(found, most), passed)
        return self._found_some_live(number, found, passed, most)

    def _found_live(self, number: int, found: Found, passed: I64) -> Iterator[Hit]:
        """Where nothing was removed, as mostly: no place has to be looked at to be left out."""
        if not len(found.asks):
            return  # the filter was wrong
        segment = self.segments[number]
        postings = _postings(segment, _runs_of(segment, found.places), found.places)
        firsts = np.flatnonzero(np.diff(found.asks, prepend=-1))
        stops = np.append(firsts[1:], len(postings)).tolist()
        asks, codes = passed[found.asks[firsts]].tolist(), found.frequencies[firsts].tolist()
        for ask, code, first, stop in zip(asks, codes, firsts.tolist(), stops, strict=True):
            yield Hit(ask, postings[first:stop], DECODED[code], self.works_counted)

    def _found_some_live(self, number: int, found: Found, passed: I64, most: I64) -> Iterator[Hit]:
        segment = self.segments[number]
        runs = _runs_of(segment, found.places)
        keep = self.answering[number][runs]
        if len(keep) > MOST_UNORDERED:
            keep &= _rank(found.asks, keep) <= most[found.asks]
        postings = _postings(segment, runs[keep], found.places[keep])
        firsts = np.flatnonzero(np.diff(found.asks, prepend=-1))
        kept = np.concatenate([[0], np.cumsum(keep)])[np.append(firsts, len(keep))].tolist()
        codes = found.frequencies[firsts].tolist()
        for at, ask in enumerate(passed[found.asks[firsts]].tolist()):
            yield Hit(ask, postings[kept[at] : kept[at + 1]], DECODED[codes[at]], self.works_counted)


def _most_places(channel: Channel) -> int:
    return MOST_UNORDERED if channel.unordered else MOST_PLACES[channel.role]


def _runs_of(segment: Segment, places: U32) -> I64:
    """The runs i64 in which tokens u32 of a segment stand."""
    return np.searchsorted(segment.bounds, places, side="right") - 1


def _postings(segment: Segment, runs: I64, places: U32) -> list[Posting]:
    """Tokens u32 of a segment, each with its run, as places of keys."""
    begins = segment.bounds[runs]
    lengths = (segment.bounds[runs + 1] - begins).tolist()
    positions, views = (places - begins).tolist(), segment.views[runs].tolist()
    return list(map(Posting, repeat(segment), runs.tolist(), positions, lengths, views))


def _up_to(found: Found, most: I64) -> Found:
    """Of each ask the first so many entries."""
    if len(found.asks) <= MOST_UNORDERED:
        return found
    firsts = np.flatnonzero(np.diff(found.asks, prepend=-1))
    sizes = np.diff(np.append(firsts, len(found.asks)))
    keep = np.arange(len(found.asks)) - np.repeat(firsts, sizes) < most[found.asks]
    return Found(found.asks[keep], found.places[keep], found.frequencies[keep])


def _rank(asks: I64, keep: Bools) -> I64:
    """Each entry's number i64 among those of its ask that are kept, from 1."""
    so_far = np.cumsum(keep)
    firsts = np.flatnonzero(np.diff(asks, prepend=-1))
    before = np.concatenate([[0], so_far])[firsts]
    ranks: I64 = so_far - np.repeat(before, np.diff(np.append(firsts, len(asks))))
    return ranks


def _merge(found: list[Hit]) -> list[Hit]:
    """One hit for each ask over all segments."""
    merged: dict[int, Hit] = {}
    for hit in found:
        before = merged.get(hit.ask)
        if before is None:
            merged[hit.ask] = hit
        else:
            merged[hit.ask] = Hit(
                hit.ask, before.postings + hit.postings, before.frequency + hit.frequency, hit.works
            )
    return [merged[ask] for ask in sorted(merged) if merged[ask].postings]
