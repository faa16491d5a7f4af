"""What a stream does while an index is lost: real indexes, whose look-ups fail and whose prefilters go on."""

import asyncio
import logging
import random

import pytest
from hypothesis import given, settings

from simblock.driving import HEAVY
from simblock.errors import Damaged, StoreLost
from simblock.grammar import grammar
from simblock.guard import Guard
from simblock.lexer import Lexer
from simblock.outages import Counts, Outages
from simblock.policy import Policy
from simblock.stores import Awaited
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.material import INDEX, OTHERS, cuts, prose, quoted_passage, run, seeds
from tests.programs import LANGUAGES, Programmer, fenced, renamed, stretch

TITLE, WORDS = quoted_passage(random.Random(1), 64)
PASSAGE = " ".join(WORDS)
CLEAN = " ".join(prose(random.Random(2), 300, OTHERS))
TEXT = f"{CLEAN} {PASSAGE} {CLEAN}"
LOST = StoreLost("the server gave no answer within 50 ms")


class Failing:
    """An index whose look-ups fail while it is ``down``: its prefilters are at hand all the same."""

    def __init__(self, *methods, error=LOST, index=INDEX):
        self.index, self.error, self.down = index, error, True
        self.methods, self.asked, self.age = methods or ("postings", "run", "works", "places"), 0, 0.0

    def __getattr__(self, name):
        if name in self.methods:
            return lambda *question: self._ask(name, question)
        return getattr(self.index, name)

    def _ask(self, name, question):
        self.asked += 1
        if self.down:
            raise self.error
        return getattr(self.index, name)(*question)


class Prefiltered(Failing):
    """An index that asks its store, which is lost, only for what its prefilters let pass."""

    def postings(self, channels, keys):
        if self.down and self.index.suspected([int(id) for id in channels], [int(key) for key in keys]):
            raise self.error
        return self.index.postings(channels, keys) if not self.down else []


class Slow(Failing):
    """An index that has to be awaited."""

    async def aask(self, question):
        from simblock.driving import ask

        await asyncio.sleep(0)
        return ask(self, question)


def degraded(index, **fields):
    return Guard(index, Policy(on_error="degraded", **fields))


def random_cut(text, rng):
    return sorted(rng.sample(range(1, len(text)), 40))


def test_a_copy_is_stopped_blindly_and_the_report_says_that_it_was():
    shield = degraded(Failing())
    report = shield.check(TEXT)
    assert (report.decision, report.decided.by, report.decided.work) == ("stop", "degraded", "")
    assert report.degraded
    assert report.error == str(LOST)
    assert report.matches == ()
    assert report.decided.value >= report.decided.threshold
    assert CLEAN[:-200] in report.released
    assert PASSAGE[:30] not in report.released
    assert (shield.counts["degraded"], shield.counts["stopped_blind"]) == (1, 1)


def test_clean_text_flows_byte_for_byte_while_the_index_is_lost():
    stream = degraded(Failing()).stream()
    assert run(stream, CLEAN, range(0, len(CLEAN), 7)) == CLEAN
    assert stream.report.degraded
    assert stream.report.decision == "release"


@pytest.mark.parametrize("methods", [(), ("run",), ("works",), ("postings",), ("run", "places")])
def test_a_blind_decision_falls_at_the_same_place_for_every_cut(methods):
    rng = random.Random(5)
    cuts = [[], range(1, len(TEXT)), *(random_cut(TEXT, rng) for _ in range(4))]
    found = []
    for cut in cuts:
        stream = degraded(Failing(*methods)).stream()
        released = run(stream, TEXT, cut)
        found.append(stream.report.decided)
        assert stream.stopped
        assert TEXT.startswith(released)
        assert len(released) < len(CLEAN) + len(" ".join(WORDS[:30]))
    assert found[0] is not None
    assert set(found) == {found[0]}
    assert degraded(Failing(*methods)).check(TEXT).decided == found[0]


