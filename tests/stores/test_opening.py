"""Which index stands at a URL: two schemes side by side, one pinned, one dropped."""

from dataclasses import replace

import pytest

from simblock.errors import Damaged, Incompatible, NotAnIndex, UsageError
from simblock.scheme import Scheme
from simblock.stores import open_index
from simblock.stores.directory import DirectoryIndex
from simblock.stores.manifest import Manifest
from simblock.stores.opening import create_writer, is_url, open_shelf, open_snapshot, open_writer, rebuild
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from simblock.stores.redis.index import RedisIndex
from simblock.stores.redis.names import Names, schemes
from simblock.stores.syncing import sync
from tests.stores.changes import same
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import accounted, build, change, look, opened, tenant_of, there, until, url_of
from tests.stores.works import document, everywhere, library

OTHER = Scheme(seed=2)


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path, grace=0.2)


def ids(index):
    return {entry.work.id for entry in index.entries()}


def listed(server, url):
    """The tenant's schemes, each with the time at which it was made."""
    return server.client.hgetall(schemes(tenant_of(url)))


def aged(server, url, digest, seconds):
    """Makes the index of a scheme look as if it had been made before."""
    made = int(listed(server, url)[digest.encode()])
    server.client.hset(schemes(tenant_of(url)), digest, made - seconds)


@pytest.fixture
def two(redis_server, url):
    """An older index of today's scheme, and a newer one of another: their digests."""
    build(url, [document("old")])
    (old,) = listed(redis_server, url)
    aged(redis_server, url, old.decode(), 100)
    build(url, [document("new")], scheme=OTHER)
    (new,) = listed(redis_server, url).keys() - {old}
    return old.decode(), new.decode()


def test_a_name_is_a_directory_or_a_url(tmp_path, url):
    build(tmp_path / "a.sbx", library(1))
    build(url, library(1))
    assert (is_url(url), is_url(tmp_path), is_url("works.sbx")) == (True, False, False)
    with opened(tmp_path / "a.sbx") as one, opened(url) as other:
        assert type(one) is DirectoryIndex
        assert type(other) is RedisIndex


def test_the_newest_of_two_schemes_is_opened_and_either_by_its_digest(url, two):
    old, new = two
    for where, work, digest in (
        (url, "new", new),
        (f"{url}&scheme={old}", "old", old),
        (f"{url}&scheme={new}", "new", new),
    ):
        with opened(where) as index:
            assert index.scheme.digest == digest
            assert ids(index) == {work}
            assert everywhere(index, document(work))


def test_a_scheme_that_nobody_made_is_no_index(url, two):
    with pytest.raises(NotAnIndex, match="scheme 0123456789ab"):
        open_index(f"{url}&scheme=0123456789ab")


def test_a_writer_changes_the_one_that_readers_open_or_the_one_that_is_pinned(url, two):
    old, new = two
    change(url, [document("to the new")])
    change(f"{url}&scheme={old}", [document("to the old")])
    with opened(f"{url}&scheme={new}") as index:
        assert ids(index) == {"new", "to the new"}
    with opened(f"{url}&scheme={old}") as index:
        assert ids(index) == {"old", "to the old"}


def test_two_writers_of_two_schemes_do_not_meet(url, two):
    old, new = two
    with open_writer(f"{url}&scheme={old}") as one, open_writer(f"{url}&scheme={new}") as other:
        one.put([document("a")])
        other.put([document("b")])
        assert one.commit().epoch == other.commit().epoch == 2


def test_a_reader_stays_with_its_scheme_while_another_is_made_beside_it(redis_server, url):
    build(url, [document("old")])
    (old,) = listed(redis_server, url)
    aged(redis_server, url, old.decode(), 100)
    with opened(url) as index:
        build(url, [document("new")], scheme=OTHER)
        look(index)
        assert ids(index) == {"old"}
        assert everywhere(index, document("old"))
        with opened(url) as fresh:
            assert ids(fresh) == {"new"}


def unreadable(server, url, digest):
    """Makes the manifest of a scheme one of an index whose words were read otherwise."""
    key = Names(tenant_of(url), digest).manifest
    manifest = Manifest.from_json(server.client.get(key), "")
    prints = dict.fromkeys(manifest.scheme.fingerprints, "of tomorrow")
    server.client.set(key, replace(manifest, scheme=replace(manifest.scheme, fingerprints=prints)).to_json())


def test_the_newest_that_can_be_read_here_is_opened(redis_server, url, two):
    """A fleet is upgraded server by server: the old software goes on with the old index."""
    old, new = two
    unreadable(redis_server, url, new)
    with opened(url) as index:
        assert ids(index) == {"old"}
    with pytest.raises(Incompatible):
        open_index(f"{url}&scheme={new}")
    unreadable(redis_server, url, old)
    with pytest.raises(Incompatible):
        open_index(url)


