"""``simblock report``: what the decisions of audit logs come to, as a table, as JSON, or as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simblock.commands.progress import rows_shown
from simblock.commands.writing import Target, spare, whole
from simblock.events.reading import Log
from simblock.events.tally import Tally
from simblock.overview import Fact, view, written
from simblock.overview.page import clock, figure, milliseconds, percent, require
from simblock_indexer.escaping import printable
from simblock_indexer.exits import complain
from simblock_indexer.tables import Column, emit, say, table

PROGRAM = "simblock"
LISTED = 10


def report(paths: Sequence[str], html: Path | None, *, as_json: bool) -> None:
    """Reads the logs, and writes what was asked for. Raises InputError, MissingExtra."""
    spare([Target("--html", html)], paths)
    if html is not None:
        require()
    logs = [Log(path) for path in paths]
    found = view(_read(logs))
    if html is not None:
        with whole(html, "--html") as file:
            file.write(written(found, title=_title(paths), facts=list(_facts(logs))))
    if as_json:
        emit(found | {"damaged": {log.path: log.damaged for log in logs}})
    elif html is not None:
        say(f"{printable(html)}: written")
    else:
        _show(found)


def _read(logs: Sequence[Log]) -> Tally:
    """What all logs come to. Damaged lines are told on standard error."""
    tally = Tally()
    with rows_shown() as read:
        for log in logs:
            for one in log:
                tally.take(one.decision)
                read()
            for gone, count in log.bypasses.items():
                tally.bypasses[gone.reason, gone.route] += count
    for log in logs:
        if log.damage:
            complain(PROGRAM, f"{log.path}: {log.damage}")
    return tally


def _title(paths: Sequence[str]) -> str:
    name = "standard input" if paths[0] == "-" else Path(paths[0]).name
    return f"simblock: {name}" + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def _facts(logs: Sequence[Log]) -> Iterator[Fact]:
    for log in logs:
        yield Fact("log", f"{log.path}, {log.lines:,} decisions")
        if log.damage:
            yield Fact("of these", log.damage, bad=True)


def _show(found: Mapping[str, Any]) -> None:
    if not found["responses"]:
        say("no decisions")
        return
    say(f"{found['responses']:,} responses, {clock(found['since'])} to {clock(found['until'])} UTC")
    for columns, rows in (
        _outcomes(found),
        _works(found),
        _rules(found),
        _routes(found),
        _delays(found),
        _open(found),
    ):
        if rows:
            say("")
            table(columns, rows)
    if found["acted"]:
        say("")
        table(*_last(found))


_Table = tuple[tuple[Column, ...], list[tuple[object, ...]]]


def _outcomes(found: Mapping[str, Any]) -> _Table:
    total = found["responses"]
    rows = [(name.replace("_", " "), f"{n:,}", percent(n, total)) for name, n in found["outcomes"].items()]
    return (Column("outcome"), Column("responses", "right"), Column("share", "right")), list(rows)


def _works(found: Mapping[str, Any]) -> _Table:
    rows = [
        (
            one["title"] or one["id"],
            one["owner"],
            one["license"],
            f"{one['decisions']:,}",
            _told(one["outcomes"]),
        )
        for one in found["works"][:LISTED]
    ]
    columns = (
        Column("work"),
        Column("owner"),
        Column("license"),
        Column("responses", "right"),
        Column("of them"),
    )
    return columns, list(rows)


def _rules(found: Mapping[str, Any]) -> _Table:
    return _grouped("rule", found["rules"])


def _routes(found: Mapping[str, Any]) -> _Table:
    return _grouped("route", found["routes"])


def _grouped(name: str, groups: Sequence[Mapping[str, Any]]) -> _Table:
    rows = [(one[name], f"{sum(one['outcomes'].values()):,}", _told(one["outcomes"])) for one in groups]
    return (Column(name), Column("responses", "right"), Column("of them")), list(rows)


def _delays(found: Mapping[str, Any]) -> _Table:
    names = {
        "held_ms": "longest hold of a response",
        "first_ms": "delay of its first text",
        "scan_ms": "scanning of a response",
    }
    parts = ("p50", "p90", "p99", "most")
    rows = [(what, *(milliseconds(found[name][part]) for part in parts)) for name, what in names.items()]
    headings = ("half under", "90 %", "99 %", "most")
    return (Column("delay"), *(Column(heading, "right") for heading in headings)), list(rows)


def _open(found: Mapping[str, Any]) -> _Table:
    rows = [(reason, "in responses that were", f"{n:,}") for reason, n in found["unscanned"].items()]
    rows += [(one["reason"], one["route"], f"{one['count']:,}") for one in found["bypasses"]]
    return (Column("not scanned, for"), Column("where"), Column("times", "right")), list(rows)


def _last(found: Mapping[str, Any]) -> _Table:
    columns = tuple(
        Column(heading) for heading in ("time, UTC", "outcome", "route", "work", "figure", "report")
    )
    rows = [
        (
            clock(row["time"]),
            row["outcome"].replace("_", " "),
            row["route"],
            row["work"] and (row["work"]["title"] or row["work"]["id"]),
            f"{figure(row['value'])} of {figure(row['threshold'])} {row['unit']}" if row["by"] else "",
            row["id"],
        )
        for row in found["acted"][:LISTED]
    ]
    return columns, list(rows)


def _told(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in outcomes.items())
