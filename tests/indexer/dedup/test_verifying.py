from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.text import tokenise
from simblock_indexer.dedup import clustering, verifying
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import Documents
from tests.indexer.dedup.signed import candidates, settled, signed

VOCABULARY = [f"word{number}" for number in range(3000)]


def family(seed: int, documents: int = 60) -> list[str]:
    """Texts of which many are edited copies of others, and some are copies of copies."""
    drawn = random.Random(seed)
    texts = [" ".join(drawn.choices(VOCABULARY, k=drawn.randint(3, 200))) for _ in range(documents // 3)]
    while len(texts) < documents:
        words = drawn.choice(texts).split()
        for _ in range(drawn.choice([0, 0, 1, 2, 5, len(words) // 8])):
            words[drawn.randrange(len(words))] = drawn.choice(VOCABULARY)
        texts.append(" ".join(words))
    drawn.shuffle(texts)
    return texts


@cache
def shingle_set(text: str) -> set[tuple[int, ...]]:
    keys = tokenise(text).keys.tolist()
    return {tuple(keys[at : at + 5]) for at in range(max(len(keys) - 4, 1))}


def jaccard(one: str, other: str) -> float:
    ones, others = shingle_set(one), shingle_set(other)
    return len(ones & others) / len(ones | others)


def one_by_one(
    texts: list[str], pairs: set[tuple[int, int]], order: list[int], threshold: float
) -> list[int]:
    """The representative of each text, found as the docstring of verifying has it."""
    place = {number: at for at, number in enumerate(order)}
    found: dict[int, int] = {}
    for number in order:
        better = {a + b - number for a, b in pairs if number in (a, b)}
        found[number] = number
        for candidate in sorted((c for c in better if place[c] < place[number]), key=place.__getitem__):
            if jaccard(texts[number], texts[found[candidate]]) >= threshold:
                found[number] = found[candidate]
                break
    return [found[number] for number in range(len(texts))]


@pytest.mark.parametrize("threshold", [0.5, 0.8])
@pytest.mark.parametrize("seed", range(4))
def test_clusters_are_those_of_going_one_by_one(tmp_path: Path, seed: int, threshold: float) -> None:
    texts = family(seed)
    ranks = np.random.default_rng(seed).integers(0, 3, len(texts)).astype(float).tolist()
    folder = signed(tmp_path / "pass", texts, DedupOptions(threshold=threshold), ranks=ranks, parts=3)
    pairs = candidates(folder)
    order = sorted(range(len(texts)), key=lambda number: (ranks[number], number))
    assert settled(folder).keepers.tolist() == one_by_one(texts, pairs, order, threshold)


@settings(max_examples=10)
@given(st.integers(0, 1000), st.sampled_from([0.5, 0.7, 0.9]), st.integers(1, 3))
def test_every_dropped_text_resembles_the_one_that_is_kept_and_no_last_copy_goes(
    seed: int, threshold: float, most: int
) -> None:
    texts = family(seed, 30)
    with TemporaryDirectory() as room:
        folder = signed(Path(room) / "pass", texts, DedupOptions(threshold=threshold, max_copies=most))
        found = settled(folder)
        fates, keepers = found.fates.tolist(), found.keepers.tolist()
        for number, keeper in enumerate(keepers):
            assert fates[keeper] == 0
            similarity = jaccard(texts[number], texts[keeper])
            assert similarity == pytest.approx(float(found.similarities[number]), abs=1e-6)
            assert similarity >= threshold - 1e-6
            if fates[number]:
                kept = [other for other in range(len(texts)) if keepers[other] == keeper and not fates[other]]
                assert len(kept) == most
    for number, text in enumerate(texts):  # equal texts go to one cluster
        assert keepers[number] == keepers[texts.index(text)]


def test_jaccards_are_exact_whatever_is_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = family(7)
    documents = Documents(signed(tmp_path / "pass", texts))
    drawn = np.random.default_rng(1).integers(0, len(texts), (300, 2))
    expected = [jaccard(texts[a], texts[b]) for a, b in drawn.tolist()]
    assert verifying.jaccards(documents, drawn).tolist() == pytest.approx(expected, abs=1e-6)
    monkeypatch.setattr(verifying, "_HELD", 100)
    monkeypatch.setattr(verifying, "_COMPARED", 500)
    assert verifying.jaccards(documents, drawn).tolist() == pytest.approx(expected, abs=1e-6)


def test_the_division_into_units_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = family(3)
    whole = settled(signed(tmp_path / "whole", texts))
    monkeypatch.setattr(clustering, "UNIT", 1)
    folder = signed(tmp_path / "divided", texts, parts=5, partitions=32)
    divided = settled(folder)
    assert clustering.units(folder) > 3
    assert divided.keepers.tolist() == whole.keepers.tolist()
    assert divided.similarities.tolist() == whole.similarities.tolist()


def test_a_chain_of_small_changes_is_cut_where_it_leaves_its_representative(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(100)]
    texts = []
    for step in range(0, 100, 5):
        texts.append(" ".join([f"new{number}" for number in range(step)] + words[step:]))
    found = settled(signed(tmp_path / "pass", texts))
    assert len(set(found.keepers.tolist())) > 4
    assert (found.similarities >= 0.8).all()


def test_how_many_are_decided_together_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"w{number % 700}x{number}" for number in range(3000)]
    texts = [" ".join(words[at : at + 60]) for at in range(0, 2900, 4)]  # a chain: each resembles the next
    together = settled(signed(tmp_path / "together", texts)).keepers.tolist()
    monkeypatch.setattr(verifying, "_TOGETHER", 7)
    assert settled(signed(tmp_path / "apart", texts)).keepers.tolist() == together
    assert len(set(together)) > 300


def test_a_shingle_that_stands_several_times_counts_once(tmp_path: Path) -> None:
    texts = ["one two three four five six seven " * 6, "one two three four five six seven eight nine ten"]
    documents = Documents(signed(tmp_path / "pass", texts))
    for pair in ([0, 1], [1, 0], [0, 0]):
        expected = jaccard(*(texts[number] for number in pair))
        assert verifying.jaccards(documents, np.array([pair])).tolist() == pytest.approx([expected], abs=1e-6)


def test_a_pair_exactly_at_the_threshold_is_alike(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(104)]
    texts = [" ".join(words), " ".join(words[:84])]  # 80 of 100 shingles
    assert jaccard(*texts) == 0.8
    found = settled(signed(tmp_path / "pass", texts, DedupOptions(threshold=0.8)))
    assert found.keepers.tolist() == [0, 0]
    assert found.similarities[1] == np.float32(0.8)


def test_of_several_that_are_alike_the_first_by_the_rule_is_the_keeper(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(200)]
    middle = words[15:185]
    texts = [" ".join(words[:170]), " ".join(words[30:]), " ".join(middle)]  # the outer two are not alike
    assert jaccard(texts[0], texts[1]) < 0.8 <= min(jaccard(texts[0], texts[2]), jaccard(texts[1], texts[2]))
    for ranks, keeper in (([1.0, 2.0, 3.0], 0), ([2.0, 1.0, 3.0], 1)):
        found = settled(signed(tmp_path / str(keeper), texts, ranks=ranks))
        assert found.keepers.tolist() == [0, 1, keeper]
