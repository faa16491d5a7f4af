"""What lines look like, and that no shortcut changes it."""

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock import looks
from simblock.catalogue import listed
from simblock.errors import SimblockError
from simblock.grammar import languages
from simblock.looks import SEEN, SHORT, look
from tests.outputs import CODE, MORE, PROSE

PIECES = [
    "if", "(", ")", "{", "}", ";", " ", " ", "x", "int ", "=", "->", "=>", "def ", ":", "return ", "#include", "<", "é",
    "SELECT ", "end", "fn ", "$", "::", "//", '"', "'", "new ", "String", "func ", "local ", "ſ", "İ", "@", "[]", "let ",
]  # fmt: skip


def tried_one_by_one(line: str) -> tuple[int, int]:
    strong = weak = 0
    for place, rules in enumerate(listed()):
        strong |= any(re.match(pattern, line) for pattern in rules.detect.strong) << place
        weak |= any(re.match(pattern, line) for pattern in rules.detect.weak) << place
    return strong, weak & ~strong


LINES = [line.strip() for text in (*CODE.values(), PROSE, MORE) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("line", LINES)
def test_a_line_speaks_for_what_all_expressions_one_by_one_say(line: str) -> None:
    assert looks._speaking(line)[:2] == tried_one_by_one(line)


def test_a_random_line_speaks_for_what_all_expressions_one_by_one_say() -> None:
    rng = random.Random(14)
    for _ in range(100):
        line = "".join(rng.choices(PIECES, k=rng.randint(1, 12))).strip() or "x"
        assert looks._speaking(line)[:2] == tried_one_by_one(line), line


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_line_can_be_looked_at(line: str) -> None:
    seen = look(line)
    assert not (seen.strong and seen.prose)
    assert seen.strong & seen.weak == 0


def test_a_line_is_judged_by_its_beginning_alone() -> None:
    line = "x = compute(first, second);".ljust(SEEN, "!")
    assert look(line + "\n") == look(line + "def f(x):\n")


def test_lines_that_are_remembered_are_short_and_few() -> None:
    for number in range(3000):
        look(f"x{number} = {number}")
        look(f"x{number} = {'y' * SHORT}")
    assert looks._remembered.cache_info().currsize <= looks.REMEMBERED


def test_a_keyword_whose_case_says_nothing_begins_a_line_of_code_in_upper_case_too() -> None:
    assert looks.is_tried("SELECT a name", prose=True)
    assert looks.is_tried("typedef x", prose=True)
    assert not looks.is_tried("TYPEDEF x", prose=True)


def test_languages_are_in_one_order() -> None:
    names = [rules.name for rules in listed()]
    assert names == list(languages())
    assert all(first < second for first, second in pairwise(names))


@pytest.mark.parametrize("pattern", ["(", "(?<=a*)b"])
def test_an_expression_that_is_none_is_named_with_its_file(pattern: str) -> None:
    with pytest.raises(SimblockError, match=r"/c\.toml: detect: .*: not a regular expression: "):
        looks.Expression(pattern, 1 << languages().index("c")).matches("ab")


@pytest.mark.parametrize(
    "line",
    [
        "The ``update-mime -x > y;`` program reads what packages give [#]_ and",
        "``init.d`` scripts accept the ``set -e { }`` of others, and",
        "install a file as :manpage:`mailcap(5)` says (for each of them)",
        "see the `page of tags <https://example.org/x=1>`_ for all of them",
    ],
)
def test_what_is_marked_in_a_sentence_is_a_word_of_it(line: str) -> None:
    assert look(line).prose
    assert not look(line).strong
