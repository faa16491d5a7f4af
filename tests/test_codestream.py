"""Lexemes and syntax tokens of code in an output: the same for every cut, and in time."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.codestream import CodeScanner
from simblock.grammar import grammar
from simblock.lexer import Lexer
from tests.programs import LANGUAGES, fenced

SCRAPS = st.sampled_from(
    ["f'abc", "'", '"', "/", "/*", "*/", "# x", "```", "```python\n", "```js\n", "\n", " ", "foo", "(", "=", ",", "x", "..", ">",
     "def f(a=1):\n    return 'x'\n", "\\", "if (a < b) { c = d; }\n", "import os\n", "`", "~~~\n", "hello you\n",
     "int main(void) {\n", ") / a", "[/]", "1.5", "@@ -1 +1 @@\n", "+ x = 1\n", "> y = 2\n", '"source": ["a = 1\\n",\n']
)  # fmt: skip


def collected(text, cuts):
    """The tokens of both lanes, as (key, start, end, when, language)."""
    scanner = CodeScanner()
    lanes, known = ([], []), 0
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    for low, high in pairwise(edges):
        for lane, coded in zip(lanes, scanner.feed(text[low:high]), strict=True):
            rows = list(zip(*coded, strict=True))
            assert all(when >= known for *_, when, _ in rows), "certain before it was known to be"
            lane.extend(rows)
        known = scanner.known
        assert known <= high
    for lane, coded in zip(lanes, scanner.finish(), strict=True):
        lane.extend(zip(*coded, strict=True))
    return lanes


@settings(max_examples=300, deadline=None)
@given(st.lists(SCRAPS, max_size=40).map("".join), st.lists(st.integers(0, 300), max_size=8))
def test_tokens_and_the_time_of_each_are_the_same_for_every_cut(text, cuts):
    whole = collected(text, [])
    assert whole == collected(text, range(1, len(text)))
    assert whole == collected(text, cuts)
    for lane in whole:
        whens = [when for *_, when, _ in lane]
        assert whens == sorted(whens)


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_in_a_fence_is_lexed_in_its_language_at_its_place(language):
    code = "total = count(left, right) + 1;"
    text = fenced(code, language)
    lexemes, _ = collected(text, [])
    assert [text[start:end] for _, start, end, *_ in lexemes] == code.replace("(", " ( ").replace(
        ")", " ) "
    ).replace(",", " ,").replace(";", " ;").split()
    assert [key for key, *_ in lexemes] == Lexer(grammar(language)).tokens(code).keys.tolist()


def test_the_code_of_a_notebook_cell_stands_where_its_escapes_do():
    line = 'print("a\\tb", x)\n'
    cell = json.dumps(
        {"cell_type": "code", "source": [line, "y = x + 1\n", "for z in y:\n", "    print(z)\n"]}
    )
    lexemes, _ = collected(cell, [])
    said = [cell[start:end] for _, start, end, *_ in lexemes]
    assert said[:4] == ["print", "(", json.dumps('"a\\tb"')[1:-1], ","]


def test_an_open_string_does_not_keep_words_from_their_turn():
    scanner = CodeScanner("python")
    scanner.feed('x = "' + "word " * 40)
    assert scanner.known > 190
