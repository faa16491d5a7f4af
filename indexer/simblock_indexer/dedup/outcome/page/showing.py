"""Examples as the page has them: two documents beside each other, or one with what was found in it marked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simblock_indexer.dedup import passages
from simblock_indexer.dedup.excess import Passages
from simblock_indexer.dedup.folder import Folder
from simblock_indexer.dedup.outcome.guarded import Guarded
from simblock_indexer.dedup.outcome.page.choosing import Example, examples
from simblock_indexer.dedup.outcome.page.differing import Stretches, beside, marked
from simblock_indexer.dedup.outcome.page.texts import Text, texts
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import KEPT, Settled

HEADINGS = {
    "largest": "The largest clusters: the document that each stands around, and the member least like it",
    "above": "Dropped, and closest to the threshold",
    "below": "Not near-copies, and closest to the threshold",
    "exact": "Dropped as equal text",
    "near": "Dropped as near-copies",
    "passage": "Dropped for repeated passages",
    "repeated": "Passages that stand in most documents",
    "protected": "Dropped for what they hold of protected works",
    "found": "Redacted or listed for what they hold of protected works",
}


LONG = 1 << 22
"""Characters of a document from which on its tokens are not counted for the sake of some marks."""


class Side(NamedTuple):
    """One document: its id, where it stands, whether it is kept, its text or why there is none."""

    id: str
    place: str
    fate: str
    text: Stretches
    missing: str = ""
    code: bool = False


class Shown(NamedTuple):
    """An example: what is said of it, and one or two documents."""

    told: str
    sides: tuple[Side, ...]


class Group(NamedTuple):
    """Examples under one heading."""

    heading: str
    shown: tuple[Shown, ...]


def groups(folder: Folder, settled: Settled, largest: list[tuple[int, int]]) -> list[Group]:
    """All examples of a pass whose ``largest`` clusters are (size, representative), under the headings that have any."""
    documents = Documents(folder)
    chosen = examples(folder, documents, settled, [centre for _, centre in largest])
    repeated = Passages.read(folder.settled) if documents.plan.options.passages else None
    showing = _Showing(documents, settled, repeated, chosen, {centre: size for size, centre in largest})
    return [
        Group(heading, tuple(showing.shown(one) for one in chosen if one.of == of))
        for of, heading in HEADINGS.items()
        if any(one.of == of for one in chosen)
    ]


class Told(NamedTuple):
    """What is said of a document that stands alone, and which of its code points are marked."""

    words: str
    spans: list[tuple[int, int]]


class _Showing:
    def __init__(
        self,
        documents: Documents,
        settled: Settled,
        repeated: Passages | None,
        chosen: list[Example],
        sizes: dict[int, int],
    ) -> None:
        self._alone = {
            "passage": self._share,
            "repeated": self._holders,
            "protected": self._works,
            "found": self._works,
        }
        numbers = [number for one in chosen for number in one[1:3]]
        self._settled = settled
        self._repeated = repeated
        self._sizes = sizes
        self._guarded = Guarded(documents)
        self._texts = texts(documents, numbers)
        self._numbers = sorted(set(numbers))
        self._standing = Places(documents).of(np.array(self._numbers, np.uint32))
        self._old = documents.old

    def shown(self, one: Example) -> Shown:
        if one.of in self._alone:
            return self._marked(one)
        kept, gone = self._texts.get(one.beside), self._texts.get(one.document)
        both = beside(kept.text, gone.text) if kept and gone else (_all(kept), _all(gone))
        sides = self._side(one.beside, kept, both[0]), self._side(one.document, gone, both[1])
        of = f"one of {self._sizes[one.beside]:,}, " if one.of == "largest" else ""
        return Shown(f"{of}similarity {one.similarity:.3f}", sides)

    def _marked(self, one: Example) -> Shown:
        text = self._texts.get(one.document)
        told, spans = self._alone[one.of](one, text)
        shown = text and (text.whole if one.of in ("protected", "found") else text.text)
        stretches = marked(shown, spans) if shown is not None else ()
        return Shown(told, (self._side(one.document, text, stretches),))

    def _works(self, one: Example, _: Text | None) -> Told:
        found = next(self._guarded.of(np.array([one.document], np.uint32)))
        works = ", ".join(sorted({each.title or each.work for each in found}))
        return Told(works, [(each.start, each.end) for each in found])

    def _share(self, one: Example, text: Text | None) -> Told:
        kept = self._standing.ids[self._numbers.index(one.beside)]
        told = f"{one.similarity:.0%} of its tokens stand in other documents, most of them in {kept}"
        return Told(told, self._passages_of(one.document, text))

    def _holders(self, one: Example, text: Text | None) -> Told:
        return Told(f"in {one.similarity:,.0f} documents", self._passages_of(one.document, text))

    def _passages_of(self, number: int, text: Text | None) -> list[tuple[int, int]]:
        if text is None or self._repeated is None or len(text.text) > LONG:
            return []
        chosen = np.flatnonzero(self._repeated.documents == number)
        cuts = np.stack([self._repeated.starts[chosen], self._repeated.ends[chosen]], axis=1)
        return [(start, end) for start, end in passages.spans(text.text, text.language, cuts).tolist()]

    def _side(self, number: int, text: Text | None, stretches: Stretches) -> Side:
        at = self._numbers.index(number)
        source, row = self._standing.sources[at], int(self._standing.rows[at])
        place = "of an earlier delivery" if number < self._old else f"{source}, row {row:,}"
        missing = "" if text else "its text is not at hand"
        fate = "kept" if self._settled.fates[number] == KEPT else "dropped"
        return Side(
            self._standing.ids[at] or "", place, fate, stretches, missing, bool(text and text.language)
        )


def _all(text: Text | None) -> Stretches:
    return marked(text.text, ()) if text else ()
