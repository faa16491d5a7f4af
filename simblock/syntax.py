"""Syntax tokens: lexemes, less what can be written or left out at will.

A parser (tree-sitter) tells which lexemes stand in imports and docstrings, and which parentheses only
group; those go, and so do commas before a closing bracket. Members of the public vocabulary and called
builtins are kept literal; all other names stay names. The tokens are lexemes, not the tree's own leaves:
a copy whose surroundings do not parse keeps every one of them, and macros are not one leaf each.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import NamedTuple

import numpy as np
import tree_sitter

from simblock.errors import SimblockError
from simblock.grammar import Grammar, SyntaxTable
from simblock.lexer import NUMBER, STRING, LexemeScanner, Lexer, spelling_key
from simblock.notices import notices
from simblock.tokens import I64, MEMBER_KEY, NAME_KEY, SPELLING, U32, Bools, Tokens
from simblock.vocabulary import members

__all__ = ["Parsed", "SyntaxScanner", "parse"]

LIMIT = 2048
"""Code points without a finished statement after which a stream's tokens are given as they stand."""
PATIENCE = 8
"""After so many times in a row, brackets that are still open are taken to be never closed."""
GAP = 256
"""Code points of blanks and comments between two lexemes beyond which a stream's parser sees blanks alone."""
LITERAL = 64
"""Code points of a literal beyond which a stream's parser sees an empty one."""
MEMBER = NAME_KEY | MEMBER_KEY


def _literal(spelling: str) -> int:
    return spelling_key(spelling) & SPELLING


OPEN, CLOSE, COMMA, EQUALS = map(_literal, "(),=")
OPENERS = np.array([_literal(c) for c in "([{"], np.uint32)
CLOSERS = np.array([_literal(c) for c in ")]}"], np.uint32)
STATEMENT_ENDS = frozenset(map(_literal, ";}"))


class Parsed(NamedTuple):
    """What the parser makes of a text.

    ``comments`` i64 [n, 2]: where comments and docstrings lie; ``omitted`` i64 [m, 2]: licence notices at
    the head and imports that begin a line, which no view of a work has. Code points, in order.
    """

    tokens: Tokens
    comments: I64
    omitted: I64


class _Rules(NamedTuple):
    """A grammar's ``[syntax]``, looked up: spellings as keys, patterns as one query."""

    language: tree_sitter.Language
    query: tree_sitter.Query
    settling: tree_sitter.Query
    dropped: U32
    calling: U32
    continuing: frozenset[int]
    vocabulary: U32
    literals: U32
    builtins: U32
    calls: U32


class _Code(NamedTuple):
    """Lexemes of a region with their places in its ``source``, and the brackets open before each."""

    keys: U32
    starts: I64
    ends: I64
    depths: I64
    before: int  # the key of the lexeme before the first


def parse(text: str, grammar: Grammar, lexemes: Tokens | None = None) -> Parsed:
    """The syntax tokens of ``text``, its comments and what is left out of all views.

    ``lexemes`` are those of the whole text where the caller has them. Nothing is refused: what does not
    parse keeps its lexemes. Raises SimblockError where the grammar's parser is not installed.
    """
    rules = _rules(grammar)
    lexemes = Lexer(grammar).tokens(text) if lexemes is None else lexemes
    spans = _spans(text, rules.language, rules.query)
    code = _Code(lexemes.keys, lexemes.starts, lexemes.ends, _depths(lexemes.keys), 0)
    docstrings = _at_depth_zero(code, spans["docstring"])
    keep = _kept(code, spans, docstrings, rules)
    keys = _keys(code, grammar, rules)
    tokens = Tokens(keys[keep], lexemes.flags[keep], lexemes.starts[keep], lexemes.ends[keep])
    comments = _in_order([spans["comment"], docstrings])
    omitted = _in_order([notices(text, grammar), _beginning_lines(text, spans["import"])])
    return Parsed(tokens, comments, omitted)


