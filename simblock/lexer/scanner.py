"""Lexemes of a text that comes in chunks: the incremental twin."""

from __future__ import annotations

import re

from simblock.grammar import LITERAL_LIMIT, Grammar
from simblock.lexer.keys import GAP, STRING, TO_ARGUMENT, Lexeme, rules_of
from simblock.lexer.patterns import ESCAPE, repeated
from simblock.tokens import MEMBER_KEY, NAME_KEY

MARGIN = 64
"""Characters that a stream keeps of what it has read, for look-behinds."""

TORN = 4
"""Characters, at most, that it takes to know where an operator ends."""
_TORN = frozenset({"w", "wo"})
_BARE = frozenset({"name", "operator"})
_GOES_ON = frozenset("\\\xad\u200c\u200d")
_LINE = re.compile(repeated(rf"[^\\\r\n]|{ESCAPE}", f"{{0,{LITERAL_LIMIT}}}") + r"[\r\n]")


class LexemeScanner:
    """Lexes a text that comes in chunks; gives each lexeme as soon as no more text can change it.

    Of an open comment or literal over lines nothing is kept, of an undecided literal within a line at most
    LITERAL_LIMIT characters and escapes, of a name NAME_LIMIT.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._rules = rules_of(grammar.lexer, grammar.keywords)
        self._text = ""  # the last MARGIN characters that were read, and all that were not
        self._base = 0  # where it begins
        self._at = 0  # where in it the unread part begins
        self._block = ""  # the group that opened the open block
        self._opened = 0  # where it begins
        self._wait: re.Pattern[str] | None = None  # while none of this comes, nothing is decided
        self._hole = False  # what is read is code in the open block
        self._odd = 0  # how much of the text it took to know that what begins like a literal there is none
        self._late = 0  # which block that depends on the lexeme before may begin
        self._last = GAP
        self._held: list[Lexeme] = []  # a name that the next lexeme makes an argument's, or not
        self._certain = 0
        self.late: dict[int, int] = {}
        """Of lexemes that were given, by their end: how much of the text it took to be certain of them.

        All others are certain as soon as the character behind them, or with an operator TORN more, is known.
        """

    @property
    def certain(self) -> int:
        """No later lexeme becomes certain up to here."""
        return self._certain

    def feed(self, text: str) -> list[Lexeme]:
        """The lexemes that are certain now that ``text`` is known."""
        self._text += text
        self._certain = self._base + len(self._text)
        undecided = len(self._text) - self._at
        if self._wait and undecided < LITERAL_LIMIT and not self._wait.search(text):
            return []
        found: list[Lexeme] = []
        self._read(found)
        read = max(self._at - MARGIN, 0)
        self._text = self._text[read:]
        self._base += read
        self._at -= read
        return found

    def finish(self) -> list[Lexeme]:
        """The rest, at the end of the text."""
        found: list[Lexeme] = []
        end = self._base + len(self._text)
        if self._block:
            self._at = self._seek_close(self._at, found, final=True)
        if self._block:
            self._end_block(end, found)
        else:
            self._read_last(found)
        found += self._held
        self._held.clear()
        self._text, self._base, self._at, self._wait = "", end, 0, None
        return found

    def _read(self, found: list[Lexeme]) -> None:
        text, at, size = self._text, self._at, len(self._text)
        patterns = self._rules.patterns
        self._wait = None
        while at < size:
            if self._block:
                at = self._seek_close(at, found)
                if self._block:
                    break
                continue
            match = patterns.growing[self._late].match(text, at)
            assert match
            kind, end = str(match.lastgroup), match.end()
            if kind[0] == "w":
                self._wait = patterns.waits.get(kind)
                if kind in _TORN:  # an operator or opening torn: its first sign may be one by itself
                    self._certain = self._base + at
                break
            if kind != "gap":
                if end == size:
                    self._certain = self._base + size - 1
                    break
                if kind in patterns.blocks:
                    self._block, self._opened = kind, self._base + at
                else:
                    self._give(text[at:end], kind, at, found)
            at = end
        self._at = at

    def _read_last(self, found: list[Lexeme]) -> None:
        text, at = self._text, self._at
        while match := self._rules.patterns.final[self._late].match(text, at):
            kind = str(match.lastgroup)
            if kind != "gap":
                self._give(match.group(), kind, at, found)
            at = match.end()
        self._at = at

    def _give(self, piece: str, kind: str, at: int, found: list[Lexeme]) -> None:
        key = STRING if kind[0] == "s" else self._rules.keys[piece]
        if key != GAP:
            start = self._base + at
            end = at + len(piece)
            if kind in _BARE and (
                piece == "\\"
                or (kind == "name" and self._text[end : end + 1] in _GOES_ON)
                or self._rules.patterns.opens[self._late].match(self._text, at)
            ):
                self.late[start + len(piece)] = self._base + self._decided(at, end)
            self._add(key, start, start + len(piece), found)
            self._look_behind(at + len(piece))

    def _decided(self, at: int, end: int) -> int:
        """How much of the text it takes to know that what begins like a literal is none, or a name ends."""
        patterns, text = self._rules.patterns, self._text
        torn = patterns.torn.match(text, at if text[at:end] == "\\" else end)
        decided = torn.end() + 1 if torn else end
        if patterns.opens[self._late].match(text, at):
            begun = (pattern.match(text, at) for pattern in patterns.begun[self._late])
            decided = max(decided, *(match.end() + 1 for match in begun if match))
        return decided

    def _line_end(self, at: int) -> int:
        line = _LINE.match(self._text, at)
        return line.end() if line else at + 3 * LITERAL_LIMIT + TORN

    def _look_behind(self, end: int) -> None:
        after = self._rules.patterns.after
        match = after.match(self._text, end) if after else None
        self._late = (match.lastindex or 0) if match else 0

    def _add(self, key: int, start: int, end: int, found: list[Lexeme]) -> None:
        for name, begin, stop in self._held:
            found.append((name ^ TO_ARGUMENT if key == self._rules.arguments_before else name, begin, stop))
            self.late[stop] = max(end, self.late.get(stop, 0), self.late.get(end, 0))
        self._held.clear()
        last, self._last = self._last, key
        if key >= NAME_KEY:
            if last in self._rules.members_after:
                key |= MEMBER_KEY
            elif last in self._rules.arguments_after:
                self._held.append((key, start, end))
                return
        found.append((key, start, end))

    def _seek_close(self, at: int, found: list[Lexeme], *, final: bool = False) -> int:
        """Where to read on: behind the block's close, or where one can begin at the earliest."""
        text, size = self._text, len(self._text)
        closes = self._rules.patterns.closes[self._block]
        while match := (closes.hole[final] if self._hole else closes.text).search(text, at):
            kind = match.lastgroup
            if kind == "close":
                self._end_block(self._base + match.end(), found)
                return match.end()
            if kind == "torn" or (match.end() == size and not final):
                return match.start()
            if kind == "odd":
                self._odd = max(self._odd, self._base + self._line_end(match.end()))
            self._hole = kind == "hole" or (self._hole and kind != "end")
            at = match.end()
        return max(at, size - closes.margin)

    def _end_block(self, end: int, found: list[Lexeme]) -> None:
        if self._rules.patterns.blocks[self._block].kind == "string":
            if self._odd > end:
                self.late[end] = self._odd
            self._add(STRING, self._opened, end, found)
            self._look_behind(end - self._base)
        self._block, self._hole, self._odd = "", False, 0
