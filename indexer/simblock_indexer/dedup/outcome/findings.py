"""protected.parquet: what was found of protected works, and which of them most."""

from __future__ import annotations

from collections import Counter
from typing import Any, get_type_hints

from simblock.tokens import U32
from simblock_indexer.dedup.outcome.guarded import numbers_of, read
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.outcome.tables import GROUP, Fields, Table, table
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.protected import Found

NAME = "protected.parquet"
WORKS = 50
"""Works that are named, those found in most documents."""
CUTS = ("drop", "redact", "list")
_TYPES = {int: "int64", float: "double", bool: "bool"}
_OWN = [name for name in Found._fields if name not in ("line", "id")]
FIELDS: Fields = {"id": "string", "source": "string", "row": "int64"} | {
    name: _TYPES.get(get_type_hints(Found)[name], "string") for name in _OWN
}
"""The document, then the fields of :class:`Found`."""


def write(out: str, documents: Documents) -> dict[str, Any]:
    """Writes a row for each finding, in the order of the documents. Returns what it came to, as JSON has it."""
    places, tally = Places(documents), _Tally()
    with table(out, NAME, FIELDS) as filled:
        for its in documents.delivered:
            found = read(its.signed)
            tally.add(found)
            numbers = numbers_of(its, found)
            for low in range(0, len(found), GROUP):
                _add(filled, found[low : low + GROUP], numbers[low : low + GROUP], places)
    return tally.to_dict()


def _add(filled: Table, found: list[Found], numbers: U32, places: Places) -> None:
    own = places.any(numbers)
    filled.add(
        {"id": own.ids, "source": own.sources, "row": own.rows}
        | {name: [getattr(one, name) for one in found] for name in _OWN}
    )


class _Tally:
    """Documents and findings by work, and documents by what was done."""

    def __init__(self) -> None:
        self._findings: Counter[tuple[str, str]] = Counter()
        self._documents: Counter[tuple[str, str]] = Counter()
        self._named: dict[tuple[str, str], Found] = {}
        self._cuts: Counter[str] = Counter()

    def add(self, found: list[Found]) -> None:
        done: dict[int, set[str]] = {}
        for one in found:
            self._named.setdefault((one.index, one.work), one)
            done.setdefault(one.line, set()).add(one.cut)
        self._findings.update((one.index, one.work) for one in found)
        self._documents.update(
            (index, work) for _, index, work in {(o.line, o.index, o.work): 0 for o in found}
        )
        self._cuts.update(next(cut for cut in CUTS if cut in cuts) for cuts in done.values())

    def to_dict(self) -> dict[str, Any]:
        most = sorted(self._documents.items(), key=lambda item: (-item[1], item[0]))[:WORKS]
        return {
            "documents": self._cuts.total(),
            "findings": self._findings.total(),
            "by_cut": {cut: self._cuts[cut] for cut in CUTS},
            "works": len(self._named),
            "most": [
                {
                    "index": key[0],
                    "work": key[1],
                    "title": self._named[key].title,
                    "license": self._named[key].license,
                    "documents": count,
                    "findings": self._findings[key],
                }
                for key, count in most
            ],
        }
