"""Writers that die, lose their lock, meet each other or a full server: an index is as before or as after."""

import subprocess
import sys
import time

import pytest

from simblock.errors import Busy, SimblockError, UsageError
from simblock.stores.opening import create_writer, open_writer
from tests.redis_servers import HOST, Server, wait
from tests.stores.redis import faults
from tests.stores.redis.faults import STOPPED, WORKS, guarding, parameters
from tests.stores.works import document

ADDED = [document(f"added-{number}", words=400) for number in range(30)]
ADDING = """
import sys
from simblock.stores.opening import open_writer
from tests.stores.works import document
with open_writer(sys.argv[1]) as writer:
    print("begun", flush=True)
    writer.put([document(f"added-{number}", words=400) for number in range(30)])
    print("put", flush=True)
    writer.commit()
    print("committed", flush=True)
    sys.stdin.read()
"""


def named(url, **options):
    joint = "&" if "?" in url else "?"
    return url + joint + "&".join(f"{k}={v}" for k, v in {"tenant": faults.TENANT, **options}.items())


def unlocked(client):
    """As if the dead writer's time were over."""
    client.delete(faults.control(client, "writer"))


def found(url, tmp_path, works):
    """How many of these works a fresh process finds; all others of the index must be as before."""
    with guarding(url, tmp_path, sound=False, timeout=5) as guarded:
        assert guarded.sound()
        guarded.forget()
        for work in works:
            guarded.ask(work, "stop")
        assert set(guarded.count()) <= {STOPPED, faults.CLEAN}
        return guarded.count()[STOPPED]


def began(client):
    return lambda: True


def uploading(client):
    known = len(faults.records(client))
    return lambda: len(faults.records(client)) > known


def published(client):
    key = faults.control(client, "manifest")
    before = client.get(key)
    return lambda: client.get(key) != before


MOMENTS = {
    "it has begun": (began, "begun"),
    "it uploads": (uploading, "put"),
    "it published": (published, "put"),
}


@pytest.mark.parametrize(("moment", "said"), parameters(MOMENTS, {"it uploads"}))
def test_a_writer_that_is_killed_leaves_the_index_as_before_or_as_after(moment, said, seeded, tmp_path):
    client = seeded.client
    reached = moment(client)
    with subprocess.Popen(
        [sys.executable, "-c", ADDING, named(seeded.url())], stdin=-1, stdout=-1, text=True
    ) as writer:
        while writer.stdout.readline().strip() != said:
            assert writer.poll() is None
        wait(reached, "the moment has come")
        writer.kill()
    counted = found(seeded.url(), tmp_path, ADDED)
    assert counted == (len(ADDED) if moment is published else counted)
    assert counted in {0, len(ADDED)}
    with pytest.raises(Busy):
        open_writer(named(seeded.url()))
    unlocked(client)
    with open_writer(named(seeded.url())) as after:
        after.put(ADDED)
        after.commit()
    assert found(seeded.url(), tmp_path, ADDED) == len(ADDED)


def test_two_writers_at_once_are_refused(seeded):
    with open_writer(named(seeded.url())), pytest.raises(Busy, match="another writer"):
        open_writer(named(seeded.url()))


def test_a_writer_whose_lock_ran_out_publishes_nothing_and_hurts_nobody(seeded, tmp_path):
    url = named(seeded.url(), grace=0.2)
    slow = open_writer(url)
    slow.put(ADDED[:5])
    unlocked(seeded.client)
    with open_writer(url) as quick:
        quick.put(ADDED[5:10])
        quick.commit()
        with pytest.raises(Busy):
            slow.commit()
        slow.close()
    time.sleep(0.5)
    assert found(seeded.url(), tmp_path, ADDED[:5]) == 0
    assert found(seeded.url(), tmp_path / "other", ADDED[5:10]) == 5


def test_a_writer_that_comes_too_late_leaves_the_uploads_of_another_alone(seeded, tmp_path):
    url = named(seeded.url(), grace=0.2)
    late = open_writer(url)
    late.put(ADDED[:1])
    unlocked(seeded.client)
    with open_writer(url) as quick:
        quick.put(ADDED[5:10])
        manifest = quick._write()  # uploaded, not yet published
        late.close()
        time.sleep(0.5)
        quick._put_out(manifest)
    time.sleep(0.5)
    assert found(seeded.url(), tmp_path, ADDED[5:10]) == 5


