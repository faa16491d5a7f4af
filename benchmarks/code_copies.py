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
from functools import cache, partial
from string import ascii_lowercase

from tree_sitter import Node

from benchmarks import code_pieces
from benchmarks.code_functions import Function, leaf_nodes, parser
from benchmarks.code_layout import Style, Token, laid_out
from benchmarks.code_rules import Docstrings, FunctionRules, Wrapper, function_rules
from simblock.grammar import grammar

_INTERPOLATED = re.compile(r"\{[^{}]*\}")
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


NOTHING = Wrapper()


def wrapper(function: Function) -> Wrapper:
    """What a function must be put into so that it parses by itself."""
    bare = function.text.lstrip()
    them = function_rules(function.language).wrappers
    return next((one for one in them if one.fits(function.kind, bare)), NOTHING)


def standing(function: Function) -> str:
    """The function as a text that parses by itself, without the indentation that it had in its file."""
    text = " " * (len(function.text) - len(function.text.lstrip())) + function.text
    if function_rules(function.language).layout == "indented":
        text = textwrap.dedent(text)
    around = wrapper(function)
    return around.before + text + around.after


def tokens(text: str, language: str) -> list[Token]:
    """The leaves of a text that parses, comments and docstrings left out. Raises Unfit."""
    if function_rules(language).pygments:
        if (read := code_pieces.read(text, language)) is None:
            raise Unfit("it does not parse by itself")
        return read
    data = text.encode("utf-8", "replace")
    root = parser(language).parse(data).root_node
    if root.has_error:
        raise Unfit("it does not parse by itself")
    rules = function_rules(language)
    if _has(root, rules.unmovable):
        raise Unfit("it has text that is no row of tokens (preprocessor, JSX)")
    skipped = _docstrings(root, rules.comments, rules.docstrings) if rules.docstrings else set()
    made: list[Token] = []
    before = 0
    for node in leaf_nodes(root, language):
        if node.type in rules.comments or node.type == "line_continuation" or node.start_byte in skipped:
            continue
        leaf = data[node.start_byte : node.end_byte].decode("utf-8", "replace")
        between = _blank(data[before : node.start_byte].decode("utf-8", "replace"), rules)
        parent = node.parent.type if node.parent is not None and _is_name_field(node) else ""
        made.append(Token(leaf, node.type, parent, between, _column(data, node.start_byte)))
        before = node.end_byte
    return made


def _blank(gap: str, rules: FunctionRules) -> str:
    """The white space of what stands between two tokens; where columns mean something, comments are blanks."""
    return re.sub(r"\S", " ", gap) if rules.layout == "kept" else re.sub(r"\S+", "", gap)


def _has(root: Node, kinds: Sequence[str]) -> bool:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in kinds or node.is_missing:
            return True
        stack.extend(node.children)
    return False


