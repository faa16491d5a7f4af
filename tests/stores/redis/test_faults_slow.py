"""Faults that take long: masters that die under Sentinel and in a cluster, replicas promoted without the
data, servers that evict all the while, whatever comes at random."""

import random
import threading
import time
from contextlib import contextmanager

import pytest

from simblock.errors import Busy, SimblockError
from simblock.stores.opening import open_writer
from tests.redis_servers import HOST, wait
from tests.stores.redis import faults
from tests.stores.redis.faults import LIBRARY, STOPPED, WORKS, all_fresh, guarding
from tests.stores.works import document

pytestmark = pytest.mark.slow
ADDED = document("added", words=400)


def joined(url, **options):
    joint = "&" if "?" in url else "?"
    return url + joint + "&".join(f"{k}={v}" for k, v in {"tenant": faults.TENANT, **options}.items())


def test_a_master_that_is_killed_under_sentinel_is_replaced(under_sentinel, tmp_path):
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        replica = under_sentinel.replica
        under_sentinel.master.kill()
        guarded.ask_all()
        assert set(guarded.count()) - {STOPPED}, "nobody noticed"
        wait(lambda: under_sentinel.master is replica, "the replica is the master")
        all_fresh(guarded)
        guarded.recover()
        with open_writer(joined(under_sentinel.url())) as writer:
            writer.put([ADDED])
            writer.commit()
        wait(lambda: guarded.ask(ADDED, "stop") == STOPPED, "the addition is in force", 10)


def test_a_master_that_hangs_under_sentinel_is_replaced(under_sentinel, tmp_path):
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        master, replica = under_sentinel.master, under_sentinel.replica
        master.pause()
        guarded.endure(2, WORKS[:9])
        wait(lambda: under_sentinel.master is replica, "the replica is the master")
        all_fresh(guarded)
        guarded.recover()
        master.resume()
        guarded.endure(2, WORKS[:9])
        guarded.recover()


def test_a_replica_promoted_without_the_newest_commit_is_told(under_sentinel, tmp_path):
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        master, replica = under_sentinel.master, under_sentinel.replica
        replica.client.config_set("replica-serve-stale-data", "yes")
        replica.client.replicaof(HOST, 1)  # cut off: what comes now it does not get
        with open_writer(joined(under_sentinel.url())) as writer:
            writer.put([ADDED])
            epoch = writer.commit().epoch
        wait(lambda: guarded.index.refresh() or guarded.index.epoch == epoch, "it is taken up", 10)
        master.kill()
        replica.client.replicaof("NO", "ONE")
        wait(lambda: under_sentinel.master is replica, "the replica is the master")
        for _ in range(20):
            for how in faults.ON_ERROR:
                guarded.ask(ADDED, how)
            time.sleep(0.1)
        guarded.check()
        wait(lambda: guarded.guards["stop"].check(faults.STRANGERS[0]).error, "it is told", 10)


def test_a_replica_promoted_without_any_data_is_told(under_sentinel, tmp_path):
    with guarding(under_sentinel.url(), tmp_path) as guarded:
        master, replica = under_sentinel.master, under_sentinel.replica
        replica.kill()
        replica.forget()
        master.pause()
        replica.options[:] = [line for line in replica.options if not line.startswith("replicaof")]
        replica.start()
        master.kill()
        replica.client.flushall()
        all_fresh(guarded)
        guarded.endure(3, WORKS[:9])
        assert set(guarded.count()) - {STOPPED}


def test_a_master_that_is_killed_in_a_cluster_is_replaced(in_a_cluster, tmp_path):
    with guarding(in_a_cluster.url(), tmp_path) as guarded:
        key = faults.records(in_a_cluster.masters[0].client, "p")[0]
        killed = in_a_cluster.master_of(key)
        killed.kill()
        guarded.ask_all()
        assert set(guarded.count()) - {STOPPED}, "nobody noticed"
        wait(lambda: in_a_cluster.master_of(key) not in {None, killed}, "a replica is the master")
        all_fresh(guarded)
        guarded.recover()
        wait(lambda: _added(in_a_cluster.url()), "it can be written again")
        wait(lambda: guarded.ask(ADDED, "stop") == STOPPED, "the addition is in force", 10)


def _added(url):
    try:
        with open_writer(joined(url)) as writer:
            writer.put([ADDED])
            return writer.commit().epoch
    except SimblockError:
        return None


def test_each_master_in_turn_can_hang_in_a_cluster(in_a_cluster, tmp_path):
    with guarding(in_a_cluster.url(), tmp_path) as guarded:
        for master in in_a_cluster.masters:
            master.pause()
            all_fresh(guarded)
            guarded.ask_all(WORKS[:12])
            master.resume()
            in_a_cluster.settle()
            guarded.recover()


