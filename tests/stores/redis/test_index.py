"""An index in a real server as guards read it: look-ups, changes under them, ends."""

import asyncio
import os
import random
import threading

import numpy as np
import pytest

from simblock.questions import Places, Postings, Run, Suspected, Works
from simblock.stores import Awaited, open_index
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.stores.redis.tenants import (
    asks_of,
    build,
    change,
    heard,
    opened,
    there,
    until,
    url_of,
)
from tests.stores.works import answers, everywhere, keys_of, library, run_of

LIBRARY = library(120, words=400)
STRANGER = Document(Work("stranger"), " ".join(f"unheard{n} of{n * n}" for n in range(300)))


@pytest.fixture(scope="module")
def shared_url(redis_server, tmp_path_factory):
    """An index that nobody changes, with texts."""
    url = url_of(redis_server, tmp_path_factory.mktemp("shared"))
    build(url, LIBRARY, store_text=True)
    return url


@pytest.fixture(scope="module")
def in_memory():
    return MemoryIndex(LIBRARY, store_text=True)


@pytest.fixture
def url(redis_server, tmp_path):
    return url_of(redis_server, tmp_path)


def found(index, work):
    """What is found of a work's keys, without handles, and each place's works."""
    asked, keys, _ = keys_of(index, work.text)
    hits = index.postings(np.array(asked, np.uint32), np.array(keys, np.uint64))
    return plain(index, hits)


def plain(index, hits):
    return [
        (
            hit.ask,
            hit.frequency,
            hit.works,
            sorted((p.run, p.position, p.length, p.view) for p in hit.postings),
        )
        for hit in hits
    ]


# -- many keys, few keys, a small memory


@pytest.mark.parametrize("pages", [1, 64])
def test_keys_by_the_thousand_are_answered_as_one_by_one(shared_url, pages):
    with opened(shared_url + f"&pages={pages}") as index:
        asked, keys = asks_of(index, [*LIBRARY, STRANGER])
        assert len(keys) > 4096
        many = index.postings(asked, keys)
        rng = random.Random(1)
        by_ask = {hit.ask: hit for hit in many}
        for ask in rng.sample(range(len(keys)), 60):
            alone = index.postings([int(asked[ask])], [int(keys[ask])])
            assert [hit._replace(ask=ask) for hit in alone] == [by_ask[ask] for _ in by_ask.keys() & {ask}]
        assert [hit.ask for hit in many] == sorted(by_ask)


def test_more_keys_than_the_memory_holds_pages_for_are_answered(redis_server, tmp_path):
    """With one MiB of pages, and more pages than that in the index, all needed at once."""
    url = url_of(redis_server, tmp_path, pages=1)
    works = library(330, words=900)
    build(url, works)
    with opened(url) as index:
        table = index._snapshot.segments[0].buckets
        assert table.pages > 260
        asked, keys = asks_of(index, works[::9])
        order = np.random.default_rng(1).permutation(len(keys))
        asked, keys = asked[order], keys[order]
        hits = index.postings(asked, keys)
        assert len(hits) > 0.99 * len(keys)
        assert index._source._size <= 1 << 20


def test_an_index_answers_as_one_in_memory_does(shared_url, in_memory):
    with opened(shared_url) as index:
        for work in [LIBRARY[7], STRANGER]:
            assert answers(index, work) == answers(in_memory, work)


def test_what_was_fetched_once_is_not_fetched_again(shared_url):
    with opened(shared_url) as index:
        asked, keys = asks_of(index, LIBRARY[:3])
        first = index.postings(asked, keys)
        before = index.health()
        assert before.records > 0
        assert index.postings(asked, keys) == first
        after = index.health()
        assert (after.commands, after.records) == (before.commands, before.records)
        assert after.local > before.local


def test_what_stands_nowhere_mostly_costs_no_command(shared_url):
    with opened(shared_url) as index:
        asked, keys = asks_of(index, [STRANGER])
        assert len(keys) > 100
        begun = index.health().records
        index.postings(asked, keys)
        assert index.health().records - begun < len(keys) / 50
        assert len(index.suspected(asked.tolist(), keys.tolist())) < len(keys) / 50


