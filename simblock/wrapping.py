"""What stands before code on each of its lines and is no part of it: prompts, quote marks, line numbers, a diff's signs."""

from __future__ import annotations

import re
from typing import NamedTuple

from simblock.detection import LINE, Look, by_name, look
from simblock.regions import BACK, Region, Stretch, Taker, Undecided


class _Wrapping(NamedTuple):
    """How each line begins; ``twice``: only two such lines in a row, their numbers one apart, are believed;
    ``others``: lines without it are code too."""

    mark: re.Pattern[str]
    twice: bool
    others: bool


_WRAPPINGS = (
    _Wrapping(re.compile(r"[ \t]*(?:>>>|\.\.\.)(?:[ \t]|$)"), twice=False, others=False),
    _Wrapping(re.compile(r"\$ (?=[A-Za-z./])"), twice=True, others=True),
    _Wrapping(re.compile(r"[ \t]*(\d{1,6})(?:[ \t]*[|:│][ \t]?|\t|  (?=\s*\S))"), twice=True, others=True),
    _Wrapping(re.compile(r"(?:>[ \t]?)+"), twice=True, others=True),
)
EARLY = 4
"""So many blank lines may stand between a first line that may be wrapped and the second, which tells."""
_MAY_WRAP = frozenset(">$0123456789@+-")
_GIT = "diff --git "
_DIFF = re.compile(r"diff --git |@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|(?:---|\+\+\+) [ab]/\S|Index: \S")
_FILE = re.compile(r"(---|\+\+\+) ((?:[ab]/|/dev/null)\S*|\S+\.\w+)(?:\s|$)")
_BETWEEN = re.compile(
    r"diff |index [0-9a-f]|Index: |===|new file|deleted file|similarity|rename |old mode|new mode|\\ No"
)


def is_diff(line: str) -> bool:
    """Whether a line can only be a diff's."""
    return _DIFF.match(line) is not None


def bare(line: str) -> str:
    """A line without what may wrap it, to be looked at."""
    for wrapping in _WRAPPINGS[1:]:
        found = wrapping.mark.match(line)
        if found:
            return line[found.end() :]
    return line


class Wrapped:
    """Takes a region's characters, gives them on without what wraps its lines, which its first lines show.

    Where nothing does, every character is given on at once: only a first line that begins like a wrapped
    one is held until it ends, or until the second does.
    """

    __slots__ = ("_diff", "_early", "_inner", "_line", "_plain", "_start", "_wrapping")

    def __init__(self, inner: Taker, *, diff: bool = False) -> None:
        self._inner = inner
        self._diff = Diff(inner.language) if diff else None
        self._plain = False
        self._wrapping: _Wrapping | None = None
        self._early: list[tuple[int, str]] = []  # whole lines held until it is known what wraps them
        self._line, self._start = "", 0

    @property
    def language(self) -> str | None:
        return self._inner.language

    @property
    def first_held(self) -> int | None:
        return self._early[0][0] if self._early else self._inner.first_held

    @property
    def is_diff(self) -> bool:
        return self._diff is not None

    def hint(self, seen: Look) -> None:
        self._inner.hint(seen)

    def take(self, text: str, start: int, end: int, when: int, out: list[Stretch]) -> None:
        at = 0
        while at < len(text) and not self._plain:
            piece = text[at : at + LINE - len(self._line)]
            self._hold(piece, start + at, when, out)
            at += len(piece)
        if at < len(text):
            self._inner.take(text[at:], start + at, end, when, out)

    def _hold(self, piece: str, start: int, when: int, out: list[Stretch]) -> None:
        if not self._line:
            self._start = start
        self._line += piece
        fresh = not (self._wrapping or self._diff or self._early)
        if fresh and self._glance(when, out):
            return
        if self._line.endswith("\n") or len(self._line) == LINE:
            self._whole(max(when, self._start + len(self._line)), out)

    def finish(self, when: int, out: list[Stretch]) -> None:
        if self._line:
            self._whole(when, out)
        self._give_plain(when, out)
        if self._diff:
            self._diff.finish(when, out)
        self._inner.finish(when, out)

    def _glance(self, when: int, out: list[Stretch]) -> bool:
        """Give the line's beginning on as soon as it is known that nothing wraps it."""
        line, start = self._line, self._start
        begun = line.lstrip()
        same = next((i for i, (a, b) in enumerate(zip(begun, _GIT, strict=False)) if a != b), None)
        if not begun or begun[0] in _MAY_WRAP or same is None:
            return False
        self._line, self._plain = "", True
        decided = start + len(line) - len(begun) + same + 1
        self._inner.take(line, start, start + len(line), max(when, decided), out)
        return True

    def _whole(self, when: int, out: list[Stretch]) -> None:
        line, start = self._line, self._start
        self._line = ""
        if self._diff:
            self._diff.line(line, start, when, out)
        elif self._wrapping:
            self._unwrap(line, start, when, out)
        else:
            self._choose(line, start, when, out)

    def _choose(self, line: str, start: int, when: int, out: list[Stretch]) -> None:
        before = self._early[0][1] if self._early else None
        if not line.strip() and len(self._early) < EARLY:
            if before is None:
                self._inner.take(line, start, start + len(line), when, out)
            else:
                self._early.append((start, line))
            return
        if before is None and is_diff(line):
            self._diff = Diff(self._inner.language)
            self._diff.line(line, start, when, out)
            return
        self._early.append((start, line))
        for wrapping in _WRAPPINGS:
            if wrapping.mark.match(line) and (before is None or _continues(wrapping, before, line)):
                if before is not None or not wrapping.twice:
                    self._wrapping = wrapping
                    early, self._early = self._early, []
                    for at, held in early:
                        self._unwrap(held, at, when, out)
                return
        self._give_plain(when, out)

    def _give_plain(self, when: int, out: list[Stretch]) -> None:
        self._plain = not (self._wrapping or self._diff)
        for start, line in self._early:
            self._inner.take(line, start, start + len(line), when, out)
        self._early.clear()

    def _unwrap(self, line: str, start: int, when: int, out: list[Stretch]) -> None:
        assert self._wrapping
        found = self._wrapping.mark.match(line)
        if found is None and not self._wrapping.others and line.strip() and not look(line).strong:
            return
        if found and not self._wrapping.others:
            self._inner.hint(look(line))
        skip = found.end() if found else 0
        self._inner.take(line[skip:], start + skip, start + len(line), when, out)


