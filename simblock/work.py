"""Works: the protected documents, and what is known about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "code"]


@dataclass(frozen=True, slots=True)
class Work:
    """One protected document, without its text.

    ``license`` is an SPDX expression where known, ``expires`` an ISO date (the work stops counting
    on that day, UTC), ``reason`` why it was added or removed.
    """

    id: str
    title: str | None = None
    owner: str | None = None
    license: str | None = None
    url: str | None = None
    tags: tuple[str, ...] = ()
    kind: Kind = "text"
    language: str | None = None
    expires: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A work with its text, on the way into an index."""

    work: Work
    text: str
