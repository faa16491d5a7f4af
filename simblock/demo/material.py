"""What the demo protects: documentation that every Python brings, and passages picked from it."""

from __future__ import annotations

import ast
import os
import random
import re
import sysconfig
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from simblock.errors import UsageError
from simblock.work import Document, Work

OWNER = "Python Software Foundation"
LICENSE = "PSF-2.0"
SKIPPED = frozenset(
    {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "pydoc_data"}
)
"""Folders of the standard library that hold no documentation, or none of its own."""
PASSAGES = 40
"""So many passages are to choose from."""
SHORTEST = 16
"""Words of a work at least: below, nothing is promised."""

Watch: TypeAlias = Callable[[int, int], None]
"""Called with how many files are read, and how many there are."""


class Passage(NamedTuple):
    """Words of a work as they stand in its text."""

    work: str
    text: str


def documents(skipped: Collection[Path] = (), watch: Watch | None = None) -> Iterator[Document]:
    """The documentation topics of this Python, and the docstrings of each module not ``skipped``.

    Raises UsageError where this Python was installed without its topics.
    """
    yield from topics()
    files = [path for path in sources() if path not in skipped]
    for number, path in enumerate(files, 1):
        if (document := docstrings(path)) is not None:
            yield document
        if watch is not None:
            watch(number, len(files))


def topics() -> Iterator[Document]:
    """The texts behind ``help("topics")``."""
    try:
        from pydoc_data.topics import topics as texts
    except ImportError:
        raise UsageError(
            "this Python has no documentation topics (pydoc_data.topics): install the whole standard library"
        ) from None
    for name, text in sorted(texts.items()):
        yield Document(_work(f"topics/{name}", name), text)


def sources() -> list[Path]:
    """The modules of the standard library, as files; tests are left out."""
    found = []
    for folder, folders, names in os.walk(sysconfig.get_path("stdlib")):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        found += [Path(folder) / name for name in sorted(names) if name.endswith(".py")]
    return found


def docstrings(path: Path) -> Document | None:
    """The docstrings of a module in their order, or None where there are none. Nothing is imported."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return None  # templates and samples that are no Python; the demo has enough without
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))
    text = "\n\n".join(doc for doc in found if doc)
    if len(text.split()) < SHORTEST:
        return None
    name = path.relative_to(sysconfig.get_path("stdlib")).as_posix()
    return Document(_work(f"library/{name}", name.removesuffix(".py").replace("/", ".")), text)


def passages(rng: random.Random, words: int) -> list[Passage]:
    """Paragraphs of about so many words from the topics, the most like prose, in a random order."""
    found = [
        Passage(document.work.id, text) for document in topics() for text in _paragraphs(document.text, words)
    ]
    found.sort(key=lambda passage: -_letters(passage.text))
    best = found[:PASSAGES]
    rng.shuffle(best)
    return best


def longest() -> Document:
    """The longest topic: the work that is walked out bit by bit."""
    return max(topics(), key=lambda document: len(document.text))


def _work(id: str, title: str) -> Work:
    return Work(id, title=title, owner=OWNER, license=LICENSE, tags=("documentation",))


def _paragraphs(text: str, words: int) -> Iterator[str]:
    for paragraph in re.split(r"\n[ \t]*\n", text):
        stretch = paragraph.strip()
        if words <= len(stretch.split()) <= words * 5 // 4 and stretch.endswith("."):
            yield stretch


def _letters(text: str) -> float:
    """The share of letters and spaces."""
    return sum(character.isalpha() or character.isspace() for character in text) / len(text)
