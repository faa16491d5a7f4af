"""Other people's code for transforms that need some: functions to hide a fragment in, statements to insert, classes.

Functions come from the background part of the code corpus, which is neither protected nor counted as clean. Without a
corpus they are made up by rule, so that tests need nobody's code; figures that are published need the corpus.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import islice

from benchmarks.code_copies import standing
from benchmarks.code_corpus import Source, default_folder, sources
from benchmarks.code_edits import donors
from benchmarks.code_functions import LEAST, Function, functions, leaf_nodes, spread
from benchmarks.evasions.code_kinds import FUNCTIONS
from benchmarks.evasions.code_tree import Program, parses, walk

FILES, HOSTS = 240, 400
"""Files of the background that are looked into, and functions that are taken of them."""
_CLASSES = {
    "python": ("class_definition",),
    "java": ("class_declaration",),
    "javascript": ("class_declaration",),
}
_NOUNS = [
    "ledger",
    "parcel",
    "meadow",
    "harbour",
    "kettle",
    "lantern",
    "orchard",
    "pebble",
    "quarry",
    "ribbon",
    "saddle",
    "timber",
    "valley",
    "willow",
]
_VERBS = ["weigh", "sort", "gather", "polish", "measure", "label", "stack", "mend"]
_WHOLE = {
    "python": ("def {f}({a}, {b}):\n", "    {s}\n", "    return {a}\n"),
    "java": ("class Holder {{\nint {f}(int {a}, int {b}) {{\n", "    {s};\n", "    return {a};\n}}\n}}\n"),
    "javascript": ("function {f}({a}, {b}) {{\n", "    {s};\n", "    return {a};\n}}\n"),
    "c": ("static int {f}(int {a}, int {b})\n{{\n", "    {s};\n", "    return {a};\n}}\n"),
}
_STATEMENTS = ("{a} = {a} * {k} + {b}", "{b} += {f}({a}, {k})", "{a} -= {g}({b} % {k})", "{f}({b}, {a} - {k})",
               "{b} = ({a} + {k}) / {m}")  # fmt: skip


@cache
def hosts(language: str) -> tuple[str, ...]:
    """Functions of packages that are in no index, each a text that parses by itself; the same ones each time."""
    found = _found(language)
    texts = [standing(one) for one in spread(found, HOSTS, 1)] if found else made_up(language)
    return tuple(text for text in texts if parses(text, language))


def _found(language: str) -> list[Function]:
    if not (default_folder() / language / "background").is_dir():
        return []
    them = sorted(sources(default_folder(), language, "background"), key=lambda one: (one.package, one.path))
    step = max(len(them) // FILES, 1)
    taken = (function for one in islice(them, 0, None, step) for function in islice(functions(one, language, LEAST), 6))  # fmt: skip
    return [function for function in taken if function.size <= 600]


def made_up(language: str, count: int = 60) -> list[str]:
    """Functions written by rule."""
    rng, made = random.Random(f"made up {language}"), []
    head, line, tail = _WHOLE[language]
    for _ in range(count):
        a, b, f, g = rng.sample(_NOUNS, 4)
        f, g = f"{rng.choice(_VERBS)}_{f}", f"{rng.choice(_VERBS)}_{g}"
        names = {"a": a, "b": b, "f": f, "g": g}
        rows = [
            line.format(s=rng.choice(_STATEMENTS).format(**names, k=rng.randrange(99), m=rng.randrange(1, 9)))
            for _ in range(rng.randint(6, 20))
        ]
        made.append(head.format(**names) + "".join(rows) + tail.format(**names))
    return made


@cache
def inserts(language: str) -> tuple[str, ...]:
    """Statements of one line out of those functions, each as it ends in its language."""
    them = [Function(language, "", "", text, 0, len(text), 0) for text in hosts(language)]
    wrapped = [one._replace(text=_unwrapped(one)) for one in them]
    return tuple(donors(wrapped, 1))


def _unwrapped(function: Function) -> str:
    """What `standing` put around a function, taken off again."""
    text = function.text
    if function.language == "java":
        return text.split("{", 1)[1].rsplit("}", 1)[0].strip("\n")
    return (
        text.removeprefix("const holder = ").removesuffix(";\n") if text.startswith("const holder") else text
    )


def host(language: str, rng: random.Random) -> str:
    """One of the hosts."""
    return rng.choice(hosts(language))


def wholes(source: Source, language: str, most: int = 3000) -> Iterator[str]:
    """Classes with three functions and more of a file, at most so many tokens; of C runs of four functions."""
    program = Program(source.text, language)
    if language == "c":
        yield from _runs(program)
        return
    for node in walk(program.root):
        fits = node.type in _CLASSES[language] and not node.has_error and _methods(node, language) >= 3
        if fits and sum(1 for _ in leaf_nodes(node)) <= most and program.indent(node) == "":
            yield program.text(node) + "\n"


def _methods(node, language: str) -> int:  # type: ignore[no-untyped-def]
    return sum(1 for one in walk(node, lambda it: it.type not in FUNCTIONS[language]) if one.type in FUNCTIONS[language])  # fmt: skip


def _runs(program: Program) -> Iterator[str]:
    them = [node for node in program.root.children if node.type == "function_definition"]
    for at in range(0, len(them) - 3, 4):
        text = program.data[them[at].start_byte : them[at + 3].end_byte].decode() + "\n"
        if parses(text, "c"):
            yield text
