"""What is put, on its way into an index: each text tokenised once, in batches, by whatever does the work.

A tokeniser is handed batches of documents and gives back the runs of each, in order. It may take several
batches before it gives anything (a pool of processes does); so what was handed out is remembered here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock import text
from simblock.errors import Incompatible
from simblock.scheme import Scheme
from simblock.tokens import VIEWS, Runs
from simblock.work import Document, Work

BATCH = 1 << 20
"""Characters tokenised at a time, at most; a longer text goes alone."""

Tokenise: TypeAlias = Callable[[Iterable[list[Document]]], Iterator[Runs]]
"""Makes the runs of batches of documents, in their order."""

_UNSAID = Work("")
_LASTING = tuple(name for name in Work.__slots__ if name not in ("id", "reason", "kind", "language"))
"""What is known of a work until something else is said; a reason is that of one change."""


class News(NamedTuple):
    """A document that is to be in the index, and the digests of its text and of what is known of it."""

    document: Document
    text: bytes
    metadata: bytes


class Waiting(NamedTuple):
    """A work whose row is written once its text has a run."""

    work: Work
    text: bytes
    metadata: bytes


class Batch(NamedTuple):
    """Documents of new texts, the texts' digests, and the works that can be entered after them."""

    documents: list[Document]
    digests: list[bytes]
    works: list[Waiting]


class Intake:
    """Sorts news into batches; ``known`` are the digests of the texts that have a run, now and as they get one."""

    def __init__(self, known: Container[bytes]) -> None:
        self._known = known
        self._sent: set[bytes] = set()
        self._filling = Batch([], [], [])
        self._size = 0
        self._ahead: deque[Batch] = deque()

    def batches(self, news: Iterable[News]) -> Iterator[list[Document]]:
        """The documents of each batch, for a tokeniser."""
        for one in news:
            if one.text not in self._known and one.text not in self._sent:
                if self._filling.documents and self._size + len(one.document.text) > BATCH:
                    yield self._hand_out()
                self._sent.add(one.text)
                self._filling.documents.append(one.document)
                self._filling.digests.append(one.text)
                self._size += len(one.document.text)
            self._filling.works.append(Waiting(one.document.work, one.text, one.metadata))
        if self._filling.documents:
            yield self._hand_out()

    def _hand_out(self) -> list[Document]:
        batch = self._filling
        self._ahead.append(batch)
        self._filling, self._size = Batch([], [], []), 0
        return batch.documents

    def next(self) -> Batch:
        """The batch whose runs come next."""
        return self._ahead.popleft()

    def rest(self) -> list[Waiting]:
        """The works that came after the last new text. Raises RuntimeError where runs of batches never came."""
        if self._ahead:
            raise RuntimeError(f"the tokeniser gave no runs of the last {len(self._ahead)} batches")
        return self._filling.works


def tokenise_here(batches: Iterable[list[Document]]) -> Iterator[Runs]:
    """The tokeniser of one process."""
    for batch in batches:
        if all(document.work.kind == "text" for document in batch):
            yield text.tokenise_many([document.text for document in batch])
        else:
            from simblock import code  # with the parsers, which an index of texts does without

            yield code.tokenise_documents(batch)


def new_languages(
    documents: Iterable[Document], known: Container[str], scheme: Scheme, name: str
) -> dict[str, str]:
    """Languages of code that are not known yet, each with the stamp of what reads it.

    Raises Incompatible where the scheme of the index ``name`` has no channel that would find renamed code.
    """
    used = {d.work.language for d in documents if d.work.kind == "code" and d.work.language}
    if used and not any("lexemes" in channel.views for channel in scheme.channels):
        raise Incompatible(
            f"{name} was made without channels for code: make it anew with simblock-index rebuild OLD NEW, "
            "and add the code to that"
        )
    new = sorted(language for language in used if language not in known)
    if not new:
        return {}
    from simblock import stamps  # with the parsers, which an index of texts does without

    return {language: str(stamps.stamp_of(language)) for language in new}


def counted(runs: Runs) -> dict[str, int]:
    """The words of texts and the lexemes of code among runs."""
    if runs.views is None:
        return {"words": len(runs.tokens)}
    sizes = np.bincount(runs.views, weights=np.diff(runs.bounds), minlength=len(VIEWS))
    return {name: int(sizes[VIEWS.index(name)]) for name in ("words", "lexemes")}


def completed(work: Work, stored: Work) -> Work:
    """``work`` with each lasting field that it leaves unsaid as it is in ``stored``.

    Its kind is always said, and a language is one of that kind: where the kind changes, none stays.
    """
    unsaid = [name for name in _LASTING if getattr(work, name) == getattr(_UNSAID, name)]
    if work.language is None and work.kind == stored.kind:
        unsaid.append("language")
    return replace(work, **{name: getattr(stored, name) for name in unsaid})
