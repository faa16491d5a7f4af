"""list, show, log, stat, verify."""

from __future__ import annotations

import json

import pytest


def test_works_are_listed_with_what_is_known(index_command, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        json.dumps({"id": "a", "text": "one two three", "title": "[bold]A\u001b[31m", "owner": "O"})
    )
    index_command("build", rows, "--out", tmp_path / "x.sbx")
    lines = index_command("list", tmp_path / "x.sbx").out.splitlines()
    assert lines[0].split() == ["id", "title", "words", "added", "license", "owner"]
    # Markup and escapes of a title are shown, not obeyed.
    assert lines[1].split()[:3] == ["a", r"[bold]A\x1b[31m", "3"]


def test_a_long_list_is_not_cut_in_a_pipe(index_command, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"id": "i" * 300, "text": "one two three", "title": "t" * 300}))
    index_command("build", rows, "--out", tmp_path / "x.sbx")
    assert "i" * 300 + "  " + "t" * 300 in index_command("list", tmp_path / "x.sbx").out


def test_a_work_is_shown_with_its_twins(index_command, poems, tmp_path):
    (poems / "twin.txt").write_text((poems / "tide.txt").read_text())
    index_command("build", poems, "--out", tmp_path / "x.sbx")
    shown = index_command("show", tmp_path / "x.sbx", "poems/twin.txt")
    assert "twins  poems/tide.txt" in " ".join(shown.out.split(" ")).replace("   ", "  ")
    found = index_command("show", tmp_path / "x.sbx", "poems/tide.txt", "--json").json
    assert found["twins"] == ["poems/twin.txt"]
    assert found["words"] > 20


def test_a_work_that_is_not_there_is_named(index_command, index):
    outcome = index_command("show", index, "poems/none.txt")
    assert (outcome.code, outcome.out) == (2, "")
    assert "no work 'poems/none.txt'" in outcome.err


def test_the_log_says_what_each_epoch_did(index_command, index, poems):
    (poems / "new.txt").write_text("some words that are new")
    index_command("add", index, poems, "--reason", "a new one")
    index_command("remove", index, "poems/new.txt")
    events = index_command("log", index, "--json").rows
    assert [(event["epoch"], event["what"]) for event in events] == [(1, "build"), (2, "add"), (3, "remove")]
    assert events[1]["reason"] == "a new one"
    assert "1 removed: poems/new.txt" in index_command("log", index).out


@pytest.mark.parametrize("prune", [(), ("--prune",)])
def test_the_log_says_pruned_only_where_something_was(index_command, index, poems, prune):
    (poems / "new.txt").write_text("some words that are new")
    index_command("add", index, poems, *prune)
    (poems / "new.txt").unlink()
    (poems / "other.txt").write_text("other words that are new")
    index_command("add", index, poems, "--prune")
    (poems / "other.txt").unlink()
    index_command("add", index, poems, "--prune", "--reason", "withdrawn")
    reasons = [event["reason"] for event in index_command("log", index, "--json").rows]
    assert reasons == [None, None, "pruned", "withdrawn"]


def test_stat_says_that_an_unkeyed_index_reads_back(index_command, index):
    assert "NOT keyed: the words of its works can be read back" in index_command("stat", index).out
    found = index_command("stat", index, "--json").json
    assert (found["works"], found["keyed"], found["texts_stored"]) == (3, False, False)
    assert sum(found["sections"].values()) <= found["bytes"]
    assert found["bytes_a_word"] > 0


def test_stat_names_works_too_short_for_any_promise(index_command, index, tmp_path):
    (tmp_path / "short.txt").write_text("just a few words")
    index_command("add", index, tmp_path / "short.txt")
    assert "too short for any promise: 1\n  short.txt" in index_command("stat", index).out


def test_a_whole_index_is_verified(index_command, index):
    assert index_command("verify", index).out == f"{index} is whole: 3 works\n"
    index_command("remove", index, "poems/tide.txt", "poems/clock.txt")
    assert index_command("verify", index).out == f"{index} is whole: 1 work\n"
    assert index_command("verify", index, "--json").json == {
        "index": str(index),
        "whole": True,
        "problems": [],
    }


def damage(index, name):
    path = next(path for path in index.iterdir() if path.name.startswith(name))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["seg-", "MANIFEST", "journal-"])
def test_damage_is_listed_and_exits_2(index_command, index, name):
    damage(index, name)
    outcome = index_command("verify", index)
    assert outcome.code == 2
    assert outcome.out
    assert "is damaged" in outcome.err
    assert outcome.err.count("\n") == 1
    told = index_command("verify", index, "--json")
    assert told.code == 2
    assert told.json["whole"] is False


def test_a_missing_segment_is_damage(index_command, index):
    next(index.glob("seg-*")).unlink()
    assert index_command("verify", index).code == 2


def test_the_index_is_taken_from_the_environment(index_command, index, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_INDEX", str(index))
    assert len(index_command("list", "--json").rows) == 3


@pytest.mark.parametrize("command", ["list", "log", "stat", "verify"])
@pytest.mark.parametrize("path", ["nowhere.sbx", "."])
def test_a_path_that_is_no_index_is_named(index_command, tmp_path, monkeypatch, command, path):
    monkeypatch.chdir(tmp_path)
    outcome = index_command(command, path)
    assert outcome.code == 2
    assert f"{path} is not an index" in outcome.err
