"""The plan of a pass: made once, found again by who asks for the same, refused to all others."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace

import pytest

from simblock.errors import InputError, UsageError
from simblock_indexer.dedup import planning
from simblock_indexer.dedup.folder import Folder
from simblock_indexer.dedup.options import MIB, DedupOptions
from simblock_indexer.dedup.planning import claiming, plans
from simblock_indexer.readers import ReadOptions
from tests.indexer.dedup.deliveries import folder_of, jsonl, rows

GIB = 1 << 30
OPTIONS = DedupOptions()
READING = ReadOptions()


@pytest.fixture
def inputs(tmp_path):
    return folder_of(tmp_path / "in")


@pytest.fixture
def asked(inputs, tmp_path):
    """Asks for a plan, always of the same inputs into the same folder, unless told otherwise."""

    def ask(*named, out=tmp_path / "out", reading=READING, work=None, state=None, earlier=(), **options):
        told = replace(OPTIONS, **options)
        request = planning.Request(named or [str(inputs)], out, told, reading, work, state)
        return planning.plan(request, earlier)

    return ask


@pytest.mark.parametrize(
    ("total", "expected"),
    [(0, 8 * MIB), (GIB, 16 * MIB), (16 * GIB, 256 * MIB), (1 << 40, 256 * MIB)],
)
def test_parts_are_a_sixty_fourth_of_the_inputs_within_bounds(total, expected):
    assert planning.part_bytes(total) == expected


@pytest.mark.parametrize(
    ("total", "expected"),
    [(0, 16), (GIB, 16), (GIB + 1, 32), (5 * GIB, 128), (100 * GIB, 2048), (1 << 50, 4096)],
)
def test_partitions_are_a_power_of_two_that_grows_with_the_inputs(total, expected):
    assert planning.partitions(total) == expected


def test_a_plan_is_written_in_the_folder_of_what_is_kept(asked, tmp_path):
    folder, plan = asked()
    assert folder.root == tmp_path / "out" / ".work"
    assert folder.plan == replace(plan, reading=folder.plan.reading)
    assert [source.name for source in plan.sources] == ["in/0.jsonl", "in/1.jsonl", "in/2.jsonl"]
    assert [part.source for part in plan.parts] == [0, 1, 2]
    assert sorted(path.name for path in folder.root.iterdir()) == ["plan.json", "stamps.json"]


def test_what_is_asked_again_is_the_same_plan(asked):
    first = asked()[1]
    again = asked()[1]
    assert again.to_json() == first.to_json()


def test_a_plan_names_files_as_they_are_found_from_any_folder(asked, inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, plan = asked("in", out="there", policy=None, against=(), key_files=())
    assert plan.sources[0].place == str(inputs / "0.jsonl")
    assert plan.out == str(tmp_path / "there")
    assert folder.root == tmp_path / "there" / ".work"


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"max_copies": 2}, "--max-copies 1"),
        ({"threshold": 0.5}, "--threshold 0.8"),
        ({"scope": "both"}, "--scope document"),
        ({"reading": ReadOptions(text_field="content")}, "--text-field text"),
        ({"reading": ReadOptions(skip_bad=True)}, "no --skip-bad"),
        ({"reading": ReadOptions(language="python")}, "no --language"),
    ],
)
def test_another_plan_is_refused_with_what_differs(asked, tmp_path, other, named):
    asked()
    with pytest.raises(UsageError) as refused:
        asked(**other)
    assert str(refused.value) == (
        f"{tmp_path}/out/.work: a pass was begun here with {named}: give the same again, another --out, "
        "or give that pass up with --anew"
    )


def test_more_memory_or_workers_are_no_other_plan(asked):
    folder, _ = asked(memory=300 * MIB)
    _, plan = asked(memory=400 * MIB, reading=ReadOptions(workers=3))
    assert plan.options.memory == folder.plan.options.memory == 400 * MIB


def test_other_inputs_are_refused(asked, inputs, tmp_path):
    asked()
    added = jsonl(inputs / "3.jsonl", rows(3))
    with pytest.raises(UsageError, match=rf"fewer inputs \({added} is new\)"):
        asked()
    added.unlink()
    (inputs / "0.jsonl").unlink()
    with pytest.raises(UsageError, match=r"an input that is missing now \(.*/0.jsonl\)"):
        asked()


def test_the_order_of_inputs_decides(asked, inputs):
    one, two = str(inputs / "0.jsonl"), str(inputs / "1.jsonl")
    asked(one, two)
    with pytest.raises(UsageError, match="the inputs in another order"):
        asked(two, one)


def test_a_changed_input_is_noticed(asked, inputs, tmp_path):
    asked()
    changed = inputs / "1.jsonl"
    os.utime(changed, ns=(1, 1))
    with pytest.raises(UsageError) as refused:
        asked()
    assert str(refused.value) == (
        f"{changed} changed since the pass in {tmp_path}/out/.work began: bring it back, or give that pass "
        "up with --anew"
    )


def test_an_input_that_changes_while_a_pass_runs_is_noticed(asked, inputs):
    folder, plan = asked()
    planning.check_unchanged(folder, plan.sources[2])
    with (inputs / "2.jsonl").open("a") as file:
        file.write("\n")
    planning.check_unchanged(folder, plan.sources[1])
    with pytest.raises(UsageError, match=r"2\.jsonl changed since"):
        planning.check_unchanged(folder, plan.sources[2])
    (inputs / "2.jsonl").unlink()
    with pytest.raises(InputError, match=r"2\.jsonl: no such file"):
        planning.check_unchanged(folder, plan.sources[2])


def test_an_index_that_changed_is_noticed(asked, index_command, index, poems):
    asked(against=(str(index),))
    asked(against=(str(index),))
    index_command("remove", index, "poems/tide.txt")
    with pytest.raises(UsageError, match=r"poems\.sbx changed since"):
        asked(against=(str(index),))


def test_a_finished_pass_is_left_alone(asked, tmp_path):
    asked()
    (tmp_path / "out" / "report.json").write_text("{}")
    assert planning.finished(tmp_path / "out")
    with pytest.raises(UsageError, match=r"holds a finished pass \(report\.json\): give another --out"):
        asked()


def test_a_folder_with_something_else_is_left_alone(asked, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    asked()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="is not empty, and no unfinished pass lies in"):
        asked(out=tmp_path / "used")
    with pytest.raises(UsageError, match="is a file: name a folder"):
        asked(out=tmp_path / "used" / "mine.txt")
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["mine.txt"]


def test_nothing_is_made_where_inputs_are_missing(asked, tmp_path):
    with pytest.raises(InputError):
        asked(str(tmp_path / "nowhere.jsonl"))
    assert not (tmp_path / "out").exists()


def test_a_working_folder_may_lie_elsewhere(asked, tmp_path):
    folder, _ = asked(work=tmp_path / "scratch")
    assert folder.root == tmp_path / "scratch"
    assert planning.begun(tmp_path / "out", tmp_path / "scratch")
    assert not planning.begun(tmp_path / "out")
    with pytest.raises(UsageError, match=r"begun here with --out .*/out"):
        asked(work=tmp_path / "scratch", out=tmp_path / "other")


def test_a_folder_in_use_is_no_working_folder(asked, tmp_path):
    (tmp_path / "scratch" / "mine").mkdir(parents=True)
    with pytest.raises(UsageError, match="no pass was begun in it"):
        asked(work=tmp_path / "scratch")


def test_a_folder_with_files_of_others_is_no_working_folder(asked, tmp_path):
    """At the end it is removed with all that is in it."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="no pass was begun in it"):
        asked(work=tmp_path / "scratch")
    (tmp_path / "scratch" / "mine.txt").unlink()
    (tmp_path / "scratch" / "stamps.json").write_text("{}")
    assert asked(work=tmp_path / "scratch")[0].root == tmp_path / "scratch"


