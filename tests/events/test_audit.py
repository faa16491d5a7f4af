"""The audit log: a line a decision, whole, private, and back again."""

import json
import random
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simblock.errors import InputError
from simblock.events import Events, Metrics, Spoken, Unscanned, spread
from simblock.events.audit import Audit, Digest, digest_key
from simblock.events.reading import Log
from simblock.events.record import EVIDENCE, logged, record
from simblock.policy import Policy, decide
from tests.events.decisions import NOW, WORKS, decision, match, service
from tests.material import OTHERS, guard, prose, quoted_passage

TOP = Path(__file__).parents[2]
PASSAGE = decision(
    match(longest_run=40), evidence={"0": "what the model said"}, request_id="r-1", tenant="acme"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def read(path):
    return list(Log(str(path)))


def written(path, *decisions, **options):
    with Audit(path, **options) as audit:
        for one in decisions:
            audit.take(one)
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_a_decision_comes_back_as_it_was(path):
    spoken = Spoken("tool", 1, "0", 400, 12, True, (0,), "ab" * 16)
    one = replace(
        PASSAGE, streams=(spoken,), unscanned=(Unscanned("frame", "malformed", 7),), rounds=2, first_ms=None
    )
    written(path, one, evidence=True)
    (found,) = read(path)
    assert found.decision == replace(one, policy=None)
    assert found.policy == {
        "digest": one.policy.digest,
        "profile": "stop",
        "on_error": "stop",
        "max_leak": None,
    }
    assert found.thresholds[0]["min_run"] == 30
    assert found.thresholds[0]["action"] == "stop"


def test_every_decision_of_a_service_comes_back(path):
    decisions = list(service(200, sound=0.5))
    written(path, *decisions)
    for one, found in zip(decisions, read(path), strict=True):
        rounded = {"at": one.at, "scan_ms": one.scan_ms, "first_ms": one.first_ms, "held_ms": one.held_ms}
        assert replace(found.decision, **rounded) == replace(one, policy=None)
        assert {name: getattr(found.decision, name) for name in rounded} == pytest.approx(rounded, abs=6e-4)


def test_what_was_said_is_not_written_unless_it_is_asked_for(path, tmp_path):
    assert "what the model said" not in json.dumps(written(path, PASSAGE))
    (row,) = written(tmp_path / "other", PASSAGE, evidence=True)
    assert row["matches"][0]["text"] == "what the model said"


def test_evidence_is_bounded(path):
    (row,) = written(path, replace(PASSAGE, evidence={"0": "x" * 10_000}), evidence=True)
    assert len(row["matches"][0]["text"]) == EVIDENCE


@pytest.mark.parametrize("name", ["gpt-5.1", "org/model:latest@2026+x", "Müller_7", "m" * 128, "", None])
def test_what_callers_name_is_written_as_it_is(path, name):
    (row,) = written(path, replace(PASSAGE, model=name, request_id=name, tenant=name))
    assert {row["model"], row["request_id"], row["tenant"]} == {name}


@pytest.mark.parametrize("said", ["my name is John", "m" * 129, "a\nb", "<b>", "\ud800", "x\u202e"])
def test_what_is_no_name_is_not_written(path, said):
    (row,) = written(path, replace(PASSAGE, model=said, request_id=said, tenant=said))
    assert {row["model"], row["request_id"], row["tenant"]} == {"(other)"}


@pytest.mark.parametrize(
    ("channel", "part", "kept"),
    [
        ("tool", "3", "3"), ("content", "0.1@2", "0.1@2"), ("unknown", "choices.message.x", ""),
        ("unknown", "the ferryman counted his coins twice", ""), ("tool", "the ferryman counted", ""),
        ("tool", "7" * 65, ""),
    ],
)  # fmt: skip
def test_the_name_of_a_field_that_a_model_made_up_is_not_written(path, channel, part, kept):
    (row,) = written(path, replace(PASSAGE, streams=(Spoken(channel, 0, part, 4, 4, False),)))
    assert (row["streams"][0]["channel"], row["streams"][0]["part"]) == (channel, kept)


def test_that_a_request_goes_on_with_a_conversation_is_written(path):
    rows = written(path, PASSAGE, replace(PASSAGE, continues=True))
    assert [row["continues"] for row in rows] == [False, True]
    assert [one.decision.continues for one in read(path)] == [False, True]


def test_a_line_is_bounded_and_says_what_it_leaves_out(path):
    found = [match(replace(WORKS[0], id=f"w{n}"), longest_run=40, quoted=n + 1) for n in range(150)]
    one = decision(*found, streams=(Spoken("content", 0, "", 900, 900, False, tuple(range(150))),))
    (row,) = written(path, one)
    assert (len(row["matches"]), row["left_out"], len(row["quoted"])) == (100, 50, 100)
    assert row["streams"][0]["matches"] == list(range(100))
    assert read(path)[0].decision.report.matches == one.report.matches[:100]


def test_nothing_of_a_real_response_is_in_its_line(path):
    rng = random.Random(3)
    _, passage = quoted_passage(rng, 60)
    prompt, said = " ".join(prose(rng, 20, OTHERS)), " ".join([*prose(rng, 30, OTHERS), *passage])
    report = guard().check(said, prompt=prompt, all=True)
    (row,) = written(path, replace(decision(), report=report, policy=guard().policy))
    line = json.dumps({**row, "matches": [{**one, "work": None} for one in row["matches"]]})
    assert row["decision"] == "stop"
    assert not [word for word in (*passage, *prompt.split()) if len(word) > 5 and word in line]


@pytest.mark.parametrize("policy", [Policy(), Policy(profile="cite"), Policy(text={"min_evidence": float("inf")}),
                                    Policy(rule=[{"owner": "owner-work-1", "action": "cite", "text": {"min_run": 20}}])])  # fmt: skip
def test_the_decision_of_a_line_under_its_policy_is_the_one_that_was_made(path, policy):
    rng = random.Random(5)
    for number in range(20):
        _, passage = quoted_passage(rng, rng.choice((18, 28, 31, 80)))
        report = (
            guard()
            .with_policy(policy)
            .check(" ".join([*prose(rng, 40, OTHERS), *passage, *prose(rng, 9)]), all=True)
        )
        made = decide(policy, report.matches)
        row = json.loads(json.dumps(record(replace(decision(number=number), report=report, policy=policy))))
        again = decide(policy, logged(row).decision.report.matches)
        assert again == made
        if report.decided is not None:
            assert (again.work, again.action, again.by) == (
                report.decided.work,
                report.decided.action,
                report.decided.by,
            )


def test_lone_surrogates_and_line_ends_in_names_leave_the_line_whole(path):
    work = replace(WORKS[0], id="a\nb\ud800", title="\u2028\x00")
    (row,) = written(path, decision(match(work, longest_run=50)))
    assert row["matches"][0]["work"]["id"] == "a\nb\ud800"
    assert read(path)[0].decision.report.matches[0].work.title == "\u2028\x00"


def test_only_its_owner_may_read_a_log_that_is_made(path):
    with Audit(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_named_with_the_mend(tmp_path):
    with pytest.raises(
        InputError, match=r"gone/audit\.jsonl: no such file or directory: name a file in a folder"
    ):
        Audit(tmp_path / "gone" / "audit.jsonl")


def test_a_rotated_log_is_opened_anew(path):
    with Audit(path) as audit:
        audit.take(decision(number=1))
        path.rename(path.with_suffix(".1"))
        audit.take(decision(number=2))
        path.unlink()
        audit.take(decision(number=3))
        with path.open("r+b") as file:
            file.truncate(0)  # as copytruncate does
        audit.take(decision(number=4))
    assert len(read(path.with_suffix(".1"))) == 1
    assert [one.decision.id for one in read(path)] == [decision(number=4).id]


WRITER = """
import sys
from simblock.events.audit import Audit
from tests.events.decisions import decision, match
who = int(sys.argv[2])
with Audit(sys.argv[1]) as audit:
    print(flush=True)
    sys.stdin.readline()
    for number in range(300):
        audit.take(decision(match(longest_run=50), number=1000 * who + number))
"""


def test_lines_of_several_processes_stay_whole_while_the_log_is_rotated(path):
    command = [sys.executable, "-c", WRITER, path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": TOP}
    processes = [subprocess.Popen([*command, str(who)], **pipes) for who in range(3)]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write(b"\n")
        process.stdin.close()
    rotated = 0
    while any(process.poll() is None for process in processes):
        if path.exists() and path.stat().st_size > 100_000:
            path.rename(path.with_name(f"audit.{rotated}"))
            rotated += 1
    for process in processes:
        process.stdout.close()
    logs = [Log(str(one)) for one in path.parent.glob("audit.*")]
    ids = [one.decision.id for log in logs for one in log]
    assert len(ids) == len(set(ids)) == 900
    assert not any(log.damaged for log in logs)


def test_a_full_disk_stops_nothing_and_is_logged_once(caplog):
    metrics = Metrics()
    with Audit("/dev/full") as audit:
        events = Events(audit, metrics=metrics)
        for number in range(3):
            events.decided(decision(number=number))
        assert events.blocked is None
    assert [record.message for record in caplog.records] == ["audit: [Errno 28] No space left on device"]
    assert metrics.counters["errors"].read() == {("audit",): 3}
    assert metrics.counters["streams"].read() == {("/v1/chat/completions", "chat", "stream", "clean"): 3}


def test_a_log_that_is_required_lets_no_response_begin_while_it_cannot_be_written(tmp_path):
    path = tmp_path / "link"
    path.symlink_to("/dev/full")
    with Audit(path, required=True) as audit:
        events = Events(audit)
        assert events.blocked is None
        events.decided(decision(number=1))
        assert events.blocked == "the audit log cannot be written"
        path.unlink()
        events.decided(decision(number=2))
        assert events.blocked is None
    assert [one.decision.id for one in read(path)] == [decision(number=n).id for n in (1, 2)]


FILLED = """
import resource, signal, sys
from simblock.events.audit import Audit
from tests.events.decisions import decision, match
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with Audit(sys.argv[1]) as audit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    for number in range(6):
        try:
            audit.take(decision(match(longest_run=50), number=number))
        except OSError as error:
            print(error.errno)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    audit.take(decision(number=6))
    print(audit.written, audit.lost)
"""


def test_a_line_that_was_cut_off_is_damaged_and_all_are_written_when_there_is_room(path):
    done = subprocess.run(
        [sys.executable, "-c", FILLED, path], cwd=TOP, capture_output=True, text=True, check=True
    )
    *errors, counts = done.stdout.split("\n")[:-1]
    assert errors
    assert counts == "7 0"
    log = Log(str(path))
    assert [one.decision.id for one in log] == [decision(number=n).id for n in range(7)]
    assert log.damaged == 1


def test_what_waits_for_a_disk_is_bounded_and_what_is_lost_is_counted(monkeypatch):
    monkeypatch.setattr("simblock.events.audit.WAITING", 3000)
    with Audit("/dev/full") as audit:
        for number in range(20):
            with pytest.raises(OSError, match="No space"):
                audit.take(decision(number=number))
        assert 0 < audit.lost < 20


def test_digests_need_a_key_and_do_not_depend_on_the_cut(path):
    key = bytes(range(32))
    with Audit(path) as audit:
        assert audit.digest() is None
        assert Events(audit).digest() is None
    with Audit(path, key=key) as audit:
        one, other = Events(audit).digest(), audit.digest()
    one.update("a passage \ud83d that")
    one.update(" goes on")
    other.update("a passage \ud83d that goes on")
    assert one.hexdigest() == other.hexdigest()
    assert len(one.hexdigest()) == 32
    unkeyed = Digest(digest_key(bytes(32)))
    unkeyed.update("a passage \ud83d that goes on")
    assert unkeyed.hexdigest() != one.hexdigest()


def test_what_was_not_scanned_at_all_has_a_line(path):
    with Audit(path) as audit:
        events = Events(audit)
        events.bypassed("pass_routes", "/v1/tokenize")
        events.bypassed("harmless", "/v1/models")
    log = Log(str(path))
    assert list(log) == []
    assert log.bypasses == {("pass_routes", "/v1/tokenize"): 1}


def test_matches_are_spread_over_their_streams_each_once():
    same = match(longest_run=40)
    other = match(WORKS[1], longest_run=50)
    report = decision(same, same, other).report
    assert report.matches.index(other) == 0
    assert spread(report, [[same], [other, same], []]) == [(1,), (0, 2), ()]


def test_times_are_in_utc(path):
    (row,) = written(path, decision(at=NOW))
    assert row["time"] == "2026-05-28T20:26:40.000Z"
    assert read(path)[0].decision.at == NOW
