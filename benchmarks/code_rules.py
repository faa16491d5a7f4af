"""What the benchmarks of code know of each language: one file a language in ``code_languages``, data only.

``README.md`` there says what each field means. Nothing of it is simblock's own, so that what is measured does
not say what a function or a copy is.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from simblock.errors import SimblockError
from simblock.grammar import grammar

FOLDER = Path(__file__).resolve().parent / "code_languages"
FIRST = ("python", "java", "javascript", "c")
"""The languages that the benchmarks of quality, of evasions and of costs are held on."""
CORE = (*FIRST, "typescript", "cpp", "csharp", "go", "rust")
"""The nine that must reach the gates."""
PARTS = ("protected", "background", "tune", "report")
Registry = Literal["apt", "source", "npm", "pip"]
Packages = dict[Registry, dict[str, tuple[str, ...]]]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rules(Strict):
    """All of one language's file: packages and folders of each part, and what a function of it is."""

    suffixes: tuple[str, ...] = ()
    """Of its files; none: the extensions that its grammar has."""
    not_taken: tuple[str, ...] = ()
    """Endings of files that are no source, mostly those of tests."""
    functions: dict[str, Any] = {}
    protected: Packages = {}
    background: Packages = {}
    tune: Packages = {}
    report: Packages = {}


def languages() -> tuple[str, ...]:
    """The languages there are files of: the nine first, then the others by name."""
    there = {path.stem for path in FOLDER.glob("*.toml")}
    return (*(name for name in CORE if name in there), *sorted(there - set(CORE)))


@cache
def rules(language: str) -> Rules:
    """The file of a language. Raises SimblockError naming the file and the field that is wrong."""
    path = FOLDER / f"{language}.toml"
    try:
        return Rules(**tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise SimblockError(f"no rules of {language} in {FOLDER.name}: write {path.name}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SimblockError(f"{path}: {place}: {first['msg']}") from error
    except ValueError as error:
        raise SimblockError(f"{path}: not TOML: {error}") from error


def suffixes(language: str) -> tuple[str, ...]:
    """The endings of a language's files."""
    return rules(language).suffixes or grammar(language).extensions
