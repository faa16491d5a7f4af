"""Pieces of languages without a parser: cut, copied and edited without simblock's lexer."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from benchmarks import code_pieces
from benchmarks.code_copies import Unfit, copied, tokens
from benchmarks.code_corpus import Source
from benchmarks.code_edits import edited, statements
from benchmarks.code_functions import Function, digest, functions
from benchmarks.code_rules import FunctionRules, function_rules
from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.shingles import numbered

CSS = "".join(
    f".card-{at} > a#x{at}:hover::before {{\n  color: rgb({at}, 0, 0); /* it's {at} */\n"
    f"  margin: {at}.5px auto; --gap-{at}: 3px;\n  width: calc(100% - var(--gap-{at}));\n}}\n"
    for at in range(8)
)
R = """total.of <- function(rows, bare) {
  kept <- Filter(function(row) !is.null(row), rows) # those there are
  if (bare) kept <- kept[!is.na(kept)]
  parts <- vapply(kept, function(row) row$size * 2L, numeric(1))
  whole <- stats::median(parts, na.rm = bare)
  for (part in parts) {
    whole <- whole + part / length(parts)
    message("so far: ", whole)
  }
  list(whole = whole, parts = parts)
}
"""


def shingles(code: str, language: str) -> list[int]:
    return numbered(Lexer(grammar(language)).tokens(code).keys, 15).tolist()


def test_pieces_of_a_file_stand_in_order_and_have_the_tokens_that_they_say() -> None:
    made = list(code_pieces.pieces(CSS, "css"))
    assert len(made) >= 3
    assert all(first.end <= second.start for first, second in pairwise(made))
    for start, end, size in made:
        assert len(code_pieces.lexemes(CSS[start:end], "css")) == size
        assert code_pieces.PIECE <= size <= code_pieces.LONGEST
        assert CSS[start] == "."
        assert CSS[end - 1] == "}"


def test_a_stretch_too_long_is_cut_at_blank_lines_within_its_brackets() -> None:
    inner = "\n\n".join(f"  y{at} <- f(x, {at}) + {at} * g(x)" for at in range(60))
    made = list(code_pieces.pieces("h <- function(x) {\n" + inner + "\n}\n", "r"))
    assert len(made) > 5
    assert all(size <= code_pieces.LONGEST for _, _, size in made)


@pytest.mark.parametrize(("language", "text"), [("css", CSS), ("r", R)])
def test_a_copy_has_other_names_and_no_comments_and_reads_the_same_to_simblock(
    language: str, text: str
) -> None:
    made = copied(text, language, random.Random(3))
    assert "card-1" not in made
    assert "kept" not in made
    assert "those there are" not in made
    assert "it's" not in made
    assert shingles(made, language) == shingles(text, language)


def test_what_is_not_the_authors_keeps_its_name_in_a_copy() -> None:
    made = copied(R, "r", random.Random(3))
    assert "stats::median" in made
    assert "$size" in made
    assert "na.rm=" in made.replace(" ", "").split("median")[1]
    assert "bare" not in made


def test_what_pygments_cannot_read_is_not_copied() -> None:
    with pytest.raises(Unfit):
        tokens(".a { --#{$b}-c: 1px; }", "css")


def test_a_piece_is_a_function_to_all_that_measures() -> None:
    them = list(functions(Source("p", "a.css", CSS), "css"))
    assert [one.text for one in them] == [CSS[start:end] for start, end, _ in code_pieces.pieces(CSS, "css")]
    first = them[0]
    bare = Function(*first[:3], first.text.replace("/* it's 0 */", "").replace("\n", "\n\n"), *first[4:])
    assert digest(bare) == digest(first) != digest(them[1])


def test_statements_of_a_line_are_what_is_edited() -> None:
    assert sum(one.simple for one in statements(CSS, "css")) >= 16
    made, count = edited(CSS, "css", 0.1, ["color: red;"], random.Random(1))
    assert count >= 3
    assert made != CSS
    assert code_pieces.read(made, "css") is not None


def test_a_language_is_read_by_a_parser_or_by_a_lexer_and_not_by_both() -> None:
    assert function_rules("css").pygments
    assert not function_rules("css").module
    with pytest.raises(ValueError, match="and not both"):
        FunctionRules(module="m", pygments="css", layout="braces")
