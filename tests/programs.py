"""Programs in every language, made up by rule, so that tests of code hold nobody's code."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Mapping
from itertools import accumulate, count
from typing import NamedTuple

from simblock.grammar import grammar
from simblock.lexer import Lexer
from simblock.tokens import MEMBER_KEY, NAME_KEY

STEMS = [
    "total",
    "count",
    "index",
    "value",
    "left",
    "right",
    "node",
    "table",
    "queue",
    "limit",
    "offset",
    "width",
    "height",
    "colour",
    "price",
    "angle",
    "depth",
]
MEMBERS = [
    "size",
    "first",
    "last",
    "rows",
    "next",
    "parent",
    "label",
    "weight",
    "frame",
    "cursor",
    "buffer",
    "origin",
]


class Form(NamedTuple):
    """How a language writes what the others write too."""

    function: str
    comment: str
    assign: str
    augment: str
    call: str
    give: str
    branch: str
    loop: str
    member: str = "."


FORMS = {
    "python": Form(
        'def {name}({args}):\n    """{words}."""\n{body}', "# {words}", "{a} = {e}", "{a} += {e}", "{e}", "return {e}",
        "if {e} < {f}:\n{body}", "for {a} in {e}:\n{body}",
    ),
    "java": Form(
        "int {name}({args}) {{\n    // {words}\n{body}\n}}", "/* {words} */", "{a} = {e};", "{a} += {e};", "{e};", "return {e};",
        "if ({e} < {f}) {{\n{body}\n}}", "while ({e} > {a}) {{\n{body}\n}}",
    ),
    "javascript": Form(
        "function {name}({args}) {{\n    // {words}\n{body}\n}}", "/* {words} */", "let {a} = {e};", "{a} += {e};", "{e};",
        "return {e};", "if ({e} < {f}) {{\n{body}\n}}", "while ({e} > {a}) {{\n{body}\n}}",
    ),
    "c": Form(
        "int {name}({args}) {{\n    /* {words} */\n{body}\n}}", "/* {words} */", "{a} = {e};", "{a} += {e};", "{e};", "return {e};",
        "if ({e} < {f}) {{\n{body}\n}}", "while ({e} > {a}) {{\n{body}\n}}", "->",
    ),
}  # fmt: skip
LANGUAGES = tuple(FORMS)


class Programmer:
    """Writes functions that are alike in nothing but their language."""

    def __init__(self, rng: random.Random, language: str, stems: list[str] | None = None) -> None:
        self.rng, self.form, self.language = rng, FORMS[language], language
        self._stems = stems or STEMS
        self._names: list[str] = []

    def program(self, functions: int) -> str:
        return "\n\n\n".join(self.function() for _ in range(functions)) + "\n"

    def function(self, statements: int = 12) -> str:
        self._names = [f"{stem}_{self.rng.randrange(90)}" for stem in self.rng.sample(self._stems, 6)]
        words = " ".join(self.rng.choices(STEMS + MEMBERS, k=12))
        args = ", ".join(f"int {n}" if self.language in {"java", "c"} else n for n in self._names[:3])
        return self.form.function.format(
            name=f"{self.rng.choice(self._stems)}_{self.rng.randrange(900)}",
            args=args, words=words, body=self._body(statements, 1),
        )  # fmt: skip

    def _body(self, statements: int, depth: int) -> str:
        return "\n".join(
            "\n".join("    " * depth + line for line in self._statement(depth).split("\n"))
            for _ in range(statements)
        )

    def _statement(self, depth: int) -> str:
        kinds = ["assign", "assign", "augment", "call", "give"]
        kind = self.rng.choice(kinds if depth > 2 else [*kinds, "branch", "loop"])
        written: str = getattr(self.form, kind)
        parts = {"a": self._name(), "e": self._expression(), "f": self._expression()}
        if "{body}" in written:
            parts["body"] = self._body(self.rng.randint(1, 3), 1)
        return written.format(**parts)

    def _name(self) -> str:
        return self.rng.choice(self._names)

    def _expression(self, depth: int = 0) -> str:
        make: list[Callable[[], str]] = [self._name, lambda: str(self.rng.randrange(100)), self._dotted]
        if depth < 3:
            deeper = depth + 1
            make += [
                lambda: f"{self._expression(deeper)} {self.rng.choice('+-*/%')} {self._expression(deeper)}",
                lambda: f"{self._name()}({self._expression(deeper)}, {self._expression(deeper)})",
                lambda: f"{self._name()}[{self._expression(deeper)}]",
                lambda: f'{self._name()}("{self.rng.choice(STEMS)}")',
            ]
        return self.rng.choice(make)()

    def _dotted(self) -> str:
        return f"{self._name()}{self.form.member}{self.rng.choice(MEMBERS)}"


def plain_names(text: str, language: str) -> list[tuple[str, int, int]]:
    """The plain names of a text and where they stand."""
    tokens = Lexer(grammar(language)).tokens(text)
    rows = zip(tokens.keys.tolist(), tokens.starts.tolist(), tokens.ends.tolist(), strict=True)
    return [(text[a:b], a, b) for key, a, b in rows if key >= NAME_KEY and not key & MEMBER_KEY]


def renamed(text: str, language: str, rename: Callable[[str], str] | None = None) -> str:
    """The text with every plain name changed; to fresh names where ``rename`` says nothing else."""
    fresh = (f"zz{number}" for number in count())
    made: dict[str, str] = {}
    out, at = [], 0
    for name, start, end in plain_names(text, language):
        if name not in made:
            made[name] = rename(name) if rename else next(fresh)
        out += [text[at:start], made[name]]
        at = end
    return "".join([*out, text[at:]])


def stretch(text: str, language: str, first: int, lexemes: int) -> str:
    """The text of so many lexemes, from lexeme ``first`` on."""
    tokens = Lexer(grammar(language)).tokens(text)
    return text[int(tokens.starts[first]) : int(tokens.ends[first + lexemes - 1])]


def fenced(code: str, language: str) -> str:
    """Code as a model answers with it."""
    return (
        f"Here is one way to do that.\n\n```{language}\n{code}\n```\n\nTell me how it goes with your data.\n"
    )


def constructor(rng: random.Random) -> str:
    """A Python class whose parameters have defaults, and give members and arguments their names."""
    a, b, c, d, e, f = (f"{stem}_{rng.randrange(90)}" for stem in rng.sample(STEMS, 6))
    given, limit = rng.sample(MEMBERS, 2)
    comma = rng.choice([", ", ",\n        "])
    parameters = comma.join(["self", a, f"{b}=3", f"{limit}=None", f"{c}: int = 4", "*", f"{d}=({b}, 1)"])
    lines = [
        f"self.{b} = {b}",
        f"self._{d} = {d} or {c}",
        f"super().__init__({a}, {given}={a}, {d}={d})",
        f"{e}, {a} = {d}, {f} = {limit}, {b}",
        f"self.{limit} = {limit} if {limit} is not None else {a}.{given}({limit}={b})",
        f"{e} = lambda {f}, {a}={c}: {f}.{given} * {a}",
        f"def {f}({e}, {given}={d}):\n            return {e} + {given}",
        f"self.{given} = sorted({a}, key={e})[{b}:{c}]",
    ]
    body = "".join(f"        {line}\n" for line in rng.sample(lines, len(lines)))
    return f"class {a.title()}:\n    def __init__({parameters}):\n{body}"


def own_names(text: str) -> list[tuple[str, int, int]]:
    """What a programmer may rename in Python, and where it stands, as Python's own parser says."""
    lines = [0, *accumulate(map(len, text.splitlines(keepends=True)))]
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name | ast.arg):
            name = node.id if isinstance(node, ast.Name) else node.arg
            start = lines[node.lineno - 1] + node.col_offset
            found.append((name, start, start + len(name)))
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
            start = lines[node.lineno - 1] + node.col_offset + len("def ")
            found.append((node.name, start, start + len(node.name)))
    builtins = grammar("python").builtins
    return sorted((row for row in found if row[0] not in builtins), key=lambda row: row[1])


def written_anew(text: str, names: list[tuple[str, int, int]], spelled: Mapping[str, str]) -> str:
    """The text with names at places spelled otherwise."""
    out, at = [], 0
    for name, start, end in names:
        out += [text[at:start], spelled[name]]
        at = end
    return "".join([*out, text[at:]])
