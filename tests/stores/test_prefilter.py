"""The Bloom filter: never a false no, seldom a false yes."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import Damaged
from simblock.stores import container, prefilter
from simblock.stores.container import Container, Part
from simblock.stores.prefilter import Prefilter, Salted


def opened(stored, bits=40):
    prints = np.sort(stored >> np.uint64(64 - bits))
    table = prefilter.build(prints, len(np.unique(prints)), bits)
    stream = io.BytesIO()
    container.write(stream, bytes(16), [Part("bloom", table)])
    data = bytearray(stream.getvalue())
    section = Container(memoryview(data), "test", frozenset({"bloom"}))["bloom"]
    return Prefilter(section, bits), section, data


@given(keys=st.lists(st.integers(0, 2**64 - 1), max_size=300), bits=st.sampled_from([37, 38, 40]))
def test_a_key_that_is_in_passes_always(keys, bits):
    stored = np.array(keys, np.uint64)
    bloom, _, _ = opened(stored, bits)
    assert bloom.passing(keys) == list(range(len(keys)))
    assert bloom.passing_many(stored).tolist() == list(range(len(keys)))


def test_few_and_many_agree_and_a_false_yes_is_rare():
    rng = np.random.default_rng(1)
    bloom, _, _ = opened(rng.integers(0, 2**64, 100_000, np.uint64))
    others = rng.integers(0, 2**64, 100_000, np.uint64)
    many = bloom.passing_many(others).tolist()
    assert bloom.passing(others.tolist()) == many
    assert len(many) < 200


def test_small_keys_are_spread_like_any():
    """Anchors are minima, so their keys are small; stored keys fill all blocks alike."""
    rng = np.random.default_rng(1)
    minima = rng.integers(0, 2**64, (50_000, 9), np.uint64).min(axis=1)
    stored = Salted().many(1, minima)
    per_sixteenth = np.bincount((stored >> np.uint64(60)).astype(int), minlength=16)
    assert per_sixteenth.max() < 1.1 * per_sixteenth.min()
    bloom, _, _ = opened(stored)
    absent = Salted().many(1, rng.integers(0, 2**64, 50_000, np.uint64))
    assert len(bloom.passing_many(absent)) < 100


def test_an_empty_filter_lets_nothing_pass():
    bloom, _, _ = opened(np.empty(0, np.uint64))
    assert bloom.passing([0, 1, 2**64 - 1]) == []
    assert bloom.passing_many(np.empty(0, np.uint64)).tolist() == []


def test_a_damaged_block_is_no_answer():
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**64, 200_000, np.uint64)
    for ask in ("passing", "passing_many"):
        bloom, section, data = opened(keys)
        data[section.at + section.stored // 2] ^= 1
        wanted = keys.tolist() if ask == "passing" else keys
        with pytest.raises(Damaged, match="section bloom is damaged in block"):
            getattr(bloom, ask)(wanted)
