from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from simblock.errors import Damaged, UsageError
from simblock_indexer.dedup import keeping
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import KEPT
from tests.indexer.dedup.signed import settled, signed
from tests.indexer.dedup.test_verifying import family, jaccard


def deliver(
    room: Path, state: Path, texts: list[str], options: DedupOptions, *, partitions: int = 16
) -> tuple[Documents, list[int], list[int]]:
    """One delivery: its documents with those before, and the fates and keepers of all."""
    segments = keeping.earlier(state, options)
    folder = signed(room, texts, options, state=state, segments=segments, partitions=partitions)
    found = settled(folder)
    keeping.keep(folder)
    return Documents(folder), found.fates.tolist(), found.keepers.tolist()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_later_delivery_is_compared_with_what_was_kept_before(tmp_path: Path, most: int) -> None:
    texts = family(21, 150)
    options, state = DedupOptions(max_copies=most), tmp_path / "state"
    kept: list[str] = []
    for number, partitions in enumerate((16, 64, 1)):
        delivery = texts[number * 50 : number * 50 + 50]
        documents, fates, keepers = deliver(
            tmp_path / f"pass{number}", state, delivery, options, partitions=partitions
        )
        assert documents.old == len(kept)
        known = kept + delivery
        assert not any(fates[: len(kept)])
        for at in range(documents.old, len(documents)):
            assert jaccard(known[at], known[keepers[at]]) >= 0.8 - 1e-6
        kept = [known[at] for at, fate in enumerate(fates) if fate == KEPT]
    together = signed(tmp_path / "together", texts, options)
    at_once = settled(together)
    assert abs(len(kept) - int((at_once.fates == KEPT).sum())) <= 2


def test_copies_are_counted_over_all_deliveries(tmp_path: Path) -> None:
    text = " ".join(f"w{number}" for number in range(80))
    options, state = DedupOptions(max_copies=3), tmp_path / "state"
    counts = []
    for number in range(4):
        documents, fates, _ = deliver(
            tmp_path / str(number), state, [text, text + " more", f"another {number} text"], options
        )
        counts.append(Counter(fates[documents.old :])[KEPT])
    assert counts == [3, 2, 1, 1]


def test_a_state_keeps_runs_and_ids_but_entries_of_representatives_alone(tmp_path: Path) -> None:
    text = " ".join(f"w{number}" for number in range(80))
    options, state = DedupOptions(max_copies=2), tmp_path / "state"
    deliver(tmp_path / "first", state, [text, "", text, text], options)
    documents, _, _ = deliver(tmp_path / "second", state, ["something else altogether"], options)
    assert documents.old == 2
    assert documents.lengths(np.arange(2)).tolist() == [80, 80]
    assert [documents.id(number) for number in range(3)] == [
        "texts.jsonl#1",
        "texts.jsonl#3",
        "texts.jsonl#1",
    ]
    owners = np.concatenate([part.array("owners") for part in documents.parts[:2]])
    assert set(owners.tolist()) == {0}
    assert documents.copies(np.array([0])).tolist() == [1]


def test_a_delivery_is_added_once_and_one_that_was_broken_off_is_made_anew(tmp_path: Path) -> None:
    options, state = DedupOptions(), tmp_path / "state"
    folder = signed(tmp_path / "pass", family(2), options, state=state)
    settled(folder)
    keeping.keep(folder)
    before = keeping.earlier(state, options)
    keeping.keep(folder)
    assert keeping.earlier(state, options) == before
    (state / "state.json").unlink()  # as if killed before it was listed
    keeping.keep(folder)
    assert keeping.earlier(state, options) == before


def test_a_state_of_other_options_or_with_a_damaged_list_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    deliver(tmp_path / "pass", state, family(2, 9), DedupOptions())
    with pytest.raises(UsageError, match=r"--threshold 0\.8"):
        keeping.earlier(state, DedupOptions(threshold=0.5))
    (state / "state.json").write_text("{", "utf-8")
    with pytest.raises(Damaged, match="list of deliveries"):
        keeping.earlier(state, DedupOptions())
    shutil.rmtree(state)
    assert keeping.earlier(state, DedupOptions()) == ()
