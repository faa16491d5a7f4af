"""The same pass on a cluster of Ray: bit for bit what one machine leaves."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from simblock.errors import InputError, SimblockError, UsageError
from simblock_indexer.crew import Failure
from simblock_indexer.dedup import ray
from tests.indexer.dedup.deliveries import folder_of, hidden, left

installed = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install 'simblock[ray]'"
)
OPTIONS = ("--scope", "both", "--cut", "redact", "--max-copies", "2", "--min-passage", "20")


def on_two_nodes(*arguments):
    call = [sys.executable, "-m", "tests.indexer.dedup.ray_pass", "dedup", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=200)


@installed
@pytest.mark.slow
def test_two_nodes_leave_the_bytes_that_one_machine_leaves(index_command, tmp_path):
    inputs = folder_of(tmp_path / "in", files=8, count=400)
    work = tmp_path / "work"
    call = [inputs, *OPTIONS, "--work", work, "--keep-work", "--json"]
    done = on_two_nodes(*call, "--out", tmp_path / "ray")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rates"]["engine"] == "ray"
    made = [json.loads(path.read_text()) for path in (work / "rates").iterdir()]
    assert len({one["worker"] for one in made}) >= 2
    assert index_command("dedup", inputs, *OPTIONS, "--out", tmp_path / "local").code == 0
    assert left(tmp_path / "ray") == left(tmp_path / "local")
    assert hidden(tmp_path / "ray") == []


@installed
@pytest.mark.slow
def test_an_error_of_a_task_is_one_line(tmp_path):
    inputs = folder_of(tmp_path / "in")
    (inputs / "1.jsonl").write_text('{"text": 7}\n')
    done = on_two_nodes(inputs, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert "1.jsonl, line 1" in done.stderr
    assert done.stderr.count("\n") == 1


class Stub:
    """Ray as far as it is used, in this process: the last task that was handed over is done first."""

    def __init__(self, answer, cpus=1):
        self.answer, self.cpus, self.most, self.open = answer, cpus, 0, 0
        self.exceptions = SimpleNamespace(RayTaskError=KeyError, RayError=ConnectionError)

    def remote(self, **_):
        return lambda _: SimpleNamespace(remote=self._asked)

    def _asked(self, root, unit):
        self.open += 1
        self.most = max(self.most, self.open)
        return root, unit

    def cluster_resources(self):
        return {"CPU": float(self.cpus)}

    def wait(self, asked):
        return asked[-1:], asked[:-1]

    def get(self, done):
        self.open -= 1
        answer = self.answer(done[1].number)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_every_unit_is_asked_once_and_few_at_a_time():
    stub = Stub(lambda unit: {"unit": unit}, cpus=3)
    made = [counters["unit"] for counters in ray._tasks(stub, "/root", "sign", range(100))]
    assert sorted(made) == list(range(100))
    assert stub.most == 3 * ray.AHEAD
    assert list(ray._tasks(stub, "/root", "sign", [])) == []


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (Failure(InputError, "x.jsonl, line 3"), InputError, r"^x\.jsonl, line 3$"),
        (
            ConnectionError(),
            SimblockError,
            r"^stage sign, unit 0: a worker was ended .*goes on where it was$",
        ),
        (KeyError("a mistake of ours"), KeyError, "a mistake of ours"),
    ],
)
def test_what_goes_wrong_in_a_task_comes_out_here(answer, kind, sentence):
    with pytest.raises(kind, match=sentence):
        list(ray._tasks(Stub(lambda _: answer), "/root", "sign", [0]))


def test_a_cluster_that_does_not_answer_is_named():
    def init(**_):
        raise ConnectionError("no\nanswer")

    with pytest.raises(UsageError, match=r"--ray-address auto: no cluster answers \(no answer\): start one"):
        ray._connect(SimpleNamespace(init=init), "auto")
    for address in ("127.0.0.1:1", "ray://127.0.0.1:1"):
        with pytest.raises(UsageError, match=r"no cluster answers \(.*refused\)"):
            ray._connect(SimpleNamespace(init=None), address)


def test_a_connection_that_the_program_has_stays():
    stub = SimpleNamespace(is_initialized=lambda: True, shutdown=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "_ray", lambda: stub)
        with ray.cluster("/root"):
            pass
