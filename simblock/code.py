"""Documents as runs of tokens: one of words for a text, four for code.

A work of code is read as all its words, the words of its comments, its lexemes and its syntax tokens.
Licence notices at its head and import blocks are in none of the four.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from simblock.errors import InputError
from simblock.grammar import Grammar, grammar, languages
from simblock.lexer import Lexer, lexeme_view
from simblock.notices import HINTS, PHRASES
from simblock.syntax import parse
from simblock.text import tokenise_many
from simblock.tokens import CODE_VIEWS, I64, VIEWS, Bools, Runs, Tokens
from simblock.vocabulary import members
from simblock.work import Document, Work

__all__ = ["fingerprint", "grammar_of", "tokenise_documents"]


def tokenise_documents(documents: Sequence[Document]) -> Runs:
    """The runs of all documents in order, ``views`` filled: of a text its words, of code its four views.

    Raises InputError naming a work of code whose language is not known.
    """
    grammars = [grammar_of(document.work) for document in documents]
    words = tokenise_many([document.text for document in documents])
    runs: list[Tokens] = []
    views: list[int] = []
    for at, (document, rules) in enumerate(zip(documents, grammars, strict=True)):
        run = _run(words, at)
        if rules is None:
            runs.append(run)
            views.append(0)
        else:
            runs += _views(document.text, run, rules)
            views += _CODE_VIEWS
    return _laid_end_to_end(runs, views)


_CODE_VIEWS = [VIEWS.index(view) for view in CODE_VIEWS]


def grammar_of(work: Work) -> Grammar | None:
    """The grammar a work is read with; None for a text. Raises InputError where there is none."""
    if work.kind == "text":
        return None
    if work.language not in languages():
        said = f"is of language {work.language}" if work.language else "has no language"
        raise InputError(
            f"{work.id}: code that {said}: give one of {', '.join(languages())}, or read it as text"
        )
    return grammar(work.language)


def _views(text: str, words: Tokens, rules: Grammar) -> list[Tokens]:
    lexemes = Lexer(rules).tokens(text)
    parsed = parse(text, rules, lexemes)
    source = _where(words, ~_inside(words, parsed.omitted))
    comments = _where(source, _inside(source, parsed.comments))
    viewed = replace(lexemes, keys=lexeme_view(lexemes.keys))
    kept = [_where(run, ~_inside(run, parsed.omitted)) for run in (viewed, parsed.tokens)]
    return [source, comments, *kept]


def _inside(tokens: Tokens, spans: I64) -> Bools:
    """Which tokens begin inside one of the spans [n, 2], that are in order of their starts."""
    ends = np.maximum.accumulate(spans[:, 1]) if len(spans) else spans[:, 1]
    last = np.searchsorted(spans[:, 0], tokens.starts, "right")
    inside: Bools = np.append(0, ends)[last] > tokens.starts
    return inside


def _where(tokens: Tokens, chosen: Bools) -> Tokens:
    return Tokens(tokens.keys[chosen], tokens.flags[chosen], tokens.starts[chosen], tokens.ends[chosen])


def _run(runs: Runs, at: int) -> Tokens:
    part = slice(runs.bounds[at], runs.bounds[at + 1])
    tokens = runs.tokens
    return Tokens(tokens.keys[part], tokens.flags[part], tokens.starts[part], tokens.ends[part])


def _laid_end_to_end(runs: list[Tokens], views: list[int]) -> Runs:
    bounds = np.append(0, np.cumsum([len(run) for run in runs], dtype=np.int64))
    tokens = Tokens(
        np.concatenate([run.keys for run in runs] or [np.empty(0, np.uint32)]),
        np.concatenate([run.flags for run in runs] or [np.empty(0, np.uint8)]),
        np.concatenate([run.starts for run in runs] or [np.empty(0, np.int64)]),
        np.concatenate([run.ends for run in runs] or [np.empty(0, np.int64)]),
    )
    return Runs(tokens, bounds, np.array(views, np.uint8))


@cache
def fingerprint(language: str) -> str:
    """Sixteen hex digits that differ when code of the language may become other tokens.

    Of what lexer and parser make of its self-test, and of the tables that they go by. The table of commonplace
    shingles is not among them: it weighs tokens and makes none, so an index outlives it.
    """
    rules = grammar(language)
    work = Work("self-test", kind="code", language=language)
    runs = tokenise_documents([Document(work, rules.syntax.self_test)])
    made = hashlib.sha256(runs.bounds.astype("<i8").tobytes())
    for column, kind in ((runs.tokens.keys, "<u4"), (runs.tokens.starts, "<i8"), (runs.tokens.ends, "<i8")):
        made.update(column.astype(kind).tobytes())
    made.update(json.dumps(_tables(language, rules), sort_keys=True).encode())
    return made.hexdigest()[:16]


def _tables(language: str, rules: Grammar) -> list[object]:
    """All that decides what tokens code becomes, of which the self-test has but a few entries."""
    return [
        sorted(members(language)),
        sorted(rules.keywords),
        sorted(rules.builtins),
        rules.lexer.model_dump(mode="json"),
        rules.syntax.model_dump(mode="json", exclude={"self_test"}),
        PHRASES,
        HINTS,
    ]
