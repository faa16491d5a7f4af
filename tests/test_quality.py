"""The quality benchmark: passages that are clean by rule, what is counted of them, and the page."""

import gzip
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import clean_text
from benchmarks.clean_text import LONGEST, QUOTED, SHORTEST, Passage, Quotations, blocks, cut, packages
from benchmarks.evasions import TEXT
from benchmarks.evasions.own_stories import STORIES
from benchmarks.quality import curves, growth, page, tables, texts
from benchmarks.quality.asked import ASKED, gates
from benchmarks.quality.material import Case, write_index
from benchmarks.quality.measuring import LENGTHS, OF_ALL_LENGTHS, tried_on
from benchmarks.quality.sighting import Sighting, merged, overlap, recall
from benchmarks.quality.texts import Told
from benchmarks.record import interval
from simblock.match import Match, Span
from simblock.policy import Policy
from simblock.work import Document, Work

WORDS = st.text("abcdefgh", min_size=1, max_size=9)
SENTENCE = st.lists(WORDS, min_size=1, max_size=40).map(lambda words: " ".join(words) + ". ")
PASSAGE = " ".join(STORIES[0].text.split()[20:84])
CASE = Case(
    "one", frozenset({STORIES[0].id}), 64, PASSAGE, "Here is what you asked for. ", " Ask again if you like."
)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("quality") / "index.sbx"
    write_index([Document(Work(story.id), story.text) for story in STORIES], path)
    return path


def words(text):
    return re.findall(r"[^\W_]+", text)


def match(start, end):
    span = Span(start, end)
    return Match(
        Work("w"), "i", "near", 1.0, 1, 1, 0.0, span, span, (Span(1, 1), Span(1, 1)), (), "default", "stop"
    )


@given(st.lists(SENTENCE, max_size=60).map("".join), st.integers(0, 99))
def test_passages_are_of_64_to_200_words_and_stand_in_the_text_one_after_the_other(text, seed):
    at = 0
    for passage in cut(text, random.Random(seed)):
        assert SHORTEST <= len(words(passage)) <= LONGEST
        at = text.index(passage, at) + len(passage)


@given(st.lists(SENTENCE, min_size=20, max_size=60).map("".join))
def test_what_is_left_of_a_text_when_it_is_cut_is_less_than_a_passage(text):
    assert len(words(text)) - sum(len(words(one)) for one in cut(text, random.Random(1))) < LONGEST


def test_the_two_lists_of_packages_have_none_in_common():
    first, second = ({one.name for one in packages(half)} for half in clean_text.HALVES)
    assert first
    assert second
    assert not first & second


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.html", "<head><title>T</title></head><p>One <b>bold</b> word.</p><pre>x = 1</pre><p>Two.</p>", ["One bold word.", "Two."]),
        ("a.json", '{"text": "One.\\n\\nTwo."}', ["One.", "Two."]),
        ("a.txt", "One\nline.\n\nTwo.", ["One\nline.", "Two."]),
        ("a.cfg", 'message= _ "One, said\nthe elf."\nx=1', ["One, said the elf."]),
        ("a.lyx", "\\begin_layout Standard\nOne.\n\\end_layout\n\nTwo.", ["One.", "Two."]),
    ],
)  # fmt: skip
def test_a_file_is_read_as_the_paragraphs_that_a_reader_sees(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content)
    assert [one.strip() for one in blocks(tmp_path / name) if one.strip()] == expected


def test_a_dictionary_is_read_entry_by_entry(tmp_path):
    (tmp_path / "d.dict.dz").write_bytes(gzip.compress(b"Ant\n   An insect.\nBee\n   Another."))
    assert [one.split()[0] for one in blocks(tmp_path / "d.dict.dz")] == ["Ant", "Bee"]


@pytest.mark.parametrize(("count", "quotes"), [(QUOTED, STORIES[0].id), (QUOTED - 1, "")])
def test_a_passage_quotes_from_16_words_in_a_row_on_however_they_are_set(count, quotes):
    taken = STORIES[0].text.split()[30 : 30 + count]
    told = "and here it said " + "\n".join(taken).upper() + " -- which is odd"
    assert Quotations([Document(Work(s.id), s.text) for s in STORIES]).work(told) == quotes


def test_all_works_that_hold_a_passage_are_right():
    documents = [Document(Work("a"), PASSAGE + " and more"), Document(Work("b"), "before it " + PASSAGE), Document(Work("c"), STORIES[1].text)]  # fmt: skip
    assert Quotations(documents).works(PASSAGE, 0.8) == {"a", "b"}


