"""The Messages API: what of its events and blocks is text, and how a message ends that is stopped."""

import json

import anthropic
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from simblock.errors import InputError
from simblock.wire.format import NOTICE as PLAINLY
from simblock.wire.format import Request, Told
from simblock.wire.messages import MESSAGES
from tests import wires
from tests.upstreams import upstream
from tests.wire.endings import (
    CLEAN,
    COPYING,
    NOTICE,
    STYLES,
    body,
    ended,
    spoken,
    telling,
    values,
    words_out,
)  # fmt: skip

EVENT = TypeAdapter(RawMessageStreamEvent)
LONG = "so many words that this is no name at all, " * 4
SIGNED = "EqQBCgIYAhIM1gbcDa9GJwZA"
SEALED = "EqQBCgIYAhIM1gbc+/" * 20


def read(value):
    """(channel, part, text) of all that is read in an event; what is told apart by its frame without that number."""
    reading = MESSAGES.wire(Request()).read(None, value)
    return [
        (f.channel.name, f.channel.part.partition("@")[0], f.text) for f in reading.walked.texts if f.text
    ]


def delta(kind, **fields):
    return {"type": "content_block_delta", "index": 2, "delta": {"type": kind, **fields}}


def start(kind, **fields):
    return {"type": "content_block_start", "index": 2, "content_block": {"type": kind, **fields}}


CITED = {"type": "char_location", "cited_text": "b", "document_index": 0, "document_title": "Title", "start_char_index": 0,
         "end_char_index": 1}  # fmt: skip
FOUND = {
    "type": "web_search_result",
    "title": "b",
    "url": "https://e.org",
    "encrypted_content": SEALED,
    "page_age": None,
}
FETCHED = {"type": "web_fetch_result", "url": "https://e.org", "content": {
    "type": "document", "title": "c", "source": {"type": "text", "media_type": "text/plain", "data": "b"}}}  # fmt: skip

READ = [
    (delta("text_delta", text="a"), [("content", "", "a")]),
    (delta("thinking_delta", thinking="a"), [("reasoning", "", "a")]),
    (delta("signature_delta", signature=SEALED), []),
    (delta("signature_delta", signature=LONG), [("unknown", "2.signature", LONG)]),
    (delta("input_json_delta", partial_json="a"), [("tool", "2", "a")]),
    (delta("citations_delta", citation=CITED), [
        ("unknown", "2.citation.cited_text", "b"), ("unknown", "2.citation.document_title", "Title")]),
    (delta("novel_delta", story="a"), [("unknown", "2.story", "a")]),
    (start("text", text="a", citations=[CITED | {"document_title": None}]), [
        ("content", "", "a"), ("unknown", "2.citations.cited_text", "b")]),
    (start("thinking", thinking="", signature=""), []),
    (start("redacted_thinking", data=SEALED), []),
    (start("redacted_thinking", data=LONG), [("unknown", "2.data", LONG)]),
    (start("tool_use", id="t", name="f", input={}), []),
    (start("tool_use", id="t", name="f", input={"q": "a"}), [("tool", "2", '{"q": "a"}')]),
    (start("server_tool_use", id="t", name="web_search", input={}), []),
    (start("web_search_tool_result", tool_use_id="t", content=[FOUND]), [("unknown", "2.content.title", "b")]),
    (start("web_fetch_tool_result", tool_use_id="t", content=FETCHED), [
        ("unknown", "2.content.content.title", "c"), ("unknown", "2.content.content.source.data", "b")]),
    (start("code_execution_tool_result", tool_use_id="t", content={
        "type": "code_execution_result", "stdout": "a", "stderr": "", "return_code": 0, "content": []}),
     [("unknown", "2.content.stdout", "a")]),
    (start("novel_block", story="a"), [("unknown", "2.story", "a")]),
    ({"type": "message_start", "message": wires.whole.message([], None)}, []),
    ({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 9}}, []),
    ({"type": "message_delta", "delta": {"stop_reason": "end_turn", "story": "a"}}, [("unknown", ".story", "a")]),
    ({"type": "ping"}, []),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, []),
    ({"type": "novel", "story": "a"}, [("unknown", ".story", "a")]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "texts"), READ)
