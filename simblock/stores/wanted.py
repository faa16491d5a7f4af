"""What a look-up says that needs something which is not in the process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Want(NamedTuple):
    """A record by its key, and what makes of its value (None where absent) what is kept; may raise Damaged."""

    key: bytes
    parse: Callable[[bytes | None], Any]


class Wanted(Exception):
    """A look-up needs records that are not in the process: whoever drives it fetches them and begins it again."""

    def __init__(self, wants: Sequence[Want]) -> None:
        super().__init__(f"{len(wants)} records")
        self.wants = wants
