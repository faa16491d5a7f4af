"""Where the fields of a policy are from: layers of a file, the environment and arguments, the later over the earlier."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from simblock.errors import PolicyError

ENVIRONMENT = "SIMBLOCK_POLICY__"

Place: TypeAlias = tuple[str, ...]
"""The way to a field, table by table."""


class Layer(NamedTuple):
    """Fields in tables, and what they are from: a file, or ENVIRONMENT for all variables together."""

    name: str
    fields: Mapping[str, Any]


def layers_of(path: str | Path | None) -> list[Layer]:
    """What the file says, then the environment. Raises PolicyError naming the file or the variable."""
    layers = [Layer(str(path), _read_toml(Path(path)))] if path is not None else []
    return [*layers, Layer(ENVIRONMENT, _from_environment())]


def merged(layers: Iterable[Layer]) -> dict[str, Any]:
    """The fields of all layers, of each its topmost value."""
    data: dict[str, Any] = {}
    for layer in layers:
        data = _over(data, layer.fields)
    return data


def source(layers: list[Layer], place: Place) -> str:
    """The name of the topmost layer that sets the field at a place; of the environment, the variable."""
    for layer in reversed(layers):
        if _reaches(layer.fields, place):
            return _variable(place) if layer.name == ENVIRONMENT else layer.name
    return "policy" if layers[0].name == ENVIRONMENT else layers[0].name


def places(data: Mapping[str, Any], above: Place = ()) -> list[Place]:
    """The places of all fields that are no tables."""
    found: list[Place] = []
    for name, value in data.items():
        found += places(value, (*above, name)) if isinstance(value, dict) else [(*above, name)]
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PolicyError(f"{path}: cannot read the policy: {error.strerror}") from error
    except RecursionError as error:
        raise PolicyError(f"{path}: nested too deeply for a policy") from error
    except ValueError as error:  # not UTF-8, not TOML, a number of thousands of digits
        raise PolicyError(f"{path}: not TOML: {error}") from error


def _from_environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in sorted(os.environ.items()):
        if name.startswith(ENVIRONMENT):
            *parents, field = name.removeprefix(ENVIRONMENT).lower().split("__")
            table = found
            for parent in parents:
                table = table.setdefault(parent, {})
                if not isinstance(table, dict):
                    raise PolicyError(f"{name}: {parent} is set as a whole by another variable: unset one")
            try:
                table[field] = json.loads(value) if value[:1] in {"[", "{"} else value
            except (ValueError, RecursionError):
                raise PolicyError(f"{name}: its value begins like JSON and is none") from None
    return found


def _variable(place: Place) -> str:
    """The variable that sets a field, by itself or with a table around it."""
    names = [ENVIRONMENT + "__".join(place[:count]).upper() for count in range(len(place), 0, -1)]
    return next((name for name in names if name in os.environ), names[0])


def _reaches(data: Any, place: Place) -> bool:
    """Whether a layer sets the field at a place."""
    for part in place:
        if not isinstance(data, Mapping) or part not in data:
            return False
        data = data[part]
    return True


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for name, value in above.items():
        inner = both.get(name)
        both[name] = _over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both
