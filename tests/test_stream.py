import json
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simblock.guard import Guard
from simblock.match import SEVERITY
from simblock.policy import Policy, decide
from simblock.scheme import Scheme
from simblock.stores.memory import MemoryIndex
from simblock.work import Document, Work
from tests.material import (
    DOCUMENTS,
    HAN,
    HAN_WORK,
    INDEX,
    OTHERS,
    WORDS,
    WORKS,
    by_character,
    cuts,
    edited,
    guard,
    prose,
    quoted_passage,
    run,
    seeds,
)

T = 16


def python_repr(text):
    return repr(text)


def c_literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("'", "\\'") + '"'


WRAPS = {
    "prose": lambda t: t,
    "fence": lambda t: f"```python\n{t}\n```",
    "fence without a tag": lambda t: f"~~~\n{t}\n~~~",
    "hash comment": lambda t: "# " + t.replace("\n", "\n# "),
    "block comment": lambda t: "/*\n * " + t.replace("\n", "\n * ") + "\n */",
    "python repr": repr,
    "python ascii": ascii,
    "json": json.dumps,
    "json in json": lambda t: json.dumps(json.dumps({"a": t})),
    "four deep": lambda t: json.dumps(c_literal(json.dumps(repr(t)))),
    "c literal": c_literal,
    "sql": lambda t: "INSERT INTO t VALUES ('" + t.replace("'", "''") + "');",
    "shell": lambda t: "echo '" + t.replace("'", "'\\''") + "'",
    "javascript": lambda t: "const s = '" + t.replace("'", "\\u0027").replace("\n", "\\n") + "';",
    "json arguments": lambda t: json.dumps({"city": "x", "notes": [t]}),
}
SEPARATORS = [" ", "  ", "\n", "\t", ", ", ". ", " - ", "\r\n", "\u00a0", "\n\n> "]


def planted(rng, passage, wrap, before=40, after=40):
    parts = "".join(word + rng.choice(SEPARATORS) for word in passage).rstrip()
    lead, tail = " ".join(prose(rng, before, OTHERS)), " ".join(prose(rng, after, OTHERS))
    return f"{lead}. {WRAPS[wrap](parts)}. {tail}"


@pytest.mark.parametrize("wrap", WRAPS)
@settings(max_examples=12)
@given(seed=seeds, at=cuts)
def test_sixteen_words_in_a_row_are_found_wherever_they_stand(wrap, seed, at):
    rng = random.Random(seed)
    name, passage = quoted_passage(rng, T)
    text = planted(rng, passage, wrap)
    report = guard(text={"min_run": T}).check(text)
    assert (report.decision, report.decided.work) == ("stop", name)
    stream = guard(text={"min_run": T}).stream()
    run(stream, text, at)
    assert stream.stopped
    assert stream.report.decided == report.decided


@given(seed=seeds, at=cuts)
def test_thirty_two_characters_of_a_script_without_spaces_are_found(seed, at):
    rng = random.Random(seed)
    start = rng.randrange(0, len(HAN_WORK) - 32)
    noise = "".join(rng.choices(HAN, k=50))
    text = noise + "。" + HAN_WORK[start : start + 32] + "。" + noise
    stream = guard(text={"min_run": T}).stream()
    released = run(stream, text, at)
    assert stream.stopped
    assert stream.report.decided.work == "han"
    assert len(released) <= 51 + 32


@given(seed=seeds, at=cuts, words=st.integers(T, 120), rate=st.sampled_from([0, 0.05, 0.1, 0.2]))
def test_decision_work_rule_and_position_are_the_same_for_every_cut(seed, at, words, rate):
    rng = random.Random(seed)
    passages = [edited(rng, quoted_passage(rng, words)[1], rate) for _ in range(2)]
    text = " ".join(w for p in passages for w in [*prose(rng, rng.randrange(70), OTHERS), *p])
    for policy in ({}, {"max_leak": 0}, {"max_leak": 40}, {"profile": "cite"}):
        want = guard(**policy).check(text).decided
        chunked, single = guard(**policy).stream(), guard(**policy).stream()
        whole = guard(**policy).stream()
        coarse = run(whole, text)
        released = run(chunked, text, at)
        finest = by_character(single, text)
        assert chunked.report.decided == single.report.decided == whole.report.decided == want
        if single.stopped:
            assert finest.startswith(released)
            assert released.startswith(coarse)
        else:
            assert finest == released == text == coarse


