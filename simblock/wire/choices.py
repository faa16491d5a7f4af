"""Answers with numbered choices: what the two formats of OpenAI share that have them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from simblock.wire import disclosure
from simblock.wire.format import End, Frame, Reading, Request, Told
from simblock.wire.shapes import PLAIN_MOST, At, Channel, Object, Walked
from simblock.wire.sides import Spelled

DONE = Frame(None, data=b"[DONE]")
_HEAD = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
_START = At()
_SPACE = re.compile(r"\s")
GOING_ON = (None, "", "null")
"""What servers say of a choice that has not ended."""


def number_of(choice: Any, place: int) -> int:
    """The number of a choice: its index, else its place."""
    number = choice.get("index", place) if type(choice) is dict else place
    return number if type(number) is int else place


class ChoicesWire(ABC):
    """One response. A subclass says what its choices look like."""

    keeps = False
    alike = True
    frame: ClassVar[Object]
    whole: ClassVar[Object]
    object: ClassVar[str]
    prefix: ClassVar[str]

    def __init__(self, request: Request) -> None:
        self._request = request
        self._last: dict[str, Any] = {}
        self._usage: dict[str, Any] | None = None

    @abstractmethod
    def _piece(self, choice: int, text: str | None) -> dict[str, Any]:
        """A choice of a frame that says a text; None: that says nothing more."""

    @abstractmethod
    def _withhold(self, choice: dict[str, Any], notice: str) -> None:
        """Makes a choice of a whole answer end where its text was cut."""

    @abstractmethod
    def _replace(self, choice: dict[str, Any], text: str) -> None:
        """Makes a text all that a choice of a whole answer says."""

    def _unfinished(self, _choice: int) -> list[dict[str, Any]]:
        """Choices of frames that keep a client from acting upon what was cut."""
        return []

    def _is_calling(self, _choice: int) -> bool:
        """Whether a choice has called a tool, which nothing but ``content_filter`` keeps from being run."""
        return False

    # -- what comes

    def read(self, event: str | None, value: dict[str, Any]) -> Reading:  # noqa: ARG002
        out = Walked()
        self.frame.walk(value, _START, out)
        choices = value.get("choices")
        if type(choices) is not list:
            return Reading(out)
        usage = value.get("usage")
        if usage is not None and type(usage) is dict:
            self._usage = usage
        numbers, ends = _told(choices)
        if numbers:
            self._last = value
        if not out.sides:
            return Reading(out, ends, numbers)
        ahead = {side.choice for side in out.sides if type(side) is not Spelled}
        return Reading(out, ends, numbers, tuple(sorted(ahead)))

    def body(self, value: dict[str, Any]) -> Reading:
        out = Walked()
        self.whole.walk(value, _START, out)
        numbers = tuple(number for number, _ in numbered(value))
        return Reading(out, tuple(End(number) for number in numbers), numbers)

    # -- what is said in place of it

    def end(self, choice: int, told: Told, released: Sequence[tuple[Channel, str]]) -> list[Frame]:  # noqa: ARG002
        frames = [self._frame(one) for one in self._unfinished(choice)]
        frames += self.say(choice, told.notice) if told.notice else []
        return [*frames, self._ending(choice, told, self._reason(choice, told))]

    def close(self) -> list[Frame]:
        if self._usage is None or not self._request.usage:
            return [DONE]
        return [Frame({**self._head(), "choices": [], "usage": self._usage}), DONE]

    def say(self, choice: int, text: str) -> list[Frame]:
        return [self._frame(self._piece(choice, text))]

    def finish(self, choice: int, told: Told | None) -> list[Frame]:
        return [self._ending(choice, told, "content_filter" if self._is_calling(choice) else "stop")]

    def _reason(self, choice: int, told: Told) -> str:
        return "stop" if told.style == "stop" and not self._is_calling(choice) else "content_filter"

    def _ending(self, choice: int, told: Told | None, reason: str) -> Frame:
        last = {**self._piece(choice, None), "finish_reason": reason}
        frame = self._frame(last)
        if told is not None:
            disclosure.annotate(last, told)
            disclosure.tell(frame.value, told)
        return frame

    def _frame(self, choice: dict[str, Any]) -> Frame:
        return Frame({**self._head(), "choices": [choice]})

    def _head(self) -> dict[str, Any]:
        head = {"id": self.prefix, "object": self.object, "created": 0, "model": self._request.model}
        return {**head, **{name: self._last[name] for name in _HEAD if _is_name(self._last.get(name))}}

    # -- what is changed in it

    def without(self, value: dict[str, Any], choice: int) -> dict[str, Any] | None:
        all_of = list(numbered(value))
        left = [(number, one) for number, one in all_of if number != choice]
        if len(left) == len(all_of):
            return value
        if not left:
            return None
        for number, one in left:  # where a place was the number, it is no longer
            one.setdefault("index", number)
        value["choices"] = [one for _, one in left]
        return value

    def reopen(self, value: dict[str, Any], choice: int) -> None:
        for one in _of(value, choice):
            one["finish_reason"] = None
            one.pop("stop_reason", None)

    def annotate(self, value: dict[str, Any], choice: int, told: Told) -> None:
        for one in _of(value, choice):
            disclosure.annotate(one, told)
        disclosure.tell(value, told)

    def put(self, value: dict[str, Any], choice: int, text: str) -> None:
        for one in _of(value, choice):
            self._replace(one, text)
            one["finish_reason"] = "stop"
            one.pop("stop_reason", None)

    def end_body(self, value: dict[str, Any], choice: int, told: Told) -> None:
        if told.action == "stop":
            reason = self._reason(choice, told)
            for one in _of(value, choice):
                one["finish_reason"] = "content_filter" if _calls(one) else reason
                one.pop("stop_reason", None)
                self._withhold(one, told.notice)
        self.annotate(value, choice, told)


def _is_name(value: Any) -> bool:
    """Whether a value of the last frame may be said again, even where that frame was withheld: a number, or one word."""
    return type(value) is int or (
        type(value) is str and len(value) <= PLAIN_MOST and not _SPACE.search(value)
    )


def _told(choices: list[Any]) -> tuple[tuple[int, ...], tuple[End, ...]]:
    """The numbers of a frame's choices, and which of them end with it."""
    numbers, ends = [], []
    for place, one in enumerate(choices):
        number = number_of(one, place)
        numbers.append(number)
        if type(one) is dict and one.get("finish_reason") not in GOING_ON:
            ends.append(End(number))
    return tuple(numbers), tuple(ends)


def numbered(value: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The choices of a frame or an answer, each with its number."""
    choices = value.get("choices")
    for place, one in enumerate(choices if type(choices) is list else ()):
        if type(one) is dict:
            yield number_of(one, place), one


def _of(value: dict[str, Any], choice: int) -> list[dict[str, Any]]:
    return [one for number, one in numbered(value) if number == choice]


def _calls(choice: dict[str, Any]) -> bool:
    message = choice.get("message")
    return type(message) is dict and bool(message.get("tool_calls") or message.get("function_call"))
