"""Chat Completions: which characters of a frame are text, in which stream, and what goes with them."""

import pytest
from openai.types.chat import ChatCompletionChunk

from simblock.wire.chat import CHAT
from simblock.wire.format import End, Request
from tests.wire.servers import LOGPROBS, SERVERS, SIGNATURE, TOKEN, call, chunk, copied, fields_of

LONG = "words that go on and on " * 8
CONTENT, REASONING, TOOL = ("content", 0, ""), ("reasoning", 0, ""), ("tool", 0, "0")


def wire(**asked):
    return CHAT.wire(Request(**asked))


def read(frame):
    return wire().read(None, copied(frame))


def texts(reading):
    return [(*found.channel, found.text) for found in reading.walked.texts if found.text]


SAID = [
    pytest.param({"content": "a"}, [(*CONTENT, "a")], id="content"),
    pytest.param({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                 [(*CONTENT, "a"), (*CONTENT, "b")], id="content in parts is one stream"),
    pytest.param({"content": [{"type": "refusal", "refusal": "a"}]}, [("refusal", 0, "", "a")], id="a part that refuses"),
    pytest.param({"refusal": "a"}, [("refusal", 0, "", "a")], id="refusal"),
    pytest.param({"reasoning_content": "a"}, [(*REASONING, "a")], id="reasoning of vLLM and DeepSeek"),
    pytest.param({"reasoning": "a", "reasoning_content": "a"},
                 [("reasoning", 0, "reasoning", "a"), (*REASONING, "a")], id="reasoning under two names: two streams"),
    pytest.param({"reasoning_details": [{"type": "reasoning.text", "text": "a", "index": 3}]},
                 [("reasoning", 0, "details3", "a")], id="reasoning in details"),
    pytest.param({"reasoning_details": [{"type": "reasoning.encrypted", "data": SIGNATURE}]}, [], id="sealed reasoning"),
    pytest.param(call("a"), [(*TOOL, "a")], id="arguments"),
    pytest.param(call("a", 2), [("tool", 0, "2", "a")], id="arguments of the third call"),
    pytest.param({"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "f", "input": "a"}}]},
                 [(*TOOL, "a")], id="input of a custom tool"),
    pytest.param({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": {"x": "a"}}}]},
                 [(*TOOL, '{"x": "a"}')], id="arguments that are an object"),
    pytest.param({"function_call": {"name": "f", "arguments": "a"}}, [("tool", 0, "function", "a")], id="the old field"),
    pytest.param({"audio": {"id": "audio_1", "transcript": "a"}}, [("content", 0, "audio", "a")], id="transcript"),
    pytest.param({"annotations": [{"type": "url_citation", "url_citation": {"url": "https://x.org", "title": "a"}}]},
                 [], id="a citation"),
    pytest.param({"images": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{SIGNATURE}"}}]}, [],
                 id="a picture"),
    pytest.param({"surprise": "a"}, [("unknown", 0, ".surprise", "a")], id="a field that nobody knows"),
    pytest.param({"surprise": [{"in": ["a"]}]}, [("unknown", 0, ".surprise", '[{"in": ["a"]}]'), ("unknown", 0, ".surprise+", "a")],
                 id="unknown, however deep: its JSON, and its strings joined"),
    pytest.param({"content": {"of": "a"}}, [("unknown", 0, ".content", '{"of": "a"}'), ("unknown", 0, ".content+", "a")],
                 id="content of a kind nobody knows"),
    pytest.param({"role": LONG}, [("unknown", 0, ".role", LONG)], id="a name too long for one"),
    pytest.param({"tool_calls": [{"index": 0, "function": {"name": LONG}}]}, [("unknown", 0, "0.name", LONG)],
                 id="a function's name too long for one"),
    pytest.param({"reasoning_details": [{"signature": LONG}]}, [("unknown", 0, "details0.signature", LONG)],
                 id="a signature that is words"),
    pytest.param({"content": None, "tool_calls": None, "audio": None, "refusal": None}, [], id="nulls"),
]  # fmt: skip


@pytest.mark.parametrize(("delta", "expected"), SAID)
def test_what_a_delta_says_and_in_which_stream(delta, expected):
    assert texts(read(chunk(delta))) == expected


@pytest.mark.parametrize(("delta", "expected"), SAID)
def test_a_message_of_a_whole_answer_says_the_same(delta, expected):
    value = chunk({})
    value["choices"][0]["message"] = value["choices"][0].pop("delta") | copied(delta)
    assert texts(wire().body(value)) == expected


@pytest.mark.parametrize(("delta", "source"), [(call("a"), True), ({"content": "a"}, False),
    ({"function_call": {"arguments": "a"}}, True), ({"tool_calls": [{"custom": {"input": "a"}}]}, False)])  # fmt: skip
def test_arguments_are_json_source_and_nothing_else_is(delta, source):
    assert [found.source for found in read(chunk(delta)).walked.texts] == [source]


@pytest.mark.parametrize("frame", [pytest.param(frame, id=f"{name} {place}")
                                   for name, frames in SERVERS.items() for place, frame in enumerate(frames)])  # fmt: skip
def test_servers_send_nothing_unknown_and_every_field_is_counted(frame):
    reading = read(frame)
    assert "unknown" not in {found.channel.name for found in reading.walked.texts}
    assert reading.walked.keys == fields_of(frame)


def test_names_and_what_nobody_knows_are_read_beside_the_texts():
    frame = chunk({"content": "a", "a name of no number": None, "role": "assistant"}, details={"one more": 2})
    assert {"a name of no number", "details", "assistant", "m"} <= set(read(frame).walked.asides)
    assert texts(read(frame)) == [(*CONTENT, "a"), ("unknown", 0, ".details", '{"one more": 2}')]


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_is_heard_to_say_a_word(server):
    said = [text for frame in SERVERS[server] for name, *_, text in texts(read(frame)) if name == "content"]
    assert said == [" word"]


def test_chosen_tokens_are_a_stream_and_their_log_probabilities_go_with_the_text():
    frame = chunk({"content": " word"}, logprobs=LOGPROBS)
    reading = read(frame)
    assert texts(reading) == [(*CONTENT, " word"), ("logprobs", 0, "content", " word")]
    assert reading.ahead == ()
    assert [side.key for side in reading.walked.sides] == ["logprobs"]


def test_log_probabilities_are_taken_out_whole():
    frame = chunk({"content": " word"}, logprobs=copied(LOGPROBS), token_ids=[5])
    for side in wire().read(None, frame).walked.sides:
        side.drop()
    assert frame["choices"][0]["logprobs"] is frame["choices"][0]["token_ids"] is None
    ChatCompletionChunk.model_validate(frame)


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param({"token_ids": [5, 6]}, id="token ids"),
        pytest.param(
            {"logprobs": {"content": [{**TOKEN, "token": "token_id:5", "top_logprobs": []}]}},
            id="ids for tokens",
        ),
    ],
)
def test_what_cannot_be_read_waits_for_the_text_that_it_may_spell(beside):
    assert read(chunk({"content": ""}, **beside)).ahead == (0,)


def test_sound_waits_for_text_too():
    assert read(chunk({"audio": {"data": SIGNATURE}})).ahead == (0,)


def test_the_ids_of_the_prompt_are_the_clients():
    reading = read({**chunk({}, prompt_token_ids=[1, 2]), "prompt_token_ids": [1, 2]})
    assert (reading.walked.sides, reading.ahead) == ([], ())


def test_several_choices_in_one_frame():
    frame = chunk({"content": "a"})
    frame["choices"] += chunk({"content": "b"}, "length", choice=3)["choices"]
    reading = read(frame)
    assert texts(reading) == [(*CONTENT, "a"), ("content", 3, "", "b")]
    assert (reading.choices, reading.ends) == ((0, 3), (End(3),))


def test_choices_without_an_index_have_their_places():
    frame = chunk({"content": "a"})
    frame["choices"] = [{"delta": {"content": one}} for one in "ab"]
    assert texts(read(frame)) == [(*CONTENT, "a"), ("content", 1, "", "b")]


def test_an_error_in_mid_stream_is_text_like_any_other():
    frame = {"error": {"message": LONG, "type": "server_error", "code": 500, "param": None}}
    assert texts(read(frame)) == [("unknown", 0, ".message", LONG)]


@pytest.mark.parametrize(("choices", "said"), [
    ("no list", ["no list"]), ({"index": 0}, ['{"index": 0}']), (["a"], ["a"]), ([None], []), ([7], []), ({}, [])])  # fmt: skip
def test_odd_choices_are_read_and_nothing_is_raised(choices, said):
    frame = {**chunk({}), "choices": choices}
    assert [text for *_, text in texts(read(frame))] == said
