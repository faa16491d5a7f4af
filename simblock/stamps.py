"""How code of a language is read here: the stamp that an index keeps of it, and the parsers that it takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simblock.errors import MissingParser
from simblock.grammar import Grammar, grammar
from simblock.hosting import read_code
from simblock.nodes import installed, lookups_of, package_of
from simblock.notices import HINTS, PHRASES
from simblock.vocabulary import members

__all__ = ["Parser", "Stamp", "parsers_of", "stamp_of"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether code of a language becomes the same tokens: ``LEXER:SYNTAX@VERSION`` as text.

    ``lexer`` is of what the lexer makes of the grammar's self-test, and of the tables that it goes by; ``syntax`` of
    what parser and vocabulary make of it, empty where the parser did not stand there: sixteen hex digits each. Those
    of languages that stand inside this one are in them. Commonplaces are not: they weigh tokens and make none, so an
    index outlives them. ``version`` is that of the parser's package; of a host language it names those of what it
    hosts, ``PACKAGE==VERSION`` each, with blanks between.
    """

    lexer: str
    syntax: str
    version: str = ""

    def __str__(self) -> str:
        return f"{self.lexer}:{self.syntax}" + (f"@{self.version}" if self.version else "")

    @classmethod
    def read(cls, stamp: str) -> Stamp:
        """The stamp of a text; what is none is one of another lexer."""
        prints, _, version = stamp.partition("@")
        lexer, _, syntax = prints.partition(":")
        return cls(lexer, syntax, version)

    def reads_like(self, other: Stamp) -> bool:
        """Whether code becomes the same tokens, by whatever version of a parser."""
        return (self.lexer, self.syntax) == (other.lexer, other.syntax)

    def version_of(self, package: str) -> str | None:
        """The version of a parser's package that read the code, empty where it is not known; None where none did."""
        if "==" not in self.version:
            return self.version if self.syntax else None
        named = (entry.partition("==") for entry in self.version.split())
        return {name: version for name, _, version in named}.get(package)


class Parser(NamedTuple):
    """A package that parses code of some languages, as it stands here.

    ``version`` is empty where none is known; ``trouble`` says that it is missing, or does not fit a grammar.
    """

    package: str
    languages: tuple[str, ...]
    version: str
    trouble: MissingParser | None


def parsers_of(language: str) -> tuple[Parser, ...]:
    """The parsers that reading code of a language takes, by package: its own, and those of languages that it hosts.

    None where all of it is read by lexers alone.
    """
    packages: dict[str, list[str]] = {}
    for name in sorted({language} | _embedded(grammar(language))):
        if grammar(name).syntax.module:
            packages.setdefault(package_of(grammar(name)), []).append(name)
    return tuple(
        Parser(package, tuple(names), _version(package), _trouble(names))
        for package, names in sorted(packages.items())
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _trouble(languages: Sequence[str]) -> MissingParser | None:
    """What is wrong with the one parser of some languages."""
    for language in languages:
        try:
            lookups_of(grammar(language))
        except MissingParser as error:
            return MissingParser(" and ".join(languages), error.package, error.trouble)
    return None


@cache
def stamp_of(language: str) -> Stamp:
    """The stamp of code that is read here and now. Raises SimblockError where there is no grammar of the language."""
    rules = grammar(language)
    inside = [stamp_of(one) for one in sorted(_embedded(rules) - {language})]
    lexemes, parsed = read_code(rules.syntax.self_test, rules)
    tables = [*_lexer_tables(rules), [one.lexer for one in inside]]
    lexer = _digest([lexemes.keys, lexemes.starts, lexemes.ends], tables)
    if installed(rules) is None:
        return Stamp(lexer, "")
    tokens = parsed.tokens
    made: list[NDArray[Any]] = [tokens.keys, tokens.starts, tokens.ends, parsed.comments, parsed.omitted]
    tables = [*_syntax_tables(language, rules), [one.syntax for one in inside]]
    return Stamp(lexer, _digest(made, tables), _versions(language, rules))


def _versions(language: str, rules: Grammar) -> str:
    found = [parser for parser in parsers_of(language) if parser.trouble is None]
    if not rules.embedded:
        return "".join(parser.version for parser in found)
    return " ".join(f"{parser.package}=={parser.version}" for parser in found)


def _digest(arrays: Sequence[NDArray[Any]], tables: Sequence[object]) -> str:
    made = hashlib.sha256()
    for array in arrays:
        made.update(array.astype("<u4" if array.dtype == np.uint32 else "<i8").tobytes())
    made.update(json.dumps(tables, sort_keys=True).encode())
    return made.hexdigest()[:16]


def _lexer_tables(rules: Grammar) -> list[object]:
    """All that decides what lexemes code becomes, of which the self-test has but a few entries.

    What a grammar does not use is left out, so that a new field of grammars changes no stamp.
    """
    return [
        sorted(rules.keywords),
        rules.lexer.model_dump(mode="json", exclude_defaults=True),
        [one.model_dump(mode="json", exclude_defaults=True) for one in rules.embedded],
        PHRASES,
        HINTS,
    ]


def _syntax_tables(language: str, rules: Grammar) -> list[object]:
    """The same of syntax tokens."""
    unread = {"self_test", "functions"}
    return [
        sorted(members(language)),
        sorted(rules.builtins),
        rules.syntax.model_dump(mode="json", exclude=unread, exclude_defaults=True),
    ]


def _embedded(rules: Grammar) -> set[str]:
    return {one.language for one in rules.embedded if one.language}
