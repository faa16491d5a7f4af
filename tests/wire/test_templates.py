"""Frames that are like the one before but for their text."""

import json

import pytest

from simblock.wire.chat import CHAT
from simblock.wire.format import Request
from simblock.wire.jsontext import parse
from simblock.wire.sse import EventSplitter
from simblock.wire.templates import template
from tests import wires
from tests.wire.filters import Filtering
from tests.wire.test_filtering import CLEAN, COPYING, chat, words_out


def made(value):
    raw = wires.sse(value)
    (event,) = EventSplitter().feed(raw)
    return template(event, CHAT.wire(Request()).read(None, parse(event.data)))


LIKE = made(chat({"content": "some"}))


@pytest.mark.parametrize("text", ["thing", " \n\t", 'say "it": \\', "\u00e9\U0001f600", '"content":"x"'])
def test_the_text_of_a_frame_like_it_is_read(text):
    assert LIKE.text(wires.sse(chat({"content": text}))) == text
    escaped = json.dumps(chat({"content": text}), separators=(",", ":"))
    assert LIKE.text(wires.sse(escaped)) == text


OTHERS = [
    chat({"content": "some"}, "stop"),
    chat({"content": "some"}, choice=1),
    chat({"refusal": "some"}),
    chat({"content": "some", "more": "text"}),
    chat({"content": None}),
    chat({"content": ["some"]}),
    chat({"content": ""}),
    {**chat({"content": "some"}), "id": "c2"},
]


@pytest.mark.parametrize("value", OTHERS)
def test_a_frame_that_differs_in_anything_else_is_none_of_its_kind(value):
    assert LIKE.text(wires.sse(value)) is None


@pytest.mark.parametrize("inside", ['a","more":"b', 'a"},{"x":"b', "a\\", 'a" "b'])
def test_no_text_reaches_out_of_its_string(inside):
    raw = LIKE.before + f'"{inside}"'.encode() + LIKE.behind
    assert LIKE.text(raw) is None


@pytest.mark.parametrize(
    "value",
    [
        chat({"content": "a", "reasoning": "b"}),
        chat({"content": "a"}, "stop"),
        chat({"murmur": "a"}),
        chat({"content": "a"}, token_ids=[1]),
        {**chat({"content": "a"}), "nested": {"content": "b"}},
        chat({}),
    ],
)
def test_a_frame_that_holds_more_than_one_text_is_no_template(value):
    assert made(value) is None


@pytest.mark.parametrize("format", ["chat", "completions", "messages"])
@pytest.mark.parametrize("action", ["stop", "redact"])
def test_frames_that_were_taken_for_alike_are_cut_and_changed_like_others(format, action):
    filtering = Filtering(format, action=action, max_leak=0)
    for event in wires.stream(format, "content", wires.pieces(COPYING)):
        filtering.feed(event)
    filtering.finish()
    said = wires.heard(format, filtering.out)["content", 0]
    assert said == (f"{CLEAN} [withheld] {CLEAN}" if action == "redact" else f"{CLEAN} ")
    assert words_out(filtering.out) == 0
