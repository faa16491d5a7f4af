"""Statements inserted, deleted, moved, and reordered where nothing depends on their order.

A share of statements counts all of a function's. What is inserted as real code comes from `code_material`.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from tree_sitter import Node

from benchmarks.code_copies import Unfit
from benchmarks.code_edits import KINDS, edited
from benchmarks.code_edits import statements as spans
from benchmarks.evasions.code_material import inserts
from benchmarks.evasions.code_tree import BLOCKS, Change, Program, changed, names_in, parses, statements, walk
from benchmarks.evasions.registry import evasion

SHARES = (5, 10, 20, 30)
"""Percent of the statements."""
GAPS = (1, 5, 10, 20)
"""Lines that are inserted in one place."""
LINES = (15, 50)
"""Lines of a function that lines are inserted into, from and to."""
_DEAD = {
    "python": (
        "{n} = {k} * {m}", "{n} = [{k}, {m}, {k}]", "{n} = '{w}'.upper()", "{n} = len('{w}') + {k}",
        "{n} = {{'{w}': {k}}}", "{n} = ({k}, '{w}')", "{n} = {k}\n{i}if {n} > {m}:\n{i}    {n} -= {m}",
        "for {n} in range({m}):\n{i}    continue",
    ),
    "java": (
        "int {n} = {k} * {m};", "int[] {n} = {{{k}, {m}}};", 'String {n} = "{w}";', 'int {n} = "{w}".length() + {k};',
        "double {n} = {k} / 2.0;", "boolean {n} = {k} > {m};", "int {n} = {k};\n{i}if ({n} > {m}) {{\n{i}    {n} -= {m};\n{i}}}",
        "for (int {n} = 0; {n} < {m}; {n}++) {{\n{i}}}",
    ),
    "javascript": (
        "const {n} = {k} * {m};", "const {n} = [{k}, {m}];", "const {n} = '{w}'.toUpperCase();", "let {n} = '{w}'.length + {k};",
        "const {n} = {{ {w}: {k} }};", "var {n} = {k} > {m};", "let {n} = {k};\n{i}if ({n} > {m}) {{\n{i}    {n} -= {m};\n{i}}}",
        "for (let {n} = 0; {n} < {m}; {n}++) {{\n{i}}}",
    ),
    "c": (
        "int {n} = {k} * {m};", "int {n}[] = {{{k}, {m}}};", 'const char *{n} = "{w}";', "unsigned long {n} = sizeof(int) + {k};",
        "long {n} = {k} << 1;", "int {n} = {k} > {m};", "int {n} = {k};\n{i}if ({n} > {m}) {{\n{i}    {n} -= {m};\n{i}}}",
        "for (int {n} = 0; {n} < {m}; {n}++) {{\n{i}}}",
    ),
}  # fmt: skip
_WORDS = (
    "window",
    "carpet",
    "marble",
    "garden",
    "bridge",
    "copper",
    "candle",
    "basket",
    "anchor",
    "pencil",
    "mirror",
    "pocket",
)
_CALLS = ("call", "call_expression", "method_invocation", "object_creation_expression", "new_expression", "await",
          "await_expression", "yield", "yield_expression", "decorator")  # fmt: skip
_MEMORY = ("attribute", "subscript", "member_expression", "subscript_expression", "field_expression", "field_access",
           "array_access", "pointer_expression")  # fmt: skip
_MOVABLE = ("expression_statement", "local_variable_declaration", "lexical_declaration", "variable_declaration",
            "declaration")  # fmt: skip
_WRITERS = ("assignment", "assignment_expression", "augmented_assignment", "augmented_assignment_expression",
            "update_expression", "named_expression")  # fmt: skip
_DECLARATORS = ("variable_declarator", "init_declarator", "declaration")


def _places(program: Program) -> list[Node]:
    """Statements that another may stand before: no docstrings, directives, or calls of super."""
    found = []
    for block in walk(program.root):
        for at, one in enumerate(statements(block) if block.type in BLOCKS else ()):
            only = one.named_children[0].type if one.named_child_count == 1 else ""
            first = at == 0 and only in ("string", "concatenated_string")
            fixed = one.type in ("explicit_constructor_invocation", "case_statement", "import_statement", "future_import_statement")  # fmt: skip
            if not first and not fixed and program.indent(one) is not None:
                found.append(one)
    return found


def _count(code: str, language: str, share: int) -> int:
    return max(round(share / 100 * len(spans(code, language))), 1)


def dead_inserted(code: str, language: str, share: int, rng: random.Random) -> str | None:
    """The code with so many percent of statements more, none of which has an effect."""
    program = Program(code, language)
    places = _places(program)
    if not places:
        return None
    change = Change(program)
    for _ in range(_count(code, language, share)):
        place = rng.choice(places)
        indent = program.indent(place) or ""
        name = program.fresh(f"{rng.choice(_WORDS)}{rng.randrange(100)}")
        made = rng.choice(_DEAD[language]).format(
            n=name, k=rng.randrange(1, 500), m=rng.randrange(1, 60), w=rng.choice(_WORDS), i=indent
        )
        change.put(place.start_byte, place.start_byte, f"{made}\n{indent}")
    return changed(code, change.text(), language)


def of_kind(code: str, language: str, share: int, kinds: tuple[str, ...], rng: random.Random) -> str | None:
    """The code with so many percent of its statements edited; None where it has too few that can be."""
    try:
        made, _ = edited(code, language, share / 100, inserts(language), rng, kinds)
    except (Unfit, UnicodeError):
        return None
    return changed(code, made, language)


class Effect(NamedTuple):
    """What a statement does that another one may notice."""

    reads: set[str]
    writes: set[str]
    calls: bool
    memory_read: bool
    memory_written: bool

    def clashes(self, other: Effect) -> bool:
        """Whether the order of the two may matter."""
        names = self.writes & (other.reads | other.writes) or other.writes & self.reads
        touched, seen = (
            self.memory_written or self.calls,
            self.memory_read or self.memory_written or self.calls,
        )
        others, other_seen = other.memory_written or other.calls, other.memory_read or other.memory_written or other.calls  # fmt: skip
        return bool(names) or (touched and other_seen) or (others and seen)


def effect(program: Program, node: Node, shared: set[str]) -> Effect:
    """A statement's effect; `shared` are names that something else may see or change (an address is taken)."""
    writes: set[str] = set()
    memory_written = False
    kinds = set()
    for one in walk(node):
        kinds.add(one.type)
        if one.type in _WRITERS or one.type in _DECLARATORS:
            target = one.child_by_field_name("left") or one.child_by_field_name("name") or one.child_by_field_name("declarator")  # fmt: skip
            target = target or one.child_by_field_name("argument") or (one.named_children[0] if one.named_child_count else one)  # fmt: skip
            memory_written |= any(part.type in _MEMORY for part in walk(target))
            writes |= names_in(program, target)
    reads = names_in(program, node)
    memory = bool(kinds & set(_MEMORY)) or bool(reads & shared)
    return Effect(reads, writes, bool(kinds & set(_CALLS)), memory, memory_written or bool(writes & shared))


