from __future__ import annotations

from pathlib import Path

import pytest

from simblock.errors import InputError
from simblock_indexer.dedup import clustering, joining
from simblock_indexer.dedup.ids import check_ids, equal_ids
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import Documents
from tests.indexer.dedup.signed import signed


def test_rows_of_one_id_are_counted_and_two_of_them_named(tmp_path: Path) -> None:
    ids = ["a", None, "b", "a", None, "ab", "ba", "b", "b"]
    texts = [f"text number {number}" for number in range(9)]
    documents = Documents(signed(tmp_path / "pass", texts, ids=ids, parts=4))
    found = equal_ids(documents)
    assert found is not None
    assert (found.rows, found.first, found.second) == (3, 0, 3)
    assert check_ids(documents) == 3


def test_ids_that_are_all_different_or_none_are_no_trouble(tmp_path: Path) -> None:
    texts = ["one text", "another text", ""]
    for number, ids in enumerate(([None] * 3, ["a", "b", "c"], [])):
        folder = signed(tmp_path / str(number), texts[: len(ids)], ids=ids, parts=1)
        assert equal_ids(Documents(folder)) is None


def test_where_ids_must_be_unique_the_pass_ends_before_anything_is_written(tmp_path: Path) -> None:
    options = DedupOptions(unique_ids=True)
    folder = signed(tmp_path / "pass", ["one text", "another text"], options, ids=["x", "x"])
    for partition in range(16):
        joining.join(folder, partition)
    with pytest.raises(
        InputError, match=r"two rows are called 'x', texts\.jsonl, row 1 and texts\.jsonl, row 2"
    ):
        clustering.cluster(folder)
    assert not folder.clustered.exists()