@given(seed=seeds, at=cuts, words=st.integers(30, 150), max_leak=st.sampled_from([None, 0, 4, 16, 33, 48]))
def test_a_stopped_verbatim_passage_leaks_at_most_what_was_promised(seed, at, words, max_leak):
    rng = random.Random(seed)
    _, passage = quoted_passage(rng, words)
    before = " ".join(prose(rng, rng.randrange(100), OTHERS)) + " "
    text = before + " ".join(passage) + " " + " ".join(prose(rng, 30, OTHERS))
    bound = T if max_leak is None else min(max_leak, T)
    for feed in (run, by_character):
        stream = guard(max_leak=max_leak).stream()
        released = feed(stream, text, at) if feed is run else feed(stream, text)
        assert stream.stopped
        assert len(released[len(before) :].split()) <= bound
        assert stream.report.matches[0].leaked <= bound
        if max_leak == 0:
            assert before.startswith(released)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_a_passage_leaks_in_strict_mode_from_a_work_that_repeats_its_beginning(seed):
    rng = random.Random(seed)
    opening, passage = prose(rng, rng.randrange(6, 14)), prose(rng, 60)
    text = []
    for _ in range(30):
        text += [*opening, *prose(rng, rng.randrange(3, 9))]
    text += [*opening, *passage]
    shield = Guard(MemoryIndex([Document(Work("refrain"), " ".join(text))]), Policy.load(max_leak=0))
    before = " ".join(prose(rng, 60, OTHERS, glue=0)) + " "
    stream = shield.stream()
    released = by_character(stream, before + " ".join([*opening, *passage]))
    assert stream.stopped
    assert before.startswith(released)
    assert stream.report.matches[0].longest_run >= 30


@pytest.mark.parametrize("cut", [1, 5, 10_000])
def test_a_stop_lets_nothing_out_that_another_work_was_suspected_of(cut):
    rng = random.Random(4)
    first, second = prose(rng, 27), prose(rng, 60)
    documents = [
        Document(Work("first"), " ".join([*prose(rng, 80), *first, *prose(rng, 80)])),
        Document(Work("second"), " ".join([*prose(rng, 80), *first[15:], *second])),
    ]
    shield = Guard(MemoryIndex(documents), Policy.load(max_leak=0))
    before = " ".join(prose(rng, 60, OTHERS, glue=0)) + " "
    text = before + " ".join([*first, *second])
    stream = shield.stream()
    released = run(stream, text, range(0, len(text), cut))
    assert stream.report.decided.work == "second"
    assert before.startswith(released)


def test_a_quota_counts_each_word_of_the_output_once():
    rng = random.Random(8)
    verse = prose(rng, 12)
    text = [w for n in range(20) for w in [*verse, *prose(rng, 5)]]
    shield = Guard(MemoryIndex([Document(Work("refrain"), " ".join(text))]), Policy.load())
    response = shield.response()
    run(response.stream(), " ".join([*prose(rng, 40, OTHERS), *verse, *prose(rng, 40, OTHERS)]))
    assert response.report.decision == "release"
    assert 12 <= response.report.quoted["refrain"] <= 14


@given(seed=seeds, at=cuts)
def test_sixteen_words_of_a_work_that_repeats_itself_are_found_at_its_borders_and_inside(seed, at):
    rng = random.Random(seed)
    beat = rng.sample(WORDS, rng.randrange(1, 8))
    text = [*prose(rng, 40), *beat * 30, *prose(rng, 40)]
    shield = Guard(
        MemoryIndex([Document(Work("refrain"), " ".join(text))]),
        Policy.load(text={"min_run": T}, exempt_commonplace=False),
    )
    start = rng.randrange(0, len(text) - T)
    before, after = (prose(rng, 30, OTHERS, glue=0) for _ in range(2))
    stream = shield.stream()
    run(stream, " ".join([*before, *text[start : start + T], *after]), at)
    assert stream.stopped


@given(seed=seeds, max_leak=st.sampled_from([None, 40, 48]), size=st.integers(1, 40))
def test_what_is_said_to_have_leaked_is_what_went_out(seed, max_leak, size):
    rng = random.Random(seed)
    _, passage = quoted_passage(rng, 60)
    before = " ".join(prose(rng, rng.randrange(1, 60), OTHERS, glue=0)) + " "
    text = before + " ".join(passage)
    stream = guard(max_leak=max_leak).stream()
    released = run(stream, text, range(0, len(text), size))
    assert stream.report.matches[0].leaked == len(released[len(before) :].split())


