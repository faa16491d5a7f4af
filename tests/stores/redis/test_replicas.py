"""Replicas that lost their master: they answer, and what they answer grows old."""

import pytest

from simblock.errors import StoreLost
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.opening import open_writer
from tests.redis_servers import HOST, Server, wait
from tests.stores.redis import faults
from tests.stores.redis.links import MANIFEST, linked
from tests.stores.works import document

NOWHERE = 1
"""A port that nobody listens on."""


@pytest.fixture
def replica(seeded):
    """A replica of the server that holds the index."""
    with_it = Server().start()
    follow(with_it, seeded.port)
    yield with_it
    with_it.close()


def follow(replica, port):
    replica.client.replicaof(HOST, port)
    state = "down" if port == NOWHERE else "up"
    wait(
        lambda: replica.client.info("replication").get("master_link_status") == state, f"the link is {state}"
    )


def test_who_must_have_the_newest_is_told_where_a_replica_lost_its_master(replica, seeded):
    seeded.client.set(MANIFEST, "1")
    with linked(replica.url(timeout=2)) as link:
        wait(lambda: link.newest(MANIFEST) == b"1", "it followed")
        assert not link.facts().cut_off
        follow(replica, NOWHERE)
        with pytest.raises(StoreLost, match="is a replica that has lost its master"):
            link.newest(MANIFEST)
        assert link.facts().cut_off
        assert link.get(MANIFEST) == b"1"
        follow(replica, seeded.port)
        assert link.newest(MANIFEST) == b"1"


def test_who_may_not_ask_for_that_is_answered(own_server):
    own_server.client.set(MANIFEST, "1")
    own_server.client.acl_setuser(
        "reader", enabled=True, passwords=["+secret"], keys=["*"], commands=["+get"]
    )
    with linked(own_server.url(user="reader", password="secret", timeout=2)) as link:
        assert link.newest(MANIFEST) == b"1"


def test_an_index_on_a_replica_that_lost_its_master_grows_old_until_it_has_one(replica, seeded, tmp_path):
    index = faults.opened(replica.url(), tmp_path, timeout=2, poll=0.1)
    guard = Guard(index, Policy.load().model_copy(update={"stale_after": 2}))
    follow(replica, NOWHERE)
    new = document("brand new", words=200)
    copy = " ".join(new.text.split(" ")[:100])
    with open_writer(f"{seeded.url()}?tenant={faults.TENANT}") as writer:
        writer.put([new])
        writer.commit()
    wait(lambda: index.age > 2, "it grows old")
    assert "lost its master" in index.health().reason
    assert faults.worth(guard.check(copy)) != faults.CLEAN
    follow(replica, seeded.port)
    wait(lambda: guard.check(copy).error is None, "it has news")
    report = guard.check(copy)
    assert (report.decision, report.error) == ("stop", None)
    index.close()


@pytest.mark.slow
def test_under_sentinel_the_newest_is_asked_of_the_master_of_today(sentinel_group):
    sentinel_group.heal()
    with linked(sentinel_group.url(timeout=2, replicas="true")) as link:
        link.set_many([(MANIFEST, b"old")])
        assert link.newest(MANIFEST) == b"old"
        before = sentinel_group.master
        sentinel_group.sentinels[0].client.execute_command("SENTINEL", "FAILOVER", "simblock")
        wait(lambda: before.client.info("replication")["role"] == "slave", "the master stepped down", 30)
        sentinel_group.settle()
        # Its old connection answers still, as it follows the new one.
        before.client.replicaof(HOST, NOWHERE)
        sentinel_group.master.client.set(MANIFEST, "new")
        wait(lambda: _newest(link) == b"new", "the new master is asked", 10)
        asked_before = gets(before)
        assert link.newest(MANIFEST) == b"new"
        assert gets(before) == asked_before
    sentinel_group.heal()


def _newest(link):
    try:
        return link.newest(MANIFEST)
    except StoreLost:
        return None


def gets(server):
    return server.client.info("commandstats").get("cmdstat_get", {}).get("calls", 0)
