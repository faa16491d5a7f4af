"""The wire format of the OpenAI Responses API: POST /v1/responses, and GET of a stored answer.

What is said in deltas is said again in the ``done`` events and in the last event, so all of it is replaced where it
was changed. Encrypted reasoning and pictures are not read where they are base64. A call that is cut ends incomplete
and is not in the response's output, so that nobody carries it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from simblock.errors import InputError
from simblock.response import Turn
from simblock.wire import disclosure
from simblock.wire.asking import is_on
from simblock.wire.format import End, Format, Frame, Reading, Request, Told, Wire
from simblock.wire.responselog import EXECUTED, UNFINISHED, Item, ResponseLog, message, output_text
from simblock.wire.responseparts import EVENTS, RESPONSE, SAID, STRANGE, Event, Places
from simblock.wire.shapes import At, Channel, Found, FoundValue, Walked
from simblock.wire.turns import client, role_of, said
from simblock.wire.typed import is_cut, objects, type_of

_TOOL_SAYS = frozenset({"output", "outputs", "result", "results"})
_UNASKED = frozenset({"stream", "stream_options", "background", "top_logprobs"})
_LAST = frozenset(kind for kind, event in EVENTS.items() if event.kind == "last")
_CUT = {"incomplete": {"reason": "content_filter"}, "completed": None}


class ResponsesFormat:
    """The Responses API."""

    name = "openai.responses"

    def request(self, value: Any) -> Request:
        """What a request asks for; one without a body (GET) asks for an answer that is stored.

        Raises :class:`simblock.errors.InputError` where its input cannot be read.
        """
        if value is None or value == {}:
            return Request(continues=True)
        if type(value) is not dict:
            raise InputError("body: not an object; send a JSON object with model and input")
        given = value.get("input")
        turns = [
            *_instructions(value),
            *_turns(given),
            *client(value.get("prompt"), value.get("tools"), value.get("text")),
        ]
        refers = [value.get("previous_response_id"), value.get("conversation")]
        refers += [one for one in given if type_of(one) == "item_reference"] if type(given) is list else []
        model = value.get("model")
        return Request(
            tuple(turns),
            streams=is_on(value.get("stream")),
            model=model if type(model) is str else "",
            continues=any(refers),
        )

    def wire(self, request: Request) -> Wire:
        """A response to a request."""
        return ResponsesWire(request)

    def again(self, value: dict[str, Any], said: str, note: str, choice: int = 0) -> dict[str, Any]:  # noqa: ARG002
        """The request once more, not streamed: what was said so far is the assistant's, ``note`` tells it to go on."""
        given = value.get("input")
        items = list(given) if type(given) is list else [{"role": "user", "content": given or ""}]
        if said:
            items.append({"role": "assistant", "content": said})
        items.append({"role": "user", "content": note})
        asked = {key: one for key, one in value.items() if key not in _UNASKED}
        return {**asked, "input": items, "stream": False}

    def answer(self, value: dict[str, Any]) -> str | None:
        """The text of a whole answer to :meth:`again`; None where it has none."""
        texts = [part["text"] for part in _texts(value)]
        return "".join(texts) if texts else None


