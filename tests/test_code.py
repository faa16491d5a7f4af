"""Documents as runs: which runs there are, what is in each, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simblock.code import tokenise_documents
from simblock.errors import InputError
from simblock.grammar import grammar, languages
from simblock.hosting import parse_hosted
from simblock.lexer import Lexer, lexeme_view
from simblock.syntax import parse
from simblock.text import tokenise
from simblock.tokens import CODE_VIEWS, VIEWS, Runs
from simblock.work import Document, Work

CODE = '# SPDX-License-Identifier: MIT\n\nimport os\n\ndef f(a):\n    """It adds."""\n    return (a + 1)  # one more\n'


def text(body: str, name: str = "t") -> Document:
    return Document(Work(name), body)


def code(body: str, language: str | None = "python", name: str = "c") -> Document:
    return Document(Work(name, kind="code", language=language), body)


def spellings(runs: Runs, at: int, body: str) -> list[str]:
    part = slice(runs.bounds[at], runs.bounds[at + 1])
    return [body[a:b] for a, b in zip(runs.tokens.starts[part], runs.tokens.ends[part], strict=True)]


def test_a_text_has_one_run_and_code_four_in_document_order() -> None:
    runs = tokenise_documents([text("One two."), code(CODE), text("Three."), code("x = 1")])
    assert runs.views is not None
    assert [VIEWS[view] for view in runs.views] == ["words", *CODE_VIEWS, "words", *CODE_VIEWS]
    assert len(runs) == 10
    assert spellings(runs, 0, "One two.") == ["One", "two"]
    assert spellings(runs, 5, "Three.") == ["Three"]


def test_the_views_of_code_hold_what_their_names_say() -> None:
    runs = tokenise_documents([code(CODE)])
    source, comments, lexemes, syntax = (spellings(runs, at, CODE) for at in range(4))
    assert source == ["def", "f", "a", "It", "adds", "return", "a", "1", "one", "more"]
    assert comments == ["It", "adds", "one", "more"]
    assert lexemes == ["def", "f", "(", "a", ")", ":", '"""It adds."""', "return", "(", "a", "+", "1", ")"]
    assert syntax == ["def", "f", "(", "a", ")", ":", "return", "a", "+", "1"]


@pytest.mark.parametrize("language", languages())
def test_runs_are_what_the_tokenisers_make_less_what_is_omitted(language: str) -> None:
    body = grammar(language).syntax.self_test
    runs = tokenise_documents([text("Before."), code(body, language)])
    rules = grammar(language)
    hosted = parse_hosted(body, rules)
    parsed = hosted.parsed if rules.embedded else parse(body, rules)
    gone = np.zeros(len(body) + 1, bool)
    for start, end in parsed.omitted:
        gone[start:end] = True
    lexemes = hosted.lexemes if rules.embedded else Lexer(rules).tokens(body)
    lexemes = replace(lexemes, keys=lexeme_view(lexemes.keys))
    for at, tokens in ((1, tokenise(body)), (3, lexemes), (4, parsed.tokens)):
        part = slice(runs.bounds[at], runs.bounds[at + 1])
        kept = ~gone[tokens.starts]
        assert kept.sum() > 0
        assert runs.tokens.keys[part].tolist() == tokens.keys[kept].tolist()
        assert runs.tokens.starts[part].tolist() == tokens.starts[kept].tolist()
    assert any(gone), (
        f"the self_test of grammars/{language}.toml has no licence notice: begin it with a comment that is one"
    )


def test_no_documents_and_empty_documents_have_their_runs() -> None:
    none = tokenise_documents([])
    assert len(none) == len(none.tokens) == 0
    empty = tokenise_documents([code(""), text("")])
    assert len(empty) == 5
    assert len(empty.tokens) == 0


@pytest.mark.parametrize(("language", "said"), [(None, "has no language"), ("cobol", "of language cobol")])
def test_code_of_no_known_language_is_refused_with_the_languages_there_are(
    language: str | None, said: str
) -> None:
    with pytest.raises(InputError, match=rf"^a/b: code that .*{said}.*python"):
        tokenise_documents([text("x"), code("x = 1", language, "a/b")])


def test_columns_have_their_types() -> None:
    runs = tokenise_documents([code(CODE), text("x")])
    tokens = runs.tokens
    assert runs.views is not None
    kinds = [
        column.dtype.name
        for column in (tokens.keys, tokens.flags, tokens.starts, tokens.ends, runs.bounds, runs.views)
    ]
    assert kinds == ["uint32", "uint8", "int64", "int64", "int64", "uint8"]
