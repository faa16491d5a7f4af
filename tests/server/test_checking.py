"""POST /v1/check: results, clear refusals, and no more at a time than there are threads for."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from simblock import Document, MemoryIndex, Policy, Work
from simblock.cli import app
from simblock.events import Events, Metrics
from simblock.events.audit import Audit
from simblock.server.app import Public
from simblock.server.checking import Asked, Checks
from simblock.serving.gate import Gate, guard_for
from simblock.serving.settings import Settings
from simblock_indexer.exits import run
from tests.server.conftest import CLEAN, PASSAGE
from tests.upstreams import served

PATH = "/v1/check"


@pytest.fixture(scope="module")
def url(guard):
    checks = Checks(lambda: guard, most=100_000)
    with served(Public({PATH: checks})) as base:
        yield base
    checks.close()


def post(url, body, path=PATH):
    with httpx.Client(timeout=20) as client:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(url + path, content=content)


def test_the_result_is_that_of_the_library(url, guard):
    text = f"Here it is: {PASSAGE} and that was it."
    answer = post(url, {"id": "row-1", "text": text, "all": True})
    assert answer.status_code == 200
    told, own = answer.json(), json.loads(json.dumps(guard.check(text, all=True).to_dict()))
    for row in (told, own):
        del row["elapsed_ms"]
    assert told.pop("id") == "row-1"
    del own["id"]
    assert told == own
    assert told["decision"] == "stop"


def test_what_the_prompt_or_the_history_holds_is_free(url):
    assert post(url, {"text": PASSAGE, "prompt": PASSAGE}).json()["decision"] == "release"
    said = [{"role": "user", "content": PASSAGE}, {"role": "assistant", "content": "Yes."}]
    assert post(url, {"text": PASSAGE, "history": said}).json()["decision"] == "release"
    said = [{"role": "assistant", "content": PASSAGE}]
    assert post(url, {"text": CLEAN, "history": said, "kind": None, "tenant": "t"}).status_code == 200


def test_characters_that_are_halves_come_back_as_they_went(url):
    assert post(url, rb'{"text": "a lone half: \ud800."}').json()["released"] == "a lone half: \ud800."


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[" * 50_000, "JSON"),
        (b"\xff", "JSON"),
        ([], "no object"),
        ({}, "'text'"),
        ({"text": 3}, "'text'"),
        ({"text": None}, "'text'"),
        ({"text": "a", "promt": "b"}, "'promt'"),
        ({"text": "a", "prompt": ["b"]}, "'prompt'"),
        ({"text": "a", "all": 1}, "'all'"),
        ({"text": "a", "kind": "prose"}, "kind"),
        ({"text": "a", "kind": "code"}, "language"),
        ({"text": "a", "language": "klingon"}, "klingon"),
        ({"text": "a", "history": {}}, "'history'"),
        ({"text": "a", "history": [{"role": "user"}]}, "turn 1"),
        (
            {"text": "a", "history": [{"role": "user", "content": "x"}, {"role": "model", "content": "x"}]},
            "turn 2",
        ),
    ],
)
def test_what_cannot_be_meant_is_named(url, body, named):
    answer = post(url, body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


def test_errors_hold_nothing_of_what_was_sent(url):
    answer = post(url, {"text": "a secret of the user", "history": ["a secret of the user"]})
    assert answer.status_code == 400
    assert "secret" not in answer.text


def test_a_body_over_the_cap_is_refused(url):
    answer = post(url, {"text": "a" * 100_001})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_other_methods_and_paths_are_told_what_there_is(url):
    with httpx.Client() as client:
        answer = client.get(url + PATH)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert PATH in client.post(url + "/v1/chat/completions").json()["error"]["message"]


class Slow:
    """A guard that checks nothing until it is let."""

    def __init__(self, guard):
        self.guard, self.policy = guard, guard.policy
        self.go, self.lock = threading.Event(), threading.Lock()
        self.at_once = self.most = 0

    def check(self, *args, **options):
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.go.wait(20)
        with self.lock:
            self.at_once -= 1
        return self.guard.check(*args, **options)


def test_few_are_checked_at_once_few_wait_and_the_rest_are_told_to_come_again(guard):
    slow = Slow(guard)
    checks = Checks(lambda: slow, workers=2, waiting=3)
    with served(Public({PATH: checks})) as url, ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(post, url, {"text": CLEAN}) for _ in range(9)]
        while sum(one.done() for one in asked) < 4:
            time.sleep(0.01)
        slow.go.set()
        answers = [one.result() for one in asked]
    checks.close()
    assert sorted(one.status_code for one in answers) == [200] * 5 + [503] * 4
    assert slow.most == 2
    assert all(one.headers["retry-after"] == "1" for one in answers if one.status_code == 503)


def test_a_failure_that_nobody_foresaw_is_told_without_a_word_of_the_text():
    class Broken:
        def check(self, *args, **options):
            raise RuntimeError("the text of the user")

    checks = Checks(Broken)
    with served(Public({PATH: checks})) as url:
        answer = post(url, {"text": CLEAN})
    checks.close()
    assert answer.status_code == 500
    assert "user" not in answer.text


class Told:
    """A sink of events."""

    def __init__(self):
        self.decisions, self.blocked = [], None

    def take(self, decision):
        self.decisions.append(decision)

    def bypassed(self, reason, route): ...

    def digest(self):
        return None


def test_events_are_told_of_each_check_and_of_text_only_where_that_is_asked_for(guard):
    text = f"Here it is: {PASSAGE}"
    for evidence in (False, True):
        told = Told()
        checks = Checks(lambda: guard, Events(told), evidence=evidence)
        checks.check(Asked(text, id="row-1"))
        checks.check(Asked(CLEAN))
        checks.close()
        stopped, clean = told.decisions
        assert (stopped.outcome, stopped.request_id, stopped.route) == ("stopped", "row-1", "/check")
        assert (stopped.streams[0].characters, stopped.streams[0].matches) == (len(text), (0,))
        assert stopped.streams[0].released < 20
        assert (stopped.evidence == {"0": PASSAGE}) is evidence
        assert (clean.outcome, clean.streams[0].released) == ("clean", len(CLEAN))


def test_a_log_of_checks_can_be_explained_and_replayed_under_another_policy(guard, tmp_path, capsys):
    """Twenty words act under no rule: callers are not told of them, the log is."""
    some = " ".join(PASSAGE.split()[20:40])
    metrics = Metrics(guard)
    with Audit(tmp_path / "audit.jsonl", key=bytes(32)) as audit:
        checks = Checks(lambda: guard, Events(audit, metrics=metrics))
        quoted = checks.check(Asked(f"It says: {some}, and no more.", id="row-1"))
        checks.check(Asked(f"Here it is: {PASSAGE}", id="row-2"))
        checks.close()
    assert (quoted.decision, quoted.matches) == ("release", ())
    assert metrics.scan.read()[0][-1] == 2
    row = json.loads((tmp_path / "audit.jsonl").read_text("utf-8").splitlines()[0])
    assert row["floor"] == [16, 30, 20]
    assert [match["tokens"] for match in row["matches"]] == [20]
    assert len(row["streams"][0]["digest"]) == 32

    log = str(tmp_path / "audit.jsonl")

    def said(*arguments):
        with pytest.raises(SystemExit) as ended:
            run(app, "simblock", [*arguments])
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "10 short" in said("explain", "row-1", "--audit", log)
    (tmp_path / "new.toml").write_text("max_leak = 0\n[text]\nmin_run = 18\n")
    told = said("replay", log, "--policy", str(tmp_path / "new.toml"))
    assert "stops 1 → 2, 1 gained" in told
    assert "2 of 2 decisions come out as they were" in told


def test_a_policy_that_replaces_withholds_in_checks_for_nobody_writes_other_words(tmp_path):
    (tmp_path / "policy.toml").write_text('action = "replace"\nmax_leak = 0\n')
    index = MemoryIndex([Document(Work("ferry"), PASSAGE)])
    settings = Settings(policy=tmp_path / "policy.toml")
    gate = Gate(guard_for([index], Policy.load(settings.policy), settings), settings)
    checks = Checks(lambda: gate.guard)
    report = checks.check(Asked(f"Here it is: {PASSAGE}"))
    checks.close()
    assert report.decision == "stop"
    assert not set(PASSAGE.split()) & set(report.released.split())


def test_nothing_is_checked_while_a_log_that_is_required_is_lost(guard):
    told = Told()
    checks = Checks(lambda: guard, Events(told))
    with served(Public({PATH: checks})) as url:
        told.blocked = "the audit log cannot be written"
        answer = post(url, {"text": CLEAN})
        told.blocked = None
        assert post(url, {"text": CLEAN}).status_code == 200
    checks.close()
    assert answer.status_code == 503
    assert "audit log" in answer.json()["error"]["message"]