def test_a_server_that_dies_during_an_upload_leaves_the_index_as_it_was(seeded, tmp_path):
    writer = open_writer(named(seeded.url()))
    writer.put(ADDED)
    seeded.kill()
    with pytest.raises(SimblockError):
        writer.commit()
    with pytest.raises(SimblockError):
        writer.close()
    seeded.start()
    assert found(seeded.url(), tmp_path, ADDED) == 0
    unlocked(seeded.client)
    with open_writer(named(seeded.url())) as again:
        again.put(ADDED)
        again.commit()
    assert found(seeded.url(), tmp_path, ADDED) == len(ADDED)


def test_a_server_that_is_emptied_during_an_upload_gets_no_half_index(seeded, original, tmp_path):
    writer = open_writer(named(seeded.url()))
    writer.put(ADDED)
    seeded.client.flushall()
    with pytest.raises(SimblockError):
        writer.commit()
    writer.close()
    assert not seeded.client.exists(faults.control(original, "manifest"))
    faults.transplanted(original, seeded.client)
    assert found(seeded.url(), tmp_path, ADDED) == 0


def test_a_full_server_is_named_and_the_index_is_as_it_was(seeded, tmp_path):
    more = [*ADDED, *(document(f"more-{n}", words=2000) for n in range(20))]
    writer = open_writer(named(seeded.url()))
    writer.put(more)
    seeded.client.config_set("maxmemory-policy", "noeviction")
    seeded.client.config_set("maxmemory", seeded.client.info("memory")["used_memory"] + 100_000)
    with pytest.raises(SimblockError, match="memory"):
        writer.commit()
    seeded.client.config_set("maxmemory", 0)
    writer.close()
    assert found(seeded.url(), tmp_path, ADDED) == 0
    with open_writer(named(seeded.url())) as again:
        again.put(ADDED)
        again.commit()
    assert found(seeded.url(), tmp_path, ADDED) == len(ADDED)


def test_a_replica_can_be_read_and_refuses_to_be_written(seeded, tmp_path):
    replica = Server(f"replicaof {HOST} {seeded.port}").start()
    try:
        wait(lambda: replica.client.info("replication")["master_link_status"] == "up", "it follows")
        assert found(replica.url(), tmp_path, ADDED) == 0
        with pytest.raises(SimblockError, match=r"replica|read[- ]?only"):
            open_writer(named(replica.url()))
    finally:
        replica.close()


def test_records_that_vanish_before_the_commit_are_damage_not_no_match(seeded, tmp_path):
    known = set(faults.records(seeded.client))
    with guarding(seeded.url(), tmp_path) as guarded:
        with open_writer(named(seeded.url())) as writer:
            writer.put(ADDED)
            manifest = writer._write()
            seeded.client.delete(*set(faults.records(seeded.client)) - known)
            writer.shelf.publish(manifest.to_json())
        wait(lambda: guarded.guards["stop"].check(faults.STRANGERS[0]).error, "it is told", 10)
        guarded.ask_all(WORKS[:6])


def test_an_index_whose_making_was_cut_off_before_it_was_listed_is_made_or_opened(own_server):
    url = named(own_server.url())
    with create_writer(url) as writer:
        writer.put(WORKS[:2])
        writer.commit()
    own_server.client.delete(f"sb:{faults.TENANT}:schemes")
    try:
        again = create_writer(url)
    except UsageError:
        again = open_writer(url)
    with again as writer:
        writer.put(WORKS[:3])
        assert writer.commit().epoch >= 1


def test_a_grace_is_kept_for_open_candidates_and_then_records_go(seeded):
    url = named(seeded.url(), grace=1)
    before = set(faults.records(seeded.client))
    with open_writer(url) as writer:
        writer.remove([work.work.id for work in faults.LIBRARY[:100]], purge=True)
        writer.commit()
    gone = before & set(faults.records(seeded.client))
    assert gone, "they stay a while"
    wait(lambda: not before & set(faults.records(seeded.client)), "they are gone", 10)
