"""Works that repeat themselves: a line costs no more for standing in them often, and what is copied beside it is found."""

import random
import re
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import candidates, crowds, tracking
from simblock.abreast import PARALLEL, outdone, thinned
from simblock.align import Block
from simblock.figures import Placing, covering
from simblock.guard import Guard
from simblock.match import Span
from simblock.piece import Piece
from simblock.policy import Policy
from simblock.questions import Posting
from simblock.seeds import MAX_SEEDS, Seed, Seeds
from simblock.stores.memory import MemoryIndex
from simblock.tracking import Track
from simblock.work import Document, Work
from tests.material import seeds
from tests.test_piece import said

FUNCTION = """  int total = 0;
  foreach (var entry in entries) {
    if (entry.Weight > limit && !seen.Contains(entry.Key)) {
      seen.Add(entry.Key);
      total += entry.Weight * factor - offset;
      while (total > ceiling) { total /= 2; depth++; }
    } else if (depth == 0) {
      queue[depth % queue.Length] = entry.Key + ":" + total;
      Flush(queue, depth, out total);
    }
  }
"""
NAMES = re.compile(r"\b(total|entry|entries|limit|seen|factor|offset|ceiling|depth|queue)\b")
LINES = {
    "csharp": '  m_{a}{i} = TryGet(d, "x{i}", m_{a}{i});\n',
    "python": '    m_{a}{i} = try_get(d, "x{i}", m_{a}{i})\n',
    "javascript": '  m_{a}{i} = tryGet(d, "x{i}", m_{a}{i});\n',
    "sql": "INSERT INTO {a}items (id, name, price) VALUES ({i}, 'item {i}', {i}.50);\n",
    "css": ".{a}icon-{i} {{ background-position: -{i}px 0; width: {i}px; }}\n",
    "text": "And all the bells of winter rang across the silver harbour where the lanterns burned\n",
}
QUICK = ("csharp", "css", "text")
KINDS = (
    LINES["csharp"],
    "  m_{a}{i} += TryGet(d, {i}, m_{a}{i});\n",
    '  m_{a}{i} = TryGet(d[m_{a}{i}], "x{i}");\n',
)
WEAK = {"code": {"min_information": 160, "min_run_information": 160}}
"""A policy that lets the lines alone go."""


def lines(template, count, a="x", first=0):
    return [template.format(i=i, a=a) for i in range(first, first + count)]


def program(body):
    return "class A {\nvoid f(Map d) {\n" + "".join(body) + "}\n}\n"


def fenced(code, language="csharp"):
    return f"```{language}\n{code}```\n"


def work(name, code, language="csharp"):
    return Document(Work(name, kind="code", language=language), code)


def renamed(code):
    return NAMES.sub(lambda found: f"{found[0][::-1]}z", code)


@contextmanager
def counted():
    """Counts what a check does: tokens given to pieces, measures, looks, pieces begun, places compared."""
    calls = dict.fromkeys(["push", "measure", "said", "look", "take", "_reach"], 0)

    def counting(owner, name):
        plain = getattr(owner, name)

        def call(*given, **named):
            calls[name] += 1
            return plain(*given, **named)

        return mock.patch.object(owner, name, call)

    with ExitStack() as patches:
        for name in ("push", "measure", "said"):
            patches.enter_context(counting(Piece, name))
        for name in ("look", "take"):
            patches.enter_context(counting(Track, name))
        patches.enter_context(counting(crowds, "_reach"))
        yield calls


def work_of(language, count, *, edit=False):
    """What is done of ``count`` lines that are copied, all looked at until the end."""
    ours = lines(LINES[language], count)
    theirs = lines(LINES[language], count, "q")
    if edit:
        theirs[::2] = [line.replace(");", " + 1);") for line in theirs[::2]]
    text = language == "text"
    documents = [Document(Work("w"), "".join(ours))] if text else [work("w", "".join(ours), language)]
    guard = Guard(MemoryIndex(documents), Policy.load(action="observe"))
    with counted() as calls:
        stream = guard.stream()
        for line in theirs if text else fenced("".join(theirs), language).splitlines(keepends=True):
            stream.feed(line)
        stream.finish()
    return calls


