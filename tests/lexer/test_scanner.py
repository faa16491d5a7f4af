"""What a stream of lexemes keeps, and when it gives them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.grammar import Block, LexerTable, grammar
from simblock.lexer import STRING, LexemeScanner, Lexer, patterns, scanner
from simblock.tokens import ARGUMENT_KEY, NAME_KEY
from tests.lexer.material import lexemes

OPEN = {
    ("c", "comment"): ("/*", "comment ", "*/"),
    ("c", "line comment"): ("//", "\\\n comment", "\n"),
    ("python", "docstring"): ('"""', 'text \\" ', '"""'),
    ("javascript", "template"): ("`", "text \\` ", "`"),
}


@pytest.mark.parametrize(("language", "what"), OPEN)
def test_nothing_is_kept_of_an_open_comment_or_literal(language: str, what: str) -> None:
    begin, body, close = OPEN[language, what]
    stream = LexemeScanner(grammar(language))
    found = stream.feed(f"x = {begin}")
    for _ in range(3000):
        found += stream.feed(body)
        assert len(stream._text) <= scanner.MARGIN + 8
    found += stream.feed(f"{close} y ") + stream.finish()
    assert found == lexemes(language, f"x = {begin}{body * 3000}{close} y ")


@pytest.mark.parametrize(
    "text", ["'" + "a" * 20000, "'" + "\\'" * 20000, "x" * 20000, "1" * 20000, "=/[a" + "]/[" * 9000]
)
def test_what_is_undecided_is_bounded(text: str) -> None:
    stream, found, most = LexemeScanner(grammar("javascript")), [], 0
    for low in range(0, len(text), 200):
        found += stream.feed(text[low : low + 200])
        most = max(most, len(stream._text))
    assert most <= 2 * patterns.LITERAL_LIMIT + scanner.MARGIN + 200
    assert found + stream.finish() == lexemes("javascript", text)


def test_a_name_that_may_be_an_arguments_waits_for_one_lexeme() -> None:
    stream = LexemeScanner(grammar("python"))
    assert [end for *_, end in stream.feed("f(key   ")] == [1, 2]
    assert stream.certain == 8
    (name, *_), *_ = stream.feed("= ")
    assert stream.late[5] == 9
    assert ARGUMENT_KEY <= name < NAME_KEY


def test_a_quote_that_is_none_is_certain_at_an_unescaped_line_end_alone() -> None:
    stream = LexemeScanner(grammar("java"))
    assert stream.feed("' a\\\nb ") == []
    stream.feed("\n")
    assert stream.late[1] == 8


LONG_OPENINGS = grammar("c").model_copy(
    update={
        "name": "long openings",
        "lexer": LexerTable(
            blocks=(
                Block(kind="comment", open=r"--\[==\[", close="]==]"),
                Block(kind="comment", open="--"),
                Block(kind="comment", open="=begin", close="\n=end", line_start=True),
                Block(kind="comment", open="<!--", close="-->"),
                Block(kind="string", open="'", close="'", one_line=True, escapes=True, most=1),
            ),
            operators=("==", "<<="),
        ),
    }
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["-", "--[==[", "--", "]==]", "=", "=beg", "=begin", "\n=end", "\n", " ", "<", "!-", "<!--", "-->", "'", "a", "\\", "[="]
        ),
        max_size=24,
    ).map("".join)
)  # fmt: skip
def test_openings_of_many_signs_are_the_same_however_the_text_is_cut(text: str) -> None:
    scanner = LexemeScanner(LONG_OPENINGS)
    found = [token for character in text for token in scanner.feed(character)] + scanner.finish()
    whole = Lexer(LONG_OPENINGS).tokens(text)
    assert found == list(zip(whole.keys.tolist(), whole.starts.tolist(), whole.ends.tolist(), strict=True))


def test_a_literal_of_one_character_is_told_from_what_an_apostrophe_begins() -> None:
    whole = Lexer(LONG_OPENINGS).tokens("f<'a>(x: &'a str, 'b', '\\'')")
    assert whole.keys.tolist().count(STRING) == 2