@cache
def _language(module: str, function: str) -> tree_sitter.Language:
    try:
        return tree_sitter.Language(getattr(import_module(module), function)())
    except ImportError as error:
        package = module.replace("_", "-")
        raise SimblockError(f"the parser {module} is not installed: pip install {package}") from error


_known: dict[str, tuple[Grammar, _Rules]] = {}


def _rules(grammar: Grammar) -> _Rules:
    known = _known.get(grammar.name)
    if known is None or known[0] is not grammar:
        known = _known[grammar.name] = (grammar, _look_up(grammar))
    return known[1]


def _look_up(grammar: Grammar) -> _Rules:
    table = grammar.syntax
    language = _language(table.module, table.function)
    patterns = _patterns(table)
    query = _query(language, patterns, grammar)
    statements = [f"({kind}) @statement" for kind in table.statements]
    settling = _query(language, patterns + statements, grammar)
    vocabulary, literals = _paired(members(grammar.name), "\0.")
    builtins, calls = _paired(grammar.builtins, "\0()")
    dropped, calling, continuing = (
        np.array([_literal(spelling) for spelling in spellings], np.uint32)
        for spellings in (table.drop, table.calls_after, table.continues)
    )
    return _Rules(
        language,
        query,
        settling,
        dropped,
        calling,
        frozenset(continuing.tolist()),
        vocabulary,
        literals,
        builtins,
        calls,
    )


def _patterns(table: SyntaxTable) -> list[str]:
    captures = {
        "comment": table.comments,
        "docstring": table.docstrings,
        "import": table.imports,
        "unwrap": table.unwrap,
    }
    return [
        f"{entry if entry.startswith('(') else f'({entry})'} @{name}"
        for name, entries in captures.items()
        for entry in entries
    ]


def _query(language: tree_sitter.Language, patterns: list[str], grammar: Grammar) -> tree_sitter.Query:
    try:
        return tree_sitter.Query(language, "\n".join(patterns))
    except tree_sitter.QueryError as error:
        raise SimblockError(f"grammars/{grammar.name}.toml: syntax: {error}") from error


def _paired(names: Iterable[str], prefix: str) -> tuple[U32, U32]:
    """Names' spellings u32, sorted, and beside each the key of the literal it becomes."""
    pairs = sorted((_literal(name), _literal(prefix + name)) for name in names)
    both = np.array(pairs, np.uint32).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()


def _spans(source: str, language: tree_sitter.Language, query: tree_sitter.Query) -> dict[str, I64]:
    """Start and end i64 [n, 2] in code points of what the query captures, in order, by capture name."""
    source = source.replace("\0", " ").replace("\r\n", " \n").replace("\r", "\n")
    data = source.encode("utf-8", "replace")
    tree = tree_sitter.Parser(language).parse(data)
    found = tree_sitter.QueryCursor(query).captures(tree.root_node)
    spans = {name: _sorted_spans(found.get(name, [])) for name in _CAPTURES}
    if len(data) != len(source):
        first = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
        place = np.append(0, np.cumsum(first))
        spans = {name: place[span] for name, span in spans.items()}
    return spans


_CAPTURES = ("comment", "docstring", "import", "unwrap", "statement")


def _sorted_spans(nodes: list[tree_sitter.Node]) -> I64:
    flat = [place for node in nodes for place in (node.start_byte, node.end_byte)]
    spans = np.array(flat, np.int64).reshape(-1, 2)
    return spans[np.argsort(spans[:, 0], kind="stable")]


def _in_order(parts: list[I64]) -> I64:
    spans = np.concatenate(parts)
    return spans[np.argsort(spans[:, 0], kind="stable")]


def _beginning_lines(text: str, spans: I64) -> I64:
    """Those that nothing stands before on their line: an import inside a function stays in its run."""
    first = [not start or text[start - 1] in "\r\n\f" for start in spans[:, 0].tolist()]
    return spans[np.array(first, bool)]


