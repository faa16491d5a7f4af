"""The page: one template, no script, nothing fetched, every string escaped."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.events.tally import Tally
from simblock.explain.templating import environment
from simblock.overview.chart import ACTED, HEIGHT, LEVEL_OF, LEVELS, NAMES, WIDTH, over_time
from simblock.overview.view import view
from simblock_indexer.escaping import encodable, printable

if TYPE_CHECKING:
    from jinja2 import Template

REFRESH = 5
"""Seconds after which a live page is asked for anew."""
FIRST = 15
"""Decisions that are shown unasked."""
SHORT = 12
"""Digits of a report's id that are shown: ``simblock explain`` takes so many."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may do with the page: the header Content-Security-Policy says so too, where there is one."""
LONGEST = 120
"""Characters of a name that are shown: titles and reasons may be of any length."""
METER = 2.0
"""Times its threshold that a figure may be before its bar is full."""


class Fact(NamedTuple):
    """Something about the process or the log: a name, a value, and whether it is a worry."""

    name: str
    value: str
    bad: bool = False


def page(tally: Tally, *, title: str, facts: Sequence[Fact] = (), refresh: int | None = None) -> str:
    """The page of a tally, of one that grows (``refresh``) up to now. Raises MissingExtra without jinja2."""
    return written(
        view(tally, until=time.time() if refresh else None), title=title, facts=facts, refresh=refresh
    )


def written(
    found: Mapping[str, Any], *, title: str, facts: Sequence[Fact] = (), refresh: int | None = None
) -> str:
    """The page of a view; with ``refresh`` a browser asks for it again after so many seconds.

    It takes some tens of milliseconds, so a server makes it off its event loop. Raises MissingExtra without jinja2.
    """
    shown = _template().render(
        view=found,
        title=title,
        facts=facts,
        refresh=refresh,
        first=FIRST,
        short=SHORT,
        policy=POLICY,
        tiles=_tiles(found["outcomes"], found["responses"]),
        all=over_time(found["rates"], tuple(LEVELS), "responses"),
        acted=over_time(found["rates"], ACTED, "responses acted on or broken"),
        stretch=_stretch(found["rates"]["seconds"]),
        width=WIDTH,
        height=HEIGHT,
        names=NAMES,
        level_of=LEVEL_OF,
        delays=(
            ("held", "longest hold of a response", found["held_ms"]),
            ("first", "delay of its first text", found["first_ms"]),
            ("scan", "scanning of a response", found["scan_ms"]),
        ),
    )
    return encodable(shown)


def require() -> None:
    """Makes sure that pages can be written. Raises MissingExtra without jinja2."""
    _template()


class Tile(NamedTuple):
    """A count at the top, and its share of all responses."""

    level: str
    name: str
    number: int
    share: str


def _tiles(outcomes: Mapping[str, int], total: int) -> list[Tile]:
    counts = {level: sum(outcomes.get(one, 0) for one in its) for level, its in LEVELS.items()}
    return [
        Tile(level, NAMES[level], count, percent(count, total))
        for level, count in counts.items()
        if count or level in {"clean", "stop", "error"}
    ]


def percent(count: int, total: int) -> str:
    """A share in percent, of few with more digits."""
    share = 100 * count / total if total else 0.0
    return f"{share:.2f} %" if 0 < share < 1 else f"{share:.1f} %"


def _stretch(seconds: int) -> str:
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % length == 0:
            count = seconds // length
            return f"a{'n' * (name == 'hour')} {name}" if count == 1 else f"{count} {name}s"
    return f"{seconds} s"


def line(value: object) -> str:
    """A name from outside, made fit for the page, and cut where it is very long."""
    text = printable(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def milliseconds(value: float | None) -> str:
    """A delay as people read it."""
    if value is None:
        return "–"
    if value >= 3_600_000:
        return f"{value / 3_600_000:,.1f} h"
    if value >= 1000:
        return f"{value / 1000:,.1f} s"
    return (
        f"{value:.0f} ms"
        if value >= 10 or value == 0
        else f"{value:.1f} ms"
        if value >= 1
        else f"{value:.2f} ms"
    )


def clock(at: str) -> str:
    """A time of the view, to the second."""
    return dt.datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%S")


def figure(value: float) -> str:
    """A figure of a decision."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def meter(row: dict[str, Any]) -> float:
    """How far a figure's bar goes, in percent; its threshold stands in the middle."""
    threshold = row["threshold"] or 1
    return float(round(100 * min(row["value"] / threshold, METER) / METER, 1))


@cache
def _template() -> Template:
    templates = environment("overview", "the page of decisions")
    templates.filters |= {
        "line": line, "ms": milliseconds, "clock": clock, "figure": figure, "meter": meter,
        "count": "{:,}".format,
    }  # fmt: skip
    return templates.get_template("page.html")
