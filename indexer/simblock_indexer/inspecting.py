"""The commands that look at an index: list, show, log, stat, verify."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simblock.errors import Damaged, UsageError
from simblock_indexer import parameters as p

if TYPE_CHECKING:
    from simblock.stores.inspection import Entry, Stat
    from simblock.stores.journal import Event
    from simblock.stores.reader import StoredIndex

READS_BACK = (
    "NOT keyed: the words of its works can be read back with a dictionary, so the index is as confidential "
    "as the works; build with --key-file to give nothing away"
)
"""Said wherever an index is looked at: hashes of words look like a secret and are none."""

FATES = ("added", "replaced", "metadata", "removed")


@contextmanager
def _opened(path: Path, key_file: Path | None) -> Iterator[StoredIndex]:
    from simblock.stores.directory import DirectoryIndex

    with closing(DirectoryIndex(path, key_file=key_file)) as index:
        yield index


def list_works(index: p.OnlyIndex, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """List the works of an index by id.

    --json prints a line a work: id, title, owner, license, url, tags, kind, language, expires, reason,
    words, epoch, added (when), twins (works of the same text), expired.
    """
    from simblock_indexer.tables import Column, emit, number, table

    with _opened(index, key_file) as opened:
        entries = sorted(opened.entries(), key=lambda entry: entry.work.id)
    if json:
        for entry in entries:
            emit(entry_fields(entry))
        return
    columns = [Column("id"), Column("title"), Column("words", "right"), Column("added")]
    columns += [Column("license"), Column("owner")]
    table(
        columns,
        (
            (
                entry.work.id + (" (expired)" if entry.expired else ""),
                entry.work.title,
                number(entry.tokens),
                moment(entry.added),
                entry.work.license,
                entry.work.owner,
            )
            for entry in entries
        ),
    )


def show(index: p.IndexPath, work_id: p.WorkId, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """Show all that is known about one work.

    --json prints one object with the keys of list.
    """
    from simblock_indexer.tables import emit, facts

    with _opened(index, key_file) as opened:
        entry = next((entry for entry in opened.entries() if entry.work.id == work_id), None)
    if entry is None:
        raise UsageError(f"{index} has no work {work_id[:80]!r}: simblock-index list shows the ids")
    fields = entry_fields(entry)
    if json:
        emit(fields)
        return
    fields |= {
        "tags": ", ".join(entry.work.tags),
        "twins": ", ".join(entry.twins),
        "words": f"{entry.tokens:,}",
    }
    fields["expired"] = "yes" if entry.expired else None
    facts(fields.items())


def log(index: p.OnlyIndex, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """Show what changed the index, oldest first.

    --json prints a line an epoch: epoch, time, what (build, add, remove, purge, rebuild), counts, ids (the
    first twenty), reason.
    """
    from simblock_indexer.tables import Column, emit, table

    with _opened(index, key_file) as opened:
        events = opened.history()
    if json:
        for event in events:
            emit({**event._asdict(), "time": moment(event.time)})
        return
    columns = [Column("epoch", "right"), Column("time"), Column("what"), Column("works"), Column("reason")]
    table(columns, ((e.epoch, moment(e.time), e.what, works_of(e), e.reason) for e in events))


def stat(
    index: p.OnlyIndex, *, key_file: p.KeyFile = None, verbose: p.Verbose = False, json: p.Json = False
) -> None:
    """Show the sizes of an index, whether it is keyed, and works that cannot be protected well.

    --json prints one object: epoch, works, runs, tokens, entries, segments, bytes, bytes_a_word,
    sections (bytes by name), scheme, keyed, texts_stored, too_short, mostly_common.
    """
    from simblock_indexer import reporting
    from simblock_indexer.tables import emit

    with _opened(index, key_file) as opened:
        found = opened.stat()
    if json:
        emit({**found._asdict(), "bytes_a_word": per_word(found.bytes, found)})
        return
    _print_stat(found)
    reporting.show_weak(found.too_short, found.mostly_common, all=verbose)


def verify(index: p.OnlyIndex, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """Read all of an index and say whether it is whole; exit 2 with a list of what is damaged.

    --json prints one object: index, whole, problems.
    """
    from simblock_indexer.tables import counted, emit, say

    try:
        with _opened(index, key_file) as opened:
            problems = opened.verify()
            works = sum(1 for _ in opened.entries()) if not problems else 0
    except Damaged as error:
        problems, works = [str(error)], 0
    if json:
        emit({"index": str(index), "whole": not problems, "problems": problems})
    for problem in problems if not json else ():
        say(problem)
    if problems:
        places = counted(len(problems), "place")
        raise Damaged(f"{index} is damaged in {places}: rebuild it or restore it from a copy")
    if not json:
        say(f"{index} is whole: {counted(works, 'work')}")


def entry_fields(entry: Entry) -> dict[str, Any]:
    """A work's entry for JSON."""
    return {
        **asdict(entry.work),
        "words": entry.tokens,
        "epoch": entry.epoch,
        "added": moment(entry.added),
        "twins": list(entry.twins),
        "expired": entry.expired,
    }


def moment(seconds: int) -> str:
    """A time in UTC to the second, as ISO 8601 writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def works_of(event: Event) -> str:
    """What an epoch did, and to which works."""
    fates = ", ".join(f"{count:,} {fate}" for fate, count in event.counts.items() if fate in FATES)
    named = ", ".join(event.ids[:3]) + (" …" if len(event.ids) > 3 else "")
    return f"{fates}: {named}" if named else fates


def per_word(size: int, found: Stat) -> float:
    """Bytes for each protected word."""
    return round(size / found.tokens, 2) if found.tokens else 0.0


def _print_stat(found: Stat) -> None:
    from simblock_indexer.tables import Column, facts, number, size, table

    facts(
        [
            ("works", number(found.works)),
            ("words", number(found.tokens)),
            ("epoch", number(found.epoch)),
            ("segments", number(found.segments)),
            ("entries", number(found.entries)),
            ("size", f"{size(found.bytes)}, {per_word(found.bytes, found)} bytes a word"),
            ("scheme", found.scheme),
            ("texts", "stored" if found.texts_stored else "not stored"),
            ("key", "keyed: nothing of the works is in clear" if found.keyed else READS_BACK),
        ]
    )
    parts = sorted(found.sections.items(), key=lambda part: -part[1])
    table(
        [Column("part"), Column("size", "right"), Column("bytes a word", "right")],
        ((name, size(stored), f"{per_word(stored, found):.2f}") for name, stored in parts),
    )
