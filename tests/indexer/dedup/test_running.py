"""A whole pass, or stage by stage: the same bytes, whoever runs it and in whatever order."""

from __future__ import annotations

import json
import random

import pytest
from filelock import FileLock

from simblock.errors import Busy, Damaged, InputError, MissingExtra, UsageError
from simblock_indexer.dedup import deliveries, planning, running, stages
from simblock_indexer.dedup.options import MIB, DedupOptions
from simblock_indexer.readers import ReadOptions
from simblock_indexer.readers.shares import Share
from tests.indexer.dedup.deliveries import folder_of, hidden, jsonl, left, rows

READING = ReadOptions()


@pytest.fixture
def inputs(tmp_path):
    return folder_of(tmp_path / "in", files=5, count=150)


@pytest.fixture
def dedup(inputs, tmp_path):
    """Runs a pass over the same inputs into a folder of that name."""

    def run(out, *named, options=None, **told):
        options = options or DedupOptions()
        return running.dedup(named or [str(inputs)], tmp_path / out, options, READING, **told)

    return run


@pytest.fixture
def stage(inputs, tmp_path):
    def run(name, out, number=0, of=1, **told):
        return running.run_stage(
            name, [str(inputs)], tmp_path / out, DedupOptions(), READING, shard=Share(number, of), **told
        )

    return run


@pytest.fixture
def whole(dedup, tmp_path):
    """What a pass leaves that nobody disturbed."""
    dedup("whole")
    return left(tmp_path / "whole")


def test_kept_rows_stay_as_they_came_and_of_no_text_the_last_goes(dedup, inputs, tmp_path):
    outcome = dedup("out")
    kept, given = [], []
    for path in sorted(inputs.iterdir()):
        lines = path.read_text("utf-8").splitlines()
        written = (tmp_path / "out" / "documents" / "in" / path.name).read_text("utf-8").splitlines()
        assert [line for line in lines if line in set(written)] == written
        kept += written
        given += lines
    assert (outcome.documents, outcome.kept) == (len(given), len(kept))
    assert 0 < len(kept) < len(given)
    assert outcome.by_reason["exact"] > 0 < outcome.by_reason["near"]
    assert len({json.loads(line)["text"] for line in kept}) == len(kept)


def test_the_report_is_there_at_the_end_and_the_working_folder_is_gone(dedup, tmp_path):
    outcome = dedup("out")
    assert planning.finished(tmp_path / "out")
    assert hidden(tmp_path / "out") == []
    assert not (tmp_path / "out" / ".work").exists()
    rates = json.loads((tmp_path / "out" / "report.json").read_text())["rates"]
    assert rates == outcome.rates
    assert {name: took["units"] for name, took in rates["stages"].items()} == {
        "sign": 5, "join": 16, "cluster": 1, "verify": 1, "write": 5,
    }  # fmt: skip
    assert all(took["documents"] == 150 for took in rates["stages"].values())
    assert rates["peak"] > MIB


