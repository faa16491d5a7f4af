"""``simblock check --explain``: output and source side by side on a terminal, and what is missing or over.

As wide as the terminal; in a pipe as wide as COLUMNS says, else 100. Without colours signs stand for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simblock.commands.results import COLOURS, LISTED, about, because, likeness, lines_of, twins
from simblock.explain.explanation import NAMES, Explained, Explanation, Piece
from simblock.explain.rows import Part, Room
from simblock_indexer.escaping import encodable, printable

if TYPE_CHECKING:
    from simblock.explain.aligning import Mark

PIPE = 100
"""Columns where there is no terminal to ask."""
PROSE, CODE = Room(edge=12, most=360, around=40), Room(edge=40, most=600, around=0)
"""How much of a piece is shown: words of prose, lexemes of code."""
PIECES = 6
"""Pieces of one match that are shown."""
TAB = "    "


class Look(NamedTuple):
    """How a mark is shown: a style, and signs where there are no styles; what it means on each side."""

    style: str
    signs: tuple[str, str]
    output: str
    source: str = ""


LOOKS: Mapping[Mark, Look] = {
    "alike": Look("bold", ("", ""), "alike"),
    "renamed": Look("cyan", ("<", ">"), "renamed", "renamed"),
    "literal": Look("blue", ("<'", "'>"), "a literal with other content"),
    "moved": Look("magenta", ("{^", "^}"), "alike, in another place"),
    "replaced": Look("yellow", ("{~", "~}"), "replaced"),
    "only": Look("green", ("{+", "+}"), "only in the output", "only in the source"),
    "yours": Look("dim italic", ("((", "))"), "in the prompt: not counted"),
    "commonplace": Look("dim italic", ("(=", "=)"), "a commonplace: not counted"),
    "matched": Look("reverse", ("[[", "]]"), "matched"),
    "plain": Look("dim", ("", ""), "around it"),
    "left": Look("dim", ("", ""), ""),
}
OF_SOURCE = Look("red", ("{-", "-}"), "only in the source")
"""What stands on the source's side alone."""


def show(explanation: Explanation) -> None:
    """Prints what was found in one output, and why."""
    tty = sys.stdout.isatty()
    write(
        explanation,
        sys.stdout.write,
        width=None if tty else columns(),
        colour=tty and not os.environ.get("NO_COLOR"),
    )


def columns() -> int:
    """The width of what goes into a pipe."""
    said = os.environ.get("COLUMNS", "")
    return int(said) if said.isdecimal() and int(said) else PIPE


