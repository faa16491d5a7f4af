import random
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simblock.guard import Guard
from simblock.policy import Policy
from simblock.stores.memory import MemoryIndex
from simblock.text import WordScanner, tokenise
from simblock.unmasking import BREAK, Unmasker, unmasked
from simblock.work import Document, Work
from tests.masks import HOST, MASKS, PASSAGE
from tests.material import by_character, cuts, run, seeds

INDEX = MemoryIndex([Document(Work("baker"), PASSAGE)])


def pieces(text, at):
    bounds = [0, *sorted({min(place, len(text)) for place in at}), len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]


def read(parts):
    """All tokens that an unmasker gives, with the code point at which each was certain."""
    scanner, unmasker, tokens = WordScanner(), Unmasker(), []
    for part in parts:
        words = scanner.feed(part)
        found = unmasker.feed(part, words, scanner.known)
        new = list(zip(*found, strict=True)) if found else []
        assert all(when <= scanner.known for *_, when in new)
        tokens += new
    found = unmasker.finish(scanner.finish())
    return tokens + (list(zip(*found, strict=True)) if found else [])


def longest_run(tokens):
    """Words of the passage in a row among tokens."""
    source, keys = tokenise(PASSAGE).keys.tolist(), [token[0] for token in tokens]
    best, lengths = 0, [0] * (len(source) + 1)
    for key in keys:
        lengths = [0, *(lengths[at] + 1 if key == one else 0 for at, one in enumerate(source))]
        best = max(best, *lengths)
    return best


@pytest.mark.parametrize("mask", MASKS)
def test_a_masked_passage_is_read_as_it_was_meant(mask):
    text = HOST + MASKS[mask](PASSAGE) + " " + HOST
    assert longest_run(read([text])) >= 40


@pytest.mark.parametrize("mask", MASKS)
def test_every_word_has_its_place_in_the_text(mask):
    text = HOST + MASKS[mask](PASSAGE) + " " + HOST
    tokens = [token for token in read([text]) if token[0] != BREAK[0]]
    assert all(HOST and 0 <= start < end <= len(text) for _, _, start, end, _ in tokens)
    whens = [when for *_, when in read([text])]
    assert whens == sorted(whens)
    places = {token[2:4] for token in tokens}
    masked = len(HOST), len(HOST) + len(MASKS[mask](PASSAGE))
    assert min(start for start, _ in places) <= masked[0] + 3
    assert max(end for _, end in places) >= masked[1] - 3


@pytest.mark.parametrize("mask", MASKS)
@settings(max_examples=6)
@given(at=cuts)
def test_what_is_read_depends_on_no_cut(mask, at):
    text = HOST + MASKS[mask](PASSAGE) + " " + HOST
    whole = read([text])
    assert read(pieces(text, at)) == whole
    assert read(list(text)) == whole


PARTS = st.lists(
    st.sampled_from(
        [HOST[:60], *(mask(PASSAGE[:160]) for mask in MASKS.values()), "x" * 70, "\u200b" * 50, "\\n", "\\u0041",
         "中文" * 9, "&am", "p;", "%E2%80", "%99", "=\n", " - ", "'" * 40, "l\u0301" * 9, "a b c d e ", "\ud800"]
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=40)
@given(parts=PARTS, at=cuts)
@example(parts=["x" * 70, "\u200b" * 50, HOST[:60], "a b c d e f g h i "], at=[3, 80])
def test_whatever_stands_together_is_read_the_same_for_every_cut(parts, at):
    text = "".join(parts)
    whole = read([text])
    assert read(pieces(text, at)) == whole
    assert read(list(text)) == whole


def test_a_word_that_stays_open_over_very_many_characters_is_read_the_same_for_every_cut():
    text = HOST + MASKS["letters spaced"](PASSAGE[:90]) + " b" + "\u200b" * 60_000 + "c d e f g h i j k l m"
    whole = read([text])
    assert read(pieces(text, range(0, len(text), 700))) == whole
    assert read(pieces(text, range(0, len(text), 7))) == whole


def test_ordinary_text_is_not_read_again():
    assert unmasked(HOST * 30 + PASSAGE) is None
    assert (
        unmasked("I said to a man: a b c, x - y, e-mail, well-known, 50 % of $5, A4 and H2O, O'Brien & Sons.")
        is None
    )


def test_the_same_word_over_and_over_is_no_filler():
    assert unmasked("na " * 500) is None


@pytest.mark.parametrize("mask", MASKS)
@settings(max_examples=3)
@given(at=cuts)
def test_a_masked_copy_is_stopped_at_the_same_place_for_every_cut_and_told_once(mask, at):
    text = HOST + MASKS[mask](PASSAGE) + " " + HOST
    report = Guard(INDEX).check(text)
    assert (report.decision, report.decided.work, len(report.matches)) == ("stop", "baker", 1)
    for feed in (lambda s: run(s, text, at), lambda s: by_character(s, text)):
        stream = Guard(INDEX).stream()
        feed(stream)
        assert stream.stopped
        assert stream.report.decided == report.decided


@pytest.mark.parametrize("mask", MASKS)
def test_nothing_of_a_masked_copy_leaks_in_strict_mode(mask):
    guard = Guard(INDEX, Policy.load(max_leak=0))
    stream = guard.stream()
    released = by_character(stream, HOST * 2 + MASKS[mask](PASSAGE) + " " + HOST)
    assert stream.stopped
    assert len(tokenise(released).keys) <= len(tokenise(HOST * 2).keys) + 1  # a number before the first word


@pytest.mark.parametrize("mask", ["letters spaced", "leetspeak", "percent encoding"])
def test_a_masked_copy_is_redacted_where_it_stands(mask):
    copy = MASKS[mask](PASSAGE)
    report = Guard(INDEX, Policy.load(action="redact")).check(HOST + copy + " " + HOST)
    assert report.released.startswith(HOST[:-2])
    assert report.released.rstrip().endswith(HOST[-60:].rstrip())
    assert len(report.released) < 2 * len(HOST) + 40


@pytest.mark.parametrize("mask", ["letters spaced", "spaces removed", "leetspeak"])
def test_what_the_user_masked_may_be_said_back(mask):
    copy = MASKS[mask](PASSAGE)
    assert Guard(INDEX).check(copy, prompt="What does this say? " + copy).decision == "release"
    assert Guard(INDEX).check(copy, prompt="What does this say? " + PASSAGE).decision == "release"
    assert Guard(INDEX).check(copy, history=[{"role": "assistant", "content": copy}]).decision == "stop"


@given(seed=seeds)
def test_text_under_a_mask_that_copies_nothing_comes_out_as_it_went_in(seed):
    rng = random.Random(seed)
    words = HOST.split()
    rng.shuffle(words)
    text = rng.choice(list(MASKS.values()))(" ".join(words))
    for policy in ({}, {"max_leak": 0}):
        stream = Guard(INDEX, Policy.load(**policy)).stream()
        assert run(stream, text, range(0, len(text), 5)) == text
