"""Answers as servers stream them: events of the four wire formats, each with a token's text.

What is asked for is said in a header, so that a server that only passes requests on has nothing to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

TOKEN = re.compile(r"\s*\S{1,6}")
"""Pieces of about 4.5 characters, as a model's tokens are."""
PATHS = {
    "chat": "/v1/chat/completions", "completions": "/v1/completions",
    "responses": "/v1/responses", "messages": "/v1/messages",
}  # fmt: skip
HEADER = "x-plan"
END = {"chat": [b"data: [DONE]\n\n"], "completions": [b"data: [DONE]\n\n"]}


class Plan(NamedTuple):
    """A stream to be sent: how many events, seconds between two, where its text begins, and whether it stays open."""

    events: int = 300
    every: float = 0.0
    start: int = 0
    hangs: bool = False
    format: str = "chat"
    text: str = "clean"

    def __str__(self) -> str:
        return json.dumps(self)

    @classmethod
    def parse(cls, text: str | bytes) -> Plan:
        """Of the header's value."""
        return cls(*json.loads(text))


def tokens(text: str) -> list[str]:
    """A text as the pieces in which a model says it."""
    return TOKEN.findall(text)


def request(format: str, history: Sequence[dict[str, str]] = ()) -> bytes:
    """The body of a request."""
    turns = [*history, {"role": "user", "content": "Tell me something about it, please."}]
    place = {"chat": "messages", "messages": "messages", "responses": "input"}.get(format)
    value: dict[str, Any] = {"model": "m", "stream": True, place or "prompt": turns if place else "Tell me."}
    if format == "messages":
        value["max_tokens"] = 4096
    return json.dumps(value).encode()


def frames(plan: Plan, pieces: Sequence[str]) -> Iterator[bytes]:
    """The events of a stream."""
    make = MAKERS[plan.format]
    yield from BEGIN.get(plan.format, ())
    for number in range(plan.events):
        yield make(pieces[(plan.start + number) % len(pieces)], number)
    yield from END.get(plan.format, ())


def _event(value: dict[str, Any], named: bool = False) -> bytes:
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return (b"event: " + value["type"].encode() + b"\n" if named else b"") + b"data: " + data + b"\n\n"


def _chat(piece: str, _number: int) -> bytes:
    choice = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
    return _event(
        {"id": "chatcmpl-9f31c0de77", "object": "chat.completion.chunk", "created": 1795665600, "model": "m",
         "choices": [choice]}
    )  # fmt: skip


def _completions(piece: str, _number: int) -> bytes:
    choice = {"index": 0, "text": piece, "logprobs": None, "finish_reason": None}
    return _event(
        {"id": "cmpl-9f31c0de77", "object": "text_completion", "created": 1795665600, "model": "m",
         "choices": [choice]}
    )  # fmt: skip


def _responses(piece: str, number: int) -> bytes:
    return _event(
        {"type": "response.output_text.delta", "item_id": "msg_0", "output_index": 0, "content_index": 0,
         "delta": piece, "logprobs": [], "sequence_number": number + 4}, named=True
    )  # fmt: skip


def _messages(piece: str, _number: int) -> bytes:
    delta = {"type": "text_delta", "text": piece}
    return _event({"type": "content_block_delta", "index": 0, "delta": delta}, named=True)


MAKERS = {"chat": _chat, "completions": _completions, "responses": _responses, "messages": _messages}
_SHELL = {"id": "resp_1", "object": "response", "status": "in_progress", "model": "m", "output": []}
_ITEM = {"id": "msg_0", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
_PART = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
_MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
    "stop_sequence": None, "usage": {"input_tokens": 7, "output_tokens": 1},
}  # fmt: skip
BEGIN = {
    "responses": [
        _event({"type": "response.created", "response": _SHELL, "sequence_number": 0}, named=True),
        _event({"type": "response.output_item.added", "output_index": 0, "item": _ITEM, "sequence_number": 2},
               named=True),
        _event({"type": "response.content_part.added", "item_id": "msg_0", "output_index": 0, "content_index": 0,
                "part": _PART, "sequence_number": 3}, named=True),
    ],
    "messages": [
        _event({"type": "message_start", "message": _MESSAGE}, named=True),
        _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, named=True),
    ],
}  # fmt: skip