def test_all_that_differs_is_named(asked):
    asked()
    with pytest.raises(
        UsageError, match=r"with --threshold 0\.8, --max-copies 1, no --skip-bad: give"
    ) as refused:
        asked(max_copies=2, threshold=0.5, reading=ReadOptions(skip_bad=True))
    assert "--anew" in str(refused.value)


def test_a_state_lies_apart_from_the_inputs_and_from_what_is_kept(asked, inputs, tmp_path):
    with pytest.raises(UsageError, match=r"--state .*/in: the input .*/in/0\.jsonl lies in it"):
        asked(str(inputs / "0.jsonl"), state=inputs)
    for state, other in ((tmp_path / "out" / "s", "--out"), (tmp_path, "--out"), (tmp_path / "w", "--work")):
        with pytest.raises(UsageError, match=rf"--state {state}: {other} .* is to be apart from it"):
            asked(state=state, work=tmp_path / "w" / "x" if other == "--work" else None)
    assert not (tmp_path / "out").exists()


def test_what_a_pass_writes_is_apart_from_its_inputs(asked, inputs, tmp_path):
    with pytest.raises(UsageError, match=r"--out .* lies in the input .*: give a folder outside of it"):
        asked(out=inputs / "out")
    out = tmp_path / "another"
    jsonl(out / "documents" / "0.jsonl", rows(2))
    with pytest.raises(UsageError, match=r"the input .*documents/0\.jsonl lies in it"):
        asked(str(out / "documents" / "0.jsonl"), out=out)


