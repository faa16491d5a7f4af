"""What telling languages apart takes of every language: its names, its keywords, what its lines look like."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from simblock.grammar import grammar, languages


class Comment(NamedTuple):
    """What opens a comment or a long literal (a regular expression), and what closes it (nothing: a line's end)."""

    open: str
    close: str
    is_literal: bool
    line_start: bool


class Entry(NamedTuple):
    """What a file says of its language's names and looks: the fields of :class:`simblock.grammar.Grammar`."""

    tags: tuple[str, ...]
    extensions: tuple[str, ...]
    interpreters: tuple[str, ...]
    keywords: frozenset[str]
    strong: tuple[str, ...]
    weak: tuple[str, ...]
    share: int
    comments: tuple[Comment, ...]


@cache
def entry(language: str) -> Entry:
    """A language's entry. Raises SimblockError naming the file and the field that is wrong."""
    rules = grammar(language)
    keywords = rules.keywords
    if rules.lexer.ignore_case:
        keywords |= {word.upper() for word in keywords}
    return Entry(
        rules.tags,
        rules.extensions,
        rules.interpreters,
        keywords,
        rules.detect.strong,
        rules.detect.weak,
        rules.detect.share,
        tuple(
            Comment(block.open, block.close, block.kind == "string", block.line_start)
            for block in rules.lexer.blocks
            if not block.one_line
        ),
    )


def listed() -> Iterator[tuple[str, Entry]]:
    """Every language with its entry, in the order of ``languages()``."""
    return ((language, entry(language)) for language in languages())
