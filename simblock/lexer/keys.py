"""Keys of lexemes: what of a spelling is kept, and which lexemes give names their roles."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

from simblock.grammar import LexerTable
from simblock.lexer.patterns import Patterns
from simblock.tokens import MEMBER_KEY, NAME_KEY, SPELLING


@lru_cache(1 << 16)
def spelling_key(spelling: str) -> int:
    """30 bits that stand for a spelling: the first of BLAKE2b with a digest of four bytes."""
    digest = hashlib.blake2b(spelling.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "little") & SPELLING


STRING = spelling_key("\0string")
"""The key of every string, character, template and regular expression."""
NUMBER = spelling_key("\0number")
"""The key of every number."""
EQUALS = spelling_key("=")

GAP = MEMBER_KEY
"""What is no lexeme, among keys: no key has this bit without NAME_KEY."""
LATE = MEMBER_KEY | 1
"""A literal together with the gap before it."""


class _Keys(dict[str, int]):
    """Lexeme, comment or gap → its key, before roles; GAP and LATE among them."""

    ENTRIES = 1 << 16
    LONGEST = 64

    def __init__(self, patterns: Patterns, table: LexerTable, keywords: frozenset[str]) -> None:
        super().__init__()
        self._pattern = patterns.final[False]
        self._classes = {"gap": GAP, "number": NUMBER}
        for number, block in enumerate(table.blocks):
            self._classes |= dict.fromkeys(
                (f"b{number}", f"s{number}"), STRING if block.kind == "string" else GAP
            )
        self._keywords = keywords

    def __missing__(self, piece: str) -> int:
        key = self._key(piece)
        if len(piece) <= self.LONGEST:
            if len(self) >= self.ENTRIES:
                self.clear()
            self[piece] = key
        return key

    def _key(self, piece: str) -> int:
        match = self._pattern.match(piece)
        assert match
        if match.end() != len(piece):
            return LATE
        kind = match.lastgroup
        if kind == "name" and piece not in self._keywords:
            return NAME_KEY | spelling_key(piece)
        return self._classes.get(str(kind)) or spelling_key(piece)


class Rules(NamedTuple):
    """What lexing in one language takes: expressions, keys, and which lexemes give names their roles."""

    patterns: Patterns
    keys: _Keys
    members_after: frozenset[int]
    arguments_after: frozenset[int]


@lru_cache(64)
def rules_of(table: LexerTable, keywords: frozenset[str]) -> Rules:
    """The rules of a language, built once."""
    patterns = Patterns(table)
    return Rules(
        patterns,
        _Keys(patterns, table, keywords),
        frozenset(map(spelling_key, table.members_after)),
        frozenset(map(spelling_key, "(," if table.keyword_arguments else "")),
    )
