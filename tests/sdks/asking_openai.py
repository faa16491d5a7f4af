"""What the openai SDK makes of answers: every way of asking, put to one server. Runs under versions 2 and 3.

``python -m tests.sdks.asking_openai URL`` prints what was seen as JSON; a test that has the version itself calls
:func:`seen`. The model's name tells the server what to say: ``copying tool`` quotes in a tool call.
"""

import asyncio
import json
import sys

import openai
from pydantic import BaseModel

MESSAGES = [{"role": "user", "content": "Tell me something."}]
TOOLS = [{
    "type": "function",
    "function": {"name": "write", "description": "Writes.", "parameters": {"type": "object", "properties": {}}},
}]  # fmt: skip
RESPONSE_TOOLS = [
    {"type": "function", "name": "write", "description": "Writes.", "strict": False,
     "parameters": {"type": "object", "properties": {}}},
]  # fmt: skip


class Note(BaseModel):
    """A structured answer."""

    path: str
    text: str


def extra(value, name):
    """A field that the SDK's model does not know, as a user reads it."""
    found = getattr(value, name, None)
    return found.model_dump() if isinstance(found, BaseModel) else found


def choice_seen(choice, holder):
    return {
        "finish": choice.finish_reason, "simblock": extra(holder, "simblock"),
        "results": extra(choice, "content_filter_results"),
    }  # fmt: skip


def chat_stream(client, model):
    text, reasoning, calls, last, frames = "", "", "", {}, 0
    for chunk in client.chat.completions.create(model=model, messages=MESSAGES, stream=True, tools=TOOLS):
        frames += 1
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasoning += extra(choice.delta, "reasoning_content") or ""
            calls += "".join(call.function.arguments or "" for call in choice.delta.tool_calls or ())
            if choice.finish_reason:
                last = choice_seen(choice, chunk)
    return {"text": text, "reasoning": reasoning, "arguments": calls, "frames": frames, **last}


def chat_whole(client, model):
    answer = client.chat.completions.create(model=model, messages=MESSAGES, tools=TOOLS)
    (choice,) = answer.choices
    calls = "".join(call.function.arguments for call in choice.message.tool_calls or ())
    return {"text": choice.message.content or "", "arguments": calls, **choice_seen(choice, answer)}


def chat_helper(client, model):
    kinds = []
    with client.chat.completions.stream(model=model, messages=MESSAGES) as stream:
        kinds.extend(event.type for event in stream)
        answer = stream.get_final_completion()
    return {"kinds": sorted(set(kinds)), "text": answer.choices[0].message.content,
            **choice_seen(answer.choices[0], answer)}  # fmt: skip


def chat_parse(client, model):
    answer = client.chat.completions.parse(model=model, messages=MESSAGES, response_format=Note)
    return {"text": answer.choices[0].message.parsed.text}


def chat_raw(client, model):
    raw = client.chat.completions.with_raw_response.create(model=model, messages=MESSAGES)
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=MESSAGES, stream=True
    ) as response:
        lines = "\n".join(response.iter_lines())
    answer = raw.parse()
    return {
        "header": raw.headers.get("x-simblock-report-id"),
        "simblock": extra(answer, "simblock"),
        "text": lines,
    }


def completions_stream(client, model):
    text, last = "", {}
    for chunk in client.completions.create(model=model, prompt="Tell", stream=True):
        for choice in chunk.choices:
            text += choice.text
            if choice.finish_reason:
                last = choice_seen(choice, chunk)
    return {"text": text, **last}


def completions_whole(client, model):
    answer = client.completions.create(model=model, prompt="Tell")
    return {"text": answer.choices[0].text, **choice_seen(answer.choices[0], answer)}


def response_seen(answer):
    details = answer.incomplete_details
    calls = "".join(item.arguments for item in answer.output if item.type == "function_call")
    return {"text": answer.output_text, "arguments": calls, "status": answer.status,
            "reason": details.reason if details else None, "simblock": extra(answer, "simblock")}  # fmt: skip


def responses_stream(client, model):
    text, arguments, last = "", "", None
    for event in client.responses.create(model=model, input="Tell", stream=True, tools=RESPONSE_TOOLS):
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.function_call_arguments.delta":
            arguments += event.delta
        last = event
    seen = response_seen(last.response)
    return {**seen, "last": last.type, "heard": text, "heard_arguments": arguments}


def responses_whole(client, model):
    return response_seen(client.responses.create(model=model, input="Tell", tools=RESPONSE_TOOLS))


def responses_helper(client, model):
    with client.responses.stream(model=model, input="Tell") as stream:
        kinds = sorted({event.type for event in stream})
        answer = stream.get_final_response()
    return {**response_seen(answer), "kinds": kinds}


def responses_parse(client, model):
    answer = client.responses.parse(model=model, input="Tell", text_format=Note)
    return {"text": answer.output_parsed.text}


def asynchronous(url, model):
    async def ask():
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k") as client:
            text, finish = "", None
            stream = await client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
            async for chunk in stream:
                text += chunk.choices[0].delta.content or "" if chunk.choices else ""
                finish = chunk.choices[0].finish_reason or finish if chunk.choices else finish
            final = None
            async with client.responses.stream(model=model, input="Tell") as responses:
                async for event in responses:
                    final = event.type
        return {"text": text, "finish": finish, "last": final}

    return asyncio.run(ask())


WAYS = {
    "chat stream": chat_stream, "chat whole": chat_whole, "chat helper": chat_helper, "chat raw": chat_raw,
    "completions stream": completions_stream, "completions whole": completions_whole,
    "responses stream": responses_stream, "responses whole": responses_whole, "responses helper": responses_helper,
}  # fmt: skip
TOOL_WAYS = ("chat stream", "chat whole", "responses stream", "responses whole")
PARSE_WAYS = {"chat parse": chat_parse, "responses parse": responses_parse}


def tried(way, *arguments):
    """What a way of asking gave, or what it raised."""
    try:
        return {**way(*arguments), "raised": None}
    except Exception as error:
        return {"raised": type(error).__name__, "said": str(error)}


def seen(url):
    """What all ways of asking saw of a server."""
    made = {"version": openai.__version__}
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k") as client:
        for saying in ("copying", "clean"):
            for name, way in WAYS.items():
                made[f"{saying} {name}"] = tried(way, client, f"{saying} content {name}")
            for name in TOOL_WAYS:
                made[f"{saying} {name} of tools"] = tried(
                    WAYS[name], client, f"{saying} tool {name} of tools"
                )
            for name, way in PARSE_WAYS.items():
                made[f"{saying} {name}"] = tried(way, client, f"{saying} json {name}")
            made[f"{saying} async"] = tried(asynchronous, url, f"{saying} content async")
        made["copying reasoning"] = tried(chat_stream, client, "copying reasoning chat stream of reasoning")
    return made


if __name__ == "__main__":
    print(json.dumps(seen(sys.argv[1])))
