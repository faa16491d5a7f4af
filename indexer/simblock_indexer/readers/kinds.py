"""What a text is: prose or code, and of which language.

What a row, a sidecar or the command line says goes before a file's name, and that before its content.
:mod:`simblock.detection` knows the languages; here is only what goes before what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simblock import detection
from simblock.grammar import languages
from simblock.work import Kind
from simblock_indexer.readers.options import KindChoice, ReadOptions
from simblock_indexer.readers.tally import Unreadable

_PAGES = "html?|xhtml"
_SUFFIXES = (
    f"adoc|asc|bib|cfg|conf|csv|diff|eml|{_PAGES}|ini|ipynb|json|log|markdown|mdx?|org|patch|po|properties"
    "|rst|rtf|srt|svg|tex|text|toml|tsv|txt|xml|ya?ml"
)
_NAMES = (
    "authors|changelog|changes|codeowners|contributing|contributors|copying|copyright|dockerfile|history|install"
    "|licen[cs]e|maintainers|makefile|manifest|news|notice|readme|security|thanks|todo|unlicense|version"
)
TEXT_NAME = re.compile(rf".*\.(?:{_SUFFIXES})|{_NAMES}", re.IGNORECASE | re.DOTALL)
"""Names of files that hold no code, or hold it among other things: their content is not asked, and a page (HTML)
is code only where code was asked for."""
PAGE_NAME = re.compile(rf".*\.(?:{_PAGES})", re.IGNORECASE | re.DOTALL)
"""Names of pages."""

_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en"
    " eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv"
    " ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne"
    " ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss"
    " st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_SPOKEN = frozenset(_CODES.split())
"""Codes of the languages of people (ISO 639-1, sh besides): ``pl`` is Polish or Perl, ``cs`` Czech or C#. A row that
says one holds code where its kind or its text says so too."""

MARKS = "(){}[]=;"
UNMARKED = bytes(code for code in range(256) if chr(code) not in MARKS)
MARKED = 250
"""Text with under one of these marks in so many characters is not looked at: half of all prose has one in 450
or fewer, half of all code one in 30. Looking at each row of prose took a quarter of the time of building."""

LONGEST_SUFFIX = 16


class Nature(NamedTuple):
    """What a text is. Prose may have a language, too: the one that was said."""

    kind: Kind
    language: str | None


def nature_of(
    text: str,
    name: str,
    said: Mapping[str, Any],
    options: ReadOptions,
    *,
    place: str = "",
    in_folder: bool = False,
) -> Nature | None:
    """What the text called ``name`` is; None for a file of a folder of code that is of no known language.

    ``said`` has what its row and the sidecar say, ``kind`` and ``language`` among it. ``--language`` is
    for rows and for what is named itself; for files of a folder (``in_folder``) only with ``--kind code``.
    Raises Unreadable, naming ``place``, for other code of no known language.
    """
    kind: KindChoice = said.get("kind", options.kind)
    if kind == "text":
        return Nature("text", said.get("language"))
    language = _said(said, text, kind)
    if language is None and kind == "code" and "language" in said:
        problem = f"no grammar of the language {said['language'][:40]!r}"
        raise Unreadable(place, problem, f"write {', '.join(languages())}, or the kind text")
    language = language or _by_name(name, kind)
    if language is None and "language" not in said:
        language = _by_content(text, name, kind, options, in_folder)
    if language is not None:
        return Nature("code", language)
    if kind == "auto":
        return Nature("text", said.get("language"))
    if in_folder and "kind" not in said:
        return None
    mend = "say its language, in a column or by --language, or leave out the kind"
    raise Unreadable(place, "code of no known language", mend)


def _said(said: Mapping[str, Any], text: str, kind: KindChoice) -> str | None:
    """The language of code that a row or a sidecar says."""
    language = detection.by_tag(said["language"]) if "language" in said else None
    if language and kind == "auto" and said["language"].strip().lower() in _SPOKEN:
        return language if detection.by_content(text) else None
    return language


def _by_name(name: str, kind: KindChoice) -> str | None:
    return None if kind == "auto" and TEXT_NAME.fullmatch(name) else detection.by_name(name)


def _by_content(text: str, name: str, kind: KindChoice, options: ReadOptions, in_folder: bool) -> str | None:
    """The language of a text whose name says none."""
    prose = TEXT_NAME.fullmatch(name)
    if options.language is not None and (not in_folder or (kind == "code" and not prose)):
        by_interpreter = detection.by_content(text.partition("\n")[0]) if text.startswith("#!") else None
        return by_interpreter or detection.by_tag(options.language)
    if prose and (in_folder or kind == "auto"):
        return None
    return detection.by_content(text) if text.startswith("#!") or _is_marked(text) else None


def _is_marked(text: str) -> bool:
    head = text[: detection.HEAD]
    # All else deleted, the marks are left: a fifth of the time that counting each takes.
    left = head.encode("utf-8", "surrogatepass").translate(None, UNMARKED)
    return len(left) * MARKED >= len(head)


def natures(
    texts: Sequence[str],
    names: Sequence[str],
    said: Sequence[Mapping[str, Any] | None],
    options: ReadOptions,
) -> list[Nature | None]:
    """:func:`nature_of` for many rows, at a fraction of the cost for prose; None for code of no known language.
    ``names`` may be empty; ``said`` is None where a row says nothing."""
    known: dict[tuple[Kind | None, str | None, str], Nature | None] = {}
    found: list[Nature | None] = []
    asks = options.detect or options.kind == "code"
    for text, name, row in zip(texts, names, said, strict=True):
        suffix = name[name.rfind(".") :] if "." in name else ""
        if (
            (asks and _is_marked(text))
            or text.startswith("#!")
            or len(suffix) > LONGEST_SUFFIX
            or "/" in suffix
        ):
            found.append(_nature(text, name, row or {}, options))
            continue
        # What has no marks of code is judged by what its row and its name's end say alone.
        key = (row.get("kind"), row.get("language"), suffix) if row else (None, None, suffix)
        if key not in known:
            known[key] = _nature("", f"x{suffix}" if suffix else "", row or {}, options)
        found.append(known[key])
    return found


def _nature(text: str, name: str, said: Mapping[str, Any], options: ReadOptions) -> Nature | None:
    try:
        return nature_of(text, name, said, options)
    except Unreadable:
        return None
