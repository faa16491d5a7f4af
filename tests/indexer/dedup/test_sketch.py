from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from simblock.shingles import hashes, numbered
from simblock.text import tokenise
from simblock_indexer.dedup import sketch
from simblock_indexer.dedup.options import Sketch
from simblock_indexer.dedup.part import SLOTS

KINDS: tuple[Sketch, ...] = ("one-permutation", "permutations")


def shingle_sets(
    jaccard: float, size: int, pairs: int, seed: int = 3
) -> tuple[np.ndarray, np.ndarray, float]:
    """Pairs of sets of ``size`` shingles, side by side: hashes and bounds, and how similar they are."""
    drawn = np.random.default_rng(seed)
    shared = round(2 * size * jaccard / (1 + jaccard))
    laid = []
    for _ in range(pairs):
        pool = drawn.integers(0, 1 << 64, 2 * size - shared, np.uint64)
        laid += [pool[:size], pool[size - shared :]]
    return np.concatenate(laid), np.arange(2 * pairs + 1) * size, shared / (2 * size - shared)


@pytest.mark.parametrize("size", [20, 60, 150, 450, 2000])
@pytest.mark.parametrize("jaccard", [0.5, 0.8])
def test_sketches_agree_in_the_share_that_sets_have_in_common(size: int, jaccard: float) -> None:
    found, bounds, true = shingle_sets(jaccard, size, 400)
    for kind in KINDS:
        values = sketch.sketches(found, bounds, kind)
        agree = (values[:, 0::2] == values[:, 1::2]).mean(axis=0)
        ideal = np.sqrt(true * (1 - true) / SLOTS)
        assert abs(agree.mean() - true) < 0.01
        assert np.sqrt(((agree - true) ** 2).mean()) < 1.2 * ideal


def test_permutations_are_those_of_datasketch() -> None:
    found, bounds, _ = shingle_sets(0.5, 30, 4)
    values = sketch.sketches(found, bounds, "permutations")
    for run in range(8):
        peer = MinHash(
            num_perm=SLOTS, seed=1, scheme="affine32", hashfunc=lambda data: int.from_bytes(data, "big")
        )
        for shingle in found[bounds[run] : bounds[run + 1]].tolist():
            peer.update((shingle >> 32).to_bytes(4, "big"))
        assert values[:, run].tolist() == peer.hashvalues.tolist()


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(st.lists(st.integers(0, (1 << 64) - 1), min_size=1, max_size=300), min_size=1, max_size=6))
def test_a_sketch_does_not_depend_on_the_order_or_on_what_is_sketched_beside(
    kind: Sketch, runs: list[list[int]]
) -> None:
    lengths = [len(run) for run in runs]
    together = sketch.sketches(
        np.array([h for run in runs for h in run], np.uint64), np.cumsum([0, *lengths]), kind
    )
    for at, run in enumerate(runs):
        turned = np.array(run[::-1] + run[:1], np.uint64)
        alone = sketch.sketches(turned, np.array([0, len(turned)]), kind)
        assert alone[:, 0].tolist() == together[:, at].tolist()


def test_shingles_lie_inside_their_runs_and_short_runs_have_one() -> None:
    runs = [
        tokenise(text).keys
        for text in ("one two three four five six", "", "seven", "one two three four five")
    ]
    bounds = np.cumsum([0, *map(len, runs)])
    found, ends = sketch.shingles(np.concatenate(runs), bounds)
    assert np.diff(ends).tolist() == [2, 0, 1, 1]
    assert found[:2].tolist() == hashes(runs[0], 5).tolist()
    assert found[2] == hashes(runs[2], 1)[0]
    assert found[3] == found[0]


def test_shingles_of_code_number_names_and_are_none_of_text() -> None:
    name = np.uint32(0x8000_0000)
    keys = np.arange(12, dtype=np.uint32) | name
    other = keys + np.uint32(100)
    ours, bounds = sketch.shingles(keys, np.array([0, 12]), code=True)
    theirs, _ = sketch.shingles(other, np.array([0, 12]), code=True)
    assert ours.tolist() == theirs.tolist()
    assert not set(ours.tolist()) & set(numbered(keys, 10).tolist())
    assert bounds.tolist() == [0, 3]


def test_digests_tell_orders_and_lengths_apart() -> None:
    runs = [[1, 2, 3], [3, 2, 1], [1, 2, 3, 3], [1, 2, 3], []]
    found = np.array([h for run in runs for h in run], np.uint64)
    made = sketch.digests(found, np.cumsum([0, *map(len, runs)])).tolist()
    assert made[0] == made[3]
    assert len(set(made)) == 4


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.65, 0.8, 0.9, 1.0])
def test_bands_leave_pairs_at_the_threshold_their_chance(threshold: float) -> None:
    rows = sketch.rows_of(threshold)
    assert 1 - (1 - threshold**rows) ** (SLOTS // rows) >= sketch.RECALL


@pytest.mark.parametrize("partitions", [1, 16, 4096])
def test_partitions_divide_keys_by_their_first_bits(partitions: int) -> None:
    keys = np.random.default_rng(1).integers(0, 1 << 64, 5000, np.uint64)
    parts = sketch.partition_of(keys, partitions)
    assert parts.max() < partitions
    assert (np.diff(parts[np.argsort(keys)].astype(int)) >= 0).all()
    finer = sketch.partition_of(keys, 4096)
    assert (finer // (4096 // partitions) == parts).all()


@pytest.mark.parametrize("kind", KINDS)
def test_stored_bytes_agree_as_the_sketches_do(kind: Sketch) -> None:
    found, bounds, _ = shingle_sets(0.5, 200, 300)
    values = sketch.sketches(found, bounds, kind)
    kept = sketch.stored(values)
    whole = (values[:, 0::2] == values[:, 1::2]).mean()
    by_bytes = (kept[0::2] == kept[1::2]).mean()
    assert 0 <= by_bytes - whole < 2 / 256


def test_small_sets_fill_their_sketches_by_further_rounds() -> None:
    """In one round, 40 shingles fill a quarter of the slots, and what is borrowed says less."""
    found, bounds, true = shingle_sets(0.8, 40, 600)
    values = sketch.sketches(found, bounds, "one-permutation")
    agree = (values[:, 0::2] == values[:, 1::2]).mean(axis=0)
    assert np.sqrt(((agree - true) ** 2).mean()) < 0.92 * np.sqrt(true * (1 - true) / SLOTS)
