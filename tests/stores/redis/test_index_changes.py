"""An index in a real server that changes, or breaks, under its readers."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from simblock.errors import Damaged, SimblockError
from simblock.stores.snapshot import Snapshot
from tests.stores.redis.tenants import asks_of, build, change, heard, look, opened, there, until, url_of
from tests.stores.works import document, everywhere, keys_of, library, nowhere, run_of

LIBRARY = library(30, words=400)


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path)


def test_what_is_committed_is_in_force_by_itself(url):
    build(url, LIBRARY[:5])
    with opened(url) as index:
        change(url, LIBRARY[5:7], ["work-000"])
        assert heard(index, 2)
        assert nowhere(index, LIBRARY[0])
        assert everywhere(index, LIBRARY[6])


def test_a_look_up_during_changes_gets_one_state_or_another_never_a_mix(url):
    """Two works are replaced for each other again and again: each look-up finds one of them."""
    both = [document("one", words=200), document("two", words=200)]
    build(url, [*LIBRARY[:20], both[0]])
    ended, mixed, errors, asks = threading.Event(), [], [], 0
    with opened(url + "&pages=1") as index:
        asked, keys = asks_of(index, both)

        def ask():
            nonlocal asks
            while not ended.is_set():
                try:
                    index.refresh()
                    hits = index.postings(asked, keys)
                    holding = {
                        w.id
                        for hit in hits
                        for p in hit.postings
                        for w in index.works(p.segment, p.run)
                        if len(hits) > 1
                    }
                except SimblockError as error:
                    errors.append(error)
                    break
                asks += 1
                at_most = sum(len(keys_of(index, work.text)[1]) for work in both) * 0.6
                if not hits or len(hits) > at_most:
                    mixed.append((len(hits), holding))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for turn in range(10):
            change(url, [both[(turn + 1) % 2]], [both[turn % 2].work.id])
        ended.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert asks > 10
    assert mixed == []


def test_many_keys_are_answered_of_one_state_though_they_are_looked_up_in_parts(url, monkeypatch):
    both = [document("one", words=2500), document("two", words=2500)]
    build(url, both)
    with opened(url) as index:
        asked, keys = asks_of(index, both)
        order = np.random.default_rng(1).permutation(len(keys))
        assert len(keys) > 3000
        postings, coming = Snapshot.postings, ["two"]

        def meanwhile(self, *asks):
            found = postings(self, *asks)
            if coming:
                change(url, remove=[coming.pop()])
                look(index)
            return found

        monkeypatch.setattr(Snapshot, "postings", meanwhile)
        hits = index.postings(asked[order], keys[order])
        assert (coming, index.epoch) == ([], 2)
        assert len(hits) > 0.99 * len(keys)  # of the state that it began with
        assert len(index.postings(asked, keys)) < 0.6 * len(keys)


@pytest.mark.parametrize("how", [{}, {"purge": True}], ids=["removed", "purged"])
def test_an_open_candidate_keeps_its_generation_until_grace_is_over(redis_server, tmp_path, how):
    url = url_of(redis_server, tmp_path, grace=50, pages=1)
    build(url, LIBRARY)
    with opened(url) as index:
        segment, run = run_of(index, LIBRARY[2])
        index._source._kept.clear()
        change(url, [document("more")], ["work-001"], purge=True)
        look(index)
        assert index._snapshot.segments[0] is not segment
        assert len(index.run(segment, run, 0, 10**9)) > 300
        assert [work.id for work in index.works(segment, run)] == ["work-002"]
        change(url, remove=["work-002"], **how)
        look(index)
        assert index.works(segment, run) == ()
        index._source._kept.clear()
        assert len(index.places(segment, run, np.array([0, 5])).starts) == 2
        outlive(redis_server.client, segment, 50)
        index._source._kept.clear()
        with pytest.raises(Damaged, match="lacks a record"):
            index.run(segment, run, 0, 10**9)
        with pytest.raises(Damaged, match="lacks a record"):
            index.places(segment, run, np.array([0]))
        assert everywhere(index, LIBRARY[7])


def outlive(client, segment, grace):
    """Brings the end of a segment's records forward, which must be at hand already."""
    keys = list(client.scan_iter(f"sb:*:{segment.id.hex()[:16]}:*", count=10_000))
    assert keys
    for key in keys:
        assert 0 < client.pttl(key) <= 1000 * grace
        client.pexpire(key, 1)
    assert until(lambda: not client.exists(*keys))


def test_an_epoch_that_goes_back_is_told(redis_server, url):
    build(url, LIBRARY[:4])
    old = {key: value for key, value in there(redis_server, url).items() if key.endswith(b":manifest")}
    change(url, [document("more")])
    with opened(url) as index:
        assert index.epoch == 2
        ((manifest, value),) = old.items()
        redis_server.client.set(manifest, value)
        with pytest.raises(Damaged, match="epoch 1"):
            look(index)
        with pytest.raises(Damaged, match="changes were lost"):
            index.refresh()
        health = index.health()
        assert (health.state, health.epoch) == ("damaged", 2)
        assert "lost" in health.reason


def test_a_manifest_that_is_gone_is_told_and_comes_back(redis_server, url):
    build(url, LIBRARY[:4])
    with opened(url) as index:
        (manifest,) = [key for key in there(redis_server, url) if key.endswith(b":manifest")]
        value = redis_server.client.get(manifest)
        redis_server.client.delete(manifest)
        with pytest.raises(Damaged, match="lost its manifest"):
            look(index)
        redis_server.client.set(manifest, value)
        look(index)
        assert index.health().state == "fresh"
        assert everywhere(index, LIBRARY[1])


def test_works_expire_under_a_reader_without_a_commit(url, monkeypatch):
    today = datetime.now(UTC).date()
    build(url, [document("w", expires=(today + timedelta(days=1)).isoformat()), document("stays")])
    with opened(url) as index:
        assert everywhere(index, document("w"))
        monkeypatch.setattr("simblock.stores.reader.today", lambda: today.toordinal() + 1)
        look(index)
        assert nowhere(index, document("w"))
        assert everywhere(index, document("stays"))
