"""Random changes of an index, step by step, and another index that must answer the same after each."""

import random
from dataclasses import replace

from simblock.stores.claim import Claim
from simblock.stores.intake import tokenise_here
from simblock.stores.reader import StoredIndex
from simblock.stores.shelf import MemoryShelf
from simblock.stores.writer import Writer, new_manifest
from simblock.work import Document, Work
from tests.stores.works import answers, document

IDS = [f"w{n:02}" for n in range(14)]
TEXTS = [
    document(f"text {n}", words=words).text for n, words in enumerate([20, 60, 90, 140, 250, 60, 90, 400])
]
"""Few, so that works often share one, and differ much in size."""


def steps(seed, count):
    """Commits: what is put, what is removed, and whether it is purged."""
    rng = random.Random(seed)
    standing = set()
    for number in range(count):
        removed = rng.sample(sorted(standing), min(len(standing), rng.choice([0, 0, 1, 2])))
        others = [id for id in IDS if id not in removed]
        put = rng.sample(others, rng.choice([0, 1, 1, 2, 5]))
        documents = [_document(rng, id, number) for id in put]
        standing = (standing - set(removed)) | set(put)
        yield documents, removed, rng.random() < 0.2


def _document(rng, id, number):
    title = rng.choice([None, "A title", f"Title {number}"])
    text = (
        rng.choice(TEXTS)
        if rng.random() < 0.7
        else document(f"{id} {number}", words=rng.randrange(8, 200)).text
    )
    return Document(Work(id, title=title), text)


def apply(writer, step):
    """One step, committed; its epoch."""
    documents, removed, purge = step
    writer.remove(removed, purge=purge and bool(removed))
    writer.put(documents)
    return writer.commit().epoch


class AtOnce(MemoryShelf):
    """Files in a dict, written as those of a server are: what changes is in force first, merged afterwards."""

    at_once = True


class InMemory:
    """An index that takes the steps in memory; with ``permutations`` of another, it has the same keys."""

    def __init__(self, permutations=None, shelf=None):
        self.shelf = shelf or MemoryShelf("m")
        made = new_manifest(None, None, store_text=True)
        if permutations is not None:
            made = replace(made, permutations=tuple(tuple(map(int, row)) for row in permutations))
        self.writer = Writer(self.shelf, Claim(), made, None, tokenise_here)
        self.writer.commit()
        self.index = StoredIndex(self.shelf)

    def apply(self, step):
        epoch = apply(self.writer, step)
        self.index._looked = float("-inf")
        self.index.refresh()
        return epoch

    @property
    def manifest(self):
        return self.index._snapshot.manifest


def entries(index):
    return {entry.work.id: (entry.work, entry.tokens, sorted(entry.twins)) for entry in index.entries()}


def same(one, other, documents):
    """Whether two indexes answer the same to all keys of these works, and say the same of all of theirs."""
    assert entries(one) == entries(other)
    for work in documents:
        assert answers(one, work) == answers(other, work)
        assert one.text(work.work.id) == other.text(work.work.id)
