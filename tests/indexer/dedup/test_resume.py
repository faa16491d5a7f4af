"""A pass goes on where it was, whenever and however it was ended, and leaves the bytes of one that nobody disturbed."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from simblock_indexer.dedup import running, stages
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.readers import ReadOptions
from tests.indexer.dedup.deliveries import edited, folder_of, hidden, jsonl, left, unlike


class Interrupting:
    """Interrupts a pass after so many units."""

    def __init__(self, units):
        self._units = units

    def begin(self, *_):
        pass

    def step(self, *_):
        self._units -= 1
        if self._units == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("every", [1, 3, 7])
def test_an_interrupted_pass_goes_on_unit_by_unit(tmp_path, every):
    folder_of(tmp_path / "in", files=4, count=100)

    def dedup(out, watch=None):
        return running.dedup([str(tmp_path / "in")], out, DedupOptions(), ReadOptions(), watch=watch)

    dedup(tmp_path / "whole")
    for _ in range(100):
        try:
            outcome = dedup(tmp_path / "out", Interrupting(every))
        except KeyboardInterrupt:
            continue
        break
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    units = [took["units"] for took in outcome.rates["stages"].values()]
    assert units == [4, 16, 1, 1, 4]


@pytest.mark.parametrize("room", [4_000, 12_000, 24_000])
def test_a_full_disk_is_said_and_the_pass_goes_on_when_there_is_room(index_command, tmp_path, room):
    """Of files that may not grow larger: what a system says then is what a full disk says."""
    folder_of(tmp_path / "in", files=2, count=100)
    call = ["dedup", tmp_path / "in", "--no-page", "--out"]
    index_command(*call, tmp_path / "whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        done = index_command(*call, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "give the same command again" in done.err
    assert hidden(tmp_path / "out") == []
    again = index_command(*call, tmp_path / "out")
    assert again.code == 0
    assert "going on with the pass" in again.err
    assert left(tmp_path / "out") == left(tmp_path / "whole")


@pytest.fixture
def delivery(tmp_path):
    """A delivery of some seconds, with near-copies: the folder of it."""
    rng = random.Random(3)
    many = list(unlike(3_000))
    for at in rng.sample(range(3_000), 800):
        many[at] = {"id": f"copy-{at}", "text": edited(rng, many[at - 1]["text"])}
    for number in range(12):
        jsonl(tmp_path / "in" / f"{number}.jsonl", many[number::12])
    return tmp_path / "in"


@pytest.fixture
def command(delivery, tmp_path):
    def command(out, *options):
        call = [
            sys.executable,
            "-m",
            "simblock_indexer.cli",
            "dedup",
            delivery,
            "--out",
            tmp_path / out,
            *options,
        ]
        return [str(part) for part in call]

    return command


def killed(command, condition, timeout=60.0):
    """Whether a process was killed, when a condition held, before it ended by itself."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + timeout
        while process.poll() is None and not condition():
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def test_a_pass_that_is_killed_in_each_stage_goes_on(command, tmp_path):
    whole, call = command("whole", "--workers", "1"), command("out", "--workers", "1")
    subprocess.run(whole, check=True, capture_output=True)
    work = tmp_path / "out" / ".work"
    moments = ["signed/000002", "verified", "written"]
    for moment in moments:
        killed(call, (work / moment).exists)
    assert (work / "settled").is_dir()
    subprocess.run(call, check=True, capture_output=True)
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    assert hidden(tmp_path / "out") == []


@pytest.mark.slow
@pytest.mark.parametrize(("scope", "seed"), [("document", 1), ("both", 2)])
def test_a_pass_that_is_killed_at_any_moment_goes_on(command, tmp_path, scope, seed):
    rng = random.Random(seed)
    options = ("--scope", scope, "--cut", "redact", "--workers")
    subprocess.run(command("whole", *options, "1"), check=True, capture_output=True)
    rates = tmp_path / "out" / ".work" / "rates"
    kills = 0
    while killed(
        command("out", *options, str(rng.choice([1, 2, 3]))),
        soon_after(rng, lambda: len(list(rates.glob("*.json")))),
    ):
        kills += 1
    assert kills >= 5
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    assert hidden(tmp_path / "out") == []


def soon_after(rng, made):
    """Holds a few milliseconds after some more units were made, none to begin with."""
    wanted, pause, reached = made() + rng.randint(0, 6), rng.uniform(0, 0.05), None

    def condition():
        nonlocal reached
        if reached is None and made() >= wanted:
            reached = time.monotonic()
        return reached is not None and time.monotonic() > reached + pause

    return condition


@pytest.mark.slow
def test_shards_that_are_killed_and_run_twice_at_once_leave_the_same_bytes(command, tmp_path):
    """As a scheduler may that starts a share again while the first, believed lost, is still at it."""
    rng = random.Random(5)
    subprocess.run(command("whole"), check=True, capture_output=True)
    for stage in stages.STAGES:
        calls = [command("out", "--stage", stage, "--shard", f"{number}/2") for number in (0, 1, 0)]
        started = [subprocess.Popen(call, stdout=subprocess.DEVNULL) for call in calls]
        time.sleep(rng.uniform(0.5, 1))
        started[2].kill()
        assert [process.wait(60) for process in started][:2] == [0, 0]
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    assert hidden(tmp_path / "out") == []
