"""Other words in the place of a passage: who finds them, how they are checked, and what goes out where nobody does."""

import asyncio
import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import PolicyError, UsageError
from simblock.guard import Guard, Withheld, by_response
from simblock.policy import Policy
from simblock.questions import Lost, Rewrite
from simblock.stores.memory import MemoryIndex
from simblock.stream import StreamCore
from simblock.work import Document, Work
from tests.material import INDEX, OTHERS, WORKS, by_character, cuts, edited, prose, quoted_passage, run, seeds

REPLACE = Policy(action="replace")
STRICT = Policy(action="replace", max_leak=0)
WORDS = "(something else was meant)"
NAME, PASSAGE = quoted_passage(random.Random(1), 60)
COPY = " ".join(PASSAGE)
CLEAN, LATER = (f"{OTHERS[n]} {' '.join(prose(random.Random(n), 80, OTHERS))} {OTHERS[n]}" for n in (2, 3))
TEXT = f"{CLEAN} {COPY} {LATER}"


def rewriter(*answers):
    """A rewriter that gives these answers, the last one again and again; it remembers what it was told."""
    told = []

    def write(withheld):
        told.append(withheld)
        return answers[min(len(told), len(answers)) - 1]

    write.told = told
    return write


def replacing(write, policy=STRICT, **options):
    return Guard(INDEX, policy, rewriter=write, **options)


def whole(shield, text, **options):
    return shield.check(text, **options).released


def streamed(shield, text, edges=()):
    stream = shield.stream()
    return run(stream, text, edges), stream


async def awaited(shield, text):
    stream = shield.stream()
    return await stream.afeed(text) + await stream.afinish(), stream


def test_a_passage_is_replaced_and_the_rest_goes_on():
    write = rewriter(WORDS)
    shield = replacing(write)
    report = shield.check(TEXT)
    assert report.released == f"{CLEAN} {WORDS} {LATER}"
    assert (report.decision, report.decided.work) == ("replace", NAME)
    assert [match.action for match in report.matches] == ["replace"]
    assert (shield.counts["rewritten"], shield.counts["rewrite_failed"]) == (1, 0)


def test_a_rewriter_is_told_what_stands_before_how_long_it_is_and_nothing_of_the_passage():
    write = rewriter(WORDS)
    shield = replacing(write)
    whole(shield, TEXT)
    (told,) = write.told
    assert isinstance(told, Withheld)
    assert (told.before, told.kind, told.language, told.round) == (CLEAN + " ", "text", None, 1)
    assert abs(told.tokens - 60) <= 2
    assert not any(
        word in f"{told.note} {told!r}".split()
        for word in PASSAGE
        if word not in {"the", "of", "and", "a", "in", "to", "is"}
    )
    assert NAME not in repr(told)


def test_a_rewriter_is_told_two_thousand_characters_as_they_go_out():
    write = rewriter(WORDS)
    shield = replacing(write)
    far = " ".join(prose(random.Random(4), 900, OTHERS))
    _, again = quoted_passage(random.Random(9), 50)
    streamed(shield, f"{far} {COPY} {LATER} {' '.join(again)} {LATER}", range(0, 9000, 7))
    first, second = write.told
    assert first.before == f"{far} "[-2000:]
    assert second.before == f"{far} {WORDS} {LATER} "[-2000:]


@settings(max_examples=25)
@given(seed=seeds, rate=st.sampled_from([0, 0.1]), edges=cuts, answer=st.sampled_from([WORDS, "", None]))
def test_decision_and_released_text_are_the_same_for_every_cut_and_nothing_of_a_passage_goes_out(
    seed, rate, edges, answer
):
    rng = random.Random(seed)
    parts = []
    for _ in range(2):
        _, passage = quoted_passage(rng, 56)
        parts += [prose(rng, 70, OTHERS), edited(rng, passage, rate)]
    text = " ".join(" ".join(part) for part in [*parts, prose(rng, 60, OTHERS)])
    shield = replacing(rewriter(answer))
    report = shield.check(text)
    letters = shield.stream()
    out, stream = streamed(shield, text, edges)
    assert report.released == out == by_character(letters, text)
    assert report.decision == ("stop" if answer is None else "replace")
    assert report.decided == stream.report.decided == letters.report.decided
    for passage in (
        (parts[1], parts[3]) if not rate else ()
    ):  # what is out of an edited one at the decision is measured
        runs = {" ".join(passage[at : at + 6]) for at in range(len(passage) - 6)}
        assert not any(run in out for run in runs)


def test_by_default_no_more_of_a_passage_is_out_than_ever_when_it_is_replaced():
    out = by_character(stream := replacing(rewriter(WORDS), REPLACE).stream(), TEXT)
    before, after = out.split(WORDS)
    assert len(before.removeprefix(CLEAN).split()) <= 16
    assert after == f" {LATER}"
    assert stream.core.altered
    assert max(match.leaked for match in stream.report.matches) <= 16


