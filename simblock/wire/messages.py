"""The wire format of Anthropic's Messages API: POST /v1/messages.

All text blocks are one stream, for citations cut one answer into many blocks and clients join them; so are all blocks
of thinking. What a tool is given has a stream a block. Signatures, redacted thinking and encrypted results are not
read where they are base64. A block of thinking that is cut is closed without its signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simblock.errors import InputError
from simblock.response import Turn
from simblock.wire import disclosure
from simblock.wire.asking import gone_on, is_on
from simblock.wire.blocks import DONE, EVENTS, MESSAGE, STRANGE, TOOLS
from simblock.wire.format import NOTICE, End, Format, Frame, Reading, Request, Told, Wire
from simblock.wire.shapes import At, Channel, Found, Walked
from simblock.wire.turns import client, said, turns_of
from simblock.wire.typed import is_cut, objects, type_of

_UNASKED = frozenset({"stream"})


class MessagesFormat:
    """The Messages API."""

    name = "anthropic.messages"

    def request(self, value: Any) -> Request:
        """What a request asks for. Raises :class:`simblock.errors.InputError` where its messages cannot be read."""
        if type(value) is not dict:
            raise InputError("the request: no JSON object; send one with messages")
        system = said(value.get("system"), "system")
        turns = [*client(value.get("tools")), *([Turn("system", system)] if system else [])]
        model = value.get("model")
        return Request(
            (*turns, *turns_of(value.get("messages"))),
            streams=is_on(value.get("stream")),
            model=model if type(model) is str else "",
        )

    def wire(self, request: Request) -> Wire:
        """A response to a request."""
        return MessagesWire(request)

    def again(self, value: dict[str, Any], said: str, note: str, choice: int = 0) -> dict[str, Any]:  # noqa: ARG002
        """The request once more, not streamed: what was said so far is the assistant's, ``note`` tells it to go on."""
        messages = value.get("messages")
        if type(messages) is not list:
            raise InputError("messages: not a list; it cannot be asked again")
        asked = {key: one for key, one in value.items() if key not in _UNASKED}
        return {**asked, "stream": False, "messages": gone_on(messages, said, note)}

    def answer(self, value: dict[str, Any]) -> str | None:
        """The text of a whole answer to :meth:`again`; None where it has none."""
        texts = [block.get("text") for block in objects(value.get("content")) if type_of(block) == "text"]
        return "".join(text for text in texts if type(text) is str) or None


