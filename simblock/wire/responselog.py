"""What a client has of a streamed answer of the Responses API, and the frames that close what is open in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from simblock.wire.format import Frame
from simblock.wire.responseparts import EVENTS, SAID, Places
from simblock.wire.typed import objects, type_of

CALLS = {
    "function_call": "arguments", "mcp_call": "arguments", "mcp_approval_request": "arguments",
    "custom_tool_call": "input", "code_interpreter_call": "code", "program": "code",
}  # fmt: skip
"""Items that are one text, and the field that it stands in."""

EXECUTED = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "shell_call",
        "local_shell_call",
        "apply_patch_call",
        "computer_call",
        "mcp_approval_request",
        "tool_search_call",
    }
)
"""Calls that a client carries out. One that was cut is told as incomplete and is not in the response's output."""

UNFINISHED = {"image_generation_call": "failed", "apply_patch_call": "in_progress"}
"""The status of items that know no ``incomplete``."""

_STEMS = {
    "output_text": "output_text", "refusal": "refusal", "reasoning_text": "reasoning_text",
    "summary_text": "reasoning_summary_text",
}  # fmt: skip
_KINDS = {
    "reasoning_text": "reasoning", "reasoning_summary_text": "reasoning", "function_call_arguments": "function_call",
    "mcp_call_arguments": "mcp_call", "custom_tool_call_input": "custom_tool_call", "shell_call_command": "shell_call",
    "code_interpreter_call_code": "code_interpreter_call",
}  # fmt: skip
"""The item that a text is of; else a message."""
_TYPES = {stem: kind for kind, stem in _STEMS.items()}


@dataclass(slots=True)
class Part:
    """A text of an item, as it went out: content, a summary, a call's input.

    ``value`` is the part as it was added, where it was; ``said``: its text is whole; ``done``: so is the part.
    """

    stem: str
    place: dict[str, Any]
    text: StringIO = field(default_factory=StringIO)
    value: dict[str, Any] | None = None
    said: bool = False
    done: bool = False

    @property
    def whole(self) -> dict[str, Any]:
        """The part with its text."""
        kind = _TYPES[self.stem]
        value = {"type": kind, **({"annotations": [], "logprobs": []} if kind == "output_text" else {})}
        return {**value, **(self.value or {}), SAID[self.stem].field: self.text.getvalue()}


@dataclass(slots=True)
class Item:
    """An item of the output. ``cut``: it was closed before it was whole."""

    value: dict[str, Any]
    parts: dict[str, Part] = field(default_factory=dict)
    done: bool = False
    cut: bool = False


