"""The texts of a handful of documents, read again from where they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simblock.errors import SimblockError
from simblock_indexer.dedup.delivery.reading import read
from simblock_indexer.dedup.delivery.rows import Met, Part
from simblock_indexer.dedup.examining import without
from simblock_indexer.dedup.folder import Plan
from simblock_indexer.dedup.part import CODE, Delivered, Documents

FAR = 1 << 26
"""Characters of a part that are read in search of a document: one that stands further in is not shown."""


class Text(NamedTuple):
    """A document's text as it was signed, without what is redacted of protected works; its language where it is code;
    the whole text of the row."""

    text: str
    language: str | None
    whole: str


def texts(documents: Documents, numbers: Iterable[int]) -> dict[int, Text]:
    """Those of the documents that can be had: not of an earlier delivery, nor of files that have gone since."""
    found: dict[int, Text] = {}
    prose = _prose(documents.plan)
    rising = np.array(sorted(set(numbers)), np.uint32)
    for its, chosen, inside in documents.among(rising):
        lines = its.signed.array("lines")[inside].tolist()
        wanted = dict(zip(lines, rising[chosen].tolist(), strict=True))
        code = (its.signed.array("sorts")[inside] == CODE).any()
        for number, text in _of_part(its.part, documents.plan if code else prose, wanted).items():
            found[number] = _redacted(text, its, number - its.base)
    return found


def _redacted(text: Text, its: Delivered, document: int) -> Text:
    return text._replace(text=without(text.whole, its.cuts(document)))


def _prose(plan: Plan) -> Plan:
    """The plan, without looking for code: that takes longer than all else in reading."""
    return replace(plan, reading=replace(plan.reading, kind="text", language=None))


def _of_part(part: Part, plan: Plan, wanted: dict[int, int]) -> dict[int, Text]:
    """The texts of rows (line: number) of a part, by number."""
    found: dict[int, Text] = {}
    seen = 0
    try:
        for rows in read(part, plan, Met()):
            for line in sorted(wanted.keys() & set(rows.lines)):
                place = rows.lines.index(line)
                found[wanted[line]] = Text(rows.texts[place], rows.languages[place], rows.texts[place])
            seen += sum(map(len, rows.texts))
            if len(found) == len(wanted) or seen > FAR:
                break
    except (SimblockError, OSError):
        return found
    return found
