"""`simblock explain`, `report` and `replay` from the outside."""

import io
import json
import os
import random
import re

import pytest

from simblock.cli import app
from simblock.events import Spoken
from simblock.events.audit import Audit, Digest, digest_key
from simblock.events.record import record
from simblock.match import Span
from simblock.policy import Policy
from simblock_indexer.exits import run
from tests.events.decisions import WORKS, decision, match, service
from tests.test_cli import Outcome, refused

SAID = "Before it. " + "the passage itself " * 10 + "and after it."
KEY = bytes(range(32))


def digest(text):
    made = Digest(digest_key(KEY))
    made.update(text)
    return made.hexdigest()


def one(**fields):
    """A decision on SAID, in which the passage stands."""
    found = match(longest_run=35, output=Span(11, 201), spans=((11, 201, 100, 290),), leaked=3)
    streams = (
        Spoken("content", 0, "", len(SAID), 11, True, (0,), digest(SAID)),
        Spoken("reasoning", 0, "", 40, 40, False),
    )
    return decision(
        found, number=77, **({"streams": streams, "request_id": "req-1", "held_ms": 120.0} | fields)
    )


@pytest.fixture
def folder(tmp_path):
    with Audit(tmp_path / "audit.jsonl") as audit:
        for made in service(300, sound=0.6, policy=Policy()):
            audit.take(made)
        audit.take(one())
        audit.bypassed("pass_routes", "/v1/tokenize")
    (tmp_path / "said.txt").write_text(SAID)
    (tmp_path / "key").write_text(KEY.hex())
    (tmp_path / "new.toml").write_text("[text]\nmin_run = 40\n[code]\nmin_run = 40\n")
    return tmp_path


