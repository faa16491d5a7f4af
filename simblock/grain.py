"""What differs between the lanes of a stream: its words, also as they were meant, its lexemes, its syntax tokens."""

from __future__ import annotations

from typing import NamedTuple

from simblock.scheme import T_LEXEMES, T_WORDS, Lane


class Grain(NamedTuple):
    """A lane's measures, in half tokens but for ``certain``.

    ``least`` is what a piece must match, ``quoted`` what one must before it fills a quota. ``certain``
    tokens in a row are found for certain. In a ``numbered`` lane names are compared by what they stand
    for, not by how they are spelled, and likeness is Dice's. So many works are ``followed`` at once before a
    passage counts as a crowd's.
    """

    lane: Lane
    least: int
    quoted: int
    certain: int
    numbered: bool
    followed: int


GRAINS: dict[Lane, Grain] = {
    "words": Grain("words", least=16, quoted=16, certain=T_WORDS, numbered=False, followed=64),
    "lexemes": Grain("lexemes", least=30, quoted=60, certain=T_LEXEMES, numbered=True, followed=24),
    "syntax": Grain("syntax", least=30, quoted=60, certain=T_LEXEMES, numbered=True, followed=24),
}
WORDS = GRAINS["words"]
