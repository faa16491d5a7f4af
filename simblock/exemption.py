"""What counts for nothing: a source token in a run that the client's own request holds too, and commonplaces.

Such a run has 8 words, 16 characters of scripts without spaces, or 15 lexemes with their names numbered.
Commonplaces (:mod:`simblock.commonplaces`) are runs of words alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from simblock.codestream import code_of
from simblock.commonplaces import commonplace, ends_commonplace
from simblock.grammar import grammar
from simblock.lexer import Lexer, lexeme_view
from simblock.scheme import Lane
from simblock.shingles import hashes, numbered
from simblock.syntax import parse
from simblock.text import tokenise
from simblock.tokens import CHAR_KEY, U32, U64
from simblock.unmasking import unmasked

WORD_RUNS: tuple[tuple[int, bool], ...] = ((8, False), (16, True))
"""Tokens in a row, words or characters, that make a source token exempt."""
LEXEMES = 15
"""The same for code: lexemes, or syntax tokens, whatever their names."""


class Reading(NamedTuple):
    """A way to read the request: a lane, and the language where it is a lane of code."""

    lane: Lane
    language: str | None = None


WORDS = Reading("words")


class Exemption:
    """The runs of tokens of a client's request, hashed when first asked for.

    Most responses never come near a protected work, so most requests are never read. A source token in
    such a run is exempt, and so is an output token: what the user said, word for word, may be said back.
    With ``commonplaces`` so is what nobody owns, whoever said it.
    """

    def __init__(self, texts: Sequence[str] = (), *, commonplaces: bool = False) -> None:
        self._texts = tuple(text for text in texts if text)
        self._commonplaces = commonplaces
        self._known: dict[Reading, tuple[U64, frozenset[int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._texts) or self._commonplaces

    def unread(self, readings: Iterable[Reading]) -> int:
        """Characters that would be read now to know the request in each of these readings."""
        return sum(len(text) for reading in readings if reading not in self._known for text in self._texts)

    def read(self, readings: Iterable[Reading]) -> None:
        """Reads the request now in each of these readings."""
        for reading in readings:
            self._read(reading)

    def echoes(self, back: Sequence[int], reading: Reading = WORDS) -> bool:
        """Whether the output repeats the request, or a commonplace, up to the last of these tokens."""
        if self._commonplaces and reading == WORDS and ends_commonplace(back):
            return True
        if not back or not self._texts:
            return False
        if reading.lane != "words":
            keys, count, hashed = list(back[-LEXEMES:]), LEXEMES, numbered
        else:
            chars = back[-1] >= CHAR_KEY
            count, hashed = WORD_RUNS[chars][0], hashes
            keys = [key for key in back if (key >= CHAR_KEY) == chars][-count:]
        _, known = self._read(reading)
        return len(keys) == count and int(hashed(np.array(keys, np.uint32), count)[0]) in known

    def places(self, keys: Sequence[int], base: int, reading: Reading = WORDS) -> set[int]:
        """Which of the source tokens from ``base`` on, with these keys, are exempt."""
        found: set[int] = set()
        if self._commonplaces and reading == WORDS:
            found.update((np.flatnonzero(commonplace(np.array(keys, np.uint32))) + base).tolist())
        if not self._texts:
            return found
        runs, _ = self._read(reading)
        for keep, n, made in _shingles(np.array(keys, np.uint32), reading):
            for at in np.flatnonzero(np.isin(made, runs)):
                found.update((keep[at : at + n] + base).tolist())
        return found

    def _read(self, reading: Reading) -> tuple[U64, frozenset[int]]:
        if reading not in self._known:
            parts = [np.empty(0, np.uint64)]
            for text in self._texts:
                for keys in _READ[reading.lane](text, reading.language):
                    parts += [made for _, _, made in _shingles(keys, reading)]
            runs = np.unique(np.concatenate(parts))
            self._known[reading] = (runs, frozenset(runs.tolist()))
        return self._known[reading]


def _shingles(keys: U32, reading: Reading) -> Iterable[tuple[U32, int, U64]]:
    """Which tokens make shingles, of how many, and the hashes of all."""
    if reading.lane != "words":
        yield np.arange(len(keys)), LEXEMES, numbered(keys, LEXEMES)  # type: ignore[misc]
        return
    for n, chars in WORD_RUNS:
        keep = np.flatnonzero((keys >= CHAR_KEY) == chars)
        yield keep, n, hashes(keys[keep], n)  # type: ignore[misc]


def _words(text: str, _language: str | None) -> Iterable[U32]:
    yield tokenise(text).keys
    masked = unmasked(text)
    if masked is not None:
        yield np.array(masked.keys, np.uint32)


def _lexemes(text: str, language: str | None) -> Iterable[U32]:
    name = language or ""
    return (lexeme_view(Lexer(grammar(name)).tokens(code).keys) for code in code_of(text, name))


def _syntax(text: str, language: str | None) -> Iterable[U32]:
    name = language or ""
    return (parse(code, grammar(name)).tokens.keys for code in code_of(text, name))


_READ: dict[Lane, Callable[[str, str | None], Iterable[U32]]] = {
    "words": _words,
    "lexemes": _lexemes,
    "syntax": _syntax,
}
