"""OpenAI Chat Completions, with what vLLM, SGLang, llama.cpp, Ollama, DeepSeek, Mistral and OpenRouter add to it."""

from __future__ import annotations

import json
from typing import Any

from simblock.errors import InputError
from simblock.wire import asking
from simblock.wire.choices import ChoicesWire, number_of, numbered
from simblock.wire.format import Request
from simblock.wire.shapes import PLAIN, PLAIN_DEEP, UNKNOWN, At, Each, Object, Shape, Text, Value, Walked
from simblock.wire.sides import IDS, LOGPROBS, NUMBERS, SEALED, Within
from simblock.wire.turns import client, turns_of

ITS_OWN = (
    "tools",
    "functions",
    "documents",
    "prediction",
    "response_format",
    "structured_outputs",
    "chat_template",
)
"""Fields of a request, beside its messages, whose strings a model may say again because its client said them."""


class Content:
    """A text: a string, or a list of parts, which are one text."""

    __slots__ = ("_parts", "_text")

    def __init__(self, name: str, **parts: Shape) -> None:
        self._text = Text(name)
        self._parts = Each(Object({"type": PLAIN, "text": self._text, **parts}))

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        shape: Shape = self._parts if type(value) is list else self._text
        shape.visit(holder, key, value, at, out)


class Arguments:
    """What a tool is called with: JSON source, or, of some servers, the object itself."""

    __slots__ = ()

    def visit(self, holder: Any, key: Any, value: Any, at: At, out: Walked) -> None:
        shape: Shape = _SOURCE if type(value) is str else _VALUE
        shape.visit(holder, key, value, at, out)


_SOURCE, _VALUE = Text("tool", source=True), Value("tool")
_FUNCTION = Object({"name": PLAIN, "arguments": Arguments()})
_CALL = Object({
    "id": PLAIN, "type": PLAIN, "function": _FUNCTION, "extra_content": SEALED,
    "custom": Object({"name": PLAIN, "input": Text("tool")}),
})  # fmt: skip
_THOUGHT = Object({
    "type": PLAIN, "id": PLAIN, "format": PLAIN, "data": SEALED, "signature": SEALED,
    "text": Text("reasoning"), "summary": Text("reasoning"),
})  # fmt: skip
_THINKING = Content("reasoning")
MESSAGE = Object({
    "role": PLAIN,
    "name": PLAIN,
    "content": Content(
        "content", refusal=Text("refusal"), thinking=Within("thinking", _THINKING),
        reference_ids=PLAIN_DEEP, signature=SEALED,
    ),
    "refusal": Text("refusal"),
    # servers say their reasoning under two names at once: each is a stream
    "reasoning_content": _THINKING,
    "reasoning": Within("reasoning", _THINKING),
    "thinking": Within("thinking", _THINKING),
    "reasoning_details": Within("details", Each(_THOUGHT, "part")),
    "tool_calls": Each(_CALL, "part"),
    "function_call": Within("function", _FUNCTION),
    "audio": Object({"id": PLAIN, "data": IDS, "transcript": Within("audio", Text("content"))}),
    "images": SEALED,
    "extra_content": SEALED,
    "annotations": PLAIN_DEEP,
})  # fmt: skip
"""What a delta or a message says, and in which stream."""

CHOICE: dict[str, Shape] = {
    "finish_reason": PLAIN, "stop_reason": PLAIN, "native_finish_reason": PLAIN, "matched_stop": PLAIN,
    "logprobs": LOGPROBS, "token_ids": IDS, "prompt_token_ids": NUMBERS, "prompt_logprobs": PLAIN_DEEP,
    "content_filter_results": PLAIN_DEEP, "content_filter_result": PLAIN_DEEP,
    "content_filter_offsets": PLAIN_DEEP,
}  # fmt: skip
FRAME: dict[str, Shape] = {
    "id": PLAIN, "object": PLAIN, "model": PLAIN, "provider": PLAIN, "system_fingerprint": PLAIN,
    "service_tier": PLAIN, "obfuscation": SEALED,
    "usage": PLAIN_DEEP, "timings": PLAIN_DEEP, "prompt_progress": PLAIN_DEEP, "x_groq": PLAIN_DEEP,
    "prompt_filter_results": PLAIN_DEEP, "moderation": PLAIN_DEEP, "kv_transfer_params": PLAIN_DEEP,
    "prompt_token_ids": NUMBERS, "prompt_logprobs": PLAIN_DEEP,
    "error": Object({"type": PLAIN, "code": PLAIN, "param": PLAIN, "message": UNKNOWN}),
}  # fmt: skip


