"""Frames, answers and requests with anything anywhere: they are read, filtered and ended, or refused in a sentence."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import InputError
from simblock.wire.format import Request, Told
from simblock.wire.formats import FORMATS
from tests import wires
from tests.wire.endings import spoken

ODD = [
    None,
    0,
    -1,
    1.5,
    True,
    "x",
    "a b " * 60,
    [],
    {},
    [1, 2],
    ["a"],
    {"a": "b"},
    [{"type": []}],
    {"type": {}},
    [None],
]
SOME = "some words"


def places(value):
    """Every place in a value: the object or list, and its key there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield value, key
        yield from places(one)


def odd(data, value):
    """The value with odd things in some of its places."""
    value = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(0, 2))):
        at = list(places(value))
        holder, key = at[data.draw(st.integers(0, len(at) - 1))]
        holder[key] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
    return value


def cut(data, walked):
    """Puts less in the place of a text, and nothing in that of what spells it."""
    for found in walked.texts[: data.draw(st.integers(0, 2))]:
        found.set(found.text[: len(found.text) // 2])
    for side in walked.sides:
        side.drop()


@pytest.mark.parametrize("format", wires.FORMATS)
@given(data=st.data())
def test_odd_events_are_read_and_the_answer_still_ends(format, data):
    channel = data.draw(st.sampled_from(wires.CHANNELS[format]))
    wire = FORMATS[format].wire(Request(model="m"))
    raw = b"".join(spoken(format, channel, SOME, logprobs=True))
    for _, value in wires.events(raw):
        if isinstance(value, dict):
            made = odd(data, value)
            kind = made.get("type")
            cut(data, wire.read(kind if isinstance(kind, str) else None, made).walked)
            if data.draw(st.booleans()):
                wire.reopen(made, 0)
            wire.sent(made)
    style = data.draw(st.sampled_from(["filter", "stop"]))
    told = Told("rep-1", style=style, notice="N")
    frames = data.draw(st.sampled_from([wire.end(0, told, []), [*wire.say(0, "hi"), *wire.finish(0, told)]]))
    assert frames
    json.dumps([frame.value for frame in frames])


@pytest.mark.parametrize("format", wires.FORMATS)
@given(data=st.data())
def test_odd_whole_answers_are_read_and_ended(format, data):
    channel = data.draw(st.sampled_from(wires.CHANNELS[format]))
    value = odd(data, json.loads(wires.body(format, channel, wires.arguments(SOME), logprobs=True)))
    wire = FORMATS[format].wire(Request())
    cut(data, wire.body(value).walked)
    FORMATS[format].answer(value)
    action = data.draw(st.sampled_from(["stop", "cite", "redact"]))
    wire.end_body(
        value, 0, Told("rep-1", action=action, style=data.draw(st.sampled_from(["filter", "stop"])))
    )
    json.dumps(value)


@pytest.mark.parametrize("format", wires.FORMATS)
@given(data=st.data())
def test_odd_requests_are_read_or_refused_in_a_sentence(format, data):
    value = odd(
        data,
        json.loads(
            wires.request(format, history=[("user", SOME), ("assistant", SOME)], tools=[{"name": "f"}])
        ),
    )
    for ask in (FORMATS[format].request, lambda one: FORMATS[format].again(one, SOME, SOME)):
        assert refused(ask, value) in {None, True}


def refused(ask, value):
    """Whether a request was refused with its mend; None where it was read."""
    try:
        ask(value)
    except InputError as error:
        return "; " in str(error)
    return None
