"""Curves of recall against false stops: as a picture for a page, and as characters for a terminal.

Without copies there is no recall; then the curve says how far thresholds are from the policy's own, in levels
of the grid.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simblock.errors import MissingExtra
from simblock.tune.choosing import Choice, Point, Rates

EXTRA = "report"
ROWS, COLUMNS = 18, 78
"""Of a curve in a terminal."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEAD = re.compile(r"<svg\b.*", re.DOTALL)


class Line(NamedTuple):
    """Points in percent, or percent and levels, with a name."""

    name: str
    x: list[float]
    y: list[float]


class Axes(NamedTuple):
    """What is drawn: the lines of both halves, the policy's own point and the chosen one, and what y says."""

    lines: tuple[Line, Line]
    current: Line
    chosen: Line
    height: str


def axes(choice: Choice) -> Axes:
    """The curve of a choice."""
    halves: tuple[tuple[str, Callable[[Point], Rates]], ...] = (
        ("half chosen on", lambda point: point.tuned),
        ("half reported on", lambda point: point.reported),
    )
    recalled = bool(choice.current.tuned.copies.n or choice.current.reported.copies.n)

    def line(name: str, points: tuple[Point, ...], half: Callable[[Point], Rates]) -> Line:
        rates = [half(point) for point in points]
        y = [100 * rate.copies.interval.share for rate in rates]
        return Line(
            name,
            [100 * rate.clean.interval.share for rate in rates],
            y if recalled else [float(point.steps) for point in points],
        )

    one, other = (line(name, choice.curve, half) for name, half in halves)
    reported = halves[1][1]
    return Axes(
        (one, other),
        line("policy now", (choice.current,), reported),
        line("chosen", (choice.chosen,), reported),
        "copies stopped, %" if recalled else "levels from the policy now",
    )


def svg(choice: Choice, rate: float) -> str:
    """The curve as an SVG element. Raises MissingExtra without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("a picture of the curve", EXTRA) from None
    drawn = axes(choice)
    with rc_context({"svg.hashsalt": "simblock", "svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        plane = figure.subplots()
        for line, style in zip(drawn.lines, ("--", "-"), strict=True):
            plane.plot(line.x, line.y, style, marker="o", markersize=3, label=line.name)
        plane.plot(drawn.current.x, drawn.current.y, "s", color="0.4", markersize=7, label=drawn.current.name)
        plane.plot(
            drawn.chosen.x, drawn.chosen.y, "D", color="#c02020", markersize=7, label=drawn.chosen.name
        )
        plane.axvline(100 * rate, color="0.6", linewidth=1, linestyle=":", label="asked")
        plane.set_xscale("symlog", linthresh=max(100 * rate, 0.001))
        plane.set_xlim(left=0)
        plane.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        plane.set_xlabel("clean outputs stopped, % (linear up to the asked rate, then logarithmic)")
        plane.set_ylabel(drawn.height)
        plane.grid(alpha=0.3)
        plane.legend(loc="lower right", frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    found = _HEAD.search(file.getvalue())
    assert found is not None
    return found[0]


def plain(choice: Choice) -> str:
    """The curve of the half that is reported on, in characters. Raises MissingExtra without plotext."""
    drawn = axes(choice)
    lines = ((drawn.lines[1], "·"), (drawn.current, "o"), (drawn.chosen, "X"))
    return in_characters(lines, "clean outputs stopped, %   (o policy now, X chosen)", drawn.height)


def in_characters(lines: Sequence[tuple[Line, str]], x: str, y: str) -> str:
    """Lines, each drawn with a sign of its own, between axes that say what they are. Raises MissingExtra."""
    try:
        from plotext import figure
    except ImportError:
        raise MissingExtra("a curve in the terminal", EXTRA) from None
    figure.clear()
    figure.plot_size(COLUMNS, ROWS)
    figure.theme("colorless")
    for line, marker in lines:
        figure.draw(figure.signal(line.x, line.y, marker=marker))
    figure.label(x, "x")
    built = _COLOUR.sub("", str(figure.build()))
    figure.clear()
    return "\n".join([y, *(line.rstrip() for line in built.splitlines())])
