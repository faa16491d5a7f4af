"""An index brought from a directory to a real server, to another tenant, and back."""

import subprocess
import sys
import textwrap
import threading

import pytest

from simblock.errors import Busy, Damaged, KeyProblem, NotAnIndex, UsageError
from simblock.stores import compaction, open_index, syncing
from simblock.stores.names import MANIFEST
from simblock.stores.opening import open_writer
from simblock.stores.syncing import sync
from tests.stores.changes import apply, same, steps
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import build, change, look, made, opened, sound, there, until, url_of
from tests.stores.works import document, everywhere, library, nowhere

KEYS = pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "works.sbx"


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path, grace=0.2)


@pytest.fixture
def other(redis_server, tmp_path):
    return url_of(redis_server, tmp_path, grace=0.2)


def files(folder):
    """What a folder holds of an index, its lock aside."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


@KEYS
def test_a_directory_comes_back_byte_for_byte(folder, url, tmp_path, key):
    made(folder, key)
    done = sync(folder, url, key=key)
    assert done.changed
    assert done.epoch == 2
    assert done.bytes == sum(
        len(data) for name, data in files(folder).items() if name.startswith(("seg-", "journal-"))
    )
    back = sync(url, tmp_path / "back.sbx", key=key)
    assert back == done
    assert files(tmp_path / "back.sbx") == files(folder)
    with opened(url, key=key) as index, opened(folder, key=key) as source:
        same(index, source, library(12))
        assert index.history() == source.history()
        assert index.verify() == []


@KEYS
def test_one_tenant_becomes_another(redis_server, url, other, tmp_path, key):
    made(url, key)
    sync(url, other, key=key)
    sync(url, tmp_path / "a", key=key)
    sync(other, tmp_path / "b", key=key)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    with opened(url, key=key) as one, opened(other, key=key) as two:
        same(one, two, library(12))
    sound(redis_server, other, key)


def test_what_is_the_same_already_is_not_brought_again(redis_server, folder, url):
    made(folder)
    sync(folder, url)
    before = there(redis_server, url)
    assert sync(folder, url) == (0, 0, 2, False)
    assert there(redis_server, url) == before


def test_only_what_is_new_is_brought(folder, url):
    made(folder)
    sync(folder, url)
    change(folder, [document("new")])
    told = []
    done = sync(folder, url, watch=lambda brought, total: told.append((brought, total)))
    assert done.epoch == 3
    assert told[-1] == (done.bytes, done.bytes)
    segments = [len(data) for name, data in files(folder).items() if name.startswith("seg-")]
    assert done.bytes < sum(segments)


def test_after_a_sync_the_target_has_nothing_else(redis_server, folder, url):
    made(folder)
    sync(folder, url)
    for number in range(3):
        change(folder, [document(f"new-{number}")], [f"work-00{number}"], purge=number == 1)
        sync(folder, url)
    sound(redis_server, url)
    with opened(url) as index:
        assert nowhere(index, document("work-001", title="Title 1")) or index.text("work-001") is None
        assert index.text("new-1")


def test_a_replica_follows_through_random_changes(folder, url, monkeypatch):
    monkeypatch.setattr(compaction, "DELTA_TOKENS", 300)
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 2000)
    build(folder, [], store_text=True)
    sync(folder, url)
    with opened(url) as index:
        for step in steps(9, 10):
            with open_writer(folder) as writer:
                apply(writer, step)
            sync(folder, url)
            look(index)
            with opened(folder) as source:
                same(index, source, step[0])


def test_works_that_are_put_into_a_copy_make_it_the_later_one(folder, url):
    made(folder)
    sync(folder, url)
    change(url, [document("put into the copy")])
    with pytest.raises(UsageError, match="epoch 3, later than its source"):
        sync(folder, url)
    sync(url, folder)
    with opened(folder) as index:
        assert everywhere(index, document("put into the copy"))


def test_copies_that_went_two_ways_are_not_replaced_by_one_another(folder, url):
    made(folder)
    sync(folder, url)
    change(url, [document("here")])
    change(folder, [document("there")])
    for source, target in ((folder, url), (url, folder)):
        with pytest.raises(UsageError, match="changes of its own"):
            sync(source, target)
    change(folder, [document("and there")])
    with pytest.raises(UsageError, match="changes of its own"):
        sync(folder, url)
    with opened(url) as index:
        assert everywhere(index, document("here"))


def test_a_copy_whose_journal_is_broken_is_replaced(redis_server, folder, url):
    made(folder)
    sync(folder, url)
    change(folder, [document("new")])
    with opened(url) as index:
        journal = index._names.record(index._snapshot.manifest.journal.id, "c", 0)
    redis_server.client.delete(journal)
    assert sync(folder, url).epoch == 3
    with opened(url) as index:
        assert index.verify() == []


def test_another_index_is_not_replaced(redis_server, folder, url, tmp_path):
    made(folder)
    build(url, library(2))
    before = there(redis_server, url)
    with pytest.raises(UsageError, match="is another index"):
        sync(folder, url)
    assert there(redis_server, url) == before
    build(tmp_path / "third.sbx", library(2))
    with pytest.raises(UsageError, match="is another index"):
        sync(folder, tmp_path / "third.sbx")
    with pytest.raises(UsageError, match="is another index"):
        sync(url, folder)


@pytest.mark.parametrize("key", [None, bytes(32)], ids=["no key", "another"])
def test_a_keyed_index_is_brought_with_its_key_alone(redis_server, folder, url, tmp_path, key):
    made(folder, KEY)
    with pytest.raises(KeyProblem):
        sync(folder, url, key=key)
    assert there(redis_server, url) == {}
    sync(folder, url, key=KEY)
    with pytest.raises(KeyProblem):
        sync(url, tmp_path / "back.sbx", key=key)
    assert not (tmp_path / "back.sbx").exists()


def test_a_source_that_is_none_is_told(redis_server, url, other, tmp_path):
    for source in (tmp_path / "nothing.sbx", other):
        with pytest.raises(NotAnIndex):
            sync(source, url)
    assert there(redis_server, url) == {}


def test_a_target_that_is_being_written_is_busy(folder, url):
    made(folder)
    sync(folder, url)
    change(folder, [document("new")])
    with open_writer(url), pytest.raises(Busy):
        sync(folder, url)
    assert sync(folder, url).epoch == 3


def test_a_damaged_source_leaves_the_target_as_it_was(redis_server, folder, url, tmp_path):
    made(folder)
    sync(folder, url)
    sync(url, tmp_path / "back.sbx")
    change(url, [document("new")])
    before = files(tmp_path / "back.sbx")
    newest = [key for key in there(redis_server, url) if key.endswith(b":r:0")]
    for key in newest:
        value = redis_server.client.get(key)
        redis_server.client.set(key, value[:-1] + bytes([value[-1] ^ 1]))
    with pytest.raises(Damaged):
        sync(url, tmp_path / "back.sbx")
    assert files(tmp_path / "back.sbx") == before
    with opened(tmp_path / "back.sbx") as index:
        assert index.verify() == []


@pytest.mark.parametrize("back", [False, True], ids=["from a directory", "from a server"])
def test_a_source_that_is_changed_meanwhile_is_brought_as_it_became(folder, url, monkeypatch, back):
    """What the commit before needed may be gone by then: that is no damage."""
    source, target = (url, folder) if back else (folder, url)
    made(source)
    bring, coming = syncing._bring, [source]

    def some(*args):
        if coming:
            change(coming.pop(), [document("meanwhile")], ["work-001"], purge=True)
            threading.Event().wait(0.3)  # longer than the grace
        bring(*args)

    monkeypatch.setattr(syncing, "_bring", some)
    sync(source, target)
    with opened(target) as index, opened(source) as there:
        assert index.epoch == there.epoch > 2
        assert index.text("work-001") is None
        assert index.verify() == []


def broken(server, url, how):
    """Damages the index of a URL in one of several ways: every record of a kind, or the manifest."""
    client, keys = server.client, sorted(there(server, url))
    kind = {"pages": b":p:", "blocks": b":r:", "chunks": b":c:", "heads": b":h:"}.get(how, b":manifest")
    hit = [key for key in keys if kind in key]
    assert hit
    for key in hit:
        value = client.get(key)
        client.set(key, value[:-9] + bytes([value[-9] ^ 1]) + value[-8:])
    if how != "manifest":
        client.delete(hit[0])


@KEYS
@pytest.mark.parametrize("how", ["pages", "blocks", "chunks", "heads", "manifest"])
def test_what_a_target_has_lost_is_brought_again_where_that_is_asked_for(
    redis_server, folder, url, tmp_path, key, how
):
    made(folder, key)
    sync(folder, url, key=key)
    whole = there(redis_server, url)
    with opened(f"{url}&pages=1", key=key) as reader:
        broken(redis_server, url, how)
        if how != "manifest":
            assert sync(folder, url, key=key).changed is False
            assert reader.verify()
        done = sync(folder, url, key=key, anew=True)
        assert (done.changed, done.epoch) == (True, 2)
        look(reader)
        assert reader.verify() == []
        assert everywhere(reader, library(12)[7])
    again = there(redis_server, url)
    assert {key: value for key, value in again.items() if value} == {
        key: value for key, value in whole.items() if value
    }
    sync(url, tmp_path / "back.sbx", key=key)
    assert files(tmp_path / "back.sbx") == files(folder)
    sound(redis_server, url, key)


def test_a_directory_that_is_damaged_is_brought_again_where_that_is_asked_for(folder, url):
    made(folder)
    sync(folder, url)
    before = files(folder)
    for path in folder.glob("seg-*"):
        path.write_bytes(path.read_bytes()[:-70])
    sync(url, folder, anew=True)
    assert files(folder) == before
    (folder / MANIFEST).write_text("{}")
    sync(url, folder, anew=True)
    assert files(folder) == before


def test_another_index_is_not_replaced_by_one_that_is_brought_anew(folder, url):
    made(folder)
    build(url, library(2))
    with pytest.raises(UsageError, match="is another index"):
        sync(folder, url, anew=True)


KILLED = """
    import os, signal, sys
    from simblock.stores import syncing
    from simblock.stores.redis import writing

    writing._HELD = 0.5
    bring, left = syncing._bring, int(sys.argv[3])

    def some(*args):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        bring(*args)

    syncing._bring = some
    syncing.sync(sys.argv[1], sys.argv[2])
