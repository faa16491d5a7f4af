"""The results as one page that needs nothing else: tables, and curves drawn into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality import drawing
from benchmarks.quality.sighting import Row
from benchmarks.record import Interval

OPEN = ("Gates", "False stops of text, by package", "False stops of code, by language")
"""Tables that are unfolded when the page is opened."""


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if isinstance(value, Interval):
        return f"{value.share:.4f} [{value.low:.4f}, {value.high:.4f}]"
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def drawings(tables: Mapping[str, Sequence[Row]]) -> dict[str, list[str]]:
    """The charts of a run, by heading, as far as it measured what they show."""
    made: dict[str, list[str]] = {}
    if rows := tables.get("Text, recall by edits and length"):
        made["Text: edits and length"] = [
            drawing.by_rate(rows),
            drawing.by_length(rows, (0.0, 0.1, 0.2, 0.3)),
        ]
    for kind in ("text", "code"):
        if rows := tables.get(f"Thresholds of {kind} moved"):
            skipped = {"moved", "to", "false stops", "of clean", "false-stop rate"}
            groups = [name for name in rows[0] if name not in skipped]
            made[f"Thresholds of {kind}"] = list(drawing.roc(rows, groups, kind).values())
    if rows := tables.get("Growth"):
        made["Growth"] = [drawing.growth(rows)]
    return made


def columns(rows: Sequence[Row]) -> list[str]:
    """The names of all columns of some rows, in the order in which they come."""
    return list(dict.fromkeys(name for row in rows for name in row))


def page(parameters: Row, conditions: Row, tables: Mapping[str, Sequence[Row]]) -> str:
    """The page as HTML."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cell"] = cell
    template = environment.from_string((Path(__file__).parent / "page.html").read_text("utf-8"))
    return template.render(
        parameters=parameters,
        about={**conditions, **parameters},
        tables={title: (columns(rows), rows) for title, rows in tables.items()},
        open=OPEN,
        drawings=drawings(tables),
    )
