"""What a text must have for an expression to match."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.needles import ANY, OTHER, needs

NEEDS = [  # expression, first characters, needles, whatever their case
    (r"#\s*include\s*[<\"]", "#", ("include",), False),
    (r"(?:async\s+)?def\s+\w", "ad", ("def",), False),
    (r"(?:const|let|var)\s+\w", "clv", ("const", "let", "var"), False),
    (r"[{}][\s{}]*$", "{}", ("{", "}"), False),
    (r"(?i)select\s+\w", "sS", ("select",), True),
    (r"(?i:begin|end)\b", "bBeE", ("begin", "end"), True),
    (r"(?!if)(?:return)?x\b.*=>", "rx", ("=>",), False),
    (r"(?:ab|c)++;z", "ac", (";z",), False),
]


@pytest.mark.parametrize(("pattern", "first", "needles", "folded"), NEEDS)
def test_an_expression_shows_what_it_needs(
    pattern: str, first: str, needles: tuple[str, ...], folded: bool
) -> None:
    found = needs(pattern)
    assert found.first - {OTHER} == set(map(ord, first))
    assert (found.needles, found.folded) == (needles, folded)


@pytest.mark.parametrize("pattern", [r".*\w", r"(?:x)?", r"(?:abc)?.", r"[^\s]*"])
def test_what_may_match_anywhere_needs_nothing(pattern: str) -> None:
    assert needs(pattern) == (ANY, (), False)


PIECES = [
    "a", "K", r"\w", r"\d", r"\s", ".", "é", "ſ", "[a-fé-ü]", "[^a-z]", r"[^\W_]", "(?:ab|Sk|i)", "(?i:sk)", "(?=i)",
    "(?!k)", r"\b", "$", "(?<=a)b", "=>", "(?>ab)", "(?:K|ı)",
]  # fmt: skip
EXPRESSIONS = st.recursive(
    st.sampled_from(PIECES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from("?*+")).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.booleans(), st.text("aAbBkKsSiIſıKéü=>_1 .", max_size=8))
def test_a_text_that_matches_has_what_was_said_to_be_needed(pattern: str, ignores: bool, text: str) -> None:
    pattern = "(?i)" * ignores + pattern
    first, needles, folded = needs(pattern)
    if re.match(pattern, text):
        assert first == ANY or min(ord(text[0]), OTHER) in first
        held = text.lower() if folded else text
        assert not needles or (folded and not text.isascii()) or any(needle in held for needle in needles)
