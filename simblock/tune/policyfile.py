"""A policy as a TOML file that says where its figures are from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from simblock.policy import Policy
from simblock.tune.outcome import Outcome, moved, percent, told


def written(outcome: Outcome) -> str:
    """The chosen policy, whole, with comments on what it was measured to stop; :meth:`Policy.load` reads it."""
    lines = [*_head(outcome), *_fields(outcome.chosen, {name: old for name, old, _ in moved(outcome)})]
    return "\n".join(lines) + "\n"


def _head(outcome: Outcome) -> Iterator[str]:
    question, chosen = outcome.question, outcome.choice.chosen
    bound = "the upper bound of " if question.upper else ""
    yield f"# Chosen by `simblock tune` on {question.date} for {bound}{percent(question.rate)} of clean outputs stopped."
    yield f"# Index: {_one_line(', '.join(question.indexes))}. Brackets are 95 % intervals."
    yield f"# Half that was chosen on:   clean outputs stopped {told(chosen.tuned.clean)}; copies {told(chosen.tuned.copies)}"
    yield f"# Half that is reported on:  clean outputs stopped {told(chosen.reported.clean)}; copies {told(chosen.reported.copies)}"
    if question.copies == "made":
        yield "# Copies were made from the works of the index."
    for note in outcome.notes:
        yield f"# Note: {_one_line(note)}"


def _fields(policy: Policy, before: Mapping[str, float]) -> Iterator[str]:
    whole = policy.model_dump(
        mode="json", exclude={"text", "code", "rule"}, exclude_none=True, exclude_defaults=True
    )
    if whole:
        yield ""
    yield from (f"{name} = {_value(value)}" for name, value in whole.items())
    for section in ("text", "code"):
        yield f"\n[{section}]"
        for name, value in getattr(policy, section).model_dump(mode="json").items():
            if value is not None:
                old = before.get(f"{section}.{name}")
                yield f"{name} = {_value(value)}" + ("" if old is None else f"  # was {_value(old)}")
    for rule in policy.rule:
        yield "\n[[rule]]"
        for name, value in rule.model_dump(mode="json", exclude_none=True, exclude_defaults=True).items():
            yield f"{name} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_value(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # Strings, numbers and truth values are written as in TOML, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
