"""The drivers: what goes on beside the event loop, what a caller that is cancelled leaves, and news of the indexes."""

import asyncio
import random
import threading

import pytest

from simblock.driving import HEAVY
from simblock.errors import Damaged
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.stream import StreamCore
from simblock.work import Document, Work
from tests.material import INDEX, OTHERS, prose, quoted_passage

PASSAGE = " ".join(quoted_passage(random.Random(1), 60)[1])
CLEAN = " ".join(prose(random.Random(2), 900, OTHERS))
QUOTING = f"{CLEAN} {PASSAGE[:100]} more"  # so little that nothing is done about it


class Watched:
    """An index that remembers in which threads it was asked, and waits where it is told to."""

    def __init__(self):
        self.threads, self.asked, self.go_on = set(), threading.Event(), threading.Event()
        self.go_on.set()
        self.refreshed, self.error = 0, None

    def __getattr__(self, name):
        return getattr(INDEX, name)

    def refresh(self):
        self.refreshed += 1
        if self.error:
            raise self.error

    def postings(self, channels, keys):
        self.threads.add(threading.get_ident())
        self.asked.set()
        self.go_on.wait(10)
        return INDEX.postings(channels, keys)


@pytest.mark.parametrize(("length", "beside"), [(200, False), (4 * HEAVY, True)])
def test_a_long_chunk_is_read_in_a_thread_and_a_short_one_is_not(length, beside):
    index = Watched()

    async def fed():
        stream = Guard(index).stream()
        return await stream.afeed(CLEAN[:length]) + await stream.afinish()

    assert asyncio.run(fed()) == CLEAN[:length]
    assert bool(index.threads - {threading.get_ident()}) == beside


def test_other_streams_go_on_while_a_long_chunk_is_read():
    index = Watched()
    shield = Guard(index)

    async def fed():
        index.go_on.clear()
        long = asyncio.create_task(shield.stream().afeed(CLEAN))
        await asyncio.to_thread(index.asked.wait, 10)
        index.postings = INDEX.postings
        short = await shield.stream().afeed(CLEAN[:100])
        assert not long.done()
        index.go_on.set()
        return short, await long

    short, long = asyncio.run(fed())
    assert (short, long) == (CLEAN[:100], CLEAN)


@pytest.mark.parametrize("on_error", ["stop", "release"])
def test_a_caller_that_is_cancelled_gets_the_stream_back_when_the_thread_has_left_it(on_error):
    index = Watched()
    stream = Guard(index, Policy(on_error=on_error)).stream()

    async def fed():
        index.go_on.clear()
        task = asyncio.create_task(stream.afeed(QUOTING))
        await asyncio.to_thread(index.asked.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # once more: the stream is still the thread's
        await asyncio.sleep(0)
        assert not task.done()
        index.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await stream.afinish()

    released = asyncio.run(fed())
    assert "broken off" in stream.report.error
    assert released == ("" if on_error == "stop" else QUOTING)


def test_what_may_go_out_is_not_lost_with_a_caller_that_is_cancelled_when_the_chunk_is_read():
    stream = Guard(INDEX).stream()

    async def fed():
        real = stream.response.arun

        async def arun(steps, **options):
            await real(steps, **options)
            raise asyncio.CancelledError

        stream.response.arun = arun
        with pytest.raises(asyncio.CancelledError):
            await stream.afeed("A word ")
        stream.response.arun = real
        return await stream.afeed("and another")

    assert asyncio.run(fed()) == "A word and another"


def test_streams_of_one_response_take_their_turns():
    index = Watched()
    response = Guard(index).response()
    one, other = response.stream("content"), response.stream("reasoning")

    async def fed():
        return await asyncio.gather(one.afeed(CLEAN), other.afeed(CLEAN[:50]), one.response.aprepare())

    assert asyncio.run(fed()) == [CLEAN, CLEAN[:50], None]


def test_news_of_the_indexes_are_asked_for_once_for_all_streams_of_a_response_and_hold_for_later_ones():
    index = Watched()
    shield = Guard(index)
    response = shield.response()
    cores = [StreamCore(response.core) for _ in range(3)]

    def steps():
        for core in cores:
            yield from core.feed("a word ")
        cores.append(StreamCore(response.core))
        return (yield from cores[-1].feed("a word "))

    assert response.run(steps()) == "a word "
    assert index.refreshed == 1
    index.error = Damaged("the manifest is damaged")
    assert response.run(steps()) == ""
    assert [core.error for core in cores] == ["the manifest is damaged"] * 5
    assert all(core.stopped for core in cores)
    assert response.report_of(cores).decision == "stop"
    assert shield.counts["stopped"] == 5


def test_an_index_that_is_back_no_longer_loses_what_comes():
    index = Watched()
    stream = Guard(index, Policy(on_error="release")).stream()
    index.error = Damaged("the manifest is damaged")
    stream.feed("a word ")
    index.error = None
    other = stream.response.stream("reasoning")
    other.feed("a word ")
    assert stream.core.error
    assert other.core.error is None


def test_a_guard_by_another_policy_has_the_same_indexes_and_counts():
    index = MemoryIndex([Document(Work("x", owner="o"), PASSAGE)])
    strict = Guard(index)
    begun = strict.stream()
    lax = strict.with_policy(Policy(action="observe"))
    assert lax.check(PASSAGE).observed == "stop"
    assert strict.check(PASSAGE).decision == "stop"
    begun.feed(PASSAGE)
    assert begun.stopped
    assert (lax.indexes, lax.counts) == (strict.indexes, strict.counts)
    assert lax.counts is strict.counts
    assert lax.check(PASSAGE).policy != strict.check(PASSAGE).policy
