"""Ports to a sibling language, token by token: Java to JavaScript, JavaScript to Java, C to Java.

Honest and rough: the port reads as the other language and parses as it; whether it would run is not asked. No
figure is asked of ports, they are reported. What does not parse after all is not given.
"""

from __future__ import annotations

import random
import re

from tree_sitter import Node

from benchmarks.evasions.code_tree import Program, Rewriter, Rule, parses
from benchmarks.evasions.registry import evasion

TARGETS = {
    "port-java-to-javascript": "javascript",
    "port-javascript-to-java": "java",
    "port-c-to-java": "java",
}
"""The language that each port gives."""
_C_TYPES = {"size_t": "int", "bool": "boolean", "unsigned": "int", "unsigned int": "int", "unsigned long": "long",
            "unsigned char": "byte", "u8": "byte", "u16": "short", "u32": "int", "u64": "long", "char": "char", "void": "void",
            "int": "int", "long": "long", "short": "short", "float": "float", "double": "double", "ssize_t": "int",
            "uint8_t": "byte", "uint16_t": "short", "uint32_t": "int", "uint64_t": "long", "gboolean": "boolean"}  # fmt: skip


def _field(rewriter: Rewriter, node: Node, name: str) -> str:
    held = node.child_by_field_name(name)
    return rewriter.text(held) if held is not None else ""


def _nothing(_rewriter: Rewriter, _node: Node) -> str:
    return ""


def _name_alone(rewriter: Rewriter, node: Node) -> str:
    """A declared parameter as its name."""
    held = node.child_by_field_name("name") or node.named_children[-1]
    dots = "..." if node.type == "spread_parameter" else ""
    return dots + rewriter.text(held).split("[")[0]


def _let(rewriter: Rewriter, node: Node) -> str:
    names = ", ".join(rewriter.text(one) for one in node.children_by_field_name("declarator"))
    return f"let {names};"


def _java_method(rewriter: Rewriter, node: Node) -> str:
    head = f"{_field(rewriter, node, 'name')}{_field(rewriter, node, 'parameters')}"
    static = "static " if re.search(r"\bstatic\b", rewriter.program.text(node).split("(")[0]) else ""
    name = (
        "constructor" + head[head.index("(") :] if node.type == "constructor_declaration" else static + head
    )
    return f"{name} {_field(rewriter, node, 'body') or '{}'}"


def _for_of(rewriter: Rewriter, node: Node) -> str:
    return f"for (const {_field(rewriter, node, 'name')} of {_field(rewriter, node, 'value')}) {_field(rewriter, node, 'body')}"


def _cast(rewriter: Rewriter, node: Node) -> str:
    return _field(rewriter, node, "value")


def _lambda(rewriter: Rewriter, node: Node) -> str:
    return f"{_field(rewriter, node, 'parameters')} => {_field(rewriter, node, 'body')}"


def _reference(rewriter: Rewriter, node: Node) -> str:
    return rewriter.inner(node).replace("::new", "").replace("::", ".")


def _operator_spelled(rewriter: Rewriter, node: Node) -> str:
    text = rewriter.inner(node)
    operator = node.child_by_field_name("operator")
    if operator is not None and rewriter.program.text(operator) in ("==", "!="):
        left, right = _field(rewriter, node, "left"), _field(rewriter, node, "right")
        return f"{left} {rewriter.program.text(operator)}= {right}"
    return text


def _catch(rewriter: Rewriter, node: Node) -> str:
    return _field(rewriter, node, "name") or rewriter.program.text(node.named_children[-1])


def _synchronized(rewriter: Rewriter, node: Node) -> str:
    return _field(rewriter, node, "body")


def _new_array(rewriter: Rewriter, node: Node) -> str:
    size = re.findall(r"\[([^\[\]]+)\]", rewriter.program.text(node))
    held = node.child_by_field_name("value")
    return rewriter.text(held) if held is not None else f"new Array({size[0] if size else 0})"


def _brackets(rewriter: Rewriter, node: Node) -> str:
    return "[" + rewriter.inner(node)[1:-1] + "]"


def _number(rewriter: Rewriter, node: Node) -> str:
    text = rewriter.program.text(node)
    return text if text.startswith("0x") else text.rstrip("lLfFdDuU")


