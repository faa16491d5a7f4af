"""``simblock policy``: the policy in effect, and where each of its fields comes from."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simblock.policy import ENVIRONMENT, Policy
from simblock_indexer.tables import Column, emit, say, table


class Row(NamedTuple):
    """A field of a policy: its dotted name, its value, and ``default``, the file or the variable it is from."""

    field: str
    value: Any
    source: str


def rows(policy: Policy, path: Path | None) -> list[Row]:
    """The fields of a policy that was loaded from ``path``, rules apart."""
    written = set(_flat(tomllib.loads(path.read_text("utf-8")))) if path is not None else set()
    variables = {
        name.removeprefix(ENVIRONMENT).lower().replace("__", "."): name
        for name in os.environ
        if name.startswith(ENVIRONMENT)
    }
    fields = _flat(policy.model_dump(exclude={"rule"}))
    return [
        Row(name, value, variables.get(name, str(path) if name in written else "default"))
        for name, value in fields.items()
    ]


def show(path: Path | None, *, as_json: bool) -> None:
    """Prints the policy of a file, the environment over it. Raises PolicyError naming file and field."""
    policy = Policy.load(path)
    found = rows(policy, path)
    rules = [rule.model_dump(exclude_defaults=True) for rule in policy.rule]
    if as_json:
        emit(
            {
                "digest": policy.digest,
                "policy": policy.model_dump(mode="json"),
                "from": {row.field: row.source for row in found},
            }
        )
        return
    table(
        [Column("field"), Column("value"), Column("from")],
        [(r.field, _shown(r.value), r.source) for r in found],
    )
    if rules:
        say("")
        numbered = [
            (
                rule.pop("name", f"rule {number}"),
                rule.pop("action", "(inherited)"),
                json.dumps(rule, default=list),
            )
            for number, rule in enumerate(rules, 1)
        ]
        table([Column("rule"), Column("action"), Column("for, and its own figures")], numbered)
    say("")
    say(f"digest {policy.digest}")


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)


def _flat(fields: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat
