"""Passages that are redacted or replaced: each of them, however close to the one before, and not a word between them."""

import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.material import INDEX, OTHERS, WORKS, by_character, cuts, prose, run, seeds

WORDS = "(something else was meant)"
ACTIONS = pytest.mark.parametrize(("action", "said"), [("redact", "[withheld]"), ("replace", WORDS)])
NAMES = sorted(WORKS)


def editing(action, index=INDEX, **policy):
    return Guard(index, Policy(action=action, **{"max_leak": 0} | policy), rewriter=lambda _withheld: WORDS)


def runs(passage, length=8):
    return {" ".join(passage[at : at + length]) for at in range(len(passage) - length + 1)}


def interleaved(passages, gaps):
    """The passages with as many other words between them as ``gaps`` says, each said once; and the text.

    Next to a passage stand words that no work has, so that none of them is like the work by chance.
    """
    fresh = iter(random.Random(len(gaps)).sample(OTHERS, len(OTHERS)))
    between = [[next(fresh) for _ in range(gap)] for gap in (50, *gaps, 60)]
    parts = [between[0]]
    for passage, own in zip(passages, between[1:], strict=True):
        parts += [passage, own]
    return between, " ".join(" ".join(part) for part in parts if part)


def in_every_cut(shield, text, edges):
    """What goes out, which is the same whole, by the character and cut anywhere."""
    out = shield.check(text).released
    assert out == by_character(shield.stream(), text) == run(shield.stream(), text, edges)
    return out


PASSAGES = st.lists(
    st.tuples(st.sampled_from(NAMES[:2]), st.sampled_from([0, 10, 37, 100, 180, 300]), st.integers(30, 80)),
    min_size=2, max_size=5,
)  # fmt: skip
GAPS = st.lists(
    st.one_of(st.integers(9, 40), st.sampled_from([0, 5, 60, 64, 65, 120])), min_size=4, max_size=4
)


@ACTIONS
@settings(max_examples=12)
@given(places=PASSAGES, gaps=GAPS, edges=cuts)
@example(places=[(NAMES[0], 100, 52)] * 2, gaps=[5] * 4, edges=[])
@example(places=[(NAMES[0], 100, 60)] * 2, gaps=[30] * 4, edges=[])
@example(places=[(NAMES[0], 100, 60), (NAMES[0], 130, 60)], gaps=[30] * 4, edges=[])
@example(places=[(NAMES[0], 100, 30), (NAMES[0], 100, 60)], gaps=[5] * 4, edges=[])
def test_nothing_of_any_passage_goes_out_and_all_that_stands_between_them_does(
    action, said, places, gaps, edges
):
    passages = [WORKS[name][at : at + words] for name, at, words in places]
    between, text = interleaved(passages, gaps[: len(passages) - 1])
    out = in_every_cut(editing(action), text, edges)
    assert not any(run in f" {out} " for passage in passages for run in (f" {one} " for one in runs(passage)))
    kept = set(out.split())
    for own, (one, other) in zip(between[1:-1], pairwise(places), strict=True):
        if len(own) > 8 or not goes_on(one, other):
            assert kept.issuperset(own)
    assert kept.issuperset(between[0] + between[-1])
    assert said in out


def goes_on(one, other):
    """Whether a passage goes on in the work about where another ended: a few words between are words put in."""
    return one[0] == other[0] and abs(one[1] + one[2] - other[1]) <= 16


@ACTIONS
@settings(max_examples=4)
@given(seed=seeds, edges=cuts)
def test_words_of_prose_between_passages_stay_but_for_those_that_a_passage_may_go_on_with(
    action, said, seed, edges
):
    rng = random.Random(seed)
    passage = WORKS[NAMES[3]][100:160]
    between = [prose(rng, 40, OTHERS) for _ in range(4)]
    text = (
        " ".join(" ".join(part) for own in between for part in (own, passage)) + " " + " ".join(OTHERS[:60])
    )
    out = in_every_cut(editing(action), text, edges)
    assert out.count(said) == 4
    for own in between:
        assert " ".join(own[8:-8]) in out


@pytest.mark.slow
def test_a_work_said_in_many_small_passages_is_edited_in_all_of_them():
    """More than a match keeps apart, with never so much between them that a suspicion would end."""
    passages = [WORKS[NAMES[0]][at : at + 30] for at in range(0, 360, 30)] * 5
    between, text = interleaved(passages, [12] * (len(passages) - 1))
    for action in ("redact", "replace"):
        out = in_every_cut(editing(action), text, range(0, 20000, 977))
        assert not any(run in out for passage in passages for run in runs(passage))
        assert set(out.split()).issuperset(word for own in between for word in own)


