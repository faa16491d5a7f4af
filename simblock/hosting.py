"""Texts that host other languages: markup, and the scripts and styles in it.

A text of a host language (a grammar with ``[[embedded]]``) is cut (:mod:`simblock.hosts`) into its tags, each a text of the host language by
itself, and what stands behind some of them in a language of its own, up to a mark that closes it. Text between tags
says nothing to a lexer, and is left out; so is what stands in a language that is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from simblock.grammar import Grammar, grammar
from simblock.hosts import HostScanner, Piece
from simblock.lexer import Lexer
from simblock.notices import notices
from simblock.syntax import Parsed, parse
from simblock.tokens import I64, Tokens, joined


class Hosted(NamedTuple):
    """Lexemes of a text of a host language and of what it hosts, and what parsers make of them."""

    lexemes: Tokens
    parsed: Parsed


def read_code(text: str, rules: Grammar) -> Hosted:
    """The lexemes and syntax tokens of a text, whether its language hosts others or not."""
    return parse_hosted(text, rules) if rules.embedded else _parse(text, rules)


def parse_hosted(text: str, host: Grammar) -> Hosted:
    """The lexemes and syntax tokens of all stretches of a text, in the order in which they stand."""
    scanner = HostScanner(host)
    stretches = _stretches([*scanner.feed(text), *scanner.finish()])
    tags = [(start, end) for language, start, end in stretches if language == host.name]
    left_out = np.array([(a, b) for language, a, b in stretches if not language], np.int64).reshape(-1, 2)
    parts = [_tags(text, host, tags)]
    for language, start, end in stretches:
        if language not in {"", host.name}:
            parts.append(_moved(_parse(text[start:end], grammar(language)), start))
    parsed = [part.parsed for part in parts]
    tokens = _as_they_stand(found.tokens for found in parsed)
    comments = _in_order([left_out, *(found.comments for found in parsed)])
    omitted = _in_order([notices(text, host), *(found.omitted for found in parsed)])
    return Hosted(_as_they_stand(part.lexemes for part in parts), Parsed(tokens, comments, omitted))


def _stretches(pieces: Iterable[Piece]) -> list[tuple[str, int, int]]:
    """Language, start and end of each stretch."""
    found: list[tuple[str, int, int]] = []
    begins = True
    for piece in pieces:
        start = piece.start if begins else found.pop()[1]
        found.append((piece.language, start, piece.start + len(piece.text)))
        begins = piece.ends
    return found


def _parse(text: str, rules: Grammar) -> Hosted:
    lexemes = Lexer(rules).tokens(text)
    return Hosted(lexemes, parse(text, rules, lexemes))


def _tags(text: str, host: Grammar, tags: list[tuple[int, int]]) -> Hosted:
    """What stands in all tags, read at once: none ends within a literal, so that each is what it is by itself."""
    found = _parse("\n".join(text[start:end] for start, end in tags), host)
    starts = np.array([0, *(start for start, _ in tags)], np.int64)
    lengths = np.array([end - start + 1 for start, end in tags], np.int64)
    read = np.concatenate([[-1], np.cumsum(lengths) - lengths])  # where each begins in what was read
    nothing = np.empty((0, 2), np.int64)

    def placed(tokens: Tokens) -> Tokens:
        tag = np.searchsorted(read, tokens.starts, "right") - 1
        return tokens.moved(starts[tag] - read[tag])

    return Hosted(placed(found.lexemes), Parsed(placed(found.parsed.tokens), nothing, nothing))


def _moved(found: Hosted, by: int) -> Hosted:
    lexemes, parsed = found
    tokens, comments, omitted = parsed
    return Hosted(lexemes.moved(by), Parsed(tokens.moved(by), comments + by, omitted + by))


def _as_they_stand(parts: Iterable[Tokens]) -> Tokens:
    tokens = joined(parts)
    return tokens.where(np.argsort(tokens.starts, kind="stable"))


def _in_order(parts: list[I64]) -> I64:
    spans = np.concatenate(parts)
    ordered: I64 = spans[np.argsort(spans[:, 0], kind="stable")]
    return ordered
