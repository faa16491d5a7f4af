"""Code with its tree, and rewriting it node by node: what comes out is parsed again before it is given.

Transforms of code take a text that parses by itself, as `benchmarks.code_copies.standing` gives it: a method
inside a class, a function expression assigned to a name.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property

from tree_sitter import Node

from benchmarks.code_functions import parser
from benchmarks.evasions.code_kinds import COMMENTS, FUNCTIONS, NAMES

Make = Callable[[str, str, random.Random], "str | None"]
"""(code, language, rng) → the masked code, or None where the transform does not apply."""

BLOCKS = ("block", "compound_statement", "statement_block", "constructor_body")
"""Kinds of nodes whose children are statements."""
LOOPS = ("for_statement", "while_statement", "do_statement", "for_in_statement", "enhanced_for_statement")
SCOPES = (*(kind for kinds in FUNCTIONS.values() for kind in kinds), "lambda", "lambda_expression", "class_body",
          "class_definition")  # fmt: skip
"""Kinds of nodes that have their own jumps and returns."""
JUMPS = ("return_statement", "throw_statement", "raise_statement", "break_statement", "continue_statement",
         "goto_statement")  # fmt: skip
_MULTILINE = re.compile(r'"""|\'\'\'|`|\\\n')


class Program:
    """A text, its bytes and its tree. Raises UnicodeError for lone surrogates."""

    def __init__(self, code: str, language: str) -> None:
        self.code, self.language = code, language
        self.data = code.encode()
        self.root = parser(language).parse(self.data).root_node

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode()

    def indent(self, node: Node) -> str | None:
        """The white space that a node's line begins with; None where something else stands before the node."""
        line = self.data[self.data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte].decode()
        return None if line.strip() else line

    def line_indent(self, node: Node) -> str:
        """The white space that a node's line begins with, whatever stands before the node."""
        line = self.data[self.data.rfind(b"\n", 0, node.start_byte) + 1 : node.start_byte].decode()
        return line[: len(line) - len(line.lstrip())]

    @cached_property
    def words(self) -> set[str]:
        """Every leaf as it is spelled."""
        return {self.text(leaf) for leaf in walk(self.root) if not leaf.child_count}

    def fresh(self, name: str) -> str:
        """The name, numbered where the code has it already; taken from then on."""
        made, number = name, 2
        while made in self.words:
            made, number = f"{name}{number}", number + 1
        self.words.add(made)
        return made


def walk(root: Node, within: Callable[[Node], bool] = lambda _: True) -> Iterator[Node]:
    """A node and all below it, in order; below those that `within` refuses nothing."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if node.id == root.id or within(node):
            stack.extend(reversed(node.children))


def parses(code: str, language: str) -> bool:
    """Whether there is no error in the tree; Python's own compiler is asked besides."""
    if parser(language).parse(code.encode("utf-8", "replace")).root_node.has_error:
        return False
    return language != "python" or not _refused(code)


