"""What was found of protected works, by document."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from simblock.match import SEVERITY
from simblock.tokens import U32
from simblock_indexer.dedup.part import Delivered, Documents, SignedPart
from simblock_indexer.dedup.protected import Found

_SEVERITY: Mapping[str, int] = {str(action): degree for action, degree in SEVERITY.items()}


class Guarded:
    """What was found, of the parts of this delivery; of one part at a time in memory."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._held: tuple[int, dict[int, list[Found]]] = (-1, {})

    def of(self, numbers: U32) -> Iterator[list[Found]]:
        """What was found in each of some documents, whose numbers rise."""
        for its, _, inside in self._documents.among(numbers):
            for line in its.signed.array("lines")[inside].tolist():
                yield self._by_line(its).get(line, [])

    def worst(self, numbers: U32) -> Iterator[Found | None]:
        """Of each document what the policy takes most amiss: by action, then by how much there is."""
        for found in self.of(numbers):
            yield max(found, key=severity, default=None)

    def _by_line(self, its: Delivered) -> dict[int, list[Found]]:
        if self._held[0] != its.part.number:
            grouped: dict[int, list[Found]] = defaultdict(list)
            for one in read(its.signed):
                grouped[one.line].append(one)
            self._held = (its.part.number, grouped)
        return self._held[1]


def severity(found: Found) -> tuple[int, int, float]:
    """By what findings of one document are ordered."""
    return _SEVERITY[found.action], found.tokens, found.similarity


def read(part: SignedPart) -> list[Found]:
    """All that was found in a part, in the order of its documents."""
    path = part.folder / "protected.json"
    if not path.exists():
        return []
    told: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return [Found(**one) for one in told]


def numbers_of(its: Delivered, found: list[Found]) -> U32:
    """The numbers of the documents of a part that something was found in."""
    lines = its.signed.array("lines")
    inside = np.searchsorted(lines, np.array([one.line for one in found], np.int64))
    return (inside + its.base).astype(np.uint32)
