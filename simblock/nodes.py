"""A grammar's ``[syntax]`` as look-ups, and what the parser finds in a text.

One tree-sitter query a language marks what the table names: comments, docstrings, imports, grouping
parentheses and, for streams, statements. Nothing walks the tree in Python.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import NamedTuple, cast

import numpy as np
import tree_sitter

from simblock.errors import MissingParser
from simblock.grammar import Grammar, SyntaxTable, closing
from simblock.lexer import NUMBER, STRING, spelling_key
from simblock.tokens import I64, SPELLING, U32
from simblock.vocabulary import members

__all__ = [
    "Blanks", "Lookups", "installed", "literal", "lookups_of", "package_of", "shown", "shown_blanked", "shown_gap", "spans_of",
]  # fmt: skip

CAPTURES = ("comment", "docstring", "import", "parameter", "unwrap", "statement")
GAP = 256
"""Code points of blanks and comments between two lexemes beyond which a stream's parser sees blanks alone."""
LITERAL = 64
"""Code points of a literal beyond which a stream's parser sees an empty one."""
NONE: I64 = np.empty((0, 2), np.int64)
NONE.flags.writeable = False


def literal(spelling: str) -> int:
    """The key of a token that is kept as it is spelled."""
    return spelling_key(spelling) & SPELLING


class Blanks(NamedTuple):
    """``blanked`` of a grammar: comments from ``open`` to ``close``, keys of lexemes that belong to them right behind."""

    open: str
    close: str
    behind: frozenset[int]
    shown: str

    def instead(self, text: str) -> str:
        """What the parser sees of such a text: as many code points, the same line ends."""
        return self.shown + _SEEN.sub(" ", text[len(self.shown) :])


_SEEN = re.compile(r"[^\r\n]")


class Lookups(NamedTuple):
    """A grammar's ``[syntax]``, looked up: spellings as keys, patterns as one query; no queries without a parser."""

    language: tree_sitter.Language | None
    query: tree_sitter.Query | None
    settling: tree_sitter.Query | None
    dropped: tuple[int, ...]
    calling: tuple[int, ...]
    continuing: frozenset[int]
    blanks: Blanks | None
    vocabulary: U32
    literals: U32
    builtins: U32
    calls: U32


_known: dict[str, tuple[Grammar, Lookups]] = {}


def lookups_of(grammar: Grammar) -> Lookups:
    """The look-ups of a grammar, made once.

    Raises MissingParser where its parser is not installed, or is none that knows what the table names.
    """
    known = _known.get(grammar.name)
    if known is None or known[0] is not grammar:
        known = _known[grammar.name] = (grammar, _look_up(grammar))
    return known[1]


def installed(grammar: Grammar) -> Lookups | None:
    """:func:`lookups_of`, or None where the parser is not installed or does not fit."""
    try:
        return lookups_of(grammar)
    except MissingParser:
        return None


def package_of(grammar: Grammar) -> str:
    """The package that has a language's parser, as it is installed."""
    return grammar.syntax.module.replace("_", "-")


def _look_up(grammar: Grammar) -> Lookups:
    table = grammar.syntax
    language = query = settling = None
    if table.module:
        try:
            language = _language(table.module, table.function)
        except ValueError as error:
            raise MissingParser(grammar.name, package_of(grammar), str(error)) from error
        if language is None:
            raise MissingParser(grammar.name, package_of(grammar))
        patterns = _patterns(table)
        statements = [f"({kind}) @statement" for kind in table.statements]
        query, settling = (_query(language, them, grammar) for them in (patterns, patterns + statements))
    vocabulary, literals = _paired(members(grammar.name), "\0.")
    builtins, calls = _paired(grammar.builtins, "\0()")
    dropped, calling, continuing = (
        tuple(map(literal, spellings)) for spellings in (table.drop, table.calls_after, table.continues)
    )
    return Lookups(
        language,
        query,
        settling,
        dropped,
        calling,
        frozenset(continuing),
        _blanks(grammar),
        vocabulary,
        literals,
        builtins,
        calls,
    )


def _blanks(grammar: Grammar) -> Blanks | None:
    table = grammar.syntax.blanked
    if table is None:
        return None
    close = closing(grammar.lexer, table)
    behind = frozenset(literal(mark.removeprefix(close)) for mark in table.close)
    return Blanks(table.open, close, behind, table.shown)


