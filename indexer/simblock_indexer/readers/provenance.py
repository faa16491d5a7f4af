"""Whose a file is and under which licence: by its own header, or by the LICENSE of the nearest folder above."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simblock import detection
from simblock_indexer.readers.licences import LOOKED_AT, Found, expression, of_header, of_licence

LICENCE_NAME = re.compile(r"(?:un)?licen[cs]e(?:[-._].*)?|copying(?:[-._].*)?", re.IGNORECASE)

HEAD = 4096
"""Characters of a file that its header is looked for in."""
NOTICED = re.compile(r"copyright|licen[cs]e|©|\(c\)", re.IGNORECASE)
"""What every header that says anything has: most files have none, and are not parsed for it."""


def header_of(text: str, language: str) -> Found:
    """What the leading comments of a file of code say."""
    head = text[:HEAD]
    if not NOTICED.search(head):
        return Found()
    from simblock.grammar import grammar
    from simblock.notices import header

    return of_header(header(head, grammar(language)))


class Trees:
    """What the folders of trees say of the files in them, each folder looked at once.

    Licence and owner come from one folder, the nearest that says anything: another's owner does not
    own what is vendored.
    """

    def __init__(self) -> None:
        self._known: dict[Path, Found] = {}

    def of(self, path: Path, root: Path) -> Found:
        """What is said of the file at ``path``, in its folder or one above it, up to ``root``."""
        for folder in path.parents:
            found = self._said_in(folder)
            if found != Found() or folder == root or root not in folder.parents:
                return found
        return Found()

    def _said_in(self, folder: Path) -> Found:
        if folder not in self._known:
            self._known[folder] = said_in(folder)
        return self._known[folder]


def said_in(folder: Path) -> Found:
    """What a folder's package metadata and LICENSE files say; metadata goes first.

    Of several licences all hold; where one of the files is of no known licence, none is said.
    """
    try:
        names = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return Found()
    texts = [_text(path) for path in names if _is_licence(path)]
    licences = [of_licence(text) for text in texts]
    owner = next((found.owner for found in licences if found.owner), None)
    return Found(_declared(folder) or _joined(found.license for found in licences), owner)


def _is_licence(path: Path) -> bool:
    return bool(LICENCE_NAME.fullmatch(path.name)) and detection.by_name(path.name) is None


def _joined(licences: Iterable[str | None]) -> str | None:
    distinct = list(dict.fromkeys(licences))
    if not distinct or None in distinct:
        return None
    if len(distinct) == 1:
        return distinct[0]
    return " AND ".join(f"({name})" if " OR " in str(name) else str(name) for name in distinct)


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(LOOKED_AT)
    except OSError:
        return ""


def _declared(folder: Path) -> str | None:
    """The SPDX expression that a package's metadata declares."""
    return _of_project(folder / "pyproject.toml") or _of_package(folder / "package.json")


def _of_project(path: Path) -> str | None:
    try:
        project: Any = tomllib.loads(_text(path)).get("project", {})
        value = project.get("license")
    except (ValueError, AttributeError, RecursionError):
        return None
    value = value.get("text") if isinstance(value, dict) else value
    return expression(value) if isinstance(value, str) else None


def _of_package(path: Path) -> str | None:
    try:
        value = json.loads(_text(path) or "{}").get("license")
    except (ValueError, AttributeError, RecursionError):
        return None
    unlicensed = value == "UNLICENSED"  # npm's word for: nobody may use it
    return expression(value) if isinstance(value, str) and not unlicensed else None
