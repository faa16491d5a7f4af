"""Chat Completions: which characters of a frame are text, how a choice ends, what a request says."""

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from simblock.errors import InputError
from simblock.match import Match, Span
from simblock.response import Turn
from simblock.wire.chat import CHAT
from simblock.wire.format import NOTICE, End, Request, Told
from simblock.wire.shapes import Channel
from simblock.work import Work
from tests.wire.servers import LOGPROBS, SERVERS, SIGNATURE, TOKEN, USAGE, call, chunk, copied, fields_of

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
    pytest.param({"surprise": [{"in": ["a"]}]}, [("unknown", 0, ".surprise.0.in.0", "a")], id="unknown, however deep"),
    pytest.param({"content": {"of": "a"}}, [("unknown", 0, ".content.of", "a")], id="content of a kind nobody knows"),
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
    assert not reading.walked.opaque


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


@pytest.mark.parametrize("choices", ["no list", {"index": 0}, ["a"], [None], [7]])
def test_odd_choices_are_read_and_nothing_is_raised(choices):
    frame = {**chunk({}), "choices": choices}
    found = [text for *_, text in texts(read(frame))]
    assert found == ([choices] if isinstance(choices, str) else ["a"] if choices == ["a"] else [])


# ---- ends


def match(kind="text", license="CC-BY-4.0", url="https://example.org/w"):
    work = Work("w", title="A work", owner="someone", license=license, url=url)
    return Match(work, "i", "exact", 1.0, 40, 40, 300.0, Span(3, 90), Span(0, 87), (Span(1, 1), Span(1, 1)),
                 ((3, 90, 0, 87),), "default", "cite", kind=kind)  # fmt: skip


TOLD = Told("rep-1")
STOPS = [Told("rep-1", style=style, notice=notice, kinds=kinds, reason=reason)
         for style in ("filter", "stop") for notice in ("", NOTICE) for kinds in (("text",), ("text", "code"))
         for reason in ("protected", "unavailable")]  # fmt: skip


def ended(told, *frames, **asked):
    """What a response that has gone so far ends with."""
    one = wire(model="m", **asked)
    for frame in frames:
        one.read(None, copied(frame))
        one.sent(copied(frame))
    return [frame.value for frame in one.end(0, told, [])], one


@pytest.mark.parametrize("told", STOPS)
@pytest.mark.parametrize(
    "frames",
    [(), SERVERS["openai"], SERVERS["vllm"], SERVERS["azure"][:1]],
    ids=["at once", "openai", "vllm", "azure"],
)
def test_the_sdk_takes_every_frame_of_an_end(told, frames):
    values, one = ended(told, *frames, usage=True)
    made = [*values, *(frame.value for frame in one.say(1, "more")), *(frame.value for frame in one.finish(1, told)),
            *(frame.value for frame in one.finish(1, None)), *(frame.value for frame in one.close()[:-1])]  # fmt: skip
    for value in made:
        ChatCompletionChunk.model_validate(value)
    assert len({value["id"] for value in made}) == 1


@pytest.mark.parametrize(("style", "calls", "reason"), [
    ("filter", False, "content_filter"), ("stop", False, "stop"),
    ("filter", True, "content_filter"), ("stop", True, "content_filter"),
])  # fmt: skip
def test_a_choice_that_called_a_tool_ends_as_filtered_in_either_style(style, calls, reason):
    frames = [chunk(call('{"a": "')) if calls else chunk({"content": "a"})]
    values, _ = ended(Told("rep-1", style=style, notice=NOTICE), *frames)
    assert [value["choices"][0]["delta"] for value in values] == [{"content": NOTICE}, {}]
    last = values[-1]
    assert last["choices"][0]["finish_reason"] == reason
    assert last["choices"][0]["content_filter_results"] == {
        "protected_material_text": {"detected": True, "filtered": True}
    }
    assert last["simblock"] == {"report_id": "rep-1", "action": "stop", "reason": "protected", "retry": False}
    assert (last["id"], last["model"]) == ("chatcmpl-1", "m")


def test_without_a_notice_nothing_is_said():
    values, _ = ended(TOLD, chunk({"content": "a"}))
    assert [value["choices"][0]["delta"] for value in values] == [{}]


