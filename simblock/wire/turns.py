"""Reads the turns of a request: contents as strings or as parts, tool calls and their results, in any format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simblock.errors import InputError
from simblock.response import Turn

ROLES = {
    "user": "user", "human": "user", "context": "user", "documents": "user",
    "system": "system", "developer": "system", "root": "system",
    "tool": "tool", "function": "tool", "tool_response": "tool", "ipython": "tool", "observation": "tool",
}  # fmt: skip
"""What the client says, by the names that templates of models know. All other roles are the model's own."""

DEEPEST = 32
"""Objects and lists inside each other that a turn may have."""

_TEXTS = frozenset({
    "text", "refusal", "thinking", "reasoning", "reasoning_content", "reasoning_text", "reasoning_details",
    "summary", "content", "output", "result", "results", "title", "context", "transcript", "audio", "code",
    "stdout", "stderr", "tool_calls", "function", "function_call", "custom",
})  # fmt: skip
_SOURCES = frozenset({"arguments", "input"})


def role_of(role: Any) -> str:
    """The role of a turn: user, system, tool or assistant. A role that nobody knows exempts nothing: assistant."""
    return ROLES.get(role.strip().lower(), "assistant") if isinstance(role, str) else "assistant"


def pieces(value: Any, where: str = "messages", depth: int = 0) -> Iterator[str]:
    """The texts of a message, a content, a part, a tool call or its result, in their order.

    Arguments of a tool are text as they stand, or as their JSON. Pictures, sounds, files, names and ids say nothing.
    Raises :class:`simblock.errors.InputError` where something is nested too deep.
    """
    if depth > DEEPEST:
        raise InputError(f"{where}: nested over {DEEPEST} levels deep; send plainer content")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _field(key, inner, where, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from pieces(one, where, depth + 1)
    elif isinstance(value, str) and value:
        yield value


def said(value: Any, where: str = "messages") -> str:
    """The texts of :func:`pieces`, a line each."""
    return "\n".join(pieces(value, where))


def turns_of(value: Any, where: str = "messages") -> Iterator[Turn]:
    """The turns of a list of messages: of each its content, and apart its reasoning, refusal and tool calls.

    Raises :class:`simblock.errors.InputError` where this is no list of objects.
    """
    if value is None:
        return
    if not isinstance(value, list):
        raise InputError(f"{where}: not a list; send a list of objects with role and content")
    for number, message in enumerate(value):
        place = f"{where}[{number}]"
        if not isinstance(message, dict):
            raise InputError(f"{place}: not an object; send one with role and content")
        role = role_of(message.get("role"))
        for key, inner in message.items():
            if text := said({key: inner}, place):
                yield Turn(role, text)


def client(*values: Any) -> Iterator[Turn]:
    """What else of a request is the client's own: every string of prompts, documents, tool definitions, schemas."""
    for value in values:
        if text := "\n".join(_strings(value)):
            yield Turn("user", text)


def _field(key: str, value: Any, where: str, depth: int) -> Iterator[str]:
    if key in _TEXTS:
        yield from pieces(value, where, depth)
    elif key in _SOURCES and value:
        yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    elif key == "source" and isinstance(
        value, dict
    ):  # a document: encoded ones (base64, addresses) say nothing
        yield from pieces(
            value.get("data") if value.get("type") == "text" else value.get("content"), where, depth
        )


def _strings(value: Any) -> Iterator[str]:
    """All strings, however deep, in their order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if one:
                yield one
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