@pytest.mark.parametrize("how", ["whole", "streamed", "awaited", "long"])
def test_words_that_are_too_close_are_asked_for_again_and_counted_only_when_they_go_out(how):
    _, other = quoted_passage(random.Random(11), 60)
    close = " ".join(other)
    write = rewriter(close, WORDS)
    shield = replacing(write)
    text = TEXT if how != "long" else f"{' '.join(prose(random.Random(4), 900, OTHERS))} {TEXT}"
    if how == "whole":
        report = shield.check(text)
        out = report.released
    else:
        out, stream = (
            asyncio.run(awaited(shield, text)) if how in {"awaited", "long"} else streamed(shield, text)
        )
        report = stream.report
    assert out.endswith(f"{CLEAN} {WORDS} {LATER}")
    assert [told.round for told in write.told] == [1, 2]
    assert write.told[1].note.startswith(write.told[0].note)
    assert set(report.quoted) == {NAME}, "what was refused has not gone out"


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_after_so_many_rounds_the_stream_stops_before_the_passage(rounds):
    write = rewriter(COPY)
    shield = replacing(write, rewrites=rounds)
    report = shield.check(TEXT)
    assert (report.decision, report.released, len(write.told)) == ("stop", CLEAN + " ", rounds)
    assert (shield.counts["rewritten"], shield.counts["rewrite_failed"]) == (0, 1)
    assert report.decided.work == NAME


def test_words_that_go_on_with_a_passage_where_it_was_cut_are_too_close():
    """By default 15 words may be out: with 20 more of them it would be a run of 35."""
    write = rewriter(" ".join(PASSAGE[15:35]), WORDS)
    stream = replacing(write, REPLACE).stream()
    out = by_character(stream, TEXT)
    assert len(write.told) == 2
    assert WORDS in out


def test_what_a_rewriter_quotes_counts_towards_the_quota_of_a_work():
    others = sorted(set(WORKS) - {NAME})
    pieces = [" ".join(WORKS[others[0]][at : at + 20]) for at in (0, 30, 60, 90, 120)]
    write = rewriter(*pieces)
    shield = replacing(write, Policy(action="replace", max_leak=0, text={"max_quoted": 50}), rewrites=1)
    copies = [f"{' '.join(WORKS[name][200:250])} {LATER}" for name in others[1:6]]
    report = shield.check(f"{CLEAN} {' '.join(copies)}")
    assert report.decision == "stop", "the third piece fills the quota"
    assert shield.counts["rewritten"] == 2
    assert 40 <= report.quoted[others[0]] < 50


async def _raises(_withheld):
    raise ValueError(COPY)


async def _hangs(_withheld):
    await asyncio.Event().wait()


def _is_late(_withheld):
    time.sleep(0.3)
    return WORDS


def _fails(_withheld):
    raise KeyError(COPY)


@pytest.mark.parametrize("write", [_raises, _hangs, _is_late, _fails, rewriter(7), rewriter(None)])
def test_a_rewriter_that_fails_or_is_late_ends_the_stream_before_the_passage(write):
    shield = replacing(write, rewrite_timeout=0.05)
    out, stream = asyncio.run(awaited(shield, TEXT))
    assert (out, stream.stopped, stream.report.decision) == (CLEAN + " ", True, "stop")
    assert shield.counts["rewrite_failed"] == 1
    assert stream.report.error is None
    if write not in (_raises, _hangs):
        assert whole(shield, TEXT) == CLEAN + " "
    time.sleep(0.3 if write is _is_late else 0)


def test_an_asynchronous_rewriter_is_awaited_and_refused_where_nobody_can_await():
    async def write(withheld):
        await asyncio.sleep(0)
        return WORDS

    class Callable:
        async def __call__(self, withheld):
            return WORDS

    for one in (write, Callable(), lambda withheld: write(withheld)):
        shield = replacing(one)
        assert asyncio.run(awaited(shield, TEXT))[0] == f"{CLEAN} {WORDS} {LATER}"
        assert asyncio.run(shield.acheck(TEXT)).released == f"{CLEAN} {WORDS} {LATER}"
        with pytest.raises(UsageError, match="asynchronous"):
            shield.check(TEXT)
        with pytest.raises(UsageError, match="asynchronous"):
            shield.stream().feed(TEXT)


def test_a_rewriter_that_blocks_lets_other_streams_of_the_loop_go_on():
    go_on, called = threading.Event(), threading.Event()

    def write(_withheld):
        called.set()
        go_on.wait(10)
        return WORDS

    async def both():
        shield = replacing(write)
        held = asyncio.create_task(awaited(shield, TEXT))
        await asyncio.to_thread(called.wait, 10)
        said, _ = await awaited(shield, CLEAN)
        go_on.set()
        return said, (await held)[0]

    assert asyncio.run(both()) == (CLEAN, f"{CLEAN} {WORDS} {LATER}")


def test_a_caller_who_is_cancelled_while_words_are_looked_for_gets_them_with_the_next_chunk_or_none():
    called = []

    async def write(_withheld):
        called.append(1)
        if len(called) == 1:
            await asyncio.Event().wait()
        return WORDS

    async def through(policy):
        called.clear()
        stream = replacing(write, policy).stream()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.afeed(TEXT), 0.2)
        return await stream.afeed(" The end.") + await stream.afinish()

    assert asyncio.run(through(STRICT)) == ""
    lax = STRICT.model_copy(update={"on_error": "release"})
    assert asyncio.run(through(lax)) == f"{CLEAN} {WORDS} {LATER} The end."