CLEAN = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("\r\n\x00\u200b\u0301\ud800\udfff\\'nu0x{}\u05d0\u0627😀\u00adé中"),
        st.sampled_from("abc "),
    ),
    max_size=300,
)


@given(text=CLEAN, at=cuts)
@example(text="\r\n\ud83d\x00\u202e\u0e01\\u00", at=[3])
def test_clean_text_comes_out_as_it_went_in(text, at):
    for policy in ({}, {"max_leak": 0}, {"action": "redact"}):
        assert run(guard(**policy).stream(), text, at) == text
        assert by_character(guard(**policy).stream(), text) == text
    assert guard().check(text).released == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 10_000_000, marks=pytest.mark.slow),
        " " * 10_000_000,
        "\\" * 10_000_000,
        "=-" * 5_000_000,
        pytest.param("\u200b" * 10_000_000, marks=pytest.mark.slow),
        pytest.param("\n" * 10_000_000, marks=pytest.mark.slow),
    ],
    ids=["one word", "only spaces", "only backslashes", "no letter", "zero width", "empty lines"],
)
def test_ten_megabytes_without_a_space_or_a_letter_come_through(text):
    stream = guard().stream()
    size = 1 << 20
    out = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join([*out, stream.finish()]) == text


def test_by_default_nothing_of_clean_text_is_held():
    rng = random.Random(3)
    text = " ".join(prose(rng, 300, OTHERS))
    stream = guard().stream()
    for at in range(0, len(text), 7):
        assert stream.feed(text[at : at + 7]) == text[at : at + 7]


def test_strict_mode_holds_forty_eight_words():
    text = " ".join(f"{word}" for word in prose(random.Random(3), 300, OTHERS))
    stream = guard(max_leak=0).stream()
    out = "".join(stream.feed(text[at : at + 5]) for at in range(0, len(text), 5))
    assert 47 <= len(text[len(out) :].split()) <= 50
    assert out + stream.finish() == text


@given(seed=seeds, at=cuts)
def test_redaction_takes_the_passage_out_and_goes_on(seed, at):
    rng = random.Random(seed)
    _, passage = quoted_passage(rng, 50)
    before, after = (" ".join(prose(rng, 60, OTHERS, glue=0)) for _ in range(2))
    text = f"{before} {' '.join(passage)} {after}"
    stream = guard(action="redact", max_leak=0).stream()
    assert run(stream, text, at) == f"{before} [withheld] {after}"
    report = guard(action="redact").check(text)
    assert report.released == f"{before} [withheld] {after}"
    assert report.decision == "redact"


@pytest.mark.parametrize(("action", "decision", "observed"), [
    ("cite", "cite", None), ("observe", "release", "stop"), ("release", "release", None),
])  # fmt: skip
def test_actions_that_release_change_nothing(action, decision, observed):
    _, passage = quoted_passage(random.Random(1), 60)
    text = " ".join(passage)
    report = guard(action=action).check(text)
    assert (report.released, report.decision, report.observed) == (text, decision, observed)
    assert bool(report.matches) == (action != "release")


def test_a_rule_that_allows_a_work_lets_it_pass_and_only_it():
    name, passage = quoted_passage(random.Random(1), 60)
    other = next(n for n in WORKS if n != name)
    rules = [{"work": [name], "action": "release"}]
    assert guard(rule=rules).check(" ".join(passage)).decision == "release"
    report = guard(rule=rules).check(" ".join([*passage, *WORKS[other][:60]]))
    assert report.decided.work == other
    listed = guard(rule=rules).response(all=True)
    stream = listed.stream()
    run(stream, " ".join(passage))
    assert [(m.work.id, m.action) for m in listed.report.matches] == [(name, "release")]


