"""What a client reads of an answer: an independent reading of the four wire formats."""

import json
import re
from collections import defaultdict

BREAK = re.compile(rb"\r\n|\r|\n")


def events(raw):
    """(type, data) of the events of an SSE stream; data as JSON, or as text where it is none."""
    made, kind, data = [], None, []
    for line in [*BREAK.split(raw), b""]:
        if line == b"":
            if data:
                made.append((kind, _json(b"\n".join(data))))
            kind, data = None, []
        elif line.startswith(b"event:"):
            kind = line[6:].strip().decode()
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
    return made


def _json(data):
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def heard(format, raw, *, whole=False):
    """What is said of each (channel, choice); of tools the source of their arguments."""
    values = [json.loads(raw)] if whole else [value for _, value in events(raw) if isinstance(value, dict)]
    said = defaultdict(str)
    for value in values:
        for channel, choice, text in READERS[format, whole](value):
            said[channel, choice] += text
    return {key: text for key, text in said.items() if text}


def _chat(value, place="delta"):
    for choice in value.get("choices", ()):
        said = choice.get(place) or {}
        index = choice.get("index", 0)
        for channel in ("content", "refusal"):
            yield channel, index, said.get(channel) or ""
        yield "reasoning", index, said.get("reasoning_content") or said.get("reasoning") or ""
        for call in said.get("tool_calls") or ():
            yield "tool", index, (call.get("function") or {}).get("arguments") or ""
        yield "function", index, (said.get("function_call") or {}).get("arguments") or ""


def _chat_body(value):
    return _chat(value, "message")


def _completions(value):
    for choice in value.get("choices", ()):
        yield "content", choice.get("index", 0), choice.get("text") or ""


RESPONSES = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "summary",
    "response.function_call_arguments.delta": "tool",
    "response.custom_tool_call_input.delta": "custom",
}


def _responses(value):
    if channel := RESPONSES.get(value.get("type")):
        yield channel, 0, value["delta"]


PARTS = {
    "output_text": ("content", "text"),
    "refusal": ("refusal", "refusal"),
    "reasoning_text": ("reasoning", "text"),
}


def _responses_body(value):
    for item in value["output"]:
        for part in item.get("content") or ():
            channel, field = PARTS[part["type"]]
            yield channel, 0, part[field]
        if item["type"] == "reasoning":
            yield from (("summary", 0, part["text"]) for part in item["summary"])
        yield "tool", 0, item.get("arguments") or ""
        yield "custom", 0, item.get("input") or ""


MESSAGES = {
    "text_delta": ("content", "text"),
    "thinking_delta": ("reasoning", "thinking"),
    "input_json_delta": ("tool", "partial_json"),
}


def _messages(value):
    channel, field = MESSAGES.get((value.get("delta") or {}).get("type"), (None, None))
    if channel:
        yield channel, 0, value["delta"][field]


def _messages_body(value):
    for block in value["content"]:
        yield "content", 0, block.get("text") or ""
        yield "reasoning", 0, block.get("thinking") or ""
        if block["type"] == "tool_use":
            yield "tool", 0, json.dumps(block["input"], ensure_ascii=False)


READERS = {
    ("chat", False): _chat,
    ("chat", True): _chat_body,
    ("completions", False): _completions,
    ("completions", True): _completions,
    ("responses", False): _responses,
    ("responses", True): _responses_body,
    ("messages", False): _messages,
    ("messages", True): _messages_body,
}


def strings(raw):
    """Every string anywhere in what went out, joined: keys and values, the JSON in strings read too.

    Pieces of one field stand together: what deltas say one after the other is one text. Then come all strings in
    their order, joined by nothing and by lines, the bytes of log probabilities decoded, and the raw text.
    """
    fields = defaultdict(str)
    order = []
    for value in _values(raw):
        _gather(value, "", fields, order)
    for place in [place for place in fields if place.endswith(".bytes")]:
        fields[place] = fields[place].encode("latin-1").decode("utf-8", "replace")
    decoded = [_decoded(text) for text in fields.values()]
    return "\n".join(
        [*fields.values(), *decoded, "".join(order), "\n".join(order), raw.decode("utf-8", "replace")]
    )


def _values(raw):
    try:
        return [json.loads(raw)]
    except ValueError:
        return [data for _, data in events(raw)]


def _gather(value, place, fields, order):
    if isinstance(value, str):
        fields[place] += value
        order.append(value)
    elif isinstance(value, dict):
        number = f"#{value['index']}" if isinstance(value.get("index"), int) else ""
        for key, inner in value.items():
            order.append(key)
            fields[f"{place}{number} keys"] += key
            _gather(inner, f"{place}{number}.{key}", fields, order)
    elif isinstance(value, list):
        if place.endswith(".bytes"):
            fields[place] += bytes(value).decode("latin-1")
        for inner in value:
            _gather(inner, f"{place}[]", fields, order)


def _decoded(source):
    """JSON source read as far as it goes, as a leak in escapes is one too."""
    return (
        re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), source)
        .replace("\\n", "\n")
        .replace('\\"', '"')
    )
