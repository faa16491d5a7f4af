"""`simblock serve` and `simblock proxy` as programs: what they print, what listens where, how they end."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from simblock import overview
from simblock.cli import app
from simblock.server.running import Address
from simblock.server.service import Service, Wanted
from simblock.serving.settings import Settings
from simblock.stores.writer import Writer
from simblock.work import Document, Work
from simblock_indexer.exits import run
from tests import wires
from tests.server.conftest import CLEAN, PASSAGE
from tests.upstreams import Reply

CHAT = "/v1/chat/completions"
PROGRAM = Path(sys.executable).parent / "simblock"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("served") / "works.sbx"
    with Writer.create(path) as writer:
        writer.put([Document(Work("ferry", title="The Ferry"), PASSAGE)])
        writer.commit()
    return str(path)


class Running:
    """A program that serves: its facts as it printed them."""

    def __init__(self, process):
        self.process, self.facts = process, {}
        for line in process.stdout:
            name, _, value = line.partition(":")
            self.facts[name] = value.strip()
            if name == "admin":
                break
        assert "listens on" in self.facts, process.communicate()[1]
        self.url = self.facts["listens on"]
        self.admin = self.facts.get("admin", "").split(" ")[0]

    def end(self, number=signal.SIGTERM, within=20):
        self.process.send_signal(number)
        return self.process.wait(within)


@contextlib.contextmanager
def serving(*arguments):
    """Runs a command until the block is over; ends it where the block did not."""
    process = subprocess.Popen(
        [PROGRAM, *arguments, "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


def test_without_an_upstream_it_checks_and_nothing_else(index, client):
    with serving("serve", index) as served:
        answer = client.post(served.url + "/v1/check", json={"text": f"So: {PASSAGE}"})
        assert answer.json()["decided"]["work"] == "ferry"
        asked = {"input_type": "response", "texts": [PASSAGE], "request_data": {}}
        answer = client.post(served.url + "/beta/litellm_basic_guardrail_api", json=asked)
        assert answer.json()["action"] == "BLOCKED"
        assert client.post(served.url + CHAT).status_code == 404
        assert served.facts["checks"] == "POST /v1/check, POST /beta/litellm_basic_guardrail_api"
        assert served.facts["indexes"] == index
        assert served.admin == "none"
        assert served.end() == 0


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_text("max_leak = 0\n")
    return path


@pytest.fixture
def whole(index, model, policy, tmp_path):
    """A proxy with everything."""
    policy.write_text("max_leak = 0\n")
    audit = tmp_path / "audit.jsonl"
    options = [
        "--upstream",
        model.url,
        "--admin",
        "127.0.0.1:0",
        "--policy",
        policy,
        "--audit",
        audit,
        "--pass-route",
        "GET /",
    ]
    with serving("proxy", "--index", index, *map(str, options)) as served:
        served.audit = audit
        yield served


def test_a_proxy_says_what_it_filters_passes_and_refuses_and_logs_what_it_decides(whole, model, client):
    assert "POST /chat/completions (chat)" in whole.facts["filtered"]
    assert "GET /models" in whole.facts["passed"]
    assert whole.facts["passed, as asked"] == "GET /"
    assert whole.facts["refused"] == "everything else (403)"
    assert whole.facts["upstream"] == model.url

    model.replies(CHAT, wires.stream("chat", "content", wires.pieces(PASSAGE)))
    answer = client.post(whole.url + CHAT, content=wires.request("chat"))
    assert not set(PASSAGE.split()) & set(wires.strings(answer.content).split())
    for path in ("/v1/check", "/metrics", "/readyz", "/live.json"):
        if path != "/metrics":
            assert client.post(whole.url + path).status_code == 403
    assert client.get(whole.url + "/readyz").status_code == 404  # the upstream's own

    assert client.get(whole.admin + "/healthz").status_code == 200
    assert client.get(whole.admin + "/readyz").json() == {"ready": True, "reasons": []}
    metrics = client.get(whole.admin + "/metrics").text
    assert 'outcome="stopped"' in metrics
    assert "simblock_refused_total 3.0" in metrics
    assert "stopped" in client.get(whole.admin + "/live.json").text
    assert "The Ferry" in client.get(whole.admin + "/").text
    logged = whole.audit.read_text()
    assert [row["outcome"] for row in map(json.loads, logged.splitlines()) if "outcome" in row] == ["stopped"]
    for text in (metrics, logged):
        assert not any(f"{one} {two}" in text for one, two in pairwise(PASSAGE.split()))

    assert whole.end(signal.SIGINT) == 130


def test_a_log_has_digests_where_there_is_a_key_and_passages_are_replaced_where_the_policy_says_so(
    index, model, tmp_path, client
):
    def said(asked):
        text = "something of my own" if b"withheld" in asked.body else PASSAGE
        return Reply(wires.body("chat", "content", text), headers={"content-type": "application/json"})

    model.replies(CHAT, said)
    (tmp_path / "key").write_text(f"{'ab' * 32}\n")
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "policy.toml").write_text('action = "replace"\nmax_leak = 0\n')
    audit = tmp_path / "audit.jsonl"
    options = ["--policy", tmp_path / "policy.toml", "--audit", audit, "--audit-key", tmp_path / "key"]
    with serving(
        "proxy", "--index", index, "--checks", "--upstream", model.url, *map(str, options)
    ) as served:
        answer = client.post(served.url + CHAT, content=wires.request("chat", stream=False))
        assert wires.heard("chat", answer.content, whole=True)["content", 0].strip() == "something of my own"
        assert client.post(served.url + "/v1/check", json={"text": PASSAGE}).json()["decision"] == "stop"
        assert served.end() == 0
    replaced, checked = map(json.loads, audit.read_text().splitlines())
    assert [row["outcome"] for row in (replaced, checked)] == ["replaced", "stopped"]
    (digest,) = {row["streams"][0]["digest"] for row in (replaced, checked)}  # the same text was said
    assert len(digest) == 32


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_nothing_begins_while_a_log_that_is_required_cannot_be_written(index, model, client):
    model.replies(CHAT, wires.stream("chat", "content", wires.pieces(CLEAN)))
    options = ["--audit", "/dev/full", "--audit-required", "--upstream", model.url]
    with serving("proxy", "--index", index, *options) as served:
        statuses = [client.post(served.url + CHAT, content=wires.request("chat")).status_code]
        deadline = time.monotonic() + 10  # the line is written after the answer
        while statuses[-1] == 200 and time.monotonic() < deadline:
            statuses.append(client.post(served.url + CHAT, content=wires.request("chat")).status_code)
        statuses.append(client.post(served.url + CHAT, content=wires.request("chat")).status_code)
        assert served.end() == 0
    assert statuses[0] == 200
    assert statuses[-2:] == [503, 503]
    assert len(model.requests) == statuses.count(200)


def test_the_live_page_is_written_while_decisions_go_on(index, monkeypatch):
    """Writing a page takes tens of milliseconds: no answer waits for it."""
    taken = threading.Event()

    def written(view, **_):
        threading.Thread(target=lambda: (service.events.bypassed("asked", "GET /"), taken.set())).start()
        assert taken.wait(10)
        return f"{view['responses']} responses"

    monkeypatch.setattr(overview, "written", written)
    with Service(Wanted(Settings(index=(index,))), None) as service:
        assert service._live_page().body == b"0 responses"
        assert json.loads(service._live_json().body)["bypasses"] == [
            {"reason": "asked", "route": "GET /", "count": 1}
        ]


def test_a_policy_that_changes_is_in_effect_for_new_answers(whole, policy, model, client):
    model.replies(CHAT, wires.stream("chat", "content", wires.pieces(PASSAGE)))

    def passes():
        answer = client.post(whole.url + CHAT, content=wires.request("chat"))
        return set(PASSAGE.split()) <= set(wires.strings(answer.content).split())

    assert not passes()
    policy.write_text('action = "stpo"\n')
    time.sleep(1.5)
    assert not passes()
    policy.write_text('action = "observe"\n')
    until = time.monotonic() + 10
    while not passes():
        assert time.monotonic() < until
    metrics = client.get(whole.admin + "/metrics").text
    assert 'simblock_policy_reloads_total{result="failed"} 1.0' in metrics
    assert whole.end() == 0
    told = whole.process.stderr.read()
    assert "stays in effect" in told
    assert "is in effect for new responses" in told


def test_a_signal_lets_running_answers_end_and_lets_no_new_ones_begin(whole, model, client):
    events = wires.stream("chat", "content", wires.pieces(CLEAN))
    model.replies(CHAT, events, delay=0.02)
    got = []
    with client.stream("POST", whole.url + CHAT, content=wires.request("chat")) as answer:
        chunks = answer.iter_raw()
        got.append(next(chunks))
        whole.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 5
        while (ready := httpx.get(whole.admin + "/readyz")).status_code != 503:
            assert time.monotonic() < until
        assert "draining" in ready.json()["reasons"]
        while refused(whole.url) is False:
            assert time.monotonic() < until
        got += chunks
    assert b"".join(got) == b"".join(events)
    assert whole.process.wait(10) == 0


def refused(url):
    host, port = url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return True
    return False


@pytest.mark.slow
def test_answers_that_take_too_long_are_cut_off_and_a_second_signal_does_not_wait(index, model, client):
    model.replies(CHAT, wires.stream("chat", "content", wires.pieces(CLEAN * 100)), delay=0.02)
    for signals, drain in ((1, "1"), (2, "600")):
        with serving("serve", index, "--upstream", model.url, "--drain", drain) as served:
            failed = threading.Event()

            def listen(url=served.url, failed=failed):
                try:
                    httpx.post(url + CHAT, content=wires.request("chat"), timeout=60)
                except httpx.HTTPError:
                    failed.set()

            thread = threading.Thread(target=listen)
            thread.start()
            until = time.monotonic() + 10
            while len(model.requests) < signals:
                assert time.monotonic() < until
                time.sleep(0.01)
            for _ in range(signals):
                served.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
            assert served.process.wait(15) == 0
            thread.join()
            assert failed.is_set()


def test_a_port_that_is_taken_is_one_line_and_code_2(index, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--listen", "--admin"):
            others = ["--listen", "127.0.0.1:0"] if option == "--admin" else []
            with pytest.raises(SystemExit) as ended:
                run(app, "simblock", ["serve", index, *others, option, f"127.0.0.1:{port}"])
            assert ended.value.code == 2
            told = capsys.readouterr().err
            assert f"{option} 127.0.0.1:{port}: address already in use" in told
            assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--listen", "nowhere"], "HOST:PORT"),
        (["--listen", "127.0.0.1:99999"], "HOST:PORT"),
        (["--listen", "no.such.host.invalid:0"], "no.such.host.invalid"),
        (["--upstream", "127.0.0.1:8000"], "http://HOST:PORT"),
        (["--upstream", "http://me:secret@host"], "leave it out"),
        (["--upstream", "http://host/?key=1"], "query"),
        (["--upstream", "http://host", "--pass-route", "models"], "models"),
        (["--upstream", "http://host", "--generation-route", "/ask"], "POST /ask=chat"),
        (["--upstream", "http://host", "--generation-route", "/ask=talk"], "talk"),
        (["--policy", "no/such.toml"], "no/such.toml"),
        (["--regenerate", "9"], "--regenerate"),
        (["--audit-required"], "--audit-required"),
        (["--audit-key", "no.key"], "--audit-key"),
        (["--audit", "no/such/audit.jsonl"], "no/such/audit.jsonl"),
    ],
)
def test_an_option_that_cannot_be_meant_is_named(index, capsys, options, named):
    if "--listen" not in options:
        options = [*options, "--listen", "127.0.0.1:0"]
    with pytest.raises(SystemExit) as ended:
        run(app, "simblock", ["serve", index, *options])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert named in told
    assert "secret" not in told
    assert told.count("\n") == 1


def test_addresses_of_every_kind_are_read():
    assert Address.parse("127.0.0.1:80", "--listen") == ("127.0.0.1", 80)
    assert Address.parse("[::1]:0", "--listen") == ("::1", 0)
    assert Address.parse(":8080", "--listen") == ("127.0.0.1", 8080)
    assert Address.parse("localhost:1", "--listen") == ("localhost", 1)