@settings(max_examples=40, deadline=None)
@given(seed=seeds, at=cuts)
def test_an_index_that_asks_its_store_only_where_it_must_is_as_blind_and_no_blinder(seed, at):
    rng = random.Random(seed)
    _, passage = quoted_passage(rng, rng.randrange(40, 120))
    text = " ".join([*prose(rng, rng.randrange(80), OTHERS), *passage, *prose(rng, 60, OTHERS)])
    decided = []
    for index, cut in (
        (Failing(), []),
        (Prefiltered("run", "works", "places"), at),
        (Prefiltered("run"), range(1, len(text))),
    ):
        stream = degraded(index).stream()
        run(stream, text, cut)
        decided.append(stream.report.decided)
    assert decided[0] is not None
    assert len(set(decided)) == 1


def test_at_most_sixteen_words_of_a_passage_leak_and_none_in_strict_mode():
    for leak, most in ((None, 16), (0, 0)):
        stream = degraded(Failing(), max_leak=leak).stream()
        released = run(stream, TEXT, range(0, len(TEXT), 3))
        assert len(released[len(CLEAN) :].split()) <= most


@pytest.mark.parametrize(
    ("action", "decision", "observed"),
    [
        ("stop", "stop", None),
        ("redact", "stop", None),
        ("observe", "release", "stop"),
        ("cite", "cite", None),
    ],
)
def test_what_is_done_blindly_follows_the_action_of_the_policy(action, decision, observed):
    stream = degraded(Failing(), action=action).stream()
    released = run(stream, TEXT, range(0, len(TEXT), 9))
    assert (stream.report.decision, stream.report.observed) == (decision, observed)
    assert (released == TEXT) == (decision != "stop")


def test_a_policy_that_releases_does_so_blindly_too():
    assert degraded(Failing(), action="release").check(TEXT).released == TEXT


def test_what_the_request_says_may_be_said_back_while_the_index_is_lost():
    shield = degraded(Failing())
    assert shield.check(TEXT, prompt=f"Explain this: {PASSAGE}").released == TEXT
    assert shield.check(TEXT, prompt="Explain this").decision == "stop"


def test_the_first_lost_answer_ends_the_stream_where_the_policy_stops():
    shield = Guard(Failing(), Policy())
    stream = shield.stream()
    assert run(stream, TEXT, range(0, len(TEXT), 9)) in TEXT[:200]
    assert stream.stopped
    assert not stream.report.degraded
    assert (shield.counts["stopped"], shield.counts["stopped_blind"]) == (1, 0)


def test_the_commands_say_that_a_decision_was_made_blindly():
    from simblock.commands.results import because

    said = because(degraded(Failing()).check(TEXT))
    assert "3 anchors (3 needed) that a lost index may hold" in said


def test_where_the_policy_releases_nothing_is_decided_blindly():
    report = Guard(Failing(), Policy(on_error="release")).check(TEXT)
    assert (report.decision, report.released, report.degraded) == ("release", TEXT, True)


@pytest.mark.parametrize("on_error", ["release", "degraded"])
def test_of_two_indexes_the_one_that_answers_is_judged_as_ever(on_error):
    other = MemoryIndex([Document(Work("other"), CLEAN)], name="other")
    shield = Guard([Failing(index=other), INDEX], Policy(on_error=on_error))
    text = f"{' '.join(prose(random.Random(3), 60, OTHERS))} {PASSAGE}"
    report = shield.check(text)
    assert report.decided.work == TITLE
    assert report.decided.by in {"min_run", "min_tokens"}
    assert report.matches[0].index == "memory"
    assert report.degraded


@pytest.mark.parametrize("on_error", ["release", "degraded"])
def test_a_stream_is_judged_as_ever_once_the_index_is_back(on_error):
    index = Failing()
    stream = Guard(index, Policy(on_error=on_error)).stream()
    out = stream.feed(CLEAN)
    index.down = False
    out += "".join(map(stream.feed, f" {PASSAGE} {CLEAN}"))
    assert out.startswith(CLEAN)
    assert stream.report.decided.work == TITLE
    assert stream.report.matches
    assert stream.report.degraded


def test_a_match_that_grows_when_the_index_is_lost_is_still_stopped():
    index = Failing()
    index.down = False
    stream = degraded(index).stream()
    half = " ".join(WORDS[:24])
    stream.feed(f"{CLEAN} {half}")
    index.down = True
    stream.feed(f" {' '.join(WORDS[24:])} {CLEAN}")
    assert stream.stopped


