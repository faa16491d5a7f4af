"""What is asked of the figures for pairs: where each stands, its bound, and of how many it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]
OURS = ("simblock containment", "simblock similarity")
CLONES = ("T1", "T2", "ST3", "MT3")
LEAST = 50
"""Lexemes of the smaller function of the pairs of BigCloneBench that gates are about, as in published figures."""
SHARES = (0.01, 0.001)
"""Of the non-clones, the shares that thresholds let through; gates are about the first."""
CHOSEN = 0.5
"""Containment from which lines put in were found: chosen on the tune half, the highest with nothing missed there."""


class PairGate(NamedTuple):
    """A figure, the row and column where it stands, its bound, and the column that says of how many it is.

    ``bold``: it must hold; others are asked, and a miss is told of.
    """

    what: str
    table: str
    column: str
    least: float
    where: Row
    count: str
    enough: int
    bold: bool = False


def _of_conplag() -> list[PairGate]:
    where = {"set": "ConPlag", "part": "report", "score": OURS[0]}
    return [
        PairGate(f"ConPlag, {figure}", "Programs", figure, least, where, "pairs", 90)
        for figure, least in (("AUC", 0.95), ("average precision", 0.91))
    ]


def _of_clones() -> list[PairGate]:
    where = {"lexemes": LEAST, "part": "report", "score": OURS[1], "of non-clones": SHARES[0]}
    return [
        PairGate(f"BigCloneBench, {kind}", "BigCloneBench", kind, least, where, "non-clones", 500, bold=True)
        for kind, least in zip(CLONES, (1.0, 0.99, 0.99, 0.65), strict=True)
    ]


def _of_insertions() -> list[PairGate]:
    return [
        PairGate(f"lines put in, by {by}: {figure}", "Insertions", figure, least, {"language": "all", "by": by}, "n", 300)
        for by in (f"containment {CHOSEN:g}", "policy")
        for figure, least in (("recall", 1.0), ("precision", 0.95))
    ]  # fmt: skip


ASKED = (*_of_conplag(), *_of_clones(), *_of_insertions())


def find(rows: Sequence[Row], where: Row) -> Row | None:
    """The first row with these values."""
    return next((row for row in rows if all(row[name] == value for name, value in where.items())), None)


def gates(found: Tables) -> list[Row]:
    """The figures that were asked for beside those that were found: on the report halves, and on everything."""
    rows = []
    for it in ASKED:
        parted = "part" in it.where
        row = find(found.get(it.table, ()), it.where)
        whole = find(found.get(it.table, ()), it.where | {"part": "all"}) if parted else row
        if row is None or whole is None:
            continue
        value = row[it.column]
        rows.append({"what": it.what, "asked": it.least, "found": value, "on all": whole[it.column] if parted else "",
                     "met": "yes" if value[0] >= it.least else "no"})  # fmt: skip
    return rows