def write(
    explanation: Explanation, to: Callable[[str], object], *, width: int | None = None, colour: bool
) -> None:
    """Writes the explanation in lines of at most ``width`` columns; None asks the terminal."""
    console = Console(
        width=width,
        highlight=False,
        no_color=not colour,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    with console.capture() as captured:
        for part in drawn(explanation, colour=colour):
            console.print(part)
    # Written here: for a closed pipe rich would end the process itself.
    text = "\n".join(line.rstrip() for line in captured.get().split("\n"))
    to(encodable(text))


def drawn(explanation: Explanation, *, colour: bool) -> Iterator[RenderableType]:
    """The parts of an explanation, one below the other."""
    report = explanation.report
    verdict = report.decision if report.observed is None else f"observe (would {report.observed})"
    yield Text.assemble(
        (printable(report.id), "bold"),
        ": ",
        (verdict, _style(report.observed or report.decision)),
        overflow="fold",
    )
    if reason := because(report):
        yield _indented(Text(f"decided by {reason}", overflow="fold"))
    if report.error is not None:
        yield _indented(Text(f"not all of it was examined: {printable(report.error)}", overflow="fold"))
    for explained in explanation.matches[:LISTED]:
        yield _indented(Group(*_match(explained, colour=colour)))
    if len(explanation.matches) > LISTED:
        more = len(explanation.matches) - LISTED
        yield _indented(Text(f"… and {more:,} more matches (--report shows them all)", overflow="fold"))
    if explanation.matches:
        yield _indented(_legend(explanation, colour=colour))


def _match(explained: Explained, *, colour: bool) -> Iterator[RenderableType]:
    match = explained.match
    told = about(match.work)
    yield Text("")
    yield Text.assemble(
        (match.action, _style(match.action)),
        "  ",
        (printable(match.work.id), "bold"),
        f"{twins(match)}{f' ({told})' if told else ''}: {likeness(match)}",
        overflow="fold",
    )
    yield Text(_from(explained), overflow="fold")
    if match.twins:
        yield Text(f"twins: {', '.join(map(printable, match.twins[:10]))}", overflow="fold")
    for said in uncounted(explained):
        yield Text(said, overflow="fold")
    yield _figures(explained)
    yield Text(verdict(explained), overflow="fold")
    if explained.names:
        yield Text(f"renamed: {_names(explained)}", overflow="fold")
    if not explained.stored:
        yield Text(
            "the index stores no text of it (build it with --store-text to see the source beside the output)",
            overflow="fold",
        )
    for piece in explained.pieces[:PIECES]:
        yield _piece(piece, explained, colour=colour)
    if len(explained.pieces) > PIECES:
        yield Text(f"… and {len(explained.pieces) - PIECES:,} more pieces", overflow="fold")


def uncounted(explained: Explained) -> Iterator[str]:
    """What of a match counts for nothing, and why."""
    unit = explained.match.unit
    if explained.exempt:
        yield f"{explained.exempt:,} {unit}s stand in the prompt and count for nothing"
    if explained.commonplace:
        yield f"{explained.commonplace:,} {unit}s are commonplaces and count for nothing"


def _from(explained: Explained) -> str:
    match = explained.match
    facts = (
        f"index {printable(match.index)}",
        f"channel {match.channel}",
        f"read as {match.view}{', masked ones as they were meant' if explained.meant else ''}",
        f"{match.information:,.1f} bits",
        f"rule {printable(match.rule)}",
        "the decision fell on it" if explained.decided else "",
        "common: not each of the works it stands in was followed" if match.common else "",
    )
    return ", ".join(filter(None, facts))


def verdict(explained: Explained) -> str:
    """By which way it acts and by how much, or what each way lacks."""
    if explained.acting is not None:
        return f"acts as a whole by {explained.acting.by}: {explained.acting.sentence}"
    return "does not act: " + " / ".join(f"{way.by}: {way.sentence}" for way in explained.ways)


def _figures(explained: Explained) -> RenderableType:
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for heading, side in (("figure", "left"), ("here", "right"), ("needed", "right"), ("distance", "right")):
        drawn.add_column(heading, justify="right" if side == "right" else "left", overflow="fold")
    for figure in explained.figures:
        style = "bold" if figure.reached else ""
        drawn.add_row(f"{figure.name}: {figure.what}", *figure.shown, Text(figure.short, style))
    return Padding(drawn, (0, 0, 0, 2))


def _names(explained: Explained) -> str:
    shown = [
        f"{printable(name.theirs)} → {printable(name.ours)}" + (f" ({name.times})" if name.times > 1 else "")
        for name in explained.names[:NAMES]
    ]
    more = len(explained.names) - NAMES
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _piece(piece: Piece, explained: Explained, *, colour: bool) -> RenderableType:
    start, end, begin, stop = piece.span
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, expand=True)
    grid.add_column(Text(f"output, characters {start:,}–{end:,}"), ratio=1, overflow="fold")
    source = f"{printable(explained.match.work.id)}, characters {begin:,}–{stop:,}"
    if not explained.stored:
        answer, work = map(lines_of, explained.match.lines)
        place = f" at {printable(explained.match.work.url)}" if explained.match.work.url else ""
        grid.title = Text(f"output {answer} = {source}, {work}{place}", "dim", overflow="fold")
        grid.title_justify = "left"
    else:
        grid.add_column(Text(source), ratio=1, overflow="fold")
    for row in piece.rows(CODE if piece.lined else PROSE):
        sides = [row.output, row.source][: len(grid.columns)]
        grid.add_row(*(_cell(parts, piece.lined, side, colour) for side, parts in enumerate(sides)))
    return Padding(grid, (1, 0, 0, 0))


def _cell(parts: tuple[Part, ...], lined: bool, side: int, colour: bool) -> Text:
    shown = Text(overflow="fold")
    for part in parts:
        look = OF_SOURCE if part.mark == "only" and side else LOOKS[part.mark]
        text = _visible(part.text, lined)
        if colour:
            shown.append(text, look.style)
        else:
            shown.append(f"{look.signs[0]}{text}{look.signs[1]}")
    return shown


def _visible(text: str, lined: bool) -> str:
    """The text without anything that could steer a terminal: lines of code as they are, prose on one line."""
    if lined:
        return "\n".join(printable(line.expandtabs(len(TAB))) for line in text.splitlines() or [text])
    left, right = " " * text[:1].isspace(), " " * (text[-1:].isspace() and bool(text.strip()))
    return printable(f"{left}{' '.join(text.split())}{right}")


def _legend(explanation: Explanation, *, colour: bool) -> RenderableType:
    """What the marks that occur mean."""
    pieces = [(piece, side) for one in explanation.matches for piece in one.pieces for side in (0, 1)]
    steps = {
        (step.mark, side)
        for piece, side in pieces
        for step in piece.aligned.steps
        if (step.o, step.s)[side] >= 0
    }
    shown = Text("", overflow="fold")
    for mark, look in LOOKS.items():
        for side in (0, 1):
            its = OF_SOURCE if mark == "only" and side else look
            wanted = (mark, side) in steps and (not side or mark == "only") and (colour or its.signs[0])
            if wanted:
                before, after = ("", "") if colour else its.signs
                shown.append("  " if shown else "").append(
                    f"{before}{its.output}{after}", its.style if colour else ""
                )
    return Group(Text(""), shown) if shown else Text("")


def _style(action: str) -> str:
    return {"31": "red", "32": "green", "33": "yellow", "35": "magenta", "36": "cyan"}[COLOURS[action]]


def _indented(part: RenderableType) -> RenderableType:
    return Padding(part, (0, 0, 0, 2))