def test_a_node_of_a_cluster_that_was_emptied_is_damage(in_a_cluster, tmp_path):
    for master in in_a_cluster.masters:
        with guarding(in_a_cluster.url(), tmp_path, sound=False) as guarded:
            kept = [(key, master.client.dump(key)) for key in master.client.scan_iter()]
            master.client.flushall()
            all_fresh(guarded)
            guarded.ask_all(WORKS[:12])
            assert set(guarded.count()) - {STOPPED}, "nobody noticed"
            for key, value in kept:
                master.client.restore(key, 0, value)
            guarded.recover()


def test_slots_that_move_while_guards_run_are_followed(in_a_cluster, tmp_path):
    with guarding(in_a_cluster.url(), tmp_path) as guarded:
        source, target, *_ = in_a_cluster.masters
        ids = {s: s.client.execute_command("CLUSTER MYID") for s in (source, target)}
        keys = faults.records(source.client, "p")[:10]
        for slot in {source.client.execute_command("CLUSTER KEYSLOT", key) for key in keys}:
            target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
            source.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[target])
            moving = source.client.execute_command("CLUSTER GETKEYSINSLOT", slot, 100)
            half = moving[: len(moving) // 2 + 1]
            source.client.execute_command("MIGRATE", HOST, target.port, "", 0, 5000, "KEYS", *half)
            all_fresh(guarded)
            guarded.ask_all(WORKS[:6])
            rest = moving[len(half) :]
            if rest:
                source.client.execute_command("MIGRATE", HOST, target.port, "", 0, 5000, "KEYS", *rest)
            for each in in_a_cluster.masters:
                each.client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[target])
        all_fresh(guarded)
        guarded.recover()
        guarded.forget()
        all_fresh(guarded)
        guarded.ask_all(WORKS[:12])
        assert set(guarded.count()) == {STOPPED}


def test_a_server_that_evicts_all_the_while_is_never_clean(seeded, original, tmp_path):
    client = seeded.client
    client.config_set("maxmemory-policy", "allkeys-random")
    with guarding(seeded.url(), tmp_path) as guarded:
        for share in range(10):
            client.config_set("maxmemory", client.info("memory")["used_memory"] - 60_000)
            for number in range(100):
                client.set(f"other:{share}:{number}", bytes(2000))
            all_fresh(guarded)
            guarded.ask_all(WORKS[:12])
        assert set(guarded.count()) - {STOPPED}
        client.config_set("maxmemory", 0)
        faults.transplanted(original, client)
        guarded.recover()


@contextmanager
def meanwhile(act):
    """Repeats ``act`` in a thread of its own."""
    ended = threading.Event()

    def run():
        while not ended.is_set():
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_at_random_no_copy_is_called_clean(seed, seeded, original, proxy, tmp_path):
    rng = random.Random(seed)

    def one_of_many():
        act = rng.choice(["cut", "hang", "swallow", "slow", "kill", "pause", "empty", "some", "refuse"])
        if act == "cut":
            proxy.cut()
        elif act == "hang":
            proxy.hang = True
            proxy.cut()
        elif act == "swallow":
            proxy.swallow()
        elif act == "slow":
            proxy.slow(rng.choice([0.01, 0.04, 0.2]))
        elif act == "refuse":
            proxy.refuse()
        elif act == "kill":
            seeded.restart()
        elif act == "empty":
            seeded.restart(empty=True)
            time.sleep(rng.random())
            faults.transplanted(original, seeded.client)
        elif act == "some":
            keys = faults.records(seeded.client)
            seeded.client.delete(*rng.sample(keys, len(keys) // 4))
        else:
            seeded.pause()
        time.sleep(rng.random())
        seeded.resume()
        proxy.heal()
        time.sleep(rng.random() / 2)
        faults.transplanted(original, seeded.client)

    with guarding(proxy.url(), tmp_path) as guarded:
        end = time.monotonic() + 12
        with meanwhile(one_of_many):
            while time.monotonic() < end:
                all_fresh(guarded)
                guarded.ask_all(rng.sample(LIBRARY, 6))
        assert len(guarded.count()) > 1
        guarded.recover()


def test_servers_whose_clock_jumps_ahead_lose_nothing_that_counts(seeded, tmp_path):
    """Records that were superseded and locks go by the server's clock: all of them ran out at once."""
    with guarding(seeded.url(), tmp_path) as guarded:
        writer = open_writer(joined(seeded.url()))
        writer.put([ADDED])
        for key in seeded.client.scan_iter():
            if seeded.client.pttl(key) > 0:
                seeded.client.delete(key)
        with pytest.raises(Busy):
            writer.commit()
        writer.close()
        guarded.ask_all(WORKS[:12])
        guarded.recover()