def _refused(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of the functions' own authors
            compile(code, "copy", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False


def changed(before: str, after: str, language: str) -> str | None:
    """The second text where it differs in more than white space and parses (or the first did not either)."""
    if before.split() == after.split() or not (parses(after, language) or not parses(before, language)):
        return None
    return after


class Rewriter:
    """Gives a node's text with rules applied to it and to everything below it."""

    def __init__(self, program: Program, rules: Mapping[str, Rule], sites: Collection[int] | None = None) -> None:  # fmt: skip
        self.program, self._rules, self._sites = program, rules, sites
        self.used: list[int] = []

    def text(self, node: Node) -> str:
        """The node's text, rewritten."""
        rule = self._rules.get(node.type)
        allowed = rule and (self._sites is None or node.start_byte in self._sites)
        if rule and allowed and (made := rule(self, node)) is not None:
            self.used.append(node.start_byte)
            return made
        return self.inner(node)

    def inner(self, node: Node) -> str:
        """The node's text with all below it rewritten, and itself as it is."""
        return self.between(node.start_byte, node.end_byte, node.children)

    def between(self, start: int, end: int, children: Collection[Node]) -> str:
        """What stands between two bytes, the nodes in it rewritten."""
        out, at = [], start
        for child in children:
            if start <= child.start_byte and child.end_byte <= end:
                out += [self.program.data[at : child.start_byte].decode(), self.text(child)]
                at = child.end_byte
        return "".join([*out, self.program.data[at:end].decode()])


Rule = Callable[[Rewriter, Node], "str | None"]
"""(rewriter, node) → the node's new text, or None where it stays as it is."""


def rewritten(code: str, language: str, rules: Mapping[str, Rule]) -> str | None:
    """The code with rules applied wherever they can be; where the whole no longer parses, one place at a time."""
    try:
        first = Rewriter(Program(code, language), rules)
        made = first.text(first.program.root)
        if not first.used or changed(code, made, language):
            return changed(code, made, language)
        return _one_by_one(code, language, rules, first.used)
    except (RecursionError, UnicodeError):
        return None


def _one_by_one(code: str, language: str, rules: Mapping[str, Rule], sites: list[int]) -> str | None:
    kept: set[int] = set()
    best = None
    for site in sorted(set(sites))[:40]:
        trial = Rewriter(Program(code, language), rules, kept | {site})
        made = changed(code, trial.text(trial.program.root), language)
        if made is not None and site in trial.used:
            kept.add(site)
            best = made
    return best


class Change:
    """Replacements of stretches of bytes that do not overlap, collected and then made."""

    def __init__(self, program: Program) -> None:
        self._program, self._made = program, list[tuple[int, int, str]]()

    def replace(self, node: Node, text: str) -> None:
        self.put(node.start_byte, node.end_byte, text)

    def put(self, start: int, end: int, text: str) -> None:
        self._made.append((start, end, text))

    def __len__(self) -> int:
        return len(self._made)

    def text(self) -> str:
        """The whole code with all replacements made."""
        return self._spliced(0, len(self._program.data))

    def within(self, node: Node) -> str:
        """One node's text with the replacements in it made."""
        return self._spliced(node.start_byte, node.end_byte)

    def _spliced(self, start: int, end: int) -> str:
        data, out, at = self._program.data, list[bytes](), start
        for first, last, text in sorted(self._made, key=lambda one: one[:2]):
            if first >= at and last <= end:
                out += [data[at:first], text.encode()]
                at = last
        return b"".join([*out, data[at:end]]).decode()


def inside(node: Node, rewriter: Rewriter) -> str:
    """What stands between a block's braces, rewritten; of a lone statement itself. Ends are stripped."""
    first = node.children[0] if node.children else None
    if first is None or first.type != "{":
        return rewriter.text(node)
    return (
        rewriter.between(first.end_byte, node.children[-1].start_byte, node.children[1:-1])
        .strip("\n")
        .strip()
    )


def moved(text: str, by: int) -> str | None:
    """Lines after the first moved right (or left) by columns; None where a string goes over lines."""
    if _MULTILINE.search(text):
        return None
    first, *rest = text.split("\n")
    if by >= 0:
        return "\n".join([first, *(" " * by + line if line.strip() else line for line in rest)])
    return "\n".join([first, *(line[min(-by, len(line) - len(line.lstrip())) :] for line in rest)])


def jumps(body: Node, kind: str) -> bool:
    """Whether a loop's body has a break or continue of its own, or one with a label."""
    for node in walk(body, lambda node: node.type not in SCOPES):
        if node.type == kind and (node.named_child_count or _loop_of(node, body)):
            return True
    return False


def _loop_of(jump: Node, body: Node) -> bool:
    node = jump
    while node is not None and node.id != body.id:
        if node.type in LOOPS or (jump.type == "break_statement" and node.type == "switch_statement"):
            return False
        node = node.parent
    return True


def statements(block: Node) -> list[Node]:
    """A block's statements, comments left out."""
    return [node for node in block.named_children if node.type not in COMMENTS]


def names_in(program: Program, node: Node) -> set[str]:
    """Every name below a node, whatever it stands for, inside strings that hold code too."""
    return {program.text(leaf) for leaf in walk(node) if leaf.type in NAMES}


def is_simple(node: Node) -> bool:
    """Whether an expression binds closer than any operator: a name, a literal, a member, a call, parentheses."""
    return node.type in NAMES or node.type in (
        "integer", "float", "string", "number", "number_literal", "decimal_integer_literal", "string_literal", "true",
        "false", "none", "null", "null_literal", "call", "call_expression", "method_invocation", "attribute",
        "member_expression", "field_expression", "field_access", "subscript", "subscript_expression", "array_access",
        "parenthesized_expression", "this", "self", "char_literal", "character_literal", "list", "dictionary", "tuple",
    )  # fmt: skip
