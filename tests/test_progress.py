"""The bar of a check of rows."""

import io
import json
import sys

import pytest

from simblock.commands import progress
from simblock.commands.checking import Asked, check
from simblock.commands.progress import rows_shown
from simblock.commands.sinks import Wanted
from simblock_indexer.readers import ReadOptions
from tests.material import guard

ROWS = 300


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def error_is(monkeypatch):
    """Makes standard error a terminal or a pipe, and returns it."""

    def make(kind):
        stream = kind()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(progress, "EVERY", 1e-9)
        monkeypatch.setenv("COLUMNS", "120")
        return stream

    return make


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": str(n), "text": f"answer {n}"}) + "\n" for n in range(ROWS)))
    return path


def checked(rows, out=None):
    asked = Asked(
        inputs=[],
        jsonl=str(rows),
        prompt=None,
        history=(),
        all=False,
        wanted=Wanted("json", explain=False, out=out, report=None),
        options=ReadOptions(),
    )
    return check(guard(), asked)


def test_a_terminal_sees_rows_and_rate_and_the_results_stay_as_they_are(error_is, rows, tmp_path):
    terminal = error_is(Terminal)
    assert checked(rows, tmp_path / "out.jsonl") == 0
    assert f"{ROWS} rows" in terminal.getvalue()
    assert "a second" in terminal.getvalue()
    ids = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert ids == [str(n) for n in range(ROWS)]


def test_results_in_a_pipe_are_not_mixed_with_the_bar(error_is, rows, capsys):
    terminal = error_is(Terminal)
    checked(rows)
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == ROWS
    assert f"{ROWS} rows" in terminal.getvalue()


def test_a_terminal_that_shows_the_results_has_no_bar(error_is, rows, monkeypatch):
    terminal = error_is(Terminal)
    monkeypatch.setattr(sys, "stdout", Terminal())
    checked(rows)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(("kind", "wanted"), [(io.StringIO, True), (Terminal, False)])
def test_nothing_is_drawn_in_a_pipe_or_where_no_bar_is_wanted(error_is, kind, wanted):
    stream = error_is(kind)
    with rows_shown(wanted=wanted) as after:
        after()
    assert stream.getvalue() == ""
