"""Units made here or in several processes, and every end of these clean."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from simblock.errors import InputError, KeyProblem, MissingExtra, SimblockError, UsageError
from simblock_indexer.dedup import engines, planning, stages
from simblock_indexer.dedup.engines import Crew, Failure
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers import ReadOptions
from tests.indexer.dedup import members
from tests.indexer.dedup.deliveries import folder_of

ENDED = r"a worker was ended \(killed.*it goes on where it was"


@pytest.fixture
def begun(tmp_path):
    """A pass of six files, of which nothing is made."""
    inputs = folder_of(tmp_path / "in", files=6, count=120)
    return planning.plan([str(inputs)], tmp_path / "out", DedupOptions(), ReadOptions())


def contents(root):
    """All files below a folder but what units took."""
    paths = sorted(path for path in Path(root).rglob("*") if path.is_file() and path.parent.name != "rates")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_several_processes_make_what_one_makes(begun, tmp_path):
    folder, plan = begun
    units = stages.units(folder, "sign")
    made = []
    for workers in (1, 2):
        folder, _ = planning.plan(
            [str(tmp_path / "in")], tmp_path / str(workers), plan.options, ReadOptions(), work=None
        )
        with Crew(str(folder.root), workers) as crew:
            counters = [*crew("sign", units), *crew("join", [0, 1, 2])]
        assert sorted(one["unit"] for one in counters if one["stage"] == "sign") == units
        assert sum(one["documents"] for one in counters) == 120
        made.append(contents(folder.root / "signed") | contents(folder.root / "joined"))
    assert made[0] == made[1]


def test_processes_stay_for_all_stages_and_end_with_the_crew(begun):
    folder, _ = begun
    with Crew(str(folder.root), 8) as crew:
        list(crew("sign", [0, 1]))  # no more are started than there are units
        started = [member.process for member in crew._members]
        list(crew("sign", [2]))
        assert [member.process for member in crew._members] == started
        assert all(process.is_alive() for process in started)
    assert len(started) == 2
    assert not any(process.is_alive() for process in started)


@pytest.mark.parametrize(("workers", "units"), [(1, [0, 1]), (4, [0])])
def test_one_worker_or_one_unit_starts_no_process(begun, workers, units):
    folder, _ = begun
    with Crew(str(folder.root), workers) as crew:
        assert [counters["unit"] for counters in crew("sign", units)] == units
        assert crew._members == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_unit_comes_out_as_it_is(begun, tmp_path, workers):
    folder, _ = begun
    with (tmp_path / "in" / "4.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(UsageError, match=r"4\.jsonl changed since"):
        list(engines.local(str(folder.root), "sign", range(6), workers))


@pytest.mark.parametrize(
    "error",
    [SimblockError("x"), InputError("y"), KeyProblem("z"), MissingExtra("Parquet", "parquet")],
)
def test_an_error_travels_by_its_sentence(error):
    again = Failure(type(error), str(error)).error()
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_a_mistake_of_ours_is_no_clean_error(begun, monkeypatch):
    monkeypatch.setattr(engines, "_work", members.makes_a_mistake)
    with pytest.raises(ZeroDivisionError):
        list(engines.local(str(begun[0].root), "sign", range(6), 2))


@pytest.mark.parametrize("work", [members.dies, members.answers_by_half])
def test_a_process_that_is_killed_is_one_clear_error(begun, monkeypatch, work):
    monkeypatch.setattr(engines, "_work", work)
    with Crew(str(begun[0].root), 2) as crew:
        with pytest.raises(SimblockError, match=rf"stage sign, unit \d: {ENDED}"):
            list(crew("sign", range(6)))
        started = [member.process for member in crew._members]
    assert not any(process.is_alive() for process in started)


def test_a_process_that_was_killed_while_it_waited_is_noticed(begun):
    folder, _ = begun
    with Crew(str(folder.root), 2) as crew:
        list(crew("sign", [0, 1]))
        for member in crew._members:
            member.process.kill()
            member.process.join()
        with pytest.raises(SimblockError, match=ENDED):
            list(crew("sign", [2, 3, 4, 5]))


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_processes_that_heed_nothing(begun, monkeypatch):
    monkeypatch.setattr(engines, "_work", members.heeds_nothing)
    crew = Crew(str(begun[0].root), 2)
    with pytest.raises(KeyboardInterrupt), crew:
        list(crew("sign", range(6)))
    assert crew._members == []


def test_an_interruption_never_reaches_the_processes(begun, monkeypatch):
    monkeypatch.setattr(engines, "_work", members.says_whether_interruptions_are_blocked)
    with Crew(str(begun[0].root), 2) as crew:
        assert all(counters["blocked"] for counters in crew("sign", [0, 1]))
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


@pytest.mark.usefixtures("interruptible")
def test_what_a_process_has_half_made_goes_when_it_is_ended(begun, monkeypatch):
    monkeypatch.setattr(engines, "_work", members.is_interrupted_half_way)
    folder, _ = begun
    with pytest.raises(KeyboardInterrupt), Crew(str(folder.root), 2) as crew:
        list(crew("sign", [0, 1]))
    assert (folder.root / "seen").exists()
    assert list((folder.root / "signed").iterdir()) == []
