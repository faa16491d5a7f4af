"""What is checked of text: an index of all protected works, and passages of them to be masked and planted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.clean_text import Quotations
from benchmarks.corpus import Clean, Places, clean, protected
from benchmarks.evasions.own_stories import STORIES
from benchmarks.passages import Planter
from simblock.guard import Guard
from simblock.stores import open_index
from simblock.stores.reader import StoredIndex
from simblock.stores.writer import Writer
from simblock.work import Document, Work

HOSTS = ("answers", "inaugural")
"""Clean sources that passages are planted in."""
HOLDS = 0.8
"""Share of a passage's runs of 16 words that a work must have to be rightly named for it."""


class Case(NamedTuple):
    """A passage of a work, all works that hold it, and the clean text to stand before and behind it."""

    id: str
    works: frozenset[str]
    words: int
    passage: str
    before: str
    after: str

    def around(self, copy: str) -> str:
        """A copy in its host."""
        return self.before + copy + self.after

    def span(self, copy: str) -> tuple[int, int]:
        """Where a copy stands in its host."""
        return len(self.before), len(self.before) + len(copy)


def write_index(documents: Sequence[Document], path: Path) -> StoredIndex:
    """An index of some works on disk, so that many processes can open it."""
    with Writer.create(path) as writer:
        writer.put(documents)
        writer.commit()
    return open_index(path)  # type: ignore[return-value]


def works_of_text(where: Places, words: float) -> list[Document]:
    """All protected texts, and the stories that innocent outputs tell of."""
    stories = [Document(Work(story.id, owner="simblock"), story.text) for story in STORIES]
    return [*protected(where, words), *stories]


def hosts(where: Places, guard: Guard) -> list[Clean]:
    """The texts that passages are planted in: those of which nothing is stopped."""
    them = [one for one in clean(where) if one.source in HOSTS]
    return [one for one in them if guard.check(one.text).decision == "release"]


class Passages(Planter):
    """Draws cases of the works of one half; the same for the same seed."""

    def __init__(
        self,
        documents: Sequence[Document],
        around: Sequence[Clean],
        half: str,
        seed: int,
        holders: Quotations,
    ) -> None:
        super().__init__(documents, around, half, seed)
        self._holders = holders

    def cases(self, count: int, words: int) -> list[Case]:
        """So many passages of so many words."""
        return [self._case(words, *it) for it in self.passages(count, words)]

    def _case(self, words: int, document: Document, tokens, first: int) -> Case:  # type: ignore[no-untyped-def]
        text = document.text[int(tokens.starts[first]) : int(tokens.ends[first + words - 1])]
        works = frozenset({document.work.id, *self._holders.works(text, HOLDS)})
        return Case(f"{document.work.id}#{first}", works, words, text, *self._host())

    def edited(self, count: int, words: int, rate: float) -> list[tuple[Case, str]]:
        """Passages with a share of their words substituted, deleted, inserted in equal parts."""
        made = []
        for document, tokens, first in self.passages(count, words):
            case = self._case(words, document, tokens, first)
            copy, _ = self._edit(document.text, tokens, first, words, rate)
            made.append((case, copy))
        return made


def seeded(seed: int, *of: object) -> random.Random:
    """A source of chance that is the same for the same seed and the same thing."""
    return random.Random(" ".join(map(str, (seed, *of))))
