"""Parts of a delivery to documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from simblock_indexer.dedup.delivery import ranking
from simblock_indexer.dedup.delivery.jsonl import JsonRows, stretch
from simblock_indexer.dedup.delivery.parquet import Lost, table_rows
from simblock_indexer.dedup.delivery.rows import F64, Met, Part, Rows, Source
from simblock_indexer.dedup.folder import Plan
from simblock_indexer.readers.kinds import natures
from simblock_indexer.readers.metadata import LONGEST_ID, checked_id, sort_of_value
from simblock_indexer.readers.options import ReadOptions
from simblock_indexer.readers.remote import called
from simblock_indexer.readers.tally import Unreadable

NAMES = ("path", "filename", "file_name", "name")
"""Columns that may say what a row's text is called, by which code is told."""
EXTENSIONS = ("extension", "ext")
PROBLEMS = 100


class Batch(Protocol):
    """Rows that follow each other in a file. Where more than one is asked, an error is that of any of them."""

    numbers: list[int]

    def __len__(self) -> int: ...
    @property
    def place(self) -> str: ...
    @property
    def read(self) -> int: ...
    def single(self) -> Iterator[Batch]: ...
    def column(self, field: str) -> list[Any]: ...
    def texts(self, field: str) -> list[Any]: ...
    def without_text(self, field: str, value: object) -> Unreadable: ...


class Asked(NamedTuple):
    """What is asked of rows."""

    reading: ReadOptions
    rule: ranking.Rule

    @property
    def columns(self) -> list[str]:
        """The columns that are looked at."""
        told = (self.reading.text_field, self.reading.id_field, "kind", "language", *NAMES, *EXTENSIONS)
        return list(dict.fromkeys(told if self.rule.column is None else (*told, self.rule.column)))


def read(part: Part, plan: Plan, met: Met) -> Iterator[Rows]:
    """The documents of a part, half a mebibyte to one at a time; ``met`` is filled meanwhile.

    A row without a string for its text, of no UTF-8, over the limit, or with an id or a value of the ranking column
    that cannot be meant: Unreadable is raised, or with ``skip_bad`` it is counted. What is behind damage of a compressed
    file counts as one row, as nothing tells how many it was. Blank lines are no documents, empty texts are.
    """
    source, asked = plan.sources[part.source], Asked(plan.reading, ranking.rule_of(plan.options))
    try:
        for batch in _batches(source, part, asked):
            if isinstance(batch, Lost):
                _refuse(batch.error, asked, met, batch.rows)
                met.rows += batch.rows
                continue
            size = len(batch)
            yield from documents(batch, asked, met)
            met.rows += size
            met.read += batch.read
    except Unreadable as error:
        _refuse(error, asked, met, behind=0 if part.start else met.rows)


def _batches(source: Source, part: Part, asked: Asked) -> Iterator[Batch | Lost]:
    if source.form == "parquet":
        yield from table_rows(source, part, asked.columns, asked.reading)
        return
    with stretch(source, part.start, part.end, asked.reading) as found:
        for some in found:
            yield JsonRows(called(source.place), part, some, asked.reading)


def documents(batch: Batch, asked: Asked, met: Met) -> Iterator[Rows]:
    """The documents of a batch: one of Rows, or none; ``met.rows`` and ``met.read`` are left to the caller.

    Raises Unreadable as :func:`read` does.
    """
    try:
        rows = _rows(batch, asked)
    except Unreadable:
        rows = _one_by_one(batch, asked, met)
    if rows.texts:
        yield rows


def _one_by_one(batch: Batch, asked: Asked, met: Met) -> Rows:
    found: list[Rows] = []
    for single in batch.single():
        try:
            found.append(_rows(single, asked))
        except Unreadable as error:
            _refuse(error, asked, met)
    return Rows(
        [line for rows in found for line in rows.lines],
        [id for rows in found for id in rows.ids],
        [text for rows in found for text in rows.texts],
        [language for rows in found for language in rows.languages],
        np.concatenate([np.empty(0), *(rows.ranks for rows in found)]),
    )


def _refuse(error: Unreadable, asked: Asked, met: Met, rows: int = 1, behind: int = 0) -> None:
    """Counts what cannot be read: ``rows``, or what of a file is ``behind`` so many rows that could."""
    if not asked.reading.skip_bad:
        raise error
    met.bad += rows
    if len(met.problems) < PROBLEMS:
        where = f"{error.place}, after line {behind:,}" if behind else error.place
        met.problems.append(f"{where}: {error.problem}")


def _rows(batch: Batch, asked: Asked) -> Rows:
    texts = batch.texts(asked.reading.text_field)
    if any(type(text) is not str for text in texts):
        value = next(text for text in texts if type(text) is not str)
        raise batch.without_text(asked.reading.text_field, value)
    ids = _ids(batch, asked.reading.id_field)
    return Rows(batch.numbers, ids, texts, _languages(batch, texts, ids, asked), _ranks(batch, texts, asked))


def _ids(batch: Batch, field: str) -> list[str | None]:
    return [
        value if value is None or _is_plain(value) else checked_id(value, batch.place, field)
        for value in batch.column(field)
    ]


def _is_plain(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= LONGEST_ID and value.isprintable()


def _languages(batch: Batch, texts: list[str], ids: list[str | None], asked: Asked) -> list[str | None]:
    kinds, languages = batch.column("kind"), batch.column("language")
    said: list[dict[str, Any] | None] = [
        _said(kind, language) if kind is not None or language is not None else None
        for kind, language in zip(kinds, languages, strict=True)
    ]
    found = natures(texts, _names(batch, ids), said, asked.reading)
    return [
        None if nature is not None and nature.kind == "text" else (nature.language if nature else None) or ""
        for nature in found
    ]


def _said(kind: object, language: object) -> dict[str, Any]:
    """What a row says of its text; columns of other meaning are called so, too."""
    said: dict[str, Any] = {"kind": kind} if kind in ("text", "code") else {}
    return {**said, "language": language} if isinstance(language, str) and language else said


def _names(batch: Batch, ids: list[str | None]) -> list[str]:
    # A page's address ends in a country's name, which may be a language's suffix.
    names = ["" if id is None or "://" in id else id for id in ids]
    for column in NAMES[::-1]:
        names = _put_over(names, batch.column(column), "{}")
    for column in EXTENSIONS:
        names = _put_over(names, batch.column(column), "x.{}")
    return names


def _put_over(names: list[str], values: list[Any], form: str) -> list[str]:
    """Names with those that a column has instead; None where it has none."""
    if values.count(None) == len(values):
        return names
    return [
        form.format(value.lstrip(".")) if isinstance(value, str) else name
        for value, name in zip(values, names, strict=True)
    ]


def _ranks(batch: Batch, texts: list[str], asked: Asked) -> F64:
    rule = asked.rule
    values = None if rule.column is None else batch.column(rule.column)
    try:
        return ranking.ranks(rule, texts, values)
    except ValueError:
        assert values is not None
        problem = f'the field "{rule.column}" is {sort_of_value(values[0])} and neither a number nor a date'
        raise Unreadable(batch.place, problem, "name another column to keep by") from None
