"""Runs of tokens with their places: what text and code become, and stay.

A token is a 32-bit key (equal keys are equal tokens), a byte of flags, and the code points
[start, end) of the original that it was read from. Everything above the tokenisers (shingles,
windows, signatures, alignment, release) sees only these arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

U8: TypeAlias = NDArray[np.uint8]
U16: TypeAlias = NDArray[np.uint16]
U32: TypeAlias = NDArray[np.uint32]
U64: TypeAlias = NDArray[np.uint64]
I64: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]

CHAR = 1
"""Flag: one character of a script written without spaces (its key has the top bit set)."""
COMMON = 2
"""Flag: a word of the skip list, passed over by channels of content words."""
CHAR_KEY = 0x8000_0000
"""The bit that sets keys of characters apart from keys of words."""

NAME_KEY = 0x8000_0000
"""The bit, in lexemes and syntax tokens, of names: they are numbered inside a shingle, however spelled."""
MEMBER_KEY = 0x4000_0000
"""The bit, beside NAME_KEY, of members' names: they are numbered in a space of their own."""
ARGUMENT_KEY = 0x4000_0000
"""The same bit without NAME_KEY, of lexemes alone: a name between a bracket or comma and `=`, of which only the
tree says whether it is an argument given by keyword or a parameter with its default. No view holds such a key:
the lexeme view has one literal for all of them, and syntax tokens are members or plain names."""
SPELLING = 0x3FFF_FFFF
"""The bits of a lexeme's or syntax token's key that hash its spelling; all others are kept literal."""

VIEWS = ("words", "source", "comments", "lexemes", "syntax")
"""Ways to read a work as tokens, in the order of their codes.

A text has one run, its *words*. A work of code has four, that follow each other: *source*, all its
words; *comments*, the words of its comments and docstrings; *lexemes*; and *syntax* tokens.
"""
CODE_VIEWS = VIEWS[1:]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens in order: ``keys`` u32, ``flags`` u8, ``starts`` and ``ends`` i64 code points, all [n]."""

    keys: U32
    flags: U8
    starts: I64
    ends: I64

    def __len__(self) -> int:
        return len(self.keys)

    def where(self, chosen: Bools | I64) -> Tokens:
        """Those that are chosen: bool [n], or their places i64 [m], in that order."""
        return Tokens(self.keys[chosen], self.flags[chosen], self.starts[chosen], self.ends[chosen])

    def part(self, first: int, stop: int) -> Tokens:
        """Those at [first, stop), uncopied."""
        place = slice(first, stop)
        return Tokens(self.keys[place], self.flags[place], self.starts[place], self.ends[place])

    def moved(self, by: int | I64) -> Tokens:
        """The same so many code points further on: all, or each by its own i64 [n]."""
        return replace(self, starts=self.starts + by, ends=self.ends + by)


def joined(runs: Iterable[Tokens]) -> Tokens:
    """Many runs as one, in their order."""
    columns = [(run.keys, run.flags, run.starts, run.ends) for run in (NO_TOKENS, *runs)]
    return Tokens(*map(np.concatenate, zip(*columns, strict=True)))


NO_TOKENS = Tokens(
    np.empty(0, np.uint32), np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64)
)


@dataclass(frozen=True, slots=True)
class Runs:
    """Many runs laid end to end: tokens, and ``bounds`` i64 [runs + 1] between which each run lies.

    Starts and ends count within each run's own text. ``views`` u8 [runs] says of each run how its text
    was read, as a place in VIEWS; None where all are words of texts.
    """

    tokens: Tokens
    bounds: I64
    views: U8 | None = None

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def run(self, at: int) -> Tokens:
        """The tokens of one run, uncopied."""
        return self.tokens.part(int(self.bounds[at]), int(self.bounds[at + 1]))
