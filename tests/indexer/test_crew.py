"""Tasks shared out among processes, and every end of these clean."""

from __future__ import annotations

import os
import signal
import time

import pytest

from simblock.errors import InputError, KeyProblem, MissingExtra, SimblockError
from simblock_indexer import crew
from simblock_indexer.crew import Crew, End, Failure
from tests.indexer import members

END = End(lambda task: f"task {task}: a process ended", ": try again")
ENDED = r"task \d: a process ended \(killed, out of memory, .*\"__main__\":\): try again$"


def processes(crew):
    return [member.process for member in crew._members]


@pytest.fixture(scope="module")
def halving():
    with Crew(members.halves, 2, END) as crew:
        yield crew


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_is_answered(halving, workers):
    with Crew(members.halves, 1, END) as alone:
        crew = alone if workers == 1 else halving
        assert sorted(crew.share(range(0, 40, 2))) == list(range(20))
        assert list(crew.share([])) == list(crew.in_order([])) == []
        assert bool(processes(crew)) == (workers > 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_order_on_request(halving, workers):
    tasks = [90, 2, 4, 60, 0, 8, 6, 10]
    with Crew(members.halves, 1, END) as alone:
        crew = alone if workers == 1 else halving
        assert list(crew.in_order(tasks)) == [task // 2 for task in tasks]


def test_no_more_tasks_are_begun_than_wait_for_a_slow_one():
    taken = []

    def tasks():
        for task in [400, *[0] * 100]:
            taken.append(task)
            yield task

    with Crew(members.halves, 2, END) as halving:
        assert next(halving.in_order(tasks())) == 200
    assert 2 < len(taken) <= 2 * crew.AHEAD + 1


def test_tasks_are_taken_as_processes_come_free(halving):
    taken = 0

    def tasks():
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield 0

    for given, _ in enumerate(halving.share(tasks())):
        assert taken - given <= 4


def test_processes_stay_and_end_with_the_crew():
    with Crew(members.worker, 8, END) as crew:
        assert len(set(crew.share([1, 2]))) == 2  # no more are started than there are tasks
        started = processes(crew)
        assert next(iter(crew.share([3]))) in [process.pid for process in started]
        assert processes(crew) == started
        assert all(process.is_alive() for process in started)
    assert not any(process.is_alive() for process in started)


@pytest.mark.parametrize(("workers", "tasks"), [(1, [0, 1]), (4, [0])])
def test_one_worker_or_one_task_starts_no_process(workers, tasks):
    with Crew(members.worker, workers, END) as crew:
        assert set(crew.share(tasks)) == {os.getpid()}
        assert processes(crew) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_comes_out_as_it_is(workers):
    with Crew(members.halves, workers, END) as crew, pytest.raises(InputError, match=r"^7 is odd$"):
        list(crew.share([2, 4, 7, 8]))


@pytest.mark.parametrize(
    "error",
    [SimblockError("x"), InputError("y"), KeyProblem("z"), MissingExtra("Parquet", "parquet")],
)
def test_an_error_travels_by_its_sentence(error):
    again = Failure(type(error), str(error)).error()
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_a_mistake_of_ours_is_no_clean_error_and_says_where_it_was():
    with Crew(members.is_mistaken, 2, END) as crew, pytest.raises(ZeroDivisionError) as raised:
        list(crew.share(range(6)))
    assert "in is_mistaken" in raised.value.__notes__[0]


def test_a_process_that_is_killed_is_one_clear_error():
    with Crew(members.is_killed, 2, END) as crew:
        with pytest.raises(SimblockError, match=ENDED):
            list(crew.share(range(6)))
        started = processes(crew)
    assert started
    assert not any(process.is_alive() for process in started)


def test_nobody_waits_for_the_rest_of_an_answer(monkeypatch):
    monkeypatch.setattr(crew, "serve", members.answers_by_half)
    with Crew(members.halves, 2, END) as made, pytest.raises(SimblockError, match=ENDED):
        list(made.share(range(6)))


def test_a_process_that_was_killed_while_it_waited_is_noticed():
    with Crew(members.halves, 2, END) as crew:
        list(crew.share([0, 2]))
        for process in processes(crew):
            process.kill()
            process.join()
        with pytest.raises(SimblockError, match=ENDED):
            list(crew.share([2, 4, 6, 8]))


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_processes_that_heed_nothing(monkeypatch):
    monkeypatch.setattr(crew, "serve", members.heeds_nothing)
    made = Crew(members.halves, 2, END)
    started = []

    def tasks():
        for task in range(0, 12, 2):
            started[:] = processes(made)
            yield task

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), made:
        list(made.share(tasks()))
    assert started
    assert not any(process.is_alive() for process in started)
    assert time.monotonic() - began < 30
    assert processes(made) == []


def test_an_interruption_never_reaches_the_processes():
    with Crew(members.is_blocked, 2, END) as crew:
        assert list(crew.share([0, 1])) == [True, True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())
