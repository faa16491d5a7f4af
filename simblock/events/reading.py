"""Audit logs read back: every line that is whole, and the numbers of those that are not.

A disk that got full leaves half a line, to which another process may have added a whole one: that one is read.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

from pydantic_core import from_json

from simblock.errors import InputError
from simblock.events.line import SCHEMA, bypass_of
from simblock.events.record import Logged, logged

BEGINS = b'{"schema":'
NAMED = 20
"""Damaged lines that are remembered by their numbers."""
NEWEST = 1000
"""A schema of a later simblock; what is over it is damage."""
STANDARD_INPUT = "-"


class Bypass(NamedTuple):
    """A line of something that was not scanned at all."""

    reason: str
    route: str


@dataclass(slots=True)
class Log:
    """A log as it is read: how many decisions it has, how many damaged lines, and which those were, from 1 on.

    ``bypasses`` counts what was not scanned at all, by reason and route.
    """

    path: str
    lines: int = 0
    damaged: int = 0
    numbers: list[int] = field(default_factory=list)
    bypasses: Counter[Bypass] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Logged]:
        """The decisions in their order. Raises InputError where the file cannot be read, or a newer simblock wrote it."""
        with _opened(self.path) as file:
            for number, line in enumerate(_lines(self.path, file), 1):
                if line.strip():
                    yield from self._read(number, line)

    def find(self, id: str) -> Iterator[Logged]:
        """The decisions whose report's id begins so, or whose request had this id; other lines are not read."""
        wanted = json.dumps(id)[1:-1].encode()
        with _opened(self.path) as file:
            for number, line in enumerate(_lines(self.path, file), 1):
                if wanted in line:
                    for found in self._read(number, line):
                        if found.decision.id.startswith(id) or found.decision.request_id == id:
                            yield found

    def _read(self, number: int, line: bytes) -> Iterator[Logged]:
        found = _parsed(line)
        if found is None:
            self.damaged += 1
            if len(self.numbers) < NAMED:
                self.numbers.append(number)
            begins = line.rfind(BEGINS)
            found = _parsed(line[begins:]) if begins > 0 else None
        if isinstance(found, int):
            raise InputError(
                f"{self.path}: line {number} has schema {found}, and this simblock reads {SCHEMA}: use a newer one"
            )
        if isinstance(found, Bypass):
            self.bypasses[found] += 1
        elif found is not None:
            self.lines += 1
            yield found

    @property
    def damage(self) -> str | None:
        """What is said of damaged lines, if there are any."""
        if not self.damaged:
            return None
        told = ", ".join(map(str, self.numbers)) + (", …" if self.damaged > len(self.numbers) else "")
        return f"{self.damaged:,} damaged {'line' if self.damaged == 1 else 'lines'} left out: {told}"


def _parsed(line: bytes) -> Logged | Bypass | int | None:
    """The decision of a line, the schema where it is a newer one, None where the line is damaged."""
    try:
        row = _json(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    schema = row.get("schema")
    if type(schema) is int and SCHEMA < schema <= NEWEST:
        return schema
    try:
        if "bypass" not in row:
            return logged(row)
        gone = bypass_of(row)
    except ValueError:
        return None
    return Bypass(gone["bypass"], gone["route"])


def _json(line: bytes) -> Any:
    try:
        return from_json(line)
    except ValueError:
        return json.loads(line)  # takes lone surrogates, which names may have


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        raw = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(
            f"{path}: {(error.strerror or str(error)).lower()}: name the audit log that the server writes"
        ) from None
    with raw:
        file = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if path.endswith(".gz") else raw
        yield file


def _lines(path: str, file: IO[bytes]) -> Iterator[bytes]:
    try:
        yield from file
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path}: cannot be read to its end: {error}") from None


__all__ = ["Log"]
