"""Tokens of code laid out anew: other indentation, spaces and line breaks, as far as they mean nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.code_rules import FunctionRules, function_rules

_LOOSE = ("=", "==", ",", "{", "&&", "||", "+=", "<=", ">=", "!=")
"""Marks that a tight layout puts no space beside."""


class Token(NamedTuple):
    """A leaf: its text, its kind, its field's parent, and what stood before it (white space only)."""

    text: str
    kind: str
    parent: str
    gap: str
    column: int


class Style(NamedTuple):
    """A way to lay code out."""

    indent: str
    width: int
    tight: bool
    own_line: bool

    @staticmethod
    def draw(rng: random.Random) -> Style:
        return Style(rng.choice(("  ", "   ", "\t", "      ")), rng.choice((56, 72, 100)),
                     rng.random() < 0.5, rng.random() < 0.5)  # fmt: skip


def laid_out(made: Sequence[Token], language: str, style: Style) -> str:
    """The tokens in another layout. Line breaks that mean something stay where they are."""
    return laid_out_by(function_rules(language), made, style)


def laid_out_by(rules: FunctionRules, made: Sequence[Token], style: Style) -> str:
    """:func:`laid_out` by the rules that are given."""
    return _LAYOUTS[rules.layout](made, rules, style)


def _indented(made: Sequence[Token], rules: FunctionRules, style: Style) -> str:
    out: list[str] = []
    depth = column = 0
    levels = [0]
    for number, token in enumerate(made):
        breaks = "\n" in token.gap or not number
        if breaks and not depth:
            while len(levels) > 1 and token.column < levels[-1]:
                levels.pop()
            if token.column > levels[-1]:
                levels.append(token.column)
            gap = ("\n" if number else "") + style.indent * (len(levels) - 1)
            column = 0
        elif depth and column > style.width and made[number - 1].text in (",", "("):
            gap, column = "\n" + style.indent * (len(levels) + 1), 0
        else:
            gap = _space(made[number - 1], token, rules, style)
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        out += [gap, token.text]
        column += len(gap) + len(token.text)
    return "".join(out) + "\n"


def _braced(made: Sequence[Token], rules: FunctionRules, style: Style) -> str:
    out: list[str] = []
    depth = inside = column = 0
    for number, token in enumerate(made):
        before = made[number - 1] if number else token
        depth -= token.text == "}"
        inside += (token.text in ("(", "[")) - (token.text in (")", "]"))
        breaks = "\n" in token.gap
        if breaks and before.text in rules.joins:
            breaks = False
        if token.text == "{" and before.text == ")":
            breaks = style.own_line and rules.own_line
        if column > style.width and inside and before.text == ",":
            breaks = True
        if number and breaks:
            gap, column = "\n" + style.indent * max(depth, 0), 0
        else:
            gap = _space(before, token, rules, style) if number else ""
        depth += token.text == "{"
        out += [gap, token.text]
        column += len(gap) + len(token.text)
    return "".join(out) + "\n"


def _lines(made: Sequence[Token], rules: FunctionRules, style: Style) -> str:
    """Every line break stays, and lines are as deep as they were, by other steps."""
    out: list[str] = []
    levels = [0]
    for number, token in enumerate(made):
        if number and "\n" not in token.gap:
            out += [_space(made[number - 1], token, rules, style), token.text]
            continue
        while len(levels) > 1 and token.column < levels[-1]:
            levels.pop()
        if token.column > levels[-1]:
            levels.append(token.column)
        out += ["\n" if number else "", style.indent * (len(levels) - 1), token.text]
    return "".join(out) + "\n"


def _kept(made: Sequence[Token], _rules: FunctionRules, _style: Style) -> str:
    """Every token at its column, without lines that comments alone had."""
    text = "".join(token.gap + token.text if number else token.text for number, token in enumerate(made))
    return re.sub(r"[ \t]*\n(?:[ \t]*\n)+", "\n", text) + "\n"


def _space(before: Token, token: Token, rules: FunctionRules, style: Style) -> str:
    """One space or none: one between words, else by the style, and none beside most brackets."""
    if rules.touching and not token.gap:
        return ""
    if rules.spaces == "kept":
        return " "
    if re.match(r"[\w$@#\"'`]", token.text) and re.match(r"[\w$\"'`]", before.text[-1]):
        return " "
    if before.text in ("(", "[") or token.text in (")", "]", ",", ";"):
        return ""
    if style.tight and (before.text in _LOOSE or token.text in _LOOSE):
        return ""
    return " " if token.gap or (before.text == "," and not style.tight) else ""


_LAYOUTS = {"indented": _indented, "braces": _braced, "lines": _lines, "kept": _kept}
