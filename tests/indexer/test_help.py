"""Every command and option is documented, and --help does not wait for NumPy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from simblock_indexer.cli import app

COMMANDS = [
    "build",
    "add",
    "remove",
    "rebuild",
    "merge",
    "sync",
    "drop",
    "keygen",
    "list",
    "show",
    "log",
    "stat",
    "verify",
    "dedup",
    "locate",
]
GROUP: Any = typer.main.get_command(app)


def parameters() -> Iterator[Any]:
    for name, command in GROUP.commands.items():
        for parameter in command.params:
            if parameter.name != "help":
                yield pytest.param(parameter, id=f"{name}-{parameter.name}")


def test_the_commands_are_these():
    assert list(GROUP.commands) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name):
    assert len(GROUP.commands[name].help.split()) > 5


@pytest.mark.parametrize("parameter", list(parameters()))
def test_a_parameter_says_what_it_is_for(parameter):
    assert len(parameter.help.split()) >= 3
    assert parameter.help.endswith((".", "…"))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_printed(index_command, name):
    outcome = index_command(name, "--help")
    assert outcome.code == 0
    assert f"simblock-index {name}" in outcome.out


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in {"keygen", "drop"}])
def test_results_can_be_had_as_json_and_keyed_indexes_opened(name):
    options = {option for parameter in GROUP.commands[name].params for option in parameter.opts}
    assert {"--json", "--key-file"} <= options


def test_json_keys_of_a_report_are_documented():
    from dataclasses import fields

    from simblock_indexer.reports import Report

    text = " ".join(GROUP.commands["build"].help.split())
    assert [field.name for field in fields(Report) if field.name not in text] == []


def test_help_imports_no_numpy():
    code = (
        "import sys; from simblock_indexer.cli import main\n"
        "try: main(['build', '--help'])\n"
        "finally: print('heavy:', sorted({'numpy', 'scipy', 'rapidfuzz', 'datasketch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")
