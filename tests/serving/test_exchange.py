"""An exchange: the bytes of one response, and what is told of it when it is over."""

import gzip
import json

import pytest

from simblock.errors import InputError, Unavailable
from simblock.events import Events, Metrics
from simblock.guard import Guard
from simblock.policy import Policy
from simblock.serving.gate import Gate
from simblock.serving.settings import Settings
from tests import wires
from tests.material import INDEX, WORKS
from tests.wire.test_filtering import CLEAN, COPYING, PASSAGE, words_out

SSE = [(b"Content-Type", b"text/event-stream; charset=utf-8")]
JSON = [(b"content-type", b"application/json")]


class Remembering:
    def __init__(self):
        self.decisions = []

    def take(self, decision):
        self.decisions.append(decision)


class Gated:
    """A gate with what it told."""

    def __init__(self, policy=None, **settings):
        self.sink, self.metrics = Remembering(), Metrics()
        events = Events(self.sink, metrics=self.metrics)
        self.gate = Gate(Guard(INDEX, policy or Policy()), Settings(**settings), events=events)

    def exchange(self, format="chat", headers=(), **options):
        route = self.gate.route("POST", wires.PATHS[format])
        return self.gate.exchange(route, headers, wires.request(format, **options))

    @property
    def decision(self):
        (decision,) = self.sink.decisions
        return decision


def test_a_stream_goes_through_in_a_blocking_way():
    gated = Gated(Policy(max_leak=0))
    exchange = gated.exchange(headers=[(b"X-Request-Id", b"abc")])
    head = exchange.head(200, SSE)
    assert head.status == 200
    assert (b"x-simblock-report-id", exchange.id.encode()) in head.headers
    out = b""
    for chunk in wires.stream("chat", "content", wires.pieces(COPYING)):
        out += exchange.feed(chunk)
        if exchange.over:
            break
    out += exchange.finish()
    exchange.close()
    exchange.close()
    assert out.endswith(b"data: [DONE]\n\n")
    assert words_out(out) == 0
    decision = gated.decision
    assert (decision.outcome, decision.request_id, decision.format) == ("stopped", "abc", "chat")
    assert decision.route == "/chat/completions"
    (spoken,) = decision.streams
    assert spoken.channel == "content"
    assert spoken.released == len(CLEAN) + 1
    assert spoken.characters > spoken.released
    assert spoken.stopped
    assert decision.report.matches[0].work.id == "work-3"
    assert decision.scan_ms > 0
    assert gated.metrics.in_flight.value == 0


def test_matches_that_nothing_was_done_about_are_told_too():
    gated = Gated()
    exchange = gated.exchange()
    exchange.head(200, SSE)
    short = " ".join(WORKS["work-4"][50:72])
    for chunk in wires.stream("chat", "content", wires.pieces(f"{CLEAN} {short} {CLEAN}")):
        exchange.feed(chunk)
    exchange.finish()
    exchange.close()
    assert gated.decision.outcome == "clean"
    (match,) = gated.decision.report.matches
    assert (match.work.id, match.action) == ("work-4", "release")


@pytest.mark.parametrize("evidence", [True, False])
def test_the_matched_text_is_kept_where_it_is_asked_for_alone(evidence):
    gated = Gated(evidence=evidence)
    exchange = gated.exchange()
    exchange.head(200, SSE)
    for chunk in wires.stream("chat", "content", wires.pieces(COPYING)):
        exchange.feed(chunk)
    exchange.finish()
    exchange.close()
    kept = gated.decision.evidence
    if evidence:
        assert PASSAGE.startswith(kept["0"][:40])
    else:
        assert kept is None


