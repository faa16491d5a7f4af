"""What callers give a guard, checked: how an output is read, earlier turns, texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from simblock.detection import by_tag
from simblock.errors import UsageError
from simblock.grammar import languages
from simblock.response import Turn

ROLES = frozenset({"user", "assistant", "system", "tool", "developer"})


class Reading(TypedDict):
    """How a stream is read: as a file of a language, or as prose alone."""

    language: str | None
    prose: bool


def reading(kind: str | None, language: str | None) -> Reading:
    """How a stream is read. Raises UsageError for a kind or a language that is unknown here."""
    if kind not in {None, "auto", "text", "code"}:
        raise UsageError(f"kind {kind!r}: it is text, code, or None to find out")
    if language is not None and by_tag(language) is None:
        raise UsageError(f"language {language[:40]!r} is unknown here: there are {', '.join(languages())}")
    if kind == "text":
        return {"language": None, "prose": True}
    if kind == "code" and language is None:
        raise UsageError(f"code needs a language: give one of {', '.join(languages())}")
    return {"language": by_tag(language) if language else None, "prose": False}


def turn_of(turn: object) -> Turn:
    """An earlier turn, given as a mapping. Raises UsageError where it is none."""
    role, content = turn if isinstance(turn, Turn) else (None, None)
    if isinstance(turn, Mapping):
        role, content = turn.get("role"), turn.get("content")
    if not (isinstance(role, str) and role in ROLES and isinstance(content, str)):
        raise UsageError(
            'history: each turn is {"role": "user|assistant|system|developer|tool", "content": "…"}'
        )
    return Turn(role, content)


def text_of(value: object, what: str) -> str:
    """A text, and not bytes. Raises UsageError."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is {type(value).__name__}, not str: decode it first")
    return value
