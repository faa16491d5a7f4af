"""What a change of an index did, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simblock.stamps import Parser

NO_PARSER = "read by its lexer, as it has no parser"


@dataclass(frozen=True, slots=True)
class Report:
    """What one call did to an index, in works unless said otherwise.

    ``epoch`` is the index's now and ``changed`` whether this call made it. ``replaced`` had another
    text, ``metadata`` only other metadata, ``untouched`` neither. ``words``, ``lexemes`` (of code) and
    ``characters`` are those of added and replaced works, ``bytes`` those read, ``seconds`` of the whole
    call. ``languages`` counts the works of code that were read, by language. ``lexer_alone`` says of those languages that were
    read without a parser, why and what mends it; ``generic`` counts the works that the generic lexer read, by the ends of
    their names. ``passed`` counts what folders hold besides works, by sort, and ``passed_names`` lists it; ``bad`` counts
    files and rows passed over by ``skip_bad`` and ``problems`` says what was wrong with them (of both
    a thousand at most). Of the works that were read, ``short`` are ids of those too short for any
    promise (under 16 words or 30 lexemes), ``common`` of those mostly of passages which over 64 works hold; both are
    empty where nothing changed, and where the index is large, which ``notes`` then say.
    """

    index: str
    epoch: int
    changed: bool
    added: int = 0
    replaced: int = 0
    metadata: int = 0
    untouched: int = 0
    removed: int = 0
    words: int = 0
    lexemes: int = 0
    characters: int = 0
    bytes: int = 0
    seconds: float = 0.0
    languages: dict[str, int] = field(default_factory=dict)
    lexer_alone: dict[str, str] = field(default_factory=dict)
    generic: dict[str, int] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    passed_names: dict[str, list[str]] = field(default_factory=dict)
    bad: int = 0
    problems: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    unused_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON: its fields under their names."""
        return asdict(self)


def lexer_alone(languages: Iterable[str]) -> dict[str, str]:
    """Of some languages those that are read without a parser: why, and what mends it."""
    found = {language: _without(language) for language in sorted(languages)}
    return {language: why for language, why in found.items() if why}


def _without(language: str) -> str:
    from simblock.stamps import parsers_of  # with the parsers, which an index of texts does without

    parsers = parsers_of(language)
    return "; ".join(_lost(language, one) for one in parsers if one.trouble) if parsers else NO_PARSER


def _lost(language: str, parser: Parser) -> str:
    whose = "" if language in parser.languages else f"{' and '.join(parser.languages)} in it "
    return f"{whose}found by exact runs of lexemes alone: {parser.trouble}"
