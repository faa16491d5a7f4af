"""Answers and requests of the four wire formats, as OpenAI, vLLM and Anthropic send them.

Nothing here imports simblock.wire: what is made and what is heard is judged by code of its own.
"""

import json
from dataclasses import dataclass

from tests import wire_bodies as whole
from tests.wire_bodies import CREATED, answer, body, logprob, token
from tests.wire_hearing import events, heard, strings

__all__ = [
    "CHANNELS", "FORMATS", "PATHS", "SOURCE", "answer", "arguments", "body", "events", "heard", "pieces", "request",
    "sse", "stream", "strings", "told",
]  # fmt: skip

FORMATS = ("chat", "completions", "responses", "messages")
CHANNELS = {
    "chat": ("content", "reasoning", "refusal", "tool", "function"),
    "completions": ("content",),
    "responses": ("content", "reasoning", "refusal", "tool", "summary", "custom"),
    "messages": ("content", "reasoning", "tool"),
}
PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}
SOURCE = {"tool", "function"}
"""Channels whose text is the source of a JSON object: see :func:`arguments`."""
NAMED = {"responses", "messages"}
"""Formats whose events have a type."""


@dataclass(frozen=True)
class Options:
    choices: int = 1
    usage: bool = True
    logprobs: bool = False
    ids: bool = False
    reasoning: str = "reasoning_content"
    obfuscation: bool = False
    model: str = "m"


def arguments(text, **others):
    """The arguments of a tool call which has ``text`` in it, as JSON source."""
    return json.dumps({"path": "notes.txt", "text": text, **others}, ensure_ascii=False)