class ResponsesWire:
    """One response."""

    keeps = True
    alike = False

    def __init__(self, request: Request) -> None:
        self._model = request.model
        self._places = Places()
        self._log = ResponseLog(self._places)
        self._told = 0
        self._found: list[Found] = []
        self._cut: dict[str, Any] | None = None

    # -- what comes

    def read(self, event: str | None, value: dict[str, Any]) -> Reading:
        """What a frame means."""
        kind = value.get("type", event)
        row = EVENTS.get(kind, STRANGE) if type(kind) is str else STRANGE
        walked = Walked()
        row.shape.walk(value, At(0, row.part(self._places.of(value), value)), walked)
        if row.kind == "delta":
            return Reading(walked)
        self._found = walked.texts
        return Reading(walked, self._ends(row, walked))

    def _ends(self, row: Event, walked: Walked) -> tuple[End, ...]:
        """What ends with a frame that is no delta; what repeats a text is marked, and what it alone says is told apart."""
        self._told += 1
        ends: dict[End, None] = {}
        for found in walked.texts:
            if type(found) is FoundValue or found.channel.name == "unknown":
                name, choice, part = found.channel
                found.channel = Channel(name, choice, f"{part}@{self._told}")
            elif row.kind in {"repeat", "last"}:
                found.whole = True
            else:
                continue
            ends[End(0, found.channel)] = None
            if found.whole and found.channel.name == "content":
                ends[End(0, found.channel._replace(name="logprobs"))] = None
        return (*ends, End()) if row.kind == "last" else tuple(ends)

    def sent(self, value: dict[str, Any]) -> None:
        """Takes note of a frame as it goes out."""
        self._log.take(value)

    # -- what is said in place of the rest

    def end(self, choice: int, told: Told, released: Sequence[tuple[Channel, str]]) -> list[Frame]:  # noqa: ARG002
        """What is sent in place of the rest: whatever is open is closed with its safe text, and the response ends."""
        log = self._log
        if self._cut is not None:
            for index, item in enumerate(_shortened(self._cut.get("output"), self._found)):
                log.items.setdefault(index, Item(item, done=True))
        status = "completed" if told.style == "stop" else "incomplete"
        frames = log.say(told.notice) if told.notice else []
        return [*frames, *log.close(status), self._last(status, told)]

    def _last(self, status: str, told: Told | None) -> Frame:
        response = {
            "id": f"resp_{told.report_id if told else 0}", "object": "response", "created_at": 0, "error": None,
            "instructions": None, "metadata": {}, "model": self._model, "parallel_tool_calls": True,
            "temperature": None, "tool_choice": "auto", "tools": [], "top_p": None, **self._log.response,
        }  # fmt: skip
        response.update(status=status, incomplete_details=_CUT[status], output=self._log.output)
        if told is not None:
            disclosure.tell(response, told)
        return self._log.frame(f"response.{status}", response=response)

    def close(self) -> list[Frame]:
        """Nothing: the response ends with its only choice."""
        return []

    def say(self, choice: int, text: str) -> list[Frame]:  # noqa: ARG002
        """Frames that say more, in the message that is open or in one of its own."""
        return self._log.say(text)

    def finish(self, choice: int, told: Told | None) -> list[Frame]:  # noqa: ARG002
        """Frames that end the response normally."""
        return [*self._log.close("completed"), self._last("completed", told)]

    def without(self, value: dict[str, Any], choice: int) -> dict[str, Any] | None:  # noqa: ARG002
        """Nothing: there is one choice."""
        return None

    def reopen(self, value: dict[str, Any], choice: int) -> None:  # noqa: ARG002
        """Takes out of a frame that it ends a text, an item, or the response: then :meth:`end` says again what it says."""
        kind, item, response = type_of(value), value.get("item"), value.get("response")
        said = SAID.get(kind.removeprefix("response.").removesuffix(".done"))
        if said is not None:
            self._move(value, said.field, value, "delta")
            value["type"] = kind.removesuffix("done") + "delta"
        elif type(item) is dict:
            item["status"] = UNFINISHED.get(type_of(item), "incomplete")
            if type_of(item) == "custom_tool_call":  # nothing in its input would say that it was cut
                self._move(item, "input", {}, "input")
                item["input"] = ""
        elif kind in _LAST and type(response) is dict:
            self._cut = response
            value["type"] = "response.in_progress"
            value["response"] = {**response, "status": "in_progress", "output": []}

    def _move(self, holder: dict[str, Any], key: str, to: dict[str, Any], name: str) -> None:
        """Has what may go out of a text put elsewhere."""
        moved = [found for found in self._found if found.holder is holder and found.key == key]
        if moved:
            to[name] = holder.pop(key)
        for found in moved:  # a value that is no string is found as its JSON and as its strings
            found.holder, found.key = to, name

    def annotate(self, value: dict[str, Any], choice: int, told: Told) -> None:  # noqa: ARG002
        """Puts what was found on the last event."""
        response = value.get("response")
        if type(response) is dict:
            disclosure.tell(response, told)
            _cite(response, told)

    # -- whole answers

    def body(self, value: dict[str, Any]) -> Reading:
        """What a whole answer means."""
        walked = Walked()
        RESPONSE.walk(value, At(), walked)
        self._found = walked.texts
        return Reading(walked, (End(),))

    def put(self, value: dict[str, Any], choice: int, text: str) -> None:  # noqa: ARG002
        """Makes ``text`` the only message of a whole answer."""
        value["output"] = [message("msg_simblock_0", "completed", [output_text(text)])]

    def end_body(self, value: dict[str, Any], choice: int, told: Told) -> None:  # noqa: ARG002
        """Makes a whole answer say that it was stopped or changed."""
        disclosure.tell(value, told)
        if told.action != "stop":
            _cite(value, told)
            return
        output = _shortened(value.get("output"), self._found)
        output = [
            item for item in output if not (item.get("status") == "incomplete" and type_of(item) in EXECUTED)
        ]
        status = "completed" if told.style == "stop" else "incomplete"
        if told.notice:
            _say(output, told.notice, status)
        value.update(output=output, status=status, incomplete_details=_CUT[status])


