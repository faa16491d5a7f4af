"""Aligned tokens as rows to be read side by side: the text of both sides in parts, each with its mark.

A row ends at a line's end of code, or after some forty words, where both sides are alike; so what stands
across from each other stays level however long the lines are. Long stretches that are alike throughout
are left out but for their edges.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from simblock.explain.aligning import Aligned, Mark, Side, Step

ROW = 40
"""Tokens after which a row of prose ends where it can."""
QUIET: frozenset[Mark] = frozenset({"alike", "literal", "renamed", "matched", "yours", "commonplace"})
"""Marks of which a long stretch may be left out."""

_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


class Part(NamedTuple):
    """Some text of one side with one mark; ``other`` is what stands across from a token that was changed."""

    text: str
    mark: Mark
    other: str = ""


class Row(NamedTuple):
    """What stands side by side; the source's side is empty where its text is not stored."""

    output: tuple[Part, ...]
    source: tuple[Part, ...]


class Room(NamedTuple):
    """How much of a piece is shown: tokens at each edge of a stretch that is alike, tokens in all, and
    characters before and after."""

    edge: int
    most: int
    around: int


class _Left(NamedTuple):
    """So many tokens are left out."""

    tokens: int
    alike: bool


@dataclass(slots=True)
class _Column:
    """One side of the rows as they are written."""

    side: Side
    lined: bool
    at: int | None = None
    """Where the text of the row so far ends; None where the next token stands for itself."""
    parts: list[Part] = field(default_factory=list)

    def open(self, token: int) -> None:
        """Begins a row with a token: what stands before it goes to the row before, but for its indentation."""
        start = self.side.starts[token]
        if self.at is None:
            line = self.side.text.rfind("\n", 0, start) + 1
            indented = self.lined and not self.side.text[line:start].strip()
            self.at = line if indented else start
            return
        between = self.side.text[self.at : start]
        head, tail = _split(between, lined=self.lined)
        if head:
            self._put(Part(head, "plain"))
        self.at = start - len(tail)

    def take(self, token: int, mark: Mark, other: str = "") -> None:
        start, end = self.side.starts[token], self.side.ends[token]
        if self.at is None:
            self.open(token)
        assert self.at is not None
        between = self.side.text[self.at : start]
        last = self.parts[-1].mark if self.parts else None
        if between:
            self._put(Part(between, mark if mark == last and not other else "plain"))
        self._put(Part(self.side.text[max(start, self.at) : end], mark, other))
        self.at = max(self.at, end)

    def close(self) -> tuple[Part, ...]:
        parts, self.parts = tuple(self.parts), []
        return parts

    def breaks(self, token: int) -> bool:
        """Whether a line ends between the row so far and a token."""
        return self.at is not None and "\n" in self.side.text[self.at : self.side.starts[token]]

    def _put(self, part: Part) -> None:
        if not part.text:
            return
        if self.parts and not part.other and (self.parts[-1].mark, self.parts[-1].other) == (part.mark, ""):
            self.parts[-1] = Part(self.parts[-1].text + part.text, part.mark)
        else:
            self.parts.append(part)


def rows(out: Side, src: Side, aligned: Aligned, room: Room, *, lined: bool, unit: str) -> Iterator[Row]:
    """The rows of a piece. ``unit`` is what its tokens are called in notes of what is left out."""
    columns = (_Column(out, lined), _Column(src, lined))
    count, first = 0, True
    for item in _shortened(aligned.steps, room, _line_begins(out) if lined else set()):
        if isinstance(item, _Left):
            yield from _closed(columns)
            note = (Part(_note(item, unit), "left"),)
            yield Row(note, note if src.keys else ())
            for column in columns:
                column.at = None
            count = 0
            continue
        if first:
            first = False
            _lead(columns, item, room.around)
        if _ends(columns, item, count, lined=lined):
            for column, token in zip(columns, (item.o, item.s), strict=True):
                if token >= 0:
                    column.open(token)
            yield from _closed(columns)
            count = 0
        _take(columns, item)
        count += 1
    _trail(columns, room.around)
    yield from _closed(columns)