@given(seed=seeds, rate=st.sampled_from([0, 0, 0.1, 0.2, 0.3]))
def test_deciding_over_the_matches_of_a_report_gives_its_decision_again(seed, rate):
    rng = random.Random(seed)
    passages = [edited(rng, quoted_passage(rng, rng.randrange(10, 130))[1], rate) for _ in range(3)]
    text = " ".join(w for p in passages for w in [*prose(rng, rng.randrange(90), OTHERS), *p])
    for fields in ({}, {"action": "cite"}, {"profile": "cite"}, {"action": "redact"}):
        policy = Policy.load(**fields)
        response = Guard(INDEX, policy).response(all=True)
        stream = response.stream()
        run(stream, text)
        report = response.report
        again = decide(policy, report.matches)
        assert (again.action if again else "release") == report.decision
        if report.decided:
            assert again.rule == report.decided.rule


@given(seed=seeds, at=cuts, rate=st.sampled_from([0, 0.1]))
def test_a_passage_of_the_prompt_is_free_echoed_or_lightly_edited(seed, at, rate):
    rng = random.Random(seed)
    _, passage = quoted_passage(rng, 120)
    prompt = "Please correct this: " + " ".join(passage)
    text = " ".join(edited(rng, passage, rate))
    stream = guard().stream(prompt=prompt)
    assert run(stream, text, at) == text
    assert not stream.stopped
    for role in ("user", "system", "tool"):
        assert guard().check(text, history=[{"role": role, "content": prompt}]).decision == "release"
    if rate == 0:
        assert guard().check(text, history=[{"role": "assistant", "content": prompt}]).decision == "stop"
        assert guard(exempt_prompt=False).check(text, prompt=prompt).decision == "stop"


def test_what_goes_on_beyond_the_prompt_is_not_exempt():
    name, passage = quoted_passage(random.Random(9), 150)
    report = guard().check(" ".join(passage), prompt=" ".join(passage[:60]))
    assert report.decided.work == name
    assert report.matches[0].tokens <= 90


@given(seed=seeds, at=cuts)
def test_a_quota_that_the_history_has_filled_lets_nothing_more_out(seed, at):
    rng = random.Random(seed)
    text = WORKS["work-3"]
    history = []
    for start in range(0, 125, 25):  # turns of 25 words: none of them stops by itself
        history += [{"role": "user", "content": "continue"}]
        history += [{"role": "assistant", "content": " ".join(text[start : start + 25])}]
    fresh = " ".join(text[200:225])
    before = " ".join(prose(rng, 60, OTHERS)) + " "
    assert guard().check(before + fresh).decision == "release"
    stream = guard().stream(history=history)
    released = run(stream, before + fresh, at)
    assert stream.stopped
    assert before.startswith(released)
    assert stream.report.decided.by == "max_quoted"
    assert guard().check(before + fresh, history=history).decided == stream.report.decided
    clean = " ".join(prose(rng, 60, OTHERS))
    assert run(guard().stream(history=history), clean, at) == clean


def test_a_work_said_in_pieces_over_the_streams_of_a_response_meets_its_quota():
    text = WORKS["work-5"]
    response = guard().response()
    stopped = []
    for choice in range(8):
        stream = response.stream("content", choice)
        run(
            stream,
            " ".join([*prose(random.Random(choice), 30, OTHERS), *text[choice * 25 : choice * 25 + 25]]),
        )
        stopped.append(stream.stopped)
    assert stopped == [False] * 3 + [True] * 5
    assert response.report.quoted["work-5"] >= 96


def test_after_a_stop_every_stream_of_the_response_holds_that_work_from_its_first_hit():
    text = " ".join(WORKS["work-6"][:80])
    response = guard().response()
    run(response.stream("content", 0), text)
    second = response.stream("content", 1)
    assert len(run(second, text, range(0, len(text), 3)).split()) <= T
    assert second.stopped


@pytest.mark.parametrize("owners", [1, 100])
def test_a_passage_that_a_hundred_works_hold_is_found(owners):
    rng = random.Random(11)
    passage = prose(rng, T)
    documents = []
    for n in range(100):
        own = [*prose(rng, 120), *passage, *prose(rng, 120)]
        documents.append(Document(Work(f"w{n:03}", owner=f"o{n % owners}"), " ".join(own)))
    shield = Guard(MemoryIndex(documents), Policy.load(text={"min_run": T}))
    text = " ".join([*prose(rng, 50, OTHERS), *passage, *prose(rng, 50, OTHERS)])
    report = shield.check(text)
    assert report.decision == "stop"
    assert report.matches[0].longest_run == T
    assert report.matches[0].common == (owners == 100)


