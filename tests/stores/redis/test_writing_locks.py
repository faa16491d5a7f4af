"""Writers that are killed, meet another, or lose their lock."""

import subprocess
import sys
import textwrap
import threading

import pytest

from simblock.errors import Busy, UsageError
from simblock.stores.opening import create_writer, open_writer
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from tests.stores.redis.tenants import build, change, look, opened, sound, there, until, url_of
from tests.stores.works import document, everywhere, library, nowhere

GRACE = 0.2


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path, grace=GRACE)


KILLED = """
    import os, signal, sys
    from simblock.stores import compaction
    from simblock.stores.opening import open_writer
    from simblock.stores.redis import writing
    from simblock.stores.redis.clients import Link
    from tests.stores.works import document

    compaction.SEGMENT_TOKENS, writing._HELD = 2000, 0.5
    store, left = Link.set_many, int(sys.argv[2])

    def set_many(self, items):
        def some():
            global left
            for item in items:
                yield item
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        store(self, some())

    Link.set_many = set_many
    with open_writer(sys.argv[1]) as writer:
        writer.remove(["work-000"])
        writer.put(document(f"new-{n}", words=900) for n in range(8))
        print(writer.commit().epoch)
"""


@pytest.mark.parametrize("after", [1, 5, 20])
def test_a_writer_that_is_killed_leaves_the_index_as_it_was_and_the_next_cleans_up(redis_server, url, after):
    build(url, library(6))
    program = [sys.executable, "-c", textwrap.dedent(KILLED), url, str(after)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    with opened(url) as index:
        assert index.epoch == 1
        assert all(everywhere(index, work) for work in library(6))
        assert index.verify() == []
    assert until(lambda: freed(url))
    change(url, [document("last")])
    sound(redis_server, url)
    with opened(url) as index:
        assert {entry.work.id for entry in index.entries()} == {"last", *(w.work.id for w in library(6))}


def freed(url):
    """Whether nobody holds the lock."""
    try:
        open_writer(url).close()
    except Busy:
        return False
    return True


def test_a_second_writer_is_told_to_wait(url):
    build(url, library(2))
    with open_writer(url):
        with pytest.raises(Busy, match="another writer"):
            open_writer(url)
        with pytest.raises(Busy):
            writing.drop(Address.parse(url))
    change(url, [document("then")])


def test_two_that_make_the_same_index_are_told_apart(url):
    with create_writer(url), pytest.raises(Busy):
        create_writer(url)


def lock_of(server, url):
    (lock,) = [key for key in there(server, url) if key.endswith(b":writer")]
    return lock


@pytest.mark.parametrize("taken", [b"another's token", None], ids=["taken over", "run out"])
def test_a_writer_that_lost_its_lock_publishes_nothing(redis_server, url, taken):
    build(url, library(3))
    with opened(url) as index:
        with open_writer(url) as writer:
            writer.put([document("new")])
            lock = lock_of(redis_server, url)
            redis_server.client.delete(lock)
            if taken:
                redis_server.client.set(lock, taken)
            with pytest.raises(Busy, match="taken"):
                writer.commit()
        look(index)
        assert index.epoch == 1
        assert nowhere(index, document("new"))
    assert redis_server.client.get(lock) == taken
    redis_server.client.delete(lock)
    change(url, [document("next")])
    sound(redis_server, url)


def test_the_lock_is_kept_up_as_long_as_the_writer_lives(redis_server, url, monkeypatch):
    monkeypatch.setattr(writing, "_HELD", 1.0)
    monkeypatch.setattr(writing, "_RENEWED", 0.05)
    build(url, library(2))
    ended = threading.Event()
    with open_writer(url) as writer:
        writer.put([document("new")])
        ended.wait(1.5)
        with pytest.raises(Busy):
            open_writer(url)
        assert writer.commit().epoch == 2
    assert not [key for key in there(redis_server, url) if key.endswith(b":writer")]


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_writers_leave_no_thread(url):
    build(url, library(2))
    with pytest.raises(UsageError):
        create_writer(url)
    change(url, [document("new")])
    assert not [thread for thread in threading.enumerate() if thread.name == "simblock-writer"]
