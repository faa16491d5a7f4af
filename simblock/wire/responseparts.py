"""What stands where in the events and items of the OpenAI Responses API: tables.

The text of a part comes in deltas, and again in the ``done`` events of the text, the part and the item, and in the
last event of all. The part of a channel is the item's number, and behind it the number of the content part (``0.1``),
of the summary (``0.s1``) or of the shell command (``0.c1``); a call has the item's number alone.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from simblock.wire.shapes import PLAIN, PLAIN_DEEP, Each, Object, Shape, Text
from simblock.wire.sides import NUMBERS, OTHERS, SEALED
from simblock.wire.typed import OWN, Deep, Input, Numbered, Spelled, Spells, Typed

NAMES = dict.fromkeys(
    (
        "id",
        "type",
        "status",
        "role",
        "phase",
        "name",
        "namespace",
        "call_id",
        "caller_id",
        "item_id",
        "response_id",
        "file_id",
        "container_id",
        "fingerprint",
        "server_label",
        "approval_request_id",
        "url",
        "filename",
        "created_by",
        "path",
        "execution",
        "media_type",
        "index",
    ),
    PLAIN,
)
"""Fields that name something, wherever they stand."""

ENCODED = dict.fromkeys(("encrypted_content", "image_url", "partial_image_b64", "file_data"), SEALED)
TOLD = Deep({**NAMES, **ENCODED})
"""What a tool, a search or a server says: all of it unknown text but for names."""

PARTS = Typed(
    {
        "output_text": Object({
            "type": PLAIN, "text": Spelled("content"), "annotations": Numbered(TOLD, ".a"), "logprobs": Spells(),
        }),
        "refusal": Object({"type": PLAIN, "refusal": Text("refusal")}),
        "reasoning_text": Object({"type": PLAIN, "text": Text("reasoning")}),
        "summary_text": Object({"type": PLAIN, "text": Text("reasoning")}),
    },
    Object(NAMES),
)  # fmt: skip

TOKENS = Each(
    Object(
        {
            "token": Text("logprobs"),
            "bytes": NUMBERS,
            "top_logprobs": OTHERS,
        }
    )
)
"""Log probabilities: their tokens are a stream of their own, for they may run ahead of the text."""

COMMANDS = Numbered(Text("tool"), ".c")


def _item(**fields: Shape) -> Object:
    return Object({**NAMES, **ENCODED, "caller": PLAIN_DEEP, "environment": PLAIN_DEEP, **fields})


_SEARCH: dict[str, Shape] = {"query": PLAIN, "queries": Input(named=True), "results": TOLD}

ITEMS = Typed(
    {
        "message": _item(content=Numbered(PARTS)),
        "reasoning": _item(content=Numbered(PARTS), summary=Numbered(PARTS, ".s")),
        "function_call": _item(arguments=Text("tool", source=True)),
        "custom_tool_call": _item(input=Text("tool")),
        "mcp_call": _item(arguments=Text("tool", source=True), output=TOLD, error=TOLD),
        "mcp_approval_request": _item(arguments=Text("tool", source=True)),
        "mcp_list_tools": _item(tools=Input("unknown", named=True)),
        "code_interpreter_call": _item(code=Text("tool"), outputs=Deep({**NAMES, "url": SEALED})),
        "file_search_call": _item(**_SEARCH),
        "web_search_call": _item(**_SEARCH, action=Input(named=True)),
        "computer_call": _item(action=Input(named=True), actions=Input(named=True)),
        "local_shell_call": _item(action=Input(named=True)),
        "shell_call": _item(action=Object({**NAMES, "commands": COMMANDS})),
        "shell_call_output": _item(output=TOLD),
        "apply_patch_call": _item(operation=Object({**NAMES, "diff": Text("tool")})),
        "image_generation_call": _item(
            result=SEALED, action=PLAIN, background=PLAIN, output_format=PLAIN, quality=PLAIN, size=PLAIN
        ),
        "tool_search_call": _item(arguments=Input(named=True)),
        "tool_search_output": _item(tools=Input("unknown", named=True)),
        "program": _item(code=Text("tool")),
        "compaction": _item(),
    },
    _item(output=TOLD, result=TOLD, content=TOLD),
)

_ECHOED = ("instructions", "tools", "tool_choice", "metadata", "text", "prompt", "input")
_NAMED = (
    "conversation",
    "reasoning",
    "usage",
    "incomplete_details",
    "moderation",
    "tool_usage",
    "access_programs",
    "image",
    "input_transformations",
    "prompt_cache_options",
    "prompt_cache_diagnostics",
    "error",
)
_PLAIN = (
    "id",
    "object",
    "status",
    "model",
    "previous_response_id",
    "service_tier",
    "truncation",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
)

RESPONSE = Object(
    {
        **dict.fromkeys(_ECHOED, OWN),
        **dict.fromkeys(_NAMED, PLAIN_DEEP),
        **dict.fromkeys(_PLAIN, PLAIN),
        "output": Numbered(ITEMS, ""),
    }
)

Kind = Literal["delta", "once", "repeat", "begin", "last"]


class Event(NamedTuple):
    """An event: its fields; which of them, beside the item's number, says in which part; and what it does.

    ``delta``: more text. ``once``: something that is told at one time. ``begin``: the same, and texts in it go on in
    deltas. ``repeat``: all of a text once more, which ends it. ``last``: the same of the whole response.
    """

    shape: Object
    kind: Kind = "once"
    number: str | None = None
    mark: str = "."

    def part(self, place: Any, value: dict[str, Any]) -> str:
        """The part of the channel that an event speaks of, of the item at a place; a response has all its items."""
        if not self.mark:
            return ""
        return f"{place}" if self.number is None else f"{place}{self.mark}{value.get(self.number, 0)}"


class Places:
    """The numbers of a response's items, of servers too that do not tell them (llama.cpp): there in their order."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, value: dict[str, Any]) -> int:
        """The number of the item that an event speaks of."""
        place = value.get("output_index")
        if type(place) is int:
            return place
        item = value.get("item")
        name = item.get("id") or item.get("call_id") if type(item) is dict else value.get("item_id")
        return self._seen.setdefault(name, len(self._seen)) if type(name) is str else 0


