"""What the anthropic SDK makes of answers: every way of asking, put to one server."""

import asyncio

import anthropic

from tests.sdks.asking_openai import extra, tried

ASKED = {"max_tokens": 4096, "messages": [{"role": "user", "content": "Tell me something."}]}


def seen_of(message):
    return {
        "text": "".join(block.text for block in message.content if block.type == "text"),
        "thinking": "".join(block.thinking for block in message.content if block.type == "thinking"),
        "inputs": [block.input for block in message.content if block.type == "tool_use"],
        "reason": message.stop_reason, "details": extra(message, "stop_details"),
        "simblock": extra(message, "simblock"),
    }  # fmt: skip


def stream(client, model):
    text, partial, reason, simblock = "", "", None, None
    for event in client.messages.create(model=model, stream=True, **ASKED):
        if event.type == "content_block_delta":
            text += getattr(event.delta, "text", "")
            partial += getattr(event.delta, "partial_json", "")
        elif event.type == "message_delta":
            reason, simblock = event.delta.stop_reason, extra(event, "simblock")
    return {"text": text, "partial": partial, "reason": reason, "simblock": simblock}


def whole(client, model):
    return seen_of(client.messages.create(model=model, **ASKED))


def helper(client, model):
    with client.messages.stream(model=model, **ASKED) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    return {**seen_of(message), "heard": text}


def raw(client, model):
    response = client.messages.with_raw_response.create(model=model, **ASKED)
    return {"header": response.headers.get("x-simblock-report-id"), **seen_of(response.parse())}


def asynchronous(url, model):
    async def ask():
        async with (
            anthropic.AsyncAnthropic(base_url=url, api_key="k") as client,
            client.messages.stream(model=model, **ASKED) as stream,
        ):
            text = "".join([piece async for piece in stream.text_stream])
            return {**seen_of(await stream.get_final_message()), "heard": text}

    return asyncio.run(ask())


WAYS = {"stream": stream, "whole": whole, "helper": helper, "raw": raw}


def seen(url):
    """What all ways of asking saw of a server."""
    made = {}
    with anthropic.Anthropic(base_url=url, api_key="k") as client:
        for saying in ("copying", "clean"):
            for channel in ("content", "tool", "reasoning"):
                for name, way in WAYS.items():
                    model = f"{saying} {channel} {name}"
                    made[model] = tried(way, client, model)
            made[f"{saying} content async"] = tried(asynchronous, url, f"{saying} content async")
    return made
