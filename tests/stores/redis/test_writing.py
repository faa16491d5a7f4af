"""An index in a real server that is made, changed again and again, locked, broken off, dropped."""

import pytest

from simblock.errors import InputError, NotAnIndex, SimblockError, UsageError
from simblock.stores import compaction, open_index
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from simblock.work import Document, Work
from tests.stores.changes import InMemory, apply, same, steps
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import accounted, build, change, look, opened, sound, there, until, url_of
from tests.stores.works import document, everywhere, library, nowhere

GRACE = 0.2


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path, grace=GRACE)


# -- the same as in memory, whatever is done


def run_steps(server, url, seed, count, key=None):
    build(url, [], store_text=True, key=key)
    texts = {}
    with opened(url, key=key) as index:
        memory = InMemory(index.permutations)
        writer = open_writer(url, key=key)
        for number, step in enumerate(steps(seed, count)):
            if number % 6 == 5:
                writer.close()
                writer = open_writer(url, key=key)
            texts |= {work.text: work for work in step[0]}
            memory.apply(step)
            epoch = apply(writer, step)
            look(index)
            assert index.epoch == epoch
            if number % 5 == 4:
                same(index, memory.index, list(texts.values())[-4:])
        writer.close()
        same(index, memory.index, texts.values())
        assert index.verify() == []
        whats = [event.what for event in index.history()]
    with opened(url, key=key) as fresh:
        same(fresh, memory.index, list(texts.values())[::3])
    sound(server, url, key)
    return whats


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])
def test_random_changes_end_as_in_memory(redis_server, url, key):
    assert "add" in run_steps(redis_server, url, 5, 10, key)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 8))])
def test_random_changes_end_as_in_memory_across_merges(redis_server, url, monkeypatch, seed):
    monkeypatch.setattr(compaction, "DELTA_TOKENS", 300)
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 2000)
    whats = run_steps(redis_server, url, seed, 14 if seed == 0 else 40)
    assert "merge" in whats


def test_one_work_after_another_is_found_and_gone_again(redis_server, url):
    build(url, [])
    works = library(4)
    with opened(url) as index:
        for work in works:
            change(url, [work])
            look(index)
            assert everywhere(index, work)
        for number, work in enumerate(works):
            change(url, remove=[work.work.id], purge=number % 2 == 0)
            look(index)
            assert nowhere(index, work)
            assert all(everywhere(index, other) for other in works[number + 1 :])
        assert list(index.entries()) == []
    sound(redis_server, url)


def test_a_work_that_left_and_came_back_is_found(redis_server, url):
    work = document("w")
    build(url, [work, document("other")])
    with opened(url) as index:
        for _ in range(3):
            change(url, remove=["w"])
            look(index)
            assert nowhere(index, work)
            change(url, [work])
            look(index)
            assert everywhere(index, work)
        assert index.verify() == []


def test_metadata_alone_moves_no_text(redis_server, url):
    big = document("w", words=9000, title="Old", tags=("a",))
    build(url, [big, document("other", words=9000)])
    before = size(redis_server, url)
    change(url, [Document(Work("w", title="New"), big.text)])
    assert until(lambda: set(there(redis_server, url)) == accounted(url))
    assert size(redis_server, url) - before < 40_000
    with opened(url) as index:
        (work,) = [entry.work for entry in index.entries() if entry.work.id == "w"]
        assert (work.title, work.tags) == ("New", ("a",))
        assert everywhere(index, big)


def size(server, url):
    return sum(len(value) for value in there(server, url).values() if value)


def test_twins_share_a_text_across_commits(redis_server, url):
    build(url, [document("a", seed="one"), document("b")])
    change(url, [document("c", seed="one")])
    change(url, [document("d", seed="one")], ["a"])
    with opened(url) as index:
        assert {entry.work.id: entry.twins for entry in index.entries()} == {
            "b": (),
            "c": ("d",),
            "d": ("c",),
        }
        assert index.stat().runs == 2
        assert everywhere(index, document("d", seed="one"))


def test_what_is_purged_is_in_no_value_after_the_grace(redis_server, url):
    words = " ".join(f"zanzibarine{n}" for n in range(80))
    build(url, [Document(Work("secret", title="hushed"), words), *library(5)])
    assert any(value and b"hushed" in value for value in there(redis_server, url).values())
    change(url, remove=["secret"], purge=True)
    sound(redis_server, url)
    with opened(url) as index:
        segments = index._snapshot.segments
        assert sum(segment.facts.runs for segment in segments) == 5
    assert not any(value and b"hushed" in value for value in there(redis_server, url).values())


