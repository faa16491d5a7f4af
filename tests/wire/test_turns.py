from __future__ import annotations

import json
from typing import Any

import pytest

from simblock.errors import InputError
from simblock.response import Turn
from simblock.wire.turns import DEEPEST, client, role_of, said, turns_of

CONTENTS = [
    pytest.param("plain", "plain", id="a string"),
    pytest.param(None, "", id="null says nothing"),
    pytest.param([], "", id="no parts"),
    pytest.param(7, "", id="a number says nothing"),
    pytest.param(
        [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb", id="parts, a line each"
    ),
    pytest.param(["a", {"text": "b"}], "a\nb", id="strings among parts, a part without a type"),
    pytest.param([{"type": "refusal", "refusal": "no"}], "no", id="a refusal"),
    pytest.param(
        [{"type": "input_text", "text": "a"}, {"type": "output_text", "text": "b"}], "a\nb", id="Responses"
    ),
    pytest.param(
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}], "", id="a picture"
    ),
    pytest.param(
        [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}], "", id="a sound"
    ),
    pytest.param([{"type": "file", "file": {"file_data": "AAAA", "filename": "f"}}], "", id="a file"),
    pytest.param(
        [{"type": "thinking", "thinking": "hm", "signature": "AAAA"}], "hm", id="thinking, unsigned"
    ),
    pytest.param(
        [{"type": "tool_use", "id": "t", "name": "f", "input": {"q": "é"}}], '{"q": "é"}', id="a tool's input"
    ),
    pytest.param(
        [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "r"}]}],
        "r",
        id="a result",
    ),
    pytest.param(
        [
            {
                "type": "document",
                "title": "T",
                "source": {"type": "text", "media_type": "text/plain", "data": "d"},
            }
        ],
        "T\nd",
        id="a document as text",
    ),
    pytest.param(
        [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}],
        "",
        id="a document that is encoded",
    ),
    pytest.param(
        [{"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "d"}]}}],
        "d",
        id="a document of parts",
    ),
]


@pytest.mark.parametrize(("content", "expected"), CONTENTS)
def test_what_a_content_says(content: Any, expected: str) -> None:
    assert said(content) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("user", "user"), ("system", "system"), ("developer", "system"), ("tool", "tool"), ("function", "tool"),
        ("assistant", "assistant"), ("model", "assistant"), ("User ", "user"), ("surprise", "assistant"),
        (None, "assistant"), (3, "assistant"),
    ],
)  # fmt: skip
def test_a_role_that_nobody_knows_is_the_models(role: Any, expected: str) -> None:
    assert role_of(role) == expected


def test_an_assistants_reasoning_and_tool_calls_are_turns_of_their_own() -> None:
    message = {
        "role": "assistant",
        "content": None,
        "name": "bob",
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": "1"}'}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "two"}},
        ],
        "function_call": {"name": "f", "arguments": "{}"},
        "refusal": "no",
    }
    turns = list(turns_of([message]))
    assert {turn.role for turn in turns} == {"assistant"}
    assert [turn.content for turn in turns] == ["hm", '{"x": "1"}\ntwo', "{}", "no"]


def test_messages_keep_their_order_and_roles() -> None:
    messages = [
        {"role": "developer", "content": "d"},
        {"role": "user", "content": [{"type": "text", "text": "u"}]},
        {"role": "tool", "tool_call_id": "x", "content": "t"},
        {"role": "function", "name": "f", "content": "g"},
    ]
    assert list(turns_of(messages)) == [
        Turn("system", "d"), Turn("user", "u"), Turn("tool", "t"), Turn("tool", "g"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "named"),
    [("hello", "messages: "), ({"role": "user"}, "messages: "), ([{}, "hello"], "messages[1]: ")],
)
def test_what_is_no_list_of_messages_is_named_without_its_text(messages: Any, named: str) -> None:
    with pytest.raises(InputError) as refused:
        list(turns_of(messages))
    assert str(refused.value).startswith(named)
    assert "hello" not in str(refused.value)


def test_a_content_nested_without_end_is_refused() -> None:
    content: Any = "x"
    for _ in range(DEEPEST + 2):
        content = [content]
    with pytest.raises(InputError, match=r"messages\[0\]: nested"):
        list(turns_of([{"role": "user", "content": content}]))


def test_every_string_of_the_clients_own_settings_is_a_turn() -> None:
    tools = [
        {
            "type": "function",
            "function": {"name": "f", "description": "what it does", "parameters": {"x": [1, "y"]}},
        }
    ]
    assert list(client("a", None, tools, [])) == [
        Turn("user", "a"),
        Turn("user", "function\nf\nwhat it does\ny"),
    ]


def test_settings_may_be_nested_as_deep_as_json_can_be() -> None:
    deep = json.loads("[" * 900 + '"x"' + "]" * 900)
    assert list(client(deep)) == [Turn("user", "x")]
