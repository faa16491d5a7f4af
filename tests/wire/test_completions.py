"""Completions, the older format: texts, its own log probabilities, several prompts, ends."""

import json

import pytest
from openai.types import Completion

from simblock.errors import InputError
from simblock.response import Turn
from simblock.wire.completions import COMPLETIONS
from simblock.wire.format import NOTICE, End, Request, Told
from tests.wire.servers import LOGPROBS, USAGE, copied, fields_of, text

OLD_LOGPROBS = {
    "tokens": [" wo", "rd"], "token_logprobs": [None, -0.5], "text_offset": [0, 3],
    "top_logprobs": [None, {"rd": -0.5, "rk": -1.5}],
}  # fmt: skip


def wire(**asked):
    return COMPLETIONS.wire(Request(**asked))


def read(frame):
    return wire().read(None, copied(frame))


def texts(reading):
    return [(*found.channel, found.text) for found in reading.walked.texts if found.text]


FRAMES = [
    pytest.param(text(" word", logprobs=None), [], id="openai"),
    pytest.param(text(" word", logprobs=OLD_LOGPROBS), [" wo", "rd"], id="with log probabilities"),
    pytest.param({**text(" word", logprobs=None, stop_reason=None, token_ids=[5], prompt_token_ids=[1]), "usage": USAGE}, [],
                 id="vllm"),
    pytest.param({**text(" word", logprobs=LOGPROBS), "timings": {"prompt_n": 9}, "system_fingerprint": "b1"}, [" word"],
                 id="llama.cpp"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "tokens"), FRAMES)
def test_what_servers_say(frame, tokens):
    reading = read(frame)
    spelled = [("logprobs", 0, "content", token) for token in tokens]
    assert sorted(texts(reading)) == sorted([("content", 0, "", " word"), *spelled])
    assert reading.walked.keys == fields_of(frame)
    assert (reading.choices, reading.ends) == ((0,), ())


def test_a_whole_answer_is_read_like_a_frame():
    value = text(" word", "stop", logprobs=OLD_LOGPROBS)
    assert texts(wire().body(copied(value))) == texts(read(value))
    assert wire().body(value).ends == read(value).ends == (End(0),)


def test_log_probabilities_and_ids_are_taken_out_with_the_text():
    frame = text(" word", "stop", logprobs=copied(OLD_LOGPROBS), token_ids=[5])
    reading = wire().read(None, frame)
    assert reading.ahead == (0,)
    for side in reading.walked.sides:
        side.drop()
    assert frame["choices"][0]["logprobs"] is frame["choices"][0]["token_ids"] is None
    Completion.model_validate(frame)


@pytest.mark.parametrize("alternatives", [[{"x" * 200: -1.0}], [{"rd": "words " * 40}], "words " * 40])
def test_alternatives_that_are_no_tokens_are_not_overlooked(alternatives):
    reading = read(text("a", logprobs={**OLD_LOGPROBS, "top_logprobs": alternatives}))
    said = [
        *reading.walked.asides,
        *(found.text for found in reading.walked.texts if found.channel.name == "unknown"),
    ]
    assert any("x" * 200 in one or "words " * 40 in one for one in said)


@pytest.mark.parametrize("told", [
    Told("rep-1", style=style, notice=notice) for style in ("filter", "stop") for notice in ("", NOTICE)
])  # fmt: skip
def test_the_sdk_takes_how_a_stopped_choice_ends(told):
    one = wire(usage=True, model="m")
    one.read(None, {**text("a", choice=1), "usage": USAGE})
    *notice, last = one.end(1, told, [])
    usage, done = one.close()
    reason = "stop" if told.style == "stop" else "content_filter"
    assert [frame.value["choices"][0]["text"] for frame in notice] == ([NOTICE] if told.notice else [])
    choice = Completion.model_validate(last.value).choices[0]
    assert (choice.index, choice.text, choice.finish_reason) == (1, "", reason)
    assert Completion.model_validate(usage.value).usage.total_tokens == 11
    assert done.data == b"[DONE]"
    assert last.value["id"] == "cmpl-1"
    assert last.value["choices"][0]["content_filter_results"]["protected_material_text"]["filtered"] is True


def test_what_is_said_more_is_text_of_its_choice():
    one = wire()
    one.read(None, text("a"))
    [more], [last] = one.say(2, "more"), one.finish(2, None)
    assert texts(one.read(None, more.value)) == [("content", 2, "", "more")]
    assert Completion.model_validate(last.value).choices[0].finish_reason == "stop"


@pytest.mark.parametrize("style", ["filter", "stop"])
def test_a_whole_answer_that_was_stopped_says_so(style):
    value = {**text("safe ", "length", logprobs=None, stop_reason="###"), "usage": USAGE}
    wire().end_body(value, 0, Told("rep-1", style=style, notice=NOTICE))
    choice = Completion.model_validate(value).choices[0]
    assert (choice.text, choice.finish_reason) == (
        f"safe {NOTICE}",
        "stop" if style == "stop" else "content_filter",
    )
    assert "###" not in json.dumps(value)
    assert value["simblock"]["report_id"] == "rep-1"


def test_another_answer_is_all_that_a_choice_says():
    value = text("old", "length", logprobs=copied(OLD_LOGPROBS))
    wire().put(value, 0, "new")
    choice = Completion.model_validate(value).choices[0]
    assert (choice.text, choice.finish_reason, choice.logprobs) == ("new", "stop", None)


# ---- requests


def user(*said):
    return tuple(Turn("user", one) for one in said)


@pytest.mark.parametrize(("fields", "turns", "choices"), [
    ({"prompt": "a"}, user("a"), 1),
    ({"prompt": "a", "suffix": "b", "n": 2, "best_of": 4}, user("a", "b"), 2),
    ({"prompt": ["a", "b"], "n": 2}, user("a", "b"), 4),
    ({"prompt": [1, 2, 3]}, (), 1),
    ({"prompt": [[1, 2], [3]], "n": 3}, (), 6),
    ({"prompt": ["a", [1]]}, user("a"), 2),
    ({"prompt": []}, (), 1),
    ({"prompt": None}, (), 1),
    ({}, (), 1),
])  # fmt: skip
def test_prompts_are_the_clients_and_each_has_its_choices(fields, turns, choices):
    request = COMPLETIONS.request({"model": "m", "stream": True, **fields})
    assert request == Request(turns, True, choices, "m")


@pytest.mark.parametrize("value", ["secret", ["secret"], None])
def test_what_is_no_request_is_refused_without_its_text(value):
    with pytest.raises(InputError, match="the request: ") as refused:
        COMPLETIONS.request(value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("prompt", "choice", "expected"), [
    ("a ", 0, "note\n\na said"), (["a ", "b "], 1, "note\n\na said"), (["a ", "b "], 2, "note\n\nb said"),
])  # fmt: skip
def test_asked_again_a_prompt_goes_on_where_it_was(prompt, choice, expected):
    value = {
        "prompt": prompt,
        "n": 2,
        "best_of": 3,
        "echo": True,
        "logprobs": 3,
        "stream": True,
        "suffix": "s",
    }
    made = COMPLETIONS.again(value, "said", "note", choice)
    assert made == {"prompt": expected, "n": 1, "stream": False, "suffix": "s"}


@pytest.mark.parametrize("prompt", [[1, 2], [[1], [2]], None, ["a"], 7])
def test_token_ids_cannot_be_asked_again(prompt):
    with pytest.raises(InputError, match="prompt"):
        COMPLETIONS.again({"prompt": prompt}, "said", "note", 1)


@pytest.mark.parametrize(("value", "expected"), [
    (text("a", "stop"), "a"), (text("", "stop"), None), ({"choices": [{}]}, None), ({"choices": 3}, None),
])  # fmt: skip
def test_the_text_of_an_answer(value, expected):
    assert COMPLETIONS.answer(value) == expected