class ChatWire(ChoicesWire):
    """One response of Chat Completions."""

    frame = Object({**FRAME, "choices": Each(Object({**CHOICE, "delta": MESSAGE}), "choice")})
    whole = Object({**FRAME, "choices": Each(Object({**CHOICE, "message": MESSAGE}), "choice")})
    object = "chat.completion.chunk"
    prefix = "chatcmpl-simblock"

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._called: dict[int, dict[int, bool]] = {}

    def sent(self, value: dict[str, Any]) -> None:
        """Notes the tools that a client was told to call, and whether it was told with what."""
        for number, choice in numbered(value):
            delta = choice.get("delta")
            if type(delta) is dict and (delta.get("tool_calls") or delta.get("function_call")):
                called = self._called.setdefault(number, {})
                for call, function in _called(delta):
                    called[call] = called.get(call, False) or bool(function.get("arguments"))

    def _piece(self, choice: int, text: str | None) -> dict[str, Any]:
        delta = {} if text is None else {"content": text}
        return {"index": choice, "delta": delta, "logprobs": None, "finish_reason": None}

    def _is_calling(self, choice: int) -> bool:
        return choice in self._called

    def _unfinished(self, choice: int) -> list[dict[str, Any]]:
        """Calls without a word of arguments are run without any, by clients that do not look how a choice ended."""
        opened = [number for number, spoke in self._called.get(choice, {}).items() if not spoke]
        return [{**self._piece(choice, None), "delta": _delta(number)} for number in opened]

    def _withhold(self, choice: dict[str, Any], notice: str) -> None:
        message = choice.get("message")
        if type(message) is not dict:
            return
        message.pop("function_call", None)
        calls = message.pop("tool_calls", None)
        if type(calls) is list and (before := _before_the_cut(calls)):
            message["tool_calls"] = before
        if type(message.get("audio")) is dict:
            message["audio"]["data"] = ""
        if notice:
            message["content"] = _with(message.get("content"), notice)

    def _replace(self, choice: dict[str, Any], text: str) -> None:
        choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        choice["logprobs"] = None


def _called(delta: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The functions that a delta names, by their numbers; that of the old field is -1."""
    calls = delta.get("tool_calls")
    made = [(-1, delta.get("function_call"))]
    for place, call in enumerate(calls if type(calls) is list else ()):
        if type(call) is dict and "custom" not in call:
            made.append((number_of(call, place), call.get("function")))
    return [(number, function) for number, function in made if type(function) is dict]


def _delta(number: int) -> dict[str, Any]:
    """Begins arguments that nothing will finish."""
    begun = {"arguments": "{"}
    return {"function_call": begun} if number < 0 else {"tool_calls": [{"index": number, "function": begun}]}


def _before_the_cut(calls: list[Any]) -> list[Any]:
    """The calls before the first that was cut; all of them where the cut is elsewhere were never to be made."""
    whole = [_is_whole(call) for call in calls]
    return calls[: whole.index(False)] if False in whole else []


def _is_whole(call: Any) -> bool:
    function = call.get("function") if type(call) is dict else None
    arguments = function.get("arguments") if type(function) is dict else None
    if type(arguments) is not str:
        return bool(arguments)
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True


def _with(content: Any, notice: str) -> Any:
    if type(content) is list:
        return [*content, {"type": "text", "text": notice}]
    return f"{content}{notice}" if type(content) is str else notice


class Chat:
    """The format."""

    name = "openai.chat"

    def request(self, value: Any) -> Request:
        if type(value) is not dict:
            raise InputError("the request: no JSON object; send one with messages")
        own = client(*(value.get(name) for name in ITS_OWN))
        turns = (*own, *turns_of(value.get("messages")))
        return asking.request(value, turns, asking.count(value.get("n")))

    def wire(self, request: Request) -> ChatWire:
        return ChatWire(request)

    def again(self, value: dict[str, Any], said: str, note: str, choice: int = 0) -> dict[str, Any]:  # noqa: ARG002
        messages = value.get("messages")
        if type(messages) is not list:
            raise InputError("messages: not a list; it cannot be asked again")
        return {**asking.again(value), "messages": asking.gone_on(messages, said, note)}

    def answer(self, value: dict[str, Any]) -> str | None:
        message = asking.first(value).get("message")
        content = message.get("content") if type(message) is dict else None
        if type(content) is list:
            parts = [part.get("text") for part in content if type(part) is dict]
            content = "".join(part for part in parts if type(part) is str)
        return content if type(content) is str and content else None


CHAT = Chat()
