import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.scheme import Channel, Scheme
from simblock.shingles import Rolling, anchors, hashes
from simblock.signature import Signer, make_permutations, premix
from simblock.tokens import Runs, Tokens

SCHEME = Scheme()
SIGNER = Signer(SCHEME, make_permutations(SCHEME))
keys_lists = st.lists(st.integers(0, 40), max_size=120)


def runs_of(*runs):
    keys = np.array([k for run in runs for k in run], np.uint32)
    zeros = np.zeros(len(keys), np.int64)
    bounds = np.cumsum([0, *map(len, runs)])
    return Runs(Tokens(keys, np.zeros(len(keys), np.uint8), zeros, zeros), bounds)


@given(keys_lists, st.integers(1, 17), st.integers(0, 120))
def test_rolling_and_doubling_give_the_same_hashes_for_every_cut(keys, n, cut):
    whole = hashes(np.array(keys, np.uint32), n).tolist()
    rolling, mixed = Rolling(n), Rolling(n)
    assert [h for h in map(rolling.push, keys) if h is not None] == whole
    first = [h for h in map(mixed.push, keys[:cut]) if h is not None]
    assert first + mixed.extend(np.array(keys[cut:], np.uint32)).tolist() == whole


@given(st.lists(keys_lists, min_size=1, max_size=8), st.integers(1, 9), st.integers(1, 12))
def test_the_smallest_shingle_of_every_window_of_every_run_is_a_key_and_none_crosses_runs(runs, n, g):
    channel = Channel(1, "x", "exact", n=n, g=g)
    keys, places = SIGNER.entries(channel, runs_of(*runs))
    base = 0
    found = dict(zip(places.tolist(), keys.tolist(), strict=True))
    for run in runs:
        own = hashes(np.array(run, np.uint32), n).tolist()
        at = [p - base - n + 1 for p in found if base <= p < base + len(run)]
        assert all(0 <= p < len(own) and own[p] == found[p + base + n - 1] for p in at)
        for start in range(max(len(own) - g + 1, min(len(own), 1))):
            window = range(start, min(start + g, len(own)))
            best = min(own[p] >> 16 for p in window)
            assert best in {own[p] >> 16 for p in at}
        base += len(run)


@given(st.lists(keys_lists, min_size=1, max_size=6))
def test_entries_of_runs_laid_end_to_end_are_those_of_each_alone(runs):
    for channel in SCHEME.channels:
        keys, places = SIGNER.entries(channel, runs_of(*runs))
        alone, base = [], 0
        for run in runs:
            k, p = SIGNER.entries(channel, runs_of(run))
            alone += [(base + q, h) for q, h in zip(p.tolist(), k.tolist(), strict=True)]
            base += len(run)
        assert sorted(alone) == sorted(zip(places.tolist(), keys.tolist(), strict=True))


@given(keys_lists, st.lists(st.integers(0, 120), max_size=5))
def test_a_stream_asks_the_same_for_every_cut(keys, cuts):
    for channel in SCHEME.channels:
        if channel.require:
            continue
        one = SIGNER.cursor(channel)
        asks = []
        for place, key in enumerate(keys):
            one.push(key, place, asks)
        many, got = SIGNER.cursor(channel), []
        edges = sorted({0, len(keys), *(c for c in cuts if c < len(keys))})
        for start, stop in itertools.pairwise(edges):
            part = np.array(keys[start:stop], np.uint32)
            places, found = many.extend(part, np.zeros(len(part), np.uint8), start)
            got += list(zip(places.tolist(), found.tolist(), strict=True))
        assert got == [(place, key) for place, _, key in asks]
        end, also = [], []
        one.finish(end)
        many.finish(also)
        assert end == also


def test_a_run_that_repeats_itself_has_anchors_at_its_beginning_and_end_and_none_between():
    beat = np.tile(np.array([5, 3, 9], np.uint64) << np.uint64(20), 300)
    rest = np.arange(100, 140, dtype=np.uint64) << np.uint64(30)
    places = anchors(np.concatenate([rest, beat, rest]), 9, np.array([980])).tolist()
    assert [place for place in places if 70 <= place < 910] == []
    assert len([place for place in places if 40 <= place < 940]) <= 20


@settings(max_examples=30)
@given(st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=60), st.integers(1, 2**31 - 1))
def test_minhash_values_are_bit_equal_to_datasketch(hashed, seed):
    datasketch = pytest.importorskip("datasketch")
    scheme = Scheme(seed=seed)
    a, b = make_permutations(scheme)
    theirs = datasketch.MinHash(num_perm=len(a), seed=seed, scheme="affine32", hashfunc=int)
    theirs.update_batch(list(hashed))
    h = premix(np.array(list(hashed), np.uint32))
    ours = (a[:, None] * h + b[:, None]).min(axis=1)
    assert ours.tolist() == theirs.hashvalues.tolist()


def test_windows_of_whole_runs_are_the_minhash_that_datasketch_makes():
    datasketch = pytest.importorskip("datasketch")
    channel = next(c for c in SCHEME.channels if c.role == "signature")
    run = np.random.default_rng(5).integers(0, 2**31, 200).astype(np.uint32)
    order = hashes(run, channel.n)
    places = anchors(order, channel.g, np.array([len(order)]))
    values = SIGNER._windows(order, channel, places, np.array([len(order)]))
    for column, place in enumerate(places.tolist()):
        window = (order[max(0, place + 1 - channel.window) : place + 1] >> np.uint64(32)).tolist()
        theirs = datasketch.MinHash(
            num_perm=channel.rows * channel.bands, seed=SCHEME.seed, scheme="affine32", hashfunc=int
        )
        theirs.update_batch(window)
        assert values[:, column].tolist() == theirs.hashvalues.tolist()
