"""Records and manifests that are absent, damaged, or another's: no copy is ever called clean."""

import re
import shutil
import time

import pytest

from simblock.errors import Damaged, SimblockError
from simblock.stores.opening import open_writer
from tests.redis_servers import Server, wait
from tests.stores.redis import faults
from tests.stores.redis.faults import CLEAN, CONTRADICTED, LIBRARY, STOPPED, WORKS, guarding, parameters
from tests.stores.works import document

HEADER = 24
NEEDED = {"pages": b"p", "runs": b"r", "places": b"o", "works": b"w"}
"""The records that are read when something is asked."""


def flipped(value):
    return value[:-1] + bytes([value[-1] ^ 1])


DAMAGE = {
    "emptied": lambda value: b"",
    "cut in the header": lambda value: value[:10],
    "cut after the header": lambda value: value[:HEADER],
    "cut short": lambda value: value[:-1],
    "longer": lambda value: value + b"\0",
    "with a bit flipped": flipped,
    "with a bit of the header flipped": lambda value: value[:12] + bytes([value[12] ^ 1]) + value[13:],
    "of a newer version": lambda value: value[:2] + b"\x02" + value[3:],
    "of zeros": lambda value: bytes(len(value)),
    "something else": lambda value: b"hello",
}


@pytest.fixture
def ours(seeded):
    """The client of a server that has the index, whose records may be damaged."""
    return seeded.client


def of_kind(client, kind):
    return [key for key in faults.records(client) if key.split(b":")[-2] == kind]


def noticed(guarded, works=WORKS[:12]):
    guarded.ask_all(works)
    assert set(guarded.count()) - {STOPPED}, "nobody noticed"


@pytest.mark.parametrize(
    "damage",
    parameters(
        DAMAGE, {"emptied", "cut short", "with a bit flipped", "of a newer version", "something else"}
    ),
)
def test_a_damaged_page_is_not_no_match(damage, seeded, original, tmp_path):
    damaged_and_mended(damage, b"p", seeded, original, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(NEEDED.values())[1:], ids=list(NEEDED)[1:])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_block_is_not_no_match(damage, kind, seeded, original, tmp_path):
    damaged_and_mended(damage, kind, seeded, original, tmp_path)


def damaged_and_mended(damage, kind, seeded, original, tmp_path):
    ours = seeded.client
    with guarding(seeded.url(), tmp_path, sound=False) as guarded:
        for key in of_kind(ours, kind):
            ours.set(key, damage(ours.get(key)))
        noticed(guarded)
        faults.transplanted(original, ours)
        guarded.recover()


@pytest.mark.parametrize("kind", NEEDED.values(), ids=NEEDED)
def test_a_record_that_was_deleted_is_not_no_match(kind, seeded, ours, original, tmp_path):
    with guarding(seeded.url(), tmp_path, sound=False) as guarded:
        ours.delete(*of_kind(ours, kind))
        noticed(guarded)
        faults.transplanted(original, ours)
        guarded.recover()


def test_what_is_said_to_be_stopped_is_not_released(seeded, ours, tmp_path):
    """Also where a policy releases what cannot be decided: half of the pages decide."""
    with guarding(seeded.url(), tmp_path, sound=False) as guarded:
        ours.delete(*of_kind(ours, b"p")[::2])
        for work in WORKS:
            guarded.ask(work, "release")
        assert not guarded.count()[CONTRADICTED]


def test_a_key_of_another_type_is_not_no_match(seeded, ours, original, tmp_path):
    with guarding(seeded.url(), tmp_path, sound=False) as guarded:
        for key in of_kind(ours, b"p"):
            ours.delete(key)
            ours.rpush(key, "x")
        noticed(guarded)
        faults.transplanted(original, ours)
        guarded.recover()


def test_pages_that_changed_places_are_not_believed(seeded, ours, original, tmp_path):
    with guarding(seeded.url(), tmp_path, sound=False) as guarded:
        keys = of_kind(ours, b"p")
        values = ours.mget(keys)
        ours.mset(dict(zip(keys, values[1:] + values[:1], strict=True)))
        noticed(guarded)
        faults.transplanted(original, ours)
        guarded.recover()


@pytest.mark.parametrize("works", [LIBRARY, LIBRARY[::-1]], ids=["the same works", "others"])
def test_records_of_another_generation_are_not_believed(works, seeded, ours, original, tmp_path):
    faults.build(seeded.url(), works, tenant="other")
    with guarding(seeded.url(), tmp_path, sound=False) as guarded:
        for kind in NEEDED.values():
            mine = of_kind(ours, kind)
            theirs = [k for k in faults.records(ours, tenant="other") if k.split(b":")[-2] == kind]
            by_number = {key.split(b":")[-1]: key for key in theirs}
            for key in mine:
                if other := by_number.get(key.split(b":")[-1]):
                    ours.copy(other, key, replace=True)
        noticed(guarded)
        faults.transplanted(original, ours)
        guarded.recover()


def verdicts(url, tmp_path, works):
    """What a fresh process would say: the error of opening, or what is said of copies of works."""
    try:
        with guarding(url, tmp_path, sound=False) as guarded:
            guarded.ask_all(works)
            return guarded.count()
    except SimblockError as error:
        return {type(error).__name__: 1}


def each_record_alone(seeded, tmp_path, keys, damage):
    """Damages one record after the other, and asks a process that has neither pages nor a cache of the host."""
    client, noticed = seeded.client, set()
    for number, key in enumerate(keys):
        value = client.get(key)
        damage(client, key, value)
        said = verdicts(seeded.url(), tmp_path / str(number), WORKS[::9])
        assert CLEAN not in said
        if set(said) - {STOPPED}:
            noticed.add(key)
        client.set(key, value)
    return noticed


