"""How the command ends, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import typer

from simblock_indexer.exits import run


def finish(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_success_exits_0_and_says_nothing_on_standard_error(process, poems, tmp_path):
    code, out, err = finish(process("build", poems, "--out", tmp_path / "x.sbx"))
    assert (code, err) == (0, "")
    assert "added" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["build"],
        ["build", "nothing-here", "--out", "x.sbx"],
        ["build", ".", "--out", "x.sbx", "--kind", "prose"],
        ["build", ".", "--out", "x.sbx", "--kind", "code"],
        ["build", ".", "--out", "x.sbx", "--max-row", "0"],
        ["build", ".", "--out", "x.sbx", "--expires", "soon"],
        ["list", "nothing-here"],
        ["list", "one", "two"],
    ],
)
def test_a_wrong_call_is_one_line_and_exits_2(index_command, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    outcome = index_command(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("simblock-index: ")
    assert outcome.err.count("\n") == 1


def test_names_in_an_error_cannot_steer_the_terminal(index_command, tmp_path):
    outcome = index_command("dedup", tmp_path / "\x1b[31mred.jsonl", "--out", tmp_path / "out")
    assert outcome.code == 2
    assert "\x1b" not in outcome.err
    assert "\\x1b[31mred.jsonl: no file matches" in outcome.err


def test_an_error_of_ours_exits_2_in_a_process_too(process, tmp_path):
    code, out, err = finish(process("list", tmp_path))
    assert (code, out) == (2, "")
    assert (
        err
        == f"simblock-index: {tmp_path} is not an index (no MANIFEST in it): build one with simblock-index build\n"
    )


def interrupted(process, fifo, *arguments):
    """Interrupts a command while it waits in the middle of its input."""
    started = process(*arguments)
    with fifo.open("w") as pipe:  # opens once the command reads
        pipe.write('{"id": "first", "text": "some words of a first row"}\n')
        pipe.flush()
        time.sleep(0.2)
        started.send_signal(signal.SIGINT)
        return finish(started)


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "rows.jsonl"
    os.mkfifo(path)
    return path


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_build_leaves_nothing(process, fifo, tmp_path):
    code, out, err = interrupted(process, fifo, "build", fifo, "--out", tmp_path / "x.sbx")
    assert (code, out) == (130, "")
    assert err == f"simblock-index: interrupted; {tmp_path}/x.sbx was not made\n"
    assert [path.name for path in tmp_path.iterdir()] == [fifo.name]


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_add_leaves_the_index_as_it_was(process, index_command, index, fifo):
    before = {path.name: path.read_bytes() for path in index.iterdir()}
    code, _, err = interrupted(process, fifo, "add", index, fifo)
    assert code == 130
    assert err == f"simblock-index: interrupted; {index} is as it was\n"
    assert {path.name: path.read_bytes() for path in index.iterdir()} == before
    assert index_command("verify", index).code == 0


def test_rows_can_come_through_a_pipe(process, index_command, fifo, tmp_path):
    started = process("build", fifo, "--out", tmp_path / "x.sbx", "--json")
    with fifo.open("w") as pipe:
        pipe.write('{"id": "first", "text": "some words of a first row"}\n')
    code, out, err = finish(started)
    assert (code, err) == (0, "")
    assert '"added": 1' in out


def test_a_second_writer_is_told_that_one_is_at_work(process, index_command, index, fifo, poems):
    first = process("add", index, fifo)
    with fifo.open("w") as pipe:
        pipe.write('{"id": "first", "text": "some words of a first row"}\n')
        pipe.flush()
        outcome = index_command("add", index, poems)
    assert outcome.code == 2
    assert "another writer is at work" in outcome.err
    assert finish(first)[0] == 0


def test_a_reader_of_our_output_that_goes_away_is_no_error(process, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(f'{{"id": "{n}", "text": "word {n}", "title": "{"t" * 500}"}}\n' for n in range(1000))
    )
    assert finish(process("build", rows, "--out", tmp_path / "x.sbx"))[0] == 0
    for options in (["--json"], []):
        reader, writer = os.pipe()
        listing = process("list", tmp_path / "x.sbx", *options, stdout=writer)
        os.close(writer)
        os.read(reader, 10)
        os.close(reader)
        assert (listing.wait(30), listing.stderr.read()) == (0, "")
        listing.stderr.close()


@pytest.mark.usefixtures("interruptible")
def test_a_command_that_only_reads_says_that_it_was_interrupted(process, tmp_path):
    pipe = tmp_path / "key"
    os.mkfifo(pipe)
    listing = process("list", tmp_path, "--key-file", pipe)
    with pipe.open("w"):  # opens once the command waits for its key
        time.sleep(0.2)
        listing.send_signal(signal.SIGINT)
        assert finish(listing) == (130, "", "simblock-index: interrupted\n")


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"]])
def test_help_whose_reader_went_away_is_no_error(process, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    shown = process(*arguments, stdout=writer)
    os.close(writer)
    assert (shown.wait(30), shown.stderr.read()) == (0, "")


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs simblock-index by way of a shell: ``command`` holds its arguments and redirections."""
    line = f"exec {sys.executable} -m simblock_indexer.cli {command}"
    return subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_closed_standard_output_is_as_a_pipe_to_nowhere(index):
    done = shell(f"list {index} >&-")
    assert (done.returncode, done.stderr) == (0, "")
    done = shell(f"list {index}-not-there >&- 2>&-")
    assert done.returncode == 2


def test_a_closed_standard_input_is_an_error_and_no_empty_text(index):
    for command in (f"build - --id x --out {index}-new", f"remove {index} -"):
        done = shell(f"{command} <&-")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("simblock-index: standard input is closed: name a file")


def test_an_output_that_knows_only_ascii_gets_escapes(index_command, tmp_path):
    (tmp_path / "wörk.txt").write_text("some words … of a work")
    assert index_command("build", tmp_path, "--out", tmp_path / "x.sbx").code == 0
    done = shell(f"list {tmp_path}/x.sbx", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "w\\xf6rk.txt" in done.stdout


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(f'{{"text": "{" ".join(f"w{n * k}" for k in range(300))}"}}\n' for n in range(200))
    )
    command = f"ulimit -f 200; exec {sys.executable} -m simblock_indexer.cli build rows.jsonl --out x.sbx"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("simblock-index: x.sbx could not be written")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_anything_else_that_escapes_is_a_bug_and_shows_as_one():
    app = typer.Typer()

    @app.command()
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(app, "simblock-index", [])
