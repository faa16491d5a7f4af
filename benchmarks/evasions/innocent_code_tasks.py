"""Exercises that everybody has solved: sorting, searching, counting, lists, files, in four languages.

Written for this file in the ordinary way of each language; the seed draws the names.
"""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path

from benchmarks.evasions.innocent_code import fenced
from benchmarks.evasions.registry import Output, innocent

TASKS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("innocent_code_tasks.toml").read_text("utf-8")
)
"""Solutions by task and language."""
NAMES = {"$a": ["items", "values", "numbers", "array", "arr", "data", "input", "source", "list", "entries"],
         "$x": ["target", "value", "n", "number", "element", "item", "wanted", "result", "count", "current"],
         "$i": ["i", "index", "idx", "first", "p", "start", "a"], "$j": ["j", "k", "second", "q", "b", "other", "m"]}  # fmt: skip


def written(task: str, language: str, rng: random.Random) -> str:
    """A solution with drawn names."""
    code = TASKS[task][language]
    chosen = {mark: rng.choice(them) for mark, them in NAMES.items()}
    return re.sub(r"\$[axij]", lambda it: chosen[it[0]], code)


def _register(task: str, language: str) -> None:
    def make(rng: random.Random) -> Output:
        return fenced(written(task, language, rng), language, rng)

    make.__doc__ = f"The exercise {task.replace('-', ' ')} in {language}, written in the ordinary way."
    innocent(f"{language}-{task}", kind="code")(make)


for _task, _solutions in TASKS.items():
    for _language in _solutions:
        _register(_task, _language)