def test_headers_that_would_lie_are_left_out_and_others_kept():
    gated = Gated()
    exchange = gated.exchange()
    given = [
        *SSE,
        (b"Content-Length", b"9"),
        (b"ETag", b"x"),
        (b"X-Own", b"1"),
        (b"Content-Encoding", b"gzip"),
    ]
    head = exchange.head(200, given)
    names = [name for name, _ in head.headers]
    assert b"x-own" in names
    assert not {b"content-length", b"etag", b"content-encoding"} & set(names)
    raw = b"".join(wires.stream("chat", "content", wires.pieces(CLEAN)))
    packed = gzip.compress(raw)
    assert b"".join([*map(exchange.feed, (packed[:99], packed[99:])), exchange.finish()]) == raw


def test_a_stream_whose_encoding_is_damaged_is_broken_off():
    gated = Gated()
    exchange = gated.exchange()
    exchange.head(200, [*SSE, (b"content-encoding", b"gzip")])
    exchange.feed(b"no gzip at all")
    assert exchange.over
    assert exchange.broken
    exchange.close()
    assert gated.decision.outcome == "error_stopped"


def test_an_answer_over_the_cap_is_withheld():
    gated = Gated(max_body=2048)
    exchange = gated.exchange()
    assert exchange.head(200, JSON) is None
    exchange.feed(wires.body("chat", "content", CLEAN * 10))
    assert exchange.over
    out = exchange.finish()
    assert exchange.answer_head.status == 502
    assert json.loads(out)["error"]["code"] == "unavailable"


def test_an_answer_without_a_body_has_its_head_alone():
    exchange = Gated().exchange()
    assert exchange.head(204, []).status == 204
    assert exchange.finish() == b""


@pytest.mark.parametrize("show", [True, False])
def test_the_client_is_told_what_the_settings_say(show):
    gated = Gated(Policy(max_leak=0), show_report=show, show_sources=show, ending="stop", notice="[no]")
    exchange = gated.exchange()
    exchange.head(200, SSE)
    out = b""
    for chunk in wires.stream("chat", "content", wires.pieces(COPYING)):
        out += exchange.feed(chunk)
    end = wires.events(out)[-2][1]
    assert end["choices"][0]["finish_reason"] == "stop"
    assert wires.heard("chat", out)["content", 0].endswith("[no]")
    told = end["simblock"]
    assert told["report_id"] == exchange.id
    assert told["retry"] is True
    assert ("report" in told) == show
    assert ("work-3" in json.dumps(told)) == show
    assert PASSAGE[:40] not in json.dumps(told)


def test_a_rule_by_tenant_is_for_the_tenant_that_the_header_names():
    policy = Policy(rule=({"tenant": ("press",), "action": "release"},))
    for tenant, outcome in ((b"press", "clean"), (b"other", "stopped")):
        gated = Gated(policy, tenant_header="X-Tenant")
        exchange = gated.exchange(headers=[(b"x-tenant", tenant)])
        exchange.head(200, SSE)
        for chunk in wires.stream("chat", "content", wires.pieces(COPYING)):
            exchange.feed(chunk)
        exchange.finish()
        exchange.close()
        assert gated.decision.outcome == outcome


def test_a_request_that_is_no_json_is_an_error_that_shows_nothing_of_it():
    gate = Gated().gate
    with pytest.raises(InputError) as caught:
        gate.exchange(gate.route("POST", "/v1/chat/completions"), [], b'{"secret words')
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("kind", [SSE, JSON])
def test_what_was_ended_is_not_told_as_released(kind):
    gated = Gated(Policy(on_error="release"), max_body=2048)
    exchange = gated.exchange()
    exchange.head(200, [*kind, (b"content-encoding", b"gzip")])
    exchange.feed(b"no gzip at all")
    exchange.finish()
    exchange.close()
    assert gated.decision.outcome == "error_stopped"


def test_while_a_required_log_cannot_be_written_no_answer_begins():
    class Full(Remembering):
        blocked = "the audit log cannot be written"

        def bypassed(self, reason, route): ...

        def digest(self):
            return None

    gate = Gate(Guard(INDEX, Policy()), Settings(), events=Events(Full()))
    with pytest.raises(Unavailable):
        gate.exchange(gate.route("POST", "/v1/messages"), [], wires.request("messages"))
