"""The documents of a pass, over all its parts and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.outcome.places import Places
from simblock_indexer.dedup.part import Documents
from tests.indexer.dedup.outcome.passes import Delivery, Doc

FILES = {
    "a.jsonl": [None, Doc("a1"), Doc("a2", "own"), None, Doc("a4")],
    "b.jsonl": [Doc("b0"), None, Doc("b2")],
}


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    """Of two files in two parts each, after two of an earlier delivery, of which one has no id."""
    earlier = [Doc("old", "before"), Doc("older")]
    options = DedupOptions(against=("books",))
    made = Delivery(FILES, options=options, earlier=earlier, halves={"a.jsonl": 2, "b.jsonl": 1})
    return Documents(made.made(tmp_path))


def test_documents_are_named_by_their_own_id_or_by_their_row_of_the_file(documents: Documents) -> None:
    ids = documents.ids(np.arange(len(documents)))
    assert ids == ["before", None, "a#2", "own", "a#5", "b#1", "b#3"]
    assert [documents.id(number) for number in range(2, 7)] == ids[2:]
    assert [documents.place(number) for number in range(2, 7)] == [(0, 1), (0, 2), (0, 4), (1, 0), (1, 2)]
    assert documents.ids(np.array([0, 3, 6])) == ["before", "own", "b#3"]
    assert documents.ids(np.empty(0, np.int64)) == []


def test_where_documents_stand_is_told_for_many_as_for_one(documents: Documents) -> None:
    found = Places(documents).any(np.array([6, 1, 2, 6], np.uint32))
    assert found.ids == ["b#3", None, "a#2", "b#3"]
    assert [place and Path(place).name for place in found.sources] == ["b.jsonl", None, "a.jsonl", "b.jsonl"]
    assert found.rows.tolist() == [3, 0, 2, 3]


def test_parts_of_a_delivery_know_their_rows_and_those_before(documents: Documents) -> None:
    told = [(its.part.source, its.base, its.before, its.after) for its in documents.delivered]
    assert told == [(0, 2, 0, 2), (0, 3, 2, 5), (1, 5, 0, 1), (1, 6, 1, 3)]
    assert [its.rows(slice(None)).tolist() for its in documents.delivered] == [[1], [2, 4], [0], [2]]
    assert [its.of(np.array([1, 3, 4, 6])) for its in documents.delivered] == [
        slice(1, 1), slice(1, 3), slice(3, 3), slice(3, 4),
    ]  # fmt: skip


def test_cuts_are_those_of_a_document(tmp_path: Path) -> None:
    docs = [Doc("plain"), Doc("it is cut", redacted=((0, 2), (3, 5))), Doc("it too", redacted=((1, 2),))]
    (its,) = Documents(Delivery({"x.jsonl": docs}).made(tmp_path)).delivered
    assert its.redacted.tolist() == [1, 2]
    assert [its.cuts(document).tolist() for document in range(3)] == [[], [[0, 2], [3, 5]], [[1, 2]]]
