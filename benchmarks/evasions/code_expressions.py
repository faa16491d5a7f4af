"""Expressions and assignments spelled otherwise: a += b as a = a + b, x++ as x += 1, parentheses."""

from __future__ import annotations

import random
import re

from tree_sitter import Node

from benchmarks.evasions.code_conditions import bare
from benchmarks.evasions.code_kinds import FUNCTIONS, NAMES
from benchmarks.evasions.code_tree import BLOCKS, Rewriter, Rule, is_simple, rewritten
from benchmarks.evasions.registry import evasion

_OPERATORS = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "//", "**", "@")
_BINARY = ("binary_expression", "binary_operator", "boolean_operator")


def _is_place(node: Node) -> bool:
    """Whether naming a place twice has no effect: a name, or members of names."""
    if node.type in NAMES or node.type in ("this", "self"):
        return True
    return node.type in ("attribute", "member_expression", "field_expression", "field_access") and all(
        _is_place(child) for child in node.named_children
    )


def _in_brackets(rewriter: Rewriter, node: Node) -> str:
    text = rewriter.text(node)
    return text if is_simple(node) else f"({text})"


def _spelled_out(rewriter: Rewriter, node: Node) -> str | None:
    """a += b → a = a + b."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = rewriter.program.data[left.end_byte : right.start_byte].decode().strip()
    if not _is_place(left) or operator[:-1] not in _OPERATORS or operator[-1:] != "=" or not is_alone(node):
        return None
    name = rewriter.program.text(left)
    return f"{name} = {name} {operator[:-1]} {_in_brackets(rewriter, right)}"


def is_alone(node: Node) -> bool:
    """Whether an expression's value is used by nobody: a statement, or a step of a loop."""
    parent = node.parent
    if parent is None or parent.type == "expression_statement":
        return parent is not None
    step = next(
        (one for field in ("update", "increment") for one in parent.children_by_field_name(field)), None
    )
    return parent.type == "for_statement" and step is not None and node.start_byte >= step.start_byte and parent.child_by_field_name("body").start_byte > node.start_byte  # fmt: skip


