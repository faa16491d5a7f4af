"""The bar of a reading."""

from __future__ import annotations

import io
import sys

import pytest

from simblock_indexer.progress import bar, stages, transfer
from simblock_indexer.readers import Tally


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("drawn", [bar, transfer, stages])
@pytest.mark.parametrize(("stream", "wanted"), [(io.StringIO(), True), (Terminal(), False)])
def test_nothing_is_drawn_in_a_pipe_or_where_it_is_not_wanted(monkeypatch, stream, wanted, drawn):
    monkeypatch.setattr(sys, "stderr", stream)
    with drawn(wanted=wanted) as watch:
        assert watch is None
    assert stream.getvalue() == ""


def test_a_terminal_sees_bytes_and_works(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with bar() as watch:
        watch(Tally(total=2_000_000, done=1_000_000, works=1234))
        watch(Tally(total=2_000_000, done=2_000_000, works=1234))
    drawn = terminal.getvalue()
    assert "1,234 works" in drawn
    assert "2.0/2.0 MB" in drawn
    assert "writing" in drawn


def test_what_is_not_read_is_not_counted(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with bar() as watch:
        watch(Tally(total=4_000_000, done=2_000_000, unread=1_000_000))
    drawn = terminal.getvalue()
    assert "1.0/3.0 MB" in drawn
    assert "writing" not in drawn


def test_a_terminal_sees_how_much_of_an_index_was_brought(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with transfer() as watch:
        watch(1_000_000, 4_000_000)
        watch(4_000_000, 4_000_000)
    assert "4.0/4.0 MB" in terminal.getvalue()


def test_a_terminal_sees_each_stage_of_a_pass(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    with stages() as watch:
        watch.begin("sign", 1_000_000, 4_000_000)
        watch.step(2_000_000, 1_200)
        watch.step(1_000_000, 34)
        watch.begin("join", 0, 4_000_000)
        watch.step(1_000_000, 0)
    drawn = terminal.getvalue()
    assert "4.0/4.0 MB" in drawn
    assert "1,234 documents" in drawn
    assert drawn.index("sign") < drawn.index("join")
    assert "1.0/4.0 MB" in drawn
