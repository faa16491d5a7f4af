"""Ways in which a copy went out as clean, a server kept what nobody knew of, or a process hung, when a reviewer tried."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from simblock.errors import Busy, SimblockError
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores import open_index
from simblock.stores.opening import open_writer
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from simblock.stores.redis.clients import Link
from tests.redis_servers import Server
from tests.stores.redis import faults
from tests.stores.works import document

COPY = faults.copy_of(faults.WORKS[0], words=90) + " "
CLEAN = faults.STRANGERS[0]


def test_a_feed_that_was_cancelled_is_never_clean(proxy, tmp_path):
    index = faults.opened(proxy.url(), tmp_path, timeout=2)
    stream = Guard(index).stream()
    proxy.slow(0.3)

    async def go():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.afeed(COPY), 0.1)
        proxy.slow(0)
        return await stream.afeed("and so on. ") + await stream.afinish()

    released = asyncio.run(go())
    index.close()
    assert not (released and faults.worth(stream.report) == faults.CLEAN), len(released.split())


def test_a_feed_broken_by_a_signal_is_never_clean(proxy, tmp_path):
    index = faults.opened(proxy.url(), tmp_path, timeout=2)
    stream = Guard(index).stream()
    proxy.slow(0.4)

    class Late(Exception):
        pass

    def late(*_):
        raise Late

    old = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 0.15)
    try:
        with pytest.raises(Late):
            stream.feed(COPY)
    finally:
        signal.signal(signal.SIGALRM, old)
    proxy.slow(0)
    released = stream.feed("and so on. ") + stream.finish()
    index.close()
    assert not (released and faults.worth(stream.report) == faults.CLEAN), len(released.split())


def test_two_feeds_at_once_release_nothing_unexamined(proxy, tmp_path):
    index = faults.opened(proxy.url(), tmp_path, timeout=2)
    stream = Guard(index).stream()
    proxy.slow(0.2)

    async def go():
        return await asyncio.gather(stream.afeed(COPY), stream.afeed("and more. "), return_exceptions=True)

    outs = asyncio.run(go())
    index.close()
    assert not [o for o in outs if isinstance(o, str) and len(o.split()) > 60]


def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(8)
            os._exit(work())
        except BaseException:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_an_idle_worker_that_was_forked_does_not_stop_clean_text(seeded, tmp_path):
    index = faults.opened(seeded.url(), tmp_path)
    guard = Guard(index, Policy.load().model_copy(update={"stale_after": 2}))
    assert guard.check(CLEAN).error is None

    def work():
        time.sleep(3)
        return int(guard.check(CLEAN).error is not None)

    assert in_child(work) == 0


def test_a_fork_while_an_outage_is_noted_does_not_hang(seeded, tmp_path):
    guard = Guard(faults.opened(seeded.url(), tmp_path))
    outages = guard.driver._outages
    with outages._lock:
        assert in_child(lambda: outages.note(0, "answer", "x") or 0) == 0


def test_a_replica_that_lost_its_master_gives_no_news(seeded, tmp_path):
    replica = Server().start()
    try:
        replica.client.replicaof("127.0.0.1", seeded.port)
        while replica.client.info("replication").get("master_link_status") != "up":
            time.sleep(0.1)
        index = faults.opened(replica.url(), tmp_path)
        replica.client.replicaof("127.0.0.1", 1)
        new = document("brand new", words=200)
        with open_writer(f"{seeded.url()}?tenant={faults.TENANT}") as writer:
            writer.put([new])
            writer.commit()
        time.sleep(3)
        guard = Guard(index, Policy.load().model_copy(update={"stale_after": 2}))
        report = guard.check(" ".join(new.text.split(" ")[:100]))
        index.close()
        assert faults.worth(report) != faults.CLEAN, index.age
    finally:
        replica.close()


def test_event_loops_that_are_over_leave_no_socket(seeded, tmp_path):
    index = faults.opened(seeded.url(), tmp_path, pages=0)
    guard = Guard(index)

    async def one(n):
        stream = guard.stream()
        return await stream.afeed(faults.copy_of(faults.WORKS[n], 7)) + await stream.afinish()

    for n in range(20):
        asyncio.run(one(n))
    import gc

    gc.collect()
    links = len(index._links)
    index.close()
    assert links <= 2


def test_dropping_through_the_library_what_is_broken(seeded):
    seeded.client.delete(faults.control(seeded.client, "manifest"))
    assert writing.drop(Address.parse(f"{seeded.url()}?tenant={faults.TENANT}"))


def test_a_writer_that_was_superseded_leaves_no_key(seeded, monkeypatch):
    url = f"{seeded.url()}?tenant={faults.TENANT}&grace=0"
    before = set(faults.records(seeded.client))
    plain, first = Link.set_many, []

    def stalled(self, items):
        if not first:
            first.append(1)
            seeded.client.delete(faults.control(seeded.client, "writer"))  # stopped for 30 s
            with open_writer(url):
                pass
        return plain(self, items)

    monkeypatch.setattr(Link, "set_many", stalled)
    with open_writer(url) as writer:
        writer.put([document("new", words=200)])
        with pytest.raises(Busy):
            writer.commit()
    with open_writer(url):
        pass
    time.sleep(0.2)
    assert set(faults.records(seeded.client)) == before


@pytest.mark.parametrize("value", [b"{", b'{"p": 1000000000000}'])
def test_a_damaged_list_of_files_can_be_dropped(seeded, value):
    files = faults.control(seeded.client, "files")
    seeded.client.hset(files, next(f for f in seeded.client.hkeys(files)), value)
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("hangs"))
    signal.alarm(6)
    try:
        writing.drop(Address.parse(f"{seeded.url()}?tenant={faults.TENANT}"))
    finally:
        signal.alarm(0)


def test_a_damaged_time_of_a_scheme_is_no_crash(seeded):
    key = f"sb:{faults.TENANT}:schemes"
    for field in seeded.client.hkeys(key):
        seeded.client.hset(key, field, b"9" * 5000)
    with contextlib.suppress(SimblockError):
        open_index(f"{seeded.url()}?tenant={faults.TENANT}").close()
