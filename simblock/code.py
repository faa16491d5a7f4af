"""Documents as runs of tokens: one of words for a text, four for code.

A work of code is read as all its words, the words of its comments, its lexemes and its syntax tokens.
Licence notices at its head and import blocks are in none of the four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simblock.errors import InputError
from simblock.grammar import Grammar, grammar, languages
from simblock.hosting import read_code
from simblock.lexer import lexeme_view
from simblock.text import tokenise_many
from simblock.tokens import CODE_VIEWS, I64, VIEWS, Bools, Runs, Tokens, joined
from simblock.work import Document, Work

__all__ = ["grammar_of", "tokenise_documents"]


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
    lexemes, parsed = read_code(text, rules)
    source = words.where(~_inside(words, parsed.omitted))
    comments = source.where(_inside(source, parsed.comments))
    viewed = replace(lexemes, keys=lexeme_view(lexemes.keys))
    kept = [run.where(~_inside(run, parsed.omitted)) for run in (viewed, parsed.tokens)]
    return [source, comments, *kept]


def _inside(tokens: Tokens, spans: I64) -> Bools:
    """Which tokens begin inside one of the spans [n, 2], that are in order of their starts."""
    ends = np.maximum.accumulate(spans[:, 1]) if len(spans) else spans[:, 1]
    last = np.searchsorted(spans[:, 0], tokens.starts, "right")
    inside: Bools = np.append(0, ends)[last] > tokens.starts
    return inside
