"""Stands in for a model server, to try the filter out without one.

It answers ``POST /v1/chat/completions``, streamed or whole: asked to recite, it recites the ferry's story from
``examples/works``, which is what the examples protect; asked for anything else, it says something of its own.

    uvicorn --app-dir examples/serving stand_in:app --port 8000
"""

import asyncio
import json
from pathlib import Path

STORY = (Path(__file__).parents[1] / "works" / "ferry.txt").read_text("utf-8")
ORDINARY = "Ferries are boats that carry people, and often their cars, across a river or a strait."
STREAM = [(b"content-type", b"text/event-stream")]
WHOLE = [(b"content-type", b"application/json")]


async def app(scope, receive, send):
    """A pure ASGI application."""
    if scope["type"] != "http":
        return
    asked = json.loads(await _body(receive) or b"{}")
    if scope["path"] != "/v1/chat/completions":
        await _answer(send, 404, WHOLE, [b'{"error": {"message": "no such route"}}'])
    elif asked.get("stream"):
        await _answer(send, 200, STREAM, _frames(_said(asked)))
    else:
        message = {"role": "assistant", "content": _said(asked)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        await _answer(send, 200, WHOLE, [json.dumps(_value("chat.completion", choice)).encode()])


def _said(asked):
    """What is said to the last message."""
    prompt = str(asked["messages"][-1]["content"])
    return f"Here it is.\n\n{STORY}" if "recite" in prompt.lower() else ORDINARY


def _value(kind, choice):
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "stand-in", "choices": [choice]}


def _frames(text):
    """A frame a word, then the end, as OpenAI's API sends them."""
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in text.split(" "))]
    for number, delta in enumerate(deltas):
        if number > 1:
            delta["content"] = f" {delta['content']}"
        yield _event({"index": 0, "delta": delta, "finish_reason": None})
    yield _event({"index": 0, "delta": {}, "finish_reason": "stop"})
    yield b"data: [DONE]\n\n"


def _event(choice):
    return b"data: " + json.dumps(_value("chat.completion.chunk", choice)).encode() + b"\n\n"


async def _body(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _answer(send, status, headers, chunks):
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(0.001)
    await send({"type": "http.response.body", "body": b""})