def test_each_string_of_an_event_is_text_of_its_channel_or_a_name(value, texts):
    assert read(value) == texts


def test_all_fields_are_counted_so_that_a_field_said_twice_is_seen():
    def count(value):
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return len(value if isinstance(value, dict) else ()) + sum(map(count, inside))

    for value, _ in READ:
        assert MESSAGES.wire(Request()).read(None, value).walked.keys == count(value)


@pytest.mark.parametrize("channel", wires.CHANNELS["messages"])
@pytest.mark.parametrize("strict", [False, True])
def test_clean_answers_are_the_same_bytes_on_every_channel(channel, strict):
    policy = {"max_leak": 0} if strict else {}
    chunks = spoken("messages", channel, CLEAN)
    assert ended("messages", chunks, **policy).out == b"".join(chunks)


def cited(text):
    """A message in which every word is a block of text, and cited."""
    yield {"type": "message_start", "message": wires.whole.message([], None, tokens=1)}
    for number, word in enumerate(text.split()):
        yield start("text", text="") | {"index": number}
        yield delta("text_delta", text=f"{word} ") | {"index": number}
        yield delta("citations_delta", citation=CITED) | {"index": number}
        yield {"type": "content_block_stop", "index": number}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 9},
    }
    yield {"type": "message_stop"}


def test_a_passage_over_many_blocks_is_one_text():
    made = [wires.sse(value, value["type"]) for value in cited(COPYING)]
    filtering = ended("messages", made, max_leak=0)
    assert words_out(filtering.out) == 0
    assert filtering.filter.over
    clean = [wires.sse(value, value["type"]) for value in cited(CLEAN)]
    assert ended("messages", clean, max_leak=0).out == b"".join(clean)


@pytest.mark.parametrize("channel", wires.CHANNELS["messages"])
@pytest.mark.parametrize("style", STYLES)
def test_a_stopped_message_closes_its_block_and_says_why(channel, style):
    filtering = ended("messages", spoken("messages", channel), style=style, notice=NOTICE, max_leak=0)
    made = values(filtering.out)
    assert filtering.filter.over
    assert words_out(filtering.out) == 0
    for value in made:
        if value["type"] != "ping":
            EVENT.validate_python(value)
    *_, stop, last, end = made
    assert (stop["type"], last["type"], end["type"]) == (
        "content_block_stop",
        "message_delta",
        "message_stop",
    )
    refused = style == "filter" or channel == "tool"
    assert last["delta"]["stop_reason"] == ("refusal" if refused else "end_turn")
    assert ("stop_details" in last["delta"]) is refused
    assert last["usage"]["output_tokens"] == 1
    assert last["simblock"]["report_id"] == "rep-1"
    opened = [value["index"] for value in made if value["type"] == "content_block_start"]
    closed = [value["index"] for value in made if value["type"] == "content_block_stop"]
    assert opened == closed == list(range(len(opened)))
    said = wires.heard("messages", filtering.out).get(("content", 0), "")
    assert said.endswith(NOTICE) is (style == "stop")


def test_thinking_that_was_cut_is_not_signed():
    out = ended("messages", spoken("messages", "reasoning"), max_leak=0).out
    assert "signature_delta" not in out.decode()
    assert wires.heard("messages", out)["reasoning", 0].startswith(CLEAN)


@pytest.mark.parametrize("size", [3, 40, 10_000])
def test_thinking_that_was_changed_is_not_signed_and_other_thinking_is(size):
    """Who sends it back with a signature that does not fit is refused."""

    def signatures(*thoughts, text=CLEAN):
        parts = [("reasoning", wires.pieces(thought, size)) for thought in thoughts]
        chunks = wires.told("messages", [*parts, ("content", wires.pieces(text))])
        out = ended("messages", chunks, action="redact", max_leak=0).out
        assert (b"[withheld]" in out) is (COPYING in (*thoughts, text))
        return [
            value["delta"]["signature"]
            for value in values(out)
            if value.get("delta", {}).get("type") == "signature_delta"
        ]

    assert signatures(CLEAN) == signatures(CLEAN, text=COPYING) == [SIGNED]
    assert signatures(COPYING) == [""]
    assert signatures(CLEAN, COPYING) == [SIGNED, ""]
    assert signatures(COPYING, CLEAN)[0] == ""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("channel", wires.CHANNELS["messages"])
