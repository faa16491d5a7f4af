"""Whole answers and requests of the Responses API."""

import json

import pytest
from openai.types.responses import Response

from simblock.errors import InputError
from simblock.match import Span
from simblock.wire.format import Request
from simblock.wire.responses import RESPONSES
from simblock.wire.shapes import Channel
from tests import wires
from tests.wire.endings import CLEAN, COPYING, NOTICE, PASSAGE, STYLES, body, telling, words_out

SEALED = "gAAAAABm" * 40


@pytest.mark.parametrize("channel", wires.CHANNELS["responses"])
@pytest.mark.parametrize("style", STYLES)
def test_a_whole_answer_ends_where_its_text_was_cut(channel, style):
    text = wires.arguments(COPYING) if channel in wires.SOURCE else COPYING
    parts = [("content", "First."), (channel, text), ("content", "Later.")]
    out = body(
        "responses", wires.answer("responses", parts, logprobs=True), style=style, notice=NOTICE, max_leak=0
    )
    assert words_out(out) == 0
    value = Response.model_validate_json(out)
    assert value.status == ("completed" if style == "stop" else "incomplete")
    assert b"Later." not in out
    assert NOTICE in value.output_text
    called = channel in {"tool", "custom"}
    assert ("call" in " ".join(one.type for one in value.output)) is False
    if not called:
        assert CLEAN in out.decode()


def test_a_clean_whole_answer_is_the_same_bytes():
    raw = wires.answer("responses", [("reasoning", CLEAN), ("content", CLEAN)], logprobs=True)
    assert body("responses", raw) == raw


def test_another_answer_takes_the_place_of_one_that_was_stopped():
    def again(_voice):
        yield from ()
        return "Another answer."

    out = body("responses", wires.body("responses", "content", COPYING), again=again)
    value = Response.model_validate_json(out)
    assert (value.output_text, value.status, value.simblock["action"]) == (
        "Another answer.",
        "completed",
        "replace",
    )


def test_a_cited_source_with_an_address_is_an_annotation_of_the_text():
    class Cited:
        class work:
            id, title, owner, license, url = "w", None, None, "MIT", "https://e.org/w"

        kind, output, spans = "text", Span(3, 9), ()

    value = json.loads(wires.answer("responses", [("reasoning", CLEAN), ("content", CLEAN)]))
    channels = (Channel("content", 0, "1.0"), Channel("reasoning", 0, "0.0"))
    RESPONSES.wire(Request()).end_body(
        value, 0, telling(sources=(Cited, Cited), channels=channels)(None, "cite")
    )
    (note,) = Response.model_validate(value).output[1].content[0].annotations
    assert (note.type, note.start_index, note.end_index, note.title) == ("url_citation", 3, 9, "w")
    assert (value["status"], value["simblock"]["action"]) == ("completed", "cite")


# -- requests


def test_a_request_is_read_by_who_said_what():
    value = {
        "model": "m", "stream": True, "instructions": "Be kind.", "previous_response_id": "resp_0",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Hello"}, {"type": "input_image", "image_url": "data:x"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}], "encrypted_content": SEALED},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a": 1}'},
            {"type": "function_call_output", "call_id": "c", "output": "42"},
        ],
    }  # fmt: skip
    request = RESPONSES.request(value)
    assert [tuple(turn) for turn in request.turns] == [
        ("system", "Be kind."), ("user", "Hello"), ("assistant", "Hi"), ("assistant", "Hm"),
        ("assistant", '{"a": 1}'), ("tool", "42"),
    ]  # fmt: skip
    assert (request.streams, request.model, request.continues, request.choices) == (True, "m", True, 1)


@pytest.mark.parametrize(
    ("value", "turns", "continues"),
    [
        ({"input": "Hello"}, [("user", "Hello")], False),
        ({"input": "Hello", "conversation": {"id": "c"}}, [("user", "Hello")], True),
        ({"input": [{"type": "item_reference", "id": "i"}]}, [], True),
        ({"model": "m"}, [], False),
        ({}, [], True),
        (None, [], True),
    ],
)
def test_odd_requests_are_read_too(value, turns, continues):
    request = RESPONSES.request(value)
    assert ([tuple(turn) for turn in request.turns], request.continues) == (turns, continues)


@pytest.mark.parametrize("value", ["text", [], {"input": 5}, {"input": [7]}])
def test_what_cannot_be_read_is_refused(value):
    with pytest.raises(InputError, match="send"):
        RESPONSES.request(value)


def test_a_request_is_asked_again_with_what_was_said():
    value = {"model": "m", "input": "Hello", "stream": True, "background": True, "temperature": 0}
    asked = RESPONSES.again(value, "Hi, ", "Go on.")
    assert asked == {"model": "m", "temperature": 0, "stream": False, "input": [
        {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi, "}, {"role": "user", "content": "Go on."},
    ]}  # fmt: skip
    assert RESPONSES.answer(json.loads(wires.body("responses", "content", "there"))) == "there"
    assert RESPONSES.answer(json.loads(wires.body("responses", "tool", "{}"))) is None


@pytest.mark.parametrize("action", ["stop", "redact"])
@pytest.mark.parametrize("items", [1, 5])
def test_a_passage_over_several_parts_of_a_whole_answer_is_taken_out_of_them_all(action, items):
    words = PASSAGE.split()
    parts = [
        {"type": "output_text", "text": " ".join(words[at : at + 12]) + " ", "annotations": []}
        for at in range(0, len(words), 12)
    ]
    clean = {"type": "output_text", "text": f"{CLEAN} ", "annotations": []}
    size = -(-len(parts) // items)
    output = [
        {"type": "message", "id": f"m{n}", "role": "assistant", "status": "completed",
         "content": [clean, *parts[at : at + size]] if n == 0 else parts[at : at + size]}
        for n, at in enumerate(range(0, len(parts), size))
    ]  # fmt: skip
    value = {**json.loads(wires.body("responses", "content", "")), "output": output}
    out = body("responses", json.dumps(value).encode(), action=action, max_leak=0)
    assert CLEAN in wires.strings(out)
    assert words_out(out) < 8


def test_what_was_redacted_in_one_part_is_not_said_in_the_next():
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in (COPYING, CLEAN)]
    output = [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": parts}]
    value = {**json.loads(wires.body("responses", "content", "")), "output": output}
    out = json.loads(body("responses", json.dumps(value).encode(), action="redact", max_leak=0))
    texts = [part["text"] for part in out["output"][0]["content"]]
    assert texts == [f"{CLEAN} [withheld] {CLEAN}", CLEAN]
