"""What a reader sees first and a compiler does not: layout, comments, annotations of types, literals."""

from __future__ import annotations

import random
import re

from tree_sitter import Node

from benchmarks.code_copies import Style, Token, Unfit, laid_out, tokens
from benchmarks.code_functions import leaf_nodes
from benchmarks.evasions.code_kinds import COMMENTS
from benchmarks.evasions.code_tree import BLOCKS, Change, Program, changed, parses, statements, walk
from benchmarks.evasions.registry import evasion

REMARKS = (
    "keep this in step with the caller", "nothing to do here in the usual case", "see the notes on rounding",
    "this part is slow and rarely runs", "guard against an empty input", "the order matters below",
    "work on a copy, the argument is left alone", "first the cheap test, then the dear one", "fall through on purpose",
    "check the bounds before going on", "prepare what the next step needs", "older callers pass nothing",
    "take the shortest one", "this cannot fail", "collect what was found so far", "count once more to be sure",
)  # fmt: skip


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_WORDS = {
    "french": _words(
        "le la un une de pour avec sans donne valeur suite si alors compte reste liste on vérifie puis garde texte "
        "entrée résultat chaque fois après avant cette ligne il faut encore ici premier dernier "
    ),
    "german": _words(
        "der die das ein eine für mit ohne Wert Folge wenn dann zählt Rest Liste man prüft danach hält Text Eingabe "
        "Ergebnis jedes Mal nach vor dieser Zeile muss noch hier erster letzter "
    ),
    "spanish": _words(
        "el la un una de para con sin valor luego si entonces cuenta resto lista se comprueba después guarda texto "
        "entrada resultado cada vez antes esta línea hay que aquí primero último "
    ),
}  # fmt: skip
_PLAIN = _words(" ".join(REMARKS))
_ENDED = ("return", "throw", "break", "continue", "yield", "async")
"""Words that a line break would part from what follows."""
_STRINGS = ("string", "string_literal", "template_string")
_NUMBERS = ("integer", "float", "number", "number_literal", "decimal_integer_literal", "decimal_floating_point_literal",
            "hex_integer_literal")  # fmt: skip


