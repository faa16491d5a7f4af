"""What stands where in the events and blocks of Anthropic's Messages API: tables."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from simblock.wire.shapes import PLAIN, PLAIN_DEEP, UNKNOWN, At, Channel, Object, Seal, Shape, Text, Walked
from simblock.wire.sides import SEALED
from simblock.wire.typed import Deep, Input, Numbered, Typed

NAMES: dict[str, Shape] = {
    **dict.fromkeys((
        "id", "type", "role", "model", "name", "toolset_name", "tool_use_id", "tool_id", "tool_name", "server_name", "file_id",
        "file_type", "media_type", "url", "page_age", "retrieved_at", "error_code", "stop_reason", "stop_sequence",
    ), PLAIN),
    **dict.fromkeys(("signature", "encrypted_content", "encrypted_index", "encrypted_stdout"), SEALED),
    "caller": PLAIN_DEEP,
}  # fmt: skip
"""Fields that name something or are encoded, wherever they stand."""

TOLD = Deep(NAMES)
"""What a tool or a search told the model, and what it cites of the client's documents: unknown text but for names."""

TOOLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
"""Blocks that are calls."""

DONE = frozenset({
    "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens_details",
    "server_tool_use",
})  # fmt: skip
"""Fields of the usage of a message that its last frame repeats."""


class OneStream:
    """A text that is of one stream, in whichever block it stands."""

    __slots__ = ("_text",)

    def __init__(self, name: str) -> None:
        self._text = Text(name)

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        self._text.visit(holder, key, value, At(at.choice), out)


class Encoded:
    """Redacted thinking, or a file: base64, else unknown text; ``data`` of a plain text is text."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        shape: Shape = UNKNOWN if type(holder) is dict and holder.get("type") == "text" else SEALED
        shape.visit(holder, key, value, at, out)


class Signature:
    """What signs the thinking before it, where it comes in an event of its own."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        SEALED.visit(holder, key, value, at, out)
        if type(value) is str and value:
            out.sides.append(Seal(at.choice, holder, key, Channel("reasoning", at.choice)))


_SAID, _THOUGHT = OneStream("content"), OneStream("reasoning")


def _block(**fields: Shape) -> Object:
    return Object({**NAMES, **fields})


_RESULT = _block(content=Deep({**NAMES, "data": Encoded()}))

BLOCK = Typed(
    {
        "text": _block(text=_SAID, citations=TOLD),
        "thinking": _block(thinking=_THOUGHT),
        "redacted_thinking": _block(data=Encoded()),
        **dict.fromkeys(TOOLS, _block(input=Input())),
        "container_upload": _block(),
    },
    _RESULT,
)

DELTA = Typed(
    {
        "text_delta": _block(text=_SAID),
        "thinking_delta": _block(thinking=_THOUGHT),
        "signature_delta": _block(signature=Signature()),
        "input_json_delta": _block(partial_json=Text("tool", source=True)),
        "citations_delta": _block(citation=TOLD),
    },
    _block(),
)

MESSAGE = Object({
    **NAMES, "content": Numbered(BLOCK, ""), "usage": PLAIN_DEEP, "container": PLAIN_DEEP, "diagnostics": PLAIN_DEEP,
    "stop_details": PLAIN_DEEP, "error": PLAIN_DEEP, "request_id": PLAIN, "context_management": PLAIN_DEEP,
})  # fmt: skip
"""A whole message, or an error."""

Kind = Literal["delta", "once", "stop", "last"]


class Event(NamedTuple):
    """An event: its fields, and what it does: says more, says something at one time, ends a block, ends the message."""

    shape: Object
    kind: Kind = "once"


_STOPS: dict[str, Shape] = {
    "stop_reason": PLAIN,
    "stop_sequence": PLAIN,
    "stop_details": PLAIN_DEEP,
    "container": PLAIN_DEEP,
}

EVENTS: dict[str, Event] = {
    "message_start": Event(Object({"type": PLAIN, "message": MESSAGE})),
    "content_block_start": Event(Object({"type": PLAIN, "content_block": BLOCK})),
    "content_block_delta": Event(Object({"type": PLAIN, "delta": DELTA}), "delta"),
    "content_block_stop": Event(Object({"type": PLAIN}), "stop"),
    "message_delta": Event(
        Object({
            "type": PLAIN, "delta": Object(_STOPS), "usage": PLAIN_DEEP, "context_management": PLAIN_DEEP,
        }),
        "last",
    ),
    "message_stop": Event(Object({"type": PLAIN})),
    "ping": Event(Object({"type": PLAIN})),
    "error": Event(Object({"type": PLAIN, "error": PLAIN_DEEP, "request_id": PLAIN})),
}  # fmt: skip

STRANGE = Event(Object({"type": PLAIN}), "delta")
"""An event that nobody knows: its strings may go on in others of its kind."""
