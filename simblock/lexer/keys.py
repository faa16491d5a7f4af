"""Keys of lexemes: what of a spelling is kept, and which lexemes give names their roles."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from simblock.grammar import LexerTable
from simblock.lexer.patterns import JOINERS, Patterns
from simblock.tokens import ARGUMENT_KEY, MEMBER_KEY, NAME_KEY, SPELLING, U32

Lexeme: TypeAlias = tuple[int, int, int]
"""Key, start, end."""


@lru_cache(1 << 16)
def spelling_key(spelling: str) -> int:
    """30 bits that stand for a spelling: the first of BLAKE2b with a digest of four bytes."""
    digest = hashlib.blake2b(spelling.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "little") & SPELLING


STRING = spelling_key("\0string")
"""The key of every string, character, template and regular expression."""
NUMBER = spelling_key("\0number")
"""The key of every number."""
ARGUMENT = spelling_key("\0argument")
"""The key, in the lexeme view, of every name with ARGUMENT_KEY: neither keeping nor renaming it shows."""

TO_ARGUMENT = NAME_KEY | ARGUMENT_KEY
"""The bits to flip in a plain name's key that make it an argument's."""
_CLASS = 30
"""Bits of the spelling, below those that say what class a key is of."""

_UNSEEN = re.compile(f"[{JOINERS}]")

GAP = MEMBER_KEY
"""What is no lexeme, among keys before roles: none of them has this bit without NAME_KEY."""
LATE = MEMBER_KEY | 1
"""A literal together with the gap before it."""


def lexeme_view(keys: U32) -> U32:
    """Keys of lexemes as the lexeme view has them, u32 [n]: those with ARGUMENT_KEY are ARGUMENT."""
    return np.where(keys >> np.uint32(_CLASS) == ARGUMENT_KEY >> _CLASS, np.uint32(ARGUMENT), keys)


def lexemes_in_view(found: list[Lexeme]) -> list[Lexeme]:
    """:func:`lexeme_view` of what a :class:`LexemeScanner` gives."""
    return [
        (ARGUMENT, lexeme[1], lexeme[2]) if lexeme[0] >> _CLASS == ARGUMENT_KEY >> _CLASS else lexeme
        for lexeme in found
    ]


class _Keys(dict[str, int]):
    """Lexeme, comment or gap → its key, before roles; GAP and LATE among them."""

    ENTRIES = 1 << 16
    LONGEST = 64

    def __init__(self, patterns: Patterns, table: LexerTable, keywords: frozenset[str]) -> None:
        super().__init__()
        self._pattern = patterns.final[0]
        self._classes = {"gap": GAP, "number": NUMBER}
        for number, block in enumerate(table.blocks):
            self._classes |= dict.fromkeys(
                (f"b{number}", f"s{number}"), STRING if block.kind == "string" else GAP
            )
        self._keywords = keywords
        self._ignore_case = table.ignore_case

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
        if kind == "name":
            piece = _UNSEEN.sub("", piece)
            if self._ignore_case:
                piece = piece.lower()
            return spelling_key(piece) | (0 if piece in self._keywords else NAME_KEY)
        return self._classes.get(str(kind)) or spelling_key(piece)


class Rules(NamedTuple):
    """What lexing in one language takes: expressions, keys, and which lexemes give names their roles."""

    patterns: Patterns
    keys: _Keys
    members_after: frozenset[int]
    arguments_after: frozenset[int]
    arguments_before: int


@lru_cache(64)
def rules_of(table: LexerTable, keywords: frozenset[str]) -> Rules:
    """The rules of a language, built once."""
    patterns = Patterns(table)
    return Rules(
        patterns,
        _Keys(patterns, table, keywords),
        frozenset(map(spelling_key, table.members_after)),
        frozenset(map(spelling_key, "(," if table.keyword_arguments else "")),
        spelling_key(table.keyword_arguments),
    )