def _patterns(table: SyntaxTable) -> list[str]:
    captures = {
        "comment": table.comments,
        "docstring": table.docstrings,
        "import": table.imports,
        "parameter": table.parameters,
        "unwrap": table.unwrap,
    }
    return [_pattern(entry, name) for name, entries in captures.items() for entry in entries]


def _pattern(entry: str, name: str) -> str:
    pattern = entry if entry.startswith("(") else f"({entry})"
    return pattern if f"@{name}" in pattern else f"{pattern} @{name}"


def _query(language: tree_sitter.Language, patterns: list[str], grammar: Grammar) -> tree_sitter.Query:
    try:
        return tree_sitter.Query(language, "\n".join(patterns))
    except tree_sitter.QueryError as error:
        trouble = f"grammars/{grammar.name}.toml: syntax: {_unknown(language, patterns) or error}"
        raise MissingParser(grammar.name, package_of(grammar), trouble) from error


def _unknown(language: tree_sitter.Language, patterns: list[str]) -> str:
    """Says which pattern the parser does not know."""
    for pattern in patterns:
        try:
            tree_sitter.Query(language, pattern)
        except tree_sitter.QueryError:
            return f"this version has no nodes for {pattern}, or the grammar misspells them"
    return ""


def _paired(names: Iterable[str], prefix: str) -> tuple[U32, U32]:
    """Names' spellings u32, sorted, and beside each the key of the literal it becomes."""
    pairs = sorted((literal(name), literal(prefix + name)) for name in names)
    both = np.array(pairs, np.uint32).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


@cache
def _language(module: str, function: str) -> tree_sitter.Language | None:
    """The language of a parser, None where that is not installed. Raises ValueError where it is none for us."""
    try:
        made = getattr(import_module(module), function)()
        with warnings.catch_warnings():
            # Perl's wheel gives its pointer bare, as all did once.
            warnings.filterwarnings("ignore", "int argument support", DeprecationWarning)
            return tree_sitter.Language(made)
    except ImportError:
        return None
    except AttributeError as error:
        raise ValueError(f"{module} has no {function}()") from error


def spans_of(
    source: str, language: tree_sitter.Language | None, query: tree_sitter.Query | None
) -> dict[str, I64]:
    """Start and end i64 [n, 2] in code points of what the query captures, in order, by capture name.

    Without a parser there is nothing.
    """
    if language is None or query is None:
        return dict.fromkeys(CAPTURES, NONE)
    source = source.replace("\0", " ").replace("\r\n", " \n").replace("\r", "\n")
    data = source.encode("utf-8", "replace")
    tree = tree_sitter.Parser(language).parse(data)
    found = tree_sitter.QueryCursor(query).captures(tree.root_node)
    spans = {name: _sorted(found[name]) if name in found else NONE for name in CAPTURES}
    if len(data) != len(source):
        first = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
        place = np.append(0, np.cumsum(first))
        spans = {name: cast(I64, place[span]) for name, span in spans.items()}
    return spans


def _sorted(nodes: list[tree_sitter.Node]) -> I64:
    return np.array(sorted([node.byte_range for node in nodes]), np.int64)


def shown_blanked(gap: str, key: int, spelled: str, blanks: Blanks) -> tuple[str, str] | None:
    """What the parser sees of a gap that ends with what is blanked, and of the lexeme behind; of other gaps None."""
    if not gap.rstrip(" \t").endswith(blanks.close):
        return None
    belongs = key in blanks.behind and gap.endswith(blanks.close)
    return blanks.shown + " ", " " * len(spelled) if belongs else spelled


def shown_gap(gap: str, length: int) -> str:
    """What the parser sees between two lexemes; ``gap`` is its end where it was too long to keep."""
    if length <= GAP and len(gap) == length:
        return gap
    line = gap.rfind("\n") + 1
    return "\n" + gap[line:] if line and gap[line:].isspace() else "\n"


def shown(spelled: str, key: int) -> str:
    """What the parser sees of a lexeme, of which too long ones are not kept."""
    if 0 < len(spelled) <= LITERAL or (spelled and key != STRING):
        return spelled
    return '""' if key == STRING else "0" if key == NUMBER else "x"
