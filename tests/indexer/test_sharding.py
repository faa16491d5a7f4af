"""build --shard and merge: an index made in shards is the one that is made at once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from multiprocessing import get_context
from pathlib import Path

import pytest

import simblock
from simblock.errors import IndexProblem, InputError, UsageError
from simblock.stores import compaction, open_index
from simblock_indexer import building
from simblock_indexer.building import build, build_shard, merge
from tests.indexer.conftest import rows_of
from tests.stores.works import WORDS, document

COUNTS = (2, 3, 7)
CODE = '''# SPDX-License-Identifier: MIT
def {name}(rows, limit):
    """Adds up what the {word} rows have over the limit."""
    total = 0
    for row in rows:
        if row.{word} > limit:
            total += row.{word} * {number} - limit
        else:
            total -= max(limit, row.{word}) // {number}
    return {{"total": total, "rows": len(rows), "limit": limit}}
'''


def code(number):
    return CODE.format(name=f"sum_{number}", word=WORDS[number], number=number + 2)


def write_library(root):
    """Texts, code and rows; some equal ones far apart, an empty file, one that is no text."""
    root.mkdir()
    for number in range(9):
        (root / f"text-{number}.txt").write_text(document(f"t{number}", words=60 + 40 * number).text)
        (root / f"code-{number}.py").write_text(code(number))
    (root / "a-twin.txt").write_text(document("t8", words=380).text)
    (root / "z-twin.txt").write_text(document("t1", words=100).text)
    (root / "z-code.py").write_text(code(0))
    (root / "empty.txt").write_text("\n")
    (root / ".hidden").write_text("hidden")
    (root / "picture.png").write_bytes(b"\x89PNG\0")
    rows = [{"text": document(f"r{n}", words=50 + n).text, "title": f"Row {n}"} for n in range(25)]
    rows += [{"id": "twin of a row", "text": rows[3]["text"]}, {"id": "twin", "text": rows[3]["text"]}]
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return write_library(tmp_path_factory.mktemp("sharded") / "library")


@pytest.fixture(scope="module")
def whole(library):
    path = library.parent / "whole.sbx"
    build([library], path)
    return path


@pytest.fixture(scope="module", params=COUNTS)
def merged(request, library):
    """The index of so many shards, which were built in no order and are named in none."""
    count = request.param
    shards = [library.parent / f"{number}-of-{count}.sbx" for number in range(count)]
    for number in reversed(range(count)):
        build_shard([library], shards[number], None, number, count)
    path = library.parent / f"merged-{count}.sbx"
    merge(random.Random(count).sample(shards, count), path)
    return path


def told(report):
    """A report without what differs between two calls."""
    fields = report.to_dict()
    matches = [{**match, "index": ""} for match in fields["matches"]]
    return {**fields, "matches": matches, "id": "", "indexes": [], "elapsed_ms": 0}


def edited(body):
    words = body.split(" ")
    return " ".join("altogether" if at % 11 == 5 else word for at, word in enumerate(words))


def test_a_merged_index_lists_the_works_of_one_built_at_once(index_command, whole, merged):
    assert rows_of(index_command, merged) == rows_of(index_command, whole)
    twins = {row["id"]: row["twins"] for row in rows_of(index_command, merged)}
    assert twins["library/a-twin.txt"] == ["library/text-8.txt"]
    assert twins["twin"] == ["library/rows.jsonl#4", "twin of a row"]


def test_it_says_of_itself_what_that_one_says(index_command, whole, merged):
    fields = [index_command("stat", index, "--json").json for index in (whole, merged)]
    assert {**fields[0], "bytes": 0} == {**fields[1], "bytes": 0}  # the journals tell of other commits
    assert index_command("verify", merged).out == f"{merged} is whole: 48 works\n"


def test_it_has_the_bytes_of_that_one_but_for_ids_and_times(whole, merged):
    segments = []
    for path in (whole, merged):
        with closing(open_index(path)) as index:
            (segment,) = index._snapshot.segments
            found = {
                name: bytes(section.read(0, section.length))
                for name, section in segment.container.sections.items()
            }
            works = segment.works.rows.copy()
            works["added"] = 0
            segments.append(found | {"works": works.tobytes()})
    assert segments[0].keys() == segments[1].keys()
    assert [name for name in segments[0] if segments[0][name] != segments[1][name]] == []


def test_it_answers_as_that_one_with_the_same_information(whole, merged):
    outputs = [document(f"t{n}", words=380).text for n in (4, 8)]
    outputs += [edited(outputs[1]), document("r3", words=53).text, "nothing of the kind " * 30]
    outputs += [f"```python\n{code(n).replace('total', 'figure')}```" for n in (0, 5)]
    with closing(open_index(whole)) as one, closing(open_index(merged)) as other:
        guards = [simblock.Guard(index, simblock.Policy()) for index in (one, other)]
        checked = [[told(guard.check(output, all=True)) for output in outputs] for guard in guards]
    assert checked[0] == checked[1]
    assert [bool(report["matches"]) for report in checked[0]] == [True] * 4 + [False, True, True]


def test_an_index_whose_segments_were_taken_over_answers_alike(library, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 4000)
    shards = [tmp_path / f"{number}.sbx" for number in range(3)]
    for number, shard in enumerate(shards):
        build_shard([library], shard, None, number, 3)
    merge(shards, tmp_path / "x.sbx")
    kept = {file.name for shard in shards for file in shard.glob("seg-*")}
    assert kept & {file.name for file in (tmp_path / "x.sbx").glob("seg-*")}
    outputs = [edited(document(f"t{n}", words=380).text) for n in (4, 8)] + [document("r3", words=53).text]
    outputs.append(f"```python\n{code(5).replace('total', 'figure')}```")
    with closing(open_index(whole)) as one, closing(open_index(tmp_path / "x.sbx")) as other:
        guards = [simblock.Guard(index, simblock.Policy()) for index in (one, other)]
        for output in outputs:
            checked = [told(guard.check(output, all=True)) for guard in guards]
            bits = [[match.pop("information") for match in report["matches"]] for report in checked]
            assert checked[0] == checked[1]
            assert bits[1] == pytest.approx(bits[0], rel=0.01)
            assert bits[0]


def test_each_work_is_in_one_shard_and_shards_are_of_about_equal_size(library, tmp_path):
    reports = [build_shard([library], tmp_path / f"{n}.sbx", None, n, 4) for n in range(4)]
    total = sum(report.bytes for report in reports)
    assert sum(report.added for report in reports) == 48
    assert all(0.1 * total < report.bytes < 0.5 * total for report in reports)
    assert sum((Counter(report.passed) for report in reports), Counter()) == {
        "binary": 1,
        "empty": 1,
        "hidden": 1,
    }


def test_shards_may_be_more_than_works(index_command, tmp_path):
    (tmp_path / "one.txt").write_text(document("one").text)
    for number in range(3):
        made = index_command(
            "build", tmp_path / "one.txt", "--out", tmp_path / f"{number}.sbx", "--shard", f"{number}/3"
        )
        assert made.code == 0
        assert ("so the shard is empty" in made.out) == (number > 0)
    shards = [tmp_path / f"{number}.sbx" for number in range(3)]
    assert index_command("merge", *shards, "--out", tmp_path / "x.sbx").code == 0
    assert [row["id"] for row in rows_of(index_command, tmp_path / "x.sbx")] == ["one.txt"]
    assert "no works" in index_command("merge", *shards[1:], "--out", tmp_path / "y.sbx", "--partial").err


def test_a_missing_shard_is_named(index_command, library, tmp_path):
    shards = [tmp_path / f"{number}.sbx" for number in range(4)]
    for number in (0, 1, 3):
        build_shard([library], shards[number], None, number, 4)
    outcome = index_command("merge", shards[0], shards[1], shards[3], "--out", tmp_path / "x.sbx")
    assert outcome.code == 2
    assert "shard 2/4 is missing" in outcome.err
    assert "--partial" in outcome.err
    assert not (tmp_path / "x.sbx").exists()
    merged = index_command(
        "merge", shards[0], shards[1], shards[3], "--out", tmp_path / "x.sbx", "--partial", "--json"
    )
    assert 0 < merged.json["added"] < 48
    assert index_command("verify", tmp_path / "x.sbx").code == 0


def test_shards_of_two_builds_are_not_merged(library, tmp_path, key_files):
    (tmp_path / "other.txt").write_text(document("other").text)
    one = tmp_path / "0.sbx"
    build_shard([library], one, None, 0, 2)
    again = tmp_path / "again.sbx"
    build_shard([library], again, None, 0, 2)
    others = {
        "inputs, options or number": {"inputs": [tmp_path / "other.txt"]},
        "number of shards differ": {"of": 3},
        "not of one build": {"options": building.ReadOptions(kind="text")},
        "different keys": {"key_file": key_files[0]},
        "--store-text": {"store_text": True},
    }
    for at, (said, how) in enumerate(others.items()):
        given = {"inputs": [library], "options": None, "number": 1, "of": 2} | how
        other = tmp_path / f"other-{at}.sbx"
        build_shard(out=other, **given)
        with pytest.raises((UsageError, IndexProblem), match=said):
            merge([one, other], tmp_path / "x.sbx", key_file=how.get("key_file"))
    with pytest.raises(UsageError, match="both shard 0/2"):
        merge([one, again], tmp_path / "x.sbx")
    assert not (tmp_path / "x.sbx").exists()


def test_a_shard_and_an_index_that_is_none_are_not_merged(library, whole, tmp_path):
    build_shard([library], tmp_path / "0.sbx", None, 0, 1)
    with pytest.raises(UsageError, match=r"is a shard and .* is none"):
        merge([tmp_path / "0.sbx", whole], tmp_path / "x.sbx")
    with pytest.raises(UsageError, match="are one index"):
        merge([whole, whole], tmp_path / "x.sbx")


def test_indexes_that_were_built_by_themselves_can_be_merged_once_their_ids_differ(index_command, tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps({"id": id, "text": document(id).text}) + "\n" for id in (name, "both"))
        )
        build([tmp_path / f"{name}.jsonl"], tmp_path / f"{name}.sbx")
    call = ("merge", tmp_path / "one.sbx", tmp_path / "two.sbx", "--out", tmp_path / "x.sbx")
    outcome = index_command(*call)
    assert outcome.code == 2
    assert (
        f"two works are called 'both', in {tmp_path / 'one.sbx'} and in {tmp_path / 'two.sbx'}" in outcome.err
    )
    assert index_command("remove", tmp_path / "two.sbx", "both").code == 0
    assert index_command(*call).code == 0
    assert [row["id"] for row in rows_of(index_command, tmp_path / "x.sbx")] == ["both", "one", "two"]
    assert index_command("remove", tmp_path / "x.sbx", "both").code == 0
    assert index_command("add", tmp_path / "x.sbx", tmp_path / "one.jsonl", "--json").json["added"] == 1


def test_shards_with_a_key_are_merged_with_it_and_tell_nothing_of_their_inputs(
    index_command, library, tmp_path, key_files
):
    plans = []
    for number in range(2):
        shard = tmp_path / f"{number}.sbx"
        build_shard([library], shard, None, number, 2, key_file=key_files[0])
        plans.append(json.loads((shard / "MANIFEST").read_text())["index"]["shard"][2])
    build_shard([library], tmp_path / "open.sbx", None, 0, 2)
    plans.append(json.loads((tmp_path / "open.sbx" / "MANIFEST").read_text())["index"]["shard"][2])
    assert plans[0] == plans[1] != plans[2]
    call = ("merge", tmp_path / "0.sbx", tmp_path / "1.sbx", "--out", tmp_path / "x.sbx")
    assert "is keyed" in index_command(*call).err
    assert "another key" in index_command(*call, "--key-file", key_files[1]).err
    assert index_command(*call, "--key-file", key_files[0]).code == 0
    assert len(rows_of(index_command, tmp_path / "x.sbx", "--key-file", key_files[0])) == 48


@pytest.mark.parametrize("written", ["4/4", "1", "a/b", "-1/4", "1/0", "0/", "²/4"])
def test_a_shard_that_cannot_be_meant_is_refused(index_command, library, tmp_path, written):
    outcome = index_command("build", library, "--out", tmp_path / "x.sbx", "--shard", written)
    assert outcome.code == 2
    assert "--shard" in outcome.err


def test_shards_stand_in_directories(index_command, library, whole):
    url = "redis://someone:secret@localhost:1/?tenant=t"
    for call in (
        ("build", library, "--out", url, "--no-key", "--shard", "0/2"),
        ("merge", whole, "--out", url),
        ("merge", url, "--out", "x.sbx"),
    ):
        outcome = index_command(*call)
        assert outcome.code == 2
        assert "simblock-index sync" in outcome.err
        assert "secret" not in outcome.err


def test_standard_input_has_no_shards(index_command, tmp_path):
    outcome = index_command("build", "-", "--id", "x", "--out", tmp_path / "x.sbx", "--shard", "0/2")
    assert outcome.code == 2
    assert "standard input" in outcome.err


def test_a_shard_that_stands_is_left_as_it_is(index_command, library, tmp_path):
    call = ("build", library, "--out", tmp_path / "x.sbx", "--shard", "1/2")
    assert index_command(*call).code == 0
    before = (tmp_path / "x.sbx" / "MANIFEST").read_bytes()
    assert "is an index already" in index_command(*call).err
    assert (tmp_path / "x.sbx" / "MANIFEST").read_bytes() == before


def test_a_shard_knows_what_it_is_after_it_was_changed_or_rebuilt(library, tmp_path):
    (tmp_path / "more.txt").write_text(document("more").text)
    for number in range(2):
        build_shard([library], tmp_path / f"{number}.sbx", None, number, 2)
    building.add(tmp_path / "0.sbx", [tmp_path / "more.txt"])
    building.remove(tmp_path / "0.sbx", ["library/a-twin.txt"])
    building.rebuild(tmp_path / "1.sbx", tmp_path / "1-anew.sbx")
    report = merge([tmp_path / "1-anew.sbx", tmp_path / "0.sbx"], tmp_path / "x.sbx")
    assert (report.added, report.epoch) == (48, 3)


def test_metadata_of_works_in_other_shards_is_no_error(library, tmp_path):
    meta = tmp_path / "meta.jsonl"
    ids = ["library/a-twin.txt", "library/z-twin.txt"]
    meta.write_text("".join(json.dumps({"id": id, "owner": "Someone"}) + "\n" for id in ids))
    for number in range(2):
        build_shard([library], tmp_path / f"{number}.sbx", building.ReadOptions(meta=meta), number, 2)
    merge([tmp_path / "0.sbx", tmp_path / "1.sbx"], tmp_path / "x.sbx")
    with closing(open_index(tmp_path / "x.sbx")) as index:
        owned = {entry.work.id for entry in index.entries() if entry.work.owner == "Someone"}
    assert owned == set(ids)


def test_two_works_of_one_id_in_two_shards_name_both(tmp_path):
    rows = [{"id": f"w{n}", "text": document(f"w{n}").text} for n in range(8)]
    rows[7]["id"] = "w0"
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shards = [tmp_path / "0.sbx", tmp_path / "1.sbx"]
    for number, shard in enumerate(shards):
        build_shard([tmp_path / "rows.jsonl"], shard, None, number, 2)
    with pytest.raises(InputError, match=r"'w0', in .*0\.sbx and in .*1\.sbx"):
        merge(shards, tmp_path / "x.sbx")


def test_shards_built_beside_the_inputs_are_no_inputs(library, tmp_path):
    root = write_library(tmp_path / "library")
    (root / ".hidden").unlink()
    subprocess.run(["git", "init", "-q", root], check=True)
    for number in range(2):
        building_now = root / f".{number + 5}.sbx.building"
        building_now.mkdir()
        (building_now / "LOCK").touch()
        (building_now / "seg-1.sb.tmp").write_text("half a segment " * 100)
        build_shard([root], root / f"{number}.sbx", None, number, 2)
    assert merge([root / "0.sbx", root / "1.sbx"], root / "x.sbx").added == 48


@pytest.mark.slow
def test_shards_are_built_by_other_processes(library, tmp_path):
    shards = [tmp_path / f"{number}.sbx" for number in range(2)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        futures = [
            pool.submit(build_shard, [library], shard, None, number, 2) for number, shard in enumerate(shards)
        ]
        assert sum(future.result().added for future in futures) == 48
    assert merge(shards, tmp_path / "x.sbx").added == 48


MERGES = """
import sys
from simblock_indexer.building import merge
print("ready", flush=True)
merge(sys.argv[2:], sys.argv[1])
"""


def test_killing_a_merge_at_any_moment_leaves_all_of_it_or_nothing(tmp_path):
    rows = [{"id": f"w{n}", "text": document(f"w{n}", words=2000).text} for n in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shards = [tmp_path / "0.sbx", tmp_path / "1.sbx"]
    for number, shard in enumerate(shards):
        build_shard([tmp_path / "rows.jsonl"], shard, None, number, 2)
    target, fates = tmp_path / "x.sbx", []
    for moment in (0.005, 0.02, 0.04, 0.06, 0.09, 30):
        if not target.exists():
            fates.append(is_there_after(moment, target, shards))
    assert fates[0] is False
    assert fates[-1] is True
    for path, count in ((target, 60), *((shard, None) for shard in shards)):
        with closing(open_index(path)) as index:
            assert index.verify() == []
            assert count is None or len(list(index.entries())) == count
    assert not list(tmp_path.glob(".*.building"))


def is_there_after(seconds, target, shards):
    """Whether a merge that is killed so long after it began left anything at its place."""
    command = [sys.executable, "-c", MERGES, str(target), *map(str, shards)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout.read(5) == b"ready"
        with suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
        child.kill()
    return target.exists()
