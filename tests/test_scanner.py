"""The incremental tokeniser: when things become certain, and what is kept until then."""

from __future__ import annotations

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.escapes import EscapeReader
from simblock.scanner import BULK, Scanned, WordScanner
from simblock.text import tokenise


def feed(*chunks: str) -> tuple[WordScanner, list[Scanned]]:
    scanner = WordScanner()
    return scanner, [scanner.feed(chunk) for chunk in chunks]


def test_a_word_is_given_when_something_ends_it() -> None:
    _, (first, second) = feed("hel", "lo ")
    assert (first.ends, second.ends) == ([], [5])


def test_a_character_is_given_at_once() -> None:
    _, (only,) = feed("日")
    assert only.ends == [1]


def test_a_full_word_is_given_at_once() -> None:
    _, (only,) = feed("x" * 64)
    assert only.ends == [64]


def test_an_apostrophe_waits_for_what_follows() -> None:
    scanner, (first,) = feed("don'")
    assert first.ends == []
    assert scanner.known == 2
    assert scanner.feed("t ").ends == [5]
    assert scanner.known == 6


def test_an_apostrophe_that_nothing_can_join_does_not_wait() -> None:
    scanner, _ = feed("1'")
    assert scanner.known == 2
    scanner, _ = feed("x. '")
    assert scanner.known == 4


def test_ticks_of_a_stretch_without_words_come_as_soon_as_they_are_certain() -> None:
    _, parts = feed("-" * 63, "-", "-" * 70)
    assert [part.ticks for part in parts] == [[], [64], [128]]


def test_no_tick_is_given_while_a_word_may_still_end_before_it() -> None:
    scanner, (first,) = feed("word" + "\u200b" * 200)
    assert first.ticks == []
    assert scanner.feed(" ").ticks == [4, 68, 132, 196]


def test_ticks_of_an_open_word_are_certain_behind_its_letters() -> None:
    _, (only,) = feed(" " * 60 + "x" * 10)
    assert only.ticks == [64]


def test_a_chunk_may_be_empty() -> None:
    scanner, parts = feed("", "a", "", "b")
    assert not any(part.ends for part in parts)
    assert scanner.finish().ends == [2]


ENDLESS = {
    "backslashes": "\\",
    "backslashes behind half a pair": "\\ud835" + "\\",
    "apostrophes in a word": "a'",
    "zero widths in a word": "a\u200b",
    "letters": "x",
    "escapes": "\\u0041",
    "first bytes": "\\303",
    "backslashes behind bytes": "\\360\\237\\230" + "\\",
    "written apostrophes": "a\\x27",
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_costs_no_memory(text: str) -> None:
    scanner = WordScanner()
    scanner.feed(text)
    for _ in range(2_000):
        scanner.feed(text[-1] * 4 if len(text) < 6 else text)
    parts = (scanner, scanner._reader, scanner._reader._escapes)
    kept = [getattr(part, name) for part in parts for name in type(part).__slots__]
    assert sum(map(sys.getsizeof, kept)) < 1_000


UNDECIDED_PARTS = [
    *"\\\\\\d8ce{}uUx 4n'",
    "\\ud8dd",
    "\\\\udcdc",
    "\\U0001d4",
    "\\u{10d4",
    *"01237",
    "\\360",
    "\\\\237",
    "\\xe2",
    "\\x82",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(UNDECIDED_PARTS), max_size=40).map("".join))
def test_at_most_sixteen_characters_are_undecided(text: str) -> None:
    reader = EscapeReader()
    for fed, char in enumerate(text, 1):
        list(reader.feed(char))
        assert len(re.sub(r"\\+", r"\\", text[reader.undecided : fed])) <= 16


@settings(deadline=None)
@given(st.lists(st.sampled_from(UNDECIDED_PARTS), max_size=40).map("".join))
def test_what_is_known_reads_the_same_whatever_follows(text: str) -> None:
    scanner = WordScanner()
    ends = [end for char in text for end in scanner.feed(char).ends]
    for tail in ("", "' ", "n", "\\udc1a", "4}", "1", "\\200", "\\xa9"):
        assert [end for end in tokenise(text + tail).ends if end <= scanner.known] == ends


@given(st.integers(BULK - 2, BULK + 300))
@settings(deadline=None, max_examples=30)
def test_long_chunks_take_the_other_road_to_the_same_place(length: int) -> None:
    text = ("lorem don't 日 ½ \\n " * 40)[:length]
    _, (whole,) = feed(text)
    _, halves = feed(*(text[i : i + 100] for i in range(0, length, 100)))
    assert whole.ticks == [tick for part in halves for tick in part.ticks]
    assert whole.clocks == [clock for part in halves for clock in part.clocks]