class ResponseLog:
    """The frames of a response that went out, in their order; and further ones, made here."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.response: dict[str, Any] = {}
        self.items: dict[int, Item] = {}
        self._sequence = -1

    # -- what goes out

    def take(self, value: dict[str, Any]) -> None:
        """Takes note of a frame that goes out."""
        number = value.get("sequence_number")
        if type(number) is int:
            self._sequence = number
        note = _NOTES.get(type_of(value))
        if note is not None:
            note(self, value)

    def _respond(self, value: dict[str, Any]) -> None:
        response = value.get("response")
        if type(response) is dict:
            self.response = response
            for index, item in enumerate(objects(response.get("output"))):
                self.items.setdefault(index, Item(item, done=item.get("status") == "completed"))

    def _item(self, value: dict[str, Any], kind: str = "message") -> Item:
        index = self._places.of(value)
        if index not in self.items:
            self.items[index] = Item({"id": value.get("item_id", ""), "type": kind})
        return self.items[index]

    def _add(self, value: dict[str, Any]) -> None:
        item = value.get("item")
        self.items[self._places.of(value)] = Item(item if type(item) is dict else {})

    def _finish(self, value: dict[str, Any]) -> None:
        self._add(value)
        item = self._item(value)
        item.done, item.cut = True, item.value.get("status") == "incomplete"

    def _part(self, stem: str, value: dict[str, Any]) -> Part:
        parts, index = self._item(value, _KINDS.get(stem, "message")).parts, self._places.of(value)
        key = EVENTS[f"response.{stem}.delta"].part(index, value)
        if key not in parts:
            number = SAID[stem].number
            inside = {number: value.get(number, 0)} if number else {}
            parts[key] = Part(stem, {"item_id": value.get("item_id", ""), "output_index": index, **inside})
        return parts[key]

    def _begin(self, value: dict[str, Any]) -> None:
        stem, part = _stem(value)
        if stem:
            begun = self._part(stem, value)
            begun.value = part
            begun.text.write(_string(part, SAID[stem].field))

    def _close(self, value: dict[str, Any]) -> None:
        stem, part = _stem(value)
        if stem:
            closed = self._part(stem, value)
            closed.value, closed.done = part, True
            closed.text = StringIO(_string(part, SAID[stem].field))

    # -- what is made here

    def frame(self, kind: str, **fields: Any) -> Frame:
        """A further frame, which goes out now."""
        value = {"type": kind, **fields, "sequence_number": self._sequence + 1}
        self.take(value)
        return Frame(value, kind)

    def open_text(self) -> Part | None:
        """The text of a message that is being said; None where something else is, or nothing."""
        if not self.items:
            return None
        item = self.items[max(self.items)]
        part = next(reversed(item.parts.values()), None)
        if item.done or part is None or part.said or part.done or part.stem != "output_text":
            return None
        return part

    def say(self, text: str) -> list[Frame]:
        """Says more: in the text that is open, else in a message of its own behind what is there."""
        part, frames = self.open_text(), []
        if part is None:
            frames = [*self.close("incomplete"), *self._open_message()]
            part = self.open_text()
        if part is not None and text:
            frames.append(self.frame("response.output_text.delta", **part.place, delta=text, logprobs=[]))
        return frames

    def _open_message(self) -> list[Frame]:
        index = max(self.items, default=-1) + 1
        name = f"msg_simblock_{index}"
        place = {"item_id": name, "output_index": index, "content_index": 0}
        return [
            self.frame(
                "response.output_item.added", output_index=index, item=message(name, "in_progress", [])
            ),
            self.frame("response.content_part.added", **place, part=output_text("")),
        ]

    def close(self, status: str) -> list[Frame]:
        """Ends whatever is open, with what was said of it. ``status`` is that of a message."""
        frames = []
        for index in sorted(self.items):
            item = self.items[index]
            if not item.done:
                frames += self._close_item(index, item, status)
        return frames

    def _close_item(self, index: int, item: Item, status: str) -> list[Frame]:
        frames, parts = [], list(item.parts.values())
        value = dict(item.value)
        kind = type_of(value)
        for part in parts:
            if part.stem in _TYPES and not part.done:
                frames += self._close_part(part)
        value["status"] = status if kind == "message" else UNFINISHED.get(kind, "incomplete")
        value.update(_contents(kind, parts))
        value.pop("encrypted_content", None)
        frames.append(self.frame("response.output_item.done", output_index=index, item=value))
        self.items[index].cut = value["status"] != "completed"
        return frames

    def _close_part(self, part: Part) -> list[Frame]:
        spelled: dict[str, Any] = {"logprobs": []} if part.stem == "output_text" else {}
        said = {SAID[part.stem].field: part.text.getvalue()}
        frames = (
            [] if part.said else [self.frame(f"response.{part.stem}.done", **part.place, **said, **spelled)]
        )
        if part.value is not None:
            stem = "reasoning_summary_part" if part.stem == "reasoning_summary_text" else "content_part"
            frames.append(self.frame(f"response.{stem}.done", **part.place, part=part.whole))
        return frames

    @property
    def output(self) -> list[dict[str, Any]]:
        """The items that went out, without calls that were cut."""
        items = [self.items[index] for index in sorted(self.items)]
        return [item.value for item in items if not (item.cut and type_of(item.value) in EXECUTED)]


def _contents(kind: str, parts: list[Part]) -> dict[str, Any]:
    """The fields of an item that have its texts."""
    if kind == "shell_call":
        return {"action": {"commands": []}}
    if not parts:
        return {}
    if kind in CALLS:
        # A cut input of a custom tool is one that could be carried out: no syntax says that it was cut.
        text = "".join(part.text.getvalue() for part in parts) if kind != "custom_tool_call" else ""
        return {CALLS[kind]: text}
    if kind == "message":
        return {"content": [part.whole for part in parts if part.stem in _TYPES]}
    if kind == "reasoning":
        return {
            "content": [part.whole for part in parts if part.stem == "reasoning_text"],
            "summary": [part.whole for part in parts if part.stem == "reasoning_summary_text"],
        }
    return {}


def _stem(value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The stem of the events that say a part, and the part; none where it is not one that is known."""
    part = value.get("part")
    stem = _STEMS.get(type_of(part), "")
    return (stem, part) if type(part) is dict else ("", {})


def _string(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    return text if type(text) is str else ""


def message(name: str, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    """A message of the assistant."""
    return {"id": name, "type": "message", "status": status, "role": "assistant", "content": content}


def output_text(text: str) -> dict[str, Any]:
    """A part of a message that is text."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _delta(stem: str) -> Callable[[ResponseLog, dict[str, Any]], None]:
    def note(log: ResponseLog, value: dict[str, Any]) -> None:
        delta = value.get("delta")
        if type(delta) is str:
            log._part(stem, value).text.write(delta)

    return note


def _text(stem: str) -> Callable[[ResponseLog, dict[str, Any]], None]:
    def note(log: ResponseLog, value: dict[str, Any]) -> None:
        part, text = log._part(stem, value), value.get(SAID[stem].field)
        if type(text) is str:
            part.text, part.said = StringIO(text), True

    return note


_NOTES: dict[str, Callable[[ResponseLog, dict[str, Any]], None]] = {
    **{f"response.{when}": ResponseLog._respond for when in ("created", "in_progress", "queued")},
    **{f"response.{stem}.delta": _delta(stem) for stem in SAID},
    **{f"response.{stem}.done": _text(stem) for stem in SAID},
    "response.output_item.added": ResponseLog._add,
    "response.output_item.done": ResponseLog._finish,
    "response.content_part.added": ResponseLog._begin,
    "response.reasoning_summary_part.added": ResponseLog._begin,
    "response.content_part.done": ResponseLog._close,
    "response.reasoning_summary_part.done": ResponseLog._close,
}
