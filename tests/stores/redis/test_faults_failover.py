"""What was committed, and what guards see of it, while masters die, hang and come back."""

import contextlib
import time

import pytest

from simblock.errors import SimblockError
from simblock.stores.opening import open_writer
from tests.redis_servers import HOST, Server, wait
from tests.slow_proxy import Proxy
from tests.stores.redis import faults
from tests.stores.redis.faults import CLEAN, STOPPED, WORKS, all_fresh, guarding
from tests.stores.works import document

pytestmark = pytest.mark.slow


def works(name, count):
    return [document(f"{name}-{number}", words=300) for number in range(count)]


def add(url, work, **options):
    joint = "&" if "?" in url else "?"
    settings = "&".join(f"{key}={value}" for key, value in {"tenant": faults.TENANT, **options}.items())
    with open_writer(url + joint + settings) as writer:
        writer.put([work])
        return writer.commit().epoch


def in_force(guarded, work, seconds=20):
    wait(lambda: guarded.ask(work, "stop") == STOPPED, f"{work.work.id} is in force", seconds)
    guarded.forget()


def test_what_a_replica_confirmed_outlives_the_master(under_sentinel, tmp_path):
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        for work in works("confirmed", 2):
            under_sentinel.heal()
            master, replica = under_sentinel.master, under_sentinel.replica
            add(under_sentinel.url(), work, wait=1)
            master.kill()
            wait(lambda: under_sentinel.master is replica, "the replica is the master")  # noqa: B023
            all_fresh(guarded)
            in_force(guarded, work)
        guarded.recover()


def test_a_writer_whose_master_dies_has_committed_all_or_nothing(under_sentinel, tmp_path):
    before, during, after = works("through", 3)
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        add(under_sentinel.url(), before, wait=1)
        writer = open_writer(f"{under_sentinel.url()}?tenant={faults.TENANT}")
        writer.put([during])
        under_sentinel.master.kill()
        with pytest.raises(SimblockError):
            writer.commit()
        with contextlib.suppress(SimblockError):
            writer.close()
        replica = next(server for server in under_sentinel.data if server.alive)
        wait(lambda: under_sentinel.master is replica, "the replica is the master")
        replica.client.delete(faults.control(replica.client, "writer"))  # as if its 30 seconds were over
        wait(lambda: committed(under_sentinel.url(), after), "it can be written again")
        for work in (before, after):
            in_force(guarded, work)
        assert guarded.ask(during, "stop") == CLEAN, "it was told that it is not in"
        guarded.forget()
        guarded.recover()


def committed(url, work):
    try:
        return add(url, work)
    except SimblockError:
        return None


def test_guards_leave_a_master_that_was_deposed_while_it_hung(under_sentinel, tmp_path):
    first, second = works("deposed", 2)
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        master, replica = under_sentinel.master, under_sentinel.replica
        master.pause()
        wait(lambda: under_sentinel.master is replica, "the replica is the master")
        add(under_sentinel.url(), first)
        in_force(guarded, first)
        master.resume()
        add(under_sentinel.url(), second)
        in_force(guarded, second)
        for _ in range(60):
            for work in (first, second):
                assert guarded.ask(work, "stop") != CLEAN
            time.sleep(0.05)
        guarded.recover()


def test_readers_of_replicas_bear_the_loss_of_a_replica(under_sentinel, tmp_path):
    with guarding(under_sentinel.url(), tmp_path, replicas="true") as guarded:
        under_sentinel.replica.kill()
        all_fresh(guarded)
        guarded.ask_all(WORKS[:12])
        guarded.recover()
        (work,) = works("replicas", 1)
        add(under_sentinel.url(), work)
        in_force(guarded, work)


def test_readers_of_a_replica_that_lags_are_late_and_never_wrong(seeded, tmp_path):
    """Its link to the master takes half a second: each state that it shows is a whole one."""
    with Proxy(seeded.port) as proxy:
        replica = Server(f"replicaof {HOST} {proxy.port}", "replica-serve-stale-data yes").start()
        try:
            wait(lambda: replica.client.info("replication")["master_link_status"] == "up", "it follows")
            with guarding(replica.url(), tmp_path) as guarded:
                proxy.slow(0.5)
                for work in works("lagging", 4):
                    add(seeded.url(), work)
                    guarded.ask_all(WORKS[:6])
                    in_force(guarded, work)
                proxy.back.rate = 20_000  # records drip in: what is announced is there already
                for work in works("dripping", 2):
                    add(seeded.url(), work)
                    all_fresh(guarded)
                    guarded.ask_all(WORKS[:6])
                    in_force(guarded, work)
        finally:
            replica.close()


def test_a_replica_that_must_copy_all_anew_is_not_clean_meanwhile(seeded, tmp_path):
    with Proxy(seeded.port) as proxy:
        replica = Server(f"replicaof {HOST} {proxy.port}", "repl-diskless-load swapdb").start()
        try:
            wait(lambda: replica.client.info("replication")["master_link_status"] == "up", "it follows")
            with guarding(replica.url(), tmp_path) as guarded:
                for _ in range(3):
                    proxy.back.rate = 400_000
                    proxy.cut()
                    replica.client.replicaof("NO", "ONE")
                    replica.client.set("its own", "history")
                    replica.client.replicaof(HOST, proxy.port)
                    for _ in range(10):
                        all_fresh(guarded)
                        guarded.ask_all(WORKS[:6])
                    proxy.back.rate = None
                    wait(
                        lambda: replica.client.info("replication")["master_link_status"] == "up",
                        "it follows again",
                        60,
                    )
                guarded.recover()
        finally:
            replica.close()
