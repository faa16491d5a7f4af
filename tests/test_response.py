"""A response: what is read beforehand, and which matches that no rule acted on it keeps."""

import asyncio
import random
import threading

import pytest

from simblock import exemption
from simblock.driving import HEAVY
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.response import Floor
from simblock.stores.memory import MemoryIndex
from simblock.stream import StreamCore
from simblock.work import Document, Work
from tests.material import INDEX, OTHERS, guard, prose, quoted_passage

PASSAGE = " ".join(quoted_passage(random.Random(1), 60)[1])
CLEAN = " ".join(prose(random.Random(2), 80, OTHERS))
SPOKEN = [{"role": "assistant", "content": PASSAGE}]


@pytest.fixture
def read(monkeypatch):
    """The threads in which a request was read."""
    threads = []
    real = exemption.tokenise

    def tokenise(text):
        threads.append(threading.get_ident())
        return real(text)

    monkeypatch.setattr(exemption, "tokenise", tokenise)
    return threads


def test_a_history_is_read_beforehand_and_fills_quotas():
    response = guard(text={"max_quoted": 24}).response(history=SPOKEN)
    assert response.core.unread == len(PASSAGE)
    response.prepare()
    assert response.core.unread == 0
    assert response.core.wary
    assert max(response.report.quoted.values()) == 60


def test_a_long_history_is_read_in_a_thread():
    threads = []

    class Index:
        def __getattr__(self, name):
            return getattr(INDEX, name)

        def postings(self, channels, keys):
            threads.append(threading.get_ident())
            return INDEX.postings(channels, keys)

    async def prepared(history):
        response = Guard(Index()).response(history=history)
        await response.aprepare()
        return response

    asyncio.run(prepared(SPOKEN))
    assert set(threads) == {threading.get_ident()}
    threads.clear()
    response = asyncio.run(prepared(SPOKEN * (HEAVY // len(PASSAGE) + 1)))
    assert threading.get_ident() not in threads
    assert max(response.report.quoted.values()) == 60


def test_the_first_chunk_reads_what_nobody_prepared():
    prepared, other = (guard(max_leak=0).response(history=SPOKEN) for _ in range(2))
    prepared.prepare()
    assert prepared.stream().feed(CLEAN) == other.stream().feed(CLEAN)
    assert prepared.report.quoted == other.report.quoted


@pytest.mark.parametrize("long", [False, True])
def test_a_request_is_read_when_something_is_first_found_and_a_long_one_in_a_thread(read, long):
    prompt = " ".join([PASSAGE] * (HEAVY // len(PASSAGE) + 1 if long else 1))

    async def said():
        stream = guard().stream(prompt=prompt)
        assert await stream.afeed(CLEAN + " ") == CLEAN + " "
        assert not read
        return await stream.afeed(PASSAGE + " ") + await stream.afinish()

    assert asyncio.run(said()) == PASSAGE + " "
    assert len(read) == 1
    assert (read[0] != threading.get_ident()) == long


def test_matches_that_no_rule_acted_on_are_kept_from_the_floor_on():
    words = PASSAGE.split()
    text = " ".join([*words[:17], CLEAN, *words[17:41], CLEAN, *words[41:60]])

    def told(**options):
        response = guard(text={"max_quoted": 500}).response(**options)
        stream = response.stream()
        assert stream.feed(text) + stream.finish() == text
        return sorted(match.tokens for match in response.report.matches)

    assert told() == []
    assert told(all=True) == [17, 19, 24]
    assert told(floor=Floor(19, 30, 10)) == [19, 24]
    assert told(floor=Floor(20, 30, 10)) == [24]
    assert told(floor=Floor(8, 30, 1)) == [17]


def test_the_floor_leaves_what_is_decided_and_goes_out_as_it_is():
    text = CLEAN + " " + PASSAGE + " " + CLEAN
    plain, audited = guard().response(), guard().response(floor=Floor(8, 15, 5))
    assert plain.stream().feed(text) == audited.stream().feed(text)
    assert plain.report.decided == audited.report.decided


@pytest.mark.parametrize("action", ["redact", "stop"])
def test_an_unbroken_stream_ends_where_another_would_go_on_with_a_placeholder(action):
    response = Guard(INDEX, Policy(action=action, max_leak=0)).response()
    text = CLEAN + " " + PASSAGE + " " + CLEAN
    whole, unbroken = StreamCore(response.core), StreamCore(response.core, unbroken=True)

    def steps(core):
        return (yield from core.feed(text)) + (yield from core.finish())

    assert response.run(steps(unbroken)) == CLEAN + " "
    assert (unbroken.stopped, unbroken.altered, unbroken.decided.action) == (True, False, "stop")
    assert {match.action for match in unbroken.matches} == {"stop"}
    said = response.run(steps(whole))
    assert (whole.altered, "[withheld]" in said) == (action == "redact",) * 2


def test_a_request_of_code_is_read_in_every_lane(read):
    source = (
        "def total(rows):\n    kept = [row.size for row in rows if row.size]\n    return sum(kept) / len(kept)\n"
        * 3
    )
    index = MemoryIndex([Document(Work("code", kind="code", language="python"), source)])
    stream = Guard(index).stream(prompt=f"```python\n{source}```", language="python")
    assert stream.feed(source) + stream.finish() == source
    assert not stream.stopped
