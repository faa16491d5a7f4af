"""What an index holds that is hard on the innocent: works that they stand near, or that are no one's own."""

from __future__ import annotations

import random

from benchmarks.evasions.own_stories import documents
from benchmarks.evasions.registry import INNOCENT, Kind
from simblock.work import Document, Work

FIRST_SEED = 100_000
"""Where the seeds of what is held begin, so that benchmarks that count from 0 never make the very same."""


def held(kind: Kind, copies: int = 3) -> list[Document]:
    """Works for an index: of text our own stories, which the prompts bring and the summaries tell; and of each
    family of innocents that is ``common`` so many, made with seeds of their own.
    """
    return [*(documents() if kind == "text" else ()), *commonplaces(kind, copies)]


def commonplaces(kind: Kind, copies: int = 3) -> list[Document]:
    """Works that hold what is no one's own, ids ``commonplace/NAME/NUMBER``."""
    found = []
    for name, one in sorted(INNOCENT.items()):
        if one.common and one.kind == kind:
            for number in range(copies):
                output = one.make(random.Random(FIRST_SEED + number))
                id = f"commonplace/{name}/{number}"
                found.append(
                    Document(Work(id, owner="commonplace", kind=kind, language=output.language), output.text)
                )
    return found
