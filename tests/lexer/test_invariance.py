"""Neither the cut, nor layout, nor comments, nor names, nor what stands around change lexemes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.grammar import grammar
from simblock.lexer import LexemeScanner, Lexer, patterns, scanner
from simblock.tokens import ARGUMENT_KEY, SPELLING
from tests.lexer.material import (
    CODE,
    CUTS,
    GAPS,
    LANGUAGES,
    WRITTEN,
    cut,
    keys,
    lexemes,
    rows,
    spelled,
    streamed,
)


def renamed(language: str, text: str, names: dict[str, str]) -> str:
    out, last = [], 0
    for _, start, end in lexemes(language, text):
        out += [text[last:start], names.get(text[start:end], text[start:end])]
        last = end
    return "".join(out) + text[last:]


@given(WRITTEN, CUTS)
def test_the_cut_does_not_matter(written: tuple[str, str], places: list[int]) -> None:
    language, text = written
    whole = lexemes(language, text)
    assert streamed(language, cut(text, places)) == whole
    assert streamed(language, list(text)) == whole


SMALL = {"LITERAL_LIMIT": 6, "NAME_LIMIT": 4, "BRACKET_LIMIT": 3, "JOIN_LIMIT": 2, "ESCAPED_LIMIT": 2}


@given(WRITTEN, CUTS)
def test_the_cut_does_not_matter_at_the_limits(written: tuple[str, str], places: list[int]) -> None:
    language, text = written
    # An operator more, so that the rules are built anew under the small limits, and not the cached ones taken.
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in SMALL.items():
            patch.setattr(patterns, name, limit)
        patch.setattr(scanner, "LITERAL_LIMIT", 6)
        table = grammar(language).lexer
        small = grammar(language).model_copy(
            update={"lexer": table.model_copy(update={"operators": (*table.operators, "\0small")})}
        )
        whole = rows(Lexer(small).tokens(text))
        stream = LexemeScanner(small)
        found = [row for chunk in cut(text, places) for row in stream.feed(chunk)]
        assert found + stream.finish() == whole


@given(WRITTEN, st.integers(0, 1 << 16))
def test_what_was_given_never_changes_and_lies_in_order(written: tuple[str, str], place: int) -> None:
    language, text = written
    head, _ = cut(text, [place])
    whole = lexemes(language, text)
    given_early = LexemeScanner(grammar(language)).feed(head)
    assert whole[: len(given_early)] == given_early
    ends = [0] + [end for *_, end in whole]
    assert all(last <= start < end for last, (_, start, end) in zip(ends, whole, strict=False))
    assert not any(
        text[start].isspace() or text[end - 1].isspace()
        for _, start, end in whole
        if text[start] not in "\"'`"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_layout_and_comments_change_nothing(language: str, data: st.DataObject) -> None:
    code = CODE[language]
    pieces = spelled(language, code)
    gaps = data.draw(st.lists(st.sampled_from(GAPS[language]), min_size=len(pieces), max_size=len(pieces)))
    laid_out = "".join(piece + gap for piece, gap in zip(pieces, gaps, strict=True))
    assert keys(language, laid_out) == keys(language, code)
    assert spelled(language, laid_out) == pieces


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_an_injective_renaming_changes_the_names_own_keys_alone(language: str, data: st.DataObject) -> None:
    code = CODE[language]
    before = lexemes(language, code)
    names = sorted({code[start:end] for key, start, end in before if key >= ARGUMENT_KEY})
    fresh = st.from_regex(r"[A-Za-zé][A-Za-z0-9_é]{5,9}", fullmatch=True).filter(
        lambda name: name not in grammar(language).keywords
    )
    others = data.draw(
        st.permutations(names) | st.lists(fresh, min_size=len(names), max_size=len(names), unique=True)
    )
    mapping = dict(zip(names, others, strict=True))
    changed = renamed(language, code, mapping)
    after = lexemes(language, changed)
    for (old, start, end), (new, begin, stop) in zip(before, after, strict=True):
        if old >= ARGUMENT_KEY:
            assert changed[begin:stop] == mapping[code[start:end]]
            assert new & ~SPELLING == old & ~SPELLING
        else:
            assert new == old


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_a_region_lexes_as_it_does_in_its_file(language: str, data: st.DataObject) -> None:
    code = CODE[language] * 3
    found = lexemes(language, code)
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(found) - 1)] * 2)))
    start, end = found[low][1], found[high][2]
    region = [(key, begin + start, stop + start) for key, begin, stop in lexemes(language, code[start:end])]
    expected = found[low : high + 1]
    # The first lexeme's role, and whether a slash begins a regular expression, need the lexeme before.
    if "/" not in code[start : start + 1]:
        assert region[1:-1] == expected[1:-1]
        assert [row[1:] for row in region] == [row[1:] for row in expected]
