"""The life of an index on a cluster and under Sentinel: made, changed, brought, followed, dropped."""

import pytest

from simblock.errors import Busy, NotAnIndex
from simblock.stores import compaction, open_index
from simblock.stores.opening import open_writer
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from simblock.stores.syncing import sync
from tests.stores.changes import InMemory, apply, same, steps
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import accounted, build, change, look, made, opened, tenant_of, until, url_of
from tests.stores.works import document, everywhere, library, nowhere

pytestmark = pytest.mark.slow


@pytest.fixture(params=["cluster", "sentinel_group"])
def group(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def url(group, tmp_path):
    return url_of(group, tmp_path, grace=0.3)


def there(group, url):
    """All keys of a tenant on all its masters, and how many masters have some."""
    masters = group.masters if hasattr(group, "masters") else [group.master]
    kept = [set(server.client.scan_iter(f"sb:{tenant_of(url)}:*", count=10_000)) for server in masters]
    return set().union(*kept), sum(map(bool, kept))


def sound(group, url, key=None):
    assert until(lambda: there(group, url)[0] == accounted(url, key))


@pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])
def test_it_comes_back_byte_for_byte(group, url, tmp_path, key):
    made(tmp_path / "a.sbx", key)
    done = sync(tmp_path / "a.sbx", url, key=key)
    assert sync(url, tmp_path / "b.sbx", key=key) == done
    one, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.suffix != ".lock"}
        for name in ("a.sbx", "b.sbx")
    )
    assert one == other
    sound(group, url, key)


def test_its_records_are_spread_over_all_masters(group, url):
    build(url, library(60, words=400))
    assert there(group, url)[1] == (3 if hasattr(group, "masters") else 1)


def test_random_changes_end_as_in_memory(group, url, monkeypatch):
    monkeypatch.setattr(compaction, "DELTA_TOKENS", 300)
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 2000)
    build(url, [], store_text=True)
    with opened(url) as index:
        memory, texts = InMemory(index.permutations), {}
        for step in steps(3, 12):
            texts |= {work.text: work for work in step[0]}
            memory.apply(step)
            with open_writer(url) as writer:
                apply(writer, step)
        look(index)
        same(index, memory.index, texts.values())
        assert index.verify() == []
    sound(group, url)


def test_news_is_heard_by_itself(group, url):
    build(url, library(5))
    with opened(url) as index:
        change(url, [document("new")], ["work-001"])
        assert until(lambda: index.epoch == 2)
        index.refresh()
        assert everywhere(index, document("new"))
        assert nowhere(index, library(5)[1])
        assert index.warnings()
        assert index.server()["masters"] == (3 if hasattr(group, "masters") else 1)


def test_a_second_writer_is_busy_and_a_lost_lock_publishes_nothing(group, url):
    build(url, library(3))
    with open_writer(url) as writer:
        with pytest.raises(Busy):
            open_writer(url)
        writer.put([document("new")])
        (lock,) = [key for key in there(group, url)[0] if key.endswith(b":writer")]
        (group.master_of(lock) if hasattr(group, "masters") else group.master).client.delete(lock)
        with pytest.raises(Busy, match="taken"):
            writer.commit()
    with opened(url) as index:
        assert index.epoch == 1
    change(url, [document("next")])
    sound(group, url)


def test_a_dropped_index_leaves_no_key_on_any_server(group, url):
    build(url, library(40), store_text=True)
    change(url, [document("more")], ["work-001"], purge=True)
    assert writing.drop(Address.parse(url)) > 10
    assert until(lambda: there(group, url) == (set(), 0))
    with pytest.raises(NotAnIndex):
        open_index(url)