def test_a_response_may_bring_a_rewriter_of_its_own():
    shield = replacing(by_response)
    stream = shield.response(rewriter=rewriter(WORDS)).stream()
    assert stream.feed(TEXT) + stream.finish() == f"{CLEAN} {WORDS} {LATER}"
    assert whole(shield, TEXT) == CLEAN + " "


def test_a_rewrite_can_be_asked_for_from_outside_of_any_stream():
    """What a proxy does that asks for a whole answer again."""
    shield = Guard(INDEX, Policy())
    response = shield.response(rewriter=rewriter(COPY, WORDS))

    def steps():
        return (yield Rewrite(response.core, "content", 0, CLEAN))

    assert response.run(steps()) == WORDS
    assert asyncio.run(response.arun(steps(), heavy=True)) == WORDS
    none = shield.response()

    def other():
        return (yield Rewrite(none.core, "content", 0, CLEAN))

    assert isinstance(none.run(other()), Lost)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (Policy(action="replace"), "action"),
        (Policy(rule=[{"work": "a"}, {"work": "b", "action": "replace"}]), "rule.1.action"),
    ],
)
def test_a_policy_that_replaces_needs_a_rewriter(policy, field):
    with pytest.raises(PolicyError, match=rf'^{field}: "replace" needs a rewriter'):
        Guard(INDEX, policy)
    with pytest.raises(PolicyError, match="needs a rewriter"):
        Guard(INDEX, Policy()).with_policy(policy)
    assert Guard(INDEX, policy, rewriter=rewriter(WORDS)).with_policy(Policy()).check("A word.")


def test_a_stream_that_must_stay_in_one_piece_stops_where_another_is_replaced():
    shield = replacing(write := rewriter(WORDS))
    response = shield.response()
    core = StreamCore(response.core, unbroken=True)
    assert response.run(core.feed(TEXT)) == CLEAN + " "
    assert core.stopped
    assert not write.told


def test_the_severest_rule_holds_where_a_passage_stands_in_works_that_are_redacted_and_replaced():
    docs = [Document(Work(name), COPY) for name in ("one", "two")]
    rule = [{"work": "one", "action": "redact"}]
    shield = Guard(
        MemoryIndex(docs), Policy(action="replace", max_leak=0, rule=rule), rewriter=rewriter(WORDS)
    )
    for out in (whole(shield, TEXT), by_character(shield.stream(), TEXT)):
        assert out == f"{CLEAN} {WORDS} {LATER}"


def test_a_stop_behind_a_passage_that_was_replaced_leaves_its_new_words():
    first, second = (" ".join(WORKS[name][100:150]) for name in ("work-1", "work-2"))
    policy = Policy(action="replace", max_leak=0, rule=[{"work": "work-2", "action": "stop"}])
    text = f"{CLEAN} {first} {LATER} {second} {LATER}"
    shield = replacing(rewriter(WORDS), policy)
    assert whole(shield, text) == by_character(shield.stream(), text) == f"{CLEAN} {WORDS} {LATER} "
    near = f"{CLEAN} {first} {second} {LATER}"
    for out in (whole(shield, near), by_character(shield.stream(), near)):
        assert out in (f"{CLEAN} ", f"{CLEAN} {WORDS} ")


def _program(seed, statements):
    rng = random.Random(seed)
    names = [f"{rng.choice('abcdefgh')}{n}" for n in range(30)]
    lines = [
        f"    {rng.choice(names)} = {rng.choice(names)}.{rng.choice(names)}({rng.choice(names)}) {rng.choice('+-*/%')} {rng.choice(names)}[{rng.choice(names)}]"
        for _ in range(statements)
    ]
    return "\n".join(["def told(self):", *lines, ""])


@pytest.mark.parametrize("action", ["redact", "replace"])
@pytest.mark.parametrize("size", [1, 40, None])
def test_code_that_ends_with_its_fence_is_edited_in_every_cut(action, size):
    source = _program(5, 12)
    policy = Policy(action=action, max_leak=0, code={"min_information": 0, "min_run_information": 0})
    index = MemoryIndex([Document(Work("code", kind="code", language="python"), source)])
    write = rewriter("pass\n")
    renamed = source.replace("told", "heard").replace("a", "q")
    text = f"{CLEAN}\n```python\n{renamed}```\n{CLEAN} {LATER} {LATER}"
    stream = Guard(index, policy, rewriter=write).stream()
    chunks = [text] if size is None else [text[a : a + size] for a in range(0, len(text), size)]
    out = "".join([*map(stream.feed, chunks), stream.finish()])
    body = renamed.splitlines()[2:-2]
    assert not any(line.strip() in out for line in body)
    assert out.endswith(f"{CLEAN} {LATER} {LATER}")
    assert ("[withheld]" if action == "redact" else "pass\n") in out
    assert all((told.kind, told.language) == ("code", "python") for told in write.told)
