"""The table of buckets against a plain dictionary."""

import io
from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simblock.stores import buckets, container
from simblock.stores.buckets import DECODED, Buckets
from simblock.stores.container import Container, Part


def opened(entries, bounds):
    """A table of (stored key, place) pairs over runs that end at ``bounds``."""
    bits = buckets.bits_for(int(bounds[-1]))
    stored = [np.array([key for key, _ in entries], np.uint64)]
    places = [np.array([place for _, place in entries], np.uint32)]
    shape, parts = buckets.build(buckets.pack(stored, places, bits), bits, np.array(bounds, np.uint32))
    stream = io.BytesIO()
    container.write(stream, bytes(16), [Part("runs", b""), *parts])
    return Buckets(Container(memoryview(stream.getvalue()), "test", buckets.SECTIONS | {"runs"}), shape)


# Keys far enough apart that no two share a bucket and a fingerprint.
spread = [int(key) for key in np.linspace(0, 2**64 - 2**20, 40)]
pairs = st.lists(st.tuples(st.sampled_from(spread), st.integers(0, 99)), max_size=150, unique=True)


@given(entries=pairs, cuts=st.sets(st.integers(1, 99), max_size=12))
def test_places_and_frequencies_are_those_of_a_dictionary(entries, cuts):
    bounds = [0, *sorted(cuts), 100]
    table = opened(entries, bounds)
    places, runs = defaultdict(list), defaultdict(set)
    for key, place in sorted(entries):
        places[key].append(place)
        runs[key].add(int(np.searchsorted(bounds, place, side="right")))
    for key in spread:
        held, frequency = table.find(key)
        assert held == places.get(key, [])
        assert frequency == DECODED[buckets.encode_frequency(np.array([max(len(runs[key]), 1)]))[0]] * bool(
            held
        )
    found = table.find_many(np.array(spread, np.uint64))
    by_ask = defaultdict(list)
    for ask, place in zip(found.asks.tolist(), found.places.tolist(), strict=True):
        by_ask[spread[ask]].append(place)
    assert by_ask == places
    often = {key for key in places if len(runs[key]) > 3}
    names = table.frequent(3)
    assert [key for key in spread if table.names(np.array([key], np.uint64))[0] in names] == sorted(often)


def test_small_frequencies_are_exact_and_large_ones_close():
    counts = np.arange(1, 100_000)
    decoded = np.array(DECODED)[buckets.encode_frequency(counts)]
    assert np.array_equal(decoded[:9], counts[:9])
    assert (np.abs(decoded / counts - 1) < 0.08).all()


def test_a_print_and_its_place_fill_sixty_four_bits():
    assert buckets.bits_for(0) == 40
    assert buckets.bits_for(1 << 23) == 40
    assert buckets.bits_for((1 << 27) - 1) == 37
    assert buckets.bits_for(1 << 27) == 36
