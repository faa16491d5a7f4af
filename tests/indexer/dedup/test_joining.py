from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simblock_indexer.dedup import joining
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import SignedPart
from tests.indexer.dedup.signed import candidates, settled, signed
from tests.indexer.dedup.test_verifying import VOCABULARY, family, jaccard


def test_nearly_all_pairs_over_the_threshold_are_candidates_and_hardly_any_far_below(tmp_path: Path) -> None:
    texts = family(11, 240)
    found = candidates(signed(tmp_path / "pass", texts))
    firsts = {text: at for at, text in reversed(list(enumerate(texts)))}
    alike = {
        (a, b)
        for a in firsts.values()
        for b in firsts.values()
        if a < b and jaccard(texts[a], texts[b]) >= 0.8
    }
    assert len(alike) > 30
    assert len(alike - found) <= 0.005 * len(alike)
    assert all(jaccard(texts[a], texts[b]) > 0.5 for a, b in found)


def test_equal_texts_are_each_a_candidate_with_the_first_by_the_rule(tmp_path: Path) -> None:
    text = " ".join(VOCABULARY[:50])
    folder = signed(tmp_path / "pass", [text] * 6, ranks=[3, 2, 1, 2, 3, 4])
    assert candidates(folder) == {(0, 2), (1, 2), (2, 3), (2, 4), (2, 5)}


def test_a_crowd_of_near_copies_makes_no_square_of_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "CROWD", 48)
    drawn = random.Random(2)
    texts = []
    for _ in range(400):
        words = VOCABULARY[:300].copy()
        words[drawn.randrange(300)] = drawn.choice(VOCABULARY)
        texts.append(" ".join(words))
    folder = signed(tmp_path / "pass", texts)
    found = candidates(folder)
    assert len(found) < 400 * 2 * joining.AHEAD * 4
    assert len(set(settled(folder).keepers.tolist())) == 1


def test_candidates_are_in_order_and_none_stands_twice_in_a_partition(tmp_path: Path) -> None:
    folder = signed(tmp_path / "pass", family(5))
    candidates(folder)
    for partition in range(folder.plan.partitions):
        pairs = np.load(folder.joined(partition) / "pairs.npy").astype(np.int64)
        assert (pairs[:, 0] < pairs[:, 1]).all()
        assert (np.diff(pairs[:, 0] << 32 | pairs[:, 1]) > 0).all()


@pytest.mark.parametrize("partitions", [1, 256])
def test_the_number_of_parts_and_partitions_changes_no_candidate(tmp_path: Path, partitions: int) -> None:
    texts, options = family(9), DedupOptions(threshold=0.5)
    one = candidates(signed(tmp_path / "one", texts, options, parts=1))
    assert candidates(signed(tmp_path / "other", texts, options, parts=7, partitions=partitions)) == one


def test_texts_without_words_meet_nobody(tmp_path: Path) -> None:
    folder = signed(tmp_path / "pass", ["", "...", "", " ", "one word more"])
    assert not candidates(folder)
    assert settled(folder).keepers.tolist() == [0, 1, 2, 3, 4]


def test_every_band_finds_candidates(tmp_path: Path) -> None:
    """Pairs just over the threshold need them all."""
    drawn = random.Random(8)
    texts = []
    for _ in range(300):
        words = drawn.choices(VOCABULARY, k=120)
        edited = words.copy()
        for place in drawn.sample(range(0, 120, 6), 2):
            edited[place] = drawn.choice(VOCABULARY)
        texts += [" ".join(words), " ".join(edited)]
    pairs = {(at, at + 1) for at in range(0, 600, 2) if jaccard(texts[at], texts[at + 1]) >= 0.8}
    assert len(pairs) > 250
    found = candidates(signed(tmp_path / "pass", texts))
    assert len(pairs - found) <= 0.01 * len(pairs)


def test_in_a_crowd_all_pairs_are_candidates_up_to_its_size(tmp_path: Path) -> None:
    drawn = random.Random(3)
    texts = []
    for _ in range(120):
        words = VOCABULARY[:300].copy()
        words[drawn.randrange(300)] = drawn.choice(VOCABULARY)
        texts.append(" ".join(words))
    found = candidates(signed(tmp_path / "pass", texts))
    assert len(found) >= 0.999 * 120 * 119 / 2


def test_keys_of_the_last_partition_of_a_finer_part_are_found() -> None:
    class Part(SignedPart):
        def __init__(self) -> None:
            self._arrays = {"splits": np.arange(4097)}

    part = Part()
    for partitions in (1, 16, 4096):
        stretches = [part.stretch("splits", partition, partitions) for partition in range(partitions)]
        assert stretches[0].start == 0
        assert stretches[-1].stop == 4096
        assert all(one.stop == other.start for one, other in pairwise(stretches))
