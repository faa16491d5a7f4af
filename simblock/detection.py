"""Which language a text is in: by a file's name, by the tag of a Markdown fence, by what its lines look like."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath

from simblock.grammar import grammar, languages

_TAG = re.compile(r"\s*\{?\s*\.?(?:language-|lang-|brush:\s*)?([^\s{}.,;:=\"'`|]+)")
"""The first word of an info string: ``python title="x"``, ``{.python}``, ``language-python``, ``py:run``."""


@cache
def _extensions() -> dict[str, str]:
    return {suffix: language for language in languages() for suffix in grammar(language).extensions}


@cache
def _tags() -> dict[str, str]:
    return {tag: language for language in languages() for tag in (language, *grammar(language).tags)}


def by_name(path: str) -> str | None:
    """The language of a file by the extension of its name; None where no grammar has that extension."""
    return _extensions().get(PurePath(path.strip()).suffix.lower())


def by_tag(tag: str) -> str | None:
    """The language that a fence's info string names, whatever its case and whatever follows the first word.

    A file's name is taken too (``src/x.py``). None where the tag is empty or names none.
    """
    word = _TAG.match(tag)
    if word is None:
        return None
    return _tags().get(word[1].lower()) or by_name(tag.split(maxsplit=1)[0])
