"""Whole answers of the four wire formats, and the items of them that their streams repeat."""

import json
import zlib

USAGE = {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}
CREATED = 1795665600


def body(format, channel, text, *, choices=1, logprobs=False, ids=False, reasoning="reasoning_content"):
    """The body of an answer that says ``text`` in ``channel``; a tool's text is JSON source."""
    return answer(format, [(channel, text)], choices=choices, logprobs=logprobs, ids=ids, reasoning=reasoning)


def answer(format, parts, *, choices=1, logprobs=False, ids=False, reasoning="reasoning_content"):
    """The same of several channels: ``parts`` are pairs of channel and text."""
    if format == "chat":
        value = chat(parts, choices, logprobs, ids, reasoning)
    elif format == "completions":
        value = completions(parts, choices, logprobs, ids)
    elif format == "responses":
        value = responses(
            [item(n, *part, logprobs) for n, part in enumerate(parts)], "completed", RESPONSES_USAGE
        )
    else:
        value = message([block(*part) for part in parts], ends(parts, "tool_use", "end_turn"))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def ends(parts, tool, else_):
    """How an answer ends: otherwise where the last thing in it is a call."""
    return tool if parts[-1][0] == "tool" else else_


def token(piece):
    """A number for a piece, as a tokeniser would have one."""
    return zlib.crc32(piece.encode()) % 50000


def logprob(piece, *, beside=True):
    """What log probabilities say of one token."""
    made = {"token": piece, "logprob": -0.25, "bytes": list(piece.encode())}
    return {**made, "top_logprobs": [logprob(piece, beside=False)]} if beside else made


def tokens(text):
    return [text[at : at + 5] for at in range(0, len(text), 5)]


# ---- OpenAI Chat Completions and Completions


def chat(parts, choices, logprobs, ids, reasoning):
    said = {"role": "assistant", "content": None, "refusal": None}
    spelled = {}
    for channel, text in parts:
        said |= _chat_part(channel, text, reasoning)
        if channel in {"content", "refusal"}:
            spelled[channel] = [logprob(one) for one in tokens(text)]
    finish = "function_call" if parts[-1][0] == "function" else ends(parts, "tool_calls", "stop")
    made = []
    for number in range(choices):
        choice = {"index": number, "message": said, "logprobs": None, "finish_reason": finish}
        if logprobs:
            choice["logprobs"] = {"content": None, "refusal": None, **spelled}
        made.append({**choice, "token_ids": _ids(parts)} if ids else choice)
    value = {"id": "chatcmpl-9f31", "object": "chat.completion", "created": CREATED, "model": "m"}
    return {**value, "system_fingerprint": "fp_44709d6fcb", "choices": made, "usage": USAGE}


def _chat_part(channel, text, reasoning):
    call = {"name": "write", "arguments": text}
    if channel == "tool":
        return {"tool_calls": [{"id": "call_0a1b2c", "type": "function", "function": call}]}
    if channel == "function":
        return {"function_call": call}
    return {reasoning if channel == "reasoning" else channel: text}


def _ids(parts):
    return [token(one) for _, text in parts for one in tokens(text)]


def completions(parts, choices, logprobs, ids):
    text = "".join(text for _, text in parts)
    made = []
    for number in range(choices):
        choice = {"index": number, "text": text, "logprobs": None, "finish_reason": "stop"}
        if logprobs:
            choice["logprobs"] = text_logprobs(tokens(text), 0)
        made.append({**choice, "token_ids": _ids(parts)} if ids else choice)
    value = {"id": "cmpl-77", "object": "text_completion", "created": CREATED, "model": "m"}
    return {**value, "choices": made, "usage": USAGE}


def text_logprobs(said, at):
    """The log probabilities of Completions: ``said`` are tokens, the first at ``at``."""
    offsets = [at + sum(map(len, said[:number])) for number in range(len(said))]
    return {
        "tokens": said, "token_logprobs": [-0.25] * len(said), "top_logprobs": [{one: -0.25} for one in said],
        "text_offset": offsets,
    }  # fmt: skip


# ---- OpenAI Responses

RESPONSES_USAGE = {
    "input_tokens": 7, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}, "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 16,
}  # fmt: skip


def responses(output, status, usage=None, model="m"):
    return {
        "id": "resp_01", "object": "response", "created_at": CREATED, "status": status, "error": None,
        "incomplete_details": None, "instructions": None, "max_output_tokens": None, "model": model,
        "output": output, "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [],
        "top_p": 1.0, "metadata": {}, "usage": usage,
    }  # fmt: skip


def item(number, channel, text, logprobs=False):
    """An item of the output: begun where ``text`` is None, else finished."""
    status = "in_progress" if text is None else "completed"
    if channel in {"content", "refusal"}:
        content = [] if text is None else [part(channel, text, logprobs)]
        made = {"id": f"mes_{number}", "type": "message", "role": "assistant", "status": status}
        return {**made, "content": content}
    if channel in {"reasoning", "summary"}:
        parts = [] if text is None else [part(channel, text, False)]
        made = {"id": f"rea_{number}", "type": "reasoning", "summary": [], "content": []}
        return {**made, "summary" if channel == "summary" else "content": parts}
    if channel == "tool":
        made = {"id": f"fun_{number}", "type": "function_call", "call_id": "call_0a1b2c", "name": "write"}
        return {**made, "arguments": text or "", "status": status}
    return {
        "id": f"cus_{number}", "type": "custom_tool_call", "call_id": "call_0a1b2c", "name": "write",
        "input": text or "",
    }  # fmt: skip


def part(channel, text, logprobs):
    """A part of an item, whole."""
    if channel == "content":
        spelled = [logprob(one) for one in tokens(text)] if logprobs else []
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": spelled}
    if channel == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "summary_text" if channel == "summary" else "reasoning_text", "text": text}


# ---- Anthropic Messages


def message(content, stop_reason, model="m", tokens=9):
    usage = {"input_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return {
        "id": "msg_01", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop_reason, "stop_sequence": None, "usage": {**usage, "output_tokens": tokens},
    }  # fmt: skip


def block(channel, text):
    """A block of the content: begun where ``text`` is None, else whole."""
    if channel == "content":
        return {"type": "text", "text": text or ""}
    if channel == "reasoning":
        signature = "" if text is None else "EqQBCgIYAhIM1gbcDa9GJwZA"
        return {"type": "thinking", "thinking": text or "", "signature": signature}
    made = {"type": "tool_use", "id": "toolu_01", "name": "write"}
    return {**made, "input": {} if text is None else json.loads(text)}
