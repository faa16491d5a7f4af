"""OpenAI Completions, the older format: a prompt goes on. With what vLLM and llama.cpp add to it."""

from __future__ import annotations

from typing import Any

from simblock.errors import InputError
from simblock.wire import asking
from simblock.wire.chat import CHOICE, FRAME
from simblock.wire.choices import ChoicesWire
from simblock.wire.format import Request
from simblock.wire.shapes import Each, Object, Text
from simblock.wire.turns import client

_FIELDS = {**FRAME, "choices": Each(Object({**CHOICE, "text": Text("content")}), "choice")}


class CompletionsWire(ChoicesWire):
    """One response of Completions."""

    frame = whole = Object(_FIELDS)
    object = "text_completion"
    prefix = "cmpl-simblock"

    def sent(self, value: dict[str, Any]) -> None: ...

    def _piece(self, choice: int, text: str | None) -> dict[str, Any]:
        return {"index": choice, "text": text or "", "logprobs": None, "finish_reason": None}

    def _withhold(self, choice: dict[str, Any], notice: str) -> None:
        text = choice.get("text")
        choice["text"] = f"{text if type(text) is str else ''}{notice}"

    def _replace(self, choice: dict[str, Any], text: str) -> None:
        choice["text"], choice["logprobs"] = text, None


class Completions:
    """The format."""

    name = "openai.completions"

    def request(self, value: Any) -> Request:
        if type(value) is not dict:
            raise InputError("the request: no JSON object; send one with a prompt")
        prompts = _prompts(value.get("prompt"))
        own = [value.get("suffix"), value.get("structured_outputs")]
        turns = tuple(client(*(prompt for prompt in prompts if not _is_ids(prompt)), *own))
        return asking.request(value, turns, asking.count(value.get("n")) * max(len(prompts), 1))

    def wire(self, request: Request) -> CompletionsWire:
        return CompletionsWire(request)

    def again(self, value: dict[str, Any], said: str, note: str, choice: int = 0) -> dict[str, Any]:
        prompts = _prompts(value.get("prompt"))
        place = choice // asking.count(value.get("n"))
        prompt = prompts[place] if place < len(prompts) else None
        if type(prompt) is not str:
            raise InputError(f"prompt {place}: no string; token ids cannot be asked again")
        return {**asking.again(value), "prompt": f"{note}\n\n{prompt}{said}"}

    def answer(self, value: dict[str, Any]) -> str | None:
        text = asking.first(value).get("text")
        return text if type(text) is str and text else None


def _prompts(prompt: Any) -> list[Any]:
    """The prompts of a request: a list of numbers is one of them."""
    if prompt is None:
        return []
    return prompt if type(prompt) is list and prompt and not _is_ids(prompt) else [prompt]


def _is_ids(prompt: Any) -> bool:
    return type(prompt) is list and bool(prompt) and type(prompt[0]) is int


COMPLETIONS = Completions()
