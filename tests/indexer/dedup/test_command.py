"""simblock-index dedup, as it is typed."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from simblock.errors import UsageError
from simblock_indexer.dedup import running
from simblock_indexer.dedup.command import memory_of_each
from simblock_indexer.dedup.options import MIB
from tests.indexer.dedup.deliveries import folder_of, jsonl, left, rows, unlike


@pytest.fixture
def inputs(tmp_path):
    return folder_of(tmp_path / "in", files=3, count=90)


def test_what_is_kept_is_written_and_what_it_came_to_is_printed(index_command, inputs, tmp_path):
    done = index_command("dedup", inputs, "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert f"{report['kept']}" in done.out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"documents", "dropped.parquet", "clusters.parquet", "report.json", "report.html"}


def test_json_is_the_report(index_command, inputs, tmp_path):
    done = index_command("dedup", inputs, "--out", tmp_path / "out", "--json", "--no-page")
    assert done.json == json.loads((tmp_path / "out" / "report.json").read_text())
    assert not (tmp_path / "out" / "report.html").exists()


def test_a_second_run_is_refused_politely(index_command, inputs, tmp_path):
    index_command("dedup", inputs, "--out", tmp_path / "out")
    again = index_command("dedup", inputs, "--out", tmp_path / "out")
    assert (again.code, again.out) == (2, "")
    assert again.err == (
        f"simblock-index: {tmp_path}/out holds a finished pass (report.json): give another --out, or remove it "
        "to begin anew\n"
    )


def test_options_reach_the_pass(index_command, tmp_path):
    given = jsonl(
        tmp_path / "x.jsonl",
        [{"name": f"n{row['n']}", "body": row["text"], "size": row["n"]} for row in rows(40)],
    )
    done = index_command(
        "dedup", given, "--out", tmp_path / "out", "--json", "--threshold", "0.6", "--max-copies", "2",
        "--keep", "most:size", "--text-field", "body", "--id-field", "name", "--memory", "1G", "--workers", "1",
        "--sketch", "permutations", "--work", tmp_path / "scratch", "--keep-work",
    )  # fmt: skip
    assert done.code == 0, done.err
    parameters = done.json["parameters"]
    told = {name: parameters[name] for name in ("threshold", "max_copies", "keep", "sketch")}
    assert told == {"threshold": 0.6, "max_copies": 2, "keep": "most:size", "sketch": "permutations"}
    plan = json.loads((tmp_path / "scratch" / "plan.json").read_text())
    assert plan["options"]["memory"] == 1 << 30
    assert (plan["reading"]["text_field"], plan["reading"]["id_field"]) == ("body", "name")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--threshold", "2"], "--threshold 2.0: it is a number from 0.3 to 1"),
        (["--min-passage", "65000"], "--min-passage 65,000: it is a number from 16 to 16,384"),
        (["--keep", "best"], "--keep best: it is first, longest"),
        (["--out", "s3://bucket/x"], "--out s3:/bucket/x: it is a folder that every process sees"),
        (["--anew", "--stage", "sign"], "--anew: it is of a whole pass: before --stage sign remove"),
        (["--memory", "lots"], "--memory lots: it is a size, such as 8G or 512M"),
        (
            ["--memory", "300M", "--workers", "2"],
            "--memory 300M: 2 processes need 512M, 256M each: give that, or",
        ),
        (["--shard", "0/2"], "--shard 0/2: it is of one stage: give --stage too"),
        (["--stage", "sign", "--shard", "2/2"], "of 2 are 0/2 to 1/2"),
        (["--stage", "sort"], "--stage sort: it is sign, join, cluster, verify or write"),
        (["--stage", "join"], "stage join: 3 of 3 units of sign are missing (first: 0): run them first"),
        (["--engine", "spark"], "--engine spark: it is local or ray"),
        (["--scope", "sentence"], "'sentence' is not one of"),
        (["--against", "nowhere.sbx"], "nowhere.sbx"),
    ],
)
def test_what_cannot_be_meant_is_one_line(index_command, inputs, tmp_path, options, sentence):
    done = index_command("dedup", inputs, "--out", tmp_path / "out", *options)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1


def test_stages_are_one_line_each_of_a_scheduler(index_command, inputs, tmp_path):
    call = ["dedup", inputs, "--out", tmp_path / "out", "--stage"]
    first = index_command(*call, "sign", "--shard", "0/2")
    assert (first.code, first.out) == (0, "sign: 2 units made, 1 still missing\n")
    assert index_command(*call, "sign", "--shard", "1/2").out == "sign: 1 unit made, all are there\n"
    assert index_command(*call, "join", "--json").json == {
        "stage": "join", "made": 16, "missing": 0, "finished": False,
    }  # fmt: skip
    for stage in ("cluster", "verify", "write"):
        done = index_command(*call, stage, "--json")
        assert done.json["finished"] == (stage == "write")
    late = index_command(*call, "write", "--shard", "3/4")
    assert (late.code, late.out) == (0, "write: 0 units made, all are there\n")
    index_command("dedup", inputs, "--out", tmp_path / "whole")
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_it_says_that_it_goes_on(index_command, inputs, tmp_path):
    index_command("dedup", inputs, "--out", tmp_path / "out", "--stage", "sign")
    done = index_command("dedup", inputs, "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, f"going on with the pass that was begun in {tmp_path}/out/.work\n")


def test_after_a_bad_row_the_pass_is_begun_anew_without_it(index_command, inputs, tmp_path):
    (inputs / "3.jsonl").write_text('{"id": 1}\n')
    call = ["dedup", inputs, "--out", tmp_path / "out"]
    assert index_command(*call).code == 2
    refused = index_command(*call, "--skip-bad")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        f"simblock-index: {tmp_path}/out/.work: a pass was begun here with no --skip-bad: give the same again, "
        "another --out, or give that pass up with --anew\n"
    )
    done = index_command(*call, "--skip-bad", "--anew")
    assert (done.code, done.err) == (0, "")
    assert "bad rows passed over: 1" in done.out


def test_keys_and_policies_for_others_do_no_harm(index_command, inputs, tmp_path, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_POLICY", str(tmp_path / "no-policy.toml"))
    monkeypatch.setenv("SIMBLOCK_KEY_FILE", str(tmp_path / "no.key"))
    assert index_command("dedup", inputs, "--out", tmp_path / "out").code == 0


@pytest.mark.parametrize(
    ("told", "processes", "each"),
    [
        (None, 3, 2048 * MIB),
        ("1g", 1, 1 << 30),
        ("8G", 4, 2 << 30),
        ("1.5GiB", 2, 768 * MIB),
        ("1T", 1, 1 << 40),
    ],
)
def test_memory_is_shared_by_the_processes(told, processes, each):
    assert memory_of_each(told, processes) == each


def test_a_size_has_a_unit_that_is_known():
    for told in ("8P", "G", "-1G", "", "9" * 400 + "T"):
        with pytest.raises(UsageError, match="it is a size"):
            memory_of_each(told, 1)


def test_an_interruption_says_what_became_of_the_pass(index_command, inputs, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    conclude = running.conclude
    monkeypatch.setattr(running, "conclude", interrupted)
    done = index_command("dedup", inputs, "--out", tmp_path / "out")
    assert (done.code, done.out) == (130, "")
    again = f"give the same command again, it goes on with what is in {tmp_path}/out/.work"
    assert done.err == f"simblock-index: interrupted; {again}\n"
    monkeypatch.setattr(running, "conclude", conclude)
    assert index_command("dedup", inputs, "--out", tmp_path / "out").code == 0
    monkeypatch.setattr("simblock_indexer.dedup.planning.plans.stamps.of", interrupted)
    assert index_command("dedup", inputs, "--out", tmp_path / "new").err.endswith("; nothing was begun\n")


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_ends_a_pass_soon(process, tmp_path):
    """Of two processes, which a terminal interrupts too."""
    many = list(unlike(8_000))
    for number in range(16):
        jsonl(tmp_path / "in" / f"{number}.jsonl", many[number::16])
    call = ["dedup", tmp_path / "in", "--out", tmp_path / "out", "--workers", "2"]
    started = process(*call, start_new_session=True)
    signed = tmp_path / "out" / ".work" / "signed"
    deadline = time.monotonic() + 60
    while not (signed.is_dir() and any(signed.iterdir())):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (130, "")
    assert err.startswith("simblock-index: interrupted; give the same command again")
    assert err.count("\n") == 1