def test_a_call_that_got_no_arguments_cannot_be_read_as_one_without_any():
    opened = {
        "tool_calls": [
            {"index": 1, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
        ]
    }
    values, _ = ended(TOLD, chunk(call("{}")), chunk(opened))
    assert values[0]["choices"][0]["delta"] == call("{", 1)
    assert values[0]["choices"][0]["finish_reason"] is None


def test_what_went_out_counts_and_not_what_came():
    one = wire()
    one.read(None, chunk(call("{")))
    assert one.end(0, Told("r", style="stop"), [])[-1].value["choices"][0]["finish_reason"] == "stop"


def test_servers_that_name_no_tool_with_null_call_none():
    values, _ = ended(
        Told("r", style="stop"), chunk({"content": "a", "tool_calls": None, "function_call": None})
    )
    assert values[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("asked", "seen", "sent"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_the_last_usage_is_sent_where_it_was_asked_for_and_is_known(asked, seen, sent):
    one = wire(usage=asked)
    one.read(None, {**chunk({"content": "a"}), **({"usage": USAGE} if seen else {})})
    *usage, done = one.close()
    assert done.data == b"[DONE]"
    assert [(frame.value["choices"], frame.value["usage"]) for frame in usage] == (
        [([], USAGE)] if sent else []
    )


def test_citations_name_licence_and_address_and_the_field_names_all_sources():
    told = Told("r", action="cite", kinds=("text", "code"), sources=(match(), match("code", "MIT"), match()))
    frame = chunk({}, "stop", content_filter_results={"hate": {"filtered": False}})
    wire().annotate(frame, 0, told)
    assert frame["choices"][0]["content_filter_results"] == {
        "hate": {"filtered": False},
        "protected_material_text": {"detected": True, "filtered": False,
                                    "citation": {"URL": "https://example.org/w", "license": "CC-BY-4.0"}},
        "protected_material_code": {"detected": True, "filtered": False,
                                    "citation": {"URL": "https://example.org/w", "license": "MIT"}},
    }  # fmt: skip
    assert [source["license"] for source in frame["simblock"]["sources"]] == ["CC-BY-4.0", "MIT", "CC-BY-4.0"]
    assert frame["simblock"]["sources"][0] == {
        "id": "w", "title": "A work", "owner": "someone", "license": "CC-BY-4.0", "url": "https://example.org/w",
        "kind": "text", "spans": [[3, 90]],
    }  # fmt: skip
    ChatCompletionChunk.model_validate(frame)


def test_sources_stand_where_they_were_found_and_those_of_all_choices_are_told():
    frame = chunk({}, "stop")
    frame["choices"] += chunk({}, "stop", choice=1)["choices"]
    one = wire()
    for choice, channel in enumerate([Channel("content"), Channel("tool", 1, "0")]):
        one.annotate(frame, choice, Told("r", action="cite", sources=(match(),), channels=(channel,)))
    places = [
        {name: source.get(name) for name in ("choice", "channel", "part")}
        for source in frame["simblock"]["sources"]
    ]
    assert places == [
        {"choice": 0, "channel": "content", "part": None}, {"choice": 1, "channel": "tool", "part": "0"},
    ]  # fmt: skip


def test_a_field_of_that_name_from_the_upstream_is_no_trouble():
    for odd in ("text", {"report_id": "other", "action": "stop", "sources": 3}, {"action": "odd"}):
        frame = {**chunk({}, "stop"), "simblock": odd}
        wire().annotate(frame, 0, Told("r"))
        assert frame["simblock"] == Told("r").field


def test_a_work_without_licence_and_address_is_not_cited():
    frame = chunk({}, "stop")
    wire().annotate(frame, 0, Told("r", action="cite", sources=(match(license=None, url=None),)))
    result = frame["choices"][0]["content_filter_results"]["protected_material_text"]
    assert result == {"detected": True, "filtered": False}


def test_what_could_not_be_checked_is_not_said_to_be_protected():
    values, _ = ended(Told("r", reason="unavailable", retry=True))
    assert set(values[-1]["choices"][0]["content_filter_results"]) == {"error"}
    assert values[-1]["simblock"]["retry"] is True


def test_of_two_choices_in_one_frame_the_field_is_the_severer_one():
    frame = chunk({}, "stop")
    frame["choices"] += chunk({}, "stop", choice=1)["choices"]
    one = wire()
    one.annotate(frame, 0, Told("r", action="redact"))
    one.annotate(frame, 1, Told("r", action="cite"))
    assert frame["simblock"]["action"] == "redact"
    filtered = [
        choice["content_filter_results"]["protected_material_text"]["filtered"] for choice in frame["choices"]
    ]
    assert filtered == [True, False]


def test_a_frame_that_was_cut_ends_nothing():
    frame = chunk({"content": "a"}, "stop", stop_reason="###")
    wire().reopen(frame, 0)
    assert frame["choices"][0]["finish_reason"] is None
    assert "###" not in json.dumps(frame)
    ChatCompletionChunk.model_validate(frame)


def test_a_frame_without_a_choice_keeps_the_others_as_they_are():
    frame = chunk({"content": "a"})
    frame["choices"] += chunk({"content": "b"}, choice=1)["choices"]
    other = frame["choices"][1]
    assert wire().without(frame, 0)["choices"] == [other]
    assert wire().without(frame, 0)["choices"][0] is other
    assert wire().without(frame, 1) is None


def test_choices_that_had_no_index_get_one_when_their_places_change():
    frame = {**chunk({}), "choices": [{"delta": {"content": one}} for one in "ab"]}
    assert wire().without(frame, 0)["choices"] == [{"delta": {"content": "b"}, "index": 1}]


def test_a_frame_of_no_choice_is_left_alone():
    frame = {**chunk({}), "choices": [], "usage": USAGE}
    assert wire().without(frame, 0) is frame


# ---- whole answers


def function(arguments, name="f"):
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}


CUSTOM = {"id": "call_c", "type": "custom", "custom": {"name": "c", "input": "print("}}


def whole(message, finish="stop", **beside):
    entry = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **beside}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [entry],
        "usage": USAGE,
    }


