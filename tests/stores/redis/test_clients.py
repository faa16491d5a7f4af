import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
import time

import pytest

from simblock.errors import Busy
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import AwaitingLink, Link
from tests.redis_servers import Server, wait
from tests.stores.redis.links import CHANGES, LOCK, MANIFEST, NAMES, awaited, linked


@pytest.fixture(scope="module")
def redis_server():
    """The tests of links empty their server, so it is theirs alone."""
    made = Server().start()
    yield made
    made.close()


@pytest.fixture
def link(redis_server):
    redis_server.client.flushall()
    with linked(redis_server.url(timeout=2)) as made:
        yield made


def test_values_come_in_order_of_the_keys_and_none_where_there_is_none(link):
    link.set_many([(b"a", b"1"), (b"b", bytes(range(256)) * 300), (b"c", b"")])
    assert link.get_many([b"c", b"b", b"x", b"a"]) == [b"", bytes(range(256)) * 300, None, b"1"]
    assert link.get(b"a") == b"1"
    assert link.get_many([]) == []


def test_an_awaiting_link_reads_the_same(link, redis_server):
    link.set_many([(b"a", b"1"), (b"b", b"2" * 70_000)])
    assert awaited(redis_server.url(timeout=2), [b"b", b"x", b"a"]) == [[b"2" * 70_000, None, b"1"]]


def test_many_are_read_by_one_command(link, redis_server):
    keys = [b"%d" % n for n in range(100)]
    link.get_many(keys)
    before = redis_server.client.info("commandstats")["cmdstat_mget"]["calls"]
    link.get_many(keys)
    assert redis_server.client.info("commandstats")["cmdstat_mget"]["calls"] == before + 1


def test_megabytes_and_thousands_of_values_are_written_in_portions(link, redis_server):
    large = [(b"large%d" % n, os.urandom(700_000)) for n in range(4)]
    small = [(b"small%d" % n, b"x") for n in range(2500)]
    link.set_many(iter(large + small))
    assert link.get_many([key for key, _ in large], patient=True) == [value for _, value in large]
    assert redis_server.client.dbsize() == 2504
    link.unlink_many(key for key, _ in small)
    assert redis_server.client.dbsize() == 4


def test_keys_expire_when_they_are_told_to(link, redis_server):
    link.set_many([(b"a", b"1"), (b"b", b"2")])
    link.expire_many([b"a", b"absent"], 60)
    assert 55_000 < redis_server.client.pttl("a") <= 60_000
    assert redis_server.client.ttl("b") == -1


def test_fields_of_a_hash_are_set_read_and_dropped(link):
    assert link.fields(b"h") == {}
    link.set_field(b"h", b"one", b"1")
    link.set_field(b"h", b"two", b"2")
    assert link.fields(b"h") == {b"one": b"1", b"two": b"2"}
    link.drop_field(b"h", b"one")
    assert link.fields(b"h") == {b"two": b"2"}


def test_a_lock_has_one_holder_who_alone_can_renew_and_release_it(link, redis_server):
    assert link.acquire(LOCK, b"me", 30)
    assert link.acquire(LOCK, b"me", 30), "an answer that was lost may be asked for again"
    assert not link.acquire(LOCK, b"you", 30)
    assert not link.renew(LOCK, b"you", 90)
    assert link.renew(LOCK, b"me", 90)
    assert redis_server.client.pttl(LOCK) > 60_000
    link.release(LOCK, b"you")
    assert redis_server.client.get(LOCK) == b"me"
    link.release(LOCK, b"me")
    assert link.acquire(LOCK, b"you", 30)


def test_a_lock_runs_out(link):
    assert link.acquire(LOCK, b"me", 0.05)
    wait(lambda: link.acquire(LOCK, b"you", 30), "the lock runs out")
    assert not link.renew(LOCK, b"me", 30)


def test_a_commit_stores_the_manifest_and_announces_it(link):
    assert link.last_change(CHANGES) == b"0-0"
    link.acquire(LOCK, b"me", 30)
    first = link.publish(NAMES, b"me", b"{1}")
    second = link.publish(NAMES, b"me", b"{2}")
    assert link.get(MANIFEST) == b"{2}"
    assert link.last_change(CHANGES) == second
    assert link.changes(CHANGES, b"0-0", 0.01) == [first, second]
    assert link.changes(CHANGES, first, 0.01) == [second]


def test_a_commit_that_cannot_be_announced_stands_and_says_so(link, redis_server, caplog):
    link.acquire(LOCK, b"me", 30)
    redis_server.client.set(CHANGES, "no stream")
    assert link.publish(NAMES, b"me", b"{1}") == b""
    assert link.get(MANIFEST) == b"{1}"
    (said,) = [record.getMessage() for record in caplog.records]
    assert "a commit stands, but was not announced" in said
    assert f"delete the key {CHANGES.decode()}" in said


def test_a_writer_whose_lock_was_taken_over_commits_nothing(link):
    link.acquire(LOCK, b"you", 30)
    with pytest.raises(Busy, match="another writer has taken over"):
        link.publish(NAMES, b"me", b"{}")
    assert link.get(MANIFEST) is None
    assert link.last_change(CHANGES) == b"0-0"


