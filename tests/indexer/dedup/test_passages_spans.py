"""Where cuts of a run lie in its text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import SimblockError
from simblock.text import tokenise
from simblock_indexer.dedup.passages import spans
from simblock_indexer.dedup.signing import lexemes


def cut(text: str, language: str | None, *cuts: tuple[int, int]) -> str:
    """A text without some tokens of its run."""
    left, end = "", 0
    for start, stop in spans(text, language, np.array(cuts, np.int64).reshape(-1, 2)).tolist():
        left += text[end:start]
        end = stop
    return left + text[end:]


@pytest.mark.parametrize(
    ("text", "tokens", "left"),
    [
        ("One two, three. Four", (0, 3), " Four"),
        ("One (two three). Four", (1, 3), "One ( Four"),
        ("One two three", (1, 3), "One "),
        ("One two three!", (1, 3), "One "),
        ("One two-three four", (0, 2), "-three four"),
        ("don't stop café\u0301 now", (1, 3), "don't  now"),
        ("漢字 is 漢字", (0, 2), " is 漢字"),
        ("One\n\ntwo three.\n\nfour", (1, 3), "One\n\n\n\nfour"),
    ],
    ids=[
        "a sentence",
        "what stood before stays",
        "to the end",
        "to the last mark",
        "half a compound",
        "folded",
        "characters",
        "line ends stay",
    ],
)
def test_a_cut_of_text_takes_the_marks_behind_it_and_leaves_the_rest_as_it_stands(
    text: str, tokens: tuple[int, int], left: str
) -> None:
    assert cut(text, None, tokens) == left


def test_a_language_without_a_grammar_is_read_as_text() -> None:
    assert cut("One two. Three", "", (0, 2)) == " Three"


def test_code_is_cut_by_lexemes_with_the_comments_between_them() -> None:
    code = "def f(x):  # first\n    y = x + 1  # add\n    return y\n"
    count = len(lexemes(code, "python"))
    assert cut(code, "python", (0, 6)) == "  # first\n    y = x + 1  # add\n    return y\n"
    assert cut(code, "python", (0, count)) == "\n"


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(SimblockError, match="no grammar of klingon"):
        spans("x", "klingon", np.array([[0, 1]]))


def test_nothing_is_cut_where_there_are_no_cuts() -> None:
    assert spans("One two", None, np.empty((0, 2), np.int64)).tolist() == []


@given(st.text("ab .,'\n漢é-", max_size=60), st.data())
@settings(max_examples=200, deadline=None)
def test_the_tokens_that_are_left_are_those_that_were_not_cut(text: str, data: st.DataObject) -> None:
    keys = tokenise(text).keys
    if not len(keys):
        return
    start = data.draw(st.integers(0, len(keys) - 1))
    end = data.draw(st.integers(start + 1, len(keys)))
    found = spans(text, None, np.array([[start, end]]))
    (low, high) = found[0].tolist()
    assert tokenise(text[low:high]).keys.tolist() == keys[start:end].tolist()
    assert tokenise(text[:low]).keys.tolist() == keys[:start].tolist()
    assert tokenise(text[high:]).keys.tolist() == keys[end:].tolist()
