"""What becomes of documents for the passages in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simblock.tokens import NAME_KEY
from simblock_indexer.dedup import repeats
from simblock_indexer.dedup.part import CODE, TAKEN
from simblock_indexer.dedup.repeats import Postings
from simblock_indexer.dedup.settled import EXACT, KEPT, NEAR, PASSAGE, Settled
from tests.indexer.dedup.passage_passes import laid_out, runs_of, settled

RANDOM = np.random.default_rng(1)
NOTICE = RANDOM.integers(0, 1 << 30, 60).tolist()
BANNER = RANDOM.integers(0, 1 << 30, 60).tolist()


def words(count: int) -> list[int]:
    """So many words that stand nowhere else."""
    found: list[int] = RANDOM.integers(0, 1 << 30, count).tolist()
    return found


def test_a_passage_that_a_document_has_twice_counts_once(tmp_path: Path) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE + words(5) + NOTICE, words(90)])], cut="redact")
    after, found = settled(tmp_path, documents)
    assert len(found.starts) == 0
    assert len(after.cuts) == 0


def test_both_places_of_a_passage_are_cut_where_another_document_keeps_it(tmp_path: Path) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE, NOTICE + words(5) + NOTICE])], cut="redact")
    after, found = settled(tmp_path, documents)
    assert after.cut_documents.tolist() == [1, 1]
    assert after.cuts.tolist() == [[0, 60], [65, 125]]
    assert found.holders.tolist() == [2, 2]
    assert found.cut.tolist() == [1, 1]


def test_a_passage_is_not_cut_where_its_only_other_copy_was_damaged_by_a_cut(tmp_path: Path) -> None:
    # The second document loses NOTICE, and with it the beginning of what it shares with the third.
    tail = words(40)
    rows = [NOTICE, NOTICE + tail, NOTICE[30:] + tail]
    documents = laid_out(tmp_path, [runs_of(rows)], cut="redact", min_passage=50)
    after, _ = settled(tmp_path, documents)
    assert after.cut_documents.tolist() == [1]
    assert after.cuts.tolist() == [[0, 60]]


def test_a_document_made_of_passages_of_others_is_dropped_with_the_one_that_has_most_of_it(
    tmp_path: Path,
) -> None:
    rows = [NOTICE + words(50), BANNER + NOTICE[:50] + words(50), words(3) + BANNER + NOTICE + words(5)]
    documents = laid_out(tmp_path, [runs_of(rows)], cut="drop", threshold=0.9)
    after, found = settled(tmp_path, documents)
    assert after.fates.tolist() == [KEPT, KEPT, PASSAGE]
    assert after.keepers.tolist() == [0, 1, 1]
    assert after.similarities[2] == pytest.approx(120 / 128)
    assert len(after.cuts) == 0
    assert found.documents.tolist() == [1, 2, 2]
    assert found.cut.tolist() == [0, 1, 1]  # the second document has too little of it to be dropped


def test_under_the_share_passages_are_listed_and_nothing_else(tmp_path: Path) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE + words(50), NOTICE + words(50)])], cut="drop")
    after, found = settled(tmp_path, documents)
    assert after.fates.tolist() == [KEPT, KEPT]
    assert found.cut.tolist() == [0]


@pytest.mark.parametrize("cut", ["list", "redact", "drop"])
def test_documents_that_are_dropped_already_neither_have_passages_nor_keep_any(
    tmp_path: Path, cut: str
) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE, NOTICE, NOTICE + words(5), words(60)])], cut=cut)
    before = Settled.untouched(4)
    before.fates[:2] = NEAR
    before.keepers[:2] = 3
    after, found = settled(tmp_path, documents, before=before)
    assert len(found.starts) == 0
    assert after.fates.tolist() == before.fates.tolist()


def test_what_is_taken_out_as_protected_keeps_nothing(tmp_path: Path) -> None:
    runs = runs_of([NOTICE, NOTICE, words(60)])
    runs.sorts[0] = TAKEN
    documents = laid_out(tmp_path, [runs], cut="redact")
    after, _ = settled(tmp_path, documents)
    assert len(after.cuts) == 0


@pytest.mark.parametrize("cut", ["redact", "drop"])
def test_exact_copies_follow_the_document_that_is_dropped(tmp_path: Path, cut: str) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE + words(30), NOTICE, NOTICE])], cut=cut)
    before = Settled.untouched(3)
    before.fates[2], before.keepers[2] = EXACT, 1
    after, _ = settled(tmp_path, documents, before=before)
    assert after.fates.tolist() == [KEPT, PASSAGE, PASSAGE]
    assert after.keepers.tolist() == [0, 0, 0]
    assert len(after.cuts) == 0


@pytest.mark.parametrize("cut", ["redact", "drop"])
@pytest.mark.parametrize("fate", [NEAR, KEPT])
def test_a_document_that_others_were_compared_with_is_not_dropped(
    tmp_path: Path, fate: int, cut: str
) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE + words(30), NOTICE, words(60)])], cut=cut)
    before = Settled.untouched(3)
    before.fates[2], before.keepers[2] = fate, 1
    after, found = settled(tmp_path, documents, before=before)
    assert after.fates.tolist() == [KEPT, KEPT, fate]
    assert found.cut.tolist() == [0]
    assert len(after.cuts) == 0


def test_of_several_copies_that_may_stay_the_first_by_priority_do(tmp_path: Path) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE] * 5)], cut="redact", max_copies=2)
    after, _ = settled(tmp_path, documents, order=[4, 2, 0, 1, 3])
    assert after.fates.tolist() == [PASSAGE, PASSAGE, KEPT, PASSAGE, KEPT]


def test_documents_of_earlier_deliveries_keep_what_they_have(tmp_path: Path) -> None:
    documents = laid_out(
        tmp_path, [runs_of([[1, *NOTICE]])], [runs_of([NOTICE + words(3)]), runs_of([NOTICE])], cut="redact"
    )
    after, found = settled(tmp_path, documents)
    assert after.cut_documents.tolist() == [2]
    assert found.keepers.tolist() == [0]
    assert found.holders.tolist() == [3]


def test_code_is_cut_whatever_its_names_are(tmp_path: Path) -> None:
    code = np.array(NOTICE, np.uint32)
    code[::4] = NAME_KEY | np.arange(15) % 6
    renamed = np.where(code >= NAME_KEY, code ^ np.uint32(0x1500), code)
    swapped = renamed.copy()
    swapped[28] = NAME_KEY | 77  # another name at one place is another program
    rows = [[*rows.tolist(), place] for place, rows in enumerate((code, renamed, swapped))]
    documents = laid_out(tmp_path, [runs_of(rows, CODE)], cut="redact")
    after, found = settled(tmp_path, documents)
    assert after.cut_documents.tolist() == [1]
    assert after.cuts.tolist() == [[0, 60]]
    assert found.keepers.tolist() == [0]


def test_windows_of_one_hash_are_in_excess_only_where_their_tokens_are_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = repeats.window_hashes
    monkeypatch.setattr(repeats, "window_hashes", lambda *a, **k: whole(*a, **k) & np.uint64(7))
    rows = [NOTICE + BANNER, words(9) + NOTICE + words(9), BANNER[:30] + NOTICE[:30], BANNER + words(30)]
    documents = laid_out(tmp_path, [runs_of(rows)], cut="redact")
    _, found = settled(tmp_path, documents)
    for document, start, end, keeper, place, *_ in zip(*(column.tolist() for column in found), strict=True):
        assert rows[document][start:end] == rows[keeper][place : place + end - start]


@pytest.mark.parametrize("cut", ["list", "redact", "drop"])
def test_parts_partitions_and_buckets_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    passages = [words(70) for _ in range(12)]
    rows = [
        passages[RANDOM.integers(12)][RANDOM.integers(20) :] + words(20) + passages[RANDOM.integers(12)]
        for _ in range(80)
    ]
    outcomes: list[Any] = []
    for name, ends, buckets in (("one", [80], 1), ("many", [7, 30, 30, 80], 16)):
        monkeypatch.setattr(repeats, "_buckets", lambda *_, count=buckets: count)
        monkeypatch.setattr(repeats, "BATCH", 1 << 21 if buckets == 1 else 500)
        parts = [runs_of(rows[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
        documents = laid_out(tmp_path / name, parts, cut=cut, threshold=0.5, partitions=buckets)
        after, found = settled(tmp_path / name, documents)
        outcomes.append(
            [*(getattr(after, field).tolist() for field in after.ARRAYS), *(c.tolist() for c in found)]
        )
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][5]


def test_postings_of_a_common_passage_are_as_many_as_its_places(tmp_path: Path) -> None:
    documents = laid_out(tmp_path, [runs_of([NOTICE + words(1) for _ in range(3_000)])], cut="redact")
    postings = [Postings.read(tmp_path / "joined" / f"{number:06}") for number in range(4)]
    assert sum(len(found.places) for found in postings) <= 3_000 * 4
    after, _ = settled(tmp_path, documents)
    assert after.cut_documents.tolist() == list(range(1, 3_000))
    assert set(map(tuple, after.cuts.tolist())) == {(0, 60)}


def test_large_tables_of_keepers_lie_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    memmap = np.memmap
    monkeypatch.setattr(np, "memmap", lambda path, *a, **k: made.append(path.name) or memmap(path, *a, **k))
    monkeypatch.setattr("simblock_indexer.dedup.excess._IN_MEMORY", 1 << 60)
    documents = laid_out(tmp_path, [runs_of([[one, *NOTICE] for one in range(3)])], cut="redact")
    made.clear()
    after, _ = settled(tmp_path, documents)
    assert {"counts", "places"} <= set(made)
    assert after.cut_documents.tolist() == [1, 2]


def test_text_that_repeats_itself_is_one_passage_however_long(tmp_path: Path) -> None:
    rows = [[7] * 90 + words(9), words(3) + [7] * 400 + words(3) + [7, 8] * 200, [7, 8] * 300 + words(3)]
    documents = laid_out(tmp_path, [runs_of(rows)], cut="redact")
    after, found = settled(tmp_path, documents)
    assert after.cut_documents.tolist() == [1, 2]
    assert after.cuts.tolist() == [[3, 403], [0, 600]]
    assert found.starts.tolist() == [3, 0]


def test_code_that_repeats_itself_is_compared_by_its_shingles(tmp_path: Path) -> None:
    line = [1, NAME_KEY | 5, 2, NAME_KEY | 6, 3]
    renamed = [1, NAME_KEY | 8, 2, NAME_KEY | 9, 3]
    documents = laid_out(tmp_path, [runs_of([line * 40, [*renamed * 90, 9]], CODE)], cut="redact")
    after, _ = settled(tmp_path, documents)
    assert after.cuts.tolist() == [[0, 450]]
