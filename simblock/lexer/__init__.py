"""Lexemes: code read by one regular expression a language, without a parser.

White space, line breaks and comments are left out; literals are kept as their class, keywords and operators
by their spelling, names by their role, which is read off the lexemes beside them: plain, a member's, or an
argument's, which :func:`lexeme_view` makes one class of literal. What stands where in a
file has no influence, so a region lexed by itself gives the same lexemes as the same characters in their
file, unless it is cut inside a comment or literal. Whole texts go through :class:`Lexer`, streams through its
incremental twin :class:`LexemeScanner`; both make the same lexemes, however the text is cut.
"""

from simblock.lexer.keys import (
    ARGUMENT,
    NUMBER,
    STRING,
    Lexeme,
    lexeme_view,
    lexemes_in_view,
    spelling_key,
)
from simblock.lexer.scanner import LexemeScanner
from simblock.lexer.whole import Lexer

__all__ = [
    "ARGUMENT", "NUMBER", "STRING", "Lexeme", "LexemeScanner", "Lexer", "lexeme_view", "lexemes_in_view", "spelling_key",
]  # fmt: skip
