"""Syntax tokens: lexemes, less what can be written or left out at will.

A parser (tree-sitter) tells which lexemes stand in imports and docstrings, and which parentheses only
group; those go, and so do commas before a closing bracket. Members of the public vocabulary and called
builtins are kept literal; all other names stay names. The tokens are lexemes, not the tree's own leaves:
a copy whose surroundings do not parse keeps every one of them, and macros are not one leaf each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from simblock.grammar import Grammar
from simblock.lexer import Lexeme, LexemeScanner, Lexer
from simblock.nodes import Lookups, literal, lookups_of, shown, shown_gap, spans_of
from simblock.notices import notices
from simblock.tokens import ARGUMENT_KEY, I64, MEMBER_KEY, NAME_KEY, SPELLING, U32, Bools, Tokens

__all__ = ["Parsed", "SyntaxScanner", "parse"]

PIECE = 1 << 15
"""Code points that are parsed at a time of a whole text."""
LIMIT = 2048
"""Code points without a finished statement after which a stream's tokens are given as they stand."""
PATIENCE = 8
"""After so many times in a row, brackets that are still open are taken to be never closed."""
MEMBER = NAME_KEY | MEMBER_KEY

OPEN, CLOSE, COMMA, EQUALS = map(literal, "(),=")
OPENERS = *_, BRACE = tuple(map(literal, "([{"))
CLOSERS = tuple(map(literal, ")]}"))
CLOSED_BY = dict(zip(OPENERS, CLOSERS, strict=True))
STATEMENT_ENDS = frozenset(map(literal, ";}"))


class Parsed(NamedTuple):
    """What the parser makes of a text.

    ``comments`` i64 [n, 2]: where comments and docstrings lie; ``omitted`` i64 [m, 2]: licence notices at
    the head and imports that begin a line, which no view of a work has. Code points, in order.
    """

    tokens: Tokens
    comments: I64
    omitted: I64


class _Code(NamedTuple):
    """Lexemes of a region with their places in its ``source``, and the brackets open before each."""

    keys: U32
    starts: I64
    ends: I64
    depths: I64
    before: int  # the key of the lexeme before the first


def parse(text: str, grammar: Grammar, lexemes: Tokens | None = None) -> Parsed:
    """The syntax tokens of ``text``, its comments and what is left out of all views.

    ``lexemes`` are those of the whole text as the Lexer gives them, where the caller has them. Nothing is refused: what does not
    parse keeps its lexemes. Raises SimblockError where the grammar's parser is not installed.
    """
    lookups = lookups_of(grammar)
    lexemes = Lexer(grammar).tokens(text) if lexemes is None else lexemes
    code = _Code(lexemes.keys, lexemes.starts, lexemes.ends, _depths(lexemes.keys), 0)
    spans = _spans(text, code, lookups)
    docstrings = _at_depth_zero(code, spans["docstring"])
    keep = _kept(code, spans, docstrings, lookups)
    keys = _keys(code, spans["parameter"], grammar, lookups)
    tokens = Tokens(keys[keep], lexemes.flags[keep], lexemes.starts[keep], lexemes.ends[keep])
    comments = _in_order([spans["comment"], docstrings])
    omitted = _in_order([notices(text, grammar), _beginning_lines(text, spans["import"])])
    return Parsed(tokens, comments, omitted)


def _spans(text: str, code: _Code, lookups: Lookups) -> dict[str, I64]:
    """What the parser finds: in long texts piece by piece, for what does not parse costs it the length squared."""
    cuts = [0, *_cuts(text, code), len(text)]
    found = [(low, spans_of(text[low:high], lookups.language, lookups.query)) for low, high in pairwise(cuts)]
    return {name: np.concatenate([spans[name] + low for low, spans in found]) for name in found[0][1]}


