"""What a run of ``code_recall`` measured, kept in a file, so that several runs are published as one.

A part is of some languages, with an index of those alone: the nine core languages, say, and then the others with
fewer functions each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.code_outcomes import Best, Decider, Fork, Measured, Row, Seen
from benchmarks.record import conditions
from simblock.errors import SimblockError

SAME = ("half", "seed", "scheme", "policy", "share of statements edited")
"""What must be the same in all parts of one result."""


def keep(path: Path, parameters: Row, measured: Sequence[Measured]) -> None:
    """Writes a part. Of the code itself nothing is in it."""
    them = [
        {"seen": one.seen, "left_out": one.left_out, "forks": one.forks, "dropped": [[*key, n] for key, n in one.dropped.items()]}
        for one in measured
    ]  # fmt: skip
    made = {"parameters": {**parameters, "commit": conditions()["commit"]}, "measured": them}
    path.write_text(json.dumps(made), "utf-8")


def joined(paths: Sequence[Path]) -> tuple[Row, list[Measured]]:
    """The parameters of all parts together, and what was measured of each language.

    Raises SimblockError where parts are no parts of one result, or a language stands in two.
    """
    parts = [json.loads(path.read_text("utf-8")) for path in paths]
    first = parts[0]["parameters"]
    for path, part in zip(paths, parts, strict=True):
        for name in SAME:
            if part["parameters"][name] != first[name]:
                raise SimblockError(f"{path} and {paths[0]} differ in {name}: measure them alike")
    languages = [language for part in parts for language in part["parameters"]["languages"]]
    if twice := [language for language, n in Counter(languages).items() if n > 1]:
        raise SimblockError(f"{', '.join(twice)} is measured in two parts: join one of them")
    kept = [{name: value for name, value in part["parameters"].items() if name not in SAME} for part in parts]
    parameters = {name: first[name] for name in SAME} | {"languages": languages, "parts": kept}
    return parameters, [_measured(one) for part in parts for one in part["measured"]]


def _measured(kept: dict[str, Any]) -> Measured:
    forks = [Fork(*row[:-1], _seen(row[-1])) for row in kept["forks"]]
    dropped = Counter({(language, group, why): n for language, group, why, n in kept["dropped"]})
    return Measured([_seen(row) for row in kept["seen"]], kept["left_out"], forks, dropped)


def _seen(row: list[Any]) -> Seen:
    *fields, decider, matches = row
    return Seen(*fields, _decider(decider), tuple(Best(*match) for match in matches))


def _decider(row: list[Any] | None) -> Decider | None:
    if row is None:
        return None
    *fields, match = row
    return Decider(*fields, Best(*match) if match else None)