@pytest.fixture
def simblock(folder, monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("SIMBLOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)

    def call(*arguments, stdin=b""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            run(app, "simblock", [str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return Outcome(ended.value.code, shown.out, shown.err)

    return call


# -- explain


def test_a_decision_is_explained_by_its_rule_threshold_and_distance(simblock):
    outcome = simblock("explain", one().id[:12], "--audit", "audit.jsonl")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0] == f"{one().id}: stop"
    assert "  request req-1, model m" in lines
    assert (
        "  decided by 35 words in a row, 30 needed, 5 over: books/lighthouse.txt (rule default, min_run), "
        "decided at character 11" in lines
    )
    assert re.search(r"^    min_run: words in a row +35 +30 +5 over$", outcome.out, re.MULTILINE)
    assert "    acts by min_run: 35 words in a row, 30 needed: 5 over" in lines
    assert "in content of choice 0" in outcome.out
    assert "3 words had gone out" in outcome.out
    assert "    output, characters 11–201 = work, characters 100–290" in lines
    assert "the passage itself" not in outcome.out


def test_the_passage_is_shown_in_the_text_that_was_given(simblock):
    outcome = simblock("explain", "req-1", "--audit", "audit.jsonl", "--text", "said.txt")
    assert "Before it. [[the passage itself the passage" in outcome.out
    assert "itself ]]and after it." in outcome.out
    assert "content of choice 0: 214 characters said, 11 released, stopped (taken for --text)" in outcome.out


def test_the_digest_vouches_for_the_text(simblock, folder):
    arguments = ("explain", "req-1", "--audit", "audit.jsonl", "--key-file", "key", "--text")
    assert "(--text is what was said: the digests are equal)" in simblock(*arguments, "said.txt").out
    (folder / "forged.txt").write_text(SAID.replace("Before", "behind"))
    told = refused(simblock(*arguments, "forged.txt"))
    assert "forged.txt: the digest in the log is of another text, or made with another key" in told


def test_an_editors_last_line_end_is_not_the_models(simblock, folder):
    (folder / "edited.txt").write_text(SAID + "\n")
    assert (
        simblock(
            "explain", "req-1", "--audit", "audit.jsonl", "--text", "edited.txt", "--key-file", "key"
        ).code
        == 0
    )


def test_a_text_of_another_length_is_refused_with_those_that_there_are(simblock, folder):
    (folder / "short.txt").write_text("no")
    told = refused(simblock("explain", "req-1", "--audit", "audit.jsonl", "--text", "short.txt"))
    assert (
        "short.txt has 2 characters, the streams of that response have 214 (content of choice 0), 40 (reasoning"
        in told
    )


def test_evidence_in_the_log_is_shown(simblock, folder):
    with Audit(folder / "evident.jsonl", evidence=True) as audit:
        audit.take(one(evidence={"0": "the passage as it was said"}))
    assert "[[the passage as it was said]]" in simblock("explain", "req-1", "--audit", "evident.jsonl").out


def test_that_earlier_answers_were_not_counted_is_told(simblock, folder):
    told = "goes on with a conversation that the request did not hold"
    with Audit(folder / "further.jsonl") as audit:
        audit.take(one(continues=True))
    assert told in simblock("explain", "req-1", "--audit", "further.jsonl").out
    assert told not in simblock("explain", "req-1", "--audit", "audit.jsonl").out


def test_what_is_no_line_of_ours_is_counted_and_named_by_every_command(simblock, folder):
    log = (folder / "audit.jsonl").read_text().splitlines()
    log[1:1] = [
        '{"schema":1,"time":"2026-01-01T00:00:00Z","bypass":[],"route":{}}',
        log[0].replace("scan_ms", "scan"),
    ]
    (folder / "audit.jsonl").write_text("\n".join(log))
    for command in (("report", "audit.jsonl"), ("replay", "audit.jsonl", "--policy", "new.toml")):
        outcome = simblock(*command)
        assert outcome.code == 0
        assert "audit.jsonl: 2 damaged lines left out: 2, 3" in outcome.err
    assert simblock("explain", "req-1", "--audit", "audit.jsonl").code == 0


def test_what_a_match_that_did_not_act_lacks_is_told(simblock, folder):
    found = match(longest_run=22, similarity=0.5, tokens=24)
    with Audit(folder / "near.jsonl") as audit:
        audit.take(decision(found, number=5))
    outcome = simblock("explain", decision(number=5).id, "--audit", "near.jsonl")
    assert (
        "does not act: max_quoted: 0 words quoted in all, 96 needed: 96 short / min_run: 22 words in a row"
        in outcome.out
    )


def test_as_json_it_is_the_line_with_the_ways(simblock, folder):
    (row,) = simblock("explain", "req-1", "--audit", "audit.jsonl", "--json").rows
    ways = row.pop("ways")
    assert row == json.loads(json.dumps(record(one())))
    assert [way["by"] for way in ways[0] if way["reached"]] == ["min_run", "min_tokens"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("0000000000", "--audit", "audit.jsonl"), "no decision 0000000000 in audit.jsonl: is it in a log that was rotated?"),
        (("a", "--audit", "audit.jsonl"), "a: too short for an id: give 4 characters of it, or more"),
        (("abcd", "--audit", "gone.jsonl"), "gone.jsonl: no such file or directory: name the audit log"),
        (("req-1", "--audit", "audit.jsonl", "--text", "gone"), "gone: no such file or directory: give another --text"),
        (("req-1",), "Missing option '--audit'"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_refused_in_one_line(simblock, arguments, told):
    assert told in refused(simblock("explain", *arguments))


def test_an_id_that_many_have_is_refused(simblock, folder):
    with Audit(folder / "same.jsonl") as audit:
        for number in range(3):
            audit.take(decision(number=number, request_id="again"))
    assert "again: 3 decisions have it" in refused(simblock("explain", "again", "--audit", "same.jsonl"))


# -- report


def test_a_report_sums_up_the_log(simblock):
    outcome = simblock("report", "audit.jsonl")
    assert outcome.code == 0
    assert outcome.out.startswith("301 responses, 2026-05-28 20:26:40 to ")
    for part in (
        "outcome",
        "The Lighthouse at the End of the Bay",
        "longest hold of a response",
        "/v1/tokenize",
        "rule",
    ):
        assert part in outcome.out


def test_as_json_a_report_is_the_view(simblock, folder):
    (row,) = simblock("report", "audit.jsonl", "--json").rows
    assert row["responses"] == 301
    assert row["bypasses"] == [{"reason": "pass_routes", "route": "/v1/tokenize", "count": 1}]
    assert row["damaged"] == {"audit.jsonl": 0}


def test_the_page_is_written_whole_and_never_over_the_log(simblock, folder):
    assert simblock("report", "audit.jsonl", "--html", "page.html").out == "page.html: written\n"
    assert "simblock: audit.jsonl" in (folder / "page.html").read_text("utf-8")
    assert "--html would replace what is read" in refused(
        simblock("report", "audit.jsonl", "--html", "audit.jsonl")
    )


def test_several_logs_are_read_as_one_also_from_a_pipe(simblock, folder):
    data = (folder / "audit.jsonl").read_bytes()
    (row,) = simblock("report", "audit.jsonl", "-", "--json", stdin=data).rows
    assert row["responses"] == 602


def test_damaged_lines_are_named_on_standard_error(simblock, folder):
    with (folder / "audit.jsonl").open("a") as file:
        file.write('{"schema":1,"time":\n')
    outcome = simblock("report", "audit.jsonl")
    assert outcome.code == 0
    assert outcome.err == "simblock: audit.jsonl: 1 damaged line left out: 303\n"


def test_an_empty_log_has_no_decisions(simblock, folder):
    (folder / "empty.jsonl").write_text("")
    assert simblock("report", "empty.jsonl").out == "no decisions\n"


# -- replay


def test_a_replay_shows_what_is_gained_and_lost(simblock):
    outcome = simblock("replay", "audit.jsonl", "--policy", "new.toml")
    assert outcome.code == 0
    first = outcome.out.splitlines()[0]
    assert re.fullmatch(
        r"301 decisions under policy [0-9a-f]{12}: stops \d+ → \d+, \d+ gained, \d+ lost", first
    )
    for part in (
        "owner",
        "Quiet Systems",
        "license",
        "GPL-3.0-only",
        "text.min_run",
        "[40:",
        "responses stopped",
        "note: ",
    ):
        assert part in outcome.out


def test_as_json_a_replay_has_every_part(simblock):
    (row,) = simblock("replay", "audit.jsonl", "--policy", "new.toml", "--json").rows
    assert row["decisions"] == 301
    stops = row["stops"]
    assert stops["before"] + stops["gained"] - stops["lost"] == stops["after"]
    assert {"by_rule", "by_owner", "by_license", "curve", "moves", "notes", "damaged"} <= set(row)


def test_a_policy_that_cannot_be_read_and_an_unknown_curve_are_refused(simblock, folder):
    (folder / "bad.toml").write_text("[text]\nmin_rum = 4\n")
    assert "did you mean text.min_run?" in refused(simblock("replay", "audit.jsonl", "--policy", "bad.toml"))
    told = refused(simblock("replay", "audit.jsonl", "--policy", "new.toml", "--curve", "text.rum"))
    assert "--curve text.rum: no such threshold: there are text.min_run, " in told


def test_works_with_names_that_steer_terminals_are_spelled_out(simblock, folder):
    work = WORKS[0].__class__("\x1b[2Jwork", "\x1b]0;title\x07", "\x9bowner")
    with Audit(folder / "hostile.jsonl") as audit:
        audit.take(decision(match(work, longest_run=random.Random(1).randint(50, 60)), number=3))
    for arguments in (("report",), ("replay", "--policy", "new.toml")):
        shown = simblock(arguments[0], "hostile.jsonl", *arguments[1:]).out
        assert not re.search(r"[\x1b\x07\x9b]", shown)
    assert "\x1b" not in simblock("explain", decision(number=3).id, "--audit", "hostile.jsonl").out