def _cuts(text: str, code: _Code) -> Iterator[int]:
    """Where pieces begin: with a lexeme, in as few brackets as can be, at best at the beginning of a line."""
    at = 0
    while len(text) - at > PIECE:
        low, high = np.searchsorted(code.starts, (at + PIECE // 2, at + PIECE)).tolist()
        if high == len(code.starts):
            return
        depths = code.depths[low : high + 1]
        shallow = (low + np.flatnonzero(depths == depths.min())[::-1]).tolist()
        at = int(code.starts[_best(text, code, shallow)])
        yield at


def _best(text: str, code: _Code, places: list[int]) -> int:
    """The first of the places with the least badness."""
    badness = []
    for place in places:
        badness.append(_badness(text, code, place))
        if not badness[-1]:
            break
    return places[badness.index(min(badness))]


def _badness(text: str, code: _Code, place: int) -> int:
    """0 where a lexeme begins its line unindented, 1 indented, 2 behind the end of a statement, else 3."""
    start = int(code.starts[place])
    if not place or text[start - 1] == "\n":
        return 0
    if "\n" in text[int(code.ends[place - 1]) : start]:
        return 1
    return 2 if int(code.keys[place - 1]) in STATEMENT_ENDS else 3


def _in_order(parts: list[I64]) -> I64:
    spans = np.concatenate(parts)
    ordered: I64 = spans[np.argsort(spans[:, 0], kind="stable")]
    return ordered


def _beginning_lines(text: str, spans: I64) -> I64:
    """Those that nothing stands before on their line: an import inside a function stays in its run."""
    first = [not start or text[start - 1] in "\r\n\f" for start in spans[:, 0].tolist()]
    chosen: I64 = spans[np.array(first, bool)]
    return chosen


def _among(keys: U32, marks: tuple[int, ...]) -> Bools:
    """Which keys are among a few: `np.isin` takes longer than all else that is done to a line."""
    among = np.zeros(len(keys), np.bool_)
    for mark in marks:
        among |= keys == mark
    return among


def _depths(keys: U32) -> I64:
    """Brackets open before each lexeme; closing ones that nothing opened do not count."""
    if not len(keys):
        return np.empty(0, np.int64)
    steps = _among(keys, OPENERS).view(np.int8) - _among(keys, CLOSERS).view(np.int8)
    depths = np.cumsum(steps, dtype=np.int64)
    depths -= np.minimum(np.minimum.accumulate(depths), 0)
    return np.append(0, depths[:-1])


def _at_depth_zero(code: _Code, spans: I64) -> I64:
    """Those that begin outside all brackets: in an unfinished call a string looks like a docstring."""
    if not len(spans):
        return spans
    at = np.searchsorted(code.starts, spans[:, 0])
    inside = np.append(code.depths, 0)[at] > 0
    return spans[~inside]


def _kept(code: _Code, spans: dict[str, I64], docstrings: I64, lookups: Lookups) -> Bools:
    """Which lexemes are syntax tokens: bool [n]."""
    gone = _among(code.keys, lookups.dropped)
    gone[:-1] |= (code.keys[:-1] == COMMA) & _among(code.keys[1:], CLOSERS)
    for covering in (spans["import"], docstrings):
        if len(covering):
            gone |= _covered(code.starts, covering)
    if len(spans["unwrap"]):
        gone[_groupings(code, spans["unwrap"], lookups)] = True
    return ~gone


def _covered(starts: I64, spans: I64) -> Bools:
    """Which lexemes begin inside one of the spans, that may lie inside each other."""
    edges = np.searchsorted(starts, spans)
    steps = np.zeros(len(starts) + 1, np.int64)
    np.add.at(steps, edges[:, 0], 1)
    np.add.at(steps, edges[:, 1], -1)
    inside: Bools = np.cumsum(steps)[:-1] > 0
    return inside


def _groupings(code: _Code, spans: I64, lookups: Lookups) -> I64:
    """Places of the parentheses around ``spans``, where both stand there and hold something."""
    first = np.searchsorted(code.starts, spans[:, 0])
    last = np.searchsorted(code.starts, spans[:, 1]) - 1
    whole = last - first > 1
    first, last = first[whole], last[whole]
    before = code.keys[first - 1]
    before[first == 0] = code.before
    whole = (code.keys[first] == OPEN) & (code.keys[last] == CLOSE) & (code.ends[last] == spans[whole, 1])
    whole &= ~_among(before, lookups.calling)
    return np.concatenate((first[whole], last[whole]))


def _keys(code: _Code, parameters: I64, grammar: Grammar, lookups: Lookups) -> U32:
    """Keys u32 [n]: names of the vocabulary and called builtins literal, others as they are."""
    keys = code.keys.copy()
    following = np.zeros_like(keys)
    following[:-1] = keys[1:]
    if grammar.lexer.keyword_arguments:
        arguments = (keys >= ARGUMENT_KEY) & (keys < NAME_KEY)
        keys[arguments] |= np.uint32(MEMBER)
        keys[arguments & _own_names(code, following, parameters)] &= np.uint32(~MEMBER_KEY & 0xFFFF_FFFF)
    public = keys >= MEMBER
    called = (keys >= NAME_KEY) & ~public & (following == OPEN)
    _makeliteral(keys, np.flatnonzero(public), lookups.vocabulary, lookups.literals)
    _makeliteral(keys, np.flatnonzero(called), lookups.builtins, lookups.calls)
    return keys


def _own_names(code: _Code, following: U32, parameters: I64) -> Bools:
    """Which names that look like arguments given by keyword are the function's own: bool [n]."""
    # Outside all brackets `a, b = …` assigns.
    own: Bools = (following == EQUALS) & (code.depths == 0)
    own[1:] &= code.keys[:-1] == COMMA
    own[:1] &= code.before == COMMA
    if len(parameters):
        at = np.searchsorted(code.starts, parameters[:, 0])
        own[at[at < len(own)]] = True
    return own


def _makeliteral(keys: U32, places: I64, names: U32, literals: U32) -> None:
    if len(places) and len(names):
        spelled = keys[places] & np.uint32(SPELLING)
        at = np.searchsorted(names, spelled)
        at[at == len(names)] = 0
        known = names[at] == spelled
        keys[places[known]] = literals[at[known]]


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
        self._lookups = lookups_of(grammar)
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
        self._lexemes += lexemes
        self._raw += piece
        self._since += len(piece)
        return self._settle(final=False) if piece[-1:] == "\n" or self._since == LIMIT else []

    def end(self, lexemes: list[Lexeme]) -> list[Lexeme]:
        """:meth:`finish` for one who has finished ``lexer``."""
        self._lexemes += lexemes
        return self._settle(final=True)

    def _settle(self, final: bool) -> list[Lexeme]:
        self._since = 0
        self._look()
        size = sum(map(len, self._pieces))
        if not self._lexemes or (size < self._patience and not final):
            return []
        code = self._region()
        spans = spans_of(self._source(), self._lookups.language, self._lookups.settling)
        count = len(code.keys) if final else self._settled(code, spans["statement"]) or self._forced(size)
        if not count:
            self._patience = size + size // 4
            return []
        keep = _kept(code, spans, _at_depth_zero(code, spans["docstring"]), self._lookups)[:count]
        keys = _keys(code, spans["parameter"], self._grammar, self._lookups)[:count]
        settled = [
            (key, *self._lexemes[at][1:])
            for at, key in zip(np.flatnonzero(keep).tolist(), keys[keep].tolist(), strict=True)
        ]
        self._forget(count)
        return settled

    def _look(self) -> None:
        """Notes the spelling and the surroundings of new lexemes, and lets their text go."""
        for key, start, end in self._lexemes[len(self._depths) :]:
            blank = self._raw[max(self._ends - self._base, 0) : max(start - self._base, 0)]
            spelled = self._raw[start - self._base : end - self._base] if start >= self._base else ""
            self._pieces += (shown_gap(blank, start - self._ends), shown(spelled, key))
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

    def _source(self) -> str:
        """What the parser sees, with a line end behind it."""
        pieces = self._pieces
        for at, (key, _, _) in enumerate(self._lexemes):
            if key not in self._lookups.continuing:
                return "".join([*(" " * len(piece) for piece in pieces[: 2 * at]), *pieces[2 * at :], "\n"])
        return "\n"

    def _region(self) -> _Code:
        keys = np.array([key for key, _, _ in self._lexemes], np.uint32)
        places = np.array([*accumulate(map(len, self._pieces))], np.int64)
        return _Code(keys, places[::2], places[1::2], np.array(self._depths, np.int64), self._before)

    def _settled(self, code: _Code, statements: I64) -> int:
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