@pytest.mark.parametrize("option", ["out", "work", "state"])
@pytest.mark.parametrize("place", ["s3://bucket/x", "S3:/bucket/x"])
def test_folders_are_no_urls(asked, option, place):
    """Nor URLs that were taken for paths on the way."""
    with pytest.raises(UsageError, match=rf"--{option} {place}: it is a folder"):
        asked(**{option: place})


def test_deliveries_that_were_there_stay_those_that_count(asked, tmp_path):
    """A pass that was ended after it was added to its state goes on with what the state had before."""
    state = tmp_path / "state"
    assert asked(state=state, earlier=("a",))[1].segments == ("a",)
    assert asked(state=state, earlier=("a", "b"))[1].segments == ("a",)
    with pytest.raises(UsageError, match="other deliveries in"):
        asked(state=state, earlier=("b",))
    with pytest.raises(UsageError, match="--state"):
        asked(earlier=("a",))


def test_of_several_that_begin_at_once_all_have_one_plan(asked):
    made = []
    ready = threading.Barrier(6)

    def begin():
        ready.wait()
        made.append(asked()[1].to_json())

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len(set(made)) == 1


def test_the_first_plan_stands(asked, tmp_path, monkeypatch):
    """Also where another process writes its own after this one looked."""
    folder, plan = asked()
    (folder.root / "plan.json").rename(tmp_path / "kept")

    def faster(path, text):
        (tmp_path / "kept").rename(path)
        return claiming.put_first(path, text)

    monkeypatch.setattr(plans, "put_first", faster)
    with pytest.raises(UsageError, match="--max-copies 1"):
        asked(max_copies=3)
    assert folder.plan.options == plan.options


def test_a_plan_is_whole_also_without_links(asked, monkeypatch):
    def no_links(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", no_links)
    folder, plan = asked()
    assert Folder(folder.root).plan.to_json() == plan.to_json()
    assert not claiming.put_first(folder.root / "plan.json", "{}")
    assert json.loads((folder.root / "plan.json").read_text())["version"]
    assert sorted(path.name for path in folder.root.iterdir()) == ["plan.json", "stamps.json"]


def test_a_place_that_cannot_be_written_is_named(asked, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file/out/\.work cannot be written"):
        asked(out=tmp_path / "file" / "out")