def _take(columns: tuple[_Column, _Column], step: Step) -> None:
    output, source = columns
    both = step.o >= 0 and step.s >= 0
    told = both and step.mark in {"renamed", "replaced"}
    if step.o >= 0:
        output.take(step.o, step.mark, source.side.spelled(step.s) if told else "")
    if step.s >= 0:
        source.take(step.s, step.mark, output.side.spelled(step.o) if told else "")


def _ends(columns: tuple[_Column, _Column], step: Step, count: int, *, lined: bool) -> bool:
    """Whether a new row begins with a token: one that stands on both sides, where there are two."""
    output, source = columns
    if not count or step.o < 0 or (source.side.keys and step.s < 0):
        return False
    return output.breaks(step.o) if lined else count >= ROW


def _closed(columns: tuple[_Column, _Column]) -> Iterator[Row]:
    row = Row(columns[0].close(), columns[1].close())
    if row.output or row.source:
        yield row


def _lead(columns: tuple[_Column, _Column], step: Step, around: int) -> None:
    """What stands before a piece, from a word's beginning on."""
    for column, token in zip(columns, (step.o, step.s), strict=True):
        if token != 0 or not around:
            continue
        start = column.side.starts[0]
        low = max(start - around, 0)
        before = column.side.text[low:start]
        if low and " " in before:
            before = "…" + before[before.index(" ") :]
        if before.strip():
            column.parts.append(Part(before, "plain"))
        column.at = start


def _trail(columns: tuple[_Column, _Column], around: int) -> None:
    for column in columns:
        if column.at is None or not around or not column.side.keys or not column.parts:
            continue
        after = column.side.text[column.at : column.at + around]
        if column.at + around < len(column.side.text) and " " in after:
            after = after[: after.rindex(" ")] + " …"
        if after.strip():
            column.parts.append(Part(after.rstrip(), "plain"))


def _line_begins(side: Side) -> set[int]:
    """The tokens that are the first of their line."""
    ends = [0, *side.ends[:-1]]
    return {at for at, start in enumerate(side.starts) if "\n" in side.text[ends[at] : start]}


def _shortened(steps: Sequence[Step], room: Room, begins: Collection[int]) -> list[Step | _Left]:
    """The steps with a note in place of the middle of long stretches, cut where a line begins if one does."""
    items: list[Step | _Left] = []
    for quiet, group in groupby(steps, lambda step: step.mark in QUIET):
        run = list(group)
        if not quiet or len(run) <= 3 * room.edge:
            items += run
            continue
        heads = range(room.edge, room.edge * 3 // 2)
        tails = range(len(run) - room.edge, len(run) - room.edge * 3 // 2, -1)
        head = next((at for at in heads if run[at].o in begins), heads[0])
        tail = next((at for at in tails if run[at].o in begins), tails[0])
        alike = all(step.mark == "alike" for step in run)
        items += [*run[:head], _Left(tail - head, alike), *run[tail:]]
    if len(items) <= room.most:
        return items
    half = room.most // 2
    gone = items[half:-half]
    count = sum(item.tokens if isinstance(item, _Left) else item.o >= 0 for item in gone)
    return [*items[:half], _Left(count, alike=False), *items[-half:]]


def _note(left: _Left, unit: str) -> str:
    return f"… {left.tokens:,} {unit}{'' if left.tokens == 1 else 's'}{' alike' if left.alike else ''} …"


def _split(between: str, *, lined: bool) -> tuple[str, str]:
    """What of the text between two tokens ends a row, and what begins the next."""
    if lined:
        head, line, tail = between.partition("\n")
        return (head.rstrip(), _BLANK_LINES.sub("", tail)) if line else ("", between.lstrip())
    words = between.split(maxsplit=1)
    if not words or between[:1].isspace():
        return "", between.lstrip()
    return words[0], words[1] if len(words) > 1 else ""
