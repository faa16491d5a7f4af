"""The openai SDK, versions 2 and 3, through both doors: what its users get of clean answers and of stopped ones."""

import json

import pytest

from tests import wires
from tests.sdks.conftest import NOTICE, PAIRS
from tests.wire import exchanges as x

VERSIONS = (2, 3)
RAISES = {
    "chat helper": "ContentFilterFinishReasonError",
    "chat parse": "ContentFilterFinishReasonError",
    "responses helper": "RuntimeError",
    "responses parse": "ValidationError",
}
"""What the SDK's own helpers make of an answer that ends as filtered: why ``ending`` can be set."""
CUT_JSON = {"chat parse": "ValidationError", "responses parse": "ValidationError"}
"""And of one that ends normally: half of a JSON object is none."""


@pytest.fixture(params=VERSIONS, ids="openai-{}".format)
def version(request):
    return request.param


@pytest.fixture(params=PAIRS, ids="-".join)
def looked(request, version, openai_seen):
    """(what was seen, how often the model was asked, (version, door, style))"""
    return (*openai_seen(version, *request.param), (version, *request.param))


def of(seen, saying):
    return {name.removeprefix(saying).strip(): one for name, one in seen.items() if name.startswith(saying)}


def test_it_is_the_version_meant(looked):
    seen, _, (version, *_) = looked
    assert seen["version"].startswith(f"{version}.")


def test_a_clean_answer_is_whole_however_it_is_asked_for(looked):
    for name, one in of(looked[0], "clean").items():
        assert one["raised"] is None, (name, one)
        said = one["text"]
        if name.endswith("of tools"):
            assert said == "Let me see."
            assert one["arguments"] == wires.arguments(x.CLEAN)
        elif name != "chat raw":
            assert said == x.CLEAN, name
        assert not one.get("simblock")
        assert not one.get("results")


def test_nothing_of_a_work_reaches_its_user(looked):
    for name, one in of(looked[0], "copying").items():
        assert not x.GREEK.search(json.dumps(one, ensure_ascii=False)), name


def test_a_stopped_answer_ends_as_was_chosen(looked):
    seen, _, (_, _, style) = looked
    raises = RAISES if style == "filter" else CUT_JSON
    for name, one in of(seen, "copying").items():
        assert one["raised"] == raises.get(name), (name, one)
        if one["raised"] or name == "chat raw":
            continue
        if "finish" in one:
            called = name.endswith("of tools")
            assert one["finish"] == ("content_filter" if style == "filter" or called else "stop"), name
        if "status" in one:
            filtered = {"status": "incomplete", "reason": "content_filter"}
            assert filtered.items() <= one.items() if style == "filter" else one["status"] == "completed", (
                name
            )
        assert NOTICE in one["text"], name


def test_what_stood_before_the_passage_is_there(looked):
    for name, one in of(looked[0], "copying").items():
        if one["raised"] is None and name not in {"chat raw", "reasoning"} and not name.endswith("of tools"):
            assert one["text"].startswith(x.BEFORE.rstrip()), name


def test_arguments_of_a_tool_are_cut_and_never_closed(looked):
    seen = of(looked[0], "copying")
    arguments = seen["chat stream of tools"]["arguments"]
    assert wires.arguments(x.COPYING).startswith(arguments)
    assert wires.arguments(x.BEFORE)[:-4].startswith(arguments[:-4])
    for name in ("chat stream of tools", "responses stream of tools"):
        with pytest.raises(ValueError, match=r"."):
            json.loads(seen[name]["arguments"])


def test_why_it_was_stopped_can_be_read_by_programs(looked):
    for name, one in of(looked[0], "copying").items():
        if one["raised"] or name in {"async", "chat helper"}:  # which drops the fields that it does not know
            continue
        if "results" in one:
            results = one["results"]["protected_material_text"]
            assert {"detected": True, "filtered": True}.items() <= results.items()
        told = one["simblock"]
        assert (told["action"], told["reason"]) == ("stop", "protected"), name
        assert told["sources"][0]["title"] == "Title of greek-2"
    raw = looked[0]["copying chat raw"]
    assert raw["simblock"]["report_id"] == raw["header"]


def test_a_blocked_answer_is_not_asked_for_again(looked):
    """Each way of asking once; raw asks for a whole answer and a stream, async for chat and Responses."""
    _, counts, _ = looked
    assert counts
    for model, times in counts.items():
        assert times == (2 if model.endswith(("raw", "async")) else 1), model
