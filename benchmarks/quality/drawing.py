"""Curves as SVG that stands inside a page; matplotlib is imported on first use."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.sighting import Row
from benchmarks.record import Interval

WIDTH, HEIGHT = 6.4, 4.0
Line = Sequence[tuple[float, float]]


def chart(
    title: str, across: str, up: str, lines: Mapping[str, Line], *, log: bool = False, bands: Mapping[str, Sequence[Interval]] | None = None
) -> str:  # fmt: skip
    """A chart of some lines, as an ``<svg>`` element; ``bands`` are 95 % intervals of the lines' points."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = title
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    for name, line in lines.items():
        xs, ys = [x for x, _ in line], [y for _, y in line]
        (drawn,) = axes.plot(xs, ys, marker="o", markersize=3, linewidth=1.3, label=name)
        for band in [bands[name]] if bands and name in bands else []:
            axes.fill_between(
                xs, [it.low for it in band], [it.high for it in band], alpha=0.12, color=drawn.get_color()
            )
    axes.set(title=title, xlabel=across, ylabel=up)
    if log:
        axes.set_xscale("symlog", linthresh=1e-5)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    return svg(figure)


def svg(figure: Any) -> str:
    """A figure as an element that shrinks with the page, without the head of a file and the date."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    element = out.getvalue()[out.getvalue().index("<svg") :]
    return re.sub(r'(<svg[^>]*?) width="[^"]*"|height="[^"]*pt"', r"\1", element, count=2)


def roc(rows: Sequence[Row], groups: Sequence[str], title: str) -> dict[str, str]:
    """A chart for each threshold that is moved: recall over false stops, by group."""
    drawn = {}
    here = rows[:1]
    for name in dict.fromkeys(row["moved"] for row in rows[1:]):
        them = sorted(
            [*here, *(row for row in rows if row["moved"] == name)],
            key=lambda row: row["false-stop rate"].share,
        )
        lines = {
            group: [(row["false-stop rate"].share, row[group].share) for row in them] for group in groups
        }
        drawn[name] = chart(
            f"{title}: {name} moved", "false stops (share of clean)", "recall", lines, log=True
        )
    return drawn


def by_rate(rows: Sequence[Row]) -> str:
    """Recall over the share of words edited, a line for each length that has many rates."""
    lengths = [
        words
        for words in dict.fromkeys(row["words"] for row in rows)
        if sum(row["words"] == words for row in rows) > 5
    ]
    lines = {
        f"{words} words": [(row["edits"], row["stopped"].share) for row in rows if row["words"] == words]
        for words in lengths
    }
    bands = {f"{words} words": [row["stopped"] for row in rows if row["words"] == words] for words in lengths}
    return chart(
        "Recall by edits (substituted, deleted, inserted)",
        "share of the words edited",
        "recall",
        lines,
        bands=bands,
    )


def by_length(rows: Sequence[Row], rates: Sequence[float]) -> str:
    """Recall over the length of the passage, a line for each share of words edited."""
    lines = {
        f"{rate:.0%} edited": [(row["words"], row["stopped"].share) for row in rows if row["edits"] == rate]
        for rate in rates
    }
    bands = {f"{rate:.0%} edited": [row["stopped"] for row in rows if row["edits"] == rate] for rate in rates}
    return chart("Recall by length", "words of the passage", "recall", lines, bands=bands)


def growth(rows: Sequence[Row]) -> str:
    """Hits and candidates over the size of the index, both axes by powers of ten."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "growth"
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    for column in ("hits a 1,000 words", "candidates a 1,000 words"):
        for how, style in (("measured", "o-"), ("reckoned", "o--")):
            them = [row for row in rows if row["how"] == how]
            if how == "reckoned":
                them = [row for row in rows if row["how"] == "measured"][-1:] + them
            axes.plot(
                [row["index words"] for row in them],
                [max(row[column], 1e-3) for row in them],
                style,
                markersize=3,
                label=f"{column}, {how}",
            )
    axes.set(
        title="Growth with the index",
        xlabel="words of the index",
        ylabel="a 1,000 clean words",
        xscale="log",
        yscale="log",
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    return svg(figure)