def _shared(program: Program) -> set[str]:
    pointed = (one for one in walk(program.root) if one.type == "pointer_expression" and program.text(one).startswith("&"))  # fmt: skip
    nested = (one for one in walk(program.root) if one.type in ("lambda", "arrow_function", "nonlocal_statement", "global_statement"))  # fmt: skip
    return {name for group in (pointed, nested) for one in group for name in names_in(program, one)}


@evasion("reordered-independent", kind="code", group="code-edits")
def reordered_independent(code: str, language: str, rng: random.Random) -> str | None:
    """Preserves what the function does (save which of two errors is raised first): neighbouring statements change
    places wherever neither notices the other."""
    program = Program(code, language)
    change, shared = Change(program), _shared(program)
    for block in walk(program.root):
        them = statements(block) if block.type in BLOCKS else []
        if len(them) < 2:
            continue
        order = _shuffled(program, them, shared, rng)
        for place, one in zip(them, order, strict=True):
            if place.id != one.id:
                change.replace(place, program.text(one))
    return changed(code, change.text(), language) if len(change) else None


def _shuffled(program: Program, them: list[Node], shared: set[str], rng: random.Random) -> list[Node]:
    order = list(them)
    effects = {one.id: effect(program, one, shared) for one in them if one.type in _MOVABLE}
    first = them[0]
    if first.named_child_count == 1 and first.named_children[0].type == "string":
        effects.pop(first.id, None)
    for _ in range(3):
        for at in range(len(order) - 1):
            left, right = effects.get(order[at].id), effects.get(order[at + 1].id)
            if left and right and not left.clashes(right) and rng.random() < 0.7:
                order[at], order[at + 1] = order[at + 1], order[at]
    return order


def lines_inserted(code: str, language: str, lines: int, rng: random.Random) -> str | None:
    """The code with so many statements of other functions in one place; None where it has not 15 to 50 lines."""
    rows = sum(bool(line.strip()) for line in code.splitlines())
    program = Program(code, language)
    places = _places(program)
    if not LINES[0] <= rows <= LINES[1] or not places:
        return None
    place = rng.choice(places)
    indent = program.indent(place) or ""
    for _ in range(4):  # a statement may not fit every place
        change = Change(program)
        rows_of = "".join(f"{one}\n{indent}" for one in rng.choices(inserts(language), k=lines))
        change.put(place.start_byte, place.start_byte, rows_of)
        if parses(change.text(), language):
            return change.text()
    return None


def _register() -> None:
    for share in SHARES:
        _register_share(share)
    for lines in GAPS:
        make = lambda code, language, rng, lines=lines: lines_inserted(code, language, lines, rng)  # noqa: E731
        make.__doc__ = f"Preserves every line: {lines} of other functions stand between two of them."
        evasion(f"lines-inserted-{lines}", kind="code", group="code-edits")(make)


def _register_share(share: int) -> None:
    dead = lambda code, language, rng: dead_inserted(code, language, share, rng)  # noqa: E731
    dead.__doc__ = f"Preserves what the function does: {share} % of statements more, which have no effect."
    evasion(f"dead-inserted-{share:02}", kind="code", group="code-edits")(dead)
    for name, kinds in (("deleted", ("delete",)), ("inserted", ("insert",)), ("moved", ("move",)), ("edited", KINDS)):  # fmt: skip
        make = lambda code, language, rng, kinds=kinds: of_kind(code, language, share, kinds, rng)  # noqa: E731
        make.__doc__ = f"Preserves all but {share} % of the statements, which are {name} anywhere; nothing need work after it."  # fmt: skip
        evasion(f"{name}-{share:02}", kind="code", group="code-edits")(make)


_register()