def _depths(keys: U32) -> I64:
    """Brackets open before each lexeme; closing ones that nothing opened do not count."""
    steps = np.isin(keys, OPENERS).astype(np.int64) - np.isin(keys, CLOSERS)
    depths = np.cumsum(steps)
    depths -= np.minimum(np.minimum.accumulate(depths), 0) if len(depths) else 0
    return np.append(0, depths[:-1]) if len(depths) else depths


def _at_depth_zero(code: _Code, spans: I64) -> I64:
    """Those that begin outside all brackets: in an unfinished call a string looks like a docstring."""
    at = np.searchsorted(code.starts, spans[:, 0])
    inside = np.append(code.depths, 0)[at] > 0
    return spans[~inside]


def _kept(code: _Code, spans: dict[str, I64], docstrings: I64, rules: _Rules) -> Bools:
    """Which lexemes are syntax tokens: bool [n]."""
    gone = _covered(code.starts, np.concatenate((spans["import"], docstrings)))
    gone |= np.isin(code.keys, rules.dropped)
    gone[:-1] |= (code.keys[:-1] == COMMA) & np.isin(code.keys[1:], CLOSERS)
    gone[_groupings(code, spans["unwrap"], rules)] = True
    return ~gone


def _covered(starts: I64, spans: I64) -> Bools:
    """Which lexemes begin inside one of the spans, that may lie inside each other."""
    edges = np.searchsorted(starts, spans)
    steps = np.zeros(len(starts) + 1, np.int64)
    np.add.at(steps, edges[:, 0], 1)
    np.add.at(steps, edges[:, 1], -1)
    inside: Bools = np.cumsum(steps)[:-1] > 0
    return inside


def _groupings(code: _Code, spans: I64, rules: _Rules) -> I64:
    """Places of the parentheses around ``spans``, where both stand there and hold something."""
    first = np.searchsorted(code.starts, spans[:, 0])
    last = np.searchsorted(code.starts, spans[:, 1]) - 1
    whole = last - first > 1
    first, last = first[whole], last[whole]
    before = np.append(code.keys, np.uint32(code.before))[first - 1]
    whole = (code.keys[first] == OPEN) & (code.keys[last] == CLOSE) & (code.ends[last] == spans[whole, 1])
    whole &= ~np.isin(before, rules.calling)
    return np.concatenate((first[whole], last[whole]))


def _keys(code: _Code, grammar: Grammar, rules: _Rules) -> U32:
    """Keys u32 [n]: names of the vocabulary and called builtins literal, others as they are."""
    keys = code.keys.copy()
    following = np.append(keys[1:], np.uint32(0))
    if grammar.lexer.keyword_arguments:
        # Outside all brackets `a, b = …` assigns.
        before = np.append(np.uint32(code.before), keys[:-1])
        assigned = (before == COMMA) & (following == EQUALS) & (code.depths == 0) & (keys >= MEMBER)
        keys[assigned] &= np.uint32(~MEMBER_KEY & 0xFFFF_FFFF)
    public = keys >= MEMBER
    called = (keys >= NAME_KEY) & ~public & (following == OPEN)
    _make_literal(keys, np.flatnonzero(public), rules.vocabulary, rules.literals)
    _make_literal(keys, np.flatnonzero(called), rules.builtins, rules.calls)
    return keys


