"""What opens comments and docstrings, in one language or in all: how far code without a fence goes depends on them."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from simblock.catalogue import Comment, entry
from simblock.grammar import languages
from simblock.needles import needs

_LEAD = r"(?:^\s*|(?<![\"'`/*\w]))"
"""Not after a quote mark: a glob in a string opens no comment."""
_LINE_LEAD = r"^\s*"


class Opening(NamedTuple):
    """What begins a comment or docstring, and the mark that closes it; none where the line's end does."""

    pattern: re.Pattern[str]
    needles: tuple[str, ...]
    close: str

    def search(self, line: str) -> re.Match[str] | None:
        """Where it stands in a line."""
        if self.needles and not any(needle in line for needle in self.needles):
            return None
        return self.pattern.search(line)

    def begins(self, line: str) -> bool:
        """Whether it stands in a line, and the mark that closes it does not stand behind it there."""
        found = self.search(line)
        return found is not None and self.close not in line[found.end() :]


@cache
def openings(language: str | None) -> tuple[Opening, ...]:
    """Those of one language, or of all (None).

    Of all, a literal with a close of two marks counts only where a line begins with it: elsewhere ``[[`` and the
    like are another language's operators.
    """
    names = (language,) if language else languages()
    every = {(c.open, c.close): c for name in names for c in entry(name).comments if len(c.close) != 1}
    return tuple(
        _opening(start, close, anywhere=bool(close and not c.line_start) and (bool(language) or _is_plain(c)))
        for (start, close), c in every.items()
    )


def _is_plain(comment: Comment) -> bool:
    return not comment.is_literal or len(comment.close) > len("]]")


def _opening(start: str, close: str, *, anywhere: bool) -> Opening:
    _, needles, folded = needs(start)
    pattern = re.compile((_LEAD if anywhere else _LINE_LEAD) + f"(?:{start})")
    return Opening(pattern, () if folded else needles, close)


def opens_block(line: str) -> bool:
    """Whether a line begins with the opening of a comment, in any language, that it does not close."""
    line = line.lstrip()
    if line[:1].isalnum():
        return False
    for opening in openings(None):
        found = opening.search(line) if opening.close else None
        if found and found.start() == 0 and opening.close not in line[found.end() :]:
            return True
    return False
