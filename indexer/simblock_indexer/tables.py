"""Results on standard output: tables for people, JSON for machines."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from simblock_indexer.escaping import encodable, printable

if TYPE_CHECKING:
    from rich.console import RenderableType

UNCUT = 100_000
"""Columns of a pipe: nothing is folded or cut that a program may read."""


DRAWN = 1000
"""Rows that rich draws in about half a second."""
_END = re.compile(r" +$", re.MULTILINE)


class Column(NamedTuple):
    """A column's heading, and the side it keeps to."""

    heading: str
    side: Literal["left", "right"] = "left"


def number(value: float, unit: str = "") -> str:
    """A number with thousands set apart."""
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return f"{shown} {unit}".rstrip()


def counted(count: int, noun: str) -> str:
    """A number and what it counts: 1 work, 2 works."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(amount: float) -> str:
    """A number of bytes in the unit that reads best."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if amount >= scale:
            return f"{amount / scale:,.1f} {unit}"
    return f"{amount:,.0f} bytes"


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
    """Prints a table with headings; folded to the terminal's width, plain in a pipe or where it is long."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty() and len(cells) <= DRAWN:
        _print(_drawn(columns, cells))
    else:
        _print_plain(columns, cells)


def _drawn(columns: Sequence[Column], cells: list[list[str]]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(column.heading, justify=column.side, overflow="fold")
    for row in cells:
        drawn.add_row(*map(Text, row))
    return drawn


def _print_plain(columns: Sequence[Column], cells: list[list[str]]) -> None:
    from rich.cells import cell_len

    lines = [[column.heading for column in columns], *cells]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        spaces = (" " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        aligned = (
            space + cell if column.side == "right" else cell + space
            for column, cell, space in zip(columns, line, spaces, strict=True)
        )
        print("  ".join(aligned).rstrip())


def facts(rows: Iterable[tuple[str, object]]) -> None:
    """Prints names with their values, a line each; empty values are left out."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows:
        if value not in (None, "", ()):
            drawn.add_row(Text(name, style="bold"), Text(printable(value)))
    _print(drawn)


def listing(heading: str, items: Sequence[object], count: int, *, all: bool) -> None:
    """Prints how many there are and the first few, or every one that was kept."""
    if not count:
        return
    shown = items if all else items[:3]
    say(heading.format(count=f"{count:,}"))
    for item in shown:
        say(f"  {printable(item)}")
    if count > len(shown):
        more = f"  … and {count - len(shown):,} more"
        say(more if all else f"{more} (-v lists them)")


def say(sentence: str) -> None:
    """Prints one line as it is."""
    print(encodable(sentence))


def emit(value: Any) -> None:
    """Prints one JSON value on one line."""
    # Lone surrogates pass as escapes: ASCII alone goes through every terminal and pipe.
    sys.stdout.write(json.dumps(value) + "\n")


def _print(renderable: RenderableType) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else UNCUT)
    with console.capture() as captured:
        console.print(renderable)
    # Written here: for a closed pipe rich would end the process itself.
    sys.stdout.write(_END.sub("", captured.get()))