def _instructions(value: dict[str, Any]) -> Iterator[Turn]:
    if text := said(value.get("instructions"), "instructions"):
        yield Turn("system", text)


def _turns(given: Any) -> Iterator[Turn]:
    """The turns of an input. What tools told the model is theirs, whichever item it stands in."""
    if type(given) is str:
        yield Turn("user", given)
    elif type(given) is list:
        for number, item in enumerate(given):
            yield from _item_turns(item, f"input[{number}]")
    elif given is not None:
        raise InputError("input: neither a string nor a list; send text or a list of items")


def _item_turns(item: Any, where: str) -> Iterator[Turn]:
    if type(item) is str:
        yield Turn("user", item)
        return
    if type(item) is not dict:
        raise InputError(f"{where}: not an object; send an item with type or role")
    role = role_of(item.get("role"))
    if "role" not in item and type_of(item).startswith("input_"):
        role = "user"
    for key, inner in item.items():
        if text := said({key: inner}, where):
            yield Turn("tool" if key in _TOOL_SAYS else role, text)


def _texts(response: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a response's messages that are text."""
    messages = [item for item in objects(response.get("output")) if type_of(item) == "message"]
    parts = [part for item in messages for part in objects(item.get("content"))]
    return [part for part in parts if type_of(part) == "output_text" and type(part.get("text")) is str]


def _cite(response: dict[str, Any], told: Told) -> None:
    """Names sources that have an address as citations of the text in which each was found."""
    for match, channel in zip(told.sources, told.channels, strict=False):
        part = _part_of(response, channel)
        if told.action == "cite" and part is not None and match.work.url:
            cited = {
                "type": "url_citation", "start_index": match.output.start, "end_index": match.output.end,
                "title": match.work.title or match.work.id, "url": match.work.url,
            }  # fmt: skip
            part["annotations"] = [*(part.get("annotations") or ()), cited]


def _part_of(response: dict[str, Any], channel: Channel) -> dict[str, Any] | None:
    """The part of a response in which a channel's text stands; None where that is no text of a message."""
    value: Any = {"content": response.get("output")}
    for number in channel.part.split("."):
        inside = value.get("content") if type(value) is dict else None
        if type(inside) is not list or not number.isdecimal() or int(number) >= len(inside):
            return None
        value = inside[int(number)]
    return value if type_of(value) == "output_text" else None


def _say(output: list[dict[str, Any]], notice: str, status: str) -> None:
    """Says a notice at the end of a whole answer."""
    texts = _texts({"output": output[-1:]})
    if texts:
        output[-1]["status"] = status
        texts[-1]["text"] += notice
    else:
        output.append(message("msg_simblock_0", status, [output_text(notice)]))


def _shortened(output: Any, texts: Sequence[Found]) -> list[dict[str, Any]]:
    """The items up to the one in which a text was cut, and that one as incomplete."""
    items = objects(output)
    cut = next((found for found in texts if is_cut(found)), None)
    index, _, inside = cut.channel.part.partition("@")[0].partition(".") if cut else ("", "", "")
    if not items or not index.isdecimal():
        return items
    items = items[: int(index) + 1]
    item = items[-1]
    item["status"] = UNFINISHED.get(type_of(item), "incomplete")
    item.pop("encrypted_content", None)
    if inside.isdecimal() and type(item.get("content")) is list:
        item["content"] = item["content"][: int(inside) + 1]
    return items


RESPONSES: Format = ResponsesFormat()
