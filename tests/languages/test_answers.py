"""Code of every language as a model writes it, read as it streams: a table of forms by languages."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from simblock.codestream import Coded, CodeScanner, nothing
from simblock.detection import is_recognised
from simblock.grammar import grammar, languages
from tests.languages.cases import cases, cut, keys
from tests.outputs import JAVA, MORE, PROSE, PYTHON, as_diff, characters, fenced, notebook, scan

LEAST = 30
"""So many lexemes of a work must stand in a row among those of an answer."""
Form = Callable[[str, str], str]


def tag_of(language: str) -> str:
    """A tag that a model writes: of ``generic`` that of one of its languages."""
    return language if is_recognised(language) else grammar(language).tags[-1]


def other(language: str) -> str:
    return "java" if language == "python" else "python"


def before(language: str) -> str:
    return JAVA if language == "python" else PYTHON


def unnamed_diff(code: str, _: str) -> str:
    return fenced("@@ -0,0 +1,60 @@\n" + "".join(f"+{line}\n" for line in code.splitlines()), "diff")


def tool_call(code: str, language: str) -> str:
    return json.dumps({"path": f"src/x{grammar(language).extensions[0]}", "content": code, "mode": "w"})


NAMED: dict[str, Form] = {
    "a fence with its tag": lambda code, language: PROSE + fenced(code, tag_of(language)) + MORE,
    "a fence of waves in a list": lambda code, language: (
        "1. First of all:\n   " + fenced(code, tag_of(language), "~~~~").replace("\n", "\n   ")
    ),
    "cut off in the middle": lambda code, language: (
        PROSE + f"```{tag_of(language)}\n{code[: len(code) * 3 // 4]}"
    ),
    "a diff of a file": lambda code, language: (
        PROSE + as_diff("was = nothing", code, f"src/x{grammar(language).extensions[0]}")
    ),
    "two fences, one behind the other": lambda code, language: (
        fenced(before(language), other(language)) + fenced(code, tag_of(language))
    ),
    "two languages with prose between": lambda code, language: (
        fenced(code, tag_of(language)) + PROSE + fenced(before(language), other(language))
    ),
}
"""The language is said."""
SHOWN: dict[str, Form] = {
    "a fence without a tag": lambda code, _: PROSE + fenced(code) + MORE,
    "a fence with a wrong tag": lambda code, language: PROSE + fenced(code, other(language)) + MORE,
    "a fence with a tag of no language": lambda code, _: PROSE + fenced(code, "snippet") + MORE,
    "no fence": lambda code, _: PROSE + code + MORE,
    "no fence, behind code of another language": lambda code, language: (
        PROSE + before(language) + code + MORE
    ),
    "a diff that names no file": unnamed_diff,
    "a cell of a notebook": lambda code, _: notebook(("markdown", PROSE), ("code", code)),
    "the call of a tool": tool_call,
}
"""It shows by its lines."""
WRONG = {
    "html": ("c", "go", "javascript", "php", "python", "rust"),
    "vue": ("c", "python"),
    "css": ("bash", "javascript", "python", "ruby"),
    "bash": ("c", "javascript", "python", "ruby"),
    "sql": ("csharp", "java", "python", "r"),
    "haskell": ("javascript", "kotlin", "lua", "python"),
}
"""Tags of other languages, and the code that stands under them."""
FORMS = (
    NAMED
    | SHOWN
    | {f"a fence that says {tag}": lambda code, _, tag=tag: PROSE + fenced(code, tag) + MORE for tag in WRONG}
)
UNFOUND: dict[tuple[str, str], str] = {}
"""Forms in which a language is not found, and why."""


def rows() -> list[object]:
    made: list[object] = []
    for language in languages():
        wrong = [f"a fence that says {tag}" for tag, theirs in WRONG.items() if language in theirs]
        for form in (*NAMED, *SHOWN, *wrong) if is_recognised(language) else NAMED:
            why = UNFOUND.get((language, form))
            marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
            made.append(pytest.param(language, form, marks=marks, id=f"{language}: {form}"))
    return made


def read(text: str, places: list[int]) -> tuple[Coded, Coded]:
    scanner, found = CodeScanner(), nothing()
    for chunk in cut(text, places):
        for lane, more in zip(found, scanner.feed(chunk), strict=True):
            for column, values in zip(lane, more, strict=True):
                column += values
    for lane, more in zip(found, scanner.finish(), strict=True):
        for column, values in zip(lane, more, strict=True):
            column += values
    return found.lexemes, found.syntax


def longest_run(work: list[int], answer: list[int]) -> int:
    """The longest stretch of ``work`` that stands in ``answer``."""
    best, before = 0, [0] * (len(answer) + 1)
    for key in work:
        row = [0] * (len(answer) + 1)
        for place, said in enumerate(answer, 1):
            if key == said:
                row[place] = before[place - 1] + 1
        best = max(best, *row)
        before = row
    return best


@pytest.mark.parametrize(("language", "form"), rows())
def test_code_is_found_as_it_is_written_and_alike_for_every_cut(language: str, form: str) -> None:
    code = cases(language).program.original.lstrip("\n")
    text = FORMS[form](code, language)
    whole = read(text, [])
    assert longest_run(keys(code, language, "lexemes").tolist(), whole[0].keys) >= LEAST
    rng = random.Random(form)
    assert read(text, rng.sample(range(len(text)), 25)) == whole
    places = tuple(range(1, len(text)))
    assert characters(scan(text, places)) == characters(scan(text))
