"""Conditions turned round: branches exchanged under the negated condition, a < b as b > a, early returns."""

from __future__ import annotations

import random

from tree_sitter import Node

from benchmarks.evasions.code_kinds import COMMENTS, FUNCTIONS
from benchmarks.evasions.code_tree import (
    BLOCKS,
    JUMPS,
    Program,
    Rewriter,
    Rule,
    inside,
    is_simple,
    moved,
    rewritten,
    statements,
)
from benchmarks.evasions.registry import evasion

NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "===": "!==", "!==": "===",
           "is": "is not", "is not": "is", "in": "not in", "not in": "in"}  # fmt: skip
TURNED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<=", "===": "===", "!==": "!=="}
_COMPARISONS = ("binary_expression", "comparison_operator")


def bare(node: Node) -> Node:
    """A condition without the parentheses around it."""
    while node.type == "parenthesized_expression" and node.named_child_count == 1:
        node = node.named_children[0]
    return node


def _parts(program: Program, node: Node) -> tuple[Node, str, Node] | None:
    """(left, operator, right) of a comparison of two."""
    if node.type not in _COMPARISONS or node.named_child_count != 2:
        return None
    left, right = node.named_children
    operator = " ".join(program.data[left.end_byte : right.start_byte].decode().split())
    return (left, operator, right) if operator in NEGATED else None


def negation(program: Program, node: Node) -> str:
    """The opposite of a condition, as a programmer writes it (of numbers: NaN is taken for no case)."""
    node = bare(node)
    if node.type in ("not_operator", "unary_expression"):
        operand = node.named_children[-1]
        if program.text(node).startswith(("not", "!")):
            return program.text(bare(operand))
    if parts := _parts(program, node):
        left, operator, right = parts
        return f"{program.text(left)} {NEGATED[operator]} {program.text(right)}"
    text = program.text(node)
    if program.language == "python":
        return f"not {text}" if is_simple(node) else f"not ({text})"
    return f"!{text}" if is_simple(node) else f"!({text})"


def _else_of(node: Node) -> Node | None:
    """The plain else branch of an if; None where there is none or another if follows."""
    other = node.child_by_field_name("alternative")
    if other is not None and other.type == "else_clause":
        other = other.child_by_field_name("body") or (
            other.named_children[-1] if other.named_children else None
        )
    many = len(node.children_by_field_name("alternative")) > 1
    return (
        None if other is None or many or other.type in ("if_statement", "elif_clause", *COMMENTS) else other
    )


def _exchanged(rewriter: Rewriter, node: Node) -> str | None:
    program, other = rewriter.program, _else_of(node)
    then, condition = node.child_by_field_name("consequence"), node.child_by_field_name("condition")
    if other is None:
        return None
    opposite = negation(program, condition)
    if program.language != "python":
        if then.type not in BLOCKS:
            return None
        first = rewriter.text(other) if other.type in BLOCKS else f"{{ {rewriter.text(other)} }}"
        return f"if ({opposite}) {first} else {rewriter.text(then)}"
    if not statements(then) or not statements(other):
        return None
    if program.indent(statements(then)[0]) != program.indent(statements(other)[0]):
        return None
    between = program.data[then.end_byte : other.start_byte].decode()
    colon = program.data[condition.end_byte : then.start_byte].decode()
    return f"if {opposite}{colon}{rewriter.text(other)}{between}{rewriter.text(then)}"


def _turned(rewriter: Rewriter, node: Node) -> str | None:
    program = rewriter.program
    parts = _parts(program, node)
    if parts is None or parts[1] not in TURNED:
        return None
    left, operator, right = parts
    if not (is_simple(left) and is_simple(right)) or "call" in left.type or "invocation" in left.type:
        return None  # the side with an effect would be worked out second
    return f"{rewriter.text(right)} {TURNED[operator]} {rewriter.text(left)}"


def _ends(block: Node) -> bool:
    last = statements(block)[-1:] if block.type in BLOCKS else [block]
    return bool(last) and last[0].type in JUMPS


def _else_dropped(rewriter: Rewriter, node: Node) -> str | None:
    """if … return; else … → if … return; …, where the if is the last of its block."""
    program, other = rewriter.program, _else_of(node)
    then = node.child_by_field_name("consequence")
    if other is None or not _ends(then) or not _is_last(node) or other.type not in BLOCKS:
        return None
    indent = program.indent(node)
    if indent is None or not statements(other):
        return None
    head = rewriter.between(node.start_byte, then.end_byte, node.children)
    if program.language != "python":
        return f"{head}\n{indent}{inside(other, rewriter)}"
    rest = moved(rewriter.text(other), len(indent) - len(program.indent(statements(other)[0]) or indent))
    return None if rest is None else f"{head}\n{indent}{rest}"


def _is_last(node: Node) -> bool:
    block = node.parent
    return block is not None and block.type in BLOCKS and statements(block)[-1].id == node.id


def _else_added(rewriter: Rewriter, node: Node) -> str | None:
    """A block whose if returns, the rest of it put under an else."""
    them = statements(node)
    for at, one in enumerate(them[:-1]):
        then = one.child_by_field_name("consequence") if one.type == "if_statement" else None
        rest = them[at + 1 :]
        if then is None or one.child_by_field_name("alternative") is not None or not _ends(then):
            continue
        if any(other.type in ("function_declaration", "labeled_statement") for other in rest):
            return None
        return _with_else(rewriter, node, one, rest)
    return None


