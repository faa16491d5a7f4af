"""Syntax tokens: lexemes, less what can be written or left out at will.

A parser (tree-sitter) tells which lexemes stand in imports and docstrings, and which parentheses only
group; those go, and so do commas before a closing bracket. Members of the public vocabulary and called
builtins are kept literal; all other names stay names. The tokens are lexemes, not the tree's own leaves:
a copy whose surroundings do not parse keeps every one of them, and macros are not one leaf each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from simblock.grammar import Grammar
from simblock.lexer import Lexer
from simblock.nodes import Blanks, Lookups, installed, literal, spans_of
from simblock.notices import notices
from simblock.tokens import ARGUMENT_KEY, I64, MEMBER_KEY, NAME_KEY, NO_TOKENS, SPELLING, U32, Bools, Tokens

__all__ = ["Code", "Parsed", "at_depth_zero", "parse", "syntax_keys", "syntax_tokens"]

PIECE = 1 << 15
"""Code points that are parsed at a time of a whole text."""
MEMBER = NAME_KEY | MEMBER_KEY

OPEN, CLOSE, COMMA = map(literal, "(),")
OPENERS = tuple(map(literal, "([{"))
CLOSERS = tuple(map(literal, ")]}"))
STATEMENT_ENDS = frozenset(map(literal, ";}"))


class Parsed(NamedTuple):
    """What the parser makes of a text.

    ``comments`` i64 [n, 2]: where comments and docstrings lie; ``omitted`` i64 [m, 2]: licence notices at
    the head and imports that begin a line, which no view of a work has. Code points, in order.
    """

    tokens: Tokens
    comments: I64
    omitted: I64


class Code(NamedTuple):
    """Lexemes of a region with their places in its ``source``, and the brackets open before each."""

    keys: U32
    starts: I64
    ends: I64
    depths: I64
    before: int  # the key of the lexeme before the first


def parse(text: str, grammar: Grammar, lexemes: Tokens | None = None) -> Parsed:
    """The syntax tokens of ``text``, its comments and what is left out of all views.

    ``lexemes`` are those of the whole text as the Lexer gives them, where the caller has them. Nothing is refused: what does not
    parse keeps its lexemes. Where the grammar's parser is not installed there are no tokens; where that is so, or the
    language has none, comments are the lexer's, and no docstring or import is known.
    """
    lexer = Lexer(grammar)
    lexemes = lexer.tokens(text) if lexemes is None else lexemes
    lookups = installed(grammar)
    if lookups is None:
        return Parsed(NO_TOKENS, lexer.comments(text), notices(text, grammar))
    code = Code(lexemes.keys, lexemes.starts, lexemes.ends, _depths(lexemes.keys), 0)
    seen = _blanked(text, code, lexer, lookups.blanks) if lookups.blanks else text
    spans = _spans(text, seen, code, lookups)
    docstrings = at_depth_zero(code, spans["docstring"])
    keep = syntax_tokens(code, spans, docstrings, lookups)
    keys = syntax_keys(code, spans["parameter"], grammar, lookups)
    tokens = replace(lexemes, keys=keys).where(keep)
    comments = _in_order([spans["comment"] if lookups.language else lexer.comments(text), docstrings])
    omitted = _in_order([notices(text, grammar), _beginning_lines(text, spans["import"])])
    return Parsed(tokens, comments, omitted)


def _blanked(text: str, code: Code, lexer: Lexer, blanks: Blanks) -> str:
    """What the parser sees of a text: its code where it stands, and blanks for what stands between."""
    pieces, done = [], 0
    for start, end in _between(text, code, lexer, blanks):
        pieces += [text[done:start], blanks.instead(text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _between(text: str, code: Code, lexer: Lexer, blanks: Blanks) -> Iterator[tuple[int, int]]:
    """Start and end of each comment that is blanked, with the lexeme right behind that belongs to its close."""
    places = np.array([found.start() for found in re.finditer(re.escape(blanks.open), text)], np.int64)
    starts, ends = np.append(code.starts, len(text)), np.append(0, code.ends)
    behind = np.searchsorted(code.ends, places, "right")
    for gap in np.unique(behind[places < starts[behind]]).tolist():
        low, high = int(ends[gap]), int(starts[gap])
        belongs = gap < len(code.keys) and int(code.keys[gap]) in blanks.behind
        for start, end in (lexer.comments(text[low:high]) + low).tolist():
            if text.startswith(blanks.open, start):
                yield start, int(ends[gap + 1]) if belongs and end == high else end


def _spans(text: str, seen: str, code: Code, lookups: Lookups) -> dict[str, I64]:
    """What the parser finds: in long texts piece by piece, for what does not parse costs it the length squared.

    ``seen`` is what it sees of the text.
    """
    cuts = [0, *_cuts(text, code), len(text)]
    found = [(low, spans_of(seen[low:high], lookups.language, lookups.query)) for low, high in pairwise(cuts)]
    return {name: np.concatenate([spans[name] + low for low, spans in found]) for name in found[0][1]}


def _cuts(text: str, code: Code) -> Iterator[int]:
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


def _best(text: str, code: Code, places: list[int]) -> int:
    """The first of the places with the least badness."""
    badness = []
    for place in places:
        badness.append(_badness(text, code, place))
        if not badness[-1]:
            break
    return places[badness.index(min(badness))]


def _badness(text: str, code: Code, place: int) -> int:
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


def at_depth_zero(code: Code, spans: I64) -> I64:
    """Those that begin outside all brackets: in an unfinished call a string looks like a docstring."""
    if not len(spans):
        return spans
    at = np.searchsorted(code.starts, spans[:, 0])
    inside = np.append(code.depths, 0)[at] > 0
    return spans[~inside]


def syntax_tokens(code: Code, spans: dict[str, I64], docstrings: I64, lookups: Lookups) -> Bools:
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


def _groupings(code: Code, spans: I64, lookups: Lookups) -> I64:
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


def syntax_keys(code: Code, parameters: I64, grammar: Grammar, lookups: Lookups) -> U32:
    """Keys u32 [n]: names of the vocabulary and called builtins literal, others as they are."""
    keys = code.keys.copy()
    following = np.zeros_like(keys)
    following[:-1] = keys[1:]
    if grammar.lexer.keyword_arguments:
        arguments = (keys >= ARGUMENT_KEY) & (keys < NAME_KEY)
        keys[arguments] |= np.uint32(MEMBER)
        keys[arguments & _own_names(code, parameters)] &= np.uint32(~MEMBER_KEY & 0xFFFF_FFFF)
    public = keys >= MEMBER
    called = (keys >= NAME_KEY) & ~public & (following == OPEN)
    _makeliteral(keys, np.flatnonzero(public), lookups.vocabulary, lookups.literals)
    _makeliteral(keys, np.flatnonzero(called), lookups.builtins, lookups.calls)
    return keys


def _own_names(code: Code, parameters: I64) -> Bools:
    """Which names that look like arguments given by keyword are the function's own: bool [n]."""
    # Outside all brackets `a, b = …` assigns.
    own: Bools = code.depths == 0
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
