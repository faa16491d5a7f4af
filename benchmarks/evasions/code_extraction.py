"""Functions cut otherwise: a part extracted, a small one inlined, the members of a class in another order."""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from tree_sitter import Node

from benchmarks.code_functions import leaf_nodes
from benchmarks.evasions.code_kinds import FUNCTIONS, MEMBERS_AFTER, NAMES
from benchmarks.evasions.code_tree import (
    BLOCKS,
    SCOPES,
    Change,
    Program,
    changed,
    is_simple,
    moved,
    names_in,
    statements,
    walk,
)
from benchmarks.evasions.registry import evasion

PART = (0.25, 0.7)
"""Share of a function's statements that are extracted, from and to."""
_FORBIDDEN = (
    "return_statement", "goto_statement", "labeled_statement", "yield", "yield_expression", "await", "await_expression",
    "global_statement", "nonlocal_statement", "function_definition", "function_declaration", "class_definition", "super",
    "preproc_ifdef", "preproc_if", "delete_statement", "arrow_function", "lambda", "lambda_expression", "throw_statement",
    "function_expression", "sizeof_expression", "case_statement", "import_statement", "import_from_statement",
)  # fmt: skip
_TARGETS = ("assignment", "assignment_expression", "augmented_assignment", "augmented_assignment_expression",
            "for_statement", "update_expression", "named_expression", "for_in_statement", "enhanced_for_statement")  # fmt: skip
_DECLARED = ("variable_declarator", "init_declarator")
_CALLS = {
    "python": "call",
    "java": "method_invocation",
    "javascript": "call_expression",
    "c": "call_expression",
}
_MEMBERS = {
    "python": ("class_definition", ("function_definition", "decorated_definition")),
    "java": ("class_body", ("method_declaration", "constructor_declaration")),
    "javascript": ("class_body", ("method_definition",)),
    "c": ("translation_unit", ("function_definition",)),
}


class Local(NamedTuple):
    """A name that a function has of its own, and how it is declared as a parameter."""

    name: str
    declaration: str


def plain_in(program: Program, node: Node) -> set[str]:
    """Names below a node that are no members."""
    found, before = set(), ""
    for leaf in walk(node):
        if leaf.child_count:
            continue
        text = program.text(leaf)
        if leaf.type in NAMES and before not in MEMBERS_AFTER and leaf.type not in ("property_identifier", "field_identifier"):  # fmt: skip
            found.add(text)
        before = text
    return found


def assigned_in(program: Program, node: Node) -> set[str]:
    """Names that are written below a node, or whose address is taken there."""
    found: set[str] = set()
    for one in walk(node):
        target = None
        if one.type in _TARGETS:
            target = one.child_by_field_name("left") or one.child_by_field_name("argument") or one.child_by_field_name("name")  # fmt: skip
            if target is None and one.named_children and one.type == "update_expression":
                target = one.named_children[0]
        elif one.type in _DECLARED or one.type == "as_pattern_target":
            target = one.child_by_field_name("name") or one.child_by_field_name("declarator") or one
        elif one.type == "declaration":
            found |= {program.text(it) for it in one.named_children if it.type == "identifier"}
        elif one.type == "pointer_expression" and program.text(one).startswith("&"):
            target = one
        if target is not None and (one.type == "pointer_expression" or target.type in (*NAMES, "pattern_list", "tuple_pattern", "as_pattern_target", "pointer_declarator", "array_pattern", "object_pattern")):  # fmt: skip
            found |= names_in(program, target)
    return found


def _parameters(program: Program, function: Node) -> list[Local] | None:
    """A function's parameters; None where one is not simply a name."""
    held = function.child_by_field_name("parameters")
    if held is None and (declarator := _declarator(function)) is not None:
        held = declarator.child_by_field_name("parameters")
    found = []
    for one in held.named_children if held is not None else ():
        text = program.text(one)
        if program.language in ("python", "javascript"):
            name = (
                one
                if one.type == "identifier"
                else one.child_by_field_name("name") or (one.named_children or [one])[0]
            )
            if name.type != "identifier":
                return None
            found.append(Local(program.text(name), program.text(name)))
        elif text != "void":
            names = [program.text(leaf) for leaf in leaf_nodes(one) if leaf.type == "identifier"]
            if not names or text.count("(") or text.endswith("..."):
                return None
            found.append(Local(names[-1], text))
    return found


def _declarator(function: Node) -> Node | None:
    declarator = function.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    return declarator


def _declared(program: Program, them: list[Node]) -> list[Local]:
    """What statements declare at their own level, in order."""
    found = []
    for one in them:
        if program.language == "python":
            found += [Local(name, name) for name in sorted(assigned_in(program, one))] if one.type == "expression_statement" else []  # fmt: skip
        elif program.language == "javascript":
            found += [Local(name, name) for node in one.named_children if node.type == "variable_declarator"
                      for name in sorted(names_in(program, node.child_by_field_name("name")))]  # fmt: skip
        elif one.type in ("declaration", "local_variable_declaration"):
            found += _typed(program, one)
    return found


