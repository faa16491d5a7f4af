"""Chat Completions: how a choice that was acted upon ends, streamed and whole."""

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from simblock.match import Match, Span
from simblock.wire.chat import CHAT
from simblock.wire.format import NOTICE, End, Request, Told
from simblock.wire.shapes import Channel
from simblock.work import Work
from tests.wire.servers import LOGPROBS, SERVERS, USAGE, call, chunk, copied, fields_of, whole


def wire(**asked):
    return CHAT.wire(Request(**asked))


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