def test_the_severest_rule_wins_where_works_share_a_passage():
    rng = random.Random(12)
    shared = prose(rng, 60)
    documents = [Document(Work(f"w{n}", owner="o", license="MIT"), " ".join(shared)) for n in range(3)]
    documents.append(Document(Work("secret", owner="p", license="LicenseRef-x"), " ".join(shared)))
    rules = [{"license": ["permissive"], "action": "cite"}]
    report = Guard(MemoryIndex(documents), Policy.load(rule=rules)).check(" ".join(shared))
    assert (report.decision, report.decided.work) == ("stop", "secret")
    assert report.matches[0].twins == ("w0", "w1", "w2")


def test_several_indexes_are_asked_as_one():
    rng = random.Random(13)
    mine = prose(rng, 80)
    second = MemoryIndex([Document(Work("second"), " ".join(mine))], name="other")
    both = Guard([INDEX, second], Policy.load())
    report = both.check(" ".join(mine))
    assert (report.decided.work, report.matches[0].index) == ("second", "other")
    assert [state.name for state in report.indexes] == ["memory", "other"]
    name, passage = quoted_passage(rng, 60)
    assert both.check(" ".join(passage)).decided.work == name


def test_spans_name_the_passage_on_both_sides():
    rng = random.Random(14)
    name, passage = quoted_passage(rng, 50)
    said = " ".join(passage).upper()
    before = "One line.\nTwo lines, "
    report = guard().check(before + said + ", and more.")
    match = report.matches[0]
    assert (match.output.start, match.output.end) == (len(before), len(before) + len(said))
    source = " ".join(WORKS[name])
    assert source[match.source.start : match.source.end] == " ".join(passage)
    assert match.spans == ((*match.output, *match.source),)
    assert match.lines == ((2, 2), (1, 1))
    assert match.verbatim
    assert match.similarity == 1.0
    assert SEVERITY[match.action] == 5


def found_without_a_run(scheme):
    """Of 40 copies with every seventh word replaced, so no run of 8, how many are stopped by their work."""
    rng = random.Random(16)
    shield = Guard(MemoryIndex(DOCUMENTS, scheme=scheme), Policy.load())
    found = 0
    for _ in range(40):
        name, passage = quoted_passage(rng, 70)
        copy = [rng.choice(OTHERS) if at % 7 == 6 else word for at, word in enumerate(passage)]
        text = [*prose(rng, 40, OTHERS), *copy, *prose(rng, 40, OTHERS)]
        decided = shield.check(" ".join(text)).decided
        found += decided is not None and decided.work == name
    return found


@pytest.mark.parametrize(
    ("roles", "least", "most"),
    [
        ({"exact", "seed", "signature"}, 40, 40),
        ({"seed"}, 40, 40),
        ({"signature"}, 15, 40),
        ({"exact"}, 0, 0),
    ],
)
def test_copies_without_a_run_of_eight_words_are_found_by_either_near_channel(roles, least, most):
    channels = tuple(channel for channel in Scheme().channels if channel.role in roles)
    assert least <= found_without_a_run(replace(Scheme(), channels=channels)) <= most


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_the_spans_of_a_match_that_closed_between_two_looks_are_whole(cut):
    rng = random.Random(17)
    for length in range(60, 76):
        name, passage = quoted_passage(rng, length)
        before, after = (" ".join(prose(rng, 40, OTHERS, glue=0)) for _ in range(2))
        text = f"{before} {' '.join(passage)} {after}"
        stream = guard(action="cite").stream()
        run(stream, text, range(0, len(text), cut))
        for report in (stream.report, guard().check(text)):
            match = report.matches[0]
            assert text[match.output.start : match.output.end] == " ".join(passage)
            assert (match.tokens, match.longest_run, match.work.id) == (length, length, name)


def test_near_copies_are_found_with_ten_and_twenty_per_cent_of_the_words_edited():
    rng = random.Random(15)
    found = {0.1: 0, 0.2: 0}
    for rate in found:
        for _ in range(60):
            name, passage = quoted_passage(rng, 64)
            text = [*prose(rng, 50, OTHERS), *edited(rng, passage, rate), *prose(rng, 50, OTHERS)]
            decided = guard().check(" ".join(text)).decided
            found[rate] += decided is not None and decided.work == name
    assert found[0.1] >= 58
    assert found[0.2] >= 54