def _assignment(rewriter: Rewriter, node: Node) -> str | None:
    """a = a + b → a += b, and += the other way round where the grammar has one kind of node for both."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or node.child_by_field_name("type") is not None:
        return None
    program = rewriter.program
    if program.data[left.end_byte : right.start_byte].decode().strip() != "=":
        return _spelled_out(rewriter, node)
    value = bare(right)
    if value.type not in ("binary_expression", "binary_operator") or value.named_child_count != 2:
        return None
    first, second = value.named_children
    operator = program.data[first.end_byte : second.start_byte].decode().strip()
    if program.text(first) != program.text(left) or operator not in _OPERATORS or not is_alone(node):
        return None
    return f"{program.text(left)} {operator}= {rewriter.text(second)}"


def _stepped(rewriter: Rewriter, node: Node) -> str | None:
    """x++ → x += 1."""
    name = next((child for child in node.named_children), None)
    sign = "+" if "++" in rewriter.program.text(node) else "-"
    return f"{rewriter.text(name)} {sign}= 1" if name is not None and is_alone(node) else None


def _one_step(rewriter: Rewriter, node: Node) -> str | None:
    """x += 1 → x++."""
    found = re.fullmatch(r"([\w$.>\[\]-]+?)\s*([+-])=\s*1", rewriter.program.text(node))
    return f"{found[1]}{found[2] * 2}" if found and is_alone(node) else None


def _grouped(rewriter: Rewriter, node: Node) -> str | None:
    """Parentheses round each operand that has operators of its own."""
    made = [
        f"({rewriter.text(child)})" if child.type in (*_BINARY, "comparison_operator", "not_operator")
        else rewriter.text(child) for child in node.children
    ]  # fmt: skip
    out, at = [], node.start_byte
    for child, text in zip(node.children, made, strict=True):
        out += [rewriter.program.data[at : child.start_byte].decode(), text]
        at = child.end_byte
    return "".join(out)


def _returned_in_brackets(rewriter: Rewriter, node: Node) -> str | None:
    value = node.named_children[0] if node.named_child_count == 1 else None
    if value is None or value.type in ("parenthesized_expression", "expression_list", "yield", *NAMES):
        return None
    return f"return ({rewriter.text(value)})" + (";" if rewriter.program.language != "python" else "")


def _bare(rewriter: Rewriter, node: Node) -> str | None:
    """Parentheses gone where nothing needs them: after return and =, round a name, round a whole argument."""
    value = node.named_children[0] if node.named_child_count == 1 else None
    many_lines = node.start_point.row != node.end_point.row and rewriter.program.language == "python"
    if value is None or many_lines or node.parent is None or value.type in ("yield", "named_expression", "sequence_expression", "comma_expression", "assignment_expression"):  # fmt: skip
        return None
    free = node.parent.type in (
        "return_statement", "variable_declarator", "init_declarator", "assignment", "assignment_expression", "argument_list",
        "arguments", "parenthesized_expression",
    ) and node.parent.child_by_field_name("left") != node  # fmt: skip
    if value.type in NAMES and node.parent.type in _BINARY:
        free = True
    return rewriter.text(value) if free else None


def _through_variable(rewriter: Rewriter, node: Node) -> str | None:
    """return f(x); → outcome = f(x); return outcome;"""
    program, value = rewriter.program, node.named_children[0] if node.named_child_count == 1 else None
    indent = program.indent(node)
    if value is None or indent is None or value.type in NAMES or node.parent.type not in BLOCKS:
        return None
    declared = _declaration(rewriter, node)
    if declared is None or value.type == "yield":
        return None
    name, end = program.fresh("outcome"), "" if program.language == "python" else ";"
    left = f"{declared}{name}"
    return f"{left} = {rewriter.text(value)}{end}\n{indent}return {name}{end}"


def _declaration(rewriter: Rewriter, node: Node) -> str | None:
    """What stands before a new variable that holds the function's result; None where that is not simply said."""
    program = rewriter.program
    if program.language in ("python", "javascript"):
        return "" if program.language == "python" else "const "
    function: Node | None = node
    while function is not None and function.type not in (*FUNCTIONS[program.language], "lambda_expression"):
        function = function.parent
    given = function.child_by_field_name("type") if function is not None else None
    if function is None or given is None or program.text(given) == "void":
        return None
    declarator, stars = function.child_by_field_name("declarator"), ""
    while declarator is not None and declarator.type == "pointer_declarator":
        declarator, stars = declarator.child_by_field_name("declarator"), stars + "*"
    const = "const " if any(program.text(one) == "const" for one in function.children if one.type == "type_qualifier") else ""  # fmt: skip
    return f"{const}{program.text(given)} {stars}"


ASSIGNED: dict[str, Rule] = {"augmented_assignment": _spelled_out, "augmented_assignment_expression": _spelled_out,
                             "assignment": _assignment, "assignment_expression": _assignment}  # fmt: skip
STEPPED: dict[str, Rule] = {"update_expression": _stepped}
THROUGH: dict[str, Rule] = {"return_statement": _through_variable}
GROUPED: dict[str, Rule] = dict.fromkeys(_BINARY, _grouped)


@evasion("assignments-rewritten", kind="code", group="code-rewrites", gate="code-rewrites")
def assignments_rewritten(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does to numbers and strings: a += b becomes a = a + b, and the other way round."""
    return rewritten(code, language, ASSIGNED)


@evasion("increments-rewritten", kind="code", group="code-rewrites", gate="code-rewrites")
def increments_rewritten(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: x++ becomes x += 1; where there is none, x += 1 becomes x++."""
    if language == "python":
        return None
    kinds = ("augmented_assignment_expression", "assignment_expression")
    return rewritten(code, language, STEPPED) or rewritten(code, language, dict.fromkeys(kinds, _one_step))


@evasion("parentheses-added", kind="code", group="code-rewrites", gate="code-rewrites")
def parentheses_added(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: each operand with operators of its own, and each value returned, in brackets."""
    return rewritten(code, language, {**GROUPED, "return_statement": _returned_in_brackets})


@evasion("parentheses-removed", kind="code", group="code-rewrites", gate="code-rewrites")
def parentheses_removed(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: parentheses that change nothing are gone."""
    return rewritten(code, language, {"parenthesized_expression": _bare})


@evasion("returned-through-variable", kind="code", group="code-rewrites", gate="code-rewrites")
def returned_through_variable(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: what is returned is given a name first."""
    return rewritten(code, language, THROUGH)
