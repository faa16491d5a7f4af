"""The lanes of many documents, laid end to end: tokens as the machine takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simblock.codestream import Coded, CodeScanner
from simblock.scheme import Lane as Kind
from simblock.text import tokenise_many
from simblock.tokens import I64, U8, VIEWS, Runs, Tokens
from simblock.unmasking import Unmasked


class Lanes(NamedTuple):
    """Lanes of one kind: their tokens, and of which document each is; of code, what is known of each besides."""

    kind: Kind
    runs: Runs
    documents: Sequence[int]
    coded: Sequence[Coded] = ()


def of_words(texts: Sequence[str]) -> Lanes:
    """The words of texts."""
    return Lanes("words", tokenise_many(texts), range(len(texts)))


def of_unmasked(found: Sequence[tuple[int, Unmasked]]) -> Lanes:
    """What was meant by the words of masked stretches: a lane for each document that has some."""
    keys, flags, starts, ends = ([value for _, one in found for value in one[column]] for column in range(4))
    tokens = Tokens(
        np.array(keys, np.uint32),
        np.array(flags, np.uint8),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
    )
    bounds = _bounds([len(one.keys) for _, one in found])
    return Lanes("words", Runs(tokens, bounds), [document for document, _ in found])


def of_code(kind: Kind, found: Sequence[tuple[int, Coded]]) -> Lanes:
    """The lexemes or the syntax tokens of documents that have some."""
    keys = np.array([key for _, one in found for key in one.keys], np.uint32)
    nowhere: I64 = np.zeros(len(keys), np.int64)
    tokens = Tokens(keys, np.zeros(len(keys), np.uint8), nowhere, nowhere)
    views: U8 = np.full(len(found), VIEWS.index(kind), np.uint8)
    runs = Runs(tokens, _bounds([len(one.keys) for _, one in found]), views)
    return Lanes(kind, runs, [document for document, _ in found], [one for _, one in found])


def _bounds(lengths: Sequence[int]) -> I64:
    return np.cumsum([0, *lengths], dtype=np.int64)


def code_in(text: str, language: str | None) -> tuple[Coded, Coded]:
    """The lexemes and the syntax tokens of a text, which is a file of a ``language`` or has code in it."""
    scanner = CodeScanner(language)
    parts = [scanner.feed(text), scanner.finish()]
    lexemes, syntax = (
        Coded(*(first + second for first, second in zip(*lane, strict=True)))
        for lane in zip(*parts, strict=True)
    )
    return lexemes, syntax