JAVA_TO_JAVASCRIPT: dict[str, Rule] = {
    "method_declaration": _java_method, "constructor_declaration": _java_method, "formal_parameter": _name_alone,
    "spread_parameter": _name_alone, "local_variable_declaration": _let, "enhanced_for_statement": _for_of,
    "cast_expression": _cast, "lambda_expression": _lambda, "method_reference": _reference, "type_arguments": _nothing,
    "binary_expression": _operator_spelled, "catch_formal_parameter": _catch, "synchronized_statement": _synchronized,
    "array_creation_expression": _new_array, "array_initializer": _brackets, "marker_annotation": _nothing,
    "annotation": _nothing, "decimal_integer_literal": _number, "hex_integer_literal": _number,
    "decimal_floating_point_literal": _number, "dimensions": _nothing,
}  # fmt: skip


def _js_function(rewriter: Rewriter, node: Node) -> str:
    name = _field(rewriter, node, "name")
    name = "Holder" if name == "constructor" else f"Object {name}"
    return f"{name}{_field(rewriter, node, 'parameters')} {_field(rewriter, node, 'body')}"


def _js_parameters(rewriter: Rewriter, node: Node) -> str:
    names = [rewriter.text(one.child_by_field_name("left") or one) for one in node.named_children if "comment" not in one.type]  # fmt: skip
    lambda_ = node.parent.type in ("arrow_function", "function_expression")
    return "(" + ", ".join(name if lambda_ else f"Object {name}" for name in names) + ")"


def _js_lambda(rewriter: Rewriter, node: Node) -> str:
    given = _field(rewriter, node, "parameters") or _field(rewriter, node, "parameter")
    return f"{given} -> {_field(rewriter, node, 'body')}"


def _js_declared(rewriter: Rewriter, node: Node) -> str:
    rows = []
    for one in node.named_children:
        value = _field(rewriter, one, "value")
        rows.append(f"var {_field(rewriter, one, 'name')} = {value};" if value else f"Object {_field(rewriter, one, 'name')};")  # fmt: skip
    return " ".join(rows)


def _js_for_in(rewriter: Rewriter, node: Node) -> str:
    return f"for (var {_field(rewriter, node, 'left')} : {_field(rewriter, node, 'right')}) {_field(rewriter, node, 'body')}"


def _js_string(rewriter: Rewriter, node: Node) -> str:
    text = rewriter.program.text(node)
    return '"' + text[1:-1].replace("\\'", "'").replace('"', '\\"').replace("\n", "\\n") + '"'


def _js_operator(rewriter: Rewriter, node: Node) -> str:
    operator = node.child_by_field_name("operator")
    spelled = {"===": "==", "!==": "!=", "in": "<"}.get(
        rewriter.program.text(operator), rewriter.program.text(operator)
    )
    return f"{_field(rewriter, node, 'left')} {spelled} {_field(rewriter, node, 'right')}"


def _js_array(rewriter: Rewriter, node: Node) -> str:
    return "List.of(" + rewriter.inner(node)[1:-1].rstrip().rstrip(",") + ")"


JAVASCRIPT_TO_JAVA: dict[str, Rule] = {
    "function_declaration": _js_function, "method_definition": _js_function, "formal_parameters": _js_parameters,
    "arrow_function": _js_lambda, "function_expression": _js_lambda, "lexical_declaration": _js_declared,
    "variable_declaration": _js_declared, "for_in_statement": _js_for_in, "string": _js_string,
    "template_string": _js_string, "binary_expression": _js_operator, "array": _js_array,
    "undefined": lambda _rewriter, _node: "null", "await_expression": lambda rewriter, node: rewriter.text(node.named_children[0]),
    "regex": _js_string, "optional_chain": lambda _rewriter, _node: ".",
}  # fmt: skip


def _c_type(text: str) -> str:
    bare = " ".join(word for word in re.sub(r"[*\[\]]", " ", text).split() if word not in ("const", "volatile", "static", "struct", "union", "enum", "register", "extern", "inline"))  # fmt: skip
    if bare in _C_TYPES:
        return _C_TYPES[bare]
    return "".join(part.capitalize() for part in bare.replace(" ", "_").split("_")) or "Object"


