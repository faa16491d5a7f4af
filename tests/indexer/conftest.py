from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

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
