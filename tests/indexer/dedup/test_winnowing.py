"""Anchors: what two documents with a common passage are sure to have in common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.tokens import MEMBER_KEY, NAME_KEY
from simblock_indexer.dedup import winnowing
from simblock_indexer.dedup.options import LONGEST_PASSAGE
from simblock_indexer.dedup.part import CODE, TEXT
from simblock_indexer.dedup.passages import anchors, concatenated
from simblock_indexer.dedup.winnowing import measure, window_hashes
from tests.indexer.dedup.passage_passes import runs_of


@pytest.mark.parametrize("least", [16, 17, 29, 30, 50, 333, 10_000])
@pytest.mark.parametrize("code", [False, True])
def test_a_window_is_as_long_as_a_passage_must_be_and_has_the_shingles_of_the_exact_channels(
    least: int, code: bool
) -> None:
    window, n, g = measure(least, code=code)
    assert window == max(least, 30 if code else 16)
    assert n + g - 1 == window
    assert n >= (15 if code else 8)
    assert 1 <= g <= 1 << 13


def test_passages_longer_than_a_block_cannot_be_asked_for() -> None:
    keys = np.random.default_rng(3).integers(0, 50, 70_000).astype(np.uint32)
    by = measure(LONGEST_PASSAGE, code=False)
    assert len(window_hashes(keys, by, code=False)) == len(keys) - LONGEST_PASSAGE + 1
    assert len(winnowing.anchors(keys, by, code=False)[0])
    with pytest.raises(AssertionError, match="in one block"):
        measure(LONGEST_PASSAGE + 1, code=False)


@given(
    st.integers(0, 40), st.integers(0, 40), st.sampled_from([2, 4, 1000]), st.integers(16, 60), st.integers()
)
@settings(max_examples=150, deadline=None)
def test_documents_with_a_window_in_common_have_an_anchor_in_common_whatever_stands_around_it(
    before: int, after: int, alphabet: int, least: int, seed: int
) -> None:
    random = np.random.default_rng(abs(seed))
    shared = random.integers(0, alphabet, least)
    one = [*random.integers(0, alphabet, before), *shared, *random.integers(0, alphabet, after)]
    other = [*random.integers(0, alphabet, after), *shared, *random.integers(0, alphabet, before)]
    found = anchors(runs_of([one, other]), 1, least)
    mine, theirs = (
        {
            (key, place - start)
            for key, owner, place in zip(
                found["anchor_keys"].tolist(), found["anchor_owners"], found["anchor_places"], strict=True
            )
            if owner == document and start <= place <= start + least - measure(least, code=False).n
        }
        for document, start in ((0, before), (1, after))
    )
    assert mine & theirs


@given(st.lists(st.lists(st.integers(0, 3), max_size=90), max_size=8), st.integers(0, 8))
@settings(max_examples=100, deadline=None)
def test_anchors_of_batches_put_together_are_those_of_all_at_once(
    documents: list[list[int]], half: int
) -> None:
    half = min(half, len(documents))
    halves = [runs_of(documents[:half]), runs_of(documents[half:])]
    together = concatenated([anchors(runs, 8, 16) for runs in halves], [half, len(documents) - half])
    whole = anchors(runs_of(documents), 8, 16)
    # Batches see other neighbours of a document: anchors beyond the certain ones may differ there.
    certain = [_certain(found, documents) for found in (together, whole)]
    assert certain[0] == certain[1]
    for found in (together, whole):
        keys, splits = found["anchor_keys"], found["anchor_splits"]
        parts = np.repeat(np.arange(8), np.diff(splits))
        assert (keys >> np.uint64(61) == parts).all()


def _certain(found: dict[str, np.ndarray], documents: list[list[int]]) -> set[tuple[int, int, int]]:
    by = measure(16, code=False)
    wanted = set()
    for owner, document in enumerate(documents):
        places, hashes = winnowing.anchors(np.array(document, np.uint32), by, code=False)
        wanted |= {(owner, place, key) for place, key in zip(places.tolist(), hashes.tolist(), strict=True)}
    there = set(
        zip(
            found["anchor_owners"].tolist(),
            found["anchor_places"].tolist(),
            found["anchor_keys"].tolist(),
            strict=True,
        )
    )
    assert wanted <= there
    return wanted


def test_long_runs_are_winnowed_in_blocks_as_if_they_were_one(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.random.default_rng(3).integers(0, 50, 2_000).astype(np.uint32)
    by = measure(50, code=False)
    places, hashes = winnowing.anchors(keys, by, code=False)
    windows = window_hashes(keys, by, code=False)
    monkeypatch.setattr(winnowing, "_BLOCK", 130)
    winnowing._countdown.cache_clear()
    try:
        again = winnowing.anchors(keys, by, code=False)
        assert (again[0] == places).all()
        assert (again[1] == hashes).all()
        assert (window_hashes(keys, by, code=False) == windows).all()
        assert len(windows) == len(keys) - 49
        assert 0.04 < len(places) / len(keys) < 0.08  # about 2 / (g + 1)
    finally:
        monkeypatch.undo()
        winnowing._countdown.cache_clear()


def test_code_is_found_under_other_names_and_is_never_the_same_as_text() -> None:
    random = np.random.default_rng(5)
    lexemes = random.integers(0, 30, 400).astype(np.uint32)
    lexemes[::3] = NAME_KEY | random.integers(0, 9, len(lexemes[::3])).astype(np.uint32)
    lexemes[::7] |= np.uint32(NAME_KEY | MEMBER_KEY)
    renamed = np.where(lexemes >= NAME_KEY, lexemes ^ np.uint32(0x155500), lexemes)
    as_code = [anchors(runs_of([keys.tolist()], CODE), 1, 50) for keys in (lexemes, renamed)]
    as_text = [anchors(runs_of([keys.tolist()], TEXT), 1, 50) for keys in (lexemes, renamed)]
    assert (as_code[0]["anchor_keys"] == as_code[1]["anchor_keys"]).all()
    assert not set(as_text[0]["anchor_keys"].tolist()) & set(as_text[1]["anchor_keys"].tolist())
    assert not set(as_text[0]["anchor_keys"].tolist()) & set(as_code[0]["anchor_keys"].tolist())


def test_documents_that_are_not_compared_have_no_anchors() -> None:
    runs = runs_of([[1, 2, 3] * 20, [], [4, 5, 6] * 20])
    runs.sorts[0] = 3  # taken
    found = anchors(runs, 2, 16)
    assert set(found["anchor_owners"].tolist()) == {2}
