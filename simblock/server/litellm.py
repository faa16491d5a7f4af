"""LiteLLM's generic guardrail endpoint: texts in, an action out.

LiteLLM sends the request before the call and the answer after it; of a stream it sends all that was said so far, again
and again, without saying whether that is the end. So each round is scanned from the start, and what a stream would
still hold is asked to be held (``stream_holdback_chars``), which LiteLLM heeds in its mode ``incremental_diff`` alone.
Its second call does not repeat the messages: they are remembered from the first, by the id of the call.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from simblock.errors import InputError
from simblock.events import spread
from simblock.guard import Guard, Response, Stream
from simblock.match import HOLDING, Report
from simblock.response import Floor, Turn
from simblock.server.answering import Receive, Refused, Scope, Send, answer_json, body_of
from simblock.server.checking import Caller, Checks, Said, parsed
from simblock.wire.turns import turns_of

PATH = "/beta/litellm_basic_guardrail_api"
CALLS = 4096
CHARACTERS = 64 * 1024 * 1024
SECONDS = 900.0
"""How many calls are remembered, of how many characters in all, and for how long: an answer has come by then."""


class Let(NamedTuple):
    """What the stream of a channel made of a text: what goes out, and how much of its end is held."""

    channel: str
    number: int
    text: str
    stream: Stream
    out: str
    held: int


class Judged(NamedTuple):
    """What LiteLLM is answered, why, and what became of each text."""

    answer: dict[str, Any]
    report: Report
    texts: list[Said]


class Calls:
    """The turns of requests whose answers are still to come. ``clock`` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns: OrderedDict[str, tuple[float, int, tuple[Turn, ...]]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def keep(self, call: str, turns: tuple[Turn, ...]) -> None:
        """Remembers the turns of a call; the oldest are forgotten where there are too many."""
        size = sum(len(turn.content) for turn in turns)
        with self._lock:
            self._forget(call)
            if size <= CHARACTERS:
                self._turns[call] = (self._clock(), size, turns)
                self._size += size
            while self._turns and self._too_much():
                self._forget(next(iter(self._turns)))

    def of(self, call: str) -> tuple[Turn, ...]:
        """The turns of a call; none where it is not remembered."""
        with self._lock:
            kept = self._turns.get(call)
        return kept[2] if kept and self._clock() - kept[0] <= SECONDS else ()

    def _too_much(self) -> bool:
        oldest = next(iter(self._turns.values()))[0]
        return len(self._turns) > CALLS or self._size > CHARACTERS or self._clock() - oldest > SECONDS

    def _forget(self, call: str) -> None:
        if kept := self._turns.pop(call, None):
            self._size -= kept[1]


class LiteLLM:
    """The endpoint, over the threads of ``checks``."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._calls = Calls()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Refused, ClientGone."""
        asked = parsed(await body_of(receive, self._checks.most))
        call = asked.get("litellm_call_id")
        given = asked.get("structured_messages")
        turns = _turns(given)
        match asked.get("input_type"):
            case "request":
                if isinstance(call, str) and turns:
                    self._calls.keep(call, turns)
                await answer_json(send, {"action": "NONE"})
            case "response":
                if isinstance(call, str) and not turns:
                    turns = self._calls.of(call)
                await answer_json(send, await self._checks.run(partial(self._judged, asked, turns)))
            case _:
                raise Refused(400, "invalid_value", "field 'input_type': it is request or response")

    def _judged(self, asked: dict[str, Any], turns: Sequence[Turn]) -> dict[str, Any]:
        guard, texts, tenant = self._checks.guard(), _strings(asked, "texts"), _tenant(asked)
        calls = [_arguments(one) for one in _list(asked, "tool_calls")]
        answer, report, said = judge(guard, texts, calls, turns, tenant)
        # Of a stream each round comes here: those in which nothing was found would be told again and again.
        if report.error is not None or report.decided is not None or report.degraded:
            call = asked.get("litellm_call_id")
            caller = Caller("/litellm", call if isinstance(call, str) else None, tenant)
            self._checks.tell(report, said, caller, guard, Floor())
        else:
            self._checks.events.scanned(report.elapsed_ms / 1000)
        return answer


def judge(
    guard: Guard, texts: Sequence[str], calls: Sequence[str], turns: Sequence[Turn], tenant: str | None = None
) -> Judged:
    """What LiteLLM is answered for the texts and the arguments of the tool calls of one answer, and why."""
    started = time.perf_counter()
    response = guard.response(history=turns, tenant=tenant, floor=Floor())
    said = [_say(response, "content", number, text) for number, text in enumerate(texts)]
    tools = [_say(response, "tool", number, text) for number, text in enumerate(calls)]
    report = response.report.with_elapsed((time.perf_counter() - started) * 1000)
    return Judged(_answer(report, said, tools), report, _told(report, [*said, *tools]))


def _answer(report: Report, said: Sequence[Let], tools: Sequence[Let]) -> dict[str, Any]:
    held = {"stream_holdback_chars": [one.held for one in said]} if any(one.held for one in said) else {}
    altered = any(one.out != one.text for one in tools)
    if altered or any(one.stream.stopped for one in (*said, *tools)):
        why = "could not be checked" if report.error is not None else "is too close to protected content"
        return {
            "action": "BLOCKED",
            "blocked_reason": f"simblock: the answer {why} (report {report.id})",
        }
    if report.decision in HOLDING:
        return {"action": "GUARDRAIL_INTERVENED", "texts": [one.out for one in said], **held}
    return {"action": "NONE", **held}


def _told(report: Report, let: Sequence[Let]) -> list[Said]:
    """What became of the texts, for events."""
    numbers = spread(report, [one.stream.core.matches for one in let])
    return [
        Said(one.text, one.stream.core.outlet.released, one.stream.stopped, one.channel, one.number, found)
        for one, found in zip(let, numbers, strict=True)
    ]


def _say(response: Response, channel: str, number: int, text: str) -> Let:
    """Feeds a text as if it were whole: nobody says whether more comes."""
    stream = response.stream(channel, number)
    now = stream.feed(text)
    rest = stream.finish()
    return Let(channel, number, text, stream, now + rest, len(rest))


def _turns(messages: Any) -> tuple[Turn, ...]:
    """The turns of a conversation as a request's own are read; where it cannot be read there are none, and nothing is free."""
    try:
        return tuple(turns_of(messages, "structured_messages"))
    except InputError:
        return ()


def _arguments(call: Any) -> str:
    """The arguments of a tool call, as JSON source."""
    function = call.get("function") if isinstance(call, dict) else None
    text = function.get("arguments") if isinstance(function, dict) else None
    return text if isinstance(text, str) else ""


def _strings(asked: dict[str, Any], field: str) -> list[str]:
    value = _list(asked, field)
    if not all(isinstance(one, str) for one in value):
        raise Refused(400, "invalid_value", f"field {field!r}: it is no list of strings")
    return value


def _list(asked: dict[str, Any], field: str) -> list[Any]:
    value = asked.get(field) or []
    if not isinstance(value, list):
        raise Refused(400, "invalid_value", f"field {field!r}: it is no list")
    return value


def _tenant(asked: dict[str, Any]) -> str | None:
    params = asked.get("additional_provider_specific_params")
    tenant = params.get("tenant") if isinstance(params, dict) else None
    return tenant if isinstance(tenant, str) else None


__all__ = ["PATH", "Calls", "LiteLLM", "judge"]
