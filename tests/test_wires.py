"""The material of the wire tests is what servers really send: the SDKs' own types take all of it."""

import json

import httpx
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests import wires
from tests.upstreams import upstream

EVENTS = {
    "chat": ChatCompletionChunk,
    "completions": Completion,
    "responses": ResponseStreamEvent,
    "messages": RawMessageStreamEvent,
}
BODIES = {"chat": ChatCompletion, "completions": Completion, "responses": Response, "messages": Message}
CASES = [(wire, channel) for wire, channels in wires.CHANNELS.items() for channel in channels]
TEXT = 'Ein „Wort" \\ gibt\ndas andere: 日本語 und so fort, bis zum Ende.'


def text_of(format, channel):
    return wires.arguments(TEXT) if channel in wires.SOURCE else TEXT


def checked(format, value, types):
    if format == "completions":  # the SDK's type does not know the null of an answer that goes on
        value = {
            **value,
            "choices": [{**c, "finish_reason": c["finish_reason"] or "stop"} for c in value["choices"]],
        }
    TypeAdapter(types[format]).validate_python(value)


@pytest.mark.parametrize(("format", "channel"), CASES)
def test_every_event_is_one_that_the_sdk_knows(format, channel):
    raw = b"".join(wires.stream(format, channel, wires.pieces(text_of(format, channel)), logprobs=True))
    values = [value for _, value in wires.events(raw) if isinstance(value, dict)]
    assert len(values) > 10
    for value in values:
        if value.get("type") != "ping":  # the SDK's reader leaves it out
            checked(format, value, EVENTS)


@pytest.mark.parametrize(("format", "channel"), CASES)
def test_every_body_is_one_that_the_sdk_knows(format, channel):
    checked(format, json.loads(wires.body(format, channel, text_of(format, channel), logprobs=True)), BODIES)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("format", "channel"), CASES)
def test_what_is_heard_is_what_was_said(format, channel, newline):
    text = text_of(format, channel)
    choices = 2 if format in {"chat", "completions"} else 1
    raw = b"".join(
        wires.stream(
            format, channel, wires.pieces(text), newline=newline, comments=True, choices=choices, ids=True
        )
    )
    expected = {(channel, choice): text for choice in range(choices)}
    assert wires.heard(format, raw) == expected
    assert wires.heard(format, wires.body(format, channel, text, choices=choices), whole=True) == expected


def test_a_leak_is_seen_wherever_it_stands():
    secret = "no word of this may go out"
    for hidden in (
        wires.stream("chat", "content", wires.pieces(secret)),
        wires.stream("chat", "tool", wires.pieces(wires.arguments(secret))),
        [wires.sse({"choices": [{"index": 0, "logprobs": {"content": [{"bytes": list(secret.encode())}]}}]})],
        [wires.sse({"choices": [{"index": 0, "logprobs": {"content": [{"bytes": [byte]}]}}]}) for byte in secret.encode()],
        [wires.sse({"choices": [{"index": 0, "delta": {secret: 1}}]})],
        [wires.sse({"a": '{"b": "' + "".join(f"\\u{ord(one):04x}" for one in secret) + '"}'})],
        [wires.sse({"type": "response.output_text.done", "text": secret})],
        [secret.encode()],
    ):  # fmt: skip
        assert secret in wires.strings(b"".join(hidden))


def test_the_upstream_answers_as_told_and_sees_who_leaves():
    chunks = wires.stream("chat", "content", wires.pieces("a few words that go out"))
    with upstream() as server, httpx.Client(base_url=server.url) as client:
        server.replies("/v1/chat/completions", chunks)
        answer = client.post("/v1/chat/completions", content=wires.request("chat"))
        assert answer.content == b"".join(chunks)
        assert answer.headers["content-type"] == "text/event-stream"
        assert server.requests[0].json()["stream"] is True

        server.replies("/v1/chat/completions", chunks, compress="gzip", size=7)
        assert client.post("/v1/chat/completions").content == b"".join(chunks)

        server.replies("/v1/chat/completions", chunks, cut=3)
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/v1/chat/completions")
        assert client.get("/nothing").status_code == 404

        server.replies("/v1/chat/completions", chunks, delay=0.05)
        with client.stream("POST", "/v1/chat/completions") as response:
            next(response.iter_raw())
        assert server.left()
        assert server.cut[0].chunks < len(chunks)