@pytest.mark.parametrize(
    ("spans", "share"),
    [([(10, 20)], 1.0), ([(10, 15)], 0.5), ([(5, 25)], 0.5), ([(10, 14), (12, 20)], 1.0), ([(30, 40)], 0.0)],
)
def test_overlap_is_what_both_have_over_what_either_has(spans, share):
    assert overlap([match(*span) for span in spans], 10, 20) == share


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda it: (it[0], it[0] + it[1]))))
def test_merged_spans_cover_the_same_characters_once(spans):
    made = merged(sorted(spans))
    assert sorted(at for a, b in made for at in range(a, b)) == sorted(
        {at for a, b in spans for at in range(a, b)}
    )


def test_a_masked_copy_is_seen_with_its_source_first_and_nearly_all_of_it_covered(index):
    (one,) = texts.check_copies(texts.Copies(index, "case-upper", [CASE], 1))
    assert (one.stopped, one.right, one.first, one.gate) == (True, True, True, "surface")
    assert one.overlap > 0.9
    assert one.matches[0].work == STORIES[0].id


def test_the_leak_is_counted_of_copies_that_are_streamed_in_both_modes(index):
    (one,) = texts.check_copies(texts.Copies(index, "edits-mixed-10", [CASE], 1, streamed=1))
    assert one.leaked is not None
    assert one.leaked["strict"] <= one.leaked["default"]


@pytest.mark.parametrize("name", ["split-channels", "split-choices", "split-answers"])
def test_a_passage_that_is_split_goes_out_in_its_parts(index, name):
    whole = CASE._replace(passage=" ".join(STORIES[0].text.split()))
    (one,) = texts.check_copies(texts.Copies(index, name, [whole], 1))
    assert one.group == "split"
    assert one.right


def test_an_innocent_family_is_checked_under_its_own_prompt_and_policy(index):
    seen = texts.check_innocents(texts.Innocents(index, "summaries", 4, 1))
    assert [one.stopped for one in seen] == [False] * 4


def test_what_no_policy_can_stop_is_checked_once_and_stricter_policies_stop_no_more(index):
    them = [("copy", "1", CASE.around(PASSAGE), CASE.works), ("clean", "2", STORIES[1].summary, frozenset())]
    points = [{}, {"min_run": 60, "min_tokens": 60}, {"min_run": 90, "min_tokens": 90, "min_evidence": 1000}]
    points = [{name: value for name, value in point.items() if name in type(Policy().text).model_fields} for point in points]  # fmt: skip
    copied, clean = texts.check_compared(texts.Compared(index, points, them))
    assert copied.stopped == (True, True, False)
    assert clean.stopped == (False, False, False)


def test_a_curve_has_recall_beside_false_stops_for_each_policy():
    told = [
        Told("copy", "1", (True, False)),
        Told("copy", "2", (True, True)),
        Told("clean", "3", (True, False)),
    ]
    first, second = curves.roc_text([("as it is", {}), ("min_run", {"min_run": 40})], told, 1000)
    assert (first["copy"].share, second["copy"].share) == (1.0, 0.5)
    assert (first["false stops"], second["false stops"], first["of clean"]) == (1, 0, 1000)
    assert (second["moved"], second["to"]) == ("min_run", 40)


def test_every_point_of_the_curves_is_a_policy():
    policy = Policy()
    for moved, limits, name in (
        (curves.MOVED_TEXT, policy.text, "text"),
        (curves.MOVED_CODE, policy.code, "code"),
    ):
        points = curves.points(moved, limits)
        assert points[0] == ("as it is", {})
        for threshold, values in moved.items():
            assert min(values) <= getattr(limits, threshold) <= max(values)
        assert len({Policy(**{name: point}).digest for _, point in points}) == len(points)


@given(st.floats(0.01, 10), st.floats(0.2, 1.2))
def test_growth_is_reckoned_by_the_power_that_fits(begin, power):
    rows = [
        {
            "index words": int(words),
            "candidates a 1,000 words": begin * words**power,
            "hits a 1,000 words": words,
        }
        for words in growth.SIZES
    ]
    billion, _ = growth.reckoned(rows)
    assert billion["candidates a 1,000 words"] == pytest.approx(begin * 1e9**power, rel=0.01, abs=0.1)
    assert billion["hits a 1,000 words, straight"] == pytest.approx(1e9)


