"""The regular expressions of a language, built from its grammar's ``[lexer]``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simblock.grammar import Block, LexerTable

NAME_LIMIT = 1024
"""A longer name goes on as the next, so that a stream holds no more of one."""
JOIN_LIMIT = 16
"""Invisible characters in a row, at most, that do not end a name."""
ESCAPED_LIMIT = 64
"""Times that an escape or invisible characters may stand in a name, and characters behind each of them."""
LITERAL_LIMIT = 4096
"""A literal within a line has at most so many characters, an escape or bracket counting as one."""
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


class _Literal:
    """The regular expressions of a literal that stands within a line."""

    def __init__(self, block: Block) -> None:
        escape = f"|{ESCAPE}" if block.escapes else ""
        stops = re.escape(block.close[0] + block.brackets[:1]) + r"\r\n" + (r"\\" if block.escapes else "")
        atom, cut = f"[^{stops}]{escape}", r"\\" if block.escapes else ""
        if block.brackets:
            left, right = map(re.escape, block.brackets)
            inner = rf"{left}(?:[^{right}\\\r\n]{escape}){{0,{BRACKET_LIMIT}}}+"
            atom, cut = f"{atom}|{inner}{right}", rf"\\|{inner}\\?"
        begin = f"(?:{block.open})(?:{atom}){{0,{LITERAL_LIMIT}}}+"
        self.whole = f"{begin}{re.escape(block.close)}{block.tail}"
        self.undecided = rf"{begin}(?:{cut})?\Z"
        """What may still become one: there is no more text yet, nor a line break."""


class _Name:
    """The regular expressions of a name."""

    def __init__(self, table: LexerTable) -> None:
        marks = BEYOND + re.escape(table.name_marks)
        escape = f"|{table.name_escapes}" if table.name_escapes else ""
        start, char = f"[A-Za-z_{marks}]", f"[A-Za-z0-9_{marks}]"
        joined = f"[{JOINERS}]{{1,{JOIN_LIMIT}}}+(?={char}{escape})"
        more = f"(?:(?:{joined}{escape}){char}{{0,{ESCAPED_LIMIT - 1}}}+){{0,{ESCAPED_LIMIT - 1}}}+"
        self.whole = f"(?:{start}{escape}){char}{{0,{NAME_LIMIT - 1}}}+{more}"
        self.torn = f"[{JOINERS}]{{1,{JOIN_LIMIT}}}+"
        """What may go on with a name, or begin one, if no more text is known."""
        if escape:
            self.torn = rf"(?:[{JOINERS}]{{0,{JOIN_LIMIT}}}+\\[\w{{]{{0,{TORN_ESCAPE}}}+|{self.torn})"


def _whole(block: Block) -> str:
    """The regular expression of a comment or literal with all its lines, and of one that is never closed."""
    stops = re.escape(block.close[:1]) or r"\r\n"
    escape = rf"\\(?:\r\n|[\s\S])?+|[^{stops}\\]++" if block.escapes else f"[^{stops}]++"
    if not block.close:
        return rf"(?:{block.open})(?:{escape})*+(?:\r\n?|\n)?+"
    close = re.escape(block.close)
    return rf"(?:{block.open})(?:{escape}|(?!{close}){stops})*+(?:{close}|\Z)"


def _close(block: Block) -> re.Pattern[str]:
    """What to look for inside an open block: the mark, as the group ``close``, or an escape."""
    close = re.escape(block.close) or r"(?=[\r\n])"
    return re.compile(rf"(?P<close>{close})" + (r"|\\(?:\r\n|[\s\S])?" if block.escapes else ""))


class Patterns:
    """All that a grammar's ``[lexer]`` says, as regular expressions.

    ``tile`` matches at every place of a text: one lexeme, comment or gap. ``final`` does the same with a named
    group for each kind; ``growing`` besides has groups for what only more text can decide (``w``), and takes of a
    block over lines its opening alone (``o``). ``torn`` is what behind a name may be more of it. Both are pairs: without and with the blocks that depend on the
    lexeme before; so are ``opens``, what a literal within a line begins with. ``closes`` and ``waits`` say what an open block, or an undecided literal, ends with.
    """

    def __init__(self, table: LexerTable) -> None:
        blocks = dict(enumerate(table.blocks))
        self.blocks = {f"o{number}": block for number, block in blocks.items()}
        self.closes = {f"o{number}": _close(block) for number, block in blocks.items()}
        self.waits = {
            f"w{number}": re.compile(rf"[{re.escape(block.close[0])}\r\n]")
            for number, block in blocks.items()
            if block.one_line and not block.brackets
        }
        self.opens = _openings(table, late=False), _openings(table, late=True)
        self.torn = re.compile(_Name(table).torn)
        late = [block for block in table.blocks if block.after]
        self.after = re.compile("|".join(block.after for block in late)) if late else None
        comments = [_whole(block) for block in table.blocks if block.kind == "comment"]
        gaps = f"(?:{'|'.join([SPACE, *comments])})*+"
        self.gaps = re.compile(gaps)
        rows = [f"(?:{block.after}){gaps}{_Literal(block).whole}" for block in late]
        self.tile = re.compile("|".join(rows + [row for _, row in _rows(table, final=True, late=False)]))
        self.final = _pair(table, final=True)
        self.growing = _pair(table, final=False)


def _openings(table: LexerTable, *, late: bool) -> re.Pattern[str]:
    """What a literal within a line begins with."""
    blocks = [block for block in table.blocks if block.one_line and (late or not block.after)]
    return re.compile("|".join(f"(?:{block.open})" for block in blocks) or r"(?!)")


def _pair(table: LexerTable, *, final: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    both = (_rows(table, final=final, late=late) for late in (False, True))
    without, within = (re.compile("|".join(f"(?P<{name}>{row})" for name, row in rows)) for rows in both)
    return without, within


def _rows(table: LexerTable, *, final: bool, late: bool) -> Iterator[tuple[str, str]]:
    """Each kind of lexeme and gap with its regular expression, in the order in which they are tried."""
    yield "gap", SPACE
    for number, block in enumerate(table.blocks):
        if not block.one_line:
            yield (f"b{number}", _whole(block)) if final else (f"o{number}", block.open)
        elif late or not block.after:
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
