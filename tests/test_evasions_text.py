"""Every transform of text is the same for a seed, does something, and keeps what its docstring says."""

import html
import random
import re
from collections import Counter
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.evasions import GATES, TEXT, evasion
from benchmarks.evasions.own_stories import STORIES
from benchmarks.evasions.passage import Passage, clauses, sentences
from simblock.text import tokenise

NUMBERED = (
    "In 1907 the brothers Hale and Osric bought 12 mules from Mr Pell of Dunwick. They couldn't ride; Hale fell off "
    "twice, and Osric, who had read 3 books on the matter, fell off four times. “Sell them,” said Mr Pell, “or walk "
    "beside them.” So they walked — 240 miles in all — and when they came to Marrow Bay the well-known hotel there "
    "turned the brothers away, but took in the mules."
)
PASSAGES = [" ".join(story.text.split()) for story in STORIES] + [NUMBERED]
ODD = ("", " ", "\n\n", "a", "I", ".", "…!?", "1", "-- --", "\ud800 x", "\x00\x1b", "漢字かな混じり文。次の文。", "שָׁלוֹם עולم",
       "नमस्ते दुनिया", "cafe\u0301 ﬁn ㍿ İstanbul ß", "👩‍👩‍👧 ok", "\\n \\u0041 \\", "```\n*/ --> \"\"\" ''' ${", "x" * 200, "a\u200bb",
       "{} {0} %s %%", "one two")  # fmt: skip
SAME_WORDS = (
    r"case-.*|spacing-.*|zero-width-(words|letters)|soft-hyphens|snake-case|kebab-case|punctuation-.*|quotation-marks"
    r"|markdown-.*|quoted-lines.*|homoglyphs(-some)?|accents.*|full-width|mathematical.*|filler-emoji.*|fence.*|circled|small-capitals|unicode-escapes"
)
"""Names of transforms after which the tokeniser reads the very same words (fences have no words of their own here)."""
SAME_LETTERS = r"letters-.*|spaces-.*|zero-width-for-spaces|camel-case|hyphenated-line-ends"
WORDS_IN_ORDER = r"numbered-.*|lettered-lines|filler-.*|edits-inserted.*|quotes-stitched"
SAME_BAG = r"order-.*"
MAY_STAY = {"case-lower", "case-title", "names-numbers-swapped", "punctuation-doubled"}

names = pytest.mark.parametrize("name", sorted(TEXT))


def matching(pattern):
    found = [name for name in sorted(TEXT) if re.fullmatch(pattern, name)]
    return pytest.mark.parametrize("name", found)


def made(name, text, seed=0):
    return TEXT[name].make(text, random.Random(seed))


def keys(text):
    return tokenise(text).keys.tolist()


def letters(text):
    return Counter(char for char in text.lower() if char.isalnum()), [c for c in text.lower() if c.isalnum()]


def stands_in_order(words, among):
    rest = iter(among)
    return all(word in rest for word in words)


@names
def test_the_same_seed_gives_the_same_text(name):
    for text in PASSAGES:
        assert made(name, text, 3) == made(name, text, 3)


@names
def test_a_passage_is_changed_or_the_docstring_says_that_it_may_stay(name):
    stays = "stays as it is" in TEXT[name].make.__doc__
    assert stays <= (name in MAY_STAY)
    assert all(made(name, text, seed) != text for text in PASSAGES for seed in range(3))


@names
def test_odd_passages_are_survived(name):
    for text in ODD:
        result = made(name, text)
        parts = result if TEXT[name].group == "split" else (result,)
        assert all(isinstance(part, str) for part in parts)


@given(text=st.text(max_size=80), name=st.sampled_from(sorted(TEXT)), seed=st.integers(0, 99))
def test_any_passage_is_survived_and_gives_the_same_twice(text, name, seed):
    assert made(name, text, seed) == made(name, text, seed)


@names
def test_each_says_what_it_keeps_and_has_a_plain_name(name):
    assert len(TEXT[name].make.__doc__.split()) >= 5
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name)
    assert TEXT[name].name == name
    assert TEXT[name].kind == "text"


def test_each_row_of_the_table_of_gates_that_is_text_has_its_transforms():
    rows = {gate for gate in GATES if not gate.startswith("code-")}
    assert {one.gate for one in TEXT.values()} - {None} == rows


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "case-upper", "group": "surface"}, "rename one"),
        ({"name": "new", "group": "surfaces"}, "no group 'surfaces'"),
        ({"name": "new", "group": "surface", "gate": "text-11"}, "no gate 'text-11'"),
    ],
)
def test_a_transform_that_does_not_fit_the_tables_is_refused(wrong, says):
    name = wrong.pop("name")
    with pytest.raises(ValueError, match=says):
        evasion(name, kind="text", **wrong)(made)


def test_a_transform_without_a_docstring_is_refused():
    with pytest.raises(ValueError, match="what it preserves"):
        evasion("new", kind="text", group="surface")(made)


@matching(SAME_WORDS)
def test_surfaces_leave_the_words_that_are_read(name):
    for text in PASSAGES:
        found, tag = keys(made(name, text, 5)), name.startswith("fence-wrong")
        assert found[int(tag) :] == keys(text)


@matching(SAME_LETTERS)
def test_letters_and_their_order_stay_where_words_do_not(name):
    for text in PASSAGES:
        assert letters(made(name, text)) == letters(text)


