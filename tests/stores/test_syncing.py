"""An index brought from a directory to a real server, to another tenant, and back."""

import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager

import pytest

from simblock.errors import Busy, Damaged, KeyProblem, NotAnIndex, SimblockError, StoreLost, UsageError
from simblock.stores import compaction, open_index, syncing
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.syncing import follow, sync
from simblock.work import Document, Work
from tests.stores.changes import apply, same, steps
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import build, change, heard, look, opened, sound, there, until, url_of
from tests.stores.works import document, everywhere, library, nowhere

KEYS = pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])
CODE = Document(
    Work("a.py", kind="code", language="python"),
    "\n".join(f"def part_{n}(left, right):\n    return left * {n} + right" for n in range(40)),
)


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


def made(place, key=None):
    """An index with some history: several segments, tombstones, twins, code, texts stored."""
    with create_writer(place, key=key, store_text=True) as writer:
        writer.put([*library(12), document("twin", seed="work-001"), CODE])
        writer.commit()
        writer.put([document("late", seed="work-002"), document("more", title="T")])
        writer.remove(["work-003"], reason="asked for")
        writer.commit()


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


# -- following


@contextmanager
def following(source, target, key=None):
    """A replica that follows in a thread; what it told."""
    stop, told, failed = threading.Event(), [], []

    def run():
        try:
            follow(source, target, stop, key=key, poll=0.02, told=told.append)
        except SimblockError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield told, failed
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@KEYS
def test_a_follower_keeps_a_replica_current(folder, url, key):
    made(folder, key)
    with following(folder, url, key) as (told, failed):
        assert until(lambda: told)
        with opened(url, key=key) as index:
            change(folder, [document("added")], key=key)
            assert heard(index, 3)
            assert everywhere(index, document("added"))
            change(folder, remove=["added"], key=key, purge=True)
            assert heard(index, 4)
            assert nowhere(index, document("added"))
    assert failed == []
    assert [done.epoch for done in told] == [2, 3, 4]


def test_a_follower_of_a_server_brings_its_merges(url, folder, monkeypatch):
    monkeypatch.setattr(compaction, "DELTA_TOKENS", 300)
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 2000)
    build(url, library(2))
    with following(url, folder) as (told, failed):
        for number in range(8):
            change(url, [document(f"w{number}", words=150)])
        with opened(url) as index:
            last = index.epoch
            assert "merge" in [event.what for event in index.history()]
        assert until(lambda: told and told[-1].epoch == last)
    assert failed == []
    with opened(folder) as index:
        assert index.verify() == []
        assert everywhere(index, document("w7", words=150))


def test_a_follower_survives_a_restart_of_the_server(folder, own_server, tmp_path):
    made(folder)
    url = url_of(own_server, tmp_path, connect_timeout=0.2)
    with following(folder, url) as (told, failed):
        assert until(lambda: told)
        own_server.kill()
        change(folder, [document("meanwhile")])
        assert until(lambda: any(isinstance(one, StoreLost) for one in told))
        own_server.start()
        assert until(lambda: getattr(told[-1], "epoch", 0) == 3, 20)
        change(folder, [document("then")])
        assert until(lambda: getattr(told[-1], "epoch", 0) == 4, 20)
    assert failed == []
    with opened(url) as index:
        assert everywhere(index, document("meanwhile"))
        assert index.verify() == []


def test_a_follower_of_a_server_survives_its_restart(folder, own_server, tmp_path):
    url = url_of(own_server, tmp_path, connect_timeout=0.2)
    made(url)
    with following(url, folder) as (told, failed):
        assert until(lambda: told)
        own_server.restart()
        change(url, [document("then")])
        assert until(lambda: getattr(told[-1], "epoch", 0) == 3, 20)
    assert failed == []


def test_a_follower_that_cannot_go_on_says_why(folder, url):
    made(folder)
    build(url, library(2))
    with following(folder, url) as (told, failed):
        assert until(lambda: failed)
        assert isinstance(failed[0], UsageError)
    assert told == []