def test_the_working_folder_can_be_kept_and_lie_elsewhere(dedup, whole, tmp_path):
    dedup("out", work=tmp_path / "scratch", keep_work=True)
    assert left(tmp_path / "out") == whole
    assert (tmp_path / "scratch" / "settled").is_dir()
    dedup("again", work=tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_any_number_of_workers_leaves_the_same_bytes(dedup, whole, tmp_path, workers):
    dedup("out", workers=workers)
    assert left(tmp_path / "out") == whole


def test_memory_decides_nothing(dedup, whole, tmp_path):
    dedup("out", options=DedupOptions(memory=256 * MIB))
    assert left(tmp_path / "out") == whole


@pytest.mark.parametrize("of", [1, 2, 5])
def test_stages_by_shards_in_any_order_leave_the_same_bytes(stage, whole, tmp_path, of):
    rng = random.Random(of)
    for name in stages.STAGES:
        order = rng.sample(range(of), of)
        made = [stage(name, "out", number, of) for number in order]
        assert made[-1].missing == 0
        assert [one.outcome is not None for one in made].count(True) == (name == "write")
    assert left(tmp_path / "out") == whole
    assert not (tmp_path / "out" / ".work").exists()


def test_shards_divide_the_units_of_a_stage(stage, tmp_path):
    first = stage("sign", "out", 1, 3)
    assert (first.made, first.missing) == (2, 3)
    assert stage("sign", "out", 1, 3).made == 0
    signed = tmp_path / "out" / ".work" / "signed"
    assert sorted(path.name for path in signed.iterdir()) == ["000001", "000004"]
    with pytest.raises(UsageError, match=r"stage join: 3 of 5 units of sign are missing \(first: 0\)"):
        stage("join", "out")


def test_a_share_of_write_that_comes_late_has_nothing_to_do(stage, dedup, tmp_path):
    """Where there are more shards than files, some have no units, and may begin when all is done."""
    dedup("out")
    assert stage("write", "out", 7, 9) == running.Staged("write", 0, 0, None)
    with pytest.raises(UsageError, match="holds a finished pass"):
        stage("sign", "out", 7, 9)


def test_a_whole_pass_goes_on_where_stages_ended(stage, dedup, whole, tmp_path):
    stage("sign", "out", 0, 2)
    dedup("out")
    assert left(tmp_path / "out") == whole


def test_a_finished_pass_is_not_run_again(dedup, whole, tmp_path):
    with pytest.raises(UsageError, match="give another --out, or remove it to begin anew"):
        dedup("whole")
    assert left(tmp_path / "whole") == whole


def test_inputs_that_changed_are_noticed_before_anything_goes_on(stage, dedup, inputs, tmp_path):
    stage("sign", "out")
    jsonl(inputs / "3.jsonl", rows(3, seed=9))
    with pytest.raises(UsageError, match=r"3\.jsonl changed since the pass in"):
        dedup("out")
    assert not (tmp_path / "out" / "documents").exists()


def test_two_passes_in_one_folder_do_not_meet(stage, dedup, whole, tmp_path):
    stage("sign", "out")
    with (
        FileLock(tmp_path / "out" / ".work" / "pass.lock"),
        pytest.raises(Busy, match="another process runs the pass in"),
    ):
        dedup("out")
    dedup("out")
    assert left(tmp_path / "out") == whole


def test_a_delivery_is_compared_with_those_before(dedup, inputs, tmp_path):
    state = tmp_path / "state"
    first = dedup("first", state=state)
    second = dedup("second", state=state)
    assert (first.earlier, second.earlier) == (0, first.kept)
    assert (second.documents, second.kept) == (150, 0)
    third = dedup("third", str(jsonl(tmp_path / "new.jsonl", rows(20, seed=3))), state=state)
    assert third.kept > 0
    with pytest.raises(UsageError, match=r"--threshold 0\.8"):
        dedup("fourth", state=state, options=DedupOptions(threshold=0.5))


def test_a_pass_that_ends_after_it_was_kept_is_kept_once(dedup, whole, tmp_path, monkeypatch):
    state = tmp_path / "state"
    conclude = running.conclude
    monkeypatch.setattr(running, "conclude", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dedup("out", state=state)
    before = deliveries.earlier(state, DedupOptions())
    monkeypatch.setattr(running, "conclude", conclude)
    dedup("out", state=state)
    assert deliveries.earlier(state, DedupOptions()) == before
    made = left(tmp_path / "out")
    assert made.pop("report.json")["kept"] == whole.pop("report.json")["kept"]
    assert made == whole


def test_two_passes_that_meet_in_a_state_are_not_mixed(dedup, stage, tmp_path):
    """The one that ends later was not compared with what the other added."""
    state = tmp_path / "state"
    for name in ("sign", "join", "cluster", "verify"):
        stage(name, "late", state=state)
    dedup("early", state=state)
    for late in (lambda: stage("write", "late", state=state), lambda: dedup("late", state=state)):
        with pytest.raises(UsageError, match=r"the state grew since this pass began.*remove .*/late, or"):
            late()
    assert not (tmp_path / "late" / "documents").exists()
    assert dedup("late", state=state, anew=True).kept == 0


def test_a_pass_that_was_killed_after_its_report_is_told_once_more(dedup, stage, whole, tmp_path):
    """And its working folder goes: that is all that was left to do."""
    first = dedup("out", keep_work=True)
    with pytest.raises(UsageError, match="holds a finished pass"):
        dedup("out", options=DedupOptions(max_copies=2))
    assert (tmp_path / "out" / ".work").exists()
    assert json.dumps(dedup("out").to_dict()) == json.dumps(first.to_dict())
    assert not (tmp_path / "out" / ".work").exists()
    assert left(tmp_path / "out") == whole
    with pytest.raises(UsageError, match="holds a finished pass"):
        dedup("out")
    dedup("again", keep_work=True)
    assert stage("write", "again") == running.Staged("write", 0, 0, None)
    assert not (tmp_path / "again" / ".work").exists()


@pytest.mark.parametrize("ended", ["sign", "write"])
def test_a_pass_is_given_up_for_another(dedup, stage, tmp_path, ended, monkeypatch):
    other = DedupOptions(max_copies=2)
    dedup("other", options=other)
    if ended == "sign":
        stage("sign", "out")
    else:
        monkeypatch.setattr(running, "conclude", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dedup("out")
        monkeypatch.undo()
        (tmp_path / "out" / "dropped.parquet").touch()
    dedup("out", options=other, anew=True)
    assert left(tmp_path / "out") == left(tmp_path / "other")
    with pytest.raises(UsageError, match="holds a finished pass"):
        dedup("out", options=other, anew=True)


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_only_the_own_pass_is_given_up(dedup, stage, tmp_path, monkeypatch):
    stage("sign", "out", work=tmp_path / "scratch")
    with pytest.raises(
        UsageError, match=r"scratch: the pass into .*/out was begun here: give another --work"
    ):
        dedup("new", work=tmp_path / "scratch", anew=True)
    with (
        FileLock(tmp_path / "scratch" / "pass.lock"),
        pytest.raises(Busy, match="another process runs the pass in"),
    ):
        dedup("out", work=tmp_path / "scratch", anew=True)
    assert (tmp_path / "scratch" / "signed").exists()
    monkeypatch.setattr(running, "conclude", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dedup("kept", state=tmp_path / "state")
    with pytest.raises(UsageError, match=r"was added to .*/state already: give the command without it"):
        dedup("kept", state=tmp_path / "state", anew=True)


def test_it_is_told_that_a_pass_goes_on_when_that_is_certain(dedup, stage, tmp_path):
    told = []
    stage("sign", "out")
    with pytest.raises(UsageError):
        dedup("out", options=DedupOptions(max_copies=2), resumed=told.append)
    assert told == []
    dedup("out", resumed=told.append)
    assert told == [tmp_path / "out" / ".work"]
    dedup("new", resumed=told.append)
    assert len(told) == 1


@pytest.mark.parametrize("place", ["state", "inputs"])
def test_a_state_removes_nothing_that_it_did_not_make(dedup, tmp_path, place):
    mine = jsonl(tmp_path / "state" / "000000" / "mine.jsonl", rows(20))
    named = [str(mine)] if place == "inputs" else []
    with pytest.raises(UsageError, match="is not empty and no state"):
        dedup("out", *named, state=tmp_path / "state")
    assert mine.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [("runs.npy", b""), ("counts.json", b""), ("counts.json", b"{"), ("counts.json", b"\xff")],
)
def test_a_damaged_delivery_or_part_is_a_sentence(dedup, stage, tmp_path, name, data):
    state = tmp_path / "state"
    dedup("first", state=state)
    (state / "000000" / "000000" / name).write_bytes(data)
    with pytest.raises(Damaged, match="restore the state from a copy"):
        dedup("second", state=state)
    stage("sign", "out")
    (tmp_path / "out" / ".work" / "signed" / "000000" / name).write_bytes(data)
    with pytest.raises(Damaged, match="remove its folder and run the stage again"):
        dedup("out")


@pytest.mark.parametrize("told", ["[]", "5", '{"runs": 1}', '{"runs": ["<u4", 5, 0]}', '{"runs": ["{", [1], 0]}',
                                  '{"runs": ["<u4", [1], 1e400]}', '{"runs": ["<u4", [-1], 99999999999999999999]}',
                                  '{"runs": ["O", [1], 0]}', "", "\udcff"])  # fmt: skip
def test_a_table_of_arrays_of_another_shape_is_a_sentence(dedup, stage, tmp_path, told):
    stage("sign", "out")
    table = tmp_path / "out" / ".work" / "signed" / "000001" / "arrays.json"
    table.write_bytes(told.encode("utf-8", "surrogateescape"))
    with pytest.raises(Damaged, match="remove the folder and run the stage again"):
        dedup("out")


def test_more_documents_than_can_be_numbered_are_refused(dedup, stage, tmp_path):
    stage("sign", "out")
    for number in range(2):
        path = tmp_path / "out" / ".work" / "signed" / f"{number:06}" / "counts.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"documents": 1 << 31}))
    with pytest.raises(
        UsageError, match=r"4,294,967,386 documents, .*: a pass has at most 4,294,967,295: divide"
    ):
        dedup("out")


class Seen:
    """What a pass tells of its stages."""

    def __init__(self):
        self.stages = []

    def begin(self, stage, done, total):
        self.stages.append([stage, done, total, 0])

    def step(self, amount, documents):
        self.stages[-1][1] += amount
        self.stages[-1][3] += documents


def test_each_stage_is_seen_to_go_through_the_inputs(dedup, stage, inputs, tmp_path):
    size = sum(path.stat().st_size for path in inputs.iterdir())
    stage("sign", "out", 0, 5)
    seen = Seen()
    dedup("out", watch=seen)
    assert [one[0] for one in seen.stages] == list(stages.STAGES)
    assert all(done == total for _, done, total, _ in seen.stages)
    assert all(abs(total - size) < 16 for _, _, total, _ in seen.stages)
    assert [one[3] for one in seen.stages] == [120, 0, 0, 0, 150]


def test_small_inputs_take_one_process_and_large_ones_all_cores(dedup, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "cores", lambda: 7)
    _, plan = planning.plan(planning.Request([str(tmp_path / "in")], tmp_path / "x", DedupOptions(), READING))
    assert running._workers(None, plan) == 1
    assert running._workers(3, plan) == 3
    monkeypatch.setattr(running, "SMALL", 0)
    assert running._workers(None, plan) == 7


def test_an_engine_that_is_not_there_is_named(dedup, monkeypatch):
    with pytest.raises(UsageError, match="--engine spark: it is local or ray"):
        dedup("out", engine="spark")
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"--engine ray needs an extra: pip install 'simblock\[ray\]'"):
        dedup("out", engine="ray")


def test_equal_ids_and_a_ranking_column_that_nobody_has_are_noted(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [{"id": "same", "text": f"document number {number} of this delivery"} for number in range(3)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = running.dedup(
        [str(path)], tmp_path / "out", DedupOptions(keep="most:scroe"), ReadOptions(), page=False
    )
    assert outcome.notes == (
        "2 rows have an id that another has: files and rows tell them apart",
        "--keep most:scroe: no row has a value in that column, so the order of the inputs decided",
    )


def test_what_ended_over_a_row_before_anything_was_made_may_be_given_otherwise(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "one row"}\n{"txt": "another"}\n')
    with pytest.raises(InputError, match="--skip-bad"):
        running.dedup([str(path)], tmp_path / "out", DedupOptions(), ReadOptions(), page=False, workers=1)
    outcome = running.dedup(
        [str(path)], tmp_path / "out", DedupOptions(), ReadOptions(skip_bad=True), page=False, workers=1
    )
    assert (outcome.kept, outcome.bad) == (1, 1)


def test_an_outcome_within_an_input_folder_is_refused(tmp_path):
    jsonl(tmp_path / "in" / "a.jsonl", [{"text": "one row"}])
    with pytest.raises(UsageError, match="lies in the input"):
        running.dedup([str(tmp_path / "in")], tmp_path / "in" / "out", DedupOptions(), ReadOptions())
