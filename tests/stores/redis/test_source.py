"""Records kept in the process: the newest, within a number of bytes, whoever asks at once."""

import random
import threading
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import Damaged, StoreLost
from simblock.stores.redis.source import Source
from simblock.stores.wanted import Want, Wanted


def parse(value):
    if value is None or value == b"bad":
        raise Damaged("lacks a record")
    return b"made of " + value


def want(number):
    return Want(b"%d" % number, parse)


def kept(source, numbers):
    """Which of these are in the process, without using them."""
    return [number for number in numbers if b"%d" % number in source._kept]


def test_what_is_absent_is_wanted_all_at_once_and_then_there():
    source = Source(1000)
    with pytest.raises(Wanted) as raised:
        source.get_all([want(1), want(2)])
    assert [w.key for w in raised.value.wants] == [b"1", b"2"]
    assert source.take(raised.value.wants, [b"a", b"b"]) == [b"made of a", b"made of b"]
    assert source.get_all([want(2), want(1)]) == [b"made of b", b"made of a"]


def test_only_what_is_missing_is_wanted():
    source = Source(1000)
    source.take([want(1)], [b"a"])
    with pytest.raises(Wanted) as raised:
        source.get_all([want(0), want(1), want(2)])
    assert [w.key for w in raised.value.wants] == [b"0", b"2"]
    assert source.missing([want(0), want(1)]) == [want(0)]
    assert source.missing([want(1)]) == []


def test_one_that_fetches_asks_once_for_all_that_is_missing_and_keeps_the_order():
    asked = []

    def fetch(keys):
        asked.append(list(keys))
        return [b"v" + key for key in keys]

    source = Source(1000, fetch)
    source.take([want(2)], [b"there"])
    found = source.get_all([want(1), want(2), want(3)])
    assert found == [b"made of v1", b"made of there", b"made of v3"]
    assert source.get_all([want(3), want(1)]) == [b"made of v3", b"made of v1"]
    assert asked == [[b"1", b"3"]]


def test_a_fetch_that_fails_keeps_nothing():
    def fetch(keys):
        raise StoreLost("no answer")

    source = Source(1000, fetch)
    with pytest.raises(StoreLost):
        source.get_all([want(1)])
    assert source.find(b"1") is None


@pytest.mark.parametrize("bad", [None, b"bad"])
def test_of_a_batch_with_a_damaged_record_nothing_is_kept(bad):
    source = Source(1000)
    with pytest.raises(Damaged):
        source.take([want(1), want(2), want(3)], [b"a", bad, b"c"])
    assert kept(source, range(4)) == []
    assert source._size == 0
    source.take([want(1)], [b"old"])
    with pytest.raises(Damaged):
        source.take([want(1)], [bad])
    assert source.find(b"1") == b"made of old"


def test_the_least_recently_used_leave_by_bytes():
    source = Source(100)
    for number in range(4):
        source.take([want(number)], [b"x" * 25])
    source.find(b"0")
    source.missing([want(1)])
    source.take([want(4)], [b"x" * 50])
    assert kept(source, range(5)) == [0, 1, 4]
    assert source._size == 100


def test_a_record_larger_than_the_capacity_is_kept_alone():
    source = Source(100)
    source.take([want(1)], [b"x" * 10])
    source.take([want(2)], [b"x" * 500])
    assert kept(source, range(5)) == [2]
    source.take([want(3)], [b"x" * 10])
    assert kept(source, range(5)) == [3]
    assert source._size == 10


def test_a_record_that_comes_twice_counts_once():
    source = Source(100)
    for size in (40, 60, 20):
        source.take([want(1)], [b"x" * size])
        assert source._size == size


sizes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60), st.booleans()), max_size=60)


@given(sizes)
def test_it_keeps_what_a_plain_list_by_age_would_keep(steps):
    source, plain = Source(100), OrderedDict()
    for number, size, looks in steps:
        if looks:
            assert (source.find(b"%d" % number) is None) == (number not in plain)
            if number in plain:
                plain.move_to_end(number)
            continue
        source.take([want(number)], [b"x" * size])
        plain.pop(number, None)
        plain[number] = size
        while sum(plain.values()) > 100 and len(plain) > 1:
            plain.popitem(last=False)
        assert list(source._kept) == [b"%d" % one for one in plain]
        assert source._size == sum(plain.values())


def test_threads_that_hammer_it_get_what_they_asked_for_and_the_sum_stays_right():
    def fetch(keys):
        return [b"x" * (1 + int(key) % 50) + key for key in keys]

    source, wrong = Source(2000, fetch), []

    def hammer(seed):
        rng = random.Random(seed)
        for _ in range(400):
            asked = rng.sample(range(200), rng.randrange(1, 9))
            found = source.get_all([want(number) for number in asked])
            expected = [b"made of " + b"x" * (1 + number % 50) + b"%d" % number for number in asked]
            if found != expected:
                wrong.append(asked)

    threads = [threading.Thread(target=hammer, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert source._size == sum(size for _, size in source._kept.values()) <= 2000