def _docstrings(root: Node, comments: Sequence[str], known: Docstrings) -> set[int]:
    """Where docstrings begin, save those that are all their block has."""
    found, stack = set(), [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        said = [child for child in node.children if child.type not in comments]
        if node.type in known.blocks and len(said) > 1 and said[0].type == known.statement:
            only = said[0].children[0]
            if said[0].child_count == 1 and only.type == known.literal:
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
    rules = function_rules(language)
    kept = _kept(language)
    return [
        token.kind in rules.names
        and _spelled(token.text, rules) not in kept
        and not (number and made[number - 1].text in rules.members_after)
        and token.parent not in rules.arguments
        for number, token in enumerate(made)
    ]


@cache
def _kept(language: str) -> frozenset[str]:
    """The language's own words."""
    known = grammar(language)
    return known.builtins | known.keywords | frozenset(function_rules(language).kept)


def _spelled(name: str, rules: FunctionRules) -> str:
    return name.lower() if rules.ignore_case else name


def renamed(made: Sequence[Token], language: str, rng: random.Random) -> list[Token]:
    """Every plain name exchanged for a fresh one, injectively, so that none is captured. Raises Unfit."""
    rules = function_rules(language)
    taken = {_spelled(token.text, rules) for token in made} | grammar(language).builtins
    taken |= grammar(language).keywords
    names: dict[str, str] = {}
    result = []
    for token, is_plain in zip(made, plain(made, language), strict=True):
        name = _spelled(token.text, rules)
        if is_plain and name not in names:
            names[name] = fresh(token.text, taken, rules, rng)
        result.append(token._replace(text=names[name]) if is_plain else token)
    return [renamed_inside(token, names, language) for token in result]


def renamed_inside(token: Token, names: dict[str, str], language: str) -> Token:
    """A literal with the code inside it renamed, where it is one that holds code."""
    for rule in function_rules(language).interpolated:
        if token.kind == rule.kind and re.match(rule.opens, token.text):
            inside = partial(re.sub, rule.name, lambda it: names.get(it[0], it[0]))
            return token._replace(
                text=re.sub(rule.hole, lambda hole, inside=inside: inside(hole[0]), token.text)
            )
    return token


def fresh(name: str, taken: set[str], rules: FunctionRules, rng: random.Random) -> str:
    """A name that nothing has, like the old one in what means something: case, marks, or length."""
    bare = name.strip(rules.marks) if rules.marks else name
    head, _, tail = name.partition(bare) if bare else (name, "", "")
    for _ in range(1000):
        made = _drawn(len(bare), rules, rng)
        if rules.initials and bare[:1].isupper():
            made = made[:1].upper() + made[1:]
        if (spelled := _spelled(head + made + tail, rules)) not in taken:
            taken.add(spelled)
            return head + made + tail
    raise Unfit("no name of that length is free")


def _drawn(length: int, rules: FunctionRules, rng: random.Random) -> str:
    if rules.layout == "kept":
        return "".join(rng.choice(ascii_lowercase) for _ in range(length))
    first, second = rng.choice(_FIRST), rng.choice(_SECOND)
    made = f"{first}_{second}" if rules.snake else first + second.title()
    return made + rng.choice(("", "", "2", str(rng.randrange(10, 99))))


def canonical(text: str, language: str) -> bytes:
    """What a function is whatever its names, layout and comments are: equal for copies that are only renamed."""
    made = tokens(text, language)
    numbers: dict[str, int] = {}
    spelled = [
        f"\1{numbers.setdefault(token.text, len(numbers))}" if is_plain else _without_code(token, language)
        for token, is_plain in zip(made, plain(made, language), strict=True)
    ]
    return hashlib.sha256("\0".join(spelled).encode("utf-8", "replace")).digest()


def _without_code(token: Token, language: str) -> str:
    text = _INTERPOLATED.sub("{}", token.text)
    for rule in function_rules(language).interpolated:
        if token.kind == rule.kind:
            text = re.sub(rule.hole, "{}", text)
    return text


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
    if not put_around(code, language).often_off or rng.random() < 0.5:
        return code
    inner = code.split("{", 1)[1].rsplit("}", 1)[0]
    return textwrap.dedent(inner).strip("\n") + "\n"


def put_around(code: str, language: str) -> Wrapper:
    """What a copy stands in, by how it begins."""
    them = (one for one in function_rules(language).wrappers if one.before)
    return next((one for one in them if re.match(_begins(one.before), code)), NOTHING)


@cache
def _begins(before: str) -> str:
    """An expression for code that is put into something: its names may be any."""
    words = re.findall(r"\w+|[^\w\s]", before)
    return r"\s*".join(r"\w+" if word in ("Holder", "holder") else re.escape(word) for word in words)


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
    around = put_around(code, function.language)
    size = lexemes(code, function.language) - lexemes(around.before + around.after, function.language)
    return Copy(function, code, text, start, start + len(code), size)


@cache
def _lexer(language: str):  # type: ignore[no-untyped-def]
    from simblock.lexer import Lexer

    return Lexer(grammar(language))


def lexemes(code: str, language: str) -> int:
    """How many lexemes a code has, as simblock counts: only to say which class of size it is in."""
    return len(_lexer(language).tokens(code))