def test_the_pages_of_one_question_come_by_one_command(shared_url):
    with opened(shared_url) as index:
        asked, keys = keys_of(index, LIBRARY[5].text)[:2]
        index.postings(asked[:60], keys[:60])
        assert index.health().commands == 1
        assert index.health().records > 5


def test_suspected_needs_no_server_and_misses_nothing(own_server, tmp_path):
    url = url_of(own_server, tmp_path, timeout=0.05)
    build(url, LIBRARY[:20])
    with opened(url) as index:
        asked, keys = asks_of(index, LIBRARY[:20])
        own_server.kill()
        assert index.suspected(asked.tolist(), keys.tolist()) == list(range(len(keys)))


def test_every_question_awaited_gets_the_answer_of_its_method(shared_url):
    async def ask_all(index):
        work = LIBRARY[3]
        segment, run = run_of(index, work)
        asked, keys = asks_of(index, [work])
        assert plain(index, await index.aask(Postings(asked, keys))) == found(index, work)
        few, some = asked[:9].tolist(), keys[:9].tolist()
        assert await index.aask(Postings(few, some)) == index.postings(few, some)
        assert await index.aask(Suspected(few, some)) == index.suspected(few, some)
        whole = await index.aask(Run(0, segment, run, 0, 10**9))
        assert np.array_equal(whole, index.run(segment, run, 0, 10**9))
        assert len(await index.aask(Run(0, segment, run, 5, 5))) == 0
        assert await index.aask(Works(0, segment, run)) == index.works(segment, run) == (work.work,)
        at = np.array([0, 7, len(whole) - 1])
        one, other = await index.aask(Places(0, segment, run, at)), index.places(segment, run, at)
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        await index.aclose()

    index = open_index(shared_url)
    assert isinstance(index, Awaited)
    asyncio.run(ask_all(index))


# -- many at once


def test_eight_threads_get_the_answers_of_one(shared_url):
    with opened(shared_url + "&pages=1") as index:
        expected = {work.work.id: found(index, work) for work in LIBRARY[::4]}
        wrong, errors = [], []

        def ask(seed):
            rng = random.Random(seed)
            try:
                for _ in range(12):
                    work = rng.choice(LIBRARY[::4])
                    segment, run = run_of(index, work)
                    if (
                        found(index, work) != expected[work.work.id]
                        or len(index.run(segment, run, 0, 30)) != 30
                    ):
                        wrong.append(work.work.id)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (wrong, errors) == ([], [])


def test_fifty_tasks_get_the_answers_of_one(shared_url):
    with opened(shared_url) as alone:
        asks = [asks_of(alone, [work]) for work in LIBRARY[::4]]
        expected = [plain(alone, alone.postings(*some)) for some in asks]

    async def main(index):
        async def ask(number):
            which = number % len(asks)
            hits = await index.aask(Postings(*asks[which]))
            assert plain(index, hits) == expected[which]
            posting = hits[0].postings[0]
            works = await index.aask(Works(0, posting.segment, posting.run))
            keys = await index.aask(Run(0, posting.segment, posting.run, 0, 40))
            assert len(works) == 1
            assert len(keys) == 40

        await asyncio.gather(*(ask(number) for number in range(50)))
        assert index.health().commands > 30
        await index.aclose()

    asyncio.run(main(open_index(shared_url + "&pages=1")))