def _make_literal(keys: U32, places: I64, names: U32, literals: U32) -> None:
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
        "_base", "_before", "_depths", "_ends", "_failures", "_grammar", "_lexemes", "_lexer", "_open", "_patience", "_pieces",
        "_raw", "_rules", "_since", "_within",
    )  # fmt: skip

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._rules = _rules(grammar)
        self._lexer = LexemeScanner(grammar)
        self._lexemes: list[tuple[int, int, int]] = []  # not yet settled
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

    @property
    def next_end(self) -> int:
        """The next token ends here at the earliest."""
        return self._lexemes[0][2] if self._lexemes else self._lexer.next_end

    def feed(self, text: str) -> list[tuple[int, int, int]]:
        """Key, start and end of the tokens that are certain now that ``text`` is known."""
        out: list[tuple[int, int, int]] = []
        at = 0
        while at < len(text):
            end = text.find("\n", at, at + LIMIT - self._since) + 1 or min(
                len(text), at + LIMIT - self._since
            )
            self._take(text[at:end])
            if text[end - 1] == "\n" or self._since == LIMIT:
                out += self._settle(final=False)
            at = end
        return out

    def finish(self) -> list[tuple[int, int, int]]:
        """The rest, at the end of the text."""
        self._lexemes += self._lexer.finish()
        return self._settle(final=True)

    def _take(self, text: str) -> None:
        self._lexemes += self._lexer.feed(text)
        self._raw += text
        self._since += len(text)

    def _settle(self, final: bool) -> list[tuple[int, int, int]]:
        self._since = 0
        self._look()
        lengths = np.array([len(piece) for piece in self._pieces], np.int64)
        size = int(lengths.sum())
        if not self._lexemes or (size < self._patience and not final):
            return []
        code = self._region(np.cumsum(lengths))
        spans = _spans(self._source(), self._rules.language, self._rules.settling)
        count = len(code.keys) if final else self._settled(code, spans["statement"]) or self._forced(size)
        if not count:
            self._patience = size + size // 4
            return []
        keep = _kept(code, spans, _at_depth_zero(code, spans["docstring"]), self._rules)[:count]
        keys = _keys(code, self._grammar, self._rules)[:count]
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
            self._pieces += (_shown_gap(blank, start - self._ends), _shown(spelled, key))
            self._depths.append(len(self._open))
            self._nest(key)
            self._within.append(bool(self._open) and self._open[-1] != OPENERS[2])
            self._ends = end
        rest = self._raw[max(self._ends - self._base, 0) :]
        self._base += len(self._raw) - len(rest)
        if len(rest) > 2 * LIMIT:
            self._base += len(rest) - LIMIT
            rest = rest[-LIMIT:]
        self._raw = rest

    def _nest(self, key: int) -> None:
        if key in _CLOSED_BY:
            self._open.append(key)
        elif self._open and _CLOSED_BY[self._open[-1]] == key:
            self._open.pop()

    def _source(self) -> str:
        """What the parser sees, with a line end behind it."""
        began = 0
        while began < len(self._lexemes) and self._lexemes[began][0] in self._rules.continuing:
            began += 1
        blank = (" " * len(piece) for piece in self._pieces[: 2 * began])
        return "".join((*blank, *self._pieces[2 * began :], "\n"))

    def _region(self, places: I64) -> _Code:
        keys = np.array([key for key, _, _ in self._lexemes], np.int64).astype(np.uint32)
        return _Code(keys, places[::2], places[1::2], np.array(self._depths, np.int64), self._before)

    def _settled(self, code: _Code, statements: I64) -> int:
        """How many lexemes stand before the end of the last statement that cannot go on."""
        ended_here = self._grammar.syntax.line_ends or int(code.keys[-1]) in STATEMENT_ENDS
        counts = np.searchsorted(code.starts, statements[:, 1])
        for count in np.unique(counts)[::-1].tolist():
            ended = count < len(code.keys) or ended_here
            if count and ended and not self._within[count - 1]:
                self._failures = 0
                return int(count)
        return 0

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


_CLOSED_BY = dict(zip(OPENERS.tolist(), CLOSERS.tolist(), strict=True))


def _shown_gap(gap: str, length: int) -> str:
    """What the parser sees between two lexemes; ``gap`` is its end where it was too long to keep."""
    if length <= GAP and len(gap) == length:
        return gap
    line = gap.rfind("\n") + 1
    return "\n" + gap[line:] if line and gap[line:].isspace() else "\n"


def _shown(spelled: str, key: int) -> str:
    """What the parser sees of a lexeme, of which too long ones are not kept."""
    if 0 < len(spelled) <= LITERAL or (spelled and key != STRING):
        return spelled
    return '""' if key == STRING else "0" if key == NUMBER else "x"
