"""A replica that follows an index: from a directory to a real server, and the other way."""

import threading
from contextlib import contextmanager

import pytest

from simblock.errors import SimblockError, StoreLost, UsageError
from simblock.stores import compaction
from simblock.stores.syncing import follow
from tests.stores.conftest import KEY
from tests.stores.redis.tenants import build, change, heard, made, opened, until, url_of
from tests.stores.works import document, everywhere, library, nowhere

KEYS = pytest.mark.parametrize("key", [None, KEY], ids=["open", "keyed"])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "works.sbx"


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path, grace=0.2)


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
