"""Every language keeps the same promises: what must not match, what must, and what tokens code is."""

from __future__ import annotations

import random
from functools import cache

import pytest

from benchmarks.code_rules import CORE
from simblock.errors import MissingParser
from simblock.grammar import grammar, languages
from simblock.guard import Guard
from simblock.lexer import Lexer
from simblock.match import Report
from simblock.nodes import lookups_of
from simblock.policy import Policy
from simblock.scheme import T_LEXEMES
from simblock.stores.memory import MemoryIndex
from simblock.tokens import NAME_KEY
from simblock.vocabulary import token_key
from simblock.work import Document, Work
from tests.languages.cases import (
    FOLDER,
    cases,
    cut,
    keys,
    lines,
    names,
    read_as_work,
    said,
    shape,
    shingles,
    streamed,
    whole,
)

LANGUAGES = languages()
KEPT = 0.25
"""Of a renamed program's names, those that may stay: public types and functions that are not called."""


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Each language there is a grammar of, whose parser is installed."""
    name = str(request.param)
    if grammar(name).syntax.module:
        try:
            lookups_of(grammar(name))
        except MissingParser as error:
            pytest.skip(f"no parser: {error}")
    return name


def test_every_grammar_has_its_cases_and_all_cases_a_grammar() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(LANGUAGES)


def answer(code: str, language: str) -> str:
    return f"Here it is, as you asked:\n\n```{language}\n{code}\n```\n\nTell me how it goes.\n"


@cache
def guard(language: str) -> Guard:
    """Over an index of all that the cases of a language protect."""
    protected = {f"a{n}": pair.a for n, pair in enumerate(cases(language).different)}
    protected["original"] = cases(language).program.original
    works = [Document(Work(name, kind="code", language=language), code) for name, code in protected.items()]
    return Guard(MemoryIndex(works), Policy.load())


def found_in(report: Report) -> set[str]:
    return {match.work.id for match in report.matches}


# What must not match stands first.


def test_programs_of_one_shape_that_do_other_things_are_not_alike(language: str) -> None:
    assert len(cases(language).different) >= 2
    for pair in cases(language).different:
        for lane in ("lexemes", "syntax"):
            one, other = (keys(code, language, lane) for code in (pair.a, pair.b))
            assert min(len(one), len(other)) >= T_LEXEMES
            assert shape(one.tolist()) != shape(other.tolist())


def test_a_program_that_does_other_things_passes(language: str) -> None:
    for pair in cases(language).different:
        report = guard(language).check(answer(pair.b, language))
        assert report.decision == "release", (pair.b, report)


def test_a_changed_program_differs(language: str) -> None:
    copy = cases(language).program
    for lane in ("lexemes", "syntax"):
        one, other = (shape(keys(code, language, lane).tolist()) for code in (copy.original, copy.changed))
        assert one != other
    before, after = shingles(copy.original, language), shingles(copy.changed, language)
    assert all(before[channel].tolist() != after[channel].tolist() for channel in before)


# What must match.


def test_a_renamed_program_has_every_shingle_of_every_channel(language: str) -> None:
    copy = cases(language).program
    for lane in ("lexemes", "syntax"):
        assert said(copy.renamed, language, lane) == said(copy.original, language, lane)
    before, after = shingles(copy.original, language), shingles(copy.renamed, language)
    assert {channel: found.tolist() for channel, found in before.items()} == {
        channel: found.tolist() for channel, found in after.items()
    }
    assert all(len(found) >= T_LEXEMES for found in before.values())
    old, new = names(copy.original, language), names(copy.renamed, language)
    assert len(old & new) <= KEPT * len(old), f"not renamed: {', '.join(sorted(old & new))}"


def test_a_renamed_program_is_stopped_with_the_right_work(language: str) -> None:
    report = guard(language).check(answer(cases(language).program.renamed, language))
    assert report.decision == "stop"
    assert found_in(report) == {"original"}


def test_layout_and_comments_change_nothing(language: str) -> None:
    copy = cases(language).program
    assert copy.laid_out.split() != copy.original.split()
    for lane in ("syntax", *(["lexemes"] if copy.lexemes_too else [])):
        original, laid_out = (
            shape(keys(code, language, lane).tolist()) for code in (copy.original, copy.laid_out)
        )
        assert laid_out == original, said(copy.laid_out, language, lane)
    assert guard(language).check(answer(copy.laid_out, language)).decision == "stop"


def test_a_snippet_without_its_context_is_read_as_in_its_place(language: str) -> None:
    copy = cases(language).program
    places = list(lines(copy.original, *copy.snippet))
    low, high = places[0][0], places[-1][1]
    inside = [key for key, start, _ in whole(copy.original, language, "lexemes") if low <= start < high]
    alone = keys(copy.original[low:high], language, "lexemes").tolist()
    assert alone == inside, said(copy.original[low:high], language, "lexemes")
    assert len(alone) >= 10


def test_code_becomes_these_tokens(language: str) -> None:
    assert cases(language).tokens
    for golden in cases(language).tokens:
        for lane, expected in (("lexemes", golden.lexemes), ("syntax", golden.syntax)):
            wanted = [token_key(token) for token in expected.split()]
            found = shape(keys(golden.code, language, lane).tolist())
            assert found == wanted, f"{lane}: {said(golden.code, language, lane)}"


@pytest.mark.parametrize("language", CORE)
def test_every_core_language_says_its_reserved_words(language: str) -> None:
    assert len(cases(language).keywords.split()) >= 25


def test_a_reserved_word_is_no_name(language: str) -> None:
    for word in cases(language).keywords.split():
        keys = Lexer(grammar(language)).tokens(f"\n{word}\n").keys.tolist()
        assert [bool(key & NAME_KEY) for key in keys] == [False], word


def test_a_stream_gives_what_the_whole_gives_whatever_the_cut(language: str) -> None:
    copy = cases(language).program
    rng = random.Random(language)
    for code in (copy.original, copy.laid_out, *(golden.code for golden in cases(language).tokens)):
        at_once = streamed([code], language)
        assert streamed(code, language) == at_once
        for _ in range(3):
            places = rng.sample(range(len(code) + 1), min(len(code), rng.choice((1, 5, 40))))
            assert streamed(cut(code, places), language) == at_once
        for lane, found in at_once.items():
            assert read_as_work(found, code, language) == whole(code, language, lane)


def test_code_cut_off_anywhere_is_read_alike_whole_and_streamed(language: str) -> None:
    code = cases(language).program.original
    for end in random.Random(language).sample(range(len(code)), 12):
        streams = [
            streamed(chunks, language) for chunks in ([code[:end]], code[:end], cut(code[:end], [end // 2]))
        ]
        assert streams[0] == streams[1] == streams[2]
        found = read_as_work(streams[0]["lexemes"], code[:end], language)
        assert found == whole(code[:end], language, "lexemes")