def test_an_index_whose_prefilter_is_damaged_too_is_lost_without_a_word_of_text():
    report = degraded(Failing("postings", "suspected", error=Damaged("a block is damaged"))).check(TEXT)
    assert (report.decision, report.error) == ("release", "a block is damaged")
    assert report.degraded


def test_an_assistant_turn_that_cannot_be_counted_does_not_end_the_response():
    shield = degraded(Failing())
    report = shield.check(CLEAN, history=[{"role": "assistant", "content": PASSAGE}] * 2)
    assert (report.decision, report.degraded) == ("release", True)


@pytest.mark.parametrize("on_error", ["release", "degraded"])
def test_a_budget_that_is_spent_leaves_the_exact_hits_to_decide(on_error, monkeypatch):
    monkeypatch.setattr("simblock.candidates.BUDGET", 0)
    monkeypatch.setattr("simblock.candidates.REFILL", 0)
    report = Guard(INDEX, Policy(on_error=on_error)).check(TEXT)
    assert (report.decision, report.decided.work) == ("stop", TITLE)


def test_awaiting_decides_as_blocking_does():
    async def awaited(index):
        stream = degraded(index).stream()
        out = [await stream.afeed(TEXT[at : at + 11]) for at in range(0, len(TEXT), 11)]
        return "".join([*out, await stream.afinish()]), stream.report.decided

    def blocking(index):
        stream = degraded(index).stream()
        return run(stream, TEXT, range(0, len(TEXT), 11)), stream.report.decided

    assert isinstance(Slow(), Awaited)
    assert not isinstance(INDEX, Awaited)
    for down in (False, True):
        index = Slow()
        index.down = down
        both = [index, Slow(index=MemoryIndex([Document(Work("x"), CLEAN[::-1])]))]
        both[1].down = False
        assert asyncio.run(awaited(index)) == blocking(index)
        assert asyncio.run(awaited(both)) == blocking(both)


def test_two_indexes_are_awaited_at_the_same_time():
    running = []

    class Counted(Slow):
        async def aask(self, question):
            running.append(1)
            await asyncio.sleep(0.01)
            most.append(len(running))
            running.pop()
            return await super().aask(question)

    most = []
    indexes = [Counted(), Counted()]
    for index in indexes:
        index.down = False
    asyncio.run(Guard(indexes, Policy()).stream().afeed(TEXT[:HEAVY]))
    assert max(most) == 2


@pytest.mark.parametrize(
    ("on_error", "released"), [("stop", ""), ("release", CLEAN[:-200]), ("degraded", CLEAN[:-200])]
)
def test_an_index_without_news_for_too_long_is_lost_and_still_judges_by_what_it_knew(on_error, released):
    index = Failing()
    index.down, index.age = False, 31.0
    shield = Guard(index, Policy(on_error=on_error, stale_after=30))
    report = shield.check(TEXT)
    assert report.decision == "stop"
    assert report.decided.work == TITLE
    assert report.released.startswith(released)
    assert bool(report.released) == bool(released)
    assert "no news for over 30 s" in report.error
    assert report.degraded == (on_error != "stop")
    assert shield.counts["stale"] == 1
    index.age = 29.0
    assert shield.check(CLEAN).error is None


def test_an_outage_is_counted_and_logged_once_and_so_is_its_end(caplog):
    caplog.set_level(logging.INFO, "simblock")
    now = [0.0]
    counts = Counts()
    outages = Outages(["north", "south"], counts, lambda: now[0])
    for _ in range(5):
        outages.note(0, "answer", "north gave no answer")
        outages.settle(0, "answer", 0.0)
        now[0] += 0.5
    outages.note(0, "answer", "north refused the connection")
    assert counts == {"lost": 1}
    now[0] += 2
    outages.settle(0, "answer", 3.0)  # its news is older than the last failure
    assert outages.open
    outages.settle(0, "answer", 0.5)
    assert not outages.open
    assert counts == {"lost": 1, "recovered": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "index north is lost: north gave no answer",
        "index north is lost: north refused the connection",
        "index north is back",
    ]


