"""Links to a cluster and to a group under Sentinel, through failovers and moving slots."""

import threading
import time

import pytest

from simblock.errors import StoreLost
from tests.redis_servers import HOST, wait
from tests.stores.redis.links import BOUND, CHANGES, LOCK, MANIFEST, NAMES, awaited, linked

pytestmark = pytest.mark.slow

KEYS = [b"key%d" % n for n in range(500)]
VALUES = [b"value of " + key for key in KEYS]


@pytest.fixture
def group(request):
    """A cluster or a group under Sentinel, sound, and with the keys on all its servers."""
    servers = request.getfixturevalue(request.param)
    with linked(servers.url(timeout=2)) as link:
        link.unlink_many([LOCK, MANIFEST, CHANGES])
        link.set_many(zip(KEYS, VALUES, strict=True))
    wait(lambda: _caught_up(servers), "the replicas have it all")
    yield servers
    servers.heal()


def _caught_up(servers):
    by_port = {server.port: server for server in servers.servers}
    told = {
        port: server.client.info("replication") for port, server in by_port.items() if not server.sentinel
    }
    following = {port: each["master_port"] for port, each in told.items() if each["role"] == "slave"}
    return following and all(
        by_port[port].client.dbsize() == by_port[master].client.dbsize() for port, master in following.items()
    )


both = pytest.mark.parametrize("group", ["cluster", "sentinel_group"], indirect=True)
clustered = pytest.mark.parametrize("group", ["cluster"], indirect=True)


def master_of(group, key):
    return group.master if hasattr(group, "master") else group.master_of(key)


def back(link, keys, values):
    """Reads until the values come; errors in between, each of which must come soon. No wrong answers."""
    errors = []

    def found():
        begun = time.monotonic()
        try:
            assert link.get_many(keys) == values
        except StoreLost as error:
            errors.append(str(error))
            return False
        finally:
            assert time.monotonic() - begun < BOUND
        return True

    wait(found, "the values come", 30)
    return errors


@both
@pytest.mark.parametrize("replicas", ["false", "true"])
def test_values_are_read_and_written_on_all_nodes(group, replicas):
    url = group.url(timeout=2, replicas=replicas)
    with linked(url) as link:
        assert link.get_many([*KEYS, b"absent"]) == [*VALUES, None]
        assert link.get(KEYS[7]) == VALUES[7]
        link.unlink_many([KEYS[3]])
        assert link.get(KEYS[3]) is None
    assert awaited(url, [*KEYS[4:], b"absent"]) == [[*VALUES[4:], None]]


@both
def test_commits_are_made_and_announced(group):
    with linked(group.url(wait=1)) as link:
        assert link.acquire(LOCK, b"me", 30)
        entry = link.publish(NAMES, b"me", b"{}")
        assert link.changes(CHANGES, b"0-0", 0.1) == [entry]
        assert (link.get(MANIFEST), link.last_change(CHANGES)) == (b"{}", entry)
        link.release(LOCK, b"me")
        assert link.facts().replicas == 1


@clustered
def test_a_cluster_says_how_many_masters_it_has(group):
    with linked(group.url()) as link:
        assert link.facts().masters == 3


@both
def test_a_killed_master_is_lost_at_once_and_its_successor_found_without_a_restart(group):
    with linked(group.url(timeout=0.5)) as link:
        link.get_many(KEYS)
        link.acquire(LOCK, b"me", 120)
        for key in (KEYS[0], LOCK):
            master_of(group, key).kill()
            assert back(link, KEYS, VALUES), "nothing was lost: the test tests nothing"
            wait(lambda: _committed(link), "commits go through again", 30)
            group.heal()
            wait(lambda: _caught_up(group), "the replicas have it all")


def _committed(link):
    try:
        link.acquire(LOCK, b"me", 120)
        return link.publish(NAMES, b"me", b"{}")
    except StoreLost:
        return None


@both
def test_a_hung_master_is_lost_in_time_and_its_successor_found(group):
    with linked(group.url(timeout=0.2)) as link:
        link.get_many(KEYS)
        hung = master_of(group, KEYS[0])
        hung.pause()
        try:
            errors = back(link, KEYS, VALUES)
        finally:
            hung.resume()
    assert any("gave no answer within 200 ms" in error for error in errors)


@both
def test_an_awaiting_link_finds_the_successor_too(group):
    def failed_over():
        master_of(group, KEYS[0]).kill()
        with linked(group.url(timeout=0.5)) as link:
            back(link, KEYS, VALUES)

    found = awaited(group.url(timeout=0.5), KEYS, failed_over, lambda: time.sleep(0.1))
    assert found[0] == found[-1] == VALUES


@clustered
def test_replicas_bridge_the_time_without_a_master(group):
    with linked(group.url(timeout=0.5, replicas="true")) as link:
        link.get_many(KEYS)
        master = master_of(group, KEYS[0])
        master.kill()
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            assert link.get_many(KEYS) == VALUES
        wait(lambda: group.master_of(KEYS[0]) not in {None, master}, "a replica takes over")


@clustered
def test_slots_that_move_are_followed_while_they_are_read(group):
    key = KEYS[0]
    source = group.master_of(key)
    target = next(server for server in group.masters if server is not source)
    slot = source.client.execute_command("CLUSTER KEYSLOT", key)
    ids = {server: server.client.execute_command("CLUSTER MYID") for server in (source, target)}
    with linked(group.url(timeout=2)) as link:
        wrong, ended = [], threading.Event()

        def reading():
            while not ended.is_set():
                if link.get_many(KEYS) != VALUES:
                    wrong.append(1)

        thread = threading.Thread(target=reading)
        thread.start()
        try:
            target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
            source.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[target])
            time.sleep(0.1)
            source.client.execute_command("MIGRATE", HOST, target.port, key, 0, 5000)
            time.sleep(0.1)
            assert awaited(group.url(timeout=2), [key, KEYS[1]]) == [VALUES[:2]]
            for server in (target, *(s for s in group.masters if s is not target)):
                server.client.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[target])
            time.sleep(0.1)
            link.set_many([(key, VALUES[0])])
        finally:
            ended.set()
            thread.join()
    assert wrong == []
    assert group.master_of(key) is target


@pytest.mark.parametrize("group", ["sentinel_group"], indirect=True)
def test_a_sentinel_that_is_gone_is_passed_over(group):
    first = group.sentinels[0]
    first.kill()
    try:
        with linked(group.url(timeout=2)) as link:
            assert link.get_many(KEYS) == VALUES
    finally:
        first.start()