@evasion("layout", kind="code", group="code-surface", gate="surface")
def layout(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves every token: other indentation, line lengths, spaces and braces; comments and docstrings are gone."""
    try:
        before = tokens(code, language)
        for style in (Style.draw(rng), Style("  ", 10_000, tight=False, own_line=False)):
            made = laid_out(before, language, style)
            if parses(made, language) and [it.text for it in tokens(made, language)] == [
                it.text for it in before
            ]:
                return made if made != code else None
    except Unfit:
        return None
    return None


@evasion("layout-one-line", kind="code", group="code-surface", gate="surface")
def layout_one_line(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every token save comments: everything on one line (not Python, not with preprocessor lines)."""
    if language == "python":
        return None
    try:
        before = tokens(code, language)
    except Unfit:
        return None
    made = " ".join(token.text for token in before) + "\n"
    try:
        same = [it.text for it in tokens(made, language)] == [it.text for it in before]
    except Unfit:
        return None
    return made if same and parses(made, language) else None


def _a_line_each(them: list[Token]) -> str:
    """The tokens on a line each, save where JavaScript ends a statement at a line's end."""
    out, before = list[str](), ""
    for token in them:
        kept = before in _ENDED or token.text in ("++", "--", "=>")
        out += [" " if kept else "\n", token.text]
        before = token.text
    return "".join(out[1:]) + "\n"


@evasion("layout-line-a-token", kind="code", group="code-surface", gate="surface")
def layout_line_a_token(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves every token save comments: a line break after each (not Python, not where a line's end means something)."""
    if language == "python":
        return None
    try:
        before = tokens(code, language)
        made = _a_line_each(before)
        same = [it.text for it in tokens(made, language)] == [it.text for it in before]
    except Unfit:
        return None
    return made if same and parses(made, language) else None


def _remark(language: str, text: str) -> str:
    return f"# {text}" if language == "python" else f"// {text}"


@evasion("comments-added", kind="code", group="code-surface", gate="surface")
def comments_added(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: a remark stands before two statements of three."""
    program = Program(code, language)
    change = Change(program)
    for block in walk(program.root):
        for one in statements(block) if block.type in BLOCKS else ():
            indent = program.indent(one)
            if indent is not None and rng.random() < 2 / 3:
                change.put(
                    one.start_byte, one.start_byte, f"{_remark(language, rng.choice(REMARKS))}\n{indent}"
                )
    return changed(code, change.text(), language)


@evasion("comments-between-tokens", kind="code", group="code-surface", gate="surface")
def comments_between_tokens(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: a short comment behind every fourth token (not in Python; not where a
    preprocessor line stands)."""
    program = Program(code, language)
    if language == "python" or any("preproc" in node.type for node in walk(program.root)):
        return None
    change = Change(program)
    for leaf in leaf_nodes(program.root):
        if leaf.type not in COMMENTS and rng.random() < 1 / 4:
            change.put(leaf.end_byte, leaf.end_byte, f" /* {rng.choice(REMARKS).split()[0]} */ ")
    return changed(code, change.text(), language)


def _comments(program: Program) -> list[Node]:
    return [node for node in walk(program.root) if node.type in COMMENTS]


def _docstrings(program: Program) -> list[Node]:
    """Strings that stand alone as the first statement of a block."""
    if program.language != "python":
        return []
    firsts = [statements(node)[0] for node in walk(program.root) if node.type == "block" and statements(node)]
    return [one.children[0] for one in firsts if one.type == "expression_statement" and one.children[0].type == "string"]  # fmt: skip


@evasion("comments-removed", kind="code", group="code-surface", gate="surface")
def comments_removed(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does, and its layout: comments and docstrings are gone."""
    program = Program(code, language)
    change = Change(program)
    for node in _comments(program):
        change.replace(node, "")
    for node in _docstrings(program):
        lone = len(statements(node.parent.parent)) == 1
        change.replace(node, "pass" if lone else "")
    if not len(change):
        return None
    bare = "\n".join(line.rstrip() for line in change.text().split("\n"))
    return changed(code, re.sub(r"\n{3,}", "\n\n", bare), language)


@evasion("comments-translated", kind="code", group="code-surface", gate="surface")
def comments_translated(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: each word of its comments and docstrings becomes one of another language."""
    program = Program(code, language)
    change, words = Change(program), _WORDS[rng.choice(sorted(_WORDS))]
    for node in (*_comments(program), *_docstrings(program)):
        if node.start_byte != node.end_byte and "fmt:" not in program.text(node):
            change.replace(
                node, re.sub(r"(?<![\\\w])[^\W\d_]{2,}", lambda _: rng.choice(words), program.text(node))
            )
    return changed(code, change.text(), language) if len(change) else None


@evasion("literals-changed", kind="code", group="code-surface")
def literals_changed(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves the structure, not the outcome: every number and every word inside a string is another."""
    program = Program(code, language)
    change = Change(program)
    kept = {node.start_byte for node in _docstrings(program)}
    for leaf in leaf_nodes(program.root):
        text = program.text(leaf)
        if leaf.type in _NUMBERS and text.isdigit() and text[0] != "0":
            change.replace(leaf, str(rng.randrange(1, 10 ** len(text))))
        elif leaf.type in _STRINGS and leaf.start_byte not in kept and "{" not in text and "\\" not in text:
            change.replace(leaf, re.sub(r"(?<![%\w])[^\W\d_]{3,}", lambda _: rng.choice(_PLAIN), text))
    return changed(code, change.text(), language) if len(change) else None


@evasion("types-added", kind="code", group="code-surface", gate="surface")
def types_added(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does: Python's parameters and results get annotations, Java's parameters and local
    variables become final where they are written once."""
    program = Program(code, language)
    change = Change(program)
    if language == "python":
        for node in walk(program.root):
            if node.type == "function_definition":
                _annotate(program, node, change, rng)
    elif language == "java":
        for node in walk(program.root):
            is_bare = node.type == "formal_parameter" and not program.text(node).startswith(("final", "@"))
            if is_bare and not _is_assigned(program, program.text(node.child_by_field_name("name"))):
                change.put(node.start_byte, node.start_byte, "final ")
    return changed(code, change.text(), language) if len(change) else None


def _annotate(program: Program, function: Node, change: Change, rng: random.Random) -> None:
    kinds = ("int", "str", "object", "list", "bool", "float", "dict")
    for at, one in enumerate(function.child_by_field_name("parameters").named_children):
        if one.type == "identifier" and not (at == 0 and program.text(one) in ("self", "cls")):
            change.put(one.end_byte, one.end_byte, f": {rng.choice(kinds)}")
        elif one.type == "default_parameter":
            name = one.child_by_field_name("name")
            value = program.text(one.child_by_field_name("value"))
            change.replace(one, f"{program.text(name)}: {rng.choice(kinds)} = {value}")
    if function.child_by_field_name("return_type") is None:
        end = function.child_by_field_name("parameters").end_byte
        change.put(end, end, f" -> {rng.choice(kinds)}")


def _is_assigned(program: Program, name: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b\s*([-+*/%&|^]|<<|>>>?)?=(?!=)|(\+\+|--)\s*{re.escape(name)}\b|\b{re.escape(name)}\s*(\+\+|--)", program.code))  # fmt: skip


@evasion("types-removed", kind="code", group="code-surface", gate="surface")
def types_removed(code: str, language: str, _rng: random.Random) -> str | None:
    """Preserves what the function does: Python's annotations are gone, the types of Java's local variables are var."""
    program = Program(code, language)
    change = Change(program)
    for node in walk(program.root):
        if language == "python" and node.type == "function_definition":
            _strip(program, node, change)
        elif language == "java" and node.type == "local_variable_declaration":
            declared = node.children_by_field_name("declarator")
            value = declared[0].child_by_field_name("value")
            if len(declared) == 1 and value is not None and value.type not in ("null_literal", "array_initializer", "lambda_expression", "method_reference"):  # fmt: skip
                change.replace(node.child_by_field_name("type"), "var")
    return changed(code, change.text(), language) if len(change) else None


def _strip(program: Program, function: Node, change: Change) -> None:
    parameters, result = (function.child_by_field_name(field) for field in ("parameters", "return_type"))
    if result is not None:
        change.put(parameters.end_byte, result.end_byte, "")
    for one in parameters.named_children:
        if one.type == "typed_parameter":
            change.replace(one, program.text(one.named_children[0]))
        elif one.type == "typed_default_parameter":
            change.replace(one, f"{program.text(one.child_by_field_name('name'))}={program.text(one.child_by_field_name('value'))}")  # fmt: skip
