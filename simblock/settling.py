"""Syntax tokens of a text that comes in chunks: the incremental twin of :mod:`simblock.syntax`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

import numpy as np

from simblock.grammar import Grammar
from simblock.lexer import Lexeme, LexemeScanner
from simblock.nodes import Lookups, installed, shown, shown_blanked, shown_gap, spans_of
from simblock.syntax import CLOSERS, OPENERS, STATEMENT_ENDS, Code, at_depth_zero, syntax_keys, syntax_tokens
from simblock.tokens import I64

LIMIT = 2048
"""Code points without a finished statement after which a stream's tokens are given as they stand."""
PATIENCE = 8
"""After so many times in a row, brackets that are still open are taken to be never closed."""
*_, BRACE = OPENERS
CLOSED_BY = dict(zip(OPENERS, CLOSERS, strict=True))


class SyntaxScanner:
    """The syntax tokens of a text that comes in chunks: the incremental twin of :func:`parse`.

    At each line end what is not yet settled is parsed, from the end of the last finished statement on,
    however deep inside others that stands; so a line costs the same however many came before. Tokens are
    given once and never change, whatever the cut; they differ from those of the whole text where a
    statement holds others inside parentheses that only group.
    """

    __slots__ = (
        "_base", "_before", "_depths", "_ends", "_failures", "_grammar", "_lexemes", "_lookups", "_open", "_patience", "_pieces",
        "_raw", "_since", "_within", "lexer",
    )  # fmt: skip

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._lookups = installed(grammar)
        self.lexer = LexemeScanner(grammar)
        self._lexemes: list[Lexeme] = []  # not yet settled
        self._pieces: list[str] = []  # of those looked at: what stands before each, and its spelling
        self._depths: list[int] = []  # of the same: brackets open before each
        self._within: list[bool] = []  # of the same: whether the innermost open behind each is no brace
        self._open: list[int] = []
        self._before = 0  # the key of the last settled lexeme
        self._ends = 0  # where the last lexeme looked at ends
        self._raw, self._base = "", 0  # the text from there, or less where that is long, and where it begins
        self._since = 0
        self._patience = 0  # so long a region is not worth parsing again
        self._failures = 0  # how often in a row no statement was found

    def feed(self, text: str) -> list[Lexeme]:
        """Key, start and end of the tokens that are certain now that ``text`` is known."""
        return [token for piece in self.pieces(text) for token in self.take(piece, self.lexer.feed(piece))]

    def finish(self) -> list[Lexeme]:
        """The rest, at the end of the text."""
        return self.end(self.lexer.finish())

    def pieces(self, text: str) -> Iterable[str]:
        """A text by its lines, and by as much of a long one as is parsed at once: what :meth:`take` takes."""
        within = 0 < len(text) <= LIMIT - self._since and "\n" not in text
        return (text,) if within else self._lines(text)

    def _lines(self, text: str) -> Iterator[str]:
        at = 0
        while at < len(text):
            most = at + LIMIT - self._since
            end = text.find("\n", at, most) + 1 or min(len(text), most)
            yield text[at:end]
            at = end

    def take(self, piece: str, lexemes: list[Lexeme]) -> list[Lexeme]:
        """:meth:`feed` for one who has from ``lexer`` what it made of the piece, before the next is asked for."""
        if self._lookups is None:
            return []
        self._lexemes += lexemes
        self._raw += piece
        self._since += len(piece)
        return self._settle(self._lookups, final=False) if piece[-1:] == "\n" or self._since == LIMIT else []

    def end(self, lexemes: list[Lexeme]) -> list[Lexeme]:
        """:meth:`finish` for one who has finished ``lexer``."""
        if self._lookups is None:
            return []
        self._lexemes += lexemes
        return self._settle(self._lookups, final=True)

    def _settle(self, lookups: Lookups, final: bool) -> list[Lexeme]:
        self._since = 0
        self._look(lookups)
        size = sum(map(len, self._pieces))
        if not self._lexemes or (size < self._patience and not final):
            return []
        code = self._region()
        spans = spans_of(
            self._source(lookups) if lookups.language else "", lookups.language, lookups.settling
        )
        if final:
            count = len(code.keys)
        elif lookups.language:
            count = self._settled(code, spans["statement"]) or self._forced(size)
        else:
            count = len(code.keys) - 1  # the last may be a comma that the next makes a trailing one
        if not count:
            self._patience = size + size // 4
            return []
        keep = syntax_tokens(code, spans, at_depth_zero(code, spans["docstring"]), lookups)[:count]
        keys = syntax_keys(code, spans["parameter"], self._grammar, lookups)[:count]
        settled = [
            (key, *self._lexemes[at][1:])
            for at, key in zip(np.flatnonzero(keep).tolist(), keys[keep].tolist(), strict=True)
        ]
        self._forget(count)
        return settled

    def _look(self, lookups: Lookups) -> None:
        """Notes the spelling and the surroundings of new lexemes, and lets their text go."""
        for key, start, end in self._lexemes[len(self._depths) :]:
            blank = self._raw[max(self._ends - self._base, 0) : max(start - self._base, 0)]
            spelled = self._raw[start - self._base : end - self._base] if start >= self._base else ""
            seen = shown_gap(blank, start - self._ends), shown(spelled, key)
            blanked = lookups.blanks and shown_blanked(blank, key, seen[1], lookups.blanks)
            self._pieces += blanked or seen
            self._depths.append(len(self._open))
            self._nest(key)
            self._within.append(bool(self._open) and self._open[-1] != BRACE)
            self._ends = end
        rest = self._raw[max(self._ends - self._base, 0) :]
        self._base += len(self._raw) - len(rest)
        if len(rest) > 2 * LIMIT:
            self._base += len(rest) - LIMIT
            rest = rest[-LIMIT:]
        self._raw = rest

    def _nest(self, key: int) -> None:
        if key in CLOSED_BY:
            self._open.append(key)
        elif self._open and CLOSED_BY[self._open[-1]] == key:
            self._open.pop()

    def _source(self, lookups: Lookups) -> str:
        """What the parser sees, with a line end behind it."""
        pieces = self._pieces
        for at, (key, _, _) in enumerate(self._lexemes):
            if key not in lookups.continuing and not pieces[2 * at + 1].isspace():
                return "".join([*(" " * len(piece) for piece in pieces[: 2 * at]), *pieces[2 * at :], "\n"])
        return "\n"

    def _region(self) -> Code:
        keys = np.array([key for key, _, _ in self._lexemes], np.uint32)
        places = np.array([*accumulate(map(len, self._pieces))], np.int64)
        return Code(keys, places[::2], places[1::2], np.array(self._depths, np.int64), self._before)

    def _settled(self, code: Code, statements: I64) -> int:
        """How many lexemes stand before the end of the last statement that cannot go on."""
        # Blanks alone: no string or comment has begun, and no backslash goes on with the line.
        line_ended = self._grammar.syntax.line_ends and self._raw.isspace()
        ended_here = line_ended or self._lexemes[-1][0] in STATEMENT_ENDS
        counts: set[int] = set(np.searchsorted(code.starts, statements[:, 1]).tolist())
        for count in sorted(counts, reverse=True):
            ended = self._goes_apart(count) if count < len(code.keys) else ended_here
            if count and ended and not self._within[count - 1]:
                self._failures = 0
                return count
        return 0

    def _goes_apart(self, at: int) -> bool:
        """Whether a lexeme may begin a statement: `x = "` still lacks its string, and looks like one in `x`."""
        return not self._grammar.syntax.line_ends or "\n" in self._pieces[2 * at]

    def _forced(self, size: int) -> int:
        """How many lexemes are given although no statement has ended, for there are too many."""
        if size < LIMIT:
            return 0
        self._failures += 1
        if self._failures == PATIENCE:
            self._open.clear()
        return len(self._lexemes) - 1  # the last may be a comma that the next makes a trailing one

    def _forget(self, count: int) -> None:
        self._before = self._lexemes[count - 1][0]
        del self._lexemes[:count], self._depths[:count], self._within[:count], self._pieces[: 2 * count]
        self._patience = 0
