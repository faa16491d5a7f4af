"""A gate: a figure among results, where it stands, and what it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Rows = list[dict[str, Any]]
Figure = Callable[[Rows], float]


class Unmet(Exception):
    """Why a gate cannot be judged by the results that there are."""


class Gate(NamedTuple):
    """A figure, where it stands, and what it must be: at least or at most so much.

    ``count`` is told beside it: of how many a share is, where a bound is so low that they matter.
    """

    name: str
    benchmark: str
    table: str
    figure: Figure
    least: float | None = None
    most: float | None = None
    bold: bool = True
    count: Figure | None = None

    @property
    def wanted(self) -> str:
        """What the figure must be, for people."""
        return f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"

    def holds(self, value: float) -> bool:
        """Whether a value is within the bounds. NaN never is."""
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)

    def shown(self, value: float, rows: Rows) -> str:
        """A value for people, with its count."""
        if self.count is None:
            return f"{value:g}"
        n = self.count(rows)
        return f"{value:g} ({value * n:,.0f} of {n:,.0f})"


def number(value: Any) -> float:
    """A figure as a number; the share where it is one with an interval."""
    found = value[0] if isinstance(value, list | tuple) and value else value
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise Unmet(f"{found!r} is no figure")
    return found


def column(row: Mapping[str, Any], name: str) -> float:
    """A column of a row. Raises Unmet where there is none."""
    if name not in row:
        raise Unmet(f"there is no column {name!r}")
    return number(row[name])


def rows_of(rows: Rows, **where: Any) -> Rows:
    """The rows that have these values, one at least. Raises Unmet where there is none."""
    found = [row for row in rows if all(row.get(key) == wanted for key, wanted in where.items())]
    if not found:
        told = ", ".join(f"{key} {value}" for key, value in where.items())
        raise Unmet(f"there is no row of {told}" if told else "there is no row")
    return found


def cell(name: str, *, count: str = "", least: int = 0, errors: str = "", **where: Any) -> Figure:
    """A column of the one row with these values, that counts at least so many cases and no errors."""

    def figure(rows: Rows) -> float:
        row, *more = rows_of(rows, **where)
        if more:
            raise Unmet(f"{len(more) + 1} rows are of " + ", ".join(map(str, where.values())))
        if count and column(row, count) < least:
            raise Unmet(f"of {column(row, count):g} {count}, not {least:,}")
        if errors and column(row, errors):
            raise Unmet(f"{column(row, errors):g} errors")
        return column(row, name)

    return figure


def worst(name: str, **where: Any) -> Figure:
    """The largest figure of all rows with these values."""
    return lambda rows: max(column(row, name) for row in rows_of(rows, **where))


def ratio(over: Figure, under: Figure) -> Figure:
    """One figure over another."""

    def figure(rows: Rows) -> float:
        divisor = under(rows)
        if not divisor:
            raise Unmet("the figure that is divided by is 0")
        return over(rows) / divisor

    return figure