def _continues(wrapping: _Wrapping, before: str, line: str) -> bool:
    first, second = wrapping.mark.match(before), wrapping.mark.match(line)
    if not (first and second):
        return False
    return not wrapping.mark.groups or int(second[1]) == int(first[1]) + 1


class Diff:
    """Takes the lines of a diff: what a hunk makes of a file is a region, and what it was, opened anew after it."""

    __slots__ = ("_code", "_default", "_language", "_new", "_old", "_removed", "_size")

    def __init__(self, language: str | None) -> None:
        self._default = self._language = language
        self._new: Taker | None = None
        self._old: list[tuple[str, int]] = []  # what the hunk was, as far as it is not given
        self._size, self._removed = 0, False
        self._code = True  # no file is named that may be something else

    def line(self, line: str, start: int, when: int, out: list[Stretch]) -> None:
        """Read one line, that begins at ``start``."""
        named = _FILE.match(line)
        if named or line.startswith("@@") or _BETWEEN.match(line):
            self._end_hunk(when, out)
            if named and named[2] != "/dev/null":
                self._language = by_name(named[2]) or self._default
                self._code = self._language is not None
            return
        sign, skip = line[0], int(line[0] in "+- ")
        if sign != "-":
            if self._new is None:
                self._new = self._region(self._language)
            self._new.take(line[skip:], start + skip, start + len(line), when, out)
        self._removed |= sign == "-"
        if sign != "+":
            self._old.append((line[skip:], start + skip))
            self._size += len(line)
            if self._size > BACK:
                self._end_hunk(when, out)

    def _region(self, language: str | None) -> Taker:
        return Region(language) if language else Undecided(loose=self._code, alone=not self._code)

    def finish(self, when: int, out: list[Stretch]) -> None:
        """The diff has ended."""
        self._end_hunk(when, out)

    def _end_hunk(self, when: int, out: list[Stretch]) -> None:
        if self._new:
            self._new.finish(when, out)
        self._give_old(when, out)
        self._new = None

    def _give_old(self, when: int, out: list[Stretch]) -> None:
        if self._removed:
            language = (self._new.language if self._new else None) or self._language
            old = self._region(language)
            for text, start in self._old:
                old.take(text, start, start + len(text), when, out)
            old.finish(when, out)
        self._old, self._size, self._removed = [], 0, False