def _c_name(rewriter: Rewriter, node: Node | None) -> str:
    while node is not None and node.child_by_field_name("declarator") is not None:
        node = node.child_by_field_name("declarator")
    return rewriter.program.text(node).lstrip("*& ").split("[")[0] if node is not None else ""


def _is_array(node: Node | None) -> bool:
    return node is not None and (
        node.type == "array_declarator" or _is_array(node.child_by_field_name("declarator"))
    )


def _c_function(rewriter: Rewriter, node: Node) -> str:
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator")
    if declarator is None:
        return rewriter.inner(node)
    given = []
    for one in declarator.child_by_field_name("parameters").named_children:
        if one.type == "parameter_declaration" and rewriter.program.text(one) != "void":
            held = one.child_by_field_name("declarator")
            given.append(f"{_c_type(_field(rewriter, one, 'type'))}{'[]' if _is_array(held) else ''} {_c_name(rewriter, held)}")  # fmt: skip
    return f"static {_c_type(_field(rewriter, node, 'type'))} {_c_name(rewriter, declarator)}({', '.join(given)}) {_field(rewriter, node, 'body')}"  # fmt: skip


def _c_declared(rewriter: Rewriter, node: Node) -> str:
    rows = []
    for one in node.children_by_field_name("declarator"):
        array, value = "[]" if _is_array(one) else "", _field(rewriter, one, "value")
        rows.append(f"{_c_type(_field(rewriter, node, 'type'))}{array} {_c_name(rewriter, one)}{' = ' + value if value else ''};")  # fmt: skip
    return " ".join(rows)


def _c_member(rewriter: Rewriter, node: Node) -> str:
    return f"{_field(rewriter, node, 'argument')}.{_field(rewriter, node, 'field')}"


def _c_pointer(rewriter: Rewriter, node: Node) -> str:
    return _field(rewriter, node, "argument")


def _c_cast(rewriter: Rewriter, node: Node) -> str:
    return f"({_c_type(_field(rewriter, node, 'type'))}) {_field(rewriter, node, 'value')}"


def _c_word(rewriter: Rewriter, node: Node) -> str:
    return {"NULL": "null", "TRUE": "true", "FALSE": "false"}.get(rewriter.program.text(node), rewriter.program.text(node))  # fmt: skip


def _c_size(rewriter: Rewriter, node: Node) -> str:
    return "SIZE_" + re.sub(r"\W+", "_", rewriter.program.text(node)[len("sizeof") :]).strip("_").upper()


C_TO_JAVA: dict[str, Rule] = {
    "function_definition": _c_function, "declaration": _c_declared, "field_expression": _c_member,
    "pointer_expression": _c_pointer, "cast_expression": _c_cast, "identifier": _c_word, "null": lambda _r, _n: "null",
    "sizeof_expression": _c_size, "number_literal": _number,
}  # fmt: skip


def _ported(code: str, source: str, target: str, rules: dict[str, Rule], hold: str = "{}") -> str | None:
    program = Program(code, source)
    try:
        made = hold.format(Rewriter(program, rules).text(program.root).strip("\n")) + "\n"
    except (RecursionError, IndexError, AttributeError):
        return None  # a shape that the map has no word for
    return made if parses(made, target) else None


@evasion("port-java-to-javascript", kind="code", group="port")
def port_java_to_javascript(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves names, members and the order of statements, in JavaScript: types, casts and annotations are gone."""
    return _ported(code, "java", "javascript", JAVA_TO_JAVASCRIPT) if language == "java" else None


@evasion("port-javascript-to-java", kind="code", group="port")
def port_javascript_to_java(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves names, members and the order of statements, in Java: what is declared is var or Object."""
    if language != "javascript":
        return None
    hold = "{}" if code.startswith("class ") else "class Holder {{\n{}\n}}"
    bare = re.sub(r"^const holder = (?:async\s+)?function\s*\w*|^const holder = ", "function port", code) if code.startswith("const holder = ") else code  # fmt: skip
    return _ported(
        bare.replace("=> {", "{", 1) if bare != code else code, "javascript", "java", JAVASCRIPT_TO_JAVA, hold
    )


@evasion("port-c-to-java", kind="code", group="port")
def port_c_to_java(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves names, members and the order of statements, in Java: pointers are references, structures are classes."""
    return _ported(code, "c", "java", C_TO_JAVA, "class Holder {{\n{}\n}}") if language == "c" else None