def pieces(text, size=5):
    """``text`` in pieces of ``size`` characters, as tokens are about."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def sse(value, event=None, newline="\n"):
    """One SSE event; ``value`` is what its JSON holds, or the data itself."""
    data = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    lines = [f"event: {event}"] if event else []
    return newline.join([*lines, f"data: {data}", "", ""]).encode()


def stream(format, channel, pieces, *, newline="\n", comments=False, **options):
    """One bytes an SSE event: ``pieces`` said in ``channel``. Options are those of :class:`Options`.

    ``comments``: a heartbeat every third event.
    """
    return told(format, [(channel, pieces)], newline=newline, comments=comments, **options)


def told(format, parts, *, newline="\n", comments=False, **options):
    """The same of several channels, one after the other: ``parts`` are pairs of channel and pieces."""
    made = STREAMS[format](parts, Options(**options))
    out = []
    for number, value in enumerate(made):
        if comments and number % 3 == 1:
            out.append(f": ping{newline}{newline}".encode())
        out.append(sse(value, value["type"] if format in NAMED else None, newline))
    return out


def request(format, *, stream=True, prompt="Tell me something.", history=(), n=1, **more):
    """The body of a request; ``history`` has pairs of role and content, oldest first."""
    turns = [{"role": role, "content": content} for role, content in [*history, ("user", prompt)]]
    value = {"model": "m", "stream": stream, **more}
    if format == "completions":
        value["prompt"] = "\n".join(turn["content"] for turn in turns)
    else:
        value["input" if format == "responses" else "messages"] = turns
    if format == "messages":
        value.setdefault("max_tokens", 4096)
    if n > 1:
        value["n"] = n
    return json.dumps(value, ensure_ascii=False).encode()


# ---- OpenAI Chat Completions, as vLLM and OpenAI send them

TOOL = {"id": "call_0a1b2c", "type": "function", "index": 0}


def _delta(channel, piece, o):
    """The delta that says ``piece``; of a call's arguments."""
    if channel == "tool":
        return {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
    if channel == "function":
        return {"function_call": {"arguments": piece}}
    return {o.reasoning if channel == "reasoning" else channel: piece}


def _opened(channel):
    """The delta that begins a call; None where a channel has no such thing."""
    if channel == "tool":
        return {"tool_calls": [{**TOOL, "function": {"name": "write", "arguments": ""}}]}
    return {"function_call": {"name": "write", "arguments": ""}} if channel == "function" else None


FINISH = {"tool": "tool_calls", "function": "function_call"}


def _usage(count):
    return {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": count + 7}


def _chunk(o, choice=None, delta=None, finish=None, **beside):
    entries = (
        []
        if choice is None
        else [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish}]
    )
    for entry in entries:
        entry.update(beside)
    made = {"id": "chatcmpl-9f31", "object": "chat.completion.chunk", "created": CREATED, "model": o.model}
    made |= {"system_fingerprint": "fp_44709d6fcb", "choices": entries}
    return {**made, "obfuscation": "aB3xYz"} if o.obfuscation else made


def _chat(parts, o):
    first = {"role": "assistant", "content": "", "refusal": None}
    for choice in range(o.choices):
        yield {**_chunk(o, choice, first), **({"prompt_token_ids": [1, 2, 3]} if o.ids else {})}
    for channel, said in parts:
        if opened := _opened(channel):
            yield from (_chunk(o, choice, opened) for choice in range(o.choices))
        for piece in said:
            yield from (_said(o, choice, channel, piece) for choice in range(o.choices))
    finish = FINISH.get(parts[-1][0], "stop")
    yield from (_chunk(o, choice, {}, finish) for choice in range(o.choices))
    if o.usage:
        yield {**_chunk(o), "usage": _usage(sum(len(said) for _, said in parts))}
    yield "[DONE]"


def _said(o, choice, channel, piece):
    beside = {}
    if o.logprobs and channel in {"content", "refusal"}:
        spelled = {"content": None, "refusal": None, channel: [logprob(piece)]}
        beside["logprobs"] = spelled
    if o.ids:
        beside["token_ids"] = [token(piece)]
    return _chunk(o, choice, _delta(channel, piece, o), **beside)


# ---- OpenAI Completions


def _completions(parts, o):
    at = 0
    for _, said in parts:
        for piece in said:
            for choice in range(o.choices):
                yield _text(o, choice, piece, at=at)
            at += len(piece)
    yield from (_text(o, choice, "", "stop") for choice in range(o.choices))
    if o.usage:
        yield {**_text(o, 0, ""), "choices": [], "usage": _usage(sum(len(said) for _, said in parts))}
    yield "[DONE]"


def _text(o, choice, piece, finish=None, at=0):
    entry = {"index": choice, "text": piece, "logprobs": None, "finish_reason": finish}
    if o.logprobs and piece:
        entry["logprobs"] = whole.text_logprobs([piece], at)
    if o.ids:
        entry["token_ids"] = [token(piece)]
    return {
        "id": "cmpl-77", "object": "text_completion", "created": CREATED, "model": o.model, "choices": [entry],
    }  # fmt: skip


# ---- OpenAI Responses


def _responses(parts, o):
    shell = whole.responses([], "in_progress", model=o.model)
    made = [{"type": f"response.{one}", "response": shell} for one in ("created", "in_progress")]
    output = []
    for number, (channel, said) in enumerate(parts):
        made += _item(number, channel, said, o, output)
    done = whole.responses(output, "completed", whole.RESPONSES_USAGE, model=o.model)
    made.append({"type": "response.completed", "response": done})
    return [{**value, "sequence_number": number} for number, value in enumerate(made)]


# channel: item's type, what its part is called, the event's stem, the field of its done event
ITEMS = {
    "content": ("message", "output_text", "output_text", "text"),
    "refusal": ("message", "refusal", "refusal", "refusal"),
    "reasoning": ("reasoning", "reasoning_text", "reasoning_text", "text"),
    "summary": ("reasoning", "summary_text", "reasoning_summary_text", "text"),
    "tool": ("function_call", None, "function_call_arguments", "arguments"),
    "custom": ("custom_tool_call", None, "custom_tool_call_input", "input"),
}


def _item(number, channel, said, o, output):
    kind, part, stem, field = ITEMS[channel]
    text = "".join(said)
    place = {"item_id": f"{kind[:3]}_{number}", "output_index": number}
    inside = {**place, ("summary_index" if channel == "summary" else "content_index"): 0} if part else place
    logprobs = (
        {"logprobs": [logprob(one) for one in said] if o.logprobs else []} if channel == "content" else {}
    )
    deltas = [{"type": f"response.{stem}.delta", **inside, "delta": one} for one in said]
    for delta in deltas:
        if channel == "content":
            delta["logprobs"] = [logprob(delta["delta"])] if o.logprobs else []
        if o.obfuscation:
            delta["obfuscation"] = "aB3xYz"
    done = {"type": f"response.{stem}.done", **inside, field: text, **logprobs}
    if channel == "tool":
        done["name"] = "write"
    added = {"type": "response.output_item.added", "output_index": number}
    finished = whole.item(number, channel, text, o.logprobs)
    output.append(finished)
    return [
        {**added, "item": whole.item(number, channel, None)},
        *_part(part, channel, inside, "added", "", logprobs=False),
        *deltas,
        done,
        *_part(part, channel, inside, "done", text, logprobs=o.logprobs),
        {"type": "response.output_item.done", "output_index": number, "item": finished},
    ]


def _part(part, channel, inside, when, text, *, logprobs):
    if part is None:
        return []
    stem = "reasoning_summary_part" if channel == "summary" else "content_part"
    return [{"type": f"response.{stem}.{when}", **inside, "part": whole.part(channel, text, logprobs)}]


# ---- Anthropic Messages

DELTAS = {
    "content": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "tool": ("input_json_delta", "partial_json"),
}


def _messages(parts, o):
    message = whole.message([], None, model=o.model, tokens=1)
    yield {"type": "message_start", "message": message}
    for number, (channel, said) in enumerate(parts):
        yield from _block(number, channel, said)
    reason = "tool_use" if parts[-1][0] == "tool" else "end_turn"
    delta = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}
    yield {"type": "message_stop"}


def _block(number, channel, said):
    kind, field = DELTAS[channel]
    yield {"type": "content_block_start", "index": number, "content_block": whole.block(channel, None)}
    if number == 0:
        yield {"type": "ping"}
    for piece in [""] * (channel == "tool") + list(said):
        delta = {"type": kind, field: piece}
        yield {"type": "content_block_delta", "index": number, "delta": delta}
    if channel == "reasoning":
        delta = {"type": "signature_delta", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA"}
        yield {"type": "content_block_delta", "index": number, "delta": delta}
    yield {"type": "content_block_stop", "index": number}


STREAMS = {"chat": _chat, "completions": _completions, "responses": _responses, "messages": _messages}
