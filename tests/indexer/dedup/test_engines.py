"""Units made here or in several processes: the same files, and every end of these clean."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from simblock.errors import SimblockError, UsageError
from simblock_indexer.crew import Crew
from simblock_indexer.dedup import planning, stages
from simblock_indexer.dedup.engines import END, Unit, local
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers import ReadOptions
from tests.indexer import members
from tests.indexer.dedup.deliveries import folder_of


@pytest.fixture
def begun(tmp_path):
    """A pass of six files, of which nothing is made."""
    inputs = folder_of(tmp_path / "in", files=6, count=120)
    return planning.plan(planning.Request([str(inputs)], tmp_path / "out", DedupOptions(), ReadOptions()))


def contents(root):
    """All files below a folder but what units took."""
    paths = sorted(path for path in Path(root).rglob("*") if path.is_file() and path.parent.name != "rates")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_several_processes_make_what_one_makes(begun, tmp_path):
    folder, plan = begun
    units = stages.units(folder, "sign")
    made = []
    for workers in (1, 2):
        out = tmp_path / str(workers)
        folder, _ = planning.plan(planning.Request([str(tmp_path / "in")], out, plan.options, ReadOptions()))
        with local(str(folder.root), workers) as run:
            counters = [*run("sign", units), *run("join", [0, 1, 2])]
        assert sorted(one["unit"] for one in counters if one["stage"] == "sign") == units
        assert sum(one["documents"] for one in counters) == 120
        made.append(contents(folder.root / "signed") | contents(folder.root / "joined"))
    assert made[0] == made[1]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_unit_comes_out_as_it_is(begun, tmp_path, workers):
    folder, _ = begun
    with (tmp_path / "in" / "4.jsonl").open("a") as file:
        file.write("\n")
    with (
        local(str(folder.root), workers) as run,
        pytest.raises(UsageError, match=r"4\.jsonl changed since"),
    ):
        list(run("sign", range(6)))


def test_a_worker_that_is_killed_is_named_by_its_unit():
    with (
        Crew(members.is_killed, 2, END) as crew,
        pytest.raises(
            SimblockError,
            match=r"^stage sign, unit \d: a worker was ended \(killed.*\): give the same command again, it goes on",
        ),
    ):
        list(crew.share(Unit("sign", unit) for unit in range(6)))


@pytest.mark.usefixtures("interruptible")
def test_what_a_process_has_half_made_goes_when_it_is_ended(begun):
    folder, _ = begun
    with (
        pytest.raises(KeyboardInterrupt),
        Crew(partial(members.half_a_unit, str(folder.root)), 2, END) as crew,
    ):
        list(crew.share([Unit("sign", 0), Unit("sign", 1)]))
    assert (folder.root / "seen").exists()
    assert list((folder.root / "signed").iterdir()) == []
