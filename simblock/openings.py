"""What opens comments and docstrings, in one language or in all: how far code without a fence goes depends on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from simblock.grammar import Block, grammar, languages
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


def long_blocks(language: str) -> Iterator[Block]:
    """A language's comments, and its literals that may go over lines."""
    return (block for block in grammar(language).lexer.blocks if not block.one_line)


@cache
def openings(language: str | None) -> tuple[Opening, ...]:
    """Those of one language, or of all (None).

    Of all, a literal with a close of two marks counts only where a line begins with it: elsewhere ``[[`` and the
    like are another language's operators.
    """
    names = (language,) if language else languages()
    blocks = (block for name in names for block in long_blocks(name) if len(block.close) != 1)
    every = {(block.open, block.close): block for block in blocks}
    return tuple(_opening(block, everywhere=bool(language) or _is_plain(block)) for block in every.values())


def _is_plain(block: Block) -> bool:
    return block.kind == "comment" or len(block.close) > len("]]")


def _opening(block: Block, *, everywhere: bool) -> Opening:
    _, needles, folded = needs(block.open)
    anywhere = everywhere and block.close and not block.line_start
    pattern = re.compile((_LEAD if anywhere else _LINE_LEAD) + f"(?:{block.open})")
    return Opening(pattern, () if folded else needles, block.close)


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
