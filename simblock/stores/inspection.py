"""What is in an index, for people: its works, its sizes, its soundness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simblock.errors import Damaged, IndexProblem
from simblock.scheme import Channel
from simblock.shingles import passing
from simblock.signature import Signer
from simblock.stores.container import HEADER_SIZE
from simblock.stores.segment import Segment
from simblock.stores.snapshot import Place, Snapshot
from simblock.tokens import I64, VIEWS, Bools, Runs
from simblock.work import Work

COMMON_WORKS = 64
"""A passage in more works than this is common; works of equal text count once."""
_BATCH = 1 << 18
_COUNTED = _WORDS, _LEXEMES = VIEWS.index("words"), VIEWS.index("lexemes")
"""The views by whose run a work's size and commonness are told."""


class Entry(NamedTuple):
    """A work as it stands: how many tokens it has (words of a text, lexemes of code), when it was added
    (epoch, seconds since 1970), and the ids of the works that share its text."""

    work: Work
    tokens: int
    epoch: int
    added: int
    twins: tuple[str, ...]
    expired: bool


class Stat(NamedTuple):
    """Counts and sizes. ``runs`` are texts: works of equal text share one. ``tokens`` are those of all their
    views, ``words`` those of texts alone, ``lexemes`` those of code. ``sections`` are bytes by section over all segments;
    ``too_short`` names works with fewer tokens than any promise covers, ``mostly_common`` those over half of
    whose exact anchors stand in over 64 works of their segment: of words of texts, of lexemes of code."""

    epoch: int
    works: int
    runs: int
    tokens: int
    words: int
    lexemes: int
    entries: int
    segments: int
    bytes: int
    sections: dict[str, int]
    scheme: str
    keyed: bool
    texts_stored: bool
    too_short: list[str]
    mostly_common: list[str]


def entries(snapshot: Snapshot) -> Iterator[Entry]:
    """What is known of each work that was not removed."""
    for number, segment in enumerate(snapshot.segments):
        rows = segment.works.rows
        for row in np.flatnonzero(~snapshot.dead_rows(number)).tolist():
            place = Place(segment, row)
            target, run = snapshot.target(place)
            work = segment.work(row)
            twins = tuple(twin.id for twin in snapshot.works(target, run) if twin.id != work.id)
            counted = target.counted(run)
            tokens = target.begins[counted + 1] - target.begins[counted]
            epoch, added = int(rows["epoch"][row]), int(rows["added"][row])
            yield Entry(work, tokens, epoch, added, twins, not snapshot.is_live(place))


def stat(snapshot: Snapshot) -> Stat:
    """Counts and sizes of a snapshot; its runs are read, for the works that are mostly common."""
    segments = snapshot.segments
    sections: dict[str, int] = {}
    for segment in segments:
        for name, section in segment.container.sections.items():
            sections[name] = sections.get(name, 0) + section.stored
    standing = list(zip(segments, snapshot.live_runs, strict=True))
    tokens = sum((_tokens(*one) for one in standing), np.zeros(len(VIEWS), np.int64)).tolist()
    manifest = snapshot.manifest
    return Stat(
        epoch=manifest.epoch,
        works=sum(int((~snapshot.dead_rows(number)).sum()) for number in range(len(segments))),
        runs=sum(int((segment.is_head & live).sum()) for segment, live in standing),
        tokens=sum(tokens),
        words=tokens[_WORDS],
        lexemes=tokens[_LEXEMES],
        entries=sum(segment.facts.entries for segment in segments),
        segments=len(segments),
        bytes=sum(ref.size for ref in manifest.refs) + len(manifest.to_json()),
        sections={**sections, "headers": HEADER_SIZE * len(segments)},
        scheme=manifest.scheme.digest,
        keyed=manifest.key is not None,
        texts_stored=manifest.store_text,
        too_short=_ids(snapshot, [_too_short(snapshot, segment) for segment in segments]),
        mostly_common=_ids(snapshot, [_mostly_common(snapshot, segment) for segment in segments]),
    )


def _tokens(segment: Segment, live: Bools) -> I64:
    """How many tokens the live runs of a segment have, by view: i64 [len(VIEWS)]."""
    counts = np.zeros(len(VIEWS), np.int64)
    np.add.at(counts, segment.views[live], np.diff(segment.bounds)[live])
    return counts


def _ids(snapshot: Snapshot, chosen: list[Bools]) -> list[str]:
    ids: list[str] = []
    for number, segment in enumerate(snapshot.segments):
        for run in np.flatnonzero(chosen[number] & snapshot.live_runs[number]).tolist():
            ids.extend(work.id for work in snapshot.works(segment, run))
    return sorted(ids)


def _too_short(snapshot: Snapshot, segment: Segment) -> Bools:
    """Which counted runs have fewer tokens than any exact channel is certain to find: bool [runs]."""
    short = np.isin(segment.views, _COUNTED)
    for first, runs in _batches(segment):
        for channel in _exact(snapshot):
            passed = np.concatenate([[0], np.cumsum(passing(runs.tokens.flags, channel))])
            enough = np.diff(passed[runs.bounds]) >= channel.certain
            held = np.isin(segment.views[first : first + len(runs)], list(map(VIEWS.index, channel.views)))
            short[first : first + len(runs)] &= ~(enough & held)
    return short


def _exact(snapshot: Snapshot) -> list[Channel]:
    return [channel for channel in snapshot.manifest.scheme.channels if channel.role == "exact"]


def _mostly_common(snapshot: Snapshot, segment: Segment) -> Bools:
    """Which counted runs have over half of their exact anchors in over 64 works of the segment: bool [runs]."""
    total = np.zeros(segment.facts.runs, np.int64)
    common = np.zeros(segment.facts.runs, np.int64)
    frequent = segment.buckets.frequent(COMMON_WORKS)
    if not len(frequent):
        return total > 0
    signer = Signer(snapshot.manifest.scheme, snapshot.manifest.table)
    for first, runs in _batches(segment):
        for channel in _exact(snapshot):
            keys, places = signer.entries(channel, runs)
            owner = first + np.searchsorted(runs.bounds, places, side="right") - 1
            names = segment.buckets.names(snapshot.scramble.many(channel.id, keys))
            at = np.minimum(np.searchsorted(frequent, names), len(frequent) - 1)
            total += np.bincount(owner, minlength=len(total))
            common += np.bincount(owner[frequent[at] == names], minlength=len(total))
    return np.isin(segment.views, _COUNTED) & (common * 2 > total)


def _batches(segment: Segment) -> Iterator[tuple[int, Runs]]:
    first, bounds = 0, segment.bounds
    while first < segment.facts.runs:
        stop = int(np.searchsorted(bounds, bounds[first] + _BATCH, side="right")) - 1
        stop = min(max(stop, first + 1), segment.facts.runs)
        yield first, segment.runs(first, stop)
        first = stop


def verify(snapshot: Snapshot) -> list[str]:
    """Reads everything; a sentence for each section that is damaged, and for each row that cannot be read."""
    sections = [section for s in snapshot.segments for section in s.container.sections.values()]
    problems = []
    for section in [*sections, *snapshot.journal_sections]:
        try:
            section.check()
        except Damaged as error:
            problems.append(str(error))
    if problems:
        return problems
    try:
        snapshot.journal.log.events()
        for _ in entries(snapshot):
            pass
    except (IndexProblem, ValueError, LookupError) as error:
        problems.append(f"{snapshot.name}: the work table cannot be read ({error}): rebuild the index")
    return problems
