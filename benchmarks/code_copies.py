"""Copies of functions as a programmer gets them: every name his own, comments gone, laid out anew.

Made from the leaves of tree-sitter's tree and checked by parsing again, without simblock's own lexer.
Everything is drawn from a seed.
"""

from __future__ import annotations

import hashlib
import random
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from tree_sitter import Node

from benchmarks.code_functions import COMMENTS, Function, leaf_nodes, parser
from simblock.grammar import grammar

NAMES = ("identifier", "type_identifier", "field_identifier", "property_identifier", "statement_identifier",
         "shorthand_property_identifier", "shorthand_property_identifier_pattern", "shorthand_field_identifier")  # fmt: skip
"""Kinds of leaves that are names."""
MEMBERS_AFTER = (".", "->", "::", "?.", "#")
KEPT = {"javascript": {"arguments", "undefined", "NaN", "Infinity", "async", "of", "get", "set", "static"},
        "python": {"_", "match", "case", "type", "__class__"}, "java": {"var", "yield", "record"}, "c": {"defined"}}  # fmt: skip
"""Words that read as names and are the language's own."""
UNMOVABLE = ("preproc_def", "preproc_function_def", "preproc_call", "jsx_element", "jsx_text", "ERROR",
             "jsx_self_closing_element")  # fmt: skip
