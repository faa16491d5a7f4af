"""News that gets lost: the stream of changes gone, trimmed or unreadable, clocks that jump, guards that are late.

What was added or removed is in force for every new look-up all the same.
"""

import time

import pytest

from simblock.stores.opening import open_writer
from simblock.stores.redis import writing
from simblock.stores.redis.address import Address
from simblock.stores.syncing import sync
from simblock.stores.writer import Writer
from tests.redis_servers import wait
from tests.stores.redis import faults
from tests.stores.redis.faults import CLEAN, STOPPED, WORKS, guarding
from tests.stores.works import document

ADDED = [document(f"news-{number}", words=300) for number in range(4)]


def add(url, *works):
    with open_writer(f"{url}?tenant={faults.TENANT}") as writer:
        writer.put(works)
        writer.commit()


def remove(url, *works):
    with open_writer(f"{url}?tenant={faults.TENANT}") as writer:
        writer.remove([work.work.id for work in works])
        writer.commit()


def in_force(guarded, work, seconds=10.0):
    """Waits until copies of a work are stopped by their match; the seconds that it took."""
    begin = time.monotonic()
    wait(lambda: guarded.ask(work, "stop") == STOPPED, "the addition is in force", seconds)
    guarded.forget()
    return time.monotonic() - begin


def test_what_is_added_and_removed_is_in_force_without_a_restart(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path, poll=3) as guarded:
        assert guarded.ask(ADDED[0], "stop") == CLEAN
        add(seeded.url(), ADDED[0])
        assert in_force(guarded, ADDED[0]) < 2.5, "the stream tells it, not the poll"
        remove(seeded.url(), ADDED[0])
        wait(lambda: guarded.ask(ADDED[0], "stop") == CLEAN, "the removal is in force", 2.5)


def deleted(client, key):
    client.delete(key)


def trimmed(client, key):
    client.xtrim(key, maxlen=0, approximate=False)


def of_another_type(client, key):
    client.delete(key)
    client.set(key, "x")


def begun_anew(client, key):
    client.delete(key)
    client.xadd(key, {"at": "0"}, id="1-1")


STREAMS = [deleted, trimmed, begun_anew]


@pytest.mark.parametrize("cause", STREAMS, ids=lambda cause: cause.__name__)
def test_what_is_added_is_in_force_when_the_stream_was(cause, seeded, tmp_path):
    client = seeded.client
    with guarding(seeded.url(), tmp_path, poll=0.5) as guarded:
        add(seeded.url(), ADDED[0])
        in_force(guarded, ADDED[0])
        cause(client, faults.control(client, "changes"))
        add(seeded.url(), ADDED[1])
        in_force(guarded, ADDED[1])


def test_a_manifest_that_changes_unannounced_is_found_by_the_poll(seeded, tmp_path):
    client = seeded.client
    with guarding(seeded.url(), tmp_path, poll=0.5) as guarded:
        key = faults.control(client, "changes")
        client.delete(key)
        client.set(key, "no stream")
        wait(lambda: guarded.ask(WORKS[0], "stop") == STOPPED, "it goes on", 5)
        client.delete(key)
        with open_writer(f"{seeded.url()}?tenant={faults.TENANT}") as writer:
            writer.put([ADDED[2]])
            manifest = writer._write().to_json()
            client.set(faults.control(client, "manifest"), manifest)
            in_force(guarded, ADDED[2])


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0, 3e8], ids=["back", "ahead", "far ahead"])
def test_a_wall_clock_that_jumps_changes_nothing(jump, seeded, tmp_path, monkeypatch):
    with guarding(seeded.url(), tmp_path, stale_after=5) as guarded:
        add(seeded.url(), ADDED[0])
        in_force(guarded, ADDED[0])
        wall = time.time
        monkeypatch.setattr(time, "time", lambda: wall() + jump)
        guarded.ask_all(WORKS[:9])
        assert set(guarded.count("release")) == {STOPPED}
        guarded.forget()
        add(seeded.url(), ADDED[1])
        in_force(guarded, ADDED[1])
        assert guarded.index.age < 5
        monkeypatch.undo()
        add(seeded.url(), ADDED[2])
        in_force(guarded, ADDED[2])
        guarded.recover()


def test_an_open_stream_keeps_what_it_found_when_a_generation_is_replaced(seeded, tmp_path):
    text = faults.copy_of(WORKS[4], words=200)
    with guarding(seeded.url(), tmp_path) as guarded:
        stream = guarded.guards["stop"].stream()
        half = text[: len(text) // 8]
        stream.feed(half)
        remove(seeded.url(), *faults.LIBRARY[40:110])
        wait(lambda: guarded.index.refresh() or guarded.index.epoch > 1, "it is taken up", 10)
        stream.feed(text[len(half) :])
        stream.finish()
        assert stream.report.error is None
        assert stream.report.decision == "stop"


def test_an_index_that_is_dropped_and_built_anew_is_taken_up_without_a_restart(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded:
        add(seeded.url(), ADDED[0])
        in_force(guarded, ADDED[0])
        writing.drop(Address.parse(f"{seeded.url()}?tenant={faults.TENANT}"))
        wait(lambda: guarded.guards["stop"].check(faults.STRANGERS[0]).error, "it is told", 10)
        guarded.ask_all(WORKS[:6])
        faults.build(seeded.url(), [ADDED[3]])
        in_force(guarded, ADDED[3])
        assert guarded.guards["stop"].check(faults.STRANGERS[0]).error is None


def test_what_was_evicted_is_brought_again_and_guards_go_on(own_server, tmp_path):
    with Writer.create(tmp_path / "whole.sbx") as writer:
        writer.put(WORKS)
        writer.commit()
    url = f"{own_server.url()}?tenant={faults.TENANT}"
    sync(tmp_path / "whole.sbx", url)
    with guarding(own_server.url(), tmp_path, sound=False) as guarded:
        own_server.client.delete(*faults.records(own_server.client)[::3])
        guarded.ask_all()
        assert set(guarded.count()) - {STOPPED}
        sync(tmp_path / "whole.sbx", url, anew=True)
        guarded.recover()
