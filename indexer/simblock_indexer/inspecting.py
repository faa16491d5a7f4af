"""The commands that look at an index: list, show, log, stat, verify."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simblock.errors import Damaged, UsageError
from simblock_indexer import parameters as p
from simblock_indexer.indexes import Keeper, keeper_of, reading, shown

if TYPE_CHECKING:
    from simblock.stores.inspection import Entry, Stat
    from simblock.stores.journal import Event

READS_BACK = (
    "NOT keyed: the words of its works can be read back with a dictionary, so the index is as confidential "
    "as the works; build with --key-file to give nothing away"
)
"""Said wherever an index is looked at: hashes of words look like a secret and are none."""

FATES = ("added", "replaced", "metadata", "removed")


def list_works(index: p.OnlyIndex, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """List the works of an index by id.

    --json prints a line a work: id, title, owner, license, url, tags, kind, language, expires, reason,
    words (of a text, else null), lexemes (of code), epoch, added (when), twins (works of the same text),
    expired.
    """
    from simblock_indexer.tables import Column, emit, table

    with reading(index, key_file) as opened:
        entries = sorted(opened.entries(), key=lambda entry: entry.work.id)
    if json:
        for entry in entries:
            emit(entry_fields(entry))
        return
    has_code = any(entry.work.kind == "code" for entry in entries)
    columns = [Column("id"), Column("title"), Column("words", "right")]
    columns += [Column("lexemes", "right"), Column("language")] if has_code else []
    columns += [Column("added"), Column("license"), Column("owner")]
    table(columns, (_listed(entry, has_code) for entry in entries))


def _listed(entry: Entry, has_code: bool) -> list[object]:
    from simblock_indexer.tables import number

    work = entry.work
    sizes = [None if size is None else number(size) for size in sizes_of(entry).values()]
    of_code = [*sizes, work.language] if has_code else sizes[:1]
    id = f"{work.id} (expired)" if entry.expired else work.id
    return [id, work.title, *of_code, moment(entry.added), work.license, work.owner]


def show(index: p.IndexName, work_id: p.WorkId, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """Show all that is known about one work.

    --json prints one object with the keys of list.
    """
    from simblock_indexer.tables import emit, facts

    with reading(index, key_file) as opened:
        entry = next((entry for entry in opened.entries() if entry.work.id == work_id), None)
    if entry is None:
        raise UsageError(f"{shown(index)} has no work {work_id[:80]!r}: simblock-index list shows the ids")
    fields = entry_fields(entry)
    if json:
        emit(fields)
        return
    fields |= {
        "tags": ", ".join(entry.work.tags),
        "twins": ", ".join(entry.twins),
        **{name: None if size is None else f"{size:,}" for name, size in sizes_of(entry).items()},
    }
    fields["expired"] = "yes" if entry.expired else None
    facts(fields.items())


def log(index: p.OnlyIndex, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """Show what changed the index, oldest first.

    --json prints a line an epoch: epoch, time, what (build, add, remove, purge, rebuild, merge), counts, ids (the
    first twenty), reason, commit (an id of its own: of two indexes with the same, one was copied from the other).
    """
    from simblock_indexer.tables import Column, emit, table

    with reading(index, key_file) as opened:
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

    Of one in Redis also what its server says of itself, and warnings where that endangers the index. --json
    prints one object: epoch, works, runs, tokens (of all views), words (of texts), lexemes (of code), entries,
    segments, bytes, bytes_a_word, bytes_a_lexeme (null where the index has both), sections (bytes by name),
    scheme, keyed, texts_stored, too_short, mostly_common, refused (languages whose code is read otherwise here: language,
    views, reason, mend), server (facts by name, null for a directory), warnings.
    """
    from simblock.stores.refusals import sentences
    from simblock_indexer import reporting
    from simblock_indexer.tables import emit, say

    with reading(index, key_file) as opened:
        found, keeper, refused = opened.stat(), keeper_of(opened), list(opened.refused.values())
    if json:
        listed = {"refused": [refusal.to_dict() for refusal in refused]}
        emit(_stat_fields(found) | listed | _keeper_fields(keeper))
        return
    _print_stat(found)
    for sentence in sentences(refused):
        say(f"warning: {sentence}")
    if keeper is not None:
        _print_keeper(keeper)
    reporting.show_weak(found.too_short, found.mostly_common, all=verbose)


