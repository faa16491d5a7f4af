"""The Responses API: what of its events and items is text, and how an answer ends that is stopped."""

import json
from typing import get_args

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from simblock.wire.format import Request, Told
from simblock.wire.responseparts import EVENTS
from simblock.wire.responses import RESPONSES
from tests import wires
from tests.upstreams import upstream
from tests.wire.endings import (
    CLEAN,
    COPYING,
    NOTICE,
    PASSAGE,
    STYLES,
    ended,
    spoken,
    values,
    words_out,
)  # fmt: skip

EVENT = TypeAdapter(ResponseStreamEvent)
AT = {"item_id": "i", "output_index": 2, "sequence_number": 5}
IN = {**AT, "content_index": 1}
LONG = "so many words that this is no name at all, " * 4
SEALED = "gAAAAABm" * 40


def read(value):
    """(channel, part, text) of all that is read in an event; what is told apart by its frame without that number."""
    reading = RESPONSES.wire(Request()).read(None, value)
    return [
        (f.channel.name, f.channel.part.partition("@")[0], f.text) for f in reading.walked.texts if f.text
    ]


def item(kind, **fields):
    return {"type": "response.output_item.done", **AT, "item": {"id": "i", "type": kind, **fields}}


def text_part(text, **more):
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": [], **more}