def test_no_record_of_some_can_be_missing_unnoticed_where_it_is_needed(seeded, ours, tmp_path):
    keys = [key for key in faults.records(ours) if key.split(b":")[-2] != b"p"]
    noticed = each_record_alone(seeded, tmp_path, keys, lambda client, key, value: client.delete(key))
    assert {key.split(b":")[-2] for key in noticed} >= {b"h", b"c", b"r", b"w"}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_no_record_can_be_damaged_unnoticed_where_it_is_needed(damage, seeded, ours, tmp_path):
    keys = faults.records(ours)
    noticed = each_record_alone(
        seeded, tmp_path, keys, lambda client, key, value: client.set(key, damage(value))
    )
    assert len(noticed) > len(keys) / 2


MANIFESTS = {
    "gone": lambda data: None,
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "something else": lambda data: b'{"format": 1}',
    "zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("damage", parameters(MANIFESTS, {"gone", "cut short"}))
def test_a_damaged_manifest_is_told_within_a_second_or_so_and_is_not_clean(
    damage, seeded, ours, original, tmp_path
):
    key = faults.control(ours, "manifest")
    with guarding(seeded.url(), tmp_path) as guarded:
        damaged = damage(ours.get(key))
        ours.delete(key) if damaged is None else ours.set(key, damaged)
        wait(lambda: guarded.guards["stop"].check(faults.STRANGERS[0]).error, "it is told", 10)
        guarded.ask_all(WORKS[:12])
        with pytest.raises(SimblockError):
            faults.opened(seeded.url(), tmp_path / "fresh")
        faults.transplanted(original, ours)
        guarded.recover()


def test_the_manifest_of_another_tenant_is_not_believed(seeded, ours, original, tmp_path):
    faults.build(seeded.url(), [document("theirs", words=300)], tenant="other")
    with guarding(seeded.url(), tmp_path) as guarded:
        ours.copy(faults.control(ours, "manifest", "other"), faults.control(ours, "manifest"), replace=True)
        wait(lambda: guarded.guards["stop"].check(faults.STRANGERS[0]).error, "it is told", 10)
        guarded.ask_all(WORKS[:12])
        with pytest.raises(Damaged):
            faults.opened(seeded.url(), tmp_path / "fresh")
        faults.transplanted(original, ours)
        guarded.recover()


def add(url, *works):
    with open_writer(f"{url}?tenant={faults.TENANT}") as writer:
        writer.put(works)
        return writer.commit().epoch


ADDED = document("added", words=400)


def test_an_older_manifest_is_told_and_what_was_added_since_is_not_clean(seeded, ours, tmp_path):
    key = faults.control(ours, "manifest")
    older = ours.get(key)
    with guarding(seeded.url(), tmp_path) as guarded:
        epoch = add(seeded.url(), ADDED)
        wait(lambda: guarded.index.refresh() or guarded.index.epoch == epoch, "it is taken up", 10)
        newer = ours.get(key)
        ours.set(key, older)
        for _ in range(15):
            for how in faults.ON_ERROR:
                guarded.ask(ADDED, how)
        wait(lambda: guarded.guards["stop"].check(faults.STRANGERS[0]).error, "it is told", 10)
        for how in faults.ON_ERROR:
            guarded.ask(ADDED, how)
        guarded.check()
        ours.set(key, newer)
        guarded.recover(works=[*WORKS[:3], ADDED])


@pytest.mark.parametrize("commits", [1, 2, 3], ids=["same epoch", "an epoch later", "two epochs later"])
def test_another_history_is_told(commits, seeded, original, tmp_path):
    """A replica that lacks the newest commit becomes the master, and somebody else commits to it."""
    with guarding(seeded.url(), tmp_path) as guarded:
        epoch = add(seeded.url(), ADDED)
        wait(lambda: guarded.index.refresh() or guarded.index.epoch == epoch, "it is taken up", 10)
        promoted = _promoted(seeded, original, commits)
        for _ in range(10):
            for how in faults.ON_ERROR:
                guarded.ask(ADDED, how)
            time.sleep(0.05)
        promoted.close()
        guarded.check()


def _promoted(seeded, original, commits):
    """A server in the place of another, with the history of before its newest commit, and others since."""
    elsewhere = Server().start()
    faults.transplanted(original, elsewhere.client)
    for number in range(commits):
        add(elsewhere.url(), document(f"another-{number}", words=400))
    elsewhere.client.save()
    seeded.kill()
    seeded.forget()
    shutil.copy(elsewhere.folder / "dump.rdb", seeded.folder)
    elsewhere.close()
    seeded.persistent = False
    return seeded.start()


def test_records_that_went_under_a_reader_that_is_late_are_damage(seeded, ours, tmp_path):
    with guarding(seeded.url(), tmp_path, poll=1) as guarded:
        ours.delete(faults.control(ours, "changes"))
        for key in of_kind(ours, b"p"):
            ours.pexpire(key, 50)
        wait(lambda: not of_kind(ours, b"p"), "the pages are gone", 10)
        noticed(guarded)


def test_of_a_server_that_is_wiped_each_kind_of_loss_is_logged_once_and_the_outage_counted_once(
    seeded, tmp_path, caplog
):
    with guarding(seeded.url(), tmp_path) as guarded:
        guard = guarded.guards["degraded"]
        faults.all_fresh(guarded)
        seeded.client.flushall()
        caplog.clear()
        for work in WORKS:
            guard.check(faults.copy_of(work))
        said = [record.getMessage() for record in caplog.records if " is lost: " in record.getMessage()]
        kinds = {re.sub(r"\(.*\)", "", line) for line in said}
        assert guard.counts["lost"] == 1
        assert 1 <= len(said) == len(kinds) <= 2, said