def test_what_was_edited_far_behind_is_let_go_while_the_same_work_goes_on():
    passages = [WORKS[NAMES[0]][at : at + 30] for at in range(0, 360, 30)] * 5
    _, text = interleaved(passages, [12] * (len(passages) - 1))
    stream = editing("redact").stream()
    held = 0
    for at in range(0, len(text), 50):
        stream.feed(text[at : at + 50])
        held = max(held, stream.core.outlet.fed - stream.core.outlet.released)
    assert held < len(text) / 3


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_copy_whose_words_are_shuffled_is_edited_by_whatever_it_was_told(size):
    copy = WORKS[NAMES[1]][100:180]
    pieces = [copy[at : at + size] for at in range(0, 80, size)]
    for seed in range(5):
        rng = random.Random(seed)
        rows = [rng.sample(pieces[at : at + 6], len(pieces[at : at + 6])) for at in range(0, len(pieces), 6)]
        _, text = interleaved([[word for row in rows for piece in row for word in piece]], [])
        report = editing("redact").check(text)
        if report.decision == "redact":
            assert "[withheld]" in report.released
            assert len(report.released.split()) < 110 + 40


@settings(max_examples=4)
@given(edges=cuts)
def test_what_has_leaked_is_counted_of_each_passage_of_a_match(edges):
    copy = WORKS[NAMES[2]][100:150]
    passages = [copy, WORKS[NAMES[2]][200:250], copy]
    between, text = interleaved(passages, [20, 20])
    stream = editing("redact", max_leak=None).stream()
    out = by_character(stream, text)
    others = {word for own in between for word in own}
    leaked = [word for word in out.split() if word not in others | {"[withheld]"}]
    assert len(leaked) <= 3 * 16
    (match,) = [match for match in stream.report.matches if match.action == "redact"]
    assert match.leaked == len(leaked)
    strict = editing("redact").stream()
    run(strict, text, edges)
    assert [match.leaked for match in strict.report.matches] == [0]


FORMS = (
    "{a} = {b}.{c}({d}) + {e}[{n}]", "if {a} < {b}: {c} = {d}", "{a}[{b}] = {c} % {d}", "{a}({b}, {c}={d}, {e}=[])",
    "for {a} in {b}({c}, {d}): {e} += {n}", "return {{{a}: {b}, {c}: {d}}}", "del {a}[{b}:{c}], {d}",
    "assert {a} in {b} and not {c}.{d}", "while {a}({b}): {c} -= {d} ** {n}", "{a} = lambda {b}, {c}: {d} | {e}",
)  # fmt: skip


def program(seed, lines):
    rng = random.Random(seed)
    names = [f"{rng.choice('abcdefgh')}{n}" for n in range(40)]
    return [
        rng.choice(FORMS).format(**{name: rng.choice(names) for name in "abcde"}, n=rng.randrange(2, 99))
        for _ in range(lines)
    ]


PROGRAMS = [program(seed, 100) for seed in (5, 6)]
CODE = MemoryIndex(
    [
        Document(Work(f"code-{n}", kind="code", language="python"), "\n".join(lines))
        for n, lines in enumerate(PROGRAMS)
    ]
)


@pytest.mark.slow
@ACTIONS
@settings(max_examples=3)
@given(
    places=st.lists(
        st.tuples(st.sampled_from([0, 0, 1]), st.sampled_from([20, 20, 26, 50]), st.integers(12, 24)),
        min_size=2,
        max_size=3,
    ),
    gap=st.sampled_from([0, 1, 4, 8, 12]),
    edges=cuts,
)
def test_so_it_is_with_code(action, said, places, gap, edges):
    passages = [PROGRAMS[which][at : at + lines] for which, at, lines in places]
    own = [[f"print('note {k} {n}', w{k}{n})" for n in range(gap)] for k in range(len(passages))]
    lines = [line for passage, rest in zip(passages, own, strict=True) for line in (*passage, *rest)]
    text = "\n".join([" ".join(OTHERS[:30]), "```python", *lines, "```", " ".join(OTHERS[30:100])])
    limits = {"min_information": 0, "min_run_information": 0}
    out = in_every_cut(editing(action, CODE, code=limits), text, edges)
    assert not any(line in out for passage in passages for line in passage[1:-1])
    kept = out.splitlines()
    assert all(
        line in kept for rest in own for line in rest[3:-3]
    )  # a line more may be like the next of the work
    assert out.endswith(" ".join(OTHERS[30:100]))
    assert said in out