def test_a_newest_index_that_is_damaged_is_not_passed_over_for_an_older_one(redis_server, url, two):
    """An older index may lack what was added since: that would be a silent loss."""
    redis_server.client.delete(Names(tenant_of(url), two[1]).manifest)
    with pytest.raises(Damaged, match="lacks its manifest"):
        open_index(url)


def test_dropping_removes_one_scheme_and_leaves_the_other(redis_server, url, two):
    old, new = two
    assert writing.drop(Address.parse(f"{url}&scheme={old}")) > 0
    assert not any(old.encode() in key for key in there(redis_server, url))
    assert until(lambda: set(there(redis_server, url)) == accounted(url))
    assert list(listed(redis_server, url)) == [new.encode()]
    with opened(url) as index:
        assert ids(index) == {"new"}
        assert index.verify() == []
    with pytest.raises(NotAnIndex):
        writing.drop(Address.parse(f"{url}&scheme={old}"))


def test_dropping_takes_the_one_that_readers_open(redis_server, url, two):
    writing.drop(Address.parse(url))
    with opened(url) as index:
        assert ids(index) == {"old"}
    writing.drop(Address.parse(url))
    assert there(redis_server, url) == {}


def test_dropping_does_not_take_a_newer_one_that_cannot_be_read_here(redis_server, url, two):
    old, new = two
    unreadable(redis_server, url, new)
    writing.drop(Address.parse(url))
    assert list(listed(redis_server, url)) == [new.encode()]
    assert not any(old.encode() in key for key in there(redis_server, url))
    writing.drop(Address.parse(url))
    assert there(redis_server, url) == {}


def test_an_index_that_lost_its_manifest_can_be_dropped(redis_server, url):
    build(url, library(3))
    (digest,) = listed(redis_server, url)
    redis_server.client.delete(Names(tenant_of(url), digest.decode()).manifest)
    writing.drop(Address.parse(url))
    assert there(redis_server, url) == {}


def test_a_pinned_scheme_that_is_not_there_is_not_dropped(redis_server, url, two):
    before = there(redis_server, url)
    with pytest.raises(NotAnIndex):
        writing.drop(Address.parse(f"{url}&scheme=0123456789ab"))
    after = there(redis_server, url)
    assert after == before


def test_an_upgrade_beside_the_old_is_a_rebuild_into_the_same_tenant(redis_server, url):
    build(url, library(6), store_text=True)
    change(url, [document("more")], ["work-001"])
    (old,) = listed(redis_server, url)
    aged(redis_server, url, old.decode(), 100)
    assert rebuild(f"{url}&scheme={old.decode()}", url, scheme=OTHER) == 3
    with opened(url) as index, opened(f"{url}&scheme={old.decode()}") as before:
        assert index.scheme.digest != before.scheme.digest
        assert ids(index) == ids(before)
        assert [event.what for event in index.history()] == ["build", "add", "rebuild"]
        assert everywhere(index, document("more"))
        assert index.text("work-002") == before.text("work-002")


@pytest.mark.parametrize(("key", "new_key"), [(None, None), (KEY, None), (KEY, bytes(32)), (None, KEY)])
def test_an_index_is_rebuilt_from_and_to_a_server(url, tmp_path, key, new_key):
    build(tmp_path / "a.sbx", library(5), key=key, store_text=True)
    rebuild(tmp_path / "a.sbx", url, key=key, new_key=new_key)
    rebuild(url, tmp_path / "b.sbx", key=new_key or key)
    with opened(tmp_path / "a.sbx", key=key) as one, opened(tmp_path / "b.sbx", key=new_key or key) as other:
        same(one, other, library(5))


@pytest.mark.parametrize("kind", ["directory", "server"])
def test_a_snapshot_is_all_of_an_index_as_it_stands(url, tmp_path, kind):
    where = url if kind == "server" else tmp_path / "a.sbx"
    build(where, library(3))
    with open_snapshot(where, None) as snapshot:
        change(where, [document("later")])
        assert snapshot.manifest.epoch == 1
        assert snapshot.find("work-002") is not None
        assert snapshot.find("later") is None
    with open_shelf(where) as shelf:
        assert Manifest.from_json(shelf.manifest(), shelf.name).epoch == 2


def test_what_stands_there_is_not_made_again(url, tmp_path):
    for where in (url, tmp_path / "a.sbx"):
        build(where, library(1))
        with pytest.raises(UsageError):
            create_writer(where)


def test_the_listing_tells_when_an_index_was_made_also_of_one_that_was_synced(redis_server, url, tmp_path):
    build(tmp_path / "a.sbx", library(2))
    sync(tmp_path / "a.sbx", url)
    ((digest, made),) = listed(redis_server, url).items()
    now = redis_server.client.time()[0]
    assert now - 60 <= int(made) <= now + 1
    with opened(url) as index:
        assert index.scheme.digest == digest.decode()
    change(url, [document("more")])
    assert listed(redis_server, url) == {digest: made}
