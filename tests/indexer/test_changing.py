"""build, add, remove, rebuild, keygen."""

from __future__ import annotations

import json
import stat
from contextlib import closing

import pytest

import simblock_indexer
from simblock.errors import UsageError
from simblock.stores import open_index

WORDS = (
    "every clock that the old keeper owned had stopped at a quarter to nine while the tide went on counting"
)


def ids(index_command, index, *options):
    return [row["id"] for row in index_command("list", index, "--json", *options).rows]


def test_a_folder_becomes_an_index(index_command, poems, tmp_path):
    outcome = index_command("build", poems, "--out", tmp_path / "x.sbx")
    assert (outcome.code, outcome.err) == (0, "")
    assert "epoch 1" in outcome.out
    assert ids(index_command, tmp_path / "x.sbx") == [
        "poems/clock.txt",
        "poems/harbour.txt",
        "poems/tide.txt",
    ]


def test_a_report_as_json_has_every_count(index_command, poems, tmp_path):
    (poems / "picture.png").write_bytes(b"\x89PNG\0")
    (poems / "short.txt").write_text("too short")
    report = index_command("build", poems, "--out", tmp_path / "x.sbx", "--json").json
    assert report["added"] == 4
    assert report["changed"] is True
    assert report["passed"] == {"binary": 1}
    assert report["short"] == ["poems/short.txt"]
    assert report["bytes"] == sum(path.stat().st_size for path in poems.glob("*.txt"))
    assert report["words"] > 90


def test_building_over_an_index_is_refused_with_the_mend(index_command, poems, index):
    outcome = index_command("build", poems, "--out", index)
    assert outcome.code == 2
    assert outcome.err.startswith("simblock-index: ")
    assert "simblock-index add" in outcome.err
    assert outcome.err.count("\n") == 1


def test_bad_input_leaves_nothing_where_the_index_would_stand(index_command, poems, tmp_path):
    (poems / "latin.txt").write_bytes(b"caf\xe9")
    before = sorted(tmp_path.iterdir())
    outcome = index_command("build", poems, "--out", tmp_path / "x.sbx")
    assert outcome.code == 2
    assert "latin.txt: not UTF-8 at byte 3" in outcome.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_bad_file_says_how_many_others_are_bad(index_command, poems, tmp_path):
    for name in ("aaa", "bbb", "zzz"):
        (poems / f"{name}.txt").write_bytes(b"caf\xe9")
    error = index_command("build", poems, "--out", tmp_path / "x.sbx").err
    assert "aaa.txt: not UTF-8 at byte 3" in error
    assert error.endswith("(2 of the next 5 files cannot be read either; --skip-bad lists all and goes on)\n")
    (poems / "bbb.txt").unlink()
    (poems / "zzz.txt").unlink()
    assert "either" not in index_command("build", poems, "--out", tmp_path / "x.sbx").err


def test_bad_files_are_listed_and_the_rest_is_indexed(index_command, poems, tmp_path):
    for number in range(5):
        (poems / f"latin{number}.txt").write_bytes(b"caf\xe9")
    outcome = index_command("build", poems, "--out", tmp_path / "x.sbx", "--skip-bad")
    assert outcome.code == 0
    assert "bad files or rows passed over: 5" in outcome.out
    assert "latin2.txt: not UTF-8 at byte 3" in outcome.out
    assert "latin4.txt" not in outcome.out
    assert "and 2 more (-v lists them)" in outcome.out


def test_verbose_lists_all_that_was_passed_over(index_command, poems, tmp_path):
    (poems / "a.bin").write_bytes(b"\0")
    outcome = index_command("build", poems, "--out", tmp_path / "x.sbx", "-v")
    assert "binary: 1" in outcome.out
    assert "a.bin" in outcome.out


def test_adding_twice_changes_nothing_the_second_time(index_command, poems, index):
    (poems / "new.txt").write_text(WORDS + " anew")
    first, second = (index_command("add", index, poems, "--prune", "--json").json for _ in range(2))
    assert (first["added"], first["untouched"], first["epoch"]) == (1, 3, 2)
    assert (second["added"], second["untouched"], second["epoch"]) == (0, 4, 2)
    assert second["changed"] is False


def test_metadata_alone_is_no_new_text(index_command, poems, index, tmp_path):
    meta = tmp_path / "meta.jsonl"
    meta.write_text(json.dumps({"id": "poems/tide.txt", "title": "The Tide", "owner": "O", "license": "MIT"}))
    report = index_command("add", index, poems, "--meta", meta, "--json").json
    assert (report["metadata"], report["replaced"], report["untouched"]) == (1, 0, 2)
    shown = index_command("show", index, "poems/tide.txt", "--json").json
    assert (shown["title"], shown["owner"], shown["license"]) == ("The Tide", "O", "MIT")


@pytest.fixture
def known(index_command, poems, tmp_path):
    """An index that knows something of one work."""
    meta = tmp_path / "known.jsonl"
    row = {"id": "poems/tide.txt", "title": "The Tide", "owner": "O", "license": "MIT", "tags": ["sea"]}
    meta.write_text(json.dumps({**row, "expires": "2999-01-01", "url": "https://sea.example"}))
    assert index_command("build", poems, "--out", tmp_path / "known.sbx", "--meta", meta).code == 0
    return tmp_path / "known.sbx"


