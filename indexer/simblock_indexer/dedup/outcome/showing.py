"""An outcome for people: a table and some facts; for machines the report as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simblock_indexer.dedup.outcome.result import Outcome
from simblock_indexer.escaping import printable
from simblock_indexer.tables import Column, counted, emit, facts, listing, number, say, size, table

REASONS = {
    "exact": "equal text",
    "near": "near-copies",
    "passage": "repeated passages",
    "protected": "protected works",
}
LARGEST = 3
"""Clusters that are named."""
LONGEST = 60
"""Characters of an id that are shown."""


def show(outcome: Outcome, json: bool = False, *, all: bool = False) -> None:
    """Prints an outcome: with ``json`` the object of report.json; ``all`` lists every bad row that was kept."""
    if json:
        emit(outcome.to_dict())
        return
    table(COLUMNS, rows(outcome))
    say("")
    facts(_facts(outcome))
    listing("bad rows passed over: {count}", outcome.problems, outcome.bad, all=all)
    for note in outcome.notes:
        say(f"note: {note}")


COLUMNS = (Column(""), Column("documents", "right"), Column("of all", "right"), Column("characters", "right"))


def rows(outcome: Outcome) -> Iterator[tuple[str, str, str, str]]:
    """What came in, what was dropped for which reason, what is kept."""
    characters = outcome.characters
    yield _row("read", outcome.documents, characters["read"], outcome.documents)
    for reason, name in REASONS.items():
        if count := outcome.by_reason[reason]:
            yield _row(f"dropped: {name}", count, characters["by_reason"][reason], outcome.documents)
    yield _row("kept", outcome.kept, characters["kept"], outcome.documents)


def percent(count: int, total: int) -> str:
    """A share in percent, of few with more digits."""
    share = 100 * count / total if total else 0.0
    return f"{share:.2f} %" if 0 < share < 1 else f"{share:.1f} %"


def _row(name: str, count: int, characters: int, total: int) -> tuple[str, str, str, str]:
    return name, number(count), percent(count, total), number(characters)


def _facts(outcome: Outcome) -> Iterator[tuple[str, object]]:
    clusters = outcome.clusters
    if clusters["count"]:
        with_ = counted(clusters["members"], "document")
        yield "clusters", f"{clusters['count']:,} of two and more, with {with_}"
        most = (f"{_short(row['cluster'])} ({row['size']:,})" for row in clusters["largest"][:LARGEST])
        yield "largest", ", ".join(most)
    if outcome.earlier:
        yield "earlier deliveries", counted(outcome.earlier, "document")
    if outcome.passages:
        yield "passages", _passages(outcome)
    if outcome.protected:
        yield "protected", _protected(outcome)
    if seconds := outcome.rates.get("seconds"):
        yield "took", f"{seconds:,.1f} s ({size(outcome.bytes / seconds)}/s)"
    if stages := outcome.rates.get("stages"):
        yield "processor", ", ".join(f"{name} {took['seconds']:,.1f} s" for name, took in stages.items())
    if cut := outcome.written["cut"]:
        yield "cut", f"passages of {counted(cut, 'document')}"
    if outcome.out:
        yield "documents", str(Path(outcome.out) / "documents")
        yield "beside them", ", ".join(outcome.tables)


def _short(id: str | None) -> str:
    """An id, cut where it is very long: the end of a path says more than its beginning."""
    text = printable(id)
    return text if len(text) <= LONGEST else f"…{text[-LONGEST:]}"


def _passages(outcome: Outcome) -> str:
    found = outcome.passages or {}
    return f"{found['passages']:,} in excess in {counted(found['documents'], 'document')}"


def _protected(outcome: Outcome) -> str:
    found = outcome.protected or {}
    done = ", ".join(f"{count:,} {DONE[cut]}" for cut, count in found["by_cut"].items() if count)
    return f"{counted(found['works'], 'work')} in {counted(found['documents'], 'document')}" + (
        done and f": {done}"
    )


DONE = {"drop": "dropped", "redact": "redacted", "list": "listed"}