def _keeper_fields(keeper: Keeper | None) -> dict[str, Any]:
    if keeper is None:
        return {"server": None, "warnings": []}
    return {"server": keeper.facts, "warnings": keeper.warnings}


def _print_keeper(keeper: Keeper) -> None:
    from simblock_indexer.tables import facts, say

    say("server:")
    facts((f"  {name}", told(name, value)) for name, value in keeper.facts.items())
    for warning in keeper.warnings:
        say(f"warning: {warning}")


def told(name: str, value: object) -> object:
    """A fact of a server for people: sizes in the unit that reads best, yes and no."""
    from simblock_indexer.tables import size

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and "memory" in name:
        return size(value) if value else "no limit"
    return value


def _stat_fields(found: Stat) -> dict[str, Any]:
    both = found.words and found.lexemes
    return {
        **found._asdict(),
        "bytes_a_word": None if both else per(found.bytes, found.words),
        "bytes_a_lexeme": None if both else per(found.bytes, found.lexemes),
    }


def verify(index: p.OnlyIndex, *, key_file: p.KeyFile = None, json: p.Json = False) -> None:
    """Read all of an index and say whether it is whole; exit 2 with a list of what is damaged.

    --json prints one object: index, whole, problems.
    """
    from simblock_indexer.tables import counted, emit, say

    name = shown(index)
    try:
        with reading(index, key_file) as opened:
            problems = opened.verify()
            works = sum(1 for _ in opened.entries()) if not problems else 0
    except Damaged as error:
        problems, works = [str(error)], 0
    if json:
        emit({"index": name, "whole": not problems, "problems": problems})
    for problem in problems if not json else ():
        say(problem)
    if problems:
        places = counted(len(problems), "place")
        raise Damaged(f"{name} is damaged in {places}: rebuild it or restore it from a copy")
    if not json:
        say(f"{name} is whole: {counted(works, 'work')}")


def entry_fields(entry: Entry) -> dict[str, Any]:
    """A work's entry for JSON."""
    return {
        **asdict(entry.work),
        **sizes_of(entry),
        "epoch": entry.epoch,
        "added": moment(entry.added),
        "twins": list(entry.twins),
        "expired": entry.expired,
    }


def sizes_of(entry: Entry) -> dict[str, int | None]:
    """The words of a text, or the lexemes of code."""
    is_code = entry.work.kind == "code"
    return {"words": None if is_code else entry.tokens, "lexemes": entry.tokens if is_code else None}


def moment(seconds: int) -> str:
    """A time in UTC to the second, as ISO 8601 writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def works_of(event: Event) -> str:
    """What an epoch did, and to which works."""
    fates = ", ".join(f"{count:,} {fate}" for fate, count in event.counts.items() if fate in FATES)
    named = ", ".join(event.ids[:3]) + (" …" if len(event.ids) > 3 else "")
    return f"{fates}: {named}" if named else fates


def per(size: int, count: int) -> float:
    """Bytes for each of ``count`` words or lexemes."""
    return round(size / count, 2) if count else 0.0


def _print_stat(found: Stat) -> None:
    from simblock_indexer.tables import Column, facts, number, size, table

    units = {"word": found.words, "lexeme": found.lexemes}
    unit = " or ".join(name for name, count in units.items() if count) or "word"
    count = sum(units.values())
    facts(
        [
            ("works", number(found.works)),
            *((f"{name}s", number(many)) for name, many in units.items() if many),
            ("epoch", number(found.epoch)),
            ("segments", number(found.segments)),
            ("entries", number(found.entries)),
            ("size", f"{size(found.bytes)}, {per(found.bytes, count)} bytes a {unit}"),
            ("scheme", found.scheme),
            ("texts", "stored" if found.texts_stored else "not stored"),
            ("key", "keyed: nothing of the works is in clear" if found.keyed else READS_BACK),
        ]
    )
    parts = sorted(found.sections.items(), key=lambda part: -part[1])
    table(
        [Column("part"), Column("size", "right"), Column(f"bytes a {unit}", "right")],
        ((name, size(stored), f"{per(stored, count):.2f}") for name, stored in parts),
    )
