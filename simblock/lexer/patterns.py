"""The regular expressions of a language, built from its grammar's ``[lexer]``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simblock.grammar import LITERAL_LIMIT, Block, LexerTable

NAME_LIMIT = 1024
"""A longer name goes on as the next, so that a stream holds no more of one."""
JOIN_LIMIT = 16
"""Invisible characters in a row, at most, that do not end a name."""
ESCAPED_LIMIT = 64
"""Times that an escape or invisible characters may stand in a name, and characters behind each of them."""
BRACKET_LIMIT = 256
"""A bracket within such a literal has at most so many characters."""

JOINERS = r"\xad\u200c\u200d"
"""Invisible, but parts of a name that they stand in."""
INVISIBLE = (
    r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
)
"""Control characters, marks of direction and what else has neither width nor meaning."""
BEYOND = (
    r"\xa1-\xac\xae-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e"
    r"\u2065\u2070-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
)
"""All characters beyond ASCII but white space and INVISIBLE; digits among them begin numbers, tried before."""
BREAK = r"\\(?:\r\n?|\n)"
SPACE = rf"[\s{INVISIBLE}]++|{BREAK}"
ESCAPE = r"\\(?:\r\n|[\s\S])"
ESCAPED_MARK = r"\\[\\\"'`]"
"""One operator, so that behind a quote that is never closed no escaped one is tried again: time stays linear."""


TORN_ESCAPE = 9
"""Characters behind the backslash of an escape in a name, at most, while it is not whole."""


INDENT_LIMIT = 32
"""Blanks before what is the first of its line, at most."""


def repeated(pattern: str, times: str = "*") -> str:
    """The regular expression of as many rounds of ``pattern`` as there are, none of which is given back.

    No round may fail: before Python 3.11.5 what stands behind such a repetition is then looked for where the
    failed round gave up, or the repetition never ends. So the last of the alternatives is nothing, and ends it.
    See https://github.com/python/cpython/issues/106052.
    """
    return f"(?:{pattern}|){times}+"


_LITERAL = re.compile(r"(?:\\\W|[^\\.^$*+?{}\[\]|()])+")
"""A regular expression that is one spelling."""


def _opening(block: Block) -> str:
    """What a block begins with, and, where it must be the first of its line, what stands before."""
    return _first_of_line(block.open) if block.line_start else f"(?:{block.open})"


def _first_of_line(expression: str) -> str:
    blanks = [rf"[^\S\r\n]{{{size}}}" for size in range(INDENT_LIMIT + 1)]
    starts = [rf"(?<=[\r\n]{blank})" for blank in blanks]
    starts += [rf"(?<=(?<![\s\S]){blank})" for blank in blanks]
    return f"(?={expression})(?:{'|'.join(starts)})(?:{expression})"


def _torn_openings(table: LexerTable) -> str:
    """What may become the opening of a block over lines, where that is one spelling of three characters or more."""
    rows = []
    for block in table.blocks:
        if not block.one_line and _LITERAL.fullmatch(block.open):
            spelled = re.sub(r"\\(\W)", r"\1", block.open)
            begun = "|".join(re.escape(spelled[:size]) for size in range(2, len(spelled)))
            if begun:
                rows.append(_first_of_line(f"(?:{begun})") if block.line_start else f"(?:{begun})")
    return "|".join(rows)


class _Literal:
    """The regular expressions of a literal that stands within a line."""

    def __init__(self, block: Block) -> None:
        escape = f"|{ESCAPE}" if block.escapes else ""
        stops = re.escape(block.close[0] + block.brackets[:1]) + r"\r\n" + (r"\\" if block.escapes else "")
        atom, cut = f"[^{stops}]{escape}", r"\\" if block.escapes else ""
        if block.brackets:
            left, right = map(re.escape, block.brackets)
            inner = left + repeated(rf"[^{right}\\\r\n]{escape}", f"{{0,{BRACKET_LIMIT}}}")
            atom, cut = f"{atom}|{inner}{right}", rf"\\|{inner}\\?"
        begin, times = _opening(block), f"{{0,{block.most or LITERAL_LIMIT}}}"
        body, holds = repeated(atom, times), ""
        if block.holds:
            holds = f"(?={repeated(f'(?!{block.holds})(?:{atom})', times)}(?:{block.holds}))"
        self.whole = f"{begin}{holds}{body}{re.escape(block.close)}{block.tail}"
        self.undecided = rf"{begin}{body}(?:{cut})?\Z"
        """What may still become one: there is no more text yet, nor a line break."""
        self.begun = f"{begin}{body}(?:{cut})?"
        """So far it may be one; the next character decides."""


class _Name:
    """The regular expressions of a name."""

    def __init__(self, table: LexerTable) -> None:
        marks = BEYOND + re.escape(table.name_marks)
        escape = f"|{table.name_escapes}" if table.name_escapes else ""
        start, char = f"[A-Za-z_{marks}]", f"[A-Za-z0-9_{marks}]"
        joined = f"[{JOINERS}]{{1,{JOIN_LIMIT}}}+(?={char}{escape})"
        times = f"{{0,{ESCAPED_LIMIT - 1}}}"
        more = repeated(f"(?:{joined}{escape}){char}{times}+", times)
        self.whole = f"(?:{start}{escape}){char}{{0,{NAME_LIMIT - 1}}}+{more}"
        self.torn = f"[{JOINERS}]{{1,{JOIN_LIMIT}}}+"
        """What may go on with a name, or begin one, if no more text is known."""
        if escape:
            self.torn = rf"(?:[{JOINERS}]{{0,{JOIN_LIMIT}}}+\\[\w{{]{{0,{TORN_ESCAPE}}}+|{self.torn})"


def _whole(block: Block, table: LexerTable) -> str:
    """The regular expression of a comment or literal with all its lines, and of one that is never closed."""
    stops = re.escape(block.close[:1]) or r"\r\n"
    hidden = r"\\" + repeated(r"\r\n|[\s\S]", "?")
    escape = rf"{hidden}|[^{stops}\\]++" if block.escapes else f"[^{stops}]++"
    if not block.close:
        return f"{_opening(block)}{repeated(escape)}" + repeated(r"\r\n?|\n", "?")
    close = re.escape(block.close)
    if block.holes:
        begin, (literal, *_) = re.escape(block.holes), _in_holes(table)
        hole = begin + repeated(rf"{literal}|[^{stops}\\}}]|{hidden}")
        escape = rf"{hole}|{hidden}|(?!{begin})[^{stops}\\]"
    return rf"{_opening(block)}{repeated(f'{escape}|(?!{close}){stops}')}(?:{close}|\Z)"


class _Closes:
    """What to look for inside an open block: the mark, as the group ``close``, an escape, and code (``hole``).

    In code, to the group ``end``, literals too, what begins like one (``odd``), and ``torn``, what may become one:
    only while more text may come.
    """

    def __init__(self, block: Block, table: LexerTable) -> None:
        close = re.escape(block.close) or r"(?=[\r\n])"
        hole = f"|(?P<hole>{re.escape(block.holes)})" if block.holes else ""
        escape = r"|\\(?:\r\n|[\s\S])?" if block.escapes else ""
        self.text = re.compile(f"(?P<close>{close}){hole}{escape}")
        self.margin = max(len(block.close), len(block.holes), 1) - 1
        if block.holes:
            whole, torn, odd = _in_holes(table)
            final = f"(?P<close>{close})|(?P<end>\\}})|{whole}|(?P<odd>{odd}){escape}"
            self.hole = re.compile(f"(?P<torn>{torn})|{final}"), re.compile(final)


def _in_holes(table: LexerTable) -> tuple[str, str, str]:
    """The literals in the code within a literal that begin by what stands before: whole, torn, how they begin."""
    rows = []
    for block in table.blocks:
        if block.one_line and not block.holds:
            before = rf"(?:{block.after})[^\S\r\n]{{0,{JOIN_LIMIT}}}+" if block.after else ""
            literal, cut = _Literal(block), r"|\Z" if block.after else ""
            torn = f"{before}(?:{literal.undecided}{cut})"
            rows.append((before + literal.whole, torn, f"{before}(?:{block.open})"))
    whole, torns, odd = ("|".join(column) for column in zip(*rows, strict=True))
    return whole, torns, odd


class Patterns:
    """All that a grammar's ``[lexer]`` says, as regular expressions.

    ``tile`` matches at every place of a text: one lexeme, comment or gap. ``final`` does the same with a named
    group for each kind; ``growing`` besides has groups for what only more text can decide (``w``), and takes of a
    block over lines its opening alone (``o``). Both are lists: without blocks that depend on the lexeme before,
    and with each of them, as the groups of ``after`` say; so are ``opens``, what a literal within a line begins with, and
    ``begun``, as much as may become one.
    ``gaps`` is all that can stand between two lexemes, ``space`` that without comments.
    ``torn`` is what may be more of a name before it. ``closes`` and ``waits`` say what an open block, or an
    undecided literal, ends with.
    """

    def __init__(self, table: LexerTable) -> None:
        blocks = dict(enumerate(table.blocks))
        self.blocks = {f"o{number}": block for number, block in blocks.items()}
        self.closes = {f"o{number}": _Closes(block, table) for number, block in blocks.items()}
        self.waits = {
            f"w{number}": re.compile(rf"[{re.escape(block.close[0])}\r\n]")
            for number, block in blocks.items()
            if block.one_line and not block.brackets and not block.most
        }
        late = [block for block in table.blocks if block.after]
        self.torn = re.compile(_Name(table).torn)
        self.after = re.compile("|".join(f"({block.after})" for block in late)) if late else None
        comments = [_whole(block, table) for block in table.blocks if block.kind == "comment"]
        gaps = repeated("|".join([SPACE, *comments]))
        self.gaps = re.compile(gaps)
        self.space = re.compile(SPACE)
        rows = [row for _, row in _rows(table, final=True)]
        if late:
            begins = [block.open for block in table.blocks if block.kind == "comment" or block.after]
            literals = "|".join(f"(?:{block.after}){gaps}{_Literal(block).whole}" for block in late)
            rows = [rf"(?=[\s{INVISIBLE}]*+(?:\\|{'|'.join(begins)}))(?:{literals})", *rows]
        self.tile = re.compile("|".join(rows))
        cases = (None, *late)
        self.opens = [_openings(table, case) for case in cases]
        self.begun = [_begun(table, case) for case in cases]
        self.final = [_tried(_rows(table, case, final=True)) for case in cases]
        self.growing = [_tried(_rows(table, case, final=False)) for case in cases]


def _openings(table: LexerTable, late: Block | None) -> re.Pattern[str]:
    """What a literal within a line begins with."""
    blocks = [block for block in table.blocks if block.one_line and (not block.after or block is late)]
    return re.compile("|".join(map(_opening, blocks)) or r"(?!)")


def _begun(table: LexerTable, late: Block | None) -> list[re.Pattern[str]]:
    """What begins like each literal within a line, as far as it may be one."""
    blocks = [block for block in table.blocks if block.one_line and (not block.after or block is late)]
    return [re.compile(_Literal(block).begun) for block in blocks]


def _tried(rows: Iterator[tuple[str, str]]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{name}>{row})" for name, row in rows))


def _rows(table: LexerTable, late: Block | None = None, *, final: bool) -> Iterator[tuple[str, str]]:
    """Each kind of lexeme and gap with its regular expression, in the order in which they are tried."""
    yield "gap", SPACE
    if not final and (begun := _torn_openings(table)):
        yield "wo", rf"(?:{begun})\Z"
    for number, block in enumerate(table.blocks):
        if not block.one_line:
            yield (f"b{number}", _whole(block, table)) if final else (f"o{number}", _opening(block))
        elif not block.after or block is late:
            literal = _Literal(block)
            yield f"s{number}", literal.whole
            if not final:
                yield f"w{number}", literal.undecided
    yield "number", table.numbers
    name = _Name(table)
    if final:
        yield "name", name.whole
    else:
        yield "name", rf"{name.whole}(?!{name.torn}\Z)"
        yield "wn", rf"(?:{name.whole})?{name.torn}\Z"
    torn = {mark[:size] for mark in table.operators for size in range(2, len(mark))} - {*table.operators}
    if torn and not final:
        yield "w", rf"(?:{'|'.join(map(re.escape, sorted(torn)))})\Z"
    marks = sorted(table.operators, key=len, reverse=True)
    yield "operator", "|".join([*map(re.escape, marks), ESCAPED_MARK, r"[\s\S]"])
