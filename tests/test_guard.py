import asyncio
import random

import pytest

import simblock
from simblock import background, commonplaces, segmenting
from simblock.errors import Damaged, Incompatible, StoreLost, UsageError
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.response import Floor
from simblock.scheme import Scheme
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.material import INDEX, OTHERS, guard, prose, quoted_passage, run

PASSAGE = " ".join(quoted_passage(random.Random(1), 60)[1])
CLEAN = " ".join(prose(random.Random(2), 80, OTHERS))


class Failing:
    """An index whose look-ups fail: what a damaged disk or a lost server does, on demand."""

    def __init__(self, error, method="postings"):
        self.error, self.method = error, method

    def __getattr__(self, name):
        if name == self.method:
            return self._fail
        return getattr(INDEX, name)

    def _fail(self, *_):
        raise self.error


@pytest.mark.parametrize("method", ["refresh", "postings", "run", "works", "places"])
@pytest.mark.parametrize("error", [Damaged("segment x is damaged"), StoreLost("no answer")])
def test_a_broken_index_stops_the_stream_and_says_so(method, error):
    shield = Guard(Failing(error, method), Policy.load())
    report = shield.check(PASSAGE)
    assert (report.decision, report.error) == ("stop", str(error))
    assert report.released == ""
    stream = shield.stream()
    run(stream, PASSAGE, range(0, 400, 4))
    assert stream.stopped
    assert stream.report.decision == "stop"


def test_on_error_release_lets_the_text_pass_and_says_what_broke():
    shield = Guard(Failing(Damaged("segment x is damaged")), Policy.load(on_error="release"))
    report = shield.check(PASSAGE)
    assert (report.decision, report.error, report.released) == ("release", "segment x is damaged", PASSAGE)
    assert report.degraded


def test_on_error_release_holds_for_an_index_that_breaks_while_a_stream_runs():
    index = Failing(Damaged("the manifest is damaged"), "refresh")
    shield = Guard(index, Policy.load(on_error="release"))
    stream = shield.stream()
    assert run(stream, CLEAN, range(0, 400, 9)) == CLEAN
    assert stream.report.error == "the manifest is damaged"


def test_a_long_text_is_checked_off_the_event_loop():
    text = f"{CLEAN} {PASSAGE} {CLEAN} " * 40

    async def check():
        stream = guard(action="observe").stream()
        assert await stream.afeed(text) + await stream.afinish() == text
        return stream.report.decided, (await guard(action="observe").acheck(text)).decided

    streamed, checked = asyncio.run(check())
    assert streamed == checked
    assert checked.action == "observe"


def test_chunks_are_filtered_blocking_and_awaiting_alike():
    text = f"{CLEAN} {PASSAGE} {CLEAN}"
    chunks = [text[at : at + 9] for at in range(0, len(text), 9)]

    async def chunked():
        for chunk in chunks:
            yield chunk

    async def collect():
        return [part async for part in guard().filter(chunked())]

    blocking = list(guard().filter(chunks))
    assert blocking == asyncio.run(collect())
    assert "".join(blocking).startswith(CLEAN)
    assert len("".join(blocking)) < len(CLEAN) + len(PASSAGE) / 2


def test_the_source_of_chunks_is_not_read_past_a_stop():
    taken = []

    def source():
        for word in f"{PASSAGE} {CLEAN}".split():
            taken.append(word)
            yield word + " "

    list(guard().filter(source()))
    assert len(taken) < 40


def test_indexes_of_different_schemes_cannot_be_checked_together():
    other = MemoryIndex([Document(Work("x"), CLEAN)], scheme=Scheme(seed=2))
    with pytest.raises(Incompatible, match="another scheme"):
        Guard([INDEX, other], Policy.load())


def test_a_guard_without_an_index_is_refused():
    with pytest.raises(UsageError):
        Guard([], Policy.load())


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "robot", "content": "x"},
        {"content": "x"},
        {"role": "user", "content": 5},
        {"role": [], "content": "x"},
        "x",
        5,
    ],
)
def test_a_turn_that_is_none_is_refused(turn):
    with pytest.raises(UsageError, match="history"):
        guard().check("x", history=[turn])


@pytest.mark.parametrize("text", [b"bytes", None, 5])
def test_text_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="not str"):
        guard().check(text)
    with pytest.raises(UsageError, match="not str"):
        guard().stream().feed(text)


def test_a_report_has_the_shape_of_the_design():
    row = guard().check(f"{CLEAN} {PASSAGE}").to_dict()
    assert list(row) == [
        "schema", "id", "decision", "observed", "released", "degraded", "error", "matches", "decided",
        "quoted", "indexes", "policy", "elapsed_ms",
    ]  # fmt: skip
    assert set(row["matches"][0]) == {
        "work", "index", "kind", "language", "channel", "similarity", "tokens", "longest_run", "information", "evidence",
        "verbatim", "renamed", "names_alike", "quoted", "view", "common", "twins", "twin_count", "leaked", "output", "source", "lines", "spans",
        "rule", "action",
    }  # fmt: skip
    assert set(row["decided"]) == {"work", "view", "rule", "by", "value", "threshold", "position"}


def test_works_added_and_removed_count_for_running_streams():
    rng = random.Random(5)
    mine = " ".join(prose(rng, 80))
    index = MemoryIndex([Document(Work("first"), " ".join(prose(rng, 80)))])
    shield = Guard(index, Policy.load())
    stream = shield.stream()
    stream.feed(CLEAN + " ")
    index.add([Document(Work("late"), mine)])
    stream.feed(mine)
    stream.finish()
    assert stream.report.decided.work == "late"
    index.remove(["late"])
    assert shield.check(mine).decision == "release"


def test_the_public_names_are_those_that_are_listed_and_each_is_there():
    assert sorted(simblock.__all__) == list(simblock.__all__)
    assert all(getattr(simblock, name).__name__ == name for name in simblock.__all__)
    with pytest.raises(AttributeError):
        simblock.nothing  # noqa: B018


def test_after_preparing_the_first_match_reads_no_table():
    one = guard()
    one.prepare()
    tables = (background.word_bits, background._known, commonplaces._phrases, segmenting.known_words)
    before = [table.cache_info().misses for table in tables]
    assert all(before)
    assert one.check(PASSAGE).decision == "stop"
    assert [table.cache_info().misses for table in tables] == before


def test_a_check_keeps_what_no_rule_acted_on_from_its_floor_on():
    words = quoted_passage(random.Random(1), 60)[1]
    other = " ".join(prose(random.Random(2), 80, OTHERS))
    text = " ".join([*words[:17], other, *words[17:41]])
    checked = guard(text={"max_quoted": 500})

    def told(**options):
        whole, awaited = checked.check(text, **options), asyncio.run(checked.acheck(text, **options))
        assert whole.matches == awaited.matches
        return sorted(match.tokens for match in whole.matches)

    assert told() == []
    assert told(floor=Floor(20, 30, 10)) == [24]
    assert told(floor=Floor(20, 30, 10), all=True) == told(all=True) == [17, 24]
