"""Where works appear in training data: the places, and what they come to by file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simblock.match import Match


class Place(NamedTuple):
    """A work in a row of a file: how alike, and where on both sides. No text.

    ``row`` counts from 1 over the file, lines of JSONL with blank ones; ``id`` is the row's own or None. ``tokens`` and
    ``longest_run`` count words, of code lexemes. ``spans``: code points start, end of the row's text, start, end of the work,
    of each piece. ``channel`` exact or near; ``renamed``: code with other names.
    """

    file: str
    row: int
    id: str | None
    work: str
    title: str | None
    kind: str
    language: str | None
    similarity: float
    tokens: int
    longest_run: int
    information: float
    channel: str
    verbatim: bool
    renamed: bool
    spans: tuple[tuple[int, int, int, int], ...]

    @classmethod
    def of(cls, match: Match, file: str, row: int, id: str | None) -> Place:
        """Where a match stands."""
        work = match.work
        return cls(
            file, row, id, work.id, work.title, match.kind, match.language, match.similarity, match.tokens,
            match.longest_run, match.information, match.channel, match.verbatim, match.renamed, match.spans,
        )  # fmt: skip

    @property
    def unit(self) -> str:
        """What its figures count."""
        return "lexeme" if self.kind == "code" else "word"

    def to_dict(self) -> dict[str, Any]:
        """The place as JSON."""
        start, end = min(span[0] for span in self.spans), max(span[1] for span in self.spans)
        source = {"start": min(span[2] for span in self.spans), "end": max(span[3] for span in self.spans)}
        row = {**self._asdict(), "output": {"start": start, "end": end}, "source": source}
        return {**row, "spans": [list(span) for span in self.spans]}


@dataclass(slots=True)
class Held:
    """What a file, or any, holds of a work, or of all: in how many rows, how many tokens, and the longest run of them."""

    rows: int = 0
    tokens: int = 0
    longest_run: int = 0
    _last: tuple[str, int] = ("", 0)

    def add(self, place: Place) -> None:
        """Takes a place; those of one row follow each other."""
        row = (place.file, place.row)
        self.rows += row != self._last
        self._last = row
        self.tokens += place.tokens
        self.longest_run = max(self.longest_run, place.longest_run)

    def to_dict(self) -> dict[str, int]:
        """The sums as JSON."""
        return {"rows": self.rows, "tokens": self.tokens, "longest_run": self.longest_run}


@dataclass(slots=True)
class Sums:
    """What was gone through, and what was found in it, in all, by file and by work, in the order in which these came.

    ``bad``: rows that could not be read, where that was allowed.
    """

    documents: int = 0
    characters: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)
    places: int = 0
    held: Held = field(default_factory=Held)
    files: dict[str, Held] = field(default_factory=dict)
    works: dict[str, Held] = field(default_factory=dict)

    def add(self, place: Place) -> None:
        """Takes a place."""
        self.places += 1
        self.held.add(place)
        self.files.setdefault(place.file, Held()).add(place)
        self.works.setdefault(place.work, Held()).add(place)

    def to_dict(self) -> dict[str, Any]:
        """The sums as JSON."""
        return {
            "documents": self.documents,
            "characters": self.characters,
            "bad": self.bad,
            "problems": self.problems,
            "places": self.places,
            **self.held.to_dict(),
            "files": [{"file": file, **held.to_dict()} for file, held in self.files.items()],
            "works": [{"work": work, **held.to_dict()} for work, held in self.works.items()],
        }