def test_a_smaller_index_is_a_part_of_a_larger_one():
    documents = [Document(Work(f"w{number}"), "x" * 700) for number in range(50)]
    few, many = ({one.work.id for one in growth.drawn(documents, size)} for size in (1000, 3000))
    assert few < many


def sightings():
    copied = [Sighting("copy", "case-upper", str(n), "surface", "surface", size=64, stopped=True, right=n > 0, first=n > 0, overlap=0.95) for n in range(10)]  # fmt: skip
    clean = [Sighting("clean", "manual", f"c{n}", stopped=not n) for n in range(100)]
    return copied, clean


def test_recall_counts_only_what_is_stopped_for_the_right_work():
    copied, _ = sightings()
    row = recall(copied)
    assert (row["stopped"], row["for another work"], row["right first"].share) == (interval(9, 10), 1, 1.0)


def test_a_gate_holds_is_missed_or_was_not_measured():
    copied, clean = sightings()
    found = {row["gate"]: row for row in gates([*copied, *clean], ["text"])}
    assert found["text, surface, 64 words"]["is"] == "missed"
    assert found["text, overlap, median"]["is"] == "held"
    assert found["text, interleaved"]["is"] == "not measured"
    assert found["clean passages stopped"]["measured"] == interval(1, 100)


def test_an_error_on_clean_text_counts_as_a_stop():
    rows = tables.false_stops(
        [Sighting("clean", "manual", "1", error=True), Sighting("clean", "manual", "2")], "name"
    )
    assert rows[-1]["name"] == "all"
    assert rows[-1]["stopped"] == 1


def test_no_two_gates_are_called_the_same():
    assert len({it.name for it in ASKED}) == len(ASKED)


def test_quoting_passages_are_listed_by_the_work_they_quote():
    quoting = [
        Passage("p", "1", "x", "Genesis"),
        Passage("p", "2", "x", "Genesis"),
        Passage("p", "3", "x", "Exodus"),
    ]
    rows = tables.quoting(quoting, [Sighting("quoting", "p", "1", stopped=True)])
    assert [(row["work"], row["passages"], row["stopped"]) for row in rows] == [
        ("Exodus", 1, 0),
        ("Genesis", 2, 1),
    ]


def test_the_page_stands_alone_with_its_curves_and_all_columns():
    copied, clean = sightings()
    rate = [
        Sighting("edited", f"{share}", "1", size=64, right=share < 0.3)
        for share in (0, 0.1, 0.2, 0.3, 0.4, 0.5)
    ]
    roc = curves.roc_text(
        [("as it is", {}), ("min_run", {"min_run": 40})], [Told("copy", "1", (True, False))], 10
    )
    found = {
        "Gates": gates([*copied, *clean], ["text"]),
        "Text, recall by edits and length": curves.by_rate(rate),
        "Thresholds of text moved": roc,
        "Odd": [{"a": "<b>"}, {"b": 2}],
    }
    made = page.page({"half": "tune"}, {"commit": "abc"}, found)
    assert made.count("<svg") == 3
    assert "&lt;b&gt;" in made
    assert "<th>b</th>" in made
    assert not re.search(
        r"""(src|href)=["'](?!#)""", made.replace("xlink:href", "href").replace('href="#', "")
    )


def test_evasions_are_tried_where_a_gate_asks_and_others_on_half_as_many_passages_of_64_words():
    cases = [Case(f"tale#{at}", frozenset({"tale"}), 64, "a word", "", "") for at in range(9)]
    stated = next(one for one in TEXT.values() if not one.gate)
    for gate, counts in (("surface", [9, 9]), ("text-20", [9, 9]), ("interleaved", [9, 0]), (None, [5, 0])):
        assert [len(tried_on(stated._replace(gate=gate), words, cases)) for words in LENGTHS] == counts
    assert len(tried_on(stated, 64, cases[:1])) == 1


def test_passages_of_200_words_are_made_for_just_the_gates_that_are_asked_of_them():
    def asked_of(gate, words):
        one = Sighting("copy", "x", "1", gate=gate, size=words)
        return {it.name for it in ASKED if it.least is not None and it.picked(one)}

    plain = asked_of(None, 200)
    gates_of_text = {one.gate for one in TEXT.values()} - {None}
    assert {gate for gate in gates_of_text if asked_of(gate, 200) - plain} == OF_ALL_LENGTHS