READ = [
    ({"type": "response.output_text.delta", **IN, "delta": "a", "obfuscation": "xYz"}, [("content", "2.1", "a")]),
    ({"type": "response.output_text.done", **IN, "text": "a"}, [("content", "2.1", "a")]),
    ({"type": "response.refusal.delta", **IN, "delta": "a"}, [("refusal", "2.1", "a")]),
    ({"type": "response.reasoning_text.delta", **IN, "delta": "a"}, [("reasoning", "2.1", "a")]),
    (
        {"type": "response.reasoning_summary_text.delta", **AT, "summary_index": 3, "delta": "a"},
        [("reasoning", "2.s3", "a")],
    ),
    ({"type": "response.function_call_arguments.delta", **AT, "delta": "a"}, [("tool", "2", "a")]),
    ({"type": "response.mcp_call_arguments.done", **AT, "arguments": "a"}, [("tool", "2", "a")]),
    ({"type": "response.custom_tool_call_input.delta", **AT, "delta": "a"}, [("tool", "2", "a")]),
    ({"type": "response.code_interpreter_call_code.done", **AT, "code": "a"}, [("tool", "2", "a")]),
    ({"type": "response.shell_call_command.delta", **AT, "command_index": 1, "delta": "a"}, [("tool", "2.c1", "a")]),
    ({"type": "response.audio.transcript.delta", "delta": "a", "sequence_number": 1}, [("content", "0", "a")]),
    ({"type": "response.audio.delta", "delta": SEALED, "sequence_number": 1}, []),
    (
        {"type": "response.output_text.annotation.added", **IN, "annotation_index": 0, "annotation": {
            "type": "url_citation", "url": "https://e.org/a", "title": "A title", "start_index": 0, "end_index": 1}},
        [("unknown", "2.1.annotation.title", "A title")],
    ),
    ({"type": "response.shell_call_output_content.delta", **AT, "command_index": 0, "delta": {"stdout": "a"}},
     [("unknown", "2.c0.delta.stdout", "a")]),
    ({"type": "response.brand_new.delta", **AT, "delta": "a"}, [("unknown", "2.delta", "a")]),
    ({"type": "response.output_text.delta", **IN, "delta": "a", "more": "b"},
     [("content", "2.1", "a"), ("unknown", "2.1.more", "b")]),
    ({"type": "response.content_part.done", **IN, "part": text_part("a")}, [("content", "2.1", "a")]),
    ({"type": "error", "code": "e", "message": "too bad", "param": None, "sequence_number": 1}, []),
    (item("message", role="assistant", status="completed", content=[text_part("a"), {"type": "refusal", "refusal": "b"}]),
     [("content", "2.0", "a"), ("refusal", "2.1", "b")]),
    (item("reasoning", summary=[{"type": "summary_text", "text": "a"}], content=[{"type": "reasoning_text", "text": "b"}],
          encrypted_content=SEALED), [("reasoning", "2.s0", "a"), ("reasoning", "2.0", "b")]),
    (item("reasoning", summary=[], encrypted_content=LONG), [("unknown", "2.encrypted_content", LONG)]),
    (item("function_call", call_id="c", name="f", arguments="{}", status="completed"), [("tool", "2", "{}")]),
    (item("custom_tool_call", call_id="c", name="f", input="a"), [("tool", "2", "a")]),
    (item("web_search_call", status="completed", action={"type": "search", "query": "a"}),
     [("tool", "2.action", '{"type": "search", "query": "a"}')]),
    (item("file_search_call", status="completed", queries=["a"], results=[{"file_id": "f", "text": "b", "score": 1.0}]),
     [("tool", "2.queries", '["a"]'), ("unknown", "2.results.text", "b")]),
    (item("code_interpreter_call", container_id="c", code="a", status="completed", outputs=[{"type": "logs", "logs": "b"}]),
     [("tool", "2", "a"), ("unknown", "2.outputs.logs", "b")]),
    (item("mcp_call", name="f", server_label="s", arguments="a", output="b"), [("tool", "2", "a"), ("unknown", "2.output", "b")]),
    (item("mcp_list_tools", server_label="s", tools=[{"name": "f", "input_schema": {}}]),
     [("unknown", "2.tools", '[{"name": "f", "input_schema": {}}]')]),
    (item("image_generation_call", status="completed", result=SEALED, revised_prompt="a"), [("unknown", "2.revised_prompt", "a")]),
    (item("shell_call", call_id="c", status="completed", action={"commands": ["a", "b"]}),
     [("tool", "2.c0", "a"), ("tool", "2.c1", "b")]),
    (item("apply_patch_call", call_id="c", status="completed", operation={"type": "create_file", "path": "p", "diff": "a"}),
     [("tool", "2", "a")]),
    (item("brand_new_item", story="a"), [("unknown", "2.story", "a")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "texts"), READ, ids=lambda value: value.get("type", "") if isinstance(value, dict) else ""
)
def test_each_string_of_an_event_is_text_of_its_channel_or_a_name(value, texts):
    assert read(value) == texts


def test_events_of_the_sdk_that_have_no_row_say_nothing_but_where_they_are():
    union = get_args(get_args(ResponseStreamEvent)[0])
    assert len(union) > 50
    places = {"item_id", "output_index", "sequence_number", "type"}
    for model in union:
        (kind,) = get_args(model.model_fields["type"].annotation)
        assert kind in EVENTS or set(model.model_fields) <= places, kind


def test_what_the_client_said_is_not_read_again_but_a_field_that_nobody_knows_is():
    response = wires.whole.responses([], "in_progress")
    response |= {
        "instructions": LONG,
        "tools": [{"type": "function", "description": LONG}],
        "metadata": {"a": LONG},
    }
    value = {"type": "response.created", "response": response | {"novelty": LONG}, "sequence_number": 0}
    assert read(value) == [("unknown", ".novelty", LONG)]


def test_all_fields_are_counted_so_that_a_field_said_twice_is_seen():
    def count(value):
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return len(value if isinstance(value, dict) else ()) + sum(map(count, inside))

    for channel in wires.CHANNELS["responses"]:
        for _, value in wires.events(b"".join(spoken("responses", channel, CLEAN, logprobs=True))):
            assert RESPONSES.wire(Request()).read(None, value).walked.keys == count(value)


@pytest.mark.parametrize("channel", wires.CHANNELS["responses"])
@pytest.mark.parametrize("strict", [False, True])
def test_clean_answers_are_the_same_bytes_on_every_channel(channel, strict):
    policy = {"max_leak": 0} if strict else {}
    chunks = spoken("responses", channel, CLEAN, logprobs=True, obfuscation=True)
    filtering = ended("responses", chunks, **policy)
    assert filtering.out == b"".join(chunks)
    channels = [voice.channel for voice in filtering.filter.chorus.voices]
    assert len(channels) == len(set(channels)), "a text that is repeated was read as another"


def test_the_last_event_does_not_wait_for_text_that_ended_before_it():
    *chunks, last = spoken("responses", "content", CLEAN, logprobs=True)
    filtering = ended("responses", [], max_leak=0)
    sent = b"".join(map(filtering.feed, chunks))
    assert sent == b"".join(chunks)
    assert filtering.feed(last) == last


@pytest.mark.parametrize("channel", wires.CHANNELS["responses"])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("deltas", [True, False], ids=["deltas", "whole"])
def test_a_stopped_answer_closes_what_is_open_and_says_its_safe_text_in_every_event(channel, style, deltas):
    chunks = [one for one in spoken("responses", channel, logprobs=True) if deltas or b'.delta"' not in one]
    filtering = ended("responses", chunks, style=style, notice=NOTICE if style == "stop" else "", max_leak=0)
    made = values(filtering.out)
    assert filtering.filter.over
    assert words_out(filtering.out) == 0
    for value in made:
        EVENT.validate_python(value)
    last = made[-1]["response"]
    status = "completed" if style == "stop" else "incomplete"
    assert (made[-1]["type"], last["status"]) == (f"response.{status}", status)
    assert last["incomplete_details"] == (None if style == "stop" else {"reason": "content_filter"})
    assert last["simblock"]["report_id"] == "rep-1"
    Response.model_validate(last)
    added = {v["output_index"]: v["item"] for v in made if v["type"] == "response.output_item.added"}
    done = {v["output_index"]: v["item"] for v in made if v["type"] == "response.output_item.done"}
    assert added.keys() == done.keys()
    assert [
        one for _, one in sorted(done.items()) if one["type"] not in {"function_call", "custom_tool_call"}
    ] == last["output"]
    if deltas:
        assert [value["sequence_number"] for value in made] == list(range(len(made)))
        _says_the_same_everywhere(filtering.out, last)
    assert (NOTICE in json.dumps(last["output"])) is (style == "stop")


def _says_the_same_everywhere(raw, response):
    """What the deltas said is what the response holds, without the call that was cut."""
    said = wires.heard("responses", raw)
    whole = wires.heard("responses", json.dumps(response).encode(), whole=True)
    for channel in ("content", "refusal", "reasoning", "summary"):
        assert said.get((channel, 0)) == whole.get((channel, 0))


@pytest.mark.parametrize(("channel", "field"), [("tool", "arguments"), ("custom", "input")])
@pytest.mark.parametrize(
    "left", [".", ".delta", "arguments.", "input."], ids=["deltas", "whole", "no arguments", "no input"]
)
def test_a_call_that_is_cut_cannot_be_carried_out(channel, field, left):
    """Whichever event is the first to have its text."""
    chunks = spoken("responses", channel)
    if left != ".":
        chunks = [one for one in chunks if b'.delta"' not in one and f'{left}done"'.encode() not in one]
    filtering = ended("responses", chunks, style="stop", max_leak=0)
    made = values(filtering.out)
    (call,) = [v["item"] for v in made if v["type"] == "response.output_item.done" and field in v["item"]]
    assert call["status"] == "incomplete"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(call[field])
    assert not any(value["type"].endswith(("arguments.done", "input.done")) for value in made)
    assert [one["type"] for one in made[-1]["response"]["output"]] == ["message"]


def unnumbered(chunks):
    """The same events as llama.cpp sends them: nothing has a number, and the first response is but a name."""
    for kind, value in wires.events(b"".join(chunks)):
        left = {
            key: one
            for key, one in value.items()
            if key not in {"output_index", "content_index", "sequence_number"}
        }
        if kind in {"response.created", "response.in_progress"}:
            left["response"] = {"id": "resp_1", "object": "response", "status": "in_progress"}
        yield wires.sse(left, kind)


def test_items_without_numbers_are_told_apart_by_their_ids():
    parts = [
        ("reasoning", wires.pieces(CLEAN)),
        ("content", wires.pieces(CLEAN)),
        ("content", wires.pieces(COPYING)),
    ]
    clean = list(unnumbered(wires.told("responses", parts[:2])))
    filtering = ended("responses", clean, max_leak=0)
    assert filtering.out == b"".join(clean)
    assert len(filtering.filter.cores) == 2
    filtering = ended("responses", unnumbered(wires.told("responses", parts)), max_leak=0)
    assert words_out(filtering.out) == 0
    last = Response.model_validate(values(filtering.out)[-1]["response"])
    assert [(one.type, one.status) for one in last.output] == [
        ("reasoning", None), ("message", "completed"), ("message", "incomplete"),
    ]  # fmt: skip
    assert last.output_text.startswith(f"{CLEAN}{CLEAN}")


def test_an_answer_that_comes_in_its_last_event_alone_is_cut_there():
    first, *_, last = spoken("responses", "content")
    made = values(ended("responses", [first, last], max_leak=0).out)
    assert words_out(json.dumps(made).encode()) == 0
    assert made[-1]["type"] == "response.incomplete"
    (message,) = made[-1]["response"]["output"]
    assert message["status"] == "incomplete"
    assert message["content"][0]["text"].startswith(CLEAN)
    assert not any(value["type"] == "response.completed" for value in made)


def test_a_redacted_text_is_the_same_in_every_event_that_repeats_it():
    chunks = spoken("responses", "content", logprobs=True)
    filtering = ended("responses", chunks, action="redact", max_leak=0)
    made = values(filtering.out)
    assert words_out(filtering.out) == 0
    (said,) = wires.heard("responses", filtering.out).values()
    assert "[withheld]" in said
    done = {value["type"]: value for value in made}
    assert done["response.output_text.done"]["text"] == said
    assert done["response.output_text.done"]["logprobs"] == []
    assert done["response.content_part.done"]["part"]["text"] == said
    response = done["response.completed"]["response"]
    assert response["output"][0]["content"][0] == text_part(said)
    assert response["simblock"]["action"] == "redact"


def test_a_done_text_that_differs_from_its_deltas_is_read_as_another_text():
    chunks = spoken("responses", "content")
    few = [one for number, one in enumerate(chunks) if number < 20 or b'.delta"' not in one]
    filtering = ended("responses", few, max_leak=0)
    assert words_out(filtering.out) == 0
    assert values(filtering.out)[-1]["type"] == "response.incomplete"


@pytest.mark.parametrize("style", STYLES)
def test_the_stream_helper_of_the_sdk_reaches_its_end(style):
    with upstream() as server:
        out = ended("responses", spoken("responses", "content"), style=style, notice=NOTICE, max_leak=0).out
        server.replies("/v1/responses", [out])
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            with client.responses.stream(model="m", input="hello") as stream:
                events = list(stream)
                if style == "stop":
                    assert stream.get_final_response().output_text.endswith(NOTICE)
            assert events[-1].type == ("response.completed" if style == "stop" else "response.incomplete")
            assert events[-1].response.output_text.startswith(CLEAN)
            assert events[-1].response.simblock["reason"] == "protected"


def test_what_is_said_in_the_place_of_an_answer_stands_in_a_message_that_ends_whole():
    wire = RESPONSES.wire(Request(model="m"))
    for chunk in spoken("responses", "reasoning", CLEAN)[:12]:
        wire.sent(wires.events(chunk)[0][1])
    frames = [
        *wire.say(0, "Something "),
        *wire.say(0, "else."),
        *wire.finish(0, Told("rep-1", action="replace")),
    ]
    for frame in frames:
        EVENT.validate_python(frame.value)
    last = frames[-1].value["response"]
    assert [one["type"] for one in last["output"]] == ["reasoning", "message"]
    assert last["output"][1]["content"][0]["text"] == "Something else."
    assert (last["status"], last["simblock"]["action"]) == ("completed", "replace")


def test_an_end_without_a_beginning_is_still_a_response():
    frames = RESPONSES.wire(Request(model="m")).end(0, Told("rep-1", notice=NOTICE), [])
    for frame in frames:
        EVENT.validate_python(frame.value)
    assert Response.model_validate(frames[-1].value["response"]).output_text == NOTICE


@pytest.mark.parametrize(
    "logprobs", [{PASSAGE: 1}, [{"token": PASSAGE}], [{"token": "a", "bytes": [{PASSAGE: None}]}]]
)
def test_what_repeats_log_probabilities_says_nothing_else(logprobs):
    part = text_part("", logprobs=logprobs)
    event = wires.sse(
        {"type": "response.content_part.added", **IN, "part": part}, "response.content_part.added"
    )
    out = ended("responses", [event], max_leak=0).out
    assert words_out(out) == 0


def test_what_was_redacted_in_one_part_is_not_said_in_the_next():
    events = [
        wires.sse(
            {"type": "response.output_text.delta", **AT, "content_index": index, "delta": piece},
            "response.output_text.delta",
        )
        for index, text in enumerate((COPYING, CLEAN))
        for piece in wires.pieces(text)
    ]
    said = ["", ""]
    for value in values(ended("responses", events, action="redact", max_leak=0).out):
        said[value["content_index"]] += value["delta"]
    assert said == [f"{CLEAN} [withheld] {CLEAN}", CLEAN]
