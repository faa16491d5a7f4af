"""Whether a pass that was begun is the one that is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from simblock.errors import UsageError
from simblock_indexer.dedup.folder import Folder, Plan, replaced

PLAN = "plan.json"
_SPELLED = {"key_files": "key-file", "documents": "scope"}
_NOT_OF_THE_OUTCOME = ("memory",)


def same(folder: Folder, asked: Plan) -> Plan:
    """The plan that stands in a folder, where it has the outcome of the one that is asked for. Memory may differ, and
    is what is asked from now on. Raises UsageError that names the differences."""
    stored = folder.plan
    if differences := ", ".join(_differences(stored, asked)):
        raise UsageError(
            f"{folder.root}: a pass was begun here with {differences}: give the same again, another --out, "
            "or give that pass up with --anew"
        )
    # From then on a state may know the plan by its digest.
    if stored.options.memory != asked.options.memory and not folder.settled.exists():
        stored = replace(stored, options=asked.options)
        with replaced(folder.root / PLAN) as file:
            file.write_text(stored.to_json(), "utf-8")
    return stored


def alike(stored: Plan, asked: Plan) -> bool:
    """Whether two passes are one, whatever their states had before."""
    return not any(_differences(stored, replace(asked, segments=stored.segments)))


def _differences(stored: Plan, asked: Plan) -> Iterator[str]:
    """What in a plan is other than what is asked for, and decides the outcome."""
    old, new = _told(stored), _told(asked)
    yield from _values({"out": old["out"], "state": old["state"]}, new)
    yield from _values(old["options"], new["options"])
    yield from _values(old["reading"], new["reading"])
    yield from _inputs(stored, asked)
    if asked.segments[: len(stored.segments)] != stored.segments:
        yield f"other deliveries in {stored.state}"


def _told(plan: Plan) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(replace(plan, parts=()).to_json())
    return told


def _values(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for name, value in old.items():
        if new[name] != value and name not in _NOT_OF_THE_OUTCOME:
            option = _SPELLED.get(name, name.replace("_", "-"))
            yield _spelled(option, value)


def _spelled(option: str, value: Any) -> str:
    if value in (None, [], False):
        return f"no --{option}"
    return f"--{option}" if value is True else f"--{option} {value}"


def _inputs(stored: Plan, asked: Plan) -> Iterator[str]:
    old = [source.place for source in stored.sources]
    new = [source.place for source in asked.sources]
    known = set(new)
    if gone := next((place for place in old if place not in known), None):
        yield f"an input that is missing now ({gone})"
    known = set(old)
    if added := next((place for place in new if place not in known), None):
        yield f"fewer inputs ({added} is new)"
    if stored.sources != asked.sources:
        yield "the inputs in another order, or under other names"