@pytest.mark.parametrize(
    "language", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in LINES]
)
def test_a_line_that_is_repeated_costs_no_more_the_more_often(language):
    few, many = work_of(language, 80), work_of(language, 200)
    assert few["push"] > 0
    assert {key: calls for key, calls in many.items() if calls > 3 * few[key] + 100} == {}


def test_a_line_that_is_repeated_and_changed_now_and_then_costs_no_more_the_more_often():
    few, many = work_of("csharp", 80, edit=True), work_of("csharp", 200, edit=True)
    assert few["push"] > 0
    assert {key: calls for key, calls in many.items() if calls > 3 * few[key] + 100} == {}


def test_few_alignments_go_on_side_by_side():
    guard = Guard(MemoryIndex([work("w", program(lines(KINDS[0], 120)))]), Policy.load(action="observe"))
    stream, most = guard.stream(), 0
    for line in fenced(program(lines(KINDS[0], 120, "q"))).splitlines(keepends=True):
        stream.feed(line)
        tracks = [track for lane in stream.core.lanes for track in lane.candidates.tracks.values()]
        most = max([most, *(len(track.growing()) for track in tracks)])
    assert PARALLEL <= most <= 2 * PARALLEL + candidates.AT_ONCE


@pytest.mark.parametrize("edits", [pytest.param(0, marks=pytest.mark.slow), 0.25])
@pytest.mark.parametrize("beside", [True, False], ids=["same work", "other work"])
@pytest.mark.parametrize("at", [0, 150, 300])
def test_a_function_among_repeated_lines_is_found(at, beside, edits):
    repeated = lines(KINDS[0], 300)
    if beside:
        documents = [work("f", program([*repeated[:150], FUNCTION, *repeated[150:]]))]
    else:
        documents = [work("lines", program(repeated)), work("f", program([FUNCTION]))]
    rng = random.Random(at)
    copied = "".join(
        line
        for line in renamed(FUNCTION).splitlines(keepends=True)
        if rng.random() >= edits or "{" in line or "}" in line
    )
    others = lines(KINDS[0], 300, "q")
    text = fenced(program([*others[:at], copied, *others[at:]]))
    report = Guard(MemoryIndex(documents), Policy.load(**WEAK)).check(text)
    begin = text.index(copied)
    assert report.decision == "stop"
    assert report.decided.work == "f"
    assert begin < report.decided.position <= begin + len(copied) + 200
    spans = [span for match in report.matches if match.work.id == "f" for span in match.spans]
    assert any(start < begin + len(copied) and end > begin for start, end, _, _ in spans)


@pytest.mark.parametrize("at", [0, 60, 120])
def test_a_function_is_found_where_no_more_of_a_table_is_aligned(at):
    """The table's lines are alike in all works, and too common for a stop."""
    repeated, others = lines(KINDS[0], 120), lines(KINDS[0], 120, "q")
    documents = [
        work("f", program([*repeated[:60], FUNCTION, *repeated[60:]])),
        *(work(f"lines {number}", program(lines(KINDS[0], 40, f"w{number}"))) for number in range(3)),
    ]
    copied = renamed(FUNCTION)
    text = fenced(program([*others[:at], copied, *others[at:]]))
    guard = Guard(MemoryIndex(documents), Policy.load(**WEAK))
    whole = guard.check(text)
    with mock.patch.object(tracking, "ENOUGH", 2):
        rested = guard.check(text)
    begin = text.index(copied)
    assert rested.decision == whole.decision == "stop"
    assert rested.decided == whole.decided
    assert begin < rested.decided.position <= begin + len(copied) + 200


def test_what_was_heard_while_nothing_was_begun_counts_for_what_comes():
    guard = Guard(MemoryIndex([work("w", program(lines(KINDS[0], 40)))]), Policy.load(**WEAK))
    stream = guard.stream()
    stream.feed(fenced(program(lines(KINDS[0], 40, "q"))))
    (track,) = stream.core._lane("lexemes").candidates.tracks.values()
    heard = track.seeds
    assert heard.most == pytest.approx(heard.bits([(0, track.length)], set(), 1e9), abs=0.1)
    assert track.split().seeds is heard
    assert track.seeds is not heard
    track.withheld, heard = True, track.seeds
    track.split()
    assert track.seeds is heard
    assert not track.withheld