class MessagesWire:
    """One message."""

    keeps = False
    alike = True

    def __init__(self, request: Request) -> None:
        self._model = request.model
        self._told = 0
        self._found: list[Found] = []
        self._begun = False
        self._open: tuple[int, str] | None = None
        self._next = 0
        self._calls = False
        self._usage: dict[str, Any] = {}

    # -- what comes

    def read(self, event: str | None, value: dict[str, Any]) -> Reading:
        """What a frame means."""
        kind = value.get("type", event)
        row = EVENTS.get(kind, STRANGE) if type(kind) is str else STRANGE
        walked = Walked()
        row.shape.walk(value, At(0, f"{value.get('index', '')}"), walked)
        if row.kind == "delta":
            delta = value.get("delta")
            if type_of(delta) != "citations_delta":
                return Reading(walked)
        return Reading(walked, self._ends(row.kind, value, walked))

    def _ends(self, kind: str, value: dict[str, Any], walked: Walked) -> tuple[End, ...]:
        """What ends with a frame: what it alone says, which is told apart, a call, the message."""
        self._told += 1
        ends = []
        for found in walked.texts:
            if found.channel.name == "unknown":
                found.channel = Channel("unknown", 0, f"{found.channel.part}@{self._told}")
                ends.append(End(0, found.channel))
        if kind == "stop":
            ends.append(End(0, Channel("tool", 0, f"{value.get('index', '')}")))
        elif kind == "last":
            ends.append(End(0))
        return tuple(ends)

    def sent(self, value: dict[str, Any]) -> None:
        """Takes note of a frame as it goes out."""
        kind = type_of(value)
        if kind == "content_block_delta":
            return
        if kind == "content_block_start":
            block, index = value.get("content_block"), value.get("index")
            name = type_of(block)
            index = index if type(index) is int else self._next
            self._open, self._next = (index, name), index + 1
            self._calls = self._calls or name in TOOLS
        elif kind == "content_block_stop":
            self._open = None
        elif kind in {"message_start", "message_delta"}:
            message = value.get("message")
            self._begun = True
            usage = (message if type(message) is dict else value).get("usage")
            self._usage.update(usage if type(usage) is dict else {})

    # -- what is said in place of the rest

    def end(self, choice: int, told: Told, released: Sequence[tuple[Channel, str]]) -> list[Frame]:  # noqa: ARG002
        """What is sent in place of the rest: the open block ends, and the message, refused or as always, with a notice."""
        # a call that was begun is run where nothing speaks against it
        refused = told.style == "filter" or self._calls
        said = self._say(told.notice) if told.notice and told.style == "stop" else self._begin()
        last = self._last("refusal", _details(told), told) if refused else self._last("end_turn", None, told)
        return [*said, *self._stop_block(), *last]

    def _last(self, reason: str, details: dict[str, Any] | None, told: Told | None) -> list[Frame]:
        delta: dict[str, Any] = {"stop_reason": reason, "stop_sequence": None}
        if details is not None:
            delta["stop_details"] = details
        usage = {key: one for key, one in self._usage.items() if key in DONE}
        value = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0, **usage}}
        if told is not None:
            disclosure.tell(value, told)
        return [Frame(value, "message_delta"), Frame({"type": "message_stop"}, "message_stop")]

    def close(self) -> list[Frame]:
        """Nothing: the message ends with its only choice."""
        return []

    def say(self, choice: int, text: str) -> list[Frame]:  # noqa: ARG002
        """Frames that say more, in the block of text that is open or in one of its own."""
        return self._say(text)

    def _say(self, text: str) -> list[Frame]:
        frames = self._begin()
        if self._open is None or self._open[1] != "text":
            frames += [*self._stop_block(), self._start_block()]
        if self._open is not None and text:
            delta = {"type": "text_delta", "text": text}
            value = {"type": "content_block_delta", "index": self._open[0], "delta": delta}
            frames.append(Frame(value, "content_block_delta"))
        return frames

    def _begin(self) -> list[Frame]:
        """The start of the message, where it has not gone out."""
        if self._begun:
            return []
        self._begun = True
        message: dict[str, Any] = {
            "id": "msg_simblock", "type": "message", "role": "assistant", "model": self._model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 0, "output_tokens": 0},
        }  # fmt: skip
        return [Frame({"type": "message_start", "message": message}, "message_start")]

    def _start_block(self) -> Frame:
        value = {
            "type": "content_block_start",
            "index": self._next,
            "content_block": {"type": "text", "text": ""},
        }
        self.sent(value)
        return Frame(value, "content_block_start")

    def _stop_block(self) -> list[Frame]:
        if self._open is None:
            return []
        value = {"type": "content_block_stop", "index": self._open[0]}
        self.sent(value)
        return [Frame(value, "content_block_stop")]

    def finish(self, choice: int, told: Told | None) -> list[Frame]:  # noqa: ARG002
        """Frames that end the message normally."""
        return [*self._begin(), *self._stop_block(), *self._last("end_turn", None, told)]

    def without(self, value: dict[str, Any], choice: int) -> dict[str, Any] | None:  # noqa: ARG002
        """Nothing: there is one choice."""
        return None

    def reopen(self, value: dict[str, Any], choice: int) -> None:
        """Nothing: a frame with text does not end a message."""

    def annotate(self, value: dict[str, Any], choice: int, told: Told) -> None:  # noqa: ARG002
        """Puts what was found on the frame with the stop reason."""
        disclosure.tell(value, told)

    # -- whole answers

    def body(self, value: dict[str, Any]) -> Reading:
        """What a whole answer means."""
        walked = Walked()
        MESSAGE.walk(value, At(), walked)
        self._found = walked.texts
        return Reading(walked, (End(),))

    def put(self, value: dict[str, Any], choice: int, text: str) -> None:  # noqa: ARG002
        """Makes ``text`` the only block of a whole answer."""
        value["content"] = [{"type": "text", "text": text}]
        value["stop_reason"] = "end_turn"

    def end_body(self, value: dict[str, Any], choice: int, told: Told) -> None:  # noqa: ARG002
        """Makes a whole answer say that it was stopped or changed."""
        disclosure.tell(value, told)
        _unsign(self._found)
        if told.action != "stop":
            return
        content = _shortened(value.get("content"), self._found)
        value["content"], value["stop_sequence"] = content, None
        if told.style == "stop" and told.notice:
            content.append({"type": "text", "text": told.notice})
        called = any(type_of(block) in TOOLS for block in content)
        if told.style == "filter" or called:
            value["stop_reason"], value["stop_details"] = "refusal", _details(told)
        else:
            value["stop_reason"] = "end_turn"


def _details(told: Told) -> dict[str, Any]:
    return {"type": "refusal", "category": None, "explanation": told.notice or NOTICE}


def _unsign(texts: Sequence[Found]) -> None:
    """Takes the signature from thinking that was changed: who sends it back with one that does not fit is refused."""
    for found in texts:
        if found.channel.name == "reasoning" and found.holder[found.key] != found.text:
            found.holder["signature"] = ""


def _shortened(content: Any, texts: Sequence[Found]) -> list[dict[str, Any]]:
    """The blocks up to the one in which a text was cut; a call is left out."""
    blocks = objects(content)
    cut = next((found.holder for found in texts if is_cut(found)), None)
    index = next((place for place, block in enumerate(blocks) if _holds(block, cut)), None)
    if index is None:
        return blocks
    kept, last = blocks[:index], blocks[index]
    if type_of(last) in TOOLS:
        return kept
    return [*kept, last]


def _holds(value: Any, cut: Any) -> bool:
    """Whether an object is, or holds, the one in which a text was cut."""
    if value is cut:
        return cut is not None
    inside = value.values() if type(value) is dict else value if type(value) is list else ()
    return any(_holds(one, cut) for one in inside if type(one) in {dict, list})


MESSAGES: Format = MessagesFormat()
