"""Licences by what texts say of them: full texts, notices in headers, SPDX tags, and who holds the copyright.

``licences.toml`` has the sentences of the common ones; of what it does not know nothing is said.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

LOOKED_AT = 1 << 16
"""Characters of a text that are looked at: the longest licences have 35,000."""
OWN_WORDS = 3000
"""Characters of an unknown licence up to which its copyright line is that of the works: published ones are longer."""
TITLE = 600
"""Characters of words in which the title of a licence stands."""
LONGEST = 200
"""Characters of an expression, or of a holder's name; what is longer is none."""

_WORD = re.compile(r"[^\W_]+(?:\.\d+)*")
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([^\r\n]*)")
_PART = r"\(*[A-Za-z0-9][A-Za-z0-9.+:-]*\)*"
_EXPRESSION = re.compile(rf"{_PART}(?: +(?:AND|OR|WITH) +{_PART})*")
_SIGN = r"(?:\([cC]\)|©|&copy;)"
_YEARS = r"(?:\d{4}(?:\s*(?:[-–,/]|to)\s*(?:\d{2,4}|present|now))*(?:\s+onwards)?,?)"
_SAYS = "|".join(
    (
        rf"SPDX-FileCopyrightText:[ \t]*(?:copyright\b)?[ \t]*{_SIGN}?",
        rf"copyright[ \t:]*{_SIGN}",
        rf"{_SIGN}[ \t]*copyright",
        rf"^(?:[^\w\r\n]|_)*{_SIGN}(?=[ \t]*\d{{4}})",
        r"copyright[ \t:]+(?=\d{4}|the\b[^.\r\n]{0,80}\bauthors)",
    )
)
_COPYRIGHT = re.compile(
    rf"(?:{_SAYS})[ \t]*{_YEARS}?[ \t]*(?:by[ \t]+)?(?P<holder>[^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_AFTER_HOLDER = re.compile(
    r"[ \t]*(?:[<\[(][^\r\n]*|\ball rights reserved\b.*|\*/.*|-->.*|\bhttps?://.*)", re.IGNORECASE
)
_EDGES = " \t,.;:*#/-–\"'"
_ABBREVIATION = re.compile(r"\b(?:inc|ltd|co|corp|jr|al)$", re.IGNORECASE)


class Found(NamedTuple):
    """What a text says: an SPDX expression, and who holds the copyright; None where it does not say."""

    license: str | None = None
    owner: str | None = None


class _Licence(NamedTuple):
    id: str
    words: tuple[str, ...]
    without: tuple[str, ...] = ()
    title: bool = False
    holder: bool = False


@cache
def _licences() -> tuple[_Licence, ...]:
    text = files(__package__).joinpath("licences.toml").read_text("utf-8")
    rows = tomllib.loads(text)["licence"]
    return tuple(
        _Licence(**{**row, "words": tuple(row["words"]), "without": tuple(row.get("without", ()))})
        for row in rows
    )


def of_licence(text: str) -> Found:
    """What a LICENSE file says."""
    tag = expression_in(text)
    licence = _recognised(text)
    names_holder = licence.holder if licence else len(text) <= OWN_WORDS
    owner = holder(text) if names_holder else None
    return Found(tag or (licence and licence.id), owner)


def of_header(text: str) -> Found:
    """What the comments at the head of a file say."""
    licence = _recognised(text)
    return Found(expression_in(text) or (licence and licence.id), holder(text))


def expression_in(text: str) -> str | None:
    """The expression of an SPDX tag."""
    tag = _SPDX.search(text)
    return None if tag is None else expression(tag[1])


def expression(value: str) -> str | None:
    """An SPDX expression at the start of ``value``, where nothing but the end of a comment follows it."""
    found = _EXPRESSION.match(value.strip())
    if found is None or len(found[0]) > LONGEST or found[0].count("(") != found[0].count(")"):
        return None
    rest = value.strip()[found.end() :]
    return None if re.search(r"\w", rest) else found[0]


def holder(text: str) -> str | None:
    """Who holds the copyright, by the first line that says so; None for the blanks of a form."""
    for line in _COPYRIGHT.finditer(text[:LOOKED_AT]):
        name = _AFTER_HOLDER.sub("", line["holder"]).strip(_EDGES)
        if _ABBREVIATION.search(name):
            name += "."
        if name and len(name) <= LONGEST and re.search(r"[^\W\d_]", name):
            return name
    return None


def _recognised(text: str) -> _Licence | None:
    """The licence whose sentences stand first in the text."""
    said = " ".join(_WORD.findall(text[:LOOKED_AT].lower()))
    best, at = None, len(said)
    for licence in _licences():
        within = said[:TITLE] if licence.title else said
        if all(words in within for words in licence.words) and not any(w in said for w in licence.without):
            begins = within.index(licence.words[0])
            if begins < at:
                best, at = licence, begins
    return best