"""Kinds of nodes whose text is no row of tokens: functions that have them are passed over."""
WRAPPING = 4
"""Lexemes of ``class Holder { }`` and of ``const holder = ;``."""
_WRAPPED = re.compile(r"(class|const) \w+ ?[{=]\s*")
_LOOSE = ("=", "==", ",", "{", "&&", "||", "+=", "<=", ">=", "!=")
"""Marks that a tight layout puts no space beside."""
_FORMATTED = re.compile(r"[rR]?[fF]")
_INTERPOLATED = re.compile(r"\{[^{}]*\}")
_NAME = re.compile(r"(?<![\w.$\"'])[^\W\d][\w$]*")
_FIRST = (
    "local",
    "next",
    "my",
    "old",
    "first",
    "inner",
    "other",
    "raw",
    "tmp",
    "final",
    "base",
    "cur",
    "extra",
)
_SECOND = ("value", "item", "count", "node", "key", "flag", "list", "size", "entry", "state", "buffer", "part",
           "index", "result", "row", "field", "slot", "total", "mark", "unit", "block", "chunk", "step", "data")  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a function inside an answer; the copy is ``text[start:end]``. ``size`` are its lexemes, those of
    a class or a declaration that was put around it not counted."""

    function: Function
    code: str
    text: str
    start: int
    end: int
    size: int


class Unfit(Exception):
    """This function cannot be copied so that the copy still parses."""


def whole(text: str, language: str, kind: str) -> str:
    """A function as a text that parses by itself: methods inside a class, expressions assigned."""
    text = textwrap.dedent(text) if language == "python" else text
    if kind == "method":
        return f"class Holder {{\n{text}\n}}\n"
    return f"const holder = {text};\n" if kind == "expression" else text


def kind_of(function: Function) -> str:
    """method, expression or function: what a function must be put into so that it parses."""
    if function.language == "java":
        return "method"
    if function.language != "javascript":
        return "function"
    bare = function.text.lstrip()
    if re.match(r"(async\s+)?function\b\s*\*?\s*[\w$]+\s*\(", bare):
        return "function"
    return "expression" if re.match(r"(async\s+)?function\b|(async\s*)?(\(|[\w$]+\s*=>)", bare) else "method"


def standing(function: Function) -> str:
    """The function as a text that parses by itself, without the indentation that it had in its file."""
    column = len(function.text) - len(function.text.lstrip())
    return whole(" " * column + function.text, function.language, kind_of(function))


def tokens(text: str, language: str) -> list[Token]:
    """The leaves of a text that parses, comments and docstrings left out. Raises Unfit."""
    data = text.encode("utf-8", "replace")
    root = parser(language).parse(data).root_node
    if root.has_error:
        raise Unfit("it does not parse by itself")
    if _has(root, UNMOVABLE):
        raise Unfit("it has text that is no row of tokens (preprocessor, JSX)")
    skipped = _docstrings(root) if language == "python" else set()
    made: list[Token] = []
    before = 0
    for node in leaf_nodes(root):
        if node.type in COMMENTS or node.type == "line_continuation" or node.start_byte in skipped:
            continue
        leaf = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
        between = re.sub(r"\S+", "", data[before : node.start_byte].decode("utf-8", "replace"))
        parent = node.parent.type if node.parent is not None and _is_name_field(node) else ""
        made.append(Token(leaf, node.type, parent, between, _column(data, node.start_byte)))
        before = node.end_byte
    return made


def _has(root: Node, kinds: Sequence[str]) -> bool:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in kinds or node.is_missing:
            return True
        stack.extend(node.children)
    return False


def _docstrings(root: Node) -> set[int]:
    """Where docstrings begin, save those that are all their block has."""
    found, stack = set(), [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        first = next((child for child in node.children if child.type not in COMMENTS), None)
        many = sum(child.type not in COMMENTS for child in node.children) > 1
        if (
            node.type in ("block", "module")
            and many
            and first is not None
            and first.type == "expression_statement"
        ):
            only = first.children[0]
            if first.child_count == 1 and only.type == "string":
                found.add(only.start_byte)
    return found


def _is_name_field(node: Node) -> bool:
    parent = node.parent
    named = parent.child_by_field_name("name") if parent is not None else None
    return named is not None and named.id == node.id


def _column(data: bytes, at: int) -> int:
    line = data[data.rfind(b"\n", 0, at) + 1 : at].decode("utf-8", "replace").expandtabs(8)
    return len(line) - len(line.lstrip()) if line.strip() else len(line)


def plain(made: Sequence[Token], language: str) -> list[bool]:
    """Which tokens are plain names: no member, no name of a keyword argument, no builtin, no keyword."""
    known = grammar(language)
    kept = known.builtins | known.keywords | KEPT[language]
    return [
        token.kind in NAMES
        and token.text not in kept
        and not (number and made[number - 1].text in MEMBERS_AFTER)
        and token.parent != "keyword_argument"
        for number, token in enumerate(made)
    ]


def renamed(made: Sequence[Token], language: str, rng: random.Random) -> list[Token]:
    """Every plain name exchanged for a fresh one, injectively, so that none is captured."""
    taken = {token.text for token in made} | grammar(language).builtins | grammar(language).keywords
    names: dict[str, str] = {}
    result = []
    for token, is_plain in zip(made, plain(made, language), strict=True):
        if is_plain and token.text not in names:
            names[token.text] = _fresh(taken, language, rng)
        result.append(token._replace(text=names[token.text]) if is_plain else token)
    return [renamed_inside(token, names) for token in result]


def renamed_inside(token: Token, names: dict[str, str]) -> Token:
    """A string with what stands in braces inside it renamed, where it is one that has code there."""
    if token.kind == "template_string" or (token.kind == "string" and _FORMATTED.match(token.text)):
        return token._replace(text=_INTERPOLATED.sub(lambda it: _NAME.sub(
            lambda name: names.get(name[0], name[0]), it[0]), token.text))  # fmt: skip
    return token


def _fresh(taken: set[str], language: str, rng: random.Random) -> str:
    while True:
        first, second = rng.choice(_FIRST), rng.choice(_SECOND)
        name = f"{first}_{second}" if language in ("python", "c") else first + second.title()
        name += rng.choice(("", "", "2", str(rng.randrange(10, 99))))
        if name not in taken:
            taken.add(name)
            return name


def canonical(text: str, language: str) -> bytes:
    """What a function is whatever its names, layout and comments are: equal for copies that are only renamed."""
    made = tokens(text, language)
    numbers: dict[str, int] = {}
    spelled = [
        f"\1{numbers.setdefault(token.text, len(numbers))}"
        if is_plain
        else _INTERPOLATED.sub("{}", token.text)
        for token, is_plain in zip(made, plain(made, language), strict=True)
    ]
    return hashlib.sha256("\0".join(spelled).encode("utf-8", "replace")).digest()


def laid_out(made: Sequence[Token], language: str, style: Style) -> str:
    """The tokens in another layout. Line breaks that mean something stay where they are."""
    return _python(made, style) if language == "python" else _braced(made, language, style)


def _python(made: Sequence[Token], style: Style) -> str:
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
            gap = _space(made[number - 1], token, style)
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        out += [gap, token.text]
        column += len(gap) + len(token.text)
    return "".join(out) + "\n"


def _braced(made: Sequence[Token], language: str, style: Style) -> str:
    out: list[str] = []
    depth = inside = column = 0
    for number, token in enumerate(made):
        before = made[number - 1] if number else token
        depth -= token.text == "}"
        inside += (token.text in ("(", "[")) - (token.text in (")", "]"))
        breaks = "\n" in token.gap
        if breaks and language != "c" and before.text in (",", "(", "&&", "||", "+", "="):
            breaks = False
        if token.text == "{" and language in ("c", "java") and before.text == ")":
            breaks = style.own_line
        elif token.text == "{" and before.text == ")":
            breaks = False
        if column > style.width and inside and before.text == ",":
            breaks = True
        if number and breaks:
            gap, column = "\n" + style.indent * max(depth, 0), 0
        else:
            gap = _space(before, token, style) if number else ""
        depth += token.text == "{"
        out += [gap, token.text]
        column += len(gap) + len(token.text)
    return "".join(out) + "\n"


def _space(before: Token, token: Token, style: Style) -> str:
    """One space or none: one between words, else by the style, and none beside most brackets."""
    if re.match(r"[\w$@#\"'`]", token.text) and re.match(r"[\w$\"'`]", before.text[-1]):
        return " "
    if before.text in ("(", "[") or token.text in (")", "]", ",", ";"):
        return ""
    if style.tight and (before.text in _LOOSE or token.text in _LOOSE):
        return ""
    return " " if token.gap or (before.text == "," and not style.tight) else ""


def copied(text: str, language: str, rng: random.Random) -> str:
    """A text that parses, every plain name changed, without comments, laid out anew. Raises Unfit."""
    made = renamed(tokens(text, language), language, rng)
    for style in (Style.draw(rng), Style("  ", 10_000, tight=False, own_line=False)):
        code = laid_out(made, language, style)
        try:
            again = tokens(code, language)
        except Unfit:
            continue
        if [token.text for token in again] == [token.text for token in made]:
            return code
    raise Unfit("the copy does not parse to the same tokens")


def unwrapped(code: str, language: str, rng: random.Random) -> str:
    """A method as it is given in answers: one time in two without the class that held it."""
    if language != "java" or rng.random() < 0.5:
        return code
    inner = code.split("{", 1)[1].rsplit("}", 1)[0]
    return textwrap.dedent(inner).strip("\n") + "\n"


class Prose:
    """Sentences to stand before and behind a fence, cut out of ordinary answers."""

    def __init__(self, answers: Sequence[str]) -> None:
        bare = (re.sub(r"```.*?```", "", answer, flags=re.DOTALL) for answer in answers)
        self._paragraphs = [
            part.strip() for answer in bare for part in answer.split("\n\n") if 80 < len(part) < 600
        ] or ["Here is what you asked for, with a short explanation of each step that it takes."]

    def around(self, code: str, language: str, rng: random.Random) -> tuple[str, int]:
        """An answer with the code in a fence, and where the code begins."""
        before, after = rng.choice(self._paragraphs), rng.choice(self._paragraphs)
        head = f"{before}\n\n```{language}\n"
        return f"{head}{code}```\n\n{after}\n", len(head)


def copies(
    them: Sequence[Function], prose: Prose, seed: int, dropped: Counter[str] | None = None
) -> Iterator[Copy]:
    """A renamed copy of each function that can have one, in a fence inside an answer.

    ``dropped`` counts why the others have none.
    """
    dropped = Counter() if dropped is None else dropped
    for function in them:
        rng = random.Random(f"{seed} {function.id} {function.start}")
        try:
            code = copied(standing(function), function.language, rng)
        except Unfit as error:
            dropped[str(error)] += 1
            continue
        yield planted(function, unwrapped(code, function.language, rng), prose, rng)


def planted(function: Function, code: str, prose: Prose, rng: random.Random) -> Copy:
    """The code in a fence inside an answer."""
    text, start = prose.around(code, function.language, rng)
    size = lexemes(code, function.language) - WRAPPING * bool(_WRAPPED.match(code))
    return Copy(function, code, text, start, start + len(code), size)


@cache
def _lexer(language: str):  # type: ignore[no-untyped-def]
    from simblock.lexer import Lexer

    return Lexer(grammar(language))


def lexemes(code: str, language: str) -> int:
    """How many lexemes a code has, as simblock counts: only to say which class of size it is in."""
    return len(_lexer(language).tokens(code))
