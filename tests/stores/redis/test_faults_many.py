"""Many that ask at once while something fails: threads, tasks that are cancelled, processes, several indexes."""

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.directory import DirectoryIndex
from simblock.stores.writer import Writer
from tests.stores.redis import faults
from tests.stores.redis.faults import (
    CLEAN,
    LIBRARY,
    STOPPED,
    WORKS,
    all_fresh,
    copy_of,
    guarding,
    opened,
    worth,
)
from tests.stores.works import document


async def said(guard, work):
    stream = guard.stream()
    await stream.afeed(copy_of(work))
    await stream.afinish()
    return worth(stream.report)


def test_tasks_that_are_cancelled_leave_no_answer_to_another_question(proxy, tmp_path):
    """What was asked for a cancelled task may still come: it must not be taken for the next one's answer."""

    async def cancel_many(guarded):
        guard = guarded.guards["stop"]
        heard = []
        for number, work in enumerate(LIBRARY[:60]):
            all_fresh(guarded)
            task = asyncio.ensure_future(said(guard, work))
            await asyncio.sleep(0.001 * (number % 25))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if number % 6 == 0:
                heard.append(await said(guard, LIBRARY[number + 1]))
        await guarded.index.aclose()
        return heard

    proxy.slow(0.005)
    with guarding(proxy.url(), tmp_path, timeout=5) as guarded:
        assert set(asyncio.run(cancel_many(guarded))) == {STOPPED}


@pytest.mark.slow
def test_an_event_loop_goes_on_while_a_server_hangs(seeded, tmp_path):
    async def beats(guarded):
        longest, ended = 0.0, False

        async def beat():
            nonlocal longest
            while not ended:
                before = time.monotonic()
                await asyncio.sleep(0.01)
                longest = max(longest, time.monotonic() - before)

        heart = asyncio.ensure_future(beat())
        await asyncio.sleep(0)
        heard = await asyncio.gather(*(said(guarded.guards["stop"], work) for work in WORKS[:6]))
        ended = True
        await heart
        await guarded.index.aclose()
        return longest, heard

    with guarding(seeded.url(), tmp_path, timeout=3) as guarded:
        seeded.pause()
        longest, heard = asyncio.run(beats(guarded))
        seeded.resume()
    assert CLEAN not in heard
    assert longest < 2


@pytest.mark.slow
def test_many_threads_with_few_pages_in_the_process_all_get_answers(seeded, tmp_path):
    works = [document(f"wide-{n}", words=3000) for n in range(60)]
    faults.build(seeded.url(), works, tenant="wide")
    index = opened(seeded.url(), tmp_path, tenant="wide", timeout=5, pages=2)
    try:
        guard = Guard(index, Policy.load())
        with ThreadPoolExecutor(8) as threads:
            reports = list(threads.map(lambda work: guard.check(copy_of(work, words=200)), works))
        assert {worth(report) for report in reports} == {STOPPED}
    finally:
        index.close()


@pytest.mark.slow
def test_threads_that_ask_through_an_outage_are_never_told_clean(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path) as guarded, ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(guarded.endure, 2, WORKS[number::4]) for number in range(4)]
        for _ in range(4):
            seeded.restart()
            all_fresh(guarded)
            time.sleep(0.1)
        for one in asking:
            one.result()
        guarded.recover()


def test_an_index_that_is_at_hand_still_stops_while_the_other_is_lost(seeded, tmp_path):
    own = document("of the folder", words=300)
    with Writer.create(tmp_path / "own.sbx") as writer:
        writer.put([own])
        writer.commit()
    index = opened(seeded.url(), tmp_path)
    try:
        guards = [
            Guard(indexes, Policy.load(on_error="release"))
            for indexes in (
                [index, DirectoryIndex(tmp_path / "own.sbx")],
                [DirectoryIndex(tmp_path / "own.sbx"), index],
            )
        ]
        seeded.kill()
        for guard in guards:
            report = guard.check(copy_of(own))
            assert report.decision == "stop"
            assert [match.index for match in report.matches] == [str(tmp_path / "own.sbx")]
            assert worth(guard.check(copy_of(WORKS[0]))) != CLEAN
    finally:
        index.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_process_is_no_more_credulous_than_its_parent(seeded, tmp_path):
    with guarding(seeded.url(), tmp_path, stale_after=2) as guarded:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                fine = guarded.sound()
                guarded.forget()
                all_fresh(guarded)
                os.write(writing, b".")
                time.sleep(1)
                guarded.ask_all(WORKS[6:18])
                code = 0 if fine and not guarded.count()[CLEAN] and set(guarded.count()) - {STOPPED} else 2
            finally:
                os._exit(code)
        assert os.read(reading, 1)
        seeded.kill()
        _, status = os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
        assert os.waitstatus_to_exitcode(status) == 0