def test_a_commit_without_changes_changes_nothing(redis_server, url):
    works = library(3)
    build(url, works)
    before = there(redis_server, url)
    assert change(url, works) == 1
    assert there(redis_server, url) == before


def test_an_index_of_nothing_is_an_index(redis_server, url):
    assert build(url, []) == 1
    with opened(url) as index:
        assert nowhere(index, document("w"))
        assert index.stat().works == 0
        assert index.verify() == []
    sound(redis_server, url)


def test_code_and_texts_stand_together(redis_server, url):
    body = "\n".join(f"def part_{n}(left, right):\n    return left * {n} + right" for n in range(40))
    code = Document(Work("a.py", kind="code", language="python"), body)
    build(url, library(3))
    change(url, [code])
    with opened(url) as index:
        assert set(index.languages) == {"python"}
        assert everywhere(index, library(3)[1])
        assert {entry.work.id for entry in index.entries()} == {"a.py", *(w.work.id for w in library(3))}
        assert index.verify() == []
    change(url, remove=["a.py"], purge=True)
    sound(redis_server, url)


# -- what is broken off leaves no trace


def test_nothing_is_seen_before_the_commit_and_nothing_stays_without_it(redis_server, url):
    build(url, library(3))
    with opened(url) as index:
        with open_writer(url) as writer:
            writer.put([document("new")])
            writer.remove(["work-001"])
            look(index)
            assert index.epoch == 1
            assert everywhere(index, library(3)[1])
        look(index)
        assert index.epoch == 1
    sound(redis_server, url)


def test_what_is_refused_leaves_the_index_as_it_was_and_the_writer_usable(redis_server, url, monkeypatch):
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 500)  # so that some of it is uploaded before
    build(url, library(3))
    with open_writer(url) as writer:
        with pytest.raises(InputError, match="twice"):
            writer.put([*(document(f"new-{n}", words=300) for n in range(6)), document("new-1")])
        writer.put([document("other")])
        assert writer.commit().counts.added == 1
    with opened(url) as index:
        assert {entry.work.id for entry in index.entries()} == {"work-000", "work-001", "work-002", "other"}
    sound(redis_server, url)


def test_a_making_that_is_broken_off_leaves_no_index_and_no_key(redis_server, url, monkeypatch):
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 500)
    with create_writer(url) as writer:
        writer.put(document(f"w{n}", words=300) for n in range(6))
        assert there(redis_server, url)
    with pytest.raises(NotAnIndex):
        open_index(url)
    build(url, library(2))
    sound(redis_server, url)


# -- made, dropped, made again


def test_what_is_there_is_not_made_again(redis_server, url):
    build(url, library(2))
    before = there(redis_server, url)
    with pytest.raises(UsageError, match="holds an index of tenant"):
        create_writer(url)
    assert there(redis_server, url) == before


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])
def test_a_dropped_index_leaves_no_key(redis_server, url, key):
    build(url, library(4), key=key, store_text=True)
    change(url, [document("more")], ["work-001"], key=key)
    expected = len([name for name in accounted(url, key) if b"{" not in name]) - 1
    assert writing.drop(Address.parse(url)) >= expected
    assert until(lambda: there(redis_server, url) == {})
    with pytest.raises(NotAnIndex):
        open_index(url)
    with pytest.raises(NotAnIndex):
        writing.drop(Address.parse(url))
    build(url, library(2))
    sound(redis_server, url)


def test_a_reader_of_a_dropped_index_is_told(url):
    build(url, library(2))
    with opened(url) as index:
        writing.drop(Address.parse(url))
        with pytest.raises(SimblockError, match="lost its manifest"):
            look(index)


def test_tenants_know_nothing_of_each_other(redis_server, url, tmp_path):
    other = url_of(redis_server, tmp_path, grace=GRACE)
    build(url, library(3))
    build(other, [document("theirs")])
    before = there(redis_server, other)
    change(url, [document("more")], ["work-001"], purge=True)
    writing.drop(Address.parse(url))
    assert there(redis_server, other) == before
    with opened(other) as index:
        assert {entry.work.id for entry in index.entries()} == {"theirs"}


def test_each_commit_is_announced_once_and_a_merge_by_itself(redis_server, url):
    build(url, library(2))
    change(url, [document("more")])
    link = Link(Address.parse(url))
    with opened(url) as index:
        epochs = index.epoch
        changes = link.changes(index._names.changes, b"0-0", 0.01)
    link.close()
    assert len(changes) == epochs
