"""Look-ups by page against those of the same table as a mapped file."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import Damaged
from simblock.stores import buckets, container
from simblock.stores.buckets import DECODED, Buckets
from simblock.stores.container import Container, Part
from simblock.stores.keys import Secret
from simblock.stores.redis import records, shipping
from simblock.stores.redis.names import Names
from simblock.stores.redis.paged import (
    WIDE,
    Answer,
    Answers,
    BlockSection,
    Located,
    PagedBuckets,
    blocks_of,
    step_of,
)
from simblock.stores.redis.records import pack
from simblock.stores.redis.source import Source
from simblock.stores.wanted import Wanted
from tests.stores.conftest import KEY

ID = bytes(range(16))
NAMES = Names("t", "s")
TOKENS = 1 << 20


def opened(parts, extra=()):
    stream = io.BytesIO()
    container.write(stream, ID, parts)
    return Container(memoryview(stream.getvalue()), "test", buckets.SECTIONS | {"pages", *extra})


def tables(keys, places):
    """A table as a mapped file, the same by page, the values of its pages, and a list of what was fetched."""
    bits, bounds = buckets.bits_for(TOKENS), np.linspace(0, TOKENS, 300).astype(np.uint32)
    packed = buckets.pack([np.array(keys, np.uint64)], [np.array(places, np.uint32)], bits)
    shape, parts = buckets.build(packed, bits, bounds)
    mapped = Buckets(opened(parts), shape)
    columns = mapped.columns()
    firsts = shipping.page_bounds(columns.offsets)
    values = {
        NAMES.record(ID.hex(), records.PAGE, number): value
        for _, number, value in shipping._pages(ID, columns, firsts)
    }
    bloom = mapped.prefilter._section
    resident = opened([Part("bloom", bloom.read(0, bloom.length)), Part(shipping.PAGES, firsts)])
    fetched = []

    def fetch(keys):
        fetched.extend(keys)
        return [values.get(key) for key in keys]

    at = Located("redis://h", NAMES, ID, Source(1 << 30, fetch))
    return mapped, PagedBuckets(at, resident, shape, TOKENS), values, fetched


def same_columns(one, other):
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(one, other, strict=True))


def same_answers(mapped, paged, asked):
    wide = np.array(asked, np.uint64)
    one, other = mapped.find_many(wide), paged.find_many(wide)
    assert np.array_equal(one.asks, other.asks)
    # Of keys that only their print's upper bits tell apart, places come by key, or all in order.
    assert np.array_equal(one.places[np.lexsort((one.places, one.asks))], other.places)
    # Of a key only the first entry's frequency counts, and several codes stand for 1.
    firsts, decoded = np.flatnonzero(np.diff(one.asks, prepend=-1)), np.array(DECODED)
    assert np.array_equal(decoded[one.frequencies[firsts]], decoded[other.frequencies[firsts]])
    for key in asked:
        places, frequency = mapped.find(key)
        assert paged.find(key) == (sorted(places), frequency)
    assert np.array_equal(paged.names(wide), mapped.names(wide))


keys = st.one_of(
    st.integers(0, 2**64 - 1), st.sampled_from([0, 2**64 - 1, 2**63, *range(1 << 40, 1 << 44, 1 << 40)])
)
entries = st.lists(st.tuples(keys, st.integers(0, TOKENS - 1)), max_size=80, unique=True)


@given(
    entries=entries,
    strangers=st.lists(keys, min_size=1, max_size=20),
    many=st.sampled_from([0, 2500]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_pages_answer_as_the_mapped_table_does(entries, strangers, many, seed):
    rng = np.random.default_rng(seed)
    stored = [key for key, _ in entries] + rng.integers(0, 2**64, many, np.uint64).tolist()
    places = [place for _, place in entries] + rng.integers(0, TOKENS, many).tolist()
    mapped, paged, values, _ = tables(stored, places)
    assert same_columns(paged.columns(), mapped.columns())
    assert paged.pages == len(values)
    same_answers(mapped, paged, [key for key, _ in entries] + strangers + stored[-40:])
    for works in (0, 1, 3):
        assert np.array_equal(paged.frequent(works), mapped.frequent(works))


@pytest.mark.parametrize("count", [WIDE - 1, WIDE, WIDE + 1, 3 * WIDE])
def test_one_key_of_more_entries_than_a_page_has_is_a_page_of_its_own(count):
    rng = np.random.default_rng(3)
    others = rng.integers(0, 2**64, 5000, np.uint64).tolist()
    stored = [1 << 60] * count + others
    places = [*range(count), *rng.integers(0, TOKENS, 5000).tolist()]
    mapped, paged, values, _ = tables(stored, places)
    assert same_columns(paged.columns(), mapped.columns())
    same_answers(mapped, paged, [1 << 60, (1 << 60) + (1 << 30), *others[:50]])
    assert len(paged.find(1 << 60)[0]) == count
    sizes = sorted(map(len, values.values()))
    assert sizes[-1] > 7 * count
    assert sizes[-2] <= 4096 - records.SDS


def test_a_table_without_entries_is_one_page_and_finds_nothing():
    mapped, paged, values, _ = tables([], [])
    assert len(values) == 1
    assert same_columns(paged.columns(), mapped.columns())
    same_answers(mapped, paged, [0, 5, 2**64 - 1])


def test_all_pages_that_a_look_up_needs_are_told_together_and_fetched_once():
    rng = np.random.default_rng(5)
    stored = rng.integers(0, 2**64, 8000, np.uint64)
    mapped, paged, values, fetched = tables(stored.tolist(), rng.integers(0, TOKENS, 8000).tolist())
    source, asked = paged._at.source, stored[:300]
    fetch, source._fetch = source._fetch, None
    with pytest.raises(Wanted):
        paged.find_many(asked)
    wants = paged.missing(asked.tolist())
    assert len({want.key for want in wants}) == len(wants) > 5
    source.take(wants, fetch([want.key for want in wants]))
    assert paged.missing(asked.tolist()) == []
    assert np.array_equal(paged.find_many(asked).places, mapped.find_many(asked).places)
    assert len(fetched) == len(set(fetched)) <= len(values)


def test_what_was_looked_up_lately_needs_its_page_no_more():
    rng = np.random.default_rng(6)
    stored = rng.integers(0, 2**64, 4000, np.uint64).tolist()
    mapped, paged, _, _ = tables(stored, rng.integers(0, TOKENS, 4000).tolist())
    for key in stored[:50]:
        paged.find(key)
    paged._at.source._kept.clear()
    paged._at.source._fetch = None
    assert [paged.find(key) for key in stored[:50]] == [mapped.find(key) for key in stored[:50]]


def test_answers_of_many_places_leave_sooner():
    answers = Answers(100)
    for key in range(1000):
        answers.put(key, Answer(np.arange(6400, dtype=np.uint32), 0))
    assert len([key for key in range(1000) if answers.get(key)]) <= 4
    for key in range(1000):
        answers.put(key, Answer(np.arange(3, dtype=np.uint32), 0))
    assert 100 <= len([key for key in range(1000) if answers.get(key)]) <= 200


def rewritten(value, change):
    """The page with its payload changed, and a header that fits it."""
    found = records.unpack(value, ID, records.PAGE, 0, "")
    payload, count = bytearray(found.payload), found.items
    payload, count = change(payload, count) or (payload, count)
    return pack(ID, records.PAGE, 0, count, bytes(payload))


def outside(payload, count):
    payload[:4] = TOKENS.to_bytes(4, "little")


def falling(payload, count):
    payload[6 * count + 2 : 6 * count + 4] = (count + 1).to_bytes(2, "little")


def late(payload, count):
    payload[6 * count : 6 * count + 2] = b"\1\0"


FORGED = {
    "a place past the tokens": outside,
    "offsets that fall": falling,
    "a first bucket that begins late": late,
    "an entry less": lambda payload, count: (payload, count - 1),
    "a count of another width": lambda payload, count: (payload, WIDE),
    "bytes more": lambda payload, count: (payload + b"\0", count),
    "nothing": lambda payload, count: (b"", 0),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_page_that_contradicts_its_segment_is_damage_and_not_kept(change):
    rng = np.random.default_rng(7)
    stored = np.sort(rng.integers(0, 2**64, 2000, np.uint64)).tolist()
    _, paged, values, _ = tables(stored, rng.integers(0, TOKENS, 2000).tolist())
    first = NAMES.record(ID.hex(), records.PAGE, 0)
    whole, values[first] = values[first], rewritten(values[first], change)
    with pytest.raises(Damaged) as raised:
        paged.find(stored[0])
    assert "\n" not in str(raised.value)
    with pytest.raises(Damaged):
        paged.columns()
    values[first] = whole
    assert paged.find(stored[0])[0]


def test_a_layout_that_does_not_cover_the_buckets_is_damage():
    mapped, paged, _, _ = tables([5, 6, 7], [1, 2, 3])
    for firsts in ([], [0], [1, 1], [0, 2]):
        bloom = mapped.prefilter._section
        parts = [Part("bloom", bloom.read(0, bloom.length)), Part("pages", np.array(firsts, np.uint32))]
        with pytest.raises(Damaged):
            PagedBuckets(paged._at, opened(parts), paged._shape, TOKENS)


def test_a_layout_whose_pages_fall_is_damage():
    rng = np.random.default_rng(8)
    mapped, paged, _, _ = tables(rng.integers(0, 2**64, 9000, np.uint64).tolist(), range(9000))
    firsts = paged._firsts.copy()
    firsts[2], firsts[3] = firsts[3], firsts[2]
    bloom = mapped.prefilter._section
    parts = [Part("bloom", bloom.read(0, bloom.length)), Part("pages", firsts)]
    with pytest.raises(Damaged):
        PagedBuckets(paged._at, opened(parts), paged._shape, TOKENS)


def block_section(data, sealing):
    """A section of these bytes in blocks, and their values."""

    class Whole:
        name, length = "runs", len(data)

        @staticmethod
        def read(start, stop):
            return data[start:stop]

    values = {
        NAMES.record(ID.hex(), kind, number): value
        for kind, number, value in shipping._blocks(ID, Whole, sealing)
    }
    at = Located("redis://h", NAMES, ID, Source(1 << 30, lambda keys: [values.get(key) for key in keys]))
    return BlockSection(at, "runs", len(data), sealing), values


@pytest.mark.parametrize("keyed", [False, True])
@given(size=st.sampled_from([0, 1, 8, 16328, 16329, 16352, 16353, 40000, 49056]), data=st.data())
@settings(max_examples=30)
def test_any_stretch_of_a_section_in_blocks_reads_as_it_was(keyed, size, data):
    sealing = Secret(KEY).sealing(ID) if keyed else None
    whole = np.random.default_rng(size).bytes(size)
    section, values = block_section(whole, sealing)
    assert section.blocks == len(values) == blocks_of(size, sealing)
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(0, size))
    assert bytes(section.read(start, stop)) == whole[start:stop]
    assert bytes(section.read(0, size)) == whole
    assert section.stored == sum(map(len, values.values()))
    assert all(len(value) <= 16384 - records.SDS for value in values.values())
    section.check()


@pytest.mark.parametrize("keyed", [False, True])
def test_a_block_of_another_length_or_of_another_place_is_damage(keyed):
    sealing = Secret(KEY).sealing(ID) if keyed else None
    whole = np.random.default_rng(1).bytes(3 * step_of(sealing))
    section, values = block_section(whole, sealing)
    first, second = (NAMES.record(ID.hex(), "r", number) for number in (0, 1))
    forged = [
        pack(ID, "r", 0, step_of(sealing), bytes(records.unpack(values[second], ID, "r", 1, "").payload)),
        pack(ID, "r", 0, 8, bytes(records.unpack(values[first], ID, "r", 0, "").payload)[:8]),
        pack(ID, "r", 0, 0, b""),
        None,
    ]
    for value in forged[0 if keyed else 1 :]:
        section._at.source._kept.clear()
        values[first] = value
        with pytest.raises(Damaged):
            section.read(0, 8)
        with pytest.raises(Damaged):
            section.check()
