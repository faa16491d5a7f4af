"""Functions of real sources, cut out with tree-sitter and compared by their raw tokens.

Nothing here uses simblock's own lexer or matcher, so that what these benchmarks call a function, its size,
and a copy does not depend on what is measured.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from tree_sitter import Language, Node, Parser

from benchmarks.code_corpus import PARTS, Source, sources

FUNCTIONS = {
    "python": ("function_definition",),
    "java": ("method_declaration", "constructor_declaration"),
    "javascript": (
        "function_declaration", "generator_function_declaration", "method_definition", "function_expression",
        "generator_function", "arrow_function",
    ),
    "c": ("function_definition",),
}  # fmt: skip
WHOLE = ("string", "template_string", "string_literal", "char_literal", "character_literal", "regex",
         "number_literal", "system_lib_string", "concatenated_string_part")  # fmt: skip
"""Nodes that are one token, whatever they hold."""
COMMENTS = ("comment", "line_comment", "block_comment")
LEAST = 60
"""Tokens of a function that is measured, at least."""
MOST = 1500
"""Tokens of a function over which the functions inside it are taken instead."""
ALIKE = 0.5
"""Share of a function's lines that one protected file has too, from which on it is called a fork of it."""


class Leaf(NamedTuple):
    """A token of the parser: its text, the kind of its node, and its place in the bytes."""

    text: str
    kind: str
    start: int
    end: int


class Function(NamedTuple):
    """A function as it stands in a file: ``start`` and ``end`` are code points; ``size`` counts its tokens."""

    language: str
    package: str
    path: str
    text: str
    start: int
    end: int
    size: int

    @property
    def id(self) -> str:
        """The name of its file as a work."""
        return f"{self.package}/{self.path}"


@cache
def parser(language: str) -> Parser:
    """tree-sitter's parser of a language."""
    return Parser(Language(import_module(f"tree_sitter_{language}").language()))


def parse(text: str, language: str) -> Node:
    """The root of a text's tree."""
    return parser(language).parse(text.encode("utf-8", "replace")).root_node


def leaf_nodes(root: Node) -> Iterator[Node]:
    """The leaves under a node in order, strings and the like in one piece, comments too."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in WHOLE or node.type in COMMENTS or not node.child_count:
            if node.end_byte > node.start_byte:
                yield node
        else:
            stack.extend(reversed(node.children))


def leaves(root: Node, data: bytes) -> list[Leaf]:
    """The tokens under a node, comments left out."""
    return [
        Leaf(data[node.start_byte : node.end_byte].decode("utf-8", "replace"), node.type, node.start_byte, node.end_byte)
        for node in leaf_nodes(root)
        if node.type not in COMMENTS
    ]  # fmt: skip


def function_nodes(root: Node, language: str) -> Iterator[Node]:
    """The outermost functions of at most MOST tokens, each once; bigger ones are looked into."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in FUNCTIONS[language] and (_count(node) <= MOST or not _holds(node, language)):
            yield node
        else:
            stack.extend(reversed(node.children))


def _count(node: Node) -> int:
    return sum(1 for leaf in leaf_nodes(node) if leaf.type not in COMMENTS)


def _holds(node: Node, language: str) -> bool:
    stack = list(node.children)
    while stack:
        one = stack.pop()
        if one.type in FUNCTIONS[language]:
            return True
        stack.extend(one.children)
    return False


def functions(source: Source, language: str, least: int = LEAST) -> Iterator[Function]:
    """The functions of a file of at least so many tokens that parse without an error."""
    data = source.text.encode("utf-8", "replace")
    root = parser(language).parse(data).root_node
    ascii_only = len(data) == len(source.text)
    for node in function_nodes(root, language):
        if node.has_error:
            continue
        size = _count(node)
        if size < least:
            continue
        start, end = node.start_byte, node.end_byte
        if not ascii_only:
            start, end = (len(data[:at].decode("utf-8", "replace")) for at in (start, end))
        yield Function(language, source.package, source.path, source.text[start:end], start, end, size)


def digest(function: Function) -> bytes:
    """What a function is, down to its tokens: layout and comments left out."""
    data = function.text.encode("utf-8", "replace")
    root = parser(function.language).parse(data).root_node
    return hashlib.sha256(
        "\0".join(leaf.text for leaf in leaves(root, data)).encode("utf-8", "replace")
    ).digest()


def lines_of(text: str) -> frozenset[int]:
    """The lines that say something (8 letters and more), white space left out, hashed."""
    bare = (re.sub(r"\s+", "", line) for line in text.splitlines())
    return frozenset(hash(line) for line in bare if sum(map(str.isalpha, line)) >= 8)


class Verdict(NamedTuple):
    """verbatim, fork or clean; the protected file that has most of a function's lines, how many, and of how many."""

    kind: str
    file: str
    shared: int
    lines: int


class Protected:
    """The functions and lines of the protected sources, for telling copies of them from clean code."""

    def __init__(self, them: Iterable[Source], language: str) -> None:
        self._digests: set[bytes] = set()
        self._names: list[str] = []
        self._files: dict[int, list[int]] = {}
        for number, source in enumerate(them):
            self._names.append(f"{source.package}/{source.path}")
            self._digests.update(map(digest, functions(source, language, 30)))
            for line in lines_of(source.text):
                self._files.setdefault(line, []).append(number)

    def verdict(self, function: Function) -> Verdict:
        """Whether a function is a copy of a protected one by its tokens, a fork by its lines, or clean."""
        lines = lines_of(function.text)
        shared = Counter(number for line in lines for number in self._files.get(line, ()))
        number, most = max(shared.items(), key=lambda one: (one[1], -one[0]), default=(-1, 0))
        file = self._names[number] if most else ""
        if digest(function) in self._digests:
            return Verdict("verbatim", file, most, len(lines))
        fork = most >= 4 and most >= ALIKE * len(lines)
        return Verdict("fork" if fork else "clean", file, most, len(lines))


def spread(them: Sequence[Function], count: int, seed: int) -> list[Function]:
    """So many functions, every package as much as it has, none taken twice; the same for the same seed."""
    chosen = list(them)
    random.Random(seed).shuffle(chosen)
    packages: dict[str, list[Function]] = {}
    for function in chosen:
        packages.setdefault(function.package, []).append(function)
    taken: list[Function] = []
    while packages and len(taken) < count:
        for name in list(packages):
            if len(taken) < count:
                taken.append(packages[name].pop())
            if not packages[name]:
                del packages[name]
    return taken


def counts(folder: Path, language: str) -> str:
    """What there is of a language, by part and package."""
    lines = [f"# {language}"]
    for part in PARTS:
        files: Counter[str] = Counter()
        size: Counter[str] = Counter()
        all_of: Counter[str] = Counter()
        big: Counter[str] = Counter()
        for source in sources(folder, language, part):
            files[source.package] += 1
            size[source.package] += len(source.text)
            for function in functions(source, language, 10):
                all_of[source.package] += 1
                big[source.package] += function.size >= LEAST
        lines.append(
            f"{part}: {files.total():,} files, {size.total() / 1e6:.1f} MB, {all_of.total():,} functions, "
            f"{big.total():,} of {LEAST} tokens and more"
        )
        lines += [
            f"    {name}: {files[name]:,} files, {size[name] / 1e6:.2f} MB, {all_of[name]:,} functions, "
            f"{big[name]:,} of {LEAST} tokens and more"
            for name in sorted(files)
        ]
    return "\n".join(lines) + "\n"