def test_what_is_known_of_works_stays_where_nothing_else_is_said(index_command, poems, known):
    before = index_command("show", known, "poems/tide.txt", "--json").json
    assert index_command("add", known, poems, "--prune", "--json").json["changed"] is False
    (poems / "tide.txt").write_text(WORDS + " and the tide has another text now")
    assert index_command("add", known, poems, "--prune", "--json").json["replaced"] == 1
    after = index_command("show", known, "poems/tide.txt", "--json").json
    assert {name for name in before if before[name] != after[name]} <= {"words", "epoch", "added"}
    assert index_command("add", known, poems, "--prune", "--json").json["changed"] is False


def test_one_field_given_anew_leaves_the_others(index_command, poems, known, tmp_path):
    (tmp_path / "owner.jsonl").write_text(json.dumps({"id": "poems/tide.txt", "owner": "P"}))
    report = index_command("add", known, poems, "--meta", tmp_path / "owner.jsonl", "--json").json
    assert (report["metadata"], report["untouched"]) == (1, 2)
    shown = index_command("show", known, "poems/tide.txt", "--json").json
    assert (shown["owner"], shown["title"], shown["tags"]) == ("P", "The Tide", ["sea"])


def test_what_is_known_of_works_goes_on_request(index_command, poems, known):
    report = index_command("add", known, poems, "--clear-meta", "--json").json
    assert (report["metadata"], report["untouched"]) == (1, 2)
    shown = index_command("show", known, "poems/tide.txt", "--json").json
    assert [shown[name] for name in ("title", "owner", "license", "url", "expires")] == [None] * 5
    assert shown["tags"] == []
    assert index_command("add", known, poems, "--clear-meta", "--json").json["changed"] is False


def test_prune_removes_works_whose_files_are_gone(index_command, poems, index, tmp_path):
    (tmp_path / "other.txt").write_text(WORDS + " elsewhere")
    index_command("add", index, tmp_path / "other.txt")
    (poems / "clock.txt").unlink()
    report = index_command("add", index, poems, "--prune", "--json").json
    assert report["removed"] == 1
    assert ids(index_command, index) == ["other.txt", "poems/harbour.txt", "poems/tide.txt"]
    assert index_command("add", index, poems, "--prune", "--json").json["changed"] is False


def test_prune_keeps_works_whose_files_are_there_and_cannot_be_read(index_command, poems, index):
    (poems / "clock.txt").write_bytes(b"caf\xe9")
    (poems / "harbour.txt").write_bytes(b"\0\0")
    report = index_command("add", index, poems, "--prune", "--skip-bad", "--json").json
    assert (report["removed"], report["bad"]) == (0, 1)
    assert len(ids(index_command, index)) == 3


