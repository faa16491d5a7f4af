"""What is written is run: the blocks of README and docs, every command, every field of a policy, the links."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from simblock import cli
from simblock.policy import Policy, Rule
from simblock_indexer import cli as indexer

TOP = Path(__file__).parents[1]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
WRITTEN = [*PAGES, TOP / "CHANGELOG.md", TOP / "CONTRIBUTING.md", TOP / "SECURITY.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "-- end of a command --"
REDIS = "localhost:6379"
"""The server that pages name; their blocks are run against one that the tests started."""


class Call(NamedTuple):
    """A command of a console block and the lines that it is said to print."""

    command: str
    expected: list[str]


def blocks(page):
    return [(match[1], match[2]) for match in BLOCK.finditer(page.read_text("utf-8"))]


def calls(block):
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(Call(line[2:], []))
        else:
            found[-1].expected.append(line)
    return found


def run_console(block, folder):
    """Runs a block's commands in one shell, and holds what they print against what is written."""
    wanted = calls(block)
    lines = [f"{call.command} 2>&1; status=$?; printf '\\n{END}\\n'; (exit $status)" for call in wanted]
    script = "\n".join([f"PATH={Path(sys.executable).parent}:$PATH", *lines])
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    outputs = done.stdout.split(f"\n{END}\n")
    assert len(outputs) == len(wanted) + 1, done.stdout + done.stderr
    for call, output in zip(wanted, outputs, strict=False):
        shown = [line.rstrip() for line in output.splitlines()]
        while shown and not shown[-1]:
            shown.pop()
        assert agrees(call.expected, shown), f"{call.command} prints:\n{output}"


def agrees(expected, shown):
    """Whether lines are as written; … stands for any text in a line, and alone on one for any lines."""
    if not expected:
        return not shown
    if expected[0] == "…":
        return any(agrees(expected[1:], shown[skipped:]) for skipped in range(len(shown) + 1))
    pattern = "*".join(re.sub(r"([\[\]*?])", r"[\1]", part) for part in expected[0].split("…"))
    return bool(shown) and fnmatchcase(shown[0], pattern) and agrees(expected[1:], shown[1:])


def marked(page):
    """Pages that run whole passes over training data take their time."""
    slow = pytest.mark.slow if page.name in {"cluster.md", "dedup.md"} else ()
    return pytest.param(page, id=page.name, marks=slow)


@pytest.mark.parametrize("page", [*map(marked, PAGES)])
def test_the_blocks_of_a_page_do_what_they_say(page, tmp_path, monkeypatch, request):
    shutil.copytree(TOP / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMBLOCK_CACHE", str(tmp_path / "cache"))
    names = {}
    for language, block in blocks(page):
        if REDIS in block and language in {"console", "python"}:
            block = block.replace(REDIS, f"127.0.0.1:{request.getfixturevalue('redis_server').port}")
        match language:
            case "console":
                run_console(block, tmp_path)
            case "python":
                exec(compile(block, str(page), "exec"), names)
            case "toml":
                Policy.model_validate(tomllib.loads(block))
            case _:
                assert language == "sh"


def test_a_block_that_prints_something_else_fails():
    assert agrees(["a … c", "…", "z"], ["a b c", "d", "e", "z"])
    assert not agrees(["a"], ["b"])
    assert not agrees(["a [b]"], ["a b"])
    assert not agrees([], ["a"])


def test_the_page_of_commands_is_what_the_commands_say():
    made = runpy.run_path(str(TOP / "scripts" / "document_commands.py"))["document"]()
    written = (TOP / "docs" / "commands.md").read_text("utf-8")
    assert written == made, "run `make docs`"


def parameters():
    for app in (cli.app, indexer.app):
        group = typer.main.get_command(app)
        for name, command in group.commands.items():
            for one in command.params:
                if one.name != "help":
                    yield pytest.param(f"{group.name} {name}", one, id=f"{group.name}-{name}-{one.name}")


@pytest.mark.parametrize(("command", "parameter"), list(parameters()))
def test_every_option_is_explained_where_its_command_is(command, parameter):
    text = (TOP / "docs" / "commands.md").read_text("utf-8")
    (section,) = re.findall(rf"^## {command}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    name = ", ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar
    assert f"`{name}".replace("|", "\\|") in section
    assert len((parameter.help or "").split()) >= 3


def fields(model, before=""):
    for name, field in model.model_fields.items():
        inner = field.annotation
        if hasattr(inner, "model_fields"):
            yield from fields(inner, f"{name}.")
        else:
            yield f"{before}{name}", field.default


@pytest.mark.parametrize(("field", "default"), [pytest.param(*one, id=one[0]) for one in fields(Policy)])
def test_every_field_of_a_policy_is_explained_with_its_default(field, default):
    text = (TOP / "docs" / "policy.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{re.escape(field)}` \| (.*?) \|", text, re.MULTILINE)
    shown = {None: "unset", (): "none", True: "`true`"}.get(default, f"`{default}`")
    assert row.replace('"', "") == shown


def test_every_condition_and_action_of_a_rule_is_explained():
    text = (TOP / "docs" / "policy.md").read_text("utf-8")
    for name in set(Rule.model_fields) - {"name", "text", "code"}:
        assert f"`{name}`" in text
    for action in ("stop", "redact", "cite", "observe", "release"):
        assert f"| `{action}` |" in text


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_example_program_stops_the_copy(tmp_path):
    shutil.copytree(TOP / "examples", tmp_path / "examples")
    lines = re.findall(
        r"^ *((?:simblock-index|python) .*)$",
        (TOP / "examples" / "guard_a_stream.py").read_text(),
        re.MULTILINE,
    )
    assert len(lines) == 2
    path = f"PATH={Path(sys.executable).parent}:$PATH\n"
    done = subprocess.run(
        ["bash", "-c", path + "\n".join(lines)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "-- stopped: 30 words of works/ferry.txt (min_run)" in done.stdout


def test_the_changes_name_the_version():
    from simblock import __version__

    assert f"## [{__version__}]" in (TOP / "CHANGELOG.md").read_text("utf-8")


def test_the_picture_shows_the_demo():
    text = re.sub(r"<[^>]+>", "", (TOP / "docs" / "demo.svg").read_text("utf-8")).replace("&#160;", " ")
    for shown in (
        "verbatim",
        "edited and disguised",
        "released whole",
        "exempt: released",
        "stopped by quota",
    ):
        assert shown in text