def test_threads_and_an_event_loop_share_an_index(shared_url):
    with opened(shared_url) as alone:
        asks = asks_of(alone, LIBRARY[:30])
        expected = plain(alone, alone.postings(*asks))
    said = []
    with opened(shared_url + "&pages=1") as index:

        async def main():
            for _ in range(3):
                said.append(plain(index, await index.aask(Postings(*asks))) == expected)
            for link in index._links.values():
                await link.close()

        def ask():
            said.append(plain(index, index.postings(*asks)) == expected)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        threads.append(threading.Thread(target=lambda: asyncio.run(main())))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert said == [True] * 7


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_reads_on_and_hears_news_in_both_processes(url):
    build(url, LIBRARY[:10])
    with opened(url) as index:
        assert everywhere(index, LIBRARY[3])
        ready, told = os.pipe()
        again, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                index.refresh()
                good = everywhere(index, LIBRARY[4])
                os.write(told, b"r")
                os.read(again, 1)
                good = good and heard(index, 2) and everywhere(index, LIBRARY[11])
            except BaseException:
                good = False
            os._exit(0 if good else 1)
        os.read(ready, 1)
        change(url, LIBRARY[10:12])
        os.write(tell, b"g")
        assert heard(index, 2)
        assert everywhere(index, LIBRARY[11])
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        for end in (ready, told, again, tell):
            os.close(end)


# -- what is known of it


def test_texts_entries_and_counts_are_those_of_an_index_in_memory(shared_url, in_memory):
    with opened(shared_url) as index:
        assert index.text("work-017") == LIBRARY[17].text
        assert index.text("nobody") is None
        known = {entry.work.id: entry._replace(added=0) for entry in index.entries()}
        assert known == {entry.work.id: entry._replace(added=0) for entry in in_memory.entries()}
        one, other = index.stat(), in_memory.stat()
        same = (
            "epoch",
            "works",
            "runs",
            "tokens",
            "words",
            "lexemes",
            "segments",
            "too_short",
            "mostly_common",
        )
        assert {name: getattr(one, name) for name in same} == {name: getattr(other, name) for name in same}
        assert (one.keyed, one.texts_stored, one.scheme) == (False, True, other.scheme)
        assert index.verify() == []
        assert [event.what for event in index.history()] == ["build"]


def test_without_stored_texts_there_is_none(url):
    build(url, LIBRARY[:2])
    with opened(url) as index:
        assert index.text("work-001") is None


def test_verify_names_what_is_damaged(redis_server, url):
    build(url, LIBRARY[:10], store_text=True)
    with opened(url) as index:
        assert index.verify() == []
        for kind in (b":t:0", b":r:0", b":p:1"):
            (key,) = [key for key in there(redis_server, url) if key.endswith(kind)]
            value = redis_server.client.get(key)
            redis_server.client.set(key, value[:-1] + bytes([value[-1] ^ 1]))
            problems = index.verify()
            assert len(problems) >= 1
            assert all("\n" not in problem for problem in problems)
            redis_server.client.set(key, value)
        assert index.verify() == []


def test_the_size_of_an_index_is_about_what_its_records_take(redis_server, url):
    build(url, LIBRARY, store_text=True)
    with opened(url) as index:
        values = there(redis_server, url).values()
        stored = sum(len(value) for value in values if value is not None)
        assert abs(index.stat().bytes / stored - 1) < 0.25


def test_health_tells_a_lost_server_and_one_that_is_back(own_server, tmp_path):
    url = url_of(own_server, tmp_path, timeout=0.05)
    build(url, LIBRARY[:5])
    with opened(url) as index:
        assert index.health()[:3] == ("fresh", None, 1)
        own_server.kill()
        assert until(lambda: index.health().state == "lost")
        assert index.health().reason
        index.refresh()  # a server that is out of reach for a while is told by the age
        assert until(lambda: index.age > 0.3)
        own_server.start()
        assert until(lambda: index.health().state == "fresh")
        assert until(lambda: index.age < 0.3)


def test_a_server_without_a_disk_is_warned_of(shared_url, own_server, tmp_path):
    with opened(shared_url) as index:
        assert any("nothing on disk" in warning for warning in index.warnings())
        assert index.server()["role"] == "master"
    url = url_of(own_server, tmp_path)
    build(url, LIBRARY[:1])
    with opened(url) as index:
        assert index.warnings() == []