def test_the_stream_helper_of_the_sdk_reaches_its_end(style, channel):
    with upstream() as server:
        out = ended("messages", spoken("messages", channel), style=style, notice=NOTICE, max_leak=0).out
        server.replies("/v1/messages", [out])
        with anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0) as client:
            hello = [{"role": "user", "content": "hello"}]
            with client.messages.stream(model="m", max_tokens=9, messages=hello) as stream:
                message = stream.get_final_message()
    refused = style == "filter" or channel == "tool"
    assert message.stop_reason == ("refusal" if refused else "end_turn")
    if refused:
        assert message.stop_details.explanation == NOTICE
    assert words_out(message.to_json().encode()) == 0


def test_what_is_said_in_the_place_of_an_answer_stands_in_a_block_of_its_own():
    wire = MESSAGES.wire(Request(model="m"))
    for chunk in spoken("messages", "reasoning", CLEAN)[:5]:
        wire.sent(wires.events(chunk)[0][1])
    frames = [
        *wire.say(0, "Something "),
        *wire.say(0, "else."),
        *wire.finish(0, Told("rep-1", action="replace")),
    ]
    for frame in frames:
        EVENT.validate_python(frame.value)
    kinds = [frame.event.removeprefix("content_block_") for frame in frames]
    assert kinds == ["stop", "start", "delta", "delta", "stop", "message_delta", "message_stop"]
    assert frames[-2].value["delta"]["stop_reason"] == "end_turn"
    assert frames[-2].value["simblock"]["action"] == "replace"


def test_an_end_without_a_beginning_is_still_a_message():
    frames = MESSAGES.wire(Request(model="m")).end(0, Told("rep-1"), [])
    for frame in frames:
        EVENT.validate_python(frame.value)
    assert [frame.event for frame in frames] == ["message_start", "message_delta", "message_stop"]
    assert frames[1].value["delta"]["stop_details"] == {
        "type": "refusal",
        "category": None,
        "explanation": PLAINLY,
    }


def test_what_was_redacted_or_cited_is_told_on_the_frame_with_the_stop_reason():
    filtering = ended("messages", spoken("messages", "content"), action="redact", max_leak=0)
    *_, last, _ = values(filtering.out)
    assert (last["delta"]["stop_reason"], last["simblock"]["action"]) == ("end_turn", "redact")
    assert "[withheld]" in wires.heard("messages", filtering.out)["content", 0]
    assert words_out(filtering.out) == 0


# -- whole answers


@pytest.mark.parametrize("channel", wires.CHANNELS["messages"])
@pytest.mark.parametrize("style", STYLES)
def test_a_whole_message_ends_where_its_text_was_cut(channel, style):
    text = wires.arguments(COPYING) if channel in wires.SOURCE else COPYING
    parts = [("reasoning", "First."), (channel, text), ("tool", '{"q": "Later."}')]
    out = body("messages", wires.answer("messages", parts), style=style, notice=NOTICE, max_leak=0)
    assert words_out(out) == 0
    message = Message.model_validate_json(out)
    assert message.stop_reason == ("refusal" if style == "filter" else "end_turn")
    assert message.to_dict()["simblock"]["reason"] == "protected"
    assert b"Later." not in out
    kinds = [block.type for block in message.content]
    cut = {"content": ["text"], "reasoning": ["thinking"], "tool": []}[channel]
    assert kinds == ["thinking", *cut, *["text"] * (style == "stop")]
    if channel == "reasoning":
        assert message.content[1].signature == ""
    if channel != "tool":
        assert CLEAN in out.decode()