def _with_else(rewriter: Rewriter, block: Node, one: Node, rest: list[Node]) -> str | None:
    program = rewriter.program
    indent = program.indent(one)
    body = moved(rewriter.between(rest[0].start_byte, rest[-1].end_byte, block.children), 4)
    if indent is None or body is None or program.indent(rest[0]) != indent:
        return None
    head = rewriter.between(block.start_byte, one.end_byte, block.children)
    tail = program.data[rest[-1].end_byte : block.end_byte].decode()
    if program.language == "python":
        return f"{head}\n{indent}else:\n{indent}    {body}{tail}"
    return f"{head} else {{\n{indent}    {body}\n{indent}}}{tail}"


def _guard(rewriter: Rewriter, node: Node) -> str | None:
    """The last if of a function that gives nothing back: return where it does not hold."""
    program = rewriter.program
    then, indent = node.child_by_field_name("consequence"), program.indent(node)
    if node.child_by_field_name("alternative") is not None or indent is None or then.type not in BLOCKS:
        return None
    if not _is_last(node) or not _gives_nothing(program, node.parent.parent) or len(statements(then)) < 2:
        return None
    opposite = negation(program, node.child_by_field_name("condition"))
    if program.language != "python":
        return f"if ({opposite}) {{\n{indent}    return;\n{indent}}}\n{indent}{inside(then, rewriter)}"
    deep = program.indent(statements(then)[0])
    body = moved(rewriter.text(then), len(indent) - len(deep)) if deep is not None else None
    return None if body is None else f"if {opposite}:\n{indent}    return\n{indent}{body}"


def _gives_nothing(program: Program, function: Node | None) -> bool:
    if function is None or function.type not in FUNCTIONS[program.language]:
        return False
    given = function.child_by_field_name("type")
    if program.language in ("java", "c"):
        pointer = function.child_by_field_name("declarator")
        return given is not None and program.text(given) == "void" and (pointer is None or pointer.type == "function_declarator")  # fmt: skip
    return True


def _ternary_return(rewriter: Rewriter, node: Node) -> str | None:
    program = rewriter.program
    value = node.named_children[0] if node.named_child_count == 1 else None
    parts = _ternary(rewriter, bare(value)) if value is not None else None
    indent = program.indent(node)
    if parts is None or indent is None or node.parent.type not in BLOCKS:
        return None
    condition, yes, no = parts
    if program.language == "python":
        return f"if {condition}:\n{indent}    return {yes}\n{indent}return {no}"
    return f"if ({condition}) {{\n{indent}    return {yes};\n{indent}}}\n{indent}return {no};"


def _ternary(rewriter: Rewriter, node: Node) -> tuple[str, str, str] | None:
    """(condition, value, other value) of a conditional expression."""
    if node.type == "conditional_expression" and rewriter.program.language == "python":
        yes, condition, no = node.named_children[:3] if node.named_child_count == 3 else (None,) * 3
    elif node.type in ("ternary_expression", "conditional_expression"):
        condition, yes, no = (
            node.child_by_field_name(it) for it in ("condition", "consequence", "alternative")
        )
    else:
        return None
    if condition is None or yes is None or no is None:
        return None
    return rewriter.text(bare(condition)), rewriter.text(yes), rewriter.text(no)


def _ternary_assigned(rewriter: Rewriter, node: Node) -> str | None:
    program, indent = rewriter.program, rewriter.program.indent(node)
    value = node.named_children[0] if node.named_child_count == 1 else None
    if value is None or value.type not in ("assignment", "assignment_expression") or indent is None:
        return None
    left, right = value.child_by_field_name("left"), value.child_by_field_name("right")
    operator = value.child_by_field_name("operator")
    parts = _ternary(rewriter, bare(right)) if right is not None else None
    if parts is None or not is_simple(left) or (operator is not None and program.text(operator) != "="):
        return None
    (condition, yes, no), name = parts, program.text(left)
    if value.child_by_field_name("type") is not None:
        return None
    if program.language == "python":
        return f"if {condition}:\n{indent}    {name} = {yes}\n{indent}else:\n{indent}    {name} = {no}"
    return f"if ({condition}) {{\n{indent}    {name} = {yes};\n{indent}}} else {{\n{indent}    {name} = {no};\n{indent}}}"


EXCHANGED: dict[str, Rule] = {"if_statement": _exchanged}
COMPARED: dict[str, Rule] = dict.fromkeys(_COMPARISONS, _turned)
TERNARY: dict[str, Rule] = {"return_statement": _ternary_return, "expression_statement": _ternary_assigned}


@evasion("conditions-inverted", kind="code", group="code-rewrites", gate="code-rewrites")
def conditions_inverted(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does (no comparison with NaN, no operators of one's own): the branches of every
    if with a plain else are exchanged and its condition is negated."""
    return rewritten(code, language, EXCHANGED)


@evasion("comparisons-turned", kind="code", group="code-rewrites", gate="code-rewrites")
def comparisons_turned(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: a < b becomes b > a wherever both sides are simple."""
    return rewritten(code, language, COMPARED)


@evasion("else-dropped", kind="code", group="code-rewrites", gate="code-rewrites")
def else_dropped(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: what stands under the else of a branch that returns follows the if."""
    return rewritten(code, language, {"if_statement": _else_dropped})


@evasion("else-added", kind="code", group="code-rewrites", gate="code-rewrites")
def else_added(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: what follows a branch that returns is put under an else."""
    return rewritten(code, language, dict.fromkeys(BLOCKS, _else_added))


@evasion("guard-clauses", kind="code", group="code-rewrites", gate="code-rewrites")
def guard_clauses(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: the if that a function without a result ends with becomes an early return."""
    return rewritten(code, language, {"if_statement": _guard})


@evasion("ternary-to-if", kind="code", group="code-rewrites", gate="code-rewrites")
def ternary_to_if(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: conditional expressions that are returned or assigned become if statements."""
    return rewritten(code, language, TERNARY)
