"""Frames as servers send them, in the order of a stream: what each adds to OpenAI's own."""

import json


def chunk(delta, finish=None, *, choice=0, **beside):
    """A frame of Chat Completions with one choice; ``beside``: more fields of the choice."""
    entry = {"index": choice, "delta": delta, "finish_reason": finish, **beside}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [entry],
    }


def text(said, finish=None, *, choice=0, **beside):
    """The same of Completions."""
    entry = {"index": choice, "text": said, "finish_reason": finish, **beside}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [entry]}


def call(arguments, number=0, **beside):
    """A delta with arguments of a tool."""
    return {"tool_calls": [{"index": number, **beside, "function": {"arguments": arguments}}]}


USAGE = {
    "prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "accepted_prediction_tokens": 0},
}  # fmt: skip
TOKEN = {"token": " word", "logprob": -0.1, "bytes": [32, 119, 111, 114, 100]}
LOGPROBS = {"content": [{**TOKEN, "top_logprobs": [TOKEN, {**TOKEN, "token": " sword"}]}], "refusal": None}
PADDING = "Zq3vLw9TbY0aXr"
SIGNATURE = "QmFzZTY0K2xvbmc/" * 20

OPENAI = [
    {**chunk({"role": "assistant", "content": "", "refusal": None}), "service_tier": "default",
     "system_fingerprint": "fp_44709d6fcb", "obfuscation": PADDING, "usage": None},
    {**chunk({"content": " word"}, logprobs=LOGPROBS), "obfuscation": PADDING * 20, "usage": None},
    chunk({"role": "assistant", "content": None, "tool_calls": [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ""}}]}),
    chunk(call('{"q": "')),
    chunk({}, "stop"),
    {**chunk({}), "choices": [], "usage": USAGE},
]  # fmt: skip
VLLM = [
    {**chunk({"role": "assistant", "content": ""}, logprobs=None), "prompt_token_ids": [1, 2, 3]},
    chunk({"reasoning": "Hm", "reasoning_content": "Hm"}, logprobs=None, token_ids=[7]),
    {**chunk({"content": " word"}, logprobs=LOGPROBS, token_ids=[5]), "usage": USAGE},
    chunk({"content": ""}, "stop", logprobs=None, stop_reason="###", token_ids=[2]),
    {**chunk({}), "choices": [], "usage": USAGE},
]
LLAMA_CPP = [
    {**chunk({"role": "assistant", "content": None}), "system_fingerprint": "b6700-1a2b3c"},
    chunk(
        {"content": " word"}, logprobs={"content": [{"id": 5, **TOKEN, "top_logprobs": [{"id": 5, **TOKEN}]}]}
    ),
    {
        **chunk({}, "stop"),
        "usage": USAGE,
        "timings": {"prompt_n": 9, "prompt_ms": 12.5, "predicted_per_second": 41.0},
    },
]
OLLAMA = [
    {**chunk({"role": "assistant", "content": "", "reasoning": "Hm"}), "system_fingerprint": "fp_ollama"},
    {**chunk({"role": "assistant", "content": " word"}), "system_fingerprint": "fp_ollama"},
    {**chunk({"role": "assistant", "content": ""}, "stop"), "system_fingerprint": "fp_ollama"},
]
DEEPSEEK = [
    chunk({"role": "assistant", "content": None, "reasoning_content": "Hm"}, logprobs=None),
    chunk({"content": " word", "reasoning_content": None}, logprobs=None),
    {**chunk({"content": "", "reasoning_content": None}, "stop", logprobs=None),
     "usage": {**USAGE, "prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 9}},
]  # fmt: skip
OPENROUTER = [
    {**chunk({"role": "assistant", "content": "", "reasoning": "Hm", "reasoning_details": [
        {"type": "reasoning.text", "text": "Hm", "format": "anthropic-claude-v1", "index": 0, "signature": None}]},
        native_finish_reason=None), "provider": "Anthropic"},
    chunk({"content": "", "reasoning_details": [
        {"type": "reasoning.encrypted", "data": SIGNATURE, "id": "r1", "format": "openai-responses-v1", "index": 1}]}),
    {**chunk({"content": " word"}, "stop", native_finish_reason="end_turn"), "provider": "Anthropic"},
]  # fmt: skip
MISTRAL = [
    chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}),
    chunk(
        {"content": [{"type": "text", "text": " word"}, {"type": "reference", "reference_ids": [1]}]}, "stop"
    ),
]
AZURE = [
    {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [
        {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}]},
    chunk({"content": " word"}, content_filter_results={"hate": {"filtered": False, "severity": "safe"}}),
    chunk({}, "stop", content_filter_offsets={"check_offset": 1, "start_offset": 0, "end_offset": 5}),
]  # fmt: skip
SERVERS = {
    "openai": OPENAI, "vllm": VLLM, "llama.cpp": LLAMA_CPP, "ollama": OLLAMA, "deepseek": DEEPSEEK,
    "openrouter": OPENROUTER, "mistral": MISTRAL, "azure": AZURE,
}  # fmt: skip


def whole(message, finish="stop", **beside):
    """A whole answer of Chat Completions."""
    entry = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **beside}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [entry],
        "usage": USAGE,
    }


def copied(value):
    """A frame that may be changed."""
    return json.loads(json.dumps(value))


def fields_of(value):
    """How many fields all objects have together."""
    if isinstance(value, dict):
        return len(value) + sum(fields_of(one) for one in value.values())
    return sum(fields_of(one) for one in value) if isinstance(value, list) else 0
