"""From arguments to a guard: which of them are indexes, what policy, what came before."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simblock.errors import InputError, PolicyError, UsageError
from simblock.stores.names import MANIFEST
from simblock.stores.redis.address import is_url
from simblock_indexer.indexes import open_all

if TYPE_CHECKING:
    from simblock.guard import Guard

INDEX_VARIABLE = "SIMBLOCK_INDEX"
INDEX_SUFFIX = ".sbx"


class Sorted(NamedTuple):
    """The arguments of a call, told apart."""

    indexes: list[str]
    inputs: list[str]


def is_index(argument: str) -> bool:
    """Whether an argument names an index: a URL, a directory with a manifest, anything called ``*.sbx``."""
    return (
        is_url(argument)
        or argument.rstrip("/").endswith(INDEX_SUFFIX)
        or (Path(argument) / MANIFEST).is_file()
    )


def sort_arguments(arguments: Sequence[str]) -> Sorted:
    """Tells indexes from what is to be checked. Raises UsageError where no index is named."""
    indexes = [argument for argument in arguments if is_index(argument)]
    inputs = [argument for argument in arguments if not is_index(argument)]
    if indexes:
        return Sorted(indexes, inputs)
    if by_environment := os.environ.get(INDEX_VARIABLE):
        return Sorted([by_environment], inputs)
    if not inputs or inputs[0] == "-" or not Path(inputs[0]).is_dir():
        named = f"{inputs[0]} is no index" if inputs and inputs[0] != "-" else "no index"
        raise UsageError(f"{named}: name an index first, or set {INDEX_VARIABLE}")
    # Opening it says what is wrong with it.
    return Sorted(inputs[:1], inputs[1:])


def open_guard(indexes: Sequence[str], policy: Path | None, key_files: Sequence[Path] | None) -> Guard:
    """A guard over the indexes, each with its own of the keys. Raises IndexProblem, PolicyError, StoreLost."""
    from simblock.guard import Guard
    from simblock.policy import Policy

    loaded = Policy.load(policy)  # first: a wrong policy is told at once, a big index may take a moment
    if field := loaded.asks_rewriter:
        source = Policy.sources(policy).get(field, str(policy or "policy"))
        raise PolicyError(
            f'{source}: {field}: "replace" needs a rewriter, which a command does not have: '
            'say "redact" or "stop" for it'
        )
    return Guard(open_all(indexes, key_files), loaded)


def read_history(path: Path | None) -> list[dict[str, str]]:
    """The turns of a JSON file. Raises InputError naming the file and the turn."""
    if path is None:
        return []
    try:
        turns = json.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path}: {reason}: check the path given with --history") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not JSON: --history takes a list of turns") from None
    return checked_turns(turns, str(path))


def checked_turns(turns: Any, place: str) -> list[dict[str, str]]:
    """``turns`` where they are a list of roles and contents. Raises InputError naming ``place``."""
    from simblock.arguments import ROLES

    shape = f'a turn is {{"role": "{"|".join(sorted(ROLES))}", "content": "…"}}'
    if not isinstance(turns, list):
        raise InputError(f"{place}: the history is no list: {shape}")
    for number, turn in enumerate(turns, 1):
        if (
            not isinstance(turn, dict)
            or not isinstance(turn.get("role"), str)
            or turn["role"] not in ROLES
            or not isinstance(turn.get("content"), str)
        ):
            raise InputError(f"{place}: turn {number} of the history cannot be read: {shape}")
    return turns
