"""What detection knows of every language: the top of each grammar's file, read without checking the rest of it.

A grammar is checked whole (:mod:`simblock.grammar`) when its language is used; a name or a line asks all of them,
and checking twenty-five takes half a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from simblock.errors import SimblockError
from simblock.grammar import entries, folder, languages


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
    """A language's entry. Raises SimblockError naming the file that is no TOML, or has a field of another type."""
    try:
        return _entry(entries(language))
    except (AttributeError, TypeError, KeyError) as error:
        raise SimblockError(f"{folder() / language}.toml: a field is not of its type: {error}") from error


def _entry(table: Mapping[str, Any]) -> Entry:
    lexer, detect = table.get("lexer", {}), table.get("detect", {})
    keywords = frozenset(table.get("keywords", ()))
    if lexer.get("ignore_case"):
        keywords |= {word.upper() for word in keywords}
    return Entry(
        tags=tuple(table.get("tags", ())),
        extensions=tuple(table.get("extensions", ())),
        interpreters=tuple(table.get("interpreters", ())),
        keywords=keywords,
        strong=tuple(detect.get("strong", ())),
        weak=tuple(detect.get("weak", ())),
        share=int(detect.get("share", 0)),
        comments=tuple(_comments(lexer)),
    )


def _comments(lexer: Mapping[str, Any]) -> Iterator[Comment]:
    for block in lexer.get("blocks", ()):
        if not block.get("one_line"):
            literal, line_start = block["kind"] == "string", bool(block.get("line_start"))
            yield Comment(block["open"], block.get("close", ""), literal, line_start)


def listed() -> Iterator[tuple[str, Entry]]:
    """Every language with its entry, in the order of ``languages()``."""
    return ((language, entry(language)) for language in languages())