def _typed(program: Program, node: Node) -> list[Local]:
    given = program.text(node.child_by_field_name("type"))
    if given == "var" or "static" in program.text(node).split():
        return []
    qualified = "const " if program.language == "c" and program.text(node).startswith("const ") else ""
    found = []
    for one in node.children_by_field_name("declarator"):
        inner = one.child_by_field_name("declarator") or one.child_by_field_name("name") if one.type in _DECLARED else one  # fmt: skip
        names = [program.text(leaf) for leaf in leaf_nodes(inner) if leaf.type == "identifier"]
        if names and "(" not in program.text(inner):
            found.append(Local(names[0], f"{qualified}{given} {program.text(inner)}"))
    return found


class Cut(NamedTuple):
    """A stretch of statements that can be a function of its own: what it is given, and what it gives back."""

    first: Node
    last: Node
    given: list[Local]
    back: list[Local]
    is_new: bool


def _cuts(program: Program, function: Node) -> list[Cut]:
    body = function.child_by_field_name("body")
    them = statements(body) if body is not None and body.type in BLOCKS else []
    parameters = _parameters(program, function)
    if len(them) < 4 or parameters is None:
        return []
    found = []
    for at in range(len(them)):
        for end in range(at + 2, len(them) + 1):
            if PART[0] * len(them) <= end - at <= PART[1] * len(them):
                cut = _cut(program, them, at, end, parameters)
                found += [cut] if cut else []
    return found


def _cut(program: Program, them: list[Node], at: int, end: int, parameters: list[Local]) -> Cut | None:
    run = them[at:end]
    if any(one.type in _FORBIDDEN or (program.text(one) in ("arguments", "this") and not _in_class(one)) for part in run for one in walk(part)):  # fmt: skip
        return None
    before = {one.name: one for one in (*parameters, *_declared(program, them[:at]))}
    hidden = set().union(*(assigned_in(program, one) for one in them[:at]), set()) - set(before)
    used = set().union(*(plain_in(program, one) for one in run))
    written = set().union(*(assigned_in(program, one) for one in run))
    later = set().union(*(plain_in(program, one) for one in them[end:]), set())
    new = {one.name: one for one in _declared(program, run)}
    back = [before.get(name) or new.get(name) for name in sorted(written & later)]
    if used & hidden or None in back or (len(back) > 1 and program.language != "python"):
        return None
    if any(one.name in new and one.name not in before for one in _declared(program, run) if one.name in later and one.name not in written):  # fmt: skip
        return None
    names = {one.name for one in back if one is not None}
    loose = set(new) & later - names  # declared here, written later on: would be lost
    given = [one for name, one in before.items() if name in used or name in names]
    is_new = bool(names) and not names & set(before)
    mixed = bool(names & set(before)) and bool(names - set(before)) and program.language != "python"
    return None if loose or mixed else Cut(run[0], run[-1], given, [one for one in back if one], is_new)


def _in_class(node: Node) -> bool:
    held: Node | None = node
    while held is not None and held.type not in ("class_body", "program"):
        held = held.parent
    return held is not None and held.type == "class_body"


def _written(program: Program, function: Node, cut: Cut, name: str) -> tuple[str, str] | None:
    """(the new function, the call of it)."""
    indent, language = program.line_indent(function), program.language
    body = moved(program.data[cut.first.start_byte : cut.last.end_byte].decode(),
                 len(indent) + 4 - len(program.line_indent(cut.first)))  # fmt: skip
    if body is None:
        return None
    arguments, parameters = (", ".join(one[field] for one in cut.given) for field in (0, 1))
    back = ", ".join(one.name for one in cut.back)
    end = "" if language == "python" else ";"
    given = f"\n{indent}    return {back}{end}" if back else ""
    call = f"{back} = {name}({arguments}){end}" if back else f"{name}({arguments}){end}"
    if language == "python":
        return f"def {name}({parameters}):\n{indent}    {body}{given}\n\n\n{indent}", call
    if language == "javascript":
        method = function.type == "method_definition"
        call = call.replace(f"{name}(", f"this.{name}(") if method else call
        call = f"let {call}" if cut.is_new else call
        return (
            f"{'' if method else 'function '}{name}({parameters}) {{\n{indent}    {body}{given}\n{indent}}}\n\n{indent}",
            call,
        )
    kind = _result(cut)
    static = (
        "static " if language == "c" or re.search(r"\bstatic\b", program.text(function).split("(")[0]) else ""
    )
    call = f"{kind} {call}" if cut.is_new else call
    return f"{static}{kind} {name}({parameters}) {{\n{indent}    {body}{given}\n{indent}}}\n\n{indent}", call


def _result(cut: Cut) -> str:
    return re.sub(r"\b" + re.escape(cut.back[0].name) + r"\b(\[\w*\])*$", "", cut.back[0].declaration).strip() if cut.back else "void"  # fmt: skip