def test_of_many_records_that_are_gone_one_is_logged(caplog):
    now = [0.0]
    outages = Outages(["redis://h:1"], Counts(), lambda: now[0])
    for number in range(8):
        outages.note(0, "answer", f"redis://h:1 lacks a record (3fa0b1c2d3e4f5a6:p:{number}): it was emptied")
        outages.note(0, "answer", f"redis://h:1: record 3fa0b1c2d3e4f5a6:p:{number} is damaged")
    assert [record.getMessage() for record in caplog.records] == [
        "index redis://h:1 is lost: redis://h:1 lacks a record (3fa0b1c2d3e4f5a6:p:0): it was emptied",
        "index redis://h:1 is lost: redis://h:1: record 3fa0b1c2d3e4f5a6:p:0 is damaged",
    ]


def test_an_index_that_fails_in_several_ways_has_one_outage_that_ends_with_the_last(caplog):
    now, counts = [0.0], Counts()
    outages = Outages(["north"], counts, lambda: now[0])
    outages.note(0, "refresh", "north has lost its manifest")
    outages.note(0, "answer", "north lacks a record")
    outages.note(0, "news", "north gave no news")
    now[0] = 2.0
    outages.settle(0, "refresh", 0.0)
    outages.settle(0, "answer", 0.0)
    assert counts == {"lost": 1, "stale": 1}
    assert outages.open
    outages.settle(0, "news", 0.0)
    assert counts == {"lost": 1, "stale": 1, "recovered": 1}
    assert [record.getMessage() for record in caplog.records].count("index north is back") == 1
    outages.note(0, "answer", "north lacks a record")
    assert counts["lost"] == 2


def test_nothing_that_is_logged_or_reported_of_an_outage_has_text_of_the_output(caplog):
    report = degraded(Failing()).check(TEXT)
    said = " ".join([record.getMessage() for record in caplog.records] + [report.error])
    assert not {word for word in WORDS if len(word) > 3} & set(said.split())


def test_an_index_that_let_wait_is_not_asked_again_at_once():
    now = [0.0]
    index = Failing()
    shield = degraded(index)
    shield.driver._outages.clock = lambda: now[0]
    outages = shield.driver._outages

    def wait(name, question):
        index.asked += 1
        now[0] += 0.05
        raise LOST

    index._ask = wait
    stream = shield.stream()
    for word in CLEAN.split()[:60]:
        stream.feed(f"{word} ")
    assert index.asked == 2
    assert outages.paused(0) == str(LOST)
    now[0] += 0.3
    stream.feed(CLEAN)
    assert index.asked == 3


def test_characters_without_spaces_count_half():
    from tests.material import HAN_WORK

    report = degraded(Failing()).check(CLEAN[:90] + HAN_WORK[40:200])
    assert report.decided.by == "degraded"
    assert degraded(Failing()).check(CLEAN[:90] + HAN_WORK[40:90]).decision == "release"


@pytest.mark.parametrize("language", LANGUAGES[:3])
def test_renamed_code_is_stopped_blindly_and_other_code_is_not(language):
    rng = random.Random(f"{language}-blind")
    work = Programmer(rng, language).program(6)
    index = MemoryIndex([Document(Work("a", kind="code", language=language), work)])
    size = len(Lexer(grammar(language)).tokens(work).keys)
    copy = stretch(work, language, size // 3, 160)
    decisions = []
    for cut in ([], range(10_000), random_cut(fenced(copy, language), rng)):
        stream = degraded(Failing(index=index)).stream()
        run(stream, fenced(renamed(copy, language), language), cut)
        decisions.append(stream.report.decided)
    assert {one.by for one in decisions} == {"degraded"}
    assert len(set(decisions)) == 1
    other = Programmer(random.Random(f"{language}-else"), language).program(1)
    assert degraded(Failing(index=index)).check(fenced(other, language)).decision == "release"


@settings(max_examples=30, deadline=None)
@given(seed=seeds, at=cuts)
def test_no_cut_moves_a_blind_decision(seed, at):
    rng = random.Random(seed)
    _, passage = quoted_passage(rng, rng.randrange(34, 120))
    text = " ".join([*prose(rng, 60, OTHERS), *passage, *prose(rng, 60, OTHERS)])
    methods = rng.choice([(), ("postings",), ("run",), ("works",)])
    whole, cut = degraded(Failing(*methods)).stream(), degraded(Failing(*methods)).stream()
    coarse, fine = run(whole, text), run(cut, text, at)
    assert whole.report.decided == cut.report.decided
    assert whole.stopped
    assert fine.startswith(coarse)
