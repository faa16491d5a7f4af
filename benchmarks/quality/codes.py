"""Checks of code: masked and edited copies of functions in four languages, clean functions, innocent code.

What is a function, a copy, clean or a fork is told as in ``code_recall``. A copy's size is that of the function
it was made of, in lexemes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.code_copies import Prose, Unfit, canonical, copied, lexemes, planted, standing, unwrapped
from benchmarks.code_corpus import sources
from benchmarks.code_functions import Function, spread
from benchmarks.code_recall import CLASSES, Equals, clean_functions, cut
from benchmarks.corpus import half_of
from benchmarks.evasions import CODE, Evasion
from benchmarks.quality.material import seeded
from benchmarks.quality.sighting import Sighting, seen
from benchmarks.quality.workers import guard
from simblock.policy import Policy

DEFAULT = Policy.load()
SHARES = {"code-10": 1.0, "code-30": 1.0, "code-fragment": 1.0, "code-rewrites": 0.5}
"""Of how many functions transforms are tried, by their gate; the others on a fifth, so that a run takes minutes."""
BARE = ("hidden", "port")
"""Groups whose copies are not put into a fence: they are text as they come, or of another language."""
LONGEST = 500
"""Lexemes of a function that copies are made of, at most: longer ones are no harder to find, and take long."""
WRAPPED = "class Holder"


class CodeCase(NamedTuple):
    """A function of a protected file as a text that parses, its size, and all files that have it."""

    function: Function
    code: str
    size: int
    works: frozenset[str]

    @property
    def id(self) -> str:
        return f"{self.function.id}@{self.function.start}"


class Prepared(NamedTuple):
    """What is checked of a language: cases by the least size of their class, clean functions, what was left out."""

    language: str
    cases: dict[int, list[CodeCase]]
    clean: list[Function]
    left_out: list[dict[str, object]]


class Wanted(NamedTuple):
    """A task: what to prepare of a language."""

    folder: Path
    language: str
    half: str
    count: int
    clean: int
    seed: int


class CodeCopies(NamedTuple):
    """A task: one evasion of some functions of a language."""

    index: Path
    evasion: str
    cases: Sequence[CodeCase]
    prose: Prose
    seed: int


class CodeCleans(NamedTuple):
    """A task: some clean functions."""

    index: Path
    functions: Sequence[Function]
    prose: Prose
    seed: int


def prepare(task: Wanted) -> list[Prepared]:
    """Cases of all classes of size and clean functions; a list of one, as workers give."""
    every = cut(sources(task.folder, task.language, "protected"), task.language, 40)
    half = [one for one in every if half_of(one.id) == task.half]
    equals = Equals(every)
    cases = {least: list(cases_of(half, equals, least, min(most, LONGEST), task)) for least, most in CLASSES}
    clean = clean_functions(task.folder, task.language, task.half, task.clean, task.seed)
    return [Prepared(task.language, cases, clean.functions, clean.left_out)]


def cases_of(half: Sequence[Function], equals: Equals, least: int, most: int, task: Wanted) -> Iterator[CodeCase]:  # fmt: skip
    """So many functions of a class of size, every package as much as it has; those that cannot be copied left out."""
    near = [one for one in half if least * 0.8 <= one.size < most * 1.2]
    taken = 0
    for function in spread(near, len(near), task.seed):
        if taken == task.count:
            return
        code = standing(function)
        size = lexemes(code, task.language)
        if least <= size < most and _copies(code, task.language):
            taken += 1
            yield CodeCase(function, code, size, frozenset(equals.files(function)))


def _copies(code: str, language: str) -> bool:
    try:
        canonical(code, language)
    except (Unfit, UnicodeError):
        return False
    return True


def renamed(code: str, language: str, rng: random.Random) -> str | None:
    """As a programmer gets it: every own name changed, comments gone, laid out anew."""
    try:
        return copied(code, language, rng)
    except (Unfit, UnicodeError):
        return None


RENAMED = Evasion("renamed", "code-names", "code", renamed, "surface")
"""The copies of ``code_recall``, beside the transforms of the library."""
ALL = {RENAMED.name: RENAMED, **CODE}


def of_them(name: str, count: int) -> int:
    """Of how many functions a transform is tried: most where a gate asks for each class of size by itself."""
    share = SHARES.get(ALL[name].gate or "", 0.2)
    return max(int(count * share), 1)


def check_code_copies(task: CodeCopies) -> list[Sighting]:
    """What the default policy makes of one evasion; where it is not applicable the row is of part "dropped"."""
    how, asked = ALL[task.evasion], guard(task.index, DEFAULT)
    found = []
    for case in task.cases:
        language, rng = case.function.language, seeded(task.seed, how.name, case.id)
        row = Sighting("copy", how.name, case.id, how.group, how.gate, language, case.size)
        try:
            made = how.make(case.code, language, rng)
        except Exception as error:  # a transform that fails costs its row, not the run
            found.append(row._replace(part="failed", group=type(error).__name__))
            continue
        if made is None:
            found.append(row._replace(part="dropped"))
            continue
        text, span = told(made, how, language, task.prose, rng)
        found.append(seen(asked.check(text, all=True), row, case.works, span))
    return found


def told(
    code: str, how: Evasion, language: str, prose: Prose, rng: random.Random
) -> tuple[str, tuple[int, int]]:
    """An answer with a copy in it, and where the copy stands."""
    if how.group not in BARE and code.startswith(WRAPPED):
        code = unwrapped(code, language, rng)
    code = code if code.endswith("\n") else code + "\n"
    text, start = prose.around(code, "" if how.group in BARE else language, rng)
    if how.group in BARE:
        text, start = (
            text[: start - len("```\n")] + code + text[start + len(code) + len("```") :],
            start - len("```\n"),
        )
    return text, (start, start + len(code))


def check_code_clean(task: CodeCleans) -> list[Sighting]:
    """What the default policy makes of clean functions, each in a fence as it stands in its file."""
    asked = guard(task.index, DEFAULT)
    found = []
    for function in task.functions:
        text = standing(function)
        rng = seeded(task.seed, "clean", function.id, function.start)
        copy = planted(function, text if text.endswith("\n") else text + "\n", task.prose, rng)
        row = Sighting(
            "clean",
            function.package,
            f"{function.id}@{function.start}",
            language=function.language,
            size=function.size,
        )
        found.append(seen(asked.check(copy.text, all=True), row))
    return found
