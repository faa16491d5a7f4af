from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from simblock import cli as simblock_cli
from simblock.stores import keys
from simblock_indexer import cli
from simblock_indexer.exits import run

WORDS = (
    "it was a bright cold day in the harbour and every clock that the old keeper owned had stopped at a quarter to "
    "nine while the tide went on counting for itself under the planks"
)


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Outcome]
TENANTS = itertools.count()
PATIENT = {"timeout": 5, "connect_timeout": 5}
"""Options of URLs: a machine that runs many tests is slower than a server should be."""


@pytest.fixture
def index_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs simblock-index in this process, as its main does."""
    monkeypatch.delenv("SIMBLOCK_INDEX", raising=False)
    monkeypatch.delenv("SIMBLOCK_KEY_FILE", raising=False)

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(cli.app, cli.PROGRAM, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts simblock-index as a process of its own; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "simblock_indexer.cli", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, text=True, env=dict(os.environ), **(pipes | options)))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


@pytest.fixture
def poems(tmp_path: Path) -> Path:
    """A folder of three works."""
    root = tmp_path / "poems"
    root.mkdir()
    for number, name in enumerate(("clock", "harbour", "tide")):
        (root / f"{name}.txt").write_text(
            f"{name} {number}: " + " ".join(WORDS.split()[number:]) + f" said the {name}"
        )
    return root


@pytest.fixture
def index(index_command: Command, poems: Path, tmp_path: Path) -> Path:
    """An index of the three works."""
    path = tmp_path / "poems.sbx"
    assert index_command("build", poems, "--out", path).code == 0
    return path


@pytest.fixture(autouse=True)
def cached_apart(monkeypatch, tmp_path_factory):
    """What a host keeps of indexes in Redis does not go into the user's own folder."""
    monkeypatch.setenv("SIMBLOCK_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def tenant():
    return f"commands-{next(TENANTS)}"


@pytest.fixture
def url(redis_server, tenant):
    """Where nothing stands yet."""
    return redis_server.url(tenant=tenant, **PATIENT)


@pytest.fixture
def built(index_command, poems, url):
    """The index of the three works, in Redis."""
    assert index_command("build", poems, "--out", url, "--no-key").code == 0
    return url


@pytest.fixture
def key_files(tmp_path):
    paths = [tmp_path / "one.key", tmp_path / "two.key"]
    for path in paths:
        keys.generate(path)
    return paths


@pytest.fixture
def simblock(capsys, monkeypatch):
    """Runs a command of simblock in this process."""

    def call(*arguments):
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            run(simblock_cli.app, "simblock", [str(argument) for argument in arguments])
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return call


def rows_of(index_command, index, *options):
    """The works as list tells them, but for when they were added."""
    return [{**row, "added": None} for row in index_command("list", index, "--json", *options).rows]
