"""Loops written the other way: for as while, while as for, do as while."""

from __future__ import annotations

import random
import re

from tree_sitter import Node

from benchmarks.code_functions import leaf_nodes
from benchmarks.evasions.code_tree import (
    BLOCKS,
    JUMPS,
    Program,
    Rewriter,
    Rule,
    inside,
    jumps,
    names_in,
    rewritten,
    statements,
    walk,
)
from benchmarks.evasions.registry import evasion

_TRUE = {"java": "true", "javascript": "true", "c": "1"}
_DECLARATIONS = ("local_variable_declaration", "lexical_declaration", "variable_declaration", "declaration")
_LAMBDAS = ("arrow_function", "function_expression", "lambda_expression", "lambda")
_ASSIGNS = ("assignment", "augmented_assignment", "for_statement", "named_expression", "delete_statement")


def _is_labelled(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "labeled_statement"


def _header(rewriter: Rewriter, node: Node) -> tuple[str, str, list[str]] | None:
    """The start, the condition and the steps of a for loop of three parts."""
    opened = next(child for child in node.children if child.type == "(")
    body = node.child_by_field_name("body")
    closed = [child for child in node.children if child.type == ")" and child.end_byte <= body.start_byte][-1]
    marks = [leaf for leaf in leaf_nodes(node) if leaf.type == ";" and leaf.end_byte <= closed.start_byte]
    if len(marks) != 2:
        return None
    text = rewriter.program.data
    start = text[opened.end_byte : marks[0].start_byte].decode().strip()
    condition = text[marks[0].end_byte : marks[1].start_byte].decode().strip()
    steps = [rewriter.program.text(child) for child in node.named_children
             if marks[1].end_byte <= child.start_byte and child.end_byte <= closed.start_byte]  # fmt: skip
    return start, condition, steps


def _braced_for(rewriter: Rewriter, node: Node) -> str | None:
    program, body = rewriter.program, node.child_by_field_name("body")
    header = _header(rewriter, node)
    if header is None or _is_labelled(node) or jumps(body, "continue_statement"):
        return None
    if program.language == "javascript" and any(one.type in _LAMBDAS for one in walk(body)):
        return None  # each round has its own variable, which a function may keep
    start, condition, steps = header
    indent = program.line_indent(node)
    ended = body.type in BLOCKS and bool(statements(body)) and statements(body)[-1].type in JUMPS
    rows = [inside(body, rewriter), *([] if ended else [f"{step};" for step in steps])]
    inner = "".join(f"{indent}    {row}\n" for row in rows if row)
    loop = f"while ({condition or _TRUE[program.language]}) {{\n{inner}{indent}}}"
    if not start:
        return loop
    made = f"{start};\n{indent}{loop}"
    return f"{{\n{indent}{made}\n{indent}}}" if _needs_braces(program, node) else made


def _needs_braces(program: Program, node: Node) -> bool:
    """Whether what the loop declares has to stay inside it."""
    declared = next((child for child in node.named_children if child.type in _DECLARATIONS), None)
    if node.parent is None or node.parent.type not in BLOCKS:
        return True
    if declared is None:
        return False
    outside = (program.data[: node.start_byte] + b" " + program.data[node.end_byte :]).decode()
    return any(re.search(rf"\b{re.escape(name)}\b", outside) for name in names_in(program, declared))


def _for_of(rewriter: Rewriter, node: Node) -> str | None:
    program, body = rewriter.program, node.child_by_field_name("body")
    kind, operator = node.child_by_field_name("kind"), node.child_by_field_name("operator")
    if operator is None or program.text(operator) != "of" or kind is None or _is_labelled(node):
        return None
    if any(child.type == "await" for child in node.children) or node.parent.type not in BLOCKS:
        return None
    walker, step = program.fresh("walker"), program.fresh("step")
    indent = program.line_indent(node)
    left, right = (program.text(node.child_by_field_name(field)) for field in ("left", "right"))
    return (
        f"const {walker} = {right}[Symbol.iterator]();\n{indent}let {step};\n"
        f"{indent}while (!({step} = {walker}.next()).done) {{\n{indent}    {program.text(kind)} {left} = {step}.value;\n"
        f"{indent}    {inside(body, rewriter)}\n{indent}}}"
    )


def _braced_while(rewriter: Rewriter, node: Node) -> str | None:
    condition = rewriter.text(node.child_by_field_name("condition")).strip()[1:-1].strip()
    condition = "" if condition == _TRUE[rewriter.program.language] else condition
    return f"for (; {condition};) {rewriter.text(node.child_by_field_name('body'))}"


def _do(rewriter: Rewriter, node: Node) -> str | None:
    program, body = rewriter.program, node.child_by_field_name("body")
    if jumps(body, "continue_statement") or _is_labelled(node) or body.type not in BLOCKS:
        return None
    condition, indent = program.text(node.child_by_field_name("condition")), program.line_indent(node)
    return (
        f"while ({_TRUE[program.language]}) {{\n{indent}    {inside(body, rewriter)}\n"
        f"{indent}    if (!{condition}) {{\n{indent}        break;\n{indent}    }}\n{indent}}}"
    )


def _python_for(rewriter: Rewriter, node: Node) -> str | None:
    program, body = rewriter.program, node.child_by_field_name("body")
    indent = program.indent(node)
    awaits = any(child.type == "async" for child in node.children)
    if (
        indent is None
        or awaits
        or node.child_by_field_name("alternative") is not None
        or not statements(body)
    ):
        return None
    inner = program.indent(statements(body)[0]) or indent + "    "
    left, right = (node.child_by_field_name(field) for field in ("left", "right"))
    counted = _counted(program, node, left, right)
    if counted is not None:
        first, last, before = counted
        return (
            f"{before and before + chr(10) + indent}{program.text(left)} = {first}\n{indent}while {program.text(left)} < {last}:\n"
            f"{inner}{rewriter.text(body).rstrip()}\n{inner}{program.text(left)} += 1"
        )
    walker, given = program.fresh("walker"), program.text(right)
    given = f"({given})" if right.type == "expression_list" else given
    deeper = inner + "    "
    return (
        f"{walker} = iter({given})\n{indent}while True:\n{inner}try:\n{deeper}{program.text(left)} = next({walker})\n"
        f"{inner}except StopIteration:\n{deeper}break\n{inner}{rewriter.text(body)}"
    )


def _counted(program: Program, node: Node, left: Node, right: Node) -> tuple[str, str, str] | None:
    """(first, last, the statement before) of a loop over a range that can be counted by hand."""
    if right.type != "call" or not program.text(right).startswith("range(") or left.type != "identifier":
        return None
    given = right.child_by_field_name("arguments").named_children
    body, name = node.child_by_field_name("body"), program.text(left)
    after = program.data[node.end_byte :].decode()
    if len(given) not in (1, 2) or jumps(body, "continue_statement") or re.search(rf"\b{name}\b", after):
        return None
    assigned = {
        word
        for one in walk(body)
        if one.type in _ASSIGNS
        for word in names_in(program, one.child_by_field_name("left") or one)
    }
    outer = node.parent
    while outer is not None and outer.type not in ("for_statement", "while_statement"):
        outer = outer.parent
    if name in assigned or outer is not None:
        return None
    first, last = ("0" if len(given) == 1 else program.text(given[0])), given[-1]
    if last.type == "integer" or (last.type == "identifier" and program.text(last) not in assigned):
        return first, program.text(last), ""
    stop = program.fresh("stop")
    return first, stop, f"{stop} = {program.text(last)}"


def _python_while(rewriter: Rewriter, node: Node) -> str | None:
    program, body = rewriter.program, node.child_by_field_name("body")
    indent = program.indent(node)
    if indent is None or node.child_by_field_name("alternative") is not None or not statements(body):
        return None
    inner = program.indent(statements(body)[0]) or indent + "    "
    condition = program.text(node.child_by_field_name("condition"))
    head = f"for _ in iter(int, 1):\n{inner}"
    if condition != "True":
        head += f"if not ({condition}):\n{inner}    break\n{inner}"
    return head + rewriter.text(body)


FOR: dict[str, dict[str, Rule]] = {
    "python": {"for_statement": _python_for},
    "java": {"for_statement": _braced_for},
    "javascript": {"for_statement": _braced_for, "for_in_statement": _for_of},
    "c": {"for_statement": _braced_for},
}
WHILE: dict[str, dict[str, Rule]] = {
    "python": {"while_statement": _python_while},
    **{
        language: {"while_statement": _braced_while, "do_statement": _do}
        for language in ("java", "javascript", "c")
    },
}


@evasion("for-to-while", kind="code", group="code-rewrites", gate="code-rewrites")
def for_to_while(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: every for loop as a while loop, save those with a continue of their own,
    and in JavaScript the closing of an iterator that is left early."""
    return rewritten(code, language, FOR[language])


@evasion("while-to-for", kind="code", group="code-rewrites", gate="code-rewrites")
def while_to_for(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: every while and do loop as a for or while loop of another spelling."""
    return rewritten(code, language, WHILE[language])


@evasion("loops-exchanged", kind="code", group="code-rewrites", gate="code-rewrites")
def loops_exchanged(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: each for becomes a while, each while a for."""
    return rewritten(code, language, {**FOR[language], **WHILE[language]})
