"""What the benchmarks of code know of each language: one file a language in ``code_languages``, data only.

``README.md`` there says what each field means. Nothing of it is simblock's own, so that what is measured does
not say what a function or a copy is.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

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


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return value


Expression = Annotated[str, AfterValidator(_expression)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wrapper(Strict):
    """What a function is put into so that it parses by itself: those of some kinds, or that begin in some way."""

    kinds: tuple[str, ...] = ()
    match: Expression = ""
    before: str = ""
    after: str = ""
    often_off: bool = False
    """One copy in two is given without it."""

    def fits(self, kind: str, text: str) -> bool:
        """Whether it is for a function of this kind of node, with this text."""
        return (not self.kinds or kind in self.kinds) and bool(re.match(self.match, text))


class Interpolated(Strict):
    """Literals that hold code: of some kind, that begin in some way; ``hole`` finds the code, ``name`` names in it."""

    kind: str
    opens: Expression = ""
    hole: Expression = r"\{[^{}]*\}"
    name: Expression = r"(?<![\w.$\"'])[^\W\d][\w$]*"


class Docstrings(Strict):
    """Literals that are comments: ``literal``, alone in a ``statement`` that is the first of ``blocks``."""

    blocks: tuple[str, ...]
    statement: str
    literal: str


class FunctionRules(Strict):
    """``[functions]``: what is a function, a name, a comment; how a copy is laid out; which statements are edited."""

    module: str = ""
    function: str = "language"
    pygments: str = ""
    """The lexer that stands for a parser where there is none: see benchmarks/code_pieces.py."""
    unknown: Expression = ""
    """Comments that this lexer does not know."""
    kinds: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    names: tuple[str, ...] = ("identifier",)
    whole: tuple[str, ...] = ()
    comments: tuple[str, ...] = ("comment",)
    docstrings: Docstrings | None = None
    members_after: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    ignore_case: bool = False
    marks: str = ""
    unmovable: tuple[str, ...] = ()
    snake: bool = False
    initials: bool = True
    wrappers: tuple[Wrapper, ...] = ()
    interpolated: tuple[Interpolated, ...] = ()
    layout: Literal["braces", "indented", "lines", "kept"]
    joins: tuple[str, ...] = (",", "(", "&&", "||", "+", "=")
    own_line: bool = False
    touching: bool = True
    spaces: Literal["free", "kept"] = "free"
    blocks: tuple[str, ...] = ()
    simple: tuple[str, ...] = ()
    lone: str = ""

    @model_validator(mode="after")
    def _has_one_reader(self) -> Self:
        if bool(self.module) == bool(self.pygments):
            raise ValueError("name the module of a parser, or a lexer of pygments, and not both")
        return self


class Rules(Strict):
    """All of one language's file: packages and folders of each part, and what a function of it is."""

    suffixes: tuple[str, ...] = ()
    """Of its files; none: the extensions that its grammar has."""
    not_taken: tuple[str, ...] = ()
    """Endings of files that are no source, mostly those of tests."""
    functions: FunctionRules | None = None
    protected: Packages = {}
    background: Packages = {}
    tune: Packages = {}
    report: Packages = {}


@cache
def function_rules(language: str) -> FunctionRules:
    """What is a function of a language. Raises SimblockError where its file does not say."""
    if (found := rules(language).functions) is None:
        raise SimblockError(
            f"{FOLDER / language}.toml: functions: a language without this table has none to copy"
        )
    marks = found.members_after or grammar(language).lexer.members_after
    return found.model_copy(update={"members_after": marks})


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
