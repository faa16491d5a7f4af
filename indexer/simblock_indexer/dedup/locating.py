"""Where works appear in training data, verbatim or as near copies: the reverse of what a document holds.

The works are an index in memory, of files or of what an index stores of them. Each document is examined against it
as an answer would be; told is what a policy would act upon, whatever its action, and every run that is found for certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from simblock.match import Action
from simblock.policy import Policy
from simblock.stores.excerpt import excerpt, in_memory
from simblock.stores.opening import open_snapshot
from simblock.stores.shelf import MemoryShelf
from simblock_indexer.crew import Crew, End
from simblock_indexer.dedup.delivery.sources import parts, sources
from simblock_indexer.dedup.examining import acting
from simblock_indexer.dedup.folder import Plan
from simblock_indexer.dedup.located import Place, Sums
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.searching import Looked, Search, Searcher
from simblock_indexer.indexes import KeyFiles, key_of
from simblock_indexer.readers import ReadOptions, read

PART_BYTES = 8 << 20
LEAST_WORDS, LEAST_LEXEMES = 8, 15
END = End(lambda _: "a process that went through documents ended", ": try again, or with --workers 1")
_ALIKE: dict[Action, Action] = dict.fromkeys(("replace", "redact", "cite", "observe", "release"), "stop")


class Watch(Protocol):
    """Sees the search go on, as bars of :mod:`simblock_indexer.progress` do."""

    def begin(self, stage: str, done: int, total: int) -> None: ...
    def step(self, amount: int, documents: int) -> None: ...


def works_of(
    works: Sequence[str], options: ReadOptions, index: str | None = None, key_files: KeyFiles = None
) -> MemoryShelf:
    """The works to look for: those of files, or with an ``index`` those of it that are called so.

    Raises InputError for what cannot be read, UsageError where the index has no such work, and what opening it raises.
    """
    if index is None:
        return in_memory(read(works, options), "the works")
    with open_snapshot(index, key_of(index, key_files)) as snapshot:
        return excerpt(snapshot, works)


def policy_of(file: str | Path | None = None, min_tokens: int | None = None) -> Policy:
    """From which likeness on a place is told: what the policy of a file says, or so many words or lexemes.

    What is done about a match, in it or in its rules, does not matter. Raises PolicyError.
    """
    least: dict[str, dict[str, int]] = {}
    if min_tokens is not None:
        least["text"] = {"min_tokens": max(min_tokens, LEAST_WORDS)}
        least["code"] = {"min_tokens": max(min_tokens, LEAST_LEXEMES)}
    return acting(Policy.load(file, profile="cite", **least), _ALIKE)


def locate(
    works: MemoryShelf,
    inputs: Iterable[str],
    reading: ReadOptions,
    policy: Policy,
    sums: Sums,
    *,
    workers: int = 1,
    watch: Watch | None = None,
) -> Iterator[Place]:
    """The places of the works in some inputs, in their order, as they are found; ``sums`` is filled meanwhile.

    Inputs are those of a pass over training data. Raises UsageError and InputError for what cannot be read.
    """
    found = sources(inputs, reading)
    divided = parts(found, reading, PART_BYTES)
    plan = Plan(DedupOptions(), reading, tuple(found), tuple(divided), 1)
    if watch is not None:
        watch.begin("locating", 0, sum(source.size for source in found))
    counts = Counter(part.source for part in divided)
    source, before = -1, 0
    for part, looked in zip(divided, _looked(Search(works, policy, plan), workers), strict=True):
        source, before = part.source, before if part.source == source else 0
        yield from _told(looked, before, sums)
        before += looked.rows
        if watch is not None:
            watch.step(found[source].size // counts[source], looked.documents)


def _looked(search: Search, workers: int) -> Iterator[Looked]:
    """What each part came to, in order."""
    with Crew(Searcher(search).look, workers, END) as crew:
        yield from crew.in_order(search.plan.parts)


def _told(looked: Looked, before: int, sums: Sums) -> Iterator[Place]:
    """The places of a part that has so many rows of its file before it, counted in."""
    sums.documents += looked.documents
    sums.characters += looked.characters
    sums.bad += looked.bad
    sums.problems += looked.problems
    for place in looked.places:
        moved = place._replace(row=place.row + before)
        sums.add(moved)
        yield moved
