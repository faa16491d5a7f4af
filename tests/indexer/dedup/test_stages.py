"""The stages: their units, which of them are missing, and what a unit says of itself."""

from __future__ import annotations

import errno
import json
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from simblock.errors import Damaged, SimblockError, UsageError
from simblock_indexer.dedup import planning, signing, stages
from simblock_indexer.dedup.folder import Folder
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers import ReadOptions
from tests.indexer.dedup.deliveries import folder_of


@pytest.fixture
def begun(tmp_path):
    """A pass of three files, of which nothing is made."""
    inputs = folder_of(tmp_path / "in")
    return planning.plan(planning.Request([str(inputs)], tmp_path / "out", DedupOptions(), ReadOptions()))


def mark(place):
    place.mkdir(parents=True)


def test_the_stages_are_the_five_verbs_in_order():
    assert list(stages.STAGES) == ["sign", "join", "cluster", "verify", "write"]


def test_units_follow_from_the_plan(begun):
    folder, plan = begun
    counts = {stage: len(stages.units(folder, stage)) for stage in ("sign", "join", "cluster", "write")}
    assert counts == {"sign": 3, "join": 16, "cluster": 1, "write": 3}
    assert stages.units(folder, "write", replace(plan, out="")) == []
    with pytest.raises(Damaged):
        stages.units(folder, "verify")
    mark(folder.clustered)
    np.save(folder.clustered / "member_splits.npy", np.array([0, 2, 4, 9]))
    assert stages.units(folder, "verify") == [0, 1, 2]


def test_a_unit_that_stands_is_not_pending(begun):
    folder, _ = begun
    assert stages.pending(folder, "sign") == [0, 1, 2]
    mark(folder.signed(1))
    mark(folder.signed(2).with_name(".000002.host.1"))
    assert stages.pending(folder, "sign") == [0, 2]
    assert stages.pending(folder, "cluster") == [0]
    mark(folder.clustered)
    assert stages.pending(folder, "cluster") == []


def test_a_stage_says_which_units_it_waits_for(begun):
    folder, plan = begun
    stages.check_ready(folder, "sign")
    mark(folder.signed(0))
    sentence = r"stage {}: 2 of 3 units of sign are missing \(first: 1\): run them first"
    for stage in ("join", "cluster", "verify", "write"):
        with pytest.raises(UsageError, match=sentence.format(stage)):
            stages.check_ready(folder, stage, plan)
    for part in plan.parts[1:]:
        mark(folder.signed(part.number))
    stages.check_ready(folder, "join", plan)
    with pytest.raises(UsageError, match=r"stage verify: 16 of 16 units of join are missing"):
        stages.check_ready(folder, "verify")
    with pytest.raises(UsageError, match="--stage sort: it is sign, join, cluster, verify or write"):
        stages.check_ready(folder, "sort")


def test_a_unit_counts_what_it_read_and_took(begun):
    folder, plan = begun
    counters = stages.run_unit(str(folder.root), "sign", 1)
    assert (counters["stage"], counters["unit"]) == ("sign", 1)
    assert counters["documents"] == 20
    assert counters["bytes"] == plan.sources[1].size
    assert counters["peak"] > 1 << 20
    assert list(stages.rates(folder)) == [counters]
    assert stages.pending(folder, "sign") == [0, 2]


def test_a_unit_that_stands_is_left_as_it_is(begun, monkeypatch):
    folder, _ = begun
    stages.run_unit(str(folder.root), "sign", 0)
    monkeypatch.setattr(signing, "sign", None)
    counters = stages.run_unit(str(folder.root), "sign", 0)
    assert (counters["documents"], counters["seconds"]) == (0, 0)


def test_weights_share_out_the_bytes_of_the_inputs(begun):
    folder, plan = begun
    total = sum(source.size for source in plan.sources)
    assert stages.weights(folder, "write", plan) == [source.size for source in plan.sources]
    assert stages.weights(folder, "join", plan) == [total // 16] * 16
    divided = replace(plan, parts=(*plan.parts, plan.parts[2]._replace(number=3)))
    assert stages.weights(folder, "sign", divided) == [
        plan.sources[0].size,
        plan.sources[1].size,
        plan.sources[2].size // 2,
        plan.sources[2].size // 2,
    ]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "unit 0: the disk is full: free some space and give",
        ),
        (OSError("4096 requested and 12 written"), "unit 0: the disk is full: free some space and give"),
        (MemoryError(), "unit 0: too little memory: with fewer workers give the same command again"),
    ],
)
def test_too_little_room_is_said_with_what_to_do(begun, monkeypatch, error, sentence):
    folder, _ = begun

    def fail(*_):
        raise error

    monkeypatch.setattr(signing, "sign", fail)
    with pytest.raises(SimblockError) as raised:
        stages.run_unit(str(folder.root), "sign", 0)
    assert sentence in str(raised.value)
    assert str(raised.value).endswith("it goes on where it was")
    assert list(stages.rates(folder)) == []


def test_what_is_not_understood_comes_out_as_it_is(begun, monkeypatch):
    folder, _ = begun

    def fail(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "/x")

    monkeypatch.setattr(signing, "sign", fail)
    with pytest.raises(PermissionError):
        stages.run_unit(str(folder.root), "sign", 0)


def test_an_input_that_changed_is_not_signed(begun, tmp_path):
    folder, _ = begun
    with (tmp_path / "in" / "0.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(UsageError, match=r"0\.jsonl changed since the pass in"):
        stages.run_unit(str(folder.root), "sign", 0)
    assert not folder.signed(0).exists()


def test_where_no_lock_can_be_had_nobody_waits(begun, monkeypatch):
    folder, _ = begun

    def none(*_, **__):
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(FileLock, "acquire", none)
    with stages.alone(folder, "settling"), stages.alone(folder, "settling"):
        pass


def test_half_made_units_of_ended_processes_are_swept(begun):
    from simblock_indexer.dedup.folder import hidden, sweep

    folder, _ = begun
    ended = hidden(folder.signed(0)).with_suffix(".4194305")  # no process has so high a number
    alive = hidden(folder.signed(1))
    elsewhere = folder.signed(2).with_name(".000002.another-host.1.1")
    for place in (ended, alive, elsewhere):
        mark(place)
        (place / "runs.npy").write_bytes(b"half")
    (folder.root / ended.name.replace("000000", "plan.json")).write_text("half")
    sweep(folder.root)
    left = sorted(path.name for path in folder.root.rglob(".*"))
    assert left == sorted([alive.name, elsewhere.name])
    sweep(folder.root, everybody=True)
    assert list(folder.root.rglob(".*")) == []
    assert json.loads((folder.root / "plan.json").read_text())
    assert Folder(folder.root).plan
