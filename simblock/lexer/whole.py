"""Lexemes of whole texts: one pass of one regular expression, then NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from simblock.grammar import Grammar
from simblock.lexer.keys import GAP, LATE, STRING, TO_ARGUMENT, Lexeme, rules_of
from simblock.lexer.scanner import LexemeScanner
from simblock.tokens import I64, MEMBER_KEY, NAME_KEY, U32, Bools, Tokens

LONGEST = 1 << 22
"""Longer texts are lexed as a stream, to bound memory."""
CHUNK = 1 << 16
"""Code points of them at a time."""


class Lexer:
    """Lexes whole texts in one language."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._rules = rules_of(grammar.lexer, grammar.keywords)

    def tokens(self, text: str) -> Tokens:
        """The lexemes of ``text``; flags are 0, starts and ends in code points."""
        if len(text) > LONGEST:
            return self._streamed(text)
        patterns, known, *_ = self._rules
        pieces = patterns.tile.findall(text)
        keys = np.fromiter(map(known.__getitem__, pieces), np.uint32, len(pieces))
        lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
        ends = np.cumsum(lengths)
        starts = ends - lengths
        for place in np.flatnonzero(keys == LATE).tolist():
            starts[place] += _length(patterns.gaps, pieces[place])
            keys[place] = STRING
        kept = keys != GAP
        return self._tokens(keys[kept], starts[kept], ends[kept])

    def comments(self, text: str) -> I64:
        """Where comments lie, i64 [n, 2] in code points; none are told in texts over LONGEST."""
        if len(text) > LONGEST:
            return np.empty((0, 2), np.int64)
        patterns, known, *_ = self._rules
        found, at = [], 0
        for piece in patterns.tile.findall(text):
            if known[piece] == GAP and not patterns.space.fullmatch(piece):
                found.append((at, at + len(piece)))
            at += len(piece)
        return np.array(found, np.int64).reshape(-1, 2)

    def _tokens(self, keys: U32, starts: I64, ends: I64) -> Tokens:
        *_, members_after, arguments_after, arguments_before = self._rules
        names = keys >= NAME_KEY
        members = _behind(keys, members_after)
        arguments = _behind(keys, arguments_after)
        arguments[:-1] &= keys[1:] == arguments_before
        arguments[-1:] = False
        keys[names & members] |= np.uint32(MEMBER_KEY)
        keys[names & arguments] ^= np.uint32(TO_ARGUMENT)
        return Tokens(keys, np.zeros(len(keys), np.uint8), starts, ends)

    def _streamed(self, text: str) -> Tokens:
        found = map(_columns, _steps(LexemeScanner(self._grammar), text))
        keys, starts, ends = np.concatenate(list(found)).T
        return Tokens(keys.astype(np.uint32), np.zeros(len(keys), np.uint8), starts, ends)


def _length(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def _behind(keys: U32, marks: frozenset[int]) -> Bools:
    """Which lexemes stand right behind one of ``marks``."""
    behind = np.zeros(len(keys), np.bool_)
    for mark in marks:
        behind[1:] |= keys[:-1] == mark
    return behind


def _steps(scanner: LexemeScanner, text: str) -> Iterator[list[Lexeme]]:
    """What a scanner gives of a text, chunk by chunk; when it became certain is not kept."""
    for low in range(0, len(text), CHUNK):
        yield scanner.feed(text[low : low + CHUNK])
        scanner.late.clear()
    yield scanner.finish()


def _columns(found: list[Lexeme]) -> I64:
    return np.array(found, np.int64).reshape(-1, 3)