def test_prune_keeps_rows_of_a_file_with_bad_rows(index_command, tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    rows = [json.dumps({"text": f"{WORDS} {n}"}) for n in range(3)]
    (folder / "a.jsonl").write_text("\n".join(rows))
    index_command("build", folder, "--out", tmp_path / "x.sbx")
    (folder / "a.jsonl").write_text("\n".join([rows[0], "{broken", rows[2]]))
    assert (
        index_command("add", tmp_path / "x.sbx", folder, "--prune", "--skip-bad", "--json").json["removed"]
        == 0
    )
    (folder / "a.jsonl").write_text(rows[0])
    assert index_command("add", tmp_path / "x.sbx", folder, "--prune", "--json").json["removed"] == 2


@pytest.mark.parametrize("case", ["a file", "an empty folder"])
def test_prune_without_a_folder_that_holds_files_is_refused(index_command, poems, index, tmp_path, case):
    (tmp_path / "empty").mkdir()
    given = {"a file": [poems / "tide.txt"], "an empty folder": [tmp_path / "empty", poems]}[case]
    outcome = index_command("add", index, *given, "--prune")
    assert outcome.code == 2
    assert "--prune" in outcome.err
    assert len(ids(index_command, index)) == 3


def test_an_index_in_the_folder_that_it_indexes_is_no_work(index_command, poems):
    index, key = poems / "own.sbx", poems / "own.key"
    index_command("keygen", key)
    index_command("build", poems, "--out", index, "--key-file", key)
    assert index_command("add", index, poems, "--key-file", key, "--json").json["changed"] is False
    assert len(ids(index_command, index, "--key-file", key)) == 3


def test_an_index_given_as_input_is_refused(index_command, index, tmp_path):
    assert "is an index and no work" in index_command("build", index, "--out", tmp_path / "y.sbx").err


def test_removing_names_its_reason_in_the_log(index_command, index):
    report = index_command("remove", index, "poems/tide.txt", "--reason", "asked by its owner", "--json").json
    assert (report["removed"], report["epoch"]) == (1, 2)
    assert index_command("log", index, "--json").rows[-1]["reason"] == "asked by its owner"
    assert "poems/tide.txt" not in ids(index_command, index)


def test_removing_what_is_not_there_removes_nothing(index_command, index):
    outcome = index_command("remove", index, "poems/tide.txt", "poems/none.txt")
    assert outcome.code == 2
    assert "no work 'poems/none.txt', so nothing was removed" in outcome.err
    assert len(ids(index_command, index)) == 3


def test_purging_leaves_no_id_on_disk(index_command, index):
    assert any(b"poems/tide.txt" in path.read_bytes() for path in index.iterdir())
    assert index_command("remove", index, "poems/tide.txt", "--purge").code == 0
    segments = [path for path in index.iterdir() if path.name.startswith("seg-")]
    assert segments
    assert not any(b"poems/tide.txt" in path.read_bytes() for path in segments)


def test_expiry_and_reason_go_to_works_without_their_own(index_command, tmp_path):
    rows = tmp_path / "rows.jsonl"
    own = {"id": "own", "text": WORDS, "expires": "2999-01-01"}
    rows.write_text(json.dumps(own) + "\n" + json.dumps({"id": "none", "text": WORDS + " more"}))
    index_command(
        "build", rows, "--out", tmp_path / "x.sbx", "--expires", "2998-12-31", "--reason", "ordered"
    )
    found = {
        row["id"]: (row["expires"], row["reason"])
        for row in index_command("list", tmp_path / "x.sbx", "--json").rows
    }
    assert found == {"own": ("2999-01-01", "ordered"), "none": ("2998-12-31", "ordered")}


def test_texts_are_stored_on_request_alone(index_command, poems, index, tmp_path):
    index_command("build", poems, "--out", tmp_path / "t.sbx", "--store-text")
    for path, text in ((index, None), (tmp_path / "t.sbx", (poems / "tide.txt").read_text())):
        with closing(open_index(path)) as opened:
            assert opened.text("poems/tide.txt") == text


def test_a_key_file_is_made_once_for_its_owner_alone(index_command, tmp_path):
    assert index_command("keygen", tmp_path / "key").code == 0
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    held = (tmp_path / "key").read_text()
    outcome = index_command("keygen", tmp_path / "key")
    assert outcome.code == 2
    assert held not in outcome.out + outcome.err
    assert (tmp_path / "key").read_text() == held


def test_the_key_file_is_taken_from_the_environment(index_command, poems, tmp_path, monkeypatch):
    index_command("keygen", tmp_path / "key")
    monkeypatch.setenv("SIMBLOCK_KEY_FILE", str(tmp_path / "key"))
    index_command("build", poems, "--out", tmp_path / "k.sbx")
    assert index_command("stat", tmp_path / "k.sbx", "--json").json["keyed"] is True
    monkeypatch.delenv("SIMBLOCK_KEY_FILE")
    outcome = index_command("list", tmp_path / "k.sbx")
    assert outcome.code == 2
    assert "--key-file" in outcome.err


def test_a_rebuilt_index_holds_the_same_works(index_command, index, tmp_path):
    index_command("remove", index, "poems/tide.txt")
    assert index_command("rebuild", index, tmp_path / "new.sbx").code == 0
    assert ids(index_command, tmp_path / "new.sbx") == ids(index_command, index)
    assert index_command("verify", tmp_path / "new.sbx").code == 0


def test_rebuilding_can_change_the_key(index_command, index, tmp_path):
    for name in ("a", "b"):
        index_command("keygen", tmp_path / name)
    assert index_command("rebuild", index, tmp_path / "a.sbx", "--new-key-file", tmp_path / "a").code == 0
    keys = ("--key-file", tmp_path / "a", "--new-key-file", tmp_path / "b")
    assert index_command("rebuild", tmp_path / "a.sbx", tmp_path / "b.sbx", *keys).code == 0
    assert ids(index_command, tmp_path / "b.sbx", "--key-file", tmp_path / "b") == ids(index_command, index)
    assert index_command("list", tmp_path / "b.sbx", "--key-file", tmp_path / "a").code == 2


def test_weak_works_of_a_large_index_are_left_to_stat(index_command, poems, tmp_path, monkeypatch):
    monkeypatch.setattr("simblock_indexer.building.WEIGHED", 100)
    (poems / "short.txt").write_text("too short")
    report = index_command("build", poems, "--out", tmp_path / "x.sbx", "--json").json
    assert report["short"] == []
    assert "simblock-index stat" in report["notes"][0]


def test_the_same_is_done_from_python(poems, tmp_path):
    seen = []
    report = simblock_indexer.build([poems], tmp_path / "x.sbx", watch=lambda tally: seen.append(tally.done))
    assert (report.added, report.epoch, seen[-1]) == (3, 1, report.bytes)
    assert simblock_indexer.add(tmp_path / "x.sbx", [poems]).untouched == 3
    assert simblock_indexer.remove(tmp_path / "x.sbx", ["poems/tide.txt"]).removed == 1
    with pytest.raises(UsageError):
        simblock_indexer.build([poems], tmp_path / "x.sbx")


def test_what_the_package_offers_is_listed():
    assert all(getattr(simblock_indexer, name) for name in simblock_indexer.__all__)
    with pytest.raises(AttributeError):
        simblock_indexer.nothing  # noqa: B018