@matching(WORDS_IN_ORDER)
def test_words_stay_in_order_where_others_come_in(name):
    for text in PASSAGES:
        assert stands_in_order(keys(text), keys(made(name, text)))


@pytest.mark.parametrize("name", sorted(name for name in TEXT if TEXT[name].group == "hidden"))
def test_what_hides_keeps_all_words_in_order(name):
    for text in PASSAGES:
        result = made(name, text)
        shown = html.unescape(result) if name == "html-escaped" else result
        assert stands_in_order(keys(text), keys(shown))


@matching(SAME_BAG)
def test_another_order_has_the_same_words(name):
    for text in PASSAGES:
        result = made(name, text)
        assert Counter(keys(result)) == Counter(keys(text))
        assert keys(result) != keys(text)


def test_words_of_a_window_stay_in_it():
    before, after = keys(NUMBERED), keys(made("order-windows-shuffled", NUMBERED))
    windows = range(0, len(before), 4)
    assert all(sorted(before[at : at + 4]) == sorted(after[at : at + 4]) for at in windows)


@matching("interleaved.*|order-clauses|order-sentences|order-sentences-reversed")
def test_sentences_and_lines_stay_whole(name):
    for text in PASSAGES:
        found = " ".join(made(name, text).split())
        cut = clauses if name.endswith("clauses") else sentences
        wholes = [text[:30]] if name.endswith("lines") else cut(text)
        assert all(whole in found for whole in wholes)


@matching("edits-(deleted|inserted|substituted)-\\d+")
def test_so_many_words_are_edited_as_the_name_says(name):
    kind, percent = name.split("-")[1:]
    for text in PASSAGES:
        before, after = keys(text), keys(made(name, text))
        count = round(int(percent) / 100 * len(before))
        longer = {"deleted": -count, "inserted": count, "substituted": 0}[kind]
        assert len(after) == len(before) + longer
        if kind == "deleted":
            assert stands_in_order(after, before)
        if kind == "substituted":
            assert sum(a != b for a, b in zip(before, after, strict=True)) == count


@matching(r"edits-mixed-\d+")
def test_mixed_edits_are_of_each_kind_in_equal_parts(name):
    for text in PASSAGES:
        before, after = keys(text), keys(made(name, text))
        count = round(int(name[-2:]) / 100 * len(before))
        gone = sum((Counter(before) - Counter(after)).values())
        come = sum((Counter(after) - Counter(before)).values())
        assert count * 4 // 3 - 3 <= gone + come <= count * 4 // 3 + 3  # a substitute goes and comes


@matching("edits-substituted-every-\\d+")
def test_every_so_many_words_one_is_another(name):
    step = int(name.rsplit("-", 1)[1])
    before, after = keys(NUMBERED), keys(made(name, NUMBERED))
    others = [at for at, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert others == list(range(others[0], len(before), step))


@matching("typos-.*")
def test_slips_are_in_so_many_words_as_the_name_says(name):
    share = 0.5 if name == "typos-half" else int(name.rsplit("-", 1)[1]) / 100
    for text in PASSAGES:
        before, after = Passage.of(text), Passage.of(made(name, text))
        other = sum(a != b for a, b in zip(before.words, after.words, strict=True))
        assert 1 <= other <= max(1, round(share * len(before.words)))
        assert before.gaps == after.gaps


@matching("split-(channels|choices|answers)(-four)?")
def test_parts_are_the_passage_together(name):
    for text in PASSAGES:
        parts = made(name, text)
        assert "".join(parts) == text
        assert all(parts)


@matching("split-.*-(alternating|words)")
def test_parts_in_turn_have_all_words(name):
    for text in PASSAGES:
        assert Counter(keys("\n".join(made(name, text)))) == Counter(keys(text))


@matching("entities-(decimal|hex)|percent-.*")
def test_what_is_encoded_can_be_decoded(name):
    decode = html.unescape if name.startswith("entities") else unquote
    for text in PASSAGES:
        assert decode(made(name, text)) == text


def test_names_and_numbers_are_others_and_the_same_throughout():
    before, after = Passage.of(NUMBERED), Passage.of(made("names-numbers-swapped", NUMBERED))
    pairs = {(a, b) for a, b in zip(before.words, after.words, strict=True) if a != b}
    assert {a for a, _ in pairs} >= {"1907", "12", "240", "Hale", "Osric", "Pell", "Dunwick", "Bay"}
    assert len(pairs) == len({a for a, _ in pairs})
    assert all(len(a) == len(b) for a, b in pairs if a.isdecimal())
    assert after.words[before.words.index("They")] == "They"


def test_a_passage_falls_into_its_words_and_gaps():
    for text in (*PASSAGES, *ODD):
        passage = Passage.of(text)
        assert passage.joined(passage.words) == text


def test_sentences_are_clauses_where_there_are_too_few_and_lines_where_there_are_none():
    verse = "The goose went home, and so did we, for it was late and cold and the lamps were lit; nobody sang, and the road was so very long, and home was far"
    assert len(sentences(verse)) == 3
    assert min(len(one.split()) for one in sentences(verse)) >= 8
    assert [len(one.split()) for one in sentences("word " * 30)] == [12, 12, 6]
    assert sentences("One ran. Two sat. Three slept.") == ["One ran.", "Two sat.", "Three slept."]
