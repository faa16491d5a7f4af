"""Frames with choices that no server should send: nothing is raised, and no words pass unread, wherever they stand."""

import json
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock.errors import InputError
from simblock.wire.chat import CHAT, CHOICE, FRAME, MESSAGE
from simblock.wire.completions import COMPLETIONS
from simblock.wire.format import Request, Told
from tests.wire.servers import copied, fields_of

FORMATS = pytest.mark.parametrize("format", [CHAT, COMPLETIONS], ids=["chat", "completions"])
NAMES = sorted({
    *FRAME, *CHOICE, *MESSAGE.fields, "choices", "delta", "message", "text", "index", "function", "arguments", "custom",
    "input", "type", "content", "tokens", "top_logprobs", "bytes", "token", "summary", "data", "transcript", "x",
})  # fmt: skip
WORDS = "some words that nobody may say " * 6
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.just("s"), st.just(WORDS)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
CHOICES = st.lists(
    st.one_of(VALUES, st.fixed_dictionaries({"delta": FIELDS, "message": FIELDS}), FIELDS), max_size=3
)
FRAMES = st.one_of(FIELDS, st.builds(lambda fields, choices: {**fields, "choices": choices}, FIELDS, CHOICES))


def marked(value, numbers):
    """A value whose words are told apart by numbers."""
    if isinstance(value, dict):
        return {name: marked(one, numbers) for name, one in value.items()}
    if isinstance(value, list):
        return [marked(one, numbers) for one in value]
    return f"{value}<{next(numbers)}>" if value == WORDS else value


@FORMATS
@given(frame=FRAMES)
@settings(max_examples=300, deadline=None)
def test_no_words_pass_unread(format, frame):
    numbers = count()
    frame = marked(frame, numbers)
    total = next(numbers)
    for read in (lambda value: format.wire(Request()).read(None, value), format.wire(Request()).body):
        reading = read(copied(frame))
        seen = "".join(found.text for found in reading.walked.texts)
        seen += "".join(json.dumps(side.holder[side.key]) for side in reading.walked.sides)
        for number in range(total):
            assert f"<{number}>" in seen
        assert reading.walked.keys <= fields_of(frame)


@FORMATS
@given(frame=FRAMES)
@settings(max_examples=150, deadline=None)
def test_texts_that_are_set_and_sides_that_are_dropped_are_gone(format, frame):
    reading = format.wire(Request()).read(None, frame)
    for found in reading.walked.texts:
        found.set("")
    for side in reading.walked.sides:
        side.drop()
    assert "words" not in json.dumps(frame)


@FORMATS
@given(frame=FRAMES)
@settings(max_examples=150, deadline=None)
def test_odd_frames_are_ended_and_annotated_like_others(format, frame):
    wire = format.wire(Request(usage=True))
    for told in (Told("r"), Told("r", action="cite"), Told("r", style="stop", notice="n")):
        wire.read(None, copied(frame))
        wire.sent(copied(frame))
        wire.annotate(copied(frame), 0, told)
        wire.reopen(copied(frame), 0)
        wire.without(copied(frame), 0)
        wire.put(copied(frame), 0, "t")
        wire.end_body(copied(frame), 0, told)
        assert wire.end(0, told, [])
        assert wire.close()


@FORMATS
@given(value=FIELDS | st.fixed_dictionaries({"messages": VALUES, "prompt": VALUES, "n": VALUES, "stream": VALUES,
                                            "stream_options": VALUES, "model": VALUES}))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_an_odd_request_is_read_or_refused(format, value):
    try:
        request = format.request(value)
        format.again(value, "said", "note")
    except InputError as refused:
        said = str(refused)
    else:
        said = ""
        assert request.choices >= 1
    assert "words" not in said
    format.answer(value)