def test_of_a_whole_message_thinking_is_signed_where_it_is_as_it_was():
    def signatures(thought, text):
        raw = wires.answer("messages", [("reasoning", thought), ("content", text)])
        out = body("messages", raw, action="redact", max_leak=0)
        assert b"[withheld]" in out
        return Message.model_validate_json(out).content[0].signature

    assert signatures(CLEAN, COPYING) == SIGNED
    assert signatures(COPYING, CLEAN) == ""


def test_clean_and_failed_answers_are_the_same_bytes():
    for raw in (
        wires.answer(
            "messages", [("reasoning", CLEAN), ("content", CLEAN), ("tool", wires.arguments(CLEAN))]
        ),
        b'{"type": "error", "error": {"type": "not_found_error", "message": "model: m"}, "request_id": "r"}',
    ):
        assert body("messages", raw) == raw


def test_another_answer_takes_the_place_of_one_that_was_stopped():
    def again(_voice):
        yield from ()
        return "Another answer."

    message = Message.model_validate_json(
        body("messages", wires.body("messages", "content", COPYING), again=again)
    )
    assert [block.text for block in message.content] == ["Another answer."]
    assert (message.stop_reason, message.to_dict()["simblock"]["action"]) == ("end_turn", "replace")


def test_a_whole_message_that_was_cited_only_says_so():
    value = json.loads(wires.body("messages", "content", CLEAN))
    MESSAGES.wire(Request()).end_body(value, 0, telling()(None, "cite"))
    assert value.pop("simblock")["action"] == "cite"
    assert value == json.loads(wires.body("messages", "content", CLEAN))


# -- requests


def test_a_request_is_read_by_who_said_what():
    value = {
        "model": "m", "stream": True, "max_tokens": 9, "system": [{"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": [
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A document"}},
                {"type": "text", "text": "Hello"}, {"type": "image", "source": {"type": "base64", "data": SEALED}}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm", "signature": SEALED}, {"type": "text", "text": "Hi"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "42"}]}]},
        ],
    }  # fmt: skip
    request = MESSAGES.request(value)
    assert [tuple(turn) for turn in request.turns] == [
        ("system", "Be kind."), ("user", "A document\nHello"), ("assistant", 'Hm\nHi\n{"a": 1}'), ("user", "42"),
    ]  # fmt: skip
    assert (request.streams, request.model, request.choices) == (True, "m", 1)


@pytest.mark.parametrize("value", ["text", None, {"messages": "text"}, {"messages": [7]}])
def test_what_cannot_be_read_is_refused(value):
    with pytest.raises(InputError, match="send"):
        MESSAGES.request(value)


def test_a_request_is_asked_again_with_what_was_said():
    value = {
        "model": "m",
        "max_tokens": 9,
        "stream": True,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    asked = MESSAGES.again(value, "Hi, ", "Go on.")
    assert [message["role"] for message in asked["messages"]] == ["user", "assistant", "user"]
    assert [message["content"] for message in asked["messages"]] == ["Hello", "Hi, ", "Go on."]
    assert (asked["stream"], asked["max_tokens"]) == (False, 9)
    assert MESSAGES.answer(json.loads(wires.body("messages", "content", "there"))) == "there"
    assert MESSAGES.answer(json.loads(wires.body("messages", "tool", "{}"))) is None


@pytest.mark.parametrize("kind", ["thinking", "text"])
def test_each_block_of_a_whole_message_keeps_its_own_text(kind):
    said = [CLEAN, f"{COPYING} And so on. ", f"Then: {COPYING}", CLEAN]
    blocks = [
        {"type": kind, kind: text} | ({"signature": SIGNED} if kind == "thinking" else {}) for text in said
    ]
    out = json.loads(
        body("messages", json.dumps(wires.whole.message(blocks, "end_turn")).encode(), action="redact")
    )
    texts = [block[kind] for block in out["content"]]
    assert texts == [
        CLEAN,
        f"{CLEAN} [withheld] {CLEAN} And so on. ",
        f"Then: {CLEAN} [withheld] {CLEAN}",
        CLEAN,
    ]
    if kind == "thinking":
        assert [block["signature"] for block in out["content"]] == [SIGNED, "", "", SIGNED]