@evasion("function-extracted", kind="code", group="code-rewrites")
def function_extracted(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: a quarter to 70 % of its statements stand in a function of their own. Rough in C
    (macros that write their arguments) and in Java (a variable that is declared and not yet set)."""
    program = Program(code, language)
    functions = [one for one in walk(program.root) if one.type in FUNCTIONS[language]]
    found = [(one, cut) for one in functions for cut in _cuts(program, one)]
    if not found:
        return None
    function, cut = rng.choice(found)
    made = _written(
        program, function, cut, program.fresh(rng.choice(("prepare", "advance", "settle", "collect")))
    )
    if made is None or ("*" in program.text(function).split("(")[0] and function.type == "method_definition"):
        return None
    outer = _outermost(function)
    change = Change(program)
    change.put(outer.start_byte, outer.start_byte, made[0])
    change.put(cut.first.start_byte, cut.last.end_byte, made[1])
    return changed(code, change.text(), language)


def _outermost(function: Node) -> Node:
    """Where a new function may stand: before the statement that holds this one; inside the class that holds it."""
    node = function
    while node.parent is not None and node.parent.type not in (
        "class_body",
        "module",
        "program",
        "translation_unit",
        *BLOCKS,
    ):
        node = node.parent
    return node


class Small(NamedTuple):
    """A function whose body is one value: its node, its name, its parameters and the value."""

    node: Node
    name: str
    parameters: list[str]
    value: Node


def _small(program: Program, node: Node) -> Small | None:
    body, named = node.child_by_field_name("body"), node.child_by_field_name("name")
    if named is None and (declarator := _declarator(node)) is not None:
        named = declarator.child_by_field_name("declarator")
    them = statements(body) if body is not None and body.type in BLOCKS else []
    parameters = _parameters(program, node)
    if named is None or parameters is None or len(them) != 1 or them[0].type != "return_statement":
        return None
    if them[0].named_child_count != 1 or (
        node.parent is not None and node.parent.type == "decorated_definition"
    ):
        return None
    names = [one.name for one in parameters if one.name not in ("self", "cls")]
    return Small(node, program.text(named), names, them[0].named_children[0])


def _call_of(program: Program, node: Node, small: Small) -> list[Node] | None:
    """The arguments of a call of a small function on nothing or on self."""
    function = node.child_by_field_name("function") or node.child_by_field_name("name")
    owner = node.child_by_field_name("object")
    said = program.text(function) if function is not None else ""
    said = f"{program.text(owner)}.{said}" if owner is not None else said
    given = node.child_by_field_name("arguments")
    if said not in (small.name, f"self.{small.name}", f"this.{small.name}") or given is None:
        return None
    them = given.named_children
    return them if len(them) == len(small.parameters) and all(one.type not in ("keyword_argument", "comment") for one in them) else None  # fmt: skip


def _substituted(program: Program, small: Small, given: list[Node]) -> str | None:
    uses = [program.text(leaf) for leaf in walk(small.value) if leaf.type == "identifier"]
    values = dict(zip(small.parameters, given, strict=True))
    if any(not is_simple(one) and uses.count(name) > 1 for name, one in values.items()):
        return None
    inner = Change(program)
    for leaf in walk(small.value):
        if leaf.type == "identifier" and (one := values.get(program.text(leaf))) is not None:
            text = program.text(one)
            inner.replace(leaf, text if is_simple(one) else f"({text})")
    return f"({inner.within(small.value)})"


@evasion("function-inlined", kind="code", group="code-rewrites")
def function_inlined(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the code does: functions of one value are written out where the same code calls them, and gone
    where nothing else names them. Needs code of several functions: a class or a file."""
    program = Program(code, language)
    nodes = [one for one in walk(program.root) if one.type in FUNCTIONS[language]]
    for small in filter(None, (_small(program, node) for node in nodes)):
        if made := _with_inlined(program, small):
            return made
    return None


def _with_inlined(program: Program, small: Small) -> str | None:
    """The code with one small function written out where it is called."""
    change, calls = Change(program), 0
    for node in walk(program.root, lambda it: it.id != small.node.id):
        given = _call_of(program, node, small) if node.type == _CALLS[program.language] else None
        text = _substituted(program, small, given) if given is not None else None
        if text is not None and not small.node.start_byte <= node.start_byte < small.node.end_byte:
            change.replace(node, text)
            calls += 1
    named = sum(program.text(leaf) == small.name for leaf in leaf_nodes(program.root) if leaf.type in NAMES)
    if calls and named == calls + 1:
        change.replace(small.node, "")
    return changed(program.code, change.text(), program.language) if calls else None


@evasion("members-reordered", kind="code", group="code-rewrites")
def members_reordered(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the code does (in C, where prototypes stand elsewhere): methods of a class, or functions of a file,
    in another order. Needs two of them."""
    program = Program(code, language)
    holder, kinds = _MEMBERS[language]
    for node in walk(program.root, lambda it: it.type not in SCOPES or it.type == "class_body"):
        block = node.child_by_field_name("body") if node.type == "class_definition" else node
        them = [one for one in block.children if one.type in kinds] if node.type == holder and block else []
        if len(them) < 2:
            continue
        order = list(them)
        while [one.id for one in order] == [one.id for one in them]:
            rng.shuffle(order)
        change = Change(program)
        for place, one in zip(them, order, strict=True):
            change.replace(place, program.text(one))
        return changed(code, change.text(), language)
    return None
