"""Requests of OpenAI's formats: what is asked for, and how it is asked for once more."""

from __future__ import annotations

from typing import Any

from simblock.errors import InputError
from simblock.response import Turn
from simblock.wire.format import Request

_LEFT_OUT = frozenset({
    "stream", "stream_options", "best_of", "use_beam_search", "echo", "logprobs", "top_logprobs", "prompt_logprobs",
    "return_token_ids", "return_tokens_as_token_ids", "add_generation_prompt", "continue_final_message",
    "audio", "modalities", "store",
})  # fmt: skip
"""Fields that an answer to us needs not, or that would make it another kind of answer."""
MOST = 1024
"""Answers that may be asked for in one request."""
_MARKS = frozenset({"prefix", "partial"})
"""What says, of the last message, that the answer begins with it (DeepSeek, Mistral; Qwen)."""


def request(value: dict[str, Any], turns: tuple[Turn, ...], choices: int) -> Request:
    """What a request asks for."""
    options, model = value.get("stream_options"), value.get("model")
    return Request(
        turns=turns,
        streams=is_on(value.get("stream")),
        choices=choices,
        model=model if type(model) is str else "",
        usage=type(options) is dict and is_on(options.get("include_usage")),
    )


def is_on(value: Any) -> bool:
    """Whether a switch is on, as lenient servers read it."""
    if type(value) is str:
        return value.strip().lower() in {"true", "1", "yes", "on", "t", "y"}
    return value is True or value == 1


def count(value: Any) -> int:
    """How many answers; what is no number of any is one. Raises InputError for more than any server gives."""
    if type(value) is str and value.strip().isdecimal():
        value = int(value.strip()[:9])
    if type(value) not in {int, float} or not value >= 1:
        return 1
    if value > MOST:
        raise InputError(f"n asks for over {MOST} answers: ask for fewer")
    return int(value)


def again(value: dict[str, Any]) -> dict[str, Any]:
    """The request once more: one answer, whole, its text alone."""
    return {**{name: one for name, one in value.items() if name not in _LEFT_OUT}, "stream": False, "n": 1}


def gone_on(messages: list[Any], said: str, note: str) -> list[Any]:
    """The messages with what was said as the model's, and a note of the user's to it.

    Turns alternate, for templates insist on it: what follows a turn of the same role goes on in it.
    """
    *before, last = messages or [{}]
    last = {name: one for name, one in last.items() if name not in _MARKS} if type(last) is dict else {}
    later = [{"role": "assistant", "content": said}] if said else []
    made = [*before, last] if last else before
    for message in [*later, {"role": "user", "content": note}]:
        joined = _joined(made[-1], message) if made else None
        made = [*made[:-1], joined] if joined else [*made, message]
    return made


def _joined(last: Any, message: dict[str, Any]) -> dict[str, Any] | None:
    """Both as one message; None where they are not of one role, or the last is no plain one."""
    if type(last) is not dict or last.get("role") != message["role"] or last.get("tool_calls"):
        return None
    content, more = last.get("content"), message["content"]
    between = "\n\n" if message["role"] == "user" else ""
    if type(content) is str:
        return {**last, "content": f"{content}{between}{more}"}
    if type(content) is list:
        return {**last, "content": [*content, {"type": "text", "text": more}]}
    return None


def first(value: dict[str, Any]) -> dict[str, Any]:
    """The first choice of an answer, if it has any."""
    choices = value.get("choices")
    choice = choices[0] if type(choices) is list and choices else None
    return choice if type(choice) is dict else {}