def test_a_match_whose_hits_say_too_little_is_not_looked_at_but_has_its_figures():
    documents = [work("w", program(lines(KINDS[0], 40)))]
    text = fenced(program(lines(KINDS[0], 40, "q")))
    policy = {"code": {"min_information": 1000, "min_run_information": 1000}}
    guard = Guard(MemoryIndex(documents), Policy.load(**policy))
    with counted() as calls:
        report = guard.check(text, all=True)
    with mock.patch.object(Track, "mute", return_value=False), counted() as every:
        whole = guard.check(text, all=True)
    assert report.matches == whole.matches != []
    assert calls["look"] < every["look"]


@st.composite
def repetitions(draw):
    """A work of lines of a few kinds with a function somewhere, and an output of others with its copy, or without."""
    rng = random.Random(draw(seeds))
    kinds = KINDS[: draw(st.integers(1, 3))]

    def body(a, function):
        made = [rng.choice(kinds).format(i=i, a=a) for i in range(rng.randrange(8, 28))]
        made.insert(rng.randrange(len(made) + 1), function)
        return program(made)

    return body("x", FUNCTION), body("q", renamed(FUNCTION) if draw(st.booleans()) else "")


@contextmanager
def unbounded():
    """As it would be if nothing were left out."""
    with (
        mock.patch.object(tracking, "PARALLEL", 1 << 30),
        mock.patch.object(tracking, "ENOUGH", 1 << 30),
        mock.patch.object(Track, "repeats", return_value=False),
        mock.patch.object(crowds, "FEW", 1 << 30),
        mock.patch.object(crowds, "COMPARED", 1 << 30),
        mock.patch.object(candidates, "COMPARED", 1 << 30),
    ):
        yield


@settings(max_examples=15)
@given(made=repetitions(), policy=st.sampled_from([{}, WEAK, {"code": {"min_information": 120}}]))
def test_what_is_decided_is_what_all_alignments_would_say(made, policy):
    code, output = made
    guard = Guard(MemoryIndex([work("w", code)]), Policy.load(**policy))
    bounded = guard.check(fenced(output))
    with unbounded():
        whole = guard.check(fenced(output))
    assert bounded.decision == whole.decision
    assert bounded.decision == "release" or replace(bounded.decided, value=0) == replace(
        whole.decided, value=0
    )


def grown(out, src, shift, exempt=()):
    """A piece that goes along one diagonal of what repeats itself."""
    piece = Piece([Block(0, shift, 1)], src, 0, "near", exempt=set(exempt), history=said(out))
    for o in range(1, len(out)):
        piece.push(o)
    return piece


def test_of_equal_alignments_those_of_the_first_places_are_kept():
    src = list(range(10)) * 40
    pieces = [grown(src[:100], src, 10 * at) for at in range(12)]
    gone, over = thinned(pieces, 100)
    assert gone == set(pieces[PARALLEL:])
    assert not over


def test_an_alignment_with_a_longer_run_or_an_earlier_beginning_is_not_outdone():
    src = list(range(10)) * 10
    whole, edited = grown(src[:90], src, 0), grown([*src[:45], 99, *src[46:90]], src, 0)
    assert outdone(edited, whole)
    assert not outdone(whole, edited)


def test_an_alignment_whose_tokens_do_not_all_count_outdoes_none_that_has_any():
    src = list(range(10)) * 10
    whole, own = grown(src[:90], src, 0), grown(src[:90], src, 0, {5})
    assert outdone(own, whole)
    assert not outdone(whole, own)


REFRAIN = "and all the bells of winter rang across the harbour\n"
WORDS = [
    "bell",
    "wood",
    "river",
    "candle",
    "orchard",
    "stone",
    "winter",
    "harbour",
    "lantern",
    "silver",
    "garden",
]
PROSE = "The council met on Tuesday to argue about drainage, parking permits and a leaking library roof.\n"


@pytest.mark.parametrize(("ours", "theirs"), [(12, 60), (20, 100)])
def test_nothing_of_a_refrain_goes_out_where_it_is_redacted(ours, theirs):
    guard = Guard(MemoryIndex([Document(Work("song"), REFRAIN * ours)]), Policy.load(action="redact"))
    assert guard.check(PROSE + REFRAIN * theirs + PROSE).released.count("bells") == 0


@pytest.mark.parametrize("seed", [111, 110, 118])
def test_nothing_of_repeated_verses_goes_out_where_they_are_redacted(seed):
    rng = random.Random(seed)
    verses = [" ".join(rng.choices(WORDS, k=8)) + "\n" for _ in range(rng.randrange(1, 4))]
    work = "".join(rng.choice(verses) for _ in range(60))
    output = "".join(rng.choice(verses) for _ in range(50))
    guard = Guard(MemoryIndex([Document(Work("song"), work)]), Policy.load(action="redact"))
    released = guard.check(PROSE + output + PROSE).released.splitlines()
    assert sum(verse.strip() in released for verse in verses) == 0


@pytest.mark.parametrize(("ours", "theirs"), [(12, 60), (20, 100)])
def test_all_of_a_refrain_is_told(ours, theirs):
    guard = Guard(MemoryIndex([Document(Work("song"), REFRAIN * ours)]), Policy.load(action="cite"))
    report = guard.check(PROSE + REFRAIN * theirs + PROSE)
    told = {at for match in report.matches for start, end, _, _ in match.spans for at in range(start, end)}
    assert len(told) > 0.9 * theirs * len(REFRAIN)


def test_placings_without_which_as_much_is_covered_are_left_out():
    def placing(start, end):
        return Placing(Span(start, end), Span(1, 1), start, end)

    kept = covering([placing(20, 70), placing(0, 50), placing(10, 40), placing(40, 90), placing(95, 99)])
    assert [tuple(one.output) for one in kept] == [(0, 50), (40, 90), (95, 99)]


def seed(key, s, o=0):
    return Seed(o, s, key, (), 1, 1, "csharp")


def test_a_place_that_is_heard_again_crowds_out_no_other():
    heard = Seeds()
    heard.note(seed(1, 5))
    for o in range(3 * MAX_SEEDS):
        heard.note(seed(2, 40, o))
    assert heard.bits([(0, 10)], set(), 1e9) == pytest.approx(seed(1, 5).bits, abs=0.1)
    assert heard.bits([(0, 100)], set(), 1e9) == pytest.approx(2 * seed(1, 5).bits, abs=0.1)
    assert heard.bits([(0, 100)], {40}, 1e9) == pytest.approx(seed(1, 5).bits, abs=0.1)


def test_a_key_is_not_forgotten_for_hits_of_lines_that_are_repeated():
    heard = Seeds()
    heard.note(seed(1, 5))
    for o in range(MAX_SEEDS):
        heard.note(seed(2 + o % 3, o % 7, o))
    assert heard.heard([1, 2, 9]) == {1: seed(1, 5).bits, 2: seed(2, 0).bits}


def test_of_very_many_places_those_of_the_key_that_was_not_heard_for_longest_are_forgotten():
    heard = Seeds()
    for s in range(MAX_SEEDS + 1):
        heard.note(seed(s, s))
    assert heard.bits([(0, 1)], set(), 1e9) == 0
    assert heard.bits([(MAX_SEEDS, MAX_SEEDS + 1)], set(), 1e9) > 0
    assert set(heard.heard([0, MAX_SEEDS])) == {MAX_SEEDS}


def test_of_a_work_that_repeats_a_passage_so_many_places_are_compared():
    places = [Posting("segment", 1, position, 9000, 0) for position in range(500)]
    others = [Posting("segment", 2, position, 9000, 0) for position in range(10)]
    followed, rest = crowds.Crowds._parted(0, places + others, 600, {})
    assert followed == []
    assert rest == places[: crowds.COMPARED] + others
