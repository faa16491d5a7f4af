"""One part of training data gone through for works."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from simblock.policy import Policy
from simblock.stores.reader import StoredIndex
from simblock.stores.shelf import MemoryShelf
from simblock_indexer.dedup.delivery.reading import read
from simblock_indexer.dedup.delivery.rows import Met, Part
from simblock_indexer.dedup.examining import Examiner
from simblock_indexer.dedup.folder import Plan
from simblock_indexer.dedup.located import Place
from simblock_indexer.dedup.sieve.sifting import Sieve
from simblock_indexer.readers.remote import called


class Search(NamedTuple):
    """The works that are looked for, by what policy, in what."""

    works: MemoryShelf
    policy: Policy
    plan: Plan


class Looked(NamedTuple):
    """What a part came to: its rows, its documents and their characters, what could not be read, and the places, whose
    rows count from 1 over the part."""

    rows: int
    documents: int
    characters: int
    bad: int
    problems: list[str]
    places: list[Place]


class Searcher:
    """Goes through parts of training data. What that takes is made with the first part, so before it another process
    can be sent one."""

    def __init__(self, search: Search) -> None:
        self._search = search

    @cached_property
    def _examiner(self) -> Examiner:
        return Examiner([StoredIndex(self._search.works)], self._search.policy)

    @cached_property
    def _sieve(self) -> Sieve:
        return Sieve(self._examiner)

    def look(self, part: Part) -> Looked:
        """Where the works appear in a part. Raises what reading it raises."""
        met, places, documents, characters = Met(), list[Place](), 0, 0
        file = called(self._search.plan.sources[part.source].place)
        for rows in read(part, self._search.plan, met):
            documents += len(rows.texts)
            characters += sum(map(len, rows.texts))
            for at in np.flatnonzero(~self._sieve.clean(rows.texts, rows.languages)).tolist():
                found = self._examiner.examine(rows.texts[at], rows.languages[at])
                row, id = rows.lines[at] + 1, rows.ids[at]
                places += [Place.of(match, file, row, id) for match in found.matches]
        return Looked(met.rows, documents, characters, met.bad, met.problems, places)
