"""The cases of each language, read from its file, and code as the channels see it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simblock.code import tokenise_documents
from simblock.codestream import CodeScanner, Seen
from simblock.grammar import grammar, languages
from simblock.lexer import ARGUMENT, NUMBER, STRING, spelling_key
from simblock.scheme import CODE_CHANNELS
from simblock.shingles import numbered
from simblock.syntax import parse
from simblock.tokens import MEMBER_KEY, NAME_KEY, SPELLING, U32, U64
from simblock.work import Document, Work

FOLDER = Path(__file__).parent
LITERALS = {STRING: r"\string", NUMBER: r"\number", ARGUMENT: r"\argument"}
LANES = {"lexemes": 2, "syntax": 3}
"""Of the four runs of a work of code, those that an output is read as too."""
Found = tuple[int, int, int]
"""Key, start and end of a token."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pair(_Strict):
    """Two programs of one shape and length that do other things."""

    a: str
    b: str


class Copy(_Strict):
    """A program of ours, and what may or may not be made of it."""

    original: str
    renamed: str
    laid_out: str
    lexemes_too: bool = True
    changed: str
    snippet: tuple[int, int]
    public: tuple[str, ...] = ()
    """Members that a programmer does not rename: the language's own."""


class Golden(_Strict):
    """A piece of code and the tokens that it is, spelled as in a table of commonplaces."""

    code: str
    lexemes: str
    syntax: str


class Cases(_Strict):
    """All of a language's file."""

    keywords: str = ""
    """Its reserved words, as its reference lists them, not its grammar: less those that are names on purpose."""
    different: tuple[Pair, ...]
    program: Copy = Field(alias="copy")
    tokens: tuple[Golden, ...]


def cases(language: str) -> Cases:
    """The cases of a language. Fails with a sentence where it has none, or a field is wrong."""
    try:
        return Cases(**_read(language))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        said = f"tests/languages/{language}.toml: {place}: {first['msg']}: docs/languages.md lists the fields"
    pytest.fail(said, pytrace=False)


@cache
def vocabulary(language: str) -> frozenset[str]:
    """The members that a language's cases name as public, and those of pages that it stands in; none without cases."""
    inside = (name for name in languages() if language in {one.language for one in grammar(name).embedded})
    found = [cases(name) for name in (language, *inside) if (FOLDER / f"{name}.toml").is_file()]
    spelled = (token for one in found for golden in one.tokens for token in golden.syntax.split())
    golden = {token[1:] for token in spelled if token[0] == "." and token[1:2].isalpha()}
    return frozenset(golden).union(*(one.program.public for one in found))


@cache
def _read(language: str) -> dict[str, Any]:
    path = FOLDER / f"{language}.toml"
    assert path.is_file(), (
        f"grammars/{language}.toml has no tests: write tests/languages/{language}.toml as docs/languages.md says"
    )
    return tomllib.loads(path.read_text("utf-8"))


def whole(code: str, language: str, lane: str) -> list[Found]:
    """The tokens of a work."""
    runs = tokenise_documents([Document(Work("w", kind="code", language=language), code)])
    part = slice(*runs.bounds[LANES[lane] : LANES[lane] + 2].tolist())
    columns = (runs.tokens.keys, runs.tokens.starts, runs.tokens.ends)
    return list(zip(*(column[part].tolist() for column in columns), strict=True))


def streamed(chunks: Iterable[str], language: str) -> dict[str, list[Found]]:
    """The tokens of the same as an output that is code from its first character on."""
    scanner = CodeScanner(language)
    found: dict[str, list[Found]] = {lane: [] for lane in LANES}
    for chunk in chunks:
        _put(scanner.feed(chunk), found)
    _put(scanner.finish(), found)
    return found


def _put(seen: Seen, found: dict[str, list[Found]]) -> None:
    for lane, coded in zip(LANES, seen, strict=True):
        found[lane] += zip(coded.keys, coded.starts, coded.ends, strict=True)


def read_as_work(found: list[Found], code: str, language: str) -> list[Found]:
    """Of the tokens of an output those that a work has too: imports at the margin and notices it leaves out."""
    if grammar(language).embedded:
        return found
    gone = parse(code, grammar(language)).omitted.tolist()
    return [token for token in found if not any(start <= token[1] < end for start, end in gone)]


def cut(text: str, places: Iterable[int]) -> list[str]:
    edges = sorted({0, len(text), *(place for place in places if place < len(text))})
    return [text[a:b] for a, b in pairwise(edges)]


def keys(code: str, language: str, lane: str) -> U32:
    return np.array([key for key, _, _ in whole(code, language, lane)], np.uint32)


def shape(tokens: Iterable[int]) -> list[int]:
    """Names as numbers, in the order of their first occurrence: plain names and members apart."""
    numbers: tuple[dict[int, int], dict[int, int]] = ({}, {})
    return [_shaped(key, numbers[bool(key & MEMBER_KEY)]) if key & NAME_KEY else key for key in tokens]


def _shaped(key: int, numbers: dict[int, int]) -> int:
    return key & ~SPELLING | numbers.setdefault(key, len(numbers))


def shingles(code: str, language: str) -> dict[str, U64]:
    """All shingles of every channel of code, by its name."""
    return {
        channel.name: numbered(keys(code, language, channel.reads), channel.n) for channel in CODE_CHANNELS
    }


def names(code: str, language: str) -> set[str]:
    """The plain names and members of a program that no channel keeps literal."""
    return {code[start:end] for key, start, end in whole(code, language, "syntax") if key & NAME_KEY}


def said(code: str, language: str, lane: str) -> str:
    """The tokens of a program, spelled as in a golden list."""
    found = whole(code, language, lane)
    shaped = shape(key for key, _, _ in found)
    written = (
        _said(key, number, code[a:b], language) for (key, a, b), number in zip(found, shaped, strict=True)
    )
    return " ".join(written)


def _said(key: int, number: int, spelled: str, language: str) -> str:
    if key & NAME_KEY:
        return f"{'.' if key & MEMBER_KEY else '$'}{number & SPELLING}"
    if key in LITERALS:
        return LITERALS[key]
    spellings = (spelled, spelled.lower())
    for form, written in (("\0.{}", ".{}"), ("\0(){}", "{}()"), ("{}", "{}")):
        for spelling in spellings:
            if spelling_key(form.format(spelling)) & SPELLING == key:
                return written.format(spelling)
    return next(
        (f".{name}" for name in vocabulary(language) if spelling_key(f"\0.{name}") & SPELLING == key), spelled
    )


def lines(code: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Where each of the lines from ``first`` to ``last`` lies, counted from one."""
    at = 0
    for number, line in enumerate(code.splitlines(keepends=True), 1):
        if first <= number <= last:
            yield at, at + len(line)
        at += len(line)
