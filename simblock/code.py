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
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from simblock.errors import InputError
from simblock.grammar import Grammar, grammar, languages
from simblock.hosting import parse_hosted
from simblock.lexer import Lexer, lexeme_view
from simblock.nodes import installed, package_of
from simblock.notices import HINTS, PHRASES
from simblock.syntax import Parsed, parse
from simblock.text import tokenise_many
from simblock.tokens import CODE_VIEWS, I64, VIEWS, Bools, Runs, Tokens, joined
from simblock.vocabulary import members
from simblock.work import Document, Work

__all__ = ["fingerprint", "former_fingerprint", "grammar_of", "parser_version", "tokenise_documents"]


def tokenise_documents(documents: Sequence[Document]) -> Runs:
    """The runs of all documents in order, ``views`` filled: of a text its words, of code its four views.

    Raises InputError naming a work of code whose language is not known.
    """
    grammars = [grammar_of(document.work) for document in documents]
    words = tokenise_many([document.text for document in documents])
    runs: list[Tokens] = []
    views: list[int] = []
    for at, (document, rules) in enumerate(zip(documents, grammars, strict=True)):
        run = words.run(at)
        if rules is None:
            runs.append(run)
            views.append(0)
        else:
            runs += _views(document.text, run, rules)
            views += _CODE_VIEWS
    bounds = np.append(0, np.cumsum([len(run) for run in runs], dtype=np.int64))
    return Runs(joined(runs), bounds, np.array(views, np.uint8))


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
    lexemes, parsed = _parsed(text, rules)
    source = words.where(~_inside(words, parsed.omitted))
    comments = source.where(_inside(source, parsed.comments))
    viewed = replace(lexemes, keys=lexeme_view(lexemes.keys))
    kept = [run.where(~_inside(run, parsed.omitted)) for run in (viewed, parsed.tokens)]
    return [source, comments, *kept]


def _parsed(text: str, rules: Grammar) -> tuple[Tokens, Parsed]:
    if rules.embedded:
        return parse_hosted(text, rules)
    lexemes = Lexer(rules).tokens(text)
    return lexemes, parse(text, rules, lexemes)


def _inside(tokens: Tokens, spans: I64) -> Bools:
    """Which tokens begin inside one of the spans [n, 2], that are in order of their starts."""
    ends = np.maximum.accumulate(spans[:, 1]) if len(spans) else spans[:, 1]
    last = np.searchsorted(spans[:, 0], tokens.starts, "right")
    inside: Bools = np.append(0, ends)[last] > tokens.starts
    return inside


@cache
def fingerprint(language: str) -> str:
    """Two parts, ``LEXER:SYNTAX``, of sixteen hex digits, that differ when code of the language may become other tokens.

    The first is of what the lexer makes of the grammar's self-test, and of the tables that it goes by; the second
    of what parser and vocabulary make of it, empty where the parser is not installed. Those of languages that stand
    inside this one are in them. Commonplaces are not: they weigh tokens and make none, so an index outlives them.
    """
    rules = grammar(language)
    inside = [fingerprint(one) for one in sorted(_embedded(rules) - {language})]
    lexer, syntax = ([part.split(":")[at] for part in inside] for at in (0, 1))
    lexemes, parsed = _parsed(rules.syntax.self_test, rules)
    first = _digest([lexemes.keys, lexemes.starts, lexemes.ends], [*_lexer_tables(rules), lexer])
    if installed(rules) is None:
        return f"{first}:"
    tokens = parsed.tokens
    made: list[NDArray[Any]] = [tokens.keys, tokens.starts, tokens.ends, parsed.comments, parsed.omitted]
    return f"{first}:{_digest(made, [*_syntax_tables(language, rules), syntax])}"


@cache
def former_fingerprint(language: str) -> str:
    """The fingerprint of one part that indexes had before there were two: of all four views of the self-test."""
    rules = grammar(language)
    work = Work("self-test", kind="code", language=language)
    runs = tokenise_documents([Document(work, rules.syntax.self_test)])
    lexer = rules.lexer.model_dump(mode="json", exclude=_later(rules.lexer, {"ignore_case"}))
    for block, table in zip(rules.lexer.blocks, lexer["blocks"], strict=True):
        for name in _later(block, {"most"}):
            del table[name]
    tables = [
        sorted(members(language)),
        sorted(rules.keywords),
        sorted(rules.builtins),
        lexer,
        rules.syntax.model_dump(mode="json", exclude={"self_test", "functions"}),
        PHRASES,
        HINTS,
    ]
    return _digest([runs.bounds, runs.tokens.keys, runs.tokens.starts, runs.tokens.ends], tables)


def parser_version(language: str) -> str:
    """The version of the package that has the language's parser; empty where it has none, or none is installed."""
    try:
        return metadata.version(package_of(grammar(language))) if grammar(language).syntax.module else ""
    except metadata.PackageNotFoundError:
        return ""


def _digest(arrays: Sequence[NDArray[Any]], tables: Sequence[object]) -> str:
    made = hashlib.sha256()
    for array in arrays:
        made.update(array.astype("<u4" if array.dtype == np.uint32 else "<i8").tobytes())
    made.update(json.dumps(tables, sort_keys=True).encode())
    return made.hexdigest()[:16]


def _later(table: BaseModel, names: set[str]) -> set[str]:
    """Fields that came after the fingerprint of one part, where they are not used."""
    return {name for name in names if getattr(table, name) == type(table).model_fields[name].default}


def _lexer_tables(rules: Grammar) -> list[object]:
    """All that decides what lexemes code becomes, of which the self-test has but a few entries.

    What a grammar does not use is left out, so that a new field of grammars changes no fingerprint.
    """
    return [
        sorted(rules.keywords),
        rules.lexer.model_dump(mode="json", exclude_defaults=True),
        [one.model_dump(mode="json", exclude_defaults=True) for one in rules.embedded],
        PHRASES,
        HINTS,
    ]


def _syntax_tables(language: str, rules: Grammar) -> list[object]:
    """The same of syntax tokens."""
    unread = {"self_test", "functions"}
    return [
        sorted(members(language)),
        sorted(rules.builtins),
        rules.syntax.model_dump(mode="json", exclude=unread, exclude_defaults=True),
    ]


def _embedded(rules: Grammar) -> set[str]:
    return {one.language for one in rules.embedded if one.language}