def test_a_commit_goes_through_while_its_lock_is_being_renewed(link):
    link.acquire(LOCK, b"me", 30)
    ended = threading.Event()

    def renewing():
        while not ended.is_set():
            link.renew(LOCK, b"me", 30)
            time.sleep(0.001)

    thread = threading.Thread(target=renewing)
    thread.start()
    try:
        for n in range(50):
            link.publish(NAMES, b"me", b"%d" % n)
    finally:
        ended.set()
        thread.join()
    assert link.get(MANIFEST) == b"49"
    assert len(link.changes(CHANGES, b"0-0", 0.01)) == 50


def test_the_stream_is_kept_short(link, redis_server, monkeypatch):
    monkeypatch.setattr("simblock.stores.redis.clients._ANNOUNCED", 10)
    link.acquire(LOCK, b"me", 30)
    for _ in range(300):
        link.publish(NAMES, b"me", b"{}")
    assert redis_server.client.xlen(CHANGES) < 250


def test_waiting_for_changes_ends_with_the_first_or_when_none_came(link):
    assert link.changes(CHANGES, b"0-0", 0.02) == []
    link.acquire(LOCK, b"me", 30)
    timer = threading.Timer(0.1, link.publish, (NAMES, b"me", b"{}"))
    timer.start()
    assert link.changes(CHANGES, b"0-0", 20.0) == [link.last_change(CHANGES)]
    timer.join()


def test_too_few_replicas_are_logged_and_the_commit_stands(redis_server, monkeypatch, caplog):
    monkeypatch.setattr("simblock.stores.redis.clients._SECONDS", 0.2)
    redis_server.client.flushall()
    with linked(redis_server.url(wait=1)) as link, caplog.at_level(logging.WARNING, "simblock"):
        link.acquire(LOCK, b"me", 30)
        link.publish(NAMES, b"me", b"{}")
        assert link.get(MANIFEST) == b"{}"
    assert "0 of 1 replicas" in caplog.text


def test_a_server_says_what_operators_should_know(link, redis_server, own_server):
    facts = link.facts()
    assert facts.version == redis_server.client.info("server")["redis_version"]
    assert (facts.maxmemory_policy, facts.maxmemory, facts.persistent) == ("noeviction", 0, False)
    assert (facts.role, facts.replicas, facts.masters) == ("master", 0, 1)
    assert facts.used_memory > 100_000
    own_server.client.config_set("maxmemory", 2**30)
    own_server.client.config_set("maxmemory-policy", "allkeys-lru")
    with linked(own_server.url()) as other:
        facts = other.facts()
    assert (facts.maxmemory_policy, facts.maxmemory, facts.persistent) == ("allkeys-lru", 2**30, True)


def test_threads_share_a_link(link):
    link.set_many((b"%d" % n, b"v%d" % n) for n in range(200))
    wrong = []

    def reading(start):
        for n in range(start, start + 200):
            key = b"%d" % (n % 200)
            if link.get_many([key]) != [b"v" + key]:
                wrong.append(key)

    threads = [threading.Thread(target=reading, args=(n * 20,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_tasks_share_an_awaiting_link_and_few_connections(link, redis_server):
    link.set_many((b"%d" % n, b"v%d" % n) for n in range(200))

    async def read():
        shared = AwaitingLink(Address.parse(redis_server.url(timeout=5)))
        found = await asyncio.gather(*(shared.get_many([b"%d" % n]) for n in range(200)))
        clients = redis_server.client.info("clients")["connected_clients"]
        await shared.close()
        return found, clients

    found, clients = asyncio.run(read())
    assert found == [[b"v%d" % n] for n in range(200)]
    assert clients < 60


FORKS = """
import os, sys
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
link = Link(Address.parse(sys.argv[1]))
link.set_many((b"%d" % n, b"v%d" % n) for n in range(100))
assert link.get(b"1") == b"v1"
children = []
for _ in range(4):
    if not (child := os.fork()):
        right = all(link.get_many([b"%d" % (n % 100)]) == [b"v%d" % (n % 100)] for n in range(300))
        link.close()
        os._exit(0 if right else 1)
    children.append(child)
right = all(link.get_many([b"%d" % (n % 100)]) == [b"v%d" % (n % 100)] for n in range(300))
ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
assert right and ends == [0] * 4, (right, ends)
assert link.get(b"1") == b"v1", "children ended the connection of their parent"
link.close()
"""


def test_a_link_goes_on_on_both_sides_of_a_fork(redis_server):
    command = [sys.executable, "-W", "error", "-c", FORKS, redis_server.url(timeout=5)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.filterwarnings("error")
def test_nothing_is_left_open(redis_server):
    def connected():
        return redis_server.client.info("clients")["connected_clients"]

    before = connected()
    with linked(redis_server.url()) as link:
        link.get_many([b"a"])
        assert connected() > before
    awaited(redis_server.url(), [b"a"])
    Link(link.address).get_many([b"a"])
    del link
    gc.collect()
    wait(lambda: connected() <= before, "all connections are closed")
