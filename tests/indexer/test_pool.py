"""Tokenising in several processes: the same index, in order, and every end of it clean."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from itertools import count

import numpy as np
import pytest

from simblock.errors import InputError, SimblockError
from simblock.stores import container
from simblock.stores.intake import tokenise_here
from simblock.work import Document, Work
from simblock_indexer import building, pool
from simblock_indexer.pool import TokeniserPool
from simblock_indexer.readers import ReadOptions


def code(number, language="python"):
    text = f"def f{number}(a):\n" + "\n".join(f"    a = a * {number} + step_{k}(a, 'é')" for k in range(20))
    return Document(Work(f"w{number}", kind="code", language=language), text)


def prose(number):
    return Document(Work(f"t{number}"), f"the {number} clocks were striking thirteen " * 9)


def batches():
    for at in range(0, 40, 4):
        yield [code(at), code(at + 1), prose(at + 2)] if at % 8 else [prose(at), prose(at + 1)]


@pytest.fixture(scope="module")
def tokenise():
    with TokeniserPool(2) as made:
        yield made


def test_the_runs_are_those_of_one_process_in_order(tokenise):
    ours, theirs = list(tokenise_here(batches())), list(tokenise(batches()))
    assert len(ours) == len(theirs) == 10
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.views is None) == (other.views is None)
        for name in ("keys", "flags", "starts", "ends"):
            a, b = getattr(mine.tokens, name), getattr(other.tokens, name)
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(mine.bounds, other.bounds)
        if mine.views is not None:
            np.testing.assert_array_equal(mine.views, other.views)


def test_no_more_batches_are_taken_ahead_than_keep_the_processes_busy(tokenise):
    taken = count()
    last = 0

    def endless():
        nonlocal last
        for last in taken:
            yield [code(last)]

    runs = tokenise(endless())
    for given in range(20):
        next(runs)
        assert last - given <= 2 * pool.AHEAD
    runs.close()


def test_texts_start_no_process():
    made = TokeniserPool(2)
    assert len(list(made([[prose(1)], [prose(2)]]))) == 2
    assert made._threads is None


def test_an_error_of_a_document_comes_out_as_it_is(tokenise):
    with pytest.raises(InputError, match="w7"):
        list(tokenise([[code(1)], [code(7, language="cobol")]]))
    assert len(list(tokenise([[code(1)]]))) == 1


DIED = r"a process that tokenised ended .*nothing was written.*--workers 1"


def test_a_process_that_dies_is_one_clear_error():
    with TokeniserPool(1) as made:
        list(made([[code(1)]]))
        os.kill(made._processes[0].process.pid, signal.SIGKILL)
        with pytest.raises(SimblockError, match=DIED):
            list(made([code(n)] for n in range(1000)))


def answers_by_half(line):
    line.recv()
    os.write(line.fileno(), struct.pack("!i", 1 << 20) + b"half")


def test_nobody_waits_for_the_rest_of_an_answer(monkeypatch):
    monkeypatch.setattr(pool, "_work", answers_by_half)
    with TokeniserPool(1) as made, pytest.raises(SimblockError, match=DIED):
        list(made([code(n)] for n in range(8)))
    assert ended(made)


def interrupts_and_never_answers(line):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line.recv()
    os.kill(os.getppid(), signal.SIGINT)
    threading.Event().wait()


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_ends_processes_that_heed_nothing(monkeypatch):
    monkeypatch.setattr(pool, "_work", interrupts_and_never_answers)
    with pytest.raises(KeyboardInterrupt), TokeniserPool(1) as made:
        list(made([code(n)] for n in range(8)))
    assert ended(made)


def starts_and_never_listens(line):
    threading.Event().wait()


def test_a_batch_that_is_still_being_sent_keeps_nobody(monkeypatch):
    monkeypatch.setattr(pool, "_work", starts_and_never_listens)
    large = Document(Work("large", kind="code", language="python"), "x = 1\n" * (1 << 20))
    with TokeniserPool(2) as made:
        made._submitted([large])
        wait_for(lambda: made._processes)
    assert ended(made)


def test_what_was_submitted_when_it_ended_starts_no_process():
    with TokeniserPool(1) as made:
        pass
    with pytest.raises(SimblockError, match=DIED):
        made._start()


def ended(made):
    """Whether the processes of a pool are no more; waits for its threads, which must end then."""
    wait_for(lambda: not any(thread.is_alive() for thread in made._threads._threads))
    return made._processes and not any(started.process.is_alive() for started in made._processes)


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    for n in range(12):
        (root / f"{n}.py").write_text(code(n).text)
        (root / f"{n}.txt").write_text(prose(n).text)
    return root


def test_an_index_has_the_same_bytes_whoever_tokenised(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "SMALL", 0)
    monkeypatch.setattr("time.time", lambda: 1.7e9)
    written = []
    for workers in (1, 2):
        ids = count(1)
        monkeypatch.setattr(container, "new_id", lambda ids=ids: next(ids).to_bytes(16, "big"))
        out = tmp_path / f"{workers}.sbx"
        report = building.build([tree], out, ReadOptions(workers=workers))
        assert report.languages == {"python": 12}
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]


def test_small_inputs_are_tokenised_here(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "TokeniserPool", None)
    assert building.build([tree], tmp_path / "x.sbx", ReadOptions(workers=2)).added == 24


SCRIPT = """
import sys
from simblock_indexer import building, cli

if __name__ == "__main__":
    building.SMALL = 0
    cli.main(["build", sys.argv[1], "--out", sys.argv[2], "--workers", "2"])
"""


@pytest.fixture
def long_build(tmp_path, interruptible):
    """Starts a build of some seconds; the command, its processes, and where the index will be."""
    root = tmp_path / "tree"
    root.mkdir()
    for n in range(50):
        (root / f"{n}.py").write_text("\n".join(code(n * 800 + k).text for k in range(800)))
    (tmp_path / "build.py").write_text(SCRIPT)
    out = tmp_path / "x.sbx"
    command = [sys.executable, str(tmp_path / "build.py"), str(root), str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        wait_for(lambda: len(children(process.pid)) >= 2)
        yield process, children(process.pid), out
        process.kill()


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_an_interruption_ends_all_processes_and_leaves_nothing(long_build, seconds):
    process, started, out = long_build
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    error = process.communicate(timeout=60)[1]
    assert (process.returncode, error) == (130, f"simblock-index: interrupted; {out} was not made\n")
    wait_for(lambda: not any(map(alive, started)))
    assert not out.exists()


def test_processes_end_when_their_parent_is_killed(long_build):
    process, started, _ = long_build
    time.sleep(0.5)
    process.kill()
    wait_for(lambda: not any(map(alive, started)))


def children(pid):
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
