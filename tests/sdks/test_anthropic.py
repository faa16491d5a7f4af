"""The anthropic SDK through both doors: what its users get of clean answers and of stopped ones."""

import json

import pytest

from tests import wires
from tests.sdks.conftest import NOTICE, PAIRS
from tests.wire import exchanges as x


@pytest.fixture(params=PAIRS, ids="-".join)
def looked(request, anthropic_seen):
    return (*anthropic_seen(*request.param), request.param[1])


def of(seen, saying):
    return {name.removeprefix(saying).strip(): one for name, one in seen.items() if name.startswith(saying)}


def test_a_clean_answer_is_whole_however_it_is_asked_for(looked):
    for name, one in of(looked[0], "clean").items():
        assert one["raised"] is None, (name, one)
        channel = name.split()[0]
        assert one["text"] == (x.CLEAN if channel == "content" else "Let me see.")
        if channel == "tool" and "inputs" in one:
            assert one["inputs"] == [json.loads(wires.arguments(x.CLEAN))]
        if channel == "reasoning" and "thinking" in one:
            assert one["thinking"] == x.CLEAN
        assert not one.get("simblock")
        assert one["reason"] == ("tool_use" if channel == "tool" else "end_turn")


def test_nothing_of_a_work_reaches_its_user(looked):
    for name, one in of(looked[0], "copying").items():
        assert one["raised"] is None, (name, one)
        assert not x.GREEK.search(json.dumps(one, ensure_ascii=False)), name


def test_a_stopped_answer_ends_as_was_chosen(looked):
    seen, _, style = looked
    for name, one in of(seen, "copying").items():
        if style == "filter":
            assert one["reason"] == "refusal", name
            assert NOTICE not in one["text"]
            assert "details" not in one or one["details"]["explanation"] == NOTICE, name
        else:
            assert NOTICE in one["text"], name
            assert one["reason"] == "end_turn" or name.startswith("tool")
        if name.startswith("content"):
            assert one["text"].startswith(x.BEFORE.rstrip()), name


def test_a_tool_is_not_called_with_what_was_cut(looked):
    seen = of(looked[0], "copying")
    assert wires.arguments(x.COPYING).startswith(seen["tool stream"]["partial"])
    for name in ("tool stream", "tool whole", "tool helper", "tool raw"):
        assert seen[name]["reason"] != "tool_use", name
    assert seen["tool whole"]["inputs"] == seen["tool raw"]["inputs"] == []


def test_why_it_was_stopped_can_be_read_by_programs(looked):
    """The stream's helper drops fields that it does not know: there it is on the event ``message_delta`` alone."""
    seen = of(looked[0], "copying")
    for name in ("content stream", "content whole", "content raw", "tool stream", "reasoning whole"):
        told = seen[name]["simblock"]
        assert (told["action"], told["reason"], told["retry"]) == ("stop", "protected", True), name
        assert told["sources"][0]["title"] == "Title of greek-2"
    assert seen["content raw"]["header"] == seen["content raw"]["simblock"]["report_id"]


def test_a_blocked_answer_is_not_asked_for_again(looked):
    assert set(looked[1].values()) == {1}
