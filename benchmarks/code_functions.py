"""Functions of real sources, cut out with tree-sitter and compared by their raw tokens.

Nothing here uses simblock's own lexer or matcher, so that what these benchmarks call a function, its size,
and a copy does not depend on what is measured.
"""

from __future__ import annotations

import hashlib
import random
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from tree_sitter import Language, Node, Parser

from benchmarks import code_pieces
from benchmarks.code_corpus import PARTS, Source, sources
from benchmarks.code_rules import FIRST, function_rules, rules
from simblock.errors import SimblockError

LEAST = 60
"""Tokens of a function that is measured, at least."""
MOST = 1500
"""Tokens of a function over which the functions inside it are taken instead."""
ALIKE = 0.5
"""Share of the lines of a function, or of a file, that one protected file has too, from which on it is called a fork."""


class Leaf(NamedTuple):
    """A token of the parser: its text, the kind of its node, and its place in the bytes."""

    text: str
    kind: str
    start: int
    end: int


class Function(NamedTuple):
    """A function as it stands in a file: ``start`` and ``end`` are code points; ``size`` counts its tokens;
    ``kind`` is that of its node."""

    language: str
    package: str
    path: str
    text: str
    start: int
    end: int
    size: int
    kind: str = ""

    @property
    def id(self) -> str:
        """The name of its file as a work."""
        return f"{self.package}/{self.path}"


class Extent(NamedTuple):
    """The nodes of a function: one, and where its body stands behind it, that too."""

    first: Node
    last: Node

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.first,) if self.first.id == self.last.id else (self.first, self.last)

    @property
    def broken(self) -> bool:
        """Whether it did not parse."""
        return any(node.has_error for node in self.nodes)


@cache
def parser(language: str) -> Parser:
    """tree-sitter's parser of a language. Raises SimblockError where its package is not installed."""
    rules = function_rules(language)
    try:
        module = import_module(rules.module)
    except ImportError as error:
        package = rules.module.replace("_", "-")
        raise SimblockError(f"functions of {language} need {package}: pip install {package}") from error
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # some parsers still give their address as a number
        return Parser(Language(getattr(module, rules.function)()))


def needs(language: str) -> None:
    """Raises SimblockError where what reads a language here, parser or lexer, is not installed."""
    (code_pieces.lexer if function_rules(language).pygments else parser)(language)


def parse(text: str, language: str) -> Node:
    """The root of a text's tree."""
    return parser(language).parse(text.encode("utf-8", "replace")).root_node


class _Kinds(NamedTuple):
    whole: frozenset[str]
    comments: frozenset[str]


@cache
def _kinds(language: str) -> _Kinds:
    them = [function_rules(one) for one in ((language,) if language else FIRST)]
    comments = frozenset(kind for one in them for kind in one.comments)
    return _Kinds(comments | {kind for one in them for kind in one.whole}, comments)


def leaf_nodes(root: Node, language: str = "") -> Iterator[Node]:
    """The leaves under a node in order, strings and the like in one piece, comments too.

    Without a language, what is one piece in any of the first four is one.
    """
    whole = _kinds(language).whole
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in whole or not node.child_count:
            if node.end_byte > node.start_byte:
                yield node
        else:
            stack.extend(reversed(node.children))


def leaves(root: Node, data: bytes, language: str = "") -> list[Leaf]:
    """The tokens under a node, comments left out."""
    comments = _kinds(language).comments
    return [
        Leaf(data[node.start_byte : node.end_byte].decode("utf-8", "replace"), node.type, node.start_byte, node.end_byte)
        for node in leaf_nodes(root, language)
        if node.type not in comments
    ]  # fmt: skip


def extents(root: Node, language: str) -> Iterator[Extent]:
    """The outermost functions of at most MOST tokens, each once; bigger ones are looked into."""
    rules = function_rules(language)
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in rules.kinds:
            behind = node.next_named_sibling if rules.bodies else None
            last = behind if behind is not None and behind.type in rules.bodies else node
            if _count(extent := Extent(node, last), language) <= MOST or not _holds(extent, language):
                yield extent
                continue
        stack.extend(reversed(node.children))


def _count(extent: Extent, language: str) -> int:
    comments = _kinds(language).comments
    return sum(leaf.type not in comments for node in extent.nodes for leaf in leaf_nodes(node, language))


def _holds(extent: Extent, language: str) -> bool:
    kinds = function_rules(language).kinds
    stack = [child for node in extent.nodes for child in node.children]
    while stack:
        one = stack.pop()
        if one.type in kinds:
            return True
        stack.extend(one.children)
    return False


def functions(
    source: Source, language: str, least: int = LEAST, broken: Counter[str] | None = None
) -> Iterator[Function]:
    """The functions of a file of at least so many tokens that parse without an error; pieces without a parser.

    ``broken`` counts those of LEAST tokens and more that do not, by the name of the file.
    """
    if function_rules(language).pygments:
        for start, end, size in code_pieces.pieces(source.text, language):
            if size >= least:
                yield Function(
                    language, source.package, source.path, source.text[start:end], start, end, size, "piece"
                )
        return
    data = source.text.encode("utf-8", "replace")
    root = parser(language).parse(data).root_node
    ascii_only = len(data) == len(source.text)
    for extent in extents(root, language):
        size = _count(extent, language)
        if extent.broken and broken is not None and size >= LEAST:
            broken[f"{source.package}/{source.path}"] += 1
        if extent.broken or size < least:
            continue
        start, end = extent.first.start_byte, extent.last.end_byte
        if not ascii_only:
            start, end = (len(data[:at].decode("utf-8", "replace")) for at in (start, end))
        text, kind = source.text[start:end], extent.first.type
        yield Function(language, source.package, source.path, text, start, end, size, kind)


def digest(function: Function) -> bytes:
    """What a function is, down to its tokens: layout and comments left out."""
    spelled = (token.text for token in _tokens(function.text, function.language))
    return hashlib.sha256("\0".join(spelled).encode("utf-8", "replace")).digest()


def _tokens(text: str, language: str) -> Sequence[Leaf] | Sequence[code_pieces.Lexeme]:
    if function_rules(language).pygments:
        return code_pieces.lexemes(text, language)
    data = text.encode("utf-8", "replace")
    return leaves(parser(language).parse(data).root_node, data, language)


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
        found = self.of_lines(function.text)
        return found._replace(kind="verbatim") if digest(function) in self._digests else found

    def of_lines(self, text: str) -> Verdict:
        """Whether a function, or a whole file, is a fork of a protected file by its lines, or clean."""
        lines = lines_of(text)
        shared = Counter(number for line in lines for number in self._files.get(line, ()))
        number, most = max(shared.items(), key=lambda one: (one[1], -one[0]), default=(-1, 0))
        fork = most >= 4 and most >= ALIKE * len(lines)
        return Verdict("fork" if fork else "clean", self._names[number] if most else "", most, len(lines))


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
            for function in functions(source, language, 10) if rules(language).functions else ():
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
