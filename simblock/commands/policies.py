"""``simblock policy``: the policy in effect, and where each of its fields comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simblock.policy import Policy
from simblock_indexer.tables import Column, emit, say, table

DEFAULT = "default"


class Row(NamedTuple):
    """A field of a policy: its dotted name, its value, and ``default``, the file or the variable it is from."""

    field: str
    value: Any
    source: str


def rows(policy: Policy, path: Path | None) -> list[Row]:
    """The fields of a policy that was loaded from ``path``, rules apart."""
    sources = Policy.sources(path)
    fields = _flat(policy.model_dump(exclude={"rule"}))
    return [Row(name, value, sources.get(name, DEFAULT)) for name, value in fields.items()]


def show(path: Path | None, *, as_json: bool) -> None:
    """Prints the policy of a file, the environment over it. Raises PolicyError naming file and field."""
    policy = Policy.load(path)
    found = rows(policy, path)
    if as_json:
        emit(
            {
                "digest": policy.digest,
                "policy": json.loads(policy.model_dump_json()),
                "from": {row.field: row.source for row in found},
            }
        )
        return
    table(
        [Column("field"), Column("value"), Column("from")],
        [(row.field, "unset" if row.value is None else row.value, row.source) for row in found],
    )
    _print_rules(policy)
    say("")
    say(f"digest {policy.digest}")


def _print_rules(policy: Policy) -> None:
    if not policy.rule:
        return
    shown = []
    for number, rule in enumerate(policy.rule, 1):
        rest = rule.model_dump(exclude_defaults=True, exclude={"name", "action"})
        action = rule.action or "(inherited)"
        shown.append((rule.name or f"rule {number}", action, json.dumps(rest, default=list)))
    say("")
    table([Column("rule"), Column("action"), Column("for, and its own figures")], shown)


def facts(policy: Policy) -> list[tuple[str, str]]:
    """The fields of a policy and its rules, each with its value."""
    fields = _flat(policy.model_dump(exclude={"rule"}))
    rules = [
        (f"rule {number}", rule.model_dump_json(exclude_defaults=True))
        for number, rule in enumerate(policy.rule, 1)
    ]
    shown = [(name, "unset" if value is None else str(value)) for name, value in fields.items()]
    return [("digest", policy.digest), *shown, *rules]


def _flat(fields: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat
