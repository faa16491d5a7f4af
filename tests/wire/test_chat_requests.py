"""Chat Completions: what a request says, how it is asked again, what its answer is."""

import pytest

from simblock.errors import InputError
from simblock.response import Turn
from simblock.wire.chat import CHAT
from simblock.wire.format import Request
from tests.wire.servers import copied, whole


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
