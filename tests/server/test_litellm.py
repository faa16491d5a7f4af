"""LiteLLM's generic guardrail endpoint, as LiteLLM 1.106 asks it: the fields that it sends, the answers that it reads."""

import json
from types import SimpleNamespace

import httpx
import pytest

from simblock.events import Events
from simblock.response import Turn
from simblock.server.app import Public
from simblock.server.checking import Checks
from simblock.server.litellm import CALLS, PATH, SECONDS, Calls, LiteLLM, judge
from tests.server.conftest import CLEAN, PASSAGE, guard_of
from tests.upstreams import served

COPY = f"Here it is: {PASSAGE} and that was it."


@pytest.fixture(scope="module")
def ask(guard):
    checks = Checks(lambda: guard)
    with served(Public({PATH: LiteLLM(checks)})) as url, httpx.Client(timeout=20) as client:

        def ask(**fields):
            body = {
                "request_data": {"user_api_key_hash": "h"},
                "litellm_version": "1.106.2",
                "images": None,
                **fields,
            }
            answer = client.post(url + PATH, json=body)
            return answer.json() if answer.status_code == 200 else answer.status_code

        yield ask
    checks.close()


def test_requests_are_never_acted_on(ask):
    assert ask(input_type="request", texts=[COPY]) == {"action": "NONE"}


def test_a_clean_answer_passes_and_its_end_may_be_asked_to_be_held(ask):
    told = ask(input_type="response", texts=[CLEAN])
    assert told["action"] == "NONE"
    assert 0 < told["stream_holdback_chars"][0] < len(CLEAN)


def test_a_copy_is_blocked_and_its_work_is_not_named(ask):
    told = ask(input_type="response", texts=[CLEAN, COPY])
    assert told["action"] == "BLOCKED"
    assert "too close to protected content" in told["blocked_reason"]
    assert "erry" not in told["blocked_reason"]
    assert "texts" not in told


@pytest.mark.parametrize("cut", [10, 60, 200, 400, 700])
def test_of_an_answer_that_grows_nothing_of_the_passage_is_let_go_before_the_block(ask, cut):
    """What LiteLLM sends on in its mode incremental_diff is the text but for what it is asked to hold."""
    sent = ""
    for end in range(cut, len(COPY) + cut, cut):
        told = ask(input_type="response", texts=[COPY[:end]])
        if told["action"] == "BLOCKED":
            break
        held = told.get("stream_holdback_chars", [0])[0]
        out = COPY[: min(end, len(COPY)) - held]
        assert out.startswith(sent)
        sent = out
    else:
        pytest.fail("never blocked")
    assert sent in "Here it is: "


def test_the_arguments_of_tool_calls_are_checked_too(ask):
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "write", "arguments": json.dumps({"text": PASSAGE})},
    }
    assert ask(input_type="response", texts=[], tool_calls=[call])["action"] == "BLOCKED"
    call["function"]["arguments"] = json.dumps({"text": "nothing much"})
    assert ask(input_type="response", texts=[], tool_calls=[call])["action"] == "NONE"


def test_what_the_user_said_is_free_where_the_request_was_sent_before(ask):
    said = [{"role": "user", "content": [{"type": "text", "text": f"Correct this: {PASSAGE}"}]}]
    ask(input_type="request", texts=[], structured_messages=said, litellm_call_id="one")
    assert ask(input_type="response", texts=[COPY], litellm_call_id="one")["action"] == "NONE"
    assert ask(input_type="response", texts=[COPY], litellm_call_id="two")["action"] == "BLOCKED"
    assert ask(input_type="response", texts=[COPY], structured_messages=said)["action"] == "NONE"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"input_type": "both"},
        {"input_type": "response", "texts": "x"},
        {"input_type": "response", "texts": [3]},
    ],
)
def test_what_is_not_of_the_interface_is_an_error_which_litellm_takes_for_no_verdict(ask, fields):
    assert ask(**fields) == 400


def test_under_redact_the_text_comes_back_without_the_passage():
    told, report, _ = judge(guard_of(action="redact", max_leak=0), [COPY], [], ())
    assert (told["action"], report.decision) == ("GUARDRAIL_INTERVENED", "redact")
    (text,) = told["texts"]
    assert text.startswith("Here it is: ")
    assert text.endswith("and that was it.")
    assert not set(PASSAGE.split()[:100]) & set(text.split())


def test_under_redact_the_arguments_of_a_call_are_blocked():
    assert judge(guard_of(action="redact"), [], [PASSAGE], ())[0]["action"] == "BLOCKED"


def test_under_observe_nothing_is_done():
    assert judge(guard_of(action="observe"), [COPY], [PASSAGE], ())[0]["action"] == "NONE"


@pytest.mark.parametrize(
    "messages", [5, ["h"], [{"role": "assistant", "content": "x", "tool_calls": 5}], [{"role": ["user"]}]]
)
def test_messages_of_no_shape_free_nothing_and_break_nothing(messages, ask):
    asked = {"structured_messages": messages, "litellm_call_id": "odd"}
    assert ask(input_type="request", texts=[], **asked) == {"action": "NONE"}
    assert ask(input_type="response", texts=[COPY], **asked)["action"] == "BLOCKED"


def test_calls_are_remembered_for_a_while_and_not_without_bounds():
    now = [0.0]
    calls = Calls(lambda: now[0])
    for number in range(CALLS + 1):
        calls.keep(f"call {number}", (Turn("user", "x"),))
    assert calls.of("call 0") == ()
    assert calls.of("call 1") == (Turn("user", "x"),)
    now[0] = SECONDS + 1
    assert calls.of("call 1") == ()
    calls.keep("last", (Turn("user", "y" * 10),))
    assert calls.of("last")
    calls.keep("huge", (Turn("user", "y" * 70_000_000),))
    assert calls.of("huge") == ()
    assert calls.of("last")


def test_events_are_told_of_rounds_in_which_something_was_found_alone(guard):
    told = []
    checks = Checks(lambda: guard, Events(SimpleNamespace(take=told.append, blocked=None)))
    with served(Public({PATH: LiteLLM(checks)})) as url, httpx.Client(timeout=20) as client:
        for text in (CLEAN, COPY):
            body = {
                "input_type": "response",
                "texts": [text],
                "tool_calls": [{"function": {"arguments": "{}"}}],
                "litellm_call_id": "c",
            }
            client.post(url + PATH, json=body)
    checks.close()
    (decision,) = told
    assert (decision.outcome, decision.route, decision.request_id) == ("stopped", "/litellm", "c")
    assert [(one.channel, one.choice, one.characters, one.matches) for one in decision.streams] == [
        ("content", 0, len(COPY), (0,)),
        ("tool", 0, 2, ()),
    ]
    assert decision.streams[0].stopped
    assert 0 < decision.streams[0].released < COPY.index(PASSAGE) + 20
    assert decision.scan_ms > 0
