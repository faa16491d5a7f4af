"""What a reading is told: fields, encodings, limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

from simblock.errors import UsageError

KindChoice: TypeAlias = Literal["auto", "text", "code"]
ErrorChoice: TypeAlias = Literal["strict", "replace"]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How inputs are read. Raises UsageError where a value cannot be meant.

    ``kind`` auto tells code from text by name, then by content; ``language`` is that of code which has
    none of its own: standard input, a row, a file whose name says none.
    ``id`` names the one work that comes from standard input. ``meta`` is a JSONL file of rows
    ``{"id": …, "title": …}``. ``max_row`` bounds a row, or a file that is one work, in bytes.
    ``expires`` and ``reason`` go to works that have none of their own. ``workers`` above 1 read files
    ahead in as many threads, and tokenise code in as many processes. ``leave_out`` are paths never read
    inside folders (the index itself, its key). Without ``detect``, auto does not look at what documents of a
    delivery hold, but at columns and names alone.
    """

    kind: KindChoice = "auto"
    language: str | None = None
    id: str | None = None
    text_field: str = "text"
    id_field: str = "id"
    meta: Path | None = None
    encoding: str = "utf-8"
    errors: ErrorChoice = "strict"
    skip_bad: bool = False
    max_row: int = 256 * MIB
    expires: str | None = None
    reason: str | None = None
    workers: int = 1
    leave_out: tuple[Path, ...] = field(default=())
    detect: bool = True

    def __post_init__(self) -> None:
        if self.kind not in ("auto", "text", "code"):
            raise UsageError(f"--kind {self.kind}: it is auto, text or code")
        if self.language is not None:
            check_language(self.language, self.kind)
        if self.errors not in ("strict", "replace"):
            raise UsageError(f"--errors {self.errors}: it is strict or replace")
        if self.workers < 1:
            raise UsageError(f"--workers {self.workers}: it is a number from 1")
        if self.max_row < 1:
            raise UsageError("--max-row: it is a number of MiB from 1")
        check_encoding(self.encoding)
        if self.expires is not None:
            check_date(self.expires)


def check_language(name: str, kind: KindChoice) -> None:
    """Raises UsageError unless there is a grammar of that language, and code is read."""
    from simblock import detection
    from simblock.grammar import languages

    if kind == "text":
        raise UsageError(f"--language {name}: languages are of code: leave out --kind text")
    if detection.by_tag(name) is None:
        raise UsageError(f"--language {name}: there is no grammar of it: name {', '.join(languages())}")


def check_encoding(name: str) -> None:
    """Raises UsageError unless Python can decode text of that name."""
    try:
        b"x".decode(name, "replace")
    except (LookupError, ValueError):  # some codecs know no replacing
        raise UsageError(f"--encoding {name}: unknown; try utf-8, utf-16, latin-1 or cp1252") from None


def spells_ascii(encoding: str) -> bool:
    """Whether ASCII bytes mean themselves, so that lines and NUL bytes can be told before decoding."""
    return b"{\n\0".decode(encoding, "replace") == "{\n\0"


def check_date(value: str) -> str:
    """The date as YYYY-MM-DD. Raises UsageError unless it is one."""
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise UsageError(f"{value[:40]!r} is not a date: write it YYYY-MM-DD") from None
