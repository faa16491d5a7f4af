"""Both formats with choices behind the filter: as servers send them, nothing of a passage in any field."""

import json
import random
import re

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests import wires
from tests.material import OTHERS, WORKS, prose
from tests.wire.endings import body, ended
from tests.wire.filters import Filtering, filtered
from tests.wire.servers import SERVERS, chunk, text
from tests.wire_bodies import token

PASSAGE = " ".join(WORKS["work-3"][100:180])
CLEAN = " ".join(prose(random.Random(11), 60, OTHERS, glue=0))
COPYING = f"{CLEAN} {PASSAGE} {CLEAN}"
CASES = [("completions", "content"), *(("chat", channel) for channel in wires.CHANNELS["chat"])]
TYPES = {"chat": ChatCompletionChunk, "completions": Completion}
WHOLE = {"chat": ChatCompletion, "completions": Completion}


def pieces(channel, said):
    return wires.pieces(wires.arguments(said) if channel in wires.SOURCE else said)


def leaks(raw):
    """Any six words of the passage in a row, in whatever field, bytes of tokens too."""
    spelled = b"".join(bytes(json.loads(one)) for one in re.findall(rb'"bytes": ?(\[[\d, ]+\])', raw))
    words, said = PASSAGE.split(), " ".join(f"{wires.strings(raw)} {spelled.decode()}".split())
    return any(" ".join(words[at : at + 6]) in said for at in range(len(words) - 5))


@pytest.mark.parametrize("server", SERVERS)
def test_what_servers_send_goes_out_byte_for_byte(server):
    events = [*(wires.sse(frame) for frame in SERVERS[server]), wires.sse("[DONE]")]
    for policy in ({}, {"max_leak": 0}):
        assert filtered(events, **policy).out == b"".join(events)


@pytest.mark.parametrize(("format", "channel"), CASES)
@pytest.mark.parametrize("style", ["filter", "stop"])
def test_a_copy_is_stopped_in_every_stream_and_the_sdk_reads_on(format, channel, style):
    events = wires.stream(format, channel, pieces(channel, COPYING), logprobs=True, ids=True)
    out = ended(format, events, style=style, notice="[withheld]", max_leak=0).out
    assert not leaks(out)
    *frames, done = [value for _, value in wires.events(out)]
    assert done == "[DONE]"
    calls = channel in wires.SOURCE
    assert frames[-1]["choices"][0]["finish_reason"] == (
        "stop" if style == "stop" and not calls else "content_filter"
    )
    for frame in frames if format == "chat" else frames[-1:]:
        TYPES[format].model_validate(frame)
    said = wires.heard(format, out)
    ids = {
        number for frame in frames for choice in frame["choices"] for number in choice.get("token_ids") or ()
    }
    assert ids <= {token(piece) for piece in pieces(channel, COPYING) if piece in said[channel, 0]}
    assert "[withheld]" in said["content", 0]
    if calls:
        with pytest.raises(ValueError, match="Unterminated"):
            json.loads(said[channel, 0])


@pytest.mark.parametrize(("format", "channel"), CASES)
def test_a_copy_in_a_whole_answer_is_stopped_and_the_sdk_takes_what_is_left(format, channel):
    said = wires.arguments(COPYING) if channel in wires.SOURCE else COPYING
    out = body(format, wires.body(format, channel, said, logprobs=True), notice="[withheld]")
    assert not leaks(out)
    value = json.loads(out)
    WHOLE[format].model_validate(value)
    assert value["choices"][0]["finish_reason"] == "content_filter"
    assert value["choices"][0].get("logprobs") is None
    heard = wires.heard(format, out, whole=True)
    assert not any(name in wires.SOURCE for name, _ in heard)
    if channel not in wires.SOURCE:
        assert CLEAN in heard[channel, 0]


@pytest.mark.parametrize(("format", "channel"), CASES)
def test_what_is_only_observed_goes_out_whole(format, channel):
    events = wires.stream(format, channel, pieces(channel, COPYING), logprobs=True, ids=True)
    out = filtered(events, format, action="observe").out
    assert out == b"".join(events)
    assert leaks(out)


def test_tokens_ahead_of_the_text_are_found_by_themselves():
    entry = [
        {"token": f" {word}", "logprob": -0.1, "bytes": None, "top_logprobs": []} for word in COPYING.split()
    ]
    events = [
        wires.sse(chunk({"content": ""}, logprobs={"content": [one], "refusal": None})) for one in entry
    ]
    out = filtered([*events, wires.sse(chunk({"content": COPYING}, "stop"))], max_leak=0).out
    assert not leaks(out)
    assert wires.events(out)[-2][1]["choices"][0]["finish_reason"] == "content_filter"


def test_token_ids_do_not_go_out_before_the_text_that_they_may_spell():
    clean = wires.sse(chunk({"content": CLEAN}))
    ahead = wires.sse(chunk({"content": ""}, token_ids=[41, 42]))
    passage = wires.sse(chunk({"content": f" {PASSAGE}"}))
    out = filtered([clean, ahead, passage], max_leak=0).out
    assert b"token_ids" not in out
    assert not leaks(out)
    clean = [clean, ahead, wires.sse(chunk({"content": " and so on"})), wires.sse(chunk({}, "stop"))]
    assert filtered(clean).out == b"".join(clean)


@pytest.mark.parametrize("make", [lambda said, choice: chunk({"content": said}, choice=choice),
                                  lambda said, choice: text(said, choice=choice)], ids=["chat", "completions"])  # fmt: skip
def test_of_choices_in_one_frame_the_clean_one_goes_on(make):
    kind = "completions" if "text" in make("", 0)["choices"][0] else "chat"
    events = []
    for one, other in zip(wires.pieces(COPYING), wires.pieces(f"{CLEAN} {CLEAN} {CLEAN}"), strict=False):
        frame = make(one, 0)
        frame["choices"] += make(other, 1)["choices"]
        events.append(wires.sse(frame))
    ends = make("", 0)
    ends["choices"] += make("", 1)["choices"]
    for choice in ends["choices"]:
        choice["finish_reason"] = "stop"
    out = filtered([*events, wires.sse(ends), wires.sse("[DONE]")], kind, choices=2, max_leak=0).out
    assert not leaks(out)
    reasons = {
        choice["index"]: choice["finish_reason"]
        for _, value in wires.events(out)[:-1]
        for choice in value["choices"]
        if choice["finish_reason"]
    }
    assert reasons == {0: "content_filter", 1: "stop"}
    heard = wires.heard(kind, out)
    assert heard["content", 0] == f"{CLEAN} "
    assert f"{CLEAN} {CLEAN} {CLEAN}".startswith(heard["content", 1])
    assert len(heard["content", 1]) > 2 * len(CLEAN)


@pytest.mark.parametrize(("format", "channel"), CASES)
def test_a_redacted_answer_goes_on_and_its_last_frame_says_so(format, channel):
    events = wires.stream(format, channel, pieces(channel, COPYING), logprobs=True, ids=True)
    out = filtered(events, format, action="redact", max_leak=0).out
    assert not leaks(out)
    frames = [value for _, value in wires.events(out) if value != "[DONE]"]
    [last] = [frame for frame in frames if frame["choices"] and frame["choices"][0]["finish_reason"]]
    stopped = channel in wires.SOURCE
    assert last["simblock"]["action"] == ("stop" if stopped else "redact")
    assert last["choices"][0]["content_filter_results"]["protected_material_text"]["filtered"] is True
    for frame in frames if format == "chat" else [last]:
        TYPES[format].model_validate(frame)
    if not stopped:
        assert wires.heard(format, out)[channel, 0].endswith(CLEAN)


@pytest.mark.parametrize(("format", "channel"), CASES)
def test_a_cited_answer_goes_out_as_it_came_but_for_its_last_frame(format, channel):
    events = wires.stream(format, channel, pieces(channel, COPYING), logprobs=True)
    out = filtered(events, format, action="cite").out
    *before, last, usage, done = [event for event in out.split(b"\n\n") if event]
    assert b"\n\n".join([*before, b""]) == b"".join(events[:-3])
    assert b"\n\n".join([usage, done, b""]) == b"".join(events[-2:])
    assert json.loads(last[6:])["simblock"]["action"] == "cite"


def test_reasoning_under_two_names_is_no_hole_and_no_stall():
    said = [chunk({"reasoning": one, "reasoning_content": one}) for one in wires.pieces(COPYING)]
    assert not leaks(filtered([wires.sse(frame) for frame in said], max_leak=0).out)
    thought = [chunk({"reasoning": one, "reasoning_content": one}) for one in wires.pieces(CLEAN)]
    events = [wires.sse(frame) for frame in [*thought, chunk({"content": "So: "})]]
    filtering = Filtering(max_leak=0)
    for event in events:
        filtering.feed(event)
    assert filtering.out == b"".join(events[:-1])


@pytest.mark.parametrize("action", ["stop", "redact"])
def test_nothing_is_put_into_the_program_that_a_custom_tool_runs(action):
    calls = [
        {"index": 0, "type": "custom", "custom": {"name": "run", "input": one}}
        for one in wires.pieces(COPYING)
    ]
    events = [wires.sse(chunk({"tool_calls": [call]})) for call in calls]
    out = filtered([*events, wires.sse(chunk({}, "tool_calls"))], action=action, max_leak=0).out
    frames = [value for _, value in wires.events(out) if value != "[DONE]"]
    said = [
        call["custom"]["input"]
        for frame in frames
        for call in frame["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert "".join(said) == f"{CLEAN} "
    assert frames[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_what_cannot_be_read_ends_a_choice_in_the_same_way():
    out = filtered([wires.sse(chunk({"content": "safe"})), b"data: {broken\n\n"]).out
    *_, last, done = [value for _, value in wires.events(out)]
    ChatCompletionChunk.model_validate(last)
    assert (last["choices"][0]["finish_reason"], done) == ("content_filter", "[DONE]")


@pytest.mark.parametrize("field", ["model", "id", "system_fingerprint"])
@pytest.mark.parametrize("value", [PASSAGE, [PASSAGE], {PASSAGE: 1}])
def test_an_end_says_nothing_again_that_was_withheld_beside_the_text(field, value):
    out = filtered([wires.sse({**chunk({"content": "Hi"}), field: value})], max_leak=0).out
    assert b'"content_filter"' in out
    assert not leaks(out)
