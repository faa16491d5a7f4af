"""``simblock replay``: audit logs under another policy, as tables and a curve, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from simblock.commands.progress import rows_shown
from simblock.errors import MissingExtra, UsageError
from simblock.events.reading import Log
from simblock.policy import Policy
from simblock.replay import Replay
from simblock.replay.curve import GRID, Line
from simblock.replay.replaying import By, Moved
from simblock.tune import curves
from simblock_indexer.escaping import printable
from simblock_indexer.exits import complain
from simblock_indexer.tables import Column, counted, emit, say, table

PROGRAM = "simblock"
SHOWN: tuple[By, ...] = ("rule", "owner", "license")
LISTED = 12
NAMED = 5
HEADINGS = ("stops before", "after", "gained", "lost")


def replay(paths: Sequence[str], policy_file: Path, field: str, *, as_json: bool) -> None:
    """Reads the logs, and prints what comes out. Raises InputError, PolicyError, and UsageError for an unknown field."""
    if field not in map(str, GRID):
        raise UsageError(f"--curve {field}: no such threshold: there are {', '.join(map(str, GRID))}")
    replayed, logs = Replay(Policy.load(policy_file)), [Log(path) for path in paths]
    with rows_shown() as read:
        for log in logs:
            for one in log:
                replayed.take(one)
                read()
    for log in logs:
        if log.damage:
            complain(PROGRAM, f"{log.path}: {log.damage}")
    if as_json:
        emit(replayed.to_dict() | {"damaged": {log.path: log.damaged for log in logs}})
        return
    _show(replayed, field)


def _show(replayed: Replay, field: str) -> None:
    stops = replayed.stops
    say(
        f"{counted(replayed.total, 'decision')} under policy {replayed.policy.digest}: stops {stops.before:,} → "
        f"{stops.after:,}, {stops.gained:,} gained, {stops.lost:,} lost"
    )
    _moves(replayed)
    for by in SHOWN:
        _moved(by, replayed.moved(by))
    _lines(replayed.curve.lines)
    if line := replayed.curve.line(field):
        _draw(line)
    _changed(replayed)
    say("")
    for note in replayed.notes:
        say(f"note: {note}")


def _moves(replayed: Replay) -> None:
    moves = [(one, other, f"{n:,}") for (one, other), n in replayed.moves.most_common() if one != other]
    if moves:
        say("")
        table((Column("was"), Column("would be"), Column("decisions", "right")), moves)


def _moved(by: By, moved: Sequence[Moved]) -> None:
    if not moved:
        return
    say("")
    columns = (Column(by), *(Column(heading, "right") for heading in HEADINGS))
    rows = [(one.name, *(f"{n:,}" for n in one[1:])) for one in moved[:LISTED]]
    table(columns, rows)
    if len(moved) > LISTED:
        say(f"… and {len(moved) - LISTED:,} more (--json has them all)")


def _lines(lines: Sequence[Line]) -> None:
    """Stops by each threshold; the policy's own value in brackets. Those that change nothing are left out."""
    rows = [
        (
            str(line.field),
            "  ".join(_point(*point, line.now) for point in zip(line.values, line.stops, strict=True)),
        )
        for line in lines
        if len(set(line.stops)) > 1
    ]
    if rows:
        say("")
        table((Column("threshold"), Column("value: stops, others as in the policy")), rows)


def _point(value: float, stops: int, now: float) -> str:
    told = f"{value:g}: {stops:,}"
    return f"[{told}]" if value == now else told


def _draw(line: Line) -> None:
    if len(set(line.stops)) < 2:
        return
    say("")
    at = line.values.index(line.now)
    its = curves.Line(str(line.field), list(line.values), [float(n) for n in line.stops])
    now = curves.Line("policy", [line.values[at]], [float(line.stops[at])])
    try:
        drawn = curves.in_characters(
            ((its, "·"), (now, "o")), f"{line.field}   (o the policy's)", "responses stopped"
        )
    except MissingExtra as missing:
        drawn = str(missing)
    for row in drawn.splitlines():
        say(row)


def _changed(replayed: Replay) -> None:
    for what, stopping in (("gained", True), ("lost", False)):
        ids = [one for one in replayed.changed if one.after.stops == stopping][:NAMED]
        if ids:
            say("")
            say(f"stops {what}, such as:")
        for one in ids:
            side = one.after if stopping else one.before
            work = printable(side.work.id) if side.work else "no work"
            say(
                f"  {printable(one.id)}: {work} (rule {printable(side.rule)}, {one.before.action} → {one.after.action})"
            )