@pytest.mark.parametrize("told", STOPS)
@pytest.mark.parametrize("message", [
    {"content": "safe"}, {"content": None}, {"content": "", "tool_calls": [function("{"), CUSTOM]},
    {"content": None, "audio": {"id": "a", "data": None, "expires_at": 1, "transcript": "safe"}},
    {"content": None, "function_call": {"name": "f", "arguments": "{"}},
])  # fmt: skip
def test_the_sdk_takes_every_answer_that_was_stopped(told, message):
    value = whole(copied(message), logprobs=None)
    wire().end_body(value, 0, told)
    answer = ChatCompletion.model_validate(value)
    expected = f"{message['content'] or ''}{told.notice}" or message["content"]
    assert answer.choices[0].message.content == expected
    assert value["simblock"]["report_id"] == "rep-1"


@pytest.mark.parametrize(("calls", "left"), [
    pytest.param([function('{"a": 1}'), function('{"a": "')], 1, id="calls before the one that was cut stay"),
    pytest.param([function('{"a": "'), function("{}")], 0, id="calls after it go"),
    pytest.param([function("")], 0, id="no arguments are not none"),
    pytest.param([function("{}"), CUSTOM], 1, id="the program of a custom tool goes"),
    pytest.param([function("{}"), function("{}")], 0, id="where the cut is elsewhere none was to be made"),
    pytest.param([{"function": {"name": "f", "arguments": {}}}], 0, id="an object that was emptied"),
    pytest.param(["odd", None], 0, id="odd calls"),
])  # fmt: skip
def test_no_call_of_a_stopped_answer_can_be_run(calls, left):
    value = whole({"content": None, "tool_calls": copied(calls)}, "tool_calls")
    wire().end_body(value, 0, Told("r", style="stop"))
    assert len(value["choices"][0]["message"].get("tool_calls", [])) == left
    assert value["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("action", ["redact", "replace", "cite"])
def test_an_answer_that_was_changed_ends_as_it_did(action):
    value = whole({"content": None, "tool_calls": [function("{}")]}, "tool_calls")
    wire().end_body(value, 0, Told("r", action=action, notice=NOTICE))
    assert value["choices"][0]["finish_reason"] == "tool_calls"
    assert value["choices"][0]["message"]["tool_calls"] == [function("{}")]
    assert NOTICE not in json.dumps(value)


def test_a_notice_in_content_of_parts_is_a_part():
    value = whole({"content": [{"type": "text", "text": "safe"}]})
    wire().end_body(value, 0, Told("r", notice=NOTICE))
    assert value["choices"][0]["message"]["content"][-1] == {"type": "text", "text": NOTICE}


def test_another_answer_is_all_that_a_choice_says():
    value = whole(
        {"content": "old", "reasoning": "old", "tool_calls": [function("old")]},
        "tool_calls",
        logprobs=LOGPROBS,
    )
    wire().put(value, 0, "new")
    assert "old" not in json.dumps(value)
    answer = ChatCompletion.model_validate(value).choices[0]
    assert (answer.message.content, answer.finish_reason, answer.logprobs) == ("new", "stop", None)


def test_a_whole_answer_has_its_choices_and_their_ends():
    value = whole({"content": "a"})
    value["choices"].append({**copied(value["choices"][0]), "index": 1})
    reading = wire().body(value)
    assert (reading.choices, reading.ends) == ((0, 1), (End(0), End(1)))
    assert reading.walked.keys == fields_of(value)


# ---- requests


def asked(**fields):
    return {"model": "m", "messages": [{"role": "user", "content": "q"}], **fields}


@pytest.mark.parametrize(("fields", "expected"), [
    ({}, Request((Turn("user", "q"),), model="m")),
    ({"stream": True, "n": 3}, Request((Turn("user", "q"),), True, 3, "m")),
    ({"stream": True, "stream_options": {"include_usage": True}}, Request((Turn("user", "q"),), True, 1, "m", usage=True)),
    ({"stream": "true", "n": "2"}, Request((Turn("user", "q"),), True, 2, "m")),
    ({"stream": None, "n": None, "model": None, "stream_options": None}, Request((Turn("user", "q"),))),
    ({"stream": [], "n": {}, "model": 7, "stream_options": 3}, Request((Turn("user", "q"),))),
    ({"n": 0}, Request((Turn("user", "q"),), model="m")),
    ({"prediction": {"type": "content", "content": "p"}},
     Request((Turn("user", "content\np"), Turn("user", "q")), model="m")),
    ({"tools": [{"function": {"description": "d"}}]}, Request((Turn("user", "d"), Turn("user", "q")), model="m")),
    ({"messages": None}, Request(model="m")),
])  # fmt: skip
def test_what_a_request_asks_for(fields, expected):
    assert CHAT.request(asked(**fields)) == expected


@pytest.mark.parametrize(("value", "named"), [
    (["secret"], "the request: "), ("secret", "the request: "), (None, "the request: "),
    (asked(messages="secret"), "messages: "), (asked(messages=["secret"]), r"messages\[0\]: "),
])  # fmt: skip
def test_a_request_that_cannot_be_read_is_named_without_its_text(value, named):
    with pytest.raises(InputError, match=named) as refused:
        CHAT.request(value)
    assert "secret" not in str(refused.value)


USER, NOTE = {"role": "user", "content": "q"}, "go on"


@pytest.mark.parametrize(("messages", "said", "expected"), [
    pytest.param([USER], "a", [USER, {"role": "assistant", "content": "a"}, {"role": "user", "content": NOTE}], id="said"),
    pytest.param([USER], "", [{"role": "user", "content": f"q\n\n{NOTE}"}], id="nothing said: one turn of the user's"),
    pytest.param([{"role": "user", "content": [{"type": "text", "text": "q"}]}], "",
                 [{"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "text", "text": NOTE}]}], id="parts"),
    pytest.param([USER, {"role": "assistant", "content": "b", "prefix": True}], "a",
                 [USER, {"role": "assistant", "content": "ba"}, {"role": "user", "content": NOTE}], id="an answer begun"),
    pytest.param([{"role": "tool", "tool_call_id": "t", "content": "r"}], "",
                 [{"role": "tool", "tool_call_id": "t", "content": "r"}, {"role": "user", "content": NOTE}], id="a result"),
    pytest.param([], "a", [{"role": "assistant", "content": "a"}, {"role": "user", "content": NOTE}], id="no messages"),
])  # fmt: skip
def test_asked_again_the_turns_alternate(messages, said, expected):
    value = asked(messages=copied(messages))
    assert CHAT.again(value, said, NOTE)["messages"] == expected
    assert value == asked(messages=messages)


def test_asked_again_it_is_one_whole_answer_of_text_with_its_tools():
    value = asked(stream=True, stream_options={}, n=3, logprobs=True, top_logprobs=2, return_token_ids=True, tools=[1],
                  temperature=0, seed=3)  # fmt: skip
    made = CHAT.again(value, "", NOTE)
    assert {name: one for name, one in made.items() if name != "messages"} == {
        "model": "m", "stream": False, "n": 1, "tools": [1], "temperature": 0, "seed": 3,
    }  # fmt: skip


def test_what_has_no_messages_cannot_be_asked_again():
    with pytest.raises(InputError, match="messages"):
        CHAT.again({"model": "m"}, "", NOTE)


@pytest.mark.parametrize(("value", "expected"), [
    (whole({"content": "a"}), "a"), (whole({"content": [{"type": "text", "text": "a"}, {"text": "b"}]}), "ab"),
    (whole({"content": None}), None), (whole({"content": ""}), None), ({}, None), ({"choices": []}, None),
    ({"choices": [None]}, None), ({"error": {"message": "no"}}, None), (whole({"tool_calls": []}), None),
])  # fmt: skip
def test_the_text_of_an_answer(value, expected):
    assert CHAT.answer(value) == expected
