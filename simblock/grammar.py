"""Grammars: what simblock knows of each programming language, one TOML file a language.

A file has the table ``[lexer]``, from which one regular expression is built, and may have ``[syntax]``, look-ups on the
node kinds of a tree-sitter grammar, ``[detect]``, what its lines look like, and ``[[embedded]]``, languages that stand
inside its texts. No language has a branch of its own in Python.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from simblock.errors import SimblockError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _expression(value: str) -> str:
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    if pattern.groups:
        raise ValueError("an expression here has no groups of its own: write (?:...)")
    return value


def _mark(value: str) -> str:
    if re.compile(_expression(value)).match(""):
        raise ValueError("an expression here must not match nothing: a lexeme has a character at least")
    return value


Expression = Annotated[str, AfterValidator(_expression)]
"""A regular expression without groups of its own."""
Mark = Annotated[str, AfterValidator(_mark)]
"""One that takes a character at least."""


LITERAL_LIMIT = 4096
"""A literal within a line has at most so many characters, an escape or bracket counting as one."""


class Block(_Strict):
    """A comment or a literal: from ``open`` (a regular expression) to ``close`` (a mark; of a comment none: the line's end).

    A comment or literal over lines that is never closed reaches to the end of the text. One that must stand
    within a line (``one_line``) and is not closed there is none: its mark is then an operator.
    """

    kind: Literal["comment", "string"]
    open: Mark
    close: str = ""
    escapes: bool = False
    """A backslash keeps the next character, or line break, from closing."""
    one_line: bool = False
    most: int = Field(0, ge=0, le=LITERAL_LIMIT)
    """A literal within a line has at most so many characters, an escape counting as one; 0: LITERAL_LIMIT."""
    brackets: str = Field("", pattern=r"^(|[^\w\s\\][^\w\s\\])$")
    """Two marks between which nothing closes, as the classes in JavaScript's regular expressions."""
    tail: Expression = ""
    """What belongs to it behind ``close``, as a regular expression that may match nothing."""
    after: Expression = ""
    """A look-behind at the lexeme before; without a match there, no block begins."""
    line_start: bool = False
    """It begins as the first of its line, behind at most 32 blanks, or not at all."""
    holds: Expression = ""
    """What it must hold to be one: matched where a character, an escape or a bracket in it begins."""
    holes: Literal["", "${"] = ""
    """In a literal over lines, what begins code, up to a ``}`` or the close: no literal in that code closes it."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.one_line and not self.close:
            raise ValueError("a block with one_line needs a close")
        if self.kind == "string" and not self.close:
            raise ValueError(r"a string needs a close: the line's end is \n")
        asked = self.brackets or self.tail or self.after or self.holds or self.most
        if not self.one_line and asked:
            raise ValueError("brackets, tail, after, holds and most are for blocks with one_line")
        if self.holes and (self.one_line or not self.escapes or len(self.close) != 1):
            raise ValueError("holes are for blocks over lines, with escapes and a close of one character")
        return self


class LexerTable(_Strict):
    """``[lexer]``: regular expressions, and how names are told apart.

    Every beginning of a number must be one too, and a number must not be endless: a stream reads the
    expression at each of its chunks. A name has letters, digits, ``_``, ``name_marks``, ``name_escapes`` and
    every character beyond ASCII that can be seen: combining marks too. ``operators`` lists those of several
    characters; any other character is one by itself.
    """

    blocks: tuple[Block, ...] = ()
    numbers: Mark = r"0[xX](?:[pP][+\-]|[\w.]){0,255}+|\.?\d(?:[eE][+\-]|[\w.]){0,255}+"
    name_marks: str = Field("", pattern=r"^[!-/:-@\[-`{-~]*$")
    name_escapes: Expression = ""
    """Escapes that stand for a character of a name: a backslash, and at most nine signs of ``[\\w{]`` to its last."""
    operators: tuple[str, ...] = ()
    members_after: tuple[str, ...] = (".",)
    keyword_arguments: Literal["", "=", ":"] = ""
    """What stands behind the name of an argument that is given by it."""
    ignore_case: bool = False
    """Names and keywords are spelled in lower case, whatever their case: so are the lists of them."""


class Blanked(_Strict):
    """Text between code, as of a page in PHP, that ends a statement: instead of it the parser sees ``shown``, and blanks.

    It is a comment of ``[lexer]`` that begins with ``open``, and what stands right behind of a mark in ``close``.
    """

    open: str = Field(min_length=1)
    close: tuple[str, ...] = Field(min_length=1)
    """Each begins with the comment's own close; behind that, at most one lexeme."""
    shown: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if len(self.shown) > len(self.open):
            raise ValueError("shown is longer than open: what stands behind would move")
        return self


class SyntaxTable(_Strict):
    """``[syntax]``: the parser, and what the nodes of its trees mean, by their kinds.

    An entry is a node kind, or a tree-sitter query pattern that begins with a parenthesis (its outermost
    node is meant, or the one with a capture named as the field is). Without ``module`` there is no parser: syntax
    tokens are then lexemes less what ``drop`` names and commas before closing brackets, comments the lexer's.
    """

    module: str = ""
    function: str = "language"
    comments: tuple[str, ...] = ("comment",)
    docstrings: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    """Names of a function's own parameters, plain although they look like arguments given by keyword."""
    unwrap: tuple[str, ...] = ()
    """Nodes whose outermost parentheses only group."""
    calls_after: tuple[str, ...] = ()
    """Keywords behind which parentheses do not: without its surroundings, a call may look as if they did."""
    continues: tuple[str, ...] = ()
    """What goes on with a statement that a stream has settled: the parser does not see it at the beginning."""
    drop: tuple[str, ...] = ()
    """Spellings of lexemes that may be left out."""
    statements: tuple[str, ...] = ()
    """Nodes at whose ends a stream is settled."""
    blanked: Blanked | None = None
    line_ends: bool = False
    """A line end, outside brackets, ends a statement for certain."""
    functions: tuple[str, ...] = ()
    """Nodes that are functions: for scripts and benchmarks alone, no token depends on them."""
    self_test: str = ""
    """A text that goes by every rule of lexer and parser: what it becomes is the language's fingerprint."""

    @model_validator(mode="after")
    def _has_a_parser(self) -> Self:
        named = [name for name in _OF_NODES if getattr(self, name)]
        if named and not self.module:
            raise ValueError(f"{', '.join(named)} name nodes of a parser: name its module too")
        if self.blanked and not self.module:
            raise ValueError("blanked is for what a parser sees: name its module too")
        return self


_OF_NODES = ("docstrings", "imports", "parameters", "unwrap", "statements", "functions")


def _known(language: str) -> str:
    if language and language not in languages():
        raise ValueError(f"no grammar of {language!r}")
    return language


Known = Annotated[str, AfterValidator(_known)]
"""A language there is a grammar of, or none."""


class Embedded(_Strict):
    """What stands inside a text of a host language: ``language``, from behind ``open`` up to ``close``."""

    open: Mark
    close: tuple[str, ...]
    """A mark that ends it, in any case, or several that begin alike."""
    language: Known = ""
    """None: its text is left out."""

    @field_validator("close", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        marks = given if isinstance(given, list | tuple) else [given]
        begin = {str(mark)[:1] for mark in marks}
        if len(begin) != 1 or "" in begin:
            raise ValueError("a mark, or several that begin alike")
        return tuple(str(mark).lower() for mark in marks)


class DetectTable(_Strict):
    """``[detect]``: regular expressions that speak for a line being of this language, compiled when a line needs them."""

    strong: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    share: int = Field(0, ge=0, le=1000)
    """Of a thousand pieces of code that models write, about how many are in it: of languages that lines speak for alike
    the one with the largest is taken."""


class Grammar(_Strict):
    """All of one language's file. ``tags`` are the names it has on Markdown fences.

    What a file leaves unsaid is as in the file of the language that ``like`` names, field by field, names of the language
    and its files excepted; so are its tables of members and commonplaces where it has none of its own.
    ``information`` is what a bit of its table of commonplaces is worth: packages of one kind make a table that
    takes too much for rare, and clean functions say how much (scripts/make_code_tables.py).
    """

    name: str
    tags: tuple[str, ...]
    extensions: tuple[str, ...]
    interpreters: tuple[str, ...] = ()
    keywords: frozenset[str]
    builtins: frozenset[str] = frozenset()
    like: Known = ""
    lexer: LexerTable
    syntax: SyntaxTable = SyntaxTable()
    detect: DetectTable = DetectTable()
    embedded: tuple[Embedded, ...] = ()
    information: float = Field(1.0, gt=0, le=1)

    @field_validator("syntax")
    @classmethod
    def _blanks_a_comment(cls, table: SyntaxTable, info: ValidationInfo) -> SyntaxTable:
        if table.blanked and "lexer" in info.data and not closing(info.data["lexer"], table.blanked):
            raise ValueError(
                "blanked: no comment of [lexer] begins with its open and closes with what each of its close begins with"
            )
        return table


def closing(lexer: LexerTable, blanked: Blanked) -> str:
    """What closes the comments that are blanked; nothing where the lexer has no such comments."""
    comments = (block for block in lexer.blocks if block.kind == "comment" and block.close)
    opened = (block.close for block in comments if re.fullmatch(block.open, blanked.open))
    return next((close for close in opened if all(mark.startswith(close) for mark in blanked.close)), "")


def folder() -> Path:
    """Where the grammars lie: in the package, or beside it in a checkout."""
    here = Path(__file__).parent
    inside = here / "grammars"
    return inside if inside.is_dir() else here.parent / "grammars"


@cache
def languages() -> tuple[str, ...]:
    """The languages there are grammars of, sorted."""
    return tuple(sorted(path.stem for path in folder().glob("*.toml")))


_LISTS = dict.fromkeys(("tuple_type", "frozen_set_type"), "it should be a list of strings")
_OF_TABLES, _TABLES = ("blocks", "embedded"), "it should be tables, each with its name in double brackets"
_OWN = ("name", "tags", "extensions", "interpreters", "like")
"""What a file has from no other."""


def _read(language: str) -> dict[str, Any]:
    path = folder() / f"{language}.toml"
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SimblockError(f"no grammar of {language}: there are {', '.join(languages())}") from error
    except ValueError as error:
        raise SimblockError(f"{path}: not TOML: {error}") from error
    like = said.get("like")
    return _completed(said, _read(like)) if like in languages() and like != language else said


def _completed(said: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What a file says, and beside it what another does: field by field, also in its tables."""
    whole = {name: value for name, value in other.items() if name not in _OWN}
    for name, value in said.items():
        both = isinstance(value, dict) and isinstance(whole.get(name), dict)
        whole[name] = whole[name] | value if both else value
    return whole


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language. Raises SimblockError naming the file and the field that is wrong."""
    path = folder() / f"{language}.toml"
    try:
        found = Grammar(**_read(language))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = _LISTS.get(first["type"], first["msg"]) if first["loc"][-1] not in _OF_TABLES else _TABLES
        raise SimblockError(f"{path}: {place}: {said}") from error
    if found.name != language:
        raise SimblockError(
            f"{path}: name: it is {found.name!r}, and the file's name {language!r}: make them one"
        )
    return found