class Said(NamedTuple):
    """A text that comes in deltas: the field of its ``done`` event, and how its parts are numbered."""

    shape: Text
    field: str
    number: str | None = None
    mark: str = "."


_CONTENT, _SUMMARY, _COMMAND = ("content_index", "."), ("summary_index", ".s"), ("command_index", ".c")

SAID = {
    "output_text": Said(Spelled("content"), "text", *_CONTENT),
    "refusal": Said(Text("refusal"), "refusal", *_CONTENT),
    "reasoning_text": Said(Text("reasoning"), "text", *_CONTENT),
    "reasoning_summary_text": Said(Text("reasoning"), "text", *_SUMMARY),
    "function_call_arguments": Said(Text("tool", source=True), "arguments"),
    "mcp_call_arguments": Said(Text("tool", source=True), "arguments"),
    "custom_tool_call_input": Said(Text("tool"), "input"),
    "code_interpreter_call_code": Said(Text("tool"), "code"),
    "shell_call_command": Said(Text("tool"), "command", *_COMMAND),
}
"""By the stem of their events: ``response.output_text.delta`` and so on."""

_PLACE: dict[str, Shape] = {**NAMES, "obfuscation": PLAIN, "event_id": PLAIN}


def _event(kind: Kind = "once", number: str | None = None, mark: str = ".", /, **fields: Shape) -> Event:
    return Event(Object({**_PLACE, **fields}), kind, number, mark)


def _texts() -> dict[str, Event]:
    events = {}
    for stem, said in SAID.items():
        place = (said.number, said.mark)
        events[f"response.{stem}.delta"] = _event("delta", *place, delta=said.shape, logprobs=Spells(TOKENS))
        done: dict[str, Shape] = {said.field: said.shape, "logprobs": Spells()}
        events[f"response.{stem}.done"] = _event("repeat", *place, **done)
    return events


EVENTS: dict[str, Event] = {
    **_texts(),
    "response.output_item.added": _event("begin", item=ITEMS),
    "response.output_item.done": _event("repeat", item=ITEMS),
    "response.content_part.added": _event("begin", *_CONTENT, part=PARTS),
    "response.content_part.done": _event("repeat", *_CONTENT, part=PARTS),
    "response.reasoning_summary_part.added": _event("begin", *_SUMMARY, part=PARTS),
    "response.reasoning_summary_part.done": _event("repeat", *_SUMMARY, part=PARTS),
    "response.shell_call_command.added": _event("begin", *_COMMAND, command=Text("tool")),
    "response.shell_call_output_content.delta": _event("delta", *_COMMAND, delta=TOLD),
    "response.shell_call_output_content.done": _event("once", *_COMMAND, output=TOLD),
    "response.output_text.annotation.added": _event("once", *_CONTENT, annotation=TOLD),
    "response.audio.delta": _event("delta", delta=SEALED),
    "response.audio.transcript.delta": _event("delta", delta=Text("content")),
    "response.image_generation_call.partial_image": _event(
        partial_image_b64=SEALED, background=PLAIN, output_format=PLAIN, quality=PLAIN, size=PLAIN
    ),
    **{
        f"response.{when}": _event("begin", None, "", response=RESPONSE)
        for when in ("created", "in_progress", "queued")
    },
    **{
        f"response.{when}": _event("last", None, "", response=RESPONSE)
        for when in ("completed", "incomplete", "failed", "cancelled")
    },
    "error": _event(code=PLAIN, message=PLAIN, param=PLAIN, error=PLAIN_DEEP),
}

STRANGE = Event(Object(_PLACE), "delta")
"""An event that nobody knows: its strings may go on in others of its kind."""