"""


def killed(source, target, after):
    program = [sys.executable, "-c", textwrap.dedent(KILLED), str(source), str(target), str(after)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr


def synced(source, target):
    """Syncs as soon as the lock of one that died is forgotten."""
    done = []

    def attempt():
        try:
            done.append(sync(source, target))
        except Busy:
            return False
        return True

    assert until(attempt)
    return done[0]


def test_a_sync_that_is_killed_leaves_the_target_as_it_was(redis_server, folder, url):
    made(folder)
    sync(folder, url)
    change(folder, [document("new")], ["work-005"], purge=True)
    killed(folder, url, 2)
    with opened(url) as index:
        assert index.epoch == 2
        assert everywhere(index, library(12)[5])
        assert index.verify() == []
    assert synced(folder, url).epoch == 3
    sound(redis_server, url)


def test_a_first_sync_that_is_killed_leaves_no_index(redis_server, folder, url, tmp_path):
    made(folder)
    killed(folder, url, 2)
    with pytest.raises(NotAnIndex):
        open_index(url)
    assert synced(folder, url).epoch == 2
    sound(redis_server, url)
    killed(url, tmp_path / "back.sbx", 2)
    assert sync(url, tmp_path / "back.sbx").epoch == 2
    assert files(tmp_path / "back.sbx") == files(folder)
