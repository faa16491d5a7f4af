"""Notices at the head of a file: licences, copyright, what is said to tools before any code.

They are the same in thousands of files and nobody's text to protect, so no view of a work has them. What
a file says of itself in other leading comments stays.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np

from simblock.grammar import Grammar
from simblock.tokens import I64

__all__ = ["header", "notices"]

MOST = 1 << 16
"""Code points from the beginning of a file within which its leading comments are looked for."""

PHRASES = (
    r"SPDX-License-Identifier",
    r"SPDX-FileCopyrightText",
    r"copyright\b.{0,40}(\(c\)|©|\d{4})",
    r"(\(c\)|©)\s*(copyright\b|\d{4})",
    r"all rights reserved",
    r"permission is hereby granted",
    r"permission to use, copy, modify",
    r"redistribution and use in source and binary forms",
    r"redistributions (of source code|in binary form) must",
    r"licensed (under|to) (the|one or more|a|you)\b",
    r"(released|distributed|published|available|provided) under (the|a|an)\b.{0,60}licen[sc]e",
    r"under the terms of the\b.{0,60}licen[sc]e",
    r"gnu (lesser |library |affero )?general public licen[sc]e",
    r"(apache|mozilla public|eclipse public|boost software|common development and distribution) licen[sc]e",
    r"\b(mit|bsd|isc|zlib|artistic|creative commons)[- ](style )?licen[sc]e",
    r"licen[sc]e (agreement|notice|terms)",
    r"(see|read) (the )?(accompanying )?(file )?[\"'`]?(licen[sc]e|copying|notice)\b",
    r"may not use this file except in compliance",
    r"without warranties or conditions of any kind",
    r"without any warranty|without even the implied warranty",
    r"the software is provided [\"'`]*as is",
    r"do not alter or remove copyright notices",
    r"(this|the) (file|code|program|software|work) is (hereby )?(placed |released )?in(to)? the public domain",
    r"oracle designates this\s+particular file",
    r"contributor license agreements",
    r"@(license|preserve)\b",
    r"\A#!",
    r"-\*-.*coding[:=].*-\*-|\A#.{0,20}\bcoding[:=]",
    r"\A\W*\bvim?:",
)
"""Regular expressions of which one is enough to make a leading comment a notice."""

HINTS = (
    "licen", "copyright", "(c)", "©", "spdx", "reserved", "permission", "redistribution", "copying", "notice", "compliance",
    "warrant", "provided", "domain", "designates", "preserve", "#!", "coding", "vi:", "vim:",
)  # fmt: skip
"""Every phrase has one of these: without any, the expressions, that take far longer, need not be tried."""

_PHRASE = re.compile("|".join(f"(?:{phrase})" for phrase in PHRASES), re.IGNORECASE)
_FURNITURE = re.compile(r"[\s*#/;!|-]+")


def header(text: str, grammar: Grammar) -> str:
    """The comments before any code, as they stand, of at most the first 65,536 code points."""
    spans = _leading(text, grammar)
    return text[spans[0][0] : spans[-1][1]] if spans else ""


def notices(text: str, grammar: Grammar) -> I64:
    """Where leading comments lie that are notices: i64 [n, 2], start and end in code points.

    Line comments that no empty line parts are one.
    """
    found = [span for span in _leading(text, grammar) if _is_notice(text[slice(*span)])]
    return np.array(found, np.int64).reshape(-1, 2)


def _is_notice(comment: str) -> bool:
    lowered = comment.lower()
    if not any(hint in lowered for hint in HINTS):
        return False
    return bool(_PHRASE.search(comment) or _PHRASE.search(_FURNITURE.sub(" ", comment)))


def _leading(text: str, grammar: Grammar) -> list[tuple[int, int]]:
    comment = _comment(grammar)
    text = text[:MOST]
    spans: list[tuple[int, int]] = []
    at = 1 if text.startswith("\ufeff") else 0
    joins = False
    while found := comment.match(text, at):
        start, end = found.span(1)
        goes_on = joins and found["line"] is not None and text.count("\n", at, start) < 2
        spans[len(spans) - goes_on :] = [(spans[-1][0] if goes_on else start, end)]
        joins, at = found["line"] is not None, end
    return spans


@cache
def _pattern(blocks: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    lines = [f"(?:{opening})[^\\n]*" for opening, close in blocks if not close]
    between = [f"(?:{opening})(?s:.*?){re.escape(close)}" for opening, close in blocks if close]
    shebang = r"(?<![\s\S])#![^\n]*"
    return re.compile(rf"\s*((?P<line>{'|'.join((shebang, *lines))})|{'|'.join(between) or '(?!)'})")


def _comment(grammar: Grammar) -> re.Pattern[str]:
    return _pattern(tuple((b.open, b.close) for b in grammar.lexer.blocks if b.kind == "comment"))
