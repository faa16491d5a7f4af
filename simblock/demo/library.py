"""What the demo protects as code: modules that every Python brings, and functions picked from them."""

from __future__ import annotations

import ast
import io
import random
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from simblock.demo.material import LICENSE, OWNER, Watch
from simblock.errors import UsageError
from simblock.match import Span
from simblock.text import tokenise
from simblock.work import Document, Work

SIZES = range(6_000, 50_001)
"""Bytes of a module that is protected."""
TOKENS = range(150, 281)
"""Tokens of a function that is copied, comments not counted: neither a few lines nor pages."""
WORDS = 100
"""Words of such a function at least: where it is pasted as a string, it is known by them alone."""
WIDEST = 79
"""Characters of its longest line."""
NO_TOKENS = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)


class Function(NamedTuple):
    """A function as it stands in a work, and its first and last line there, from 1."""

    work: str
    text: str
    lines: Span


def modules() -> list[Path]:
    """The modules of middling size at the top of the standard library."""
    folder = Path(sysconfig.get_path("stdlib"))
    return [path for path in sorted(folder.glob("*.py")) if path.stat().st_size in SIZES]


def documents(watch: Watch | None = None) -> Iterator[Document]:
    """The modules as works of code.

    Raises UsageError where this Python was installed without the sources of its library.
    """
    files = modules()
    if not files:
        raise UsageError(
            f"{sysconfig.get_path('stdlib')} has no sources of this Python's library: install all of it"
        )
    for number, path in enumerate(files, 1):
        yield Document(_work(path), _source(path))
        if watch is not None:
            watch(number, len(files))


def functions(rng: random.Random) -> list[Function]:
    """Functions of a few dozen lines with a docstring, written in ASCII, in a random order."""
    found = [function for path in modules() for function in _functions(path)]
    rng.shuffle(found)
    return found


def _functions(path: Path) -> Iterator[Function]:
    source = _source(path)
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and not node.decorator_list and node.end_lineno:
            text = dedent("".join(lines[node.lineno - 1 : node.end_lineno]))
            if _fits(node, text):
                yield Function(_id(path), text, Span(node.lineno, node.end_lineno))


def _fits(node: ast.FunctionDef, text: str) -> bool:
    """Whether a function is of the sizes, and has none of what ``tokenize`` reads otherwise from 3.12 on."""
    passed = (ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Match)
    return (
        text.isascii()
        and "'''" not in text
        and max(map(len, text.splitlines())) <= WIDEST
        and not any(isinstance(inner, passed) for inner in ast.walk(node))
        and ast.get_docstring(node) is not None
        and _tokens(text) in TOKENS
        and len(tokenise(text).keys) >= WORDS
    )


def _tokens(text: str) -> int:
    return sum(token.type not in NO_TOKENS for token in tokenize.generate_tokens(io.StringIO(text).readline))


def _source(path: Path) -> str:
    with tokenize.open(path) as file:
        return file.read()


def _id(path: Path) -> str:
    return f"library/{path.name}"


def _work(path: Path) -> Work:
    return Work(
        _id(path),
        title=path.stem,
        owner=OWNER,
        license=LICENSE,
        tags=("library",),
        kind="code",
        language="python",
    )
