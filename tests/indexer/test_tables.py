"""Output for people."""

from __future__ import annotations

import pytest

from simblock_indexer import tables
from simblock_indexer.tables import Column, listing, size, table


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (72_559_251, "72.6 MB"), (4e9, "4.0 GB")],
)
def test_sizes_read_well(amount, shown):
    assert size(amount) == shown


def test_a_listing_shows_the_first_few_and_how_to_see_all(capsys):
    listing("things: {count}", ["a", "b", "c", "d"], 1500, all=False)
    assert capsys.readouterr().out == "things: 1,500\n  a\n  b\n  c\n  … and 1,497 more (-v lists them)\n"
    listing("things: {count}", ["a", "b", "c", "d"], 1500, all=True)
    assert capsys.readouterr().out.endswith("  d\n  … and 1,496 more\n")
    listing("things: {count}", [], 0, all=True)
    assert capsys.readouterr().out == ""


ROWS = [("a", 5), ("\u5de5\u4f5c", 12_000)]
COLUMNS = [Column("id"), Column("words", "right")]


def test_a_table_in_a_pipe_is_aligned_by_what_a_terminal_shows(capsys):
    table(COLUMNS, ROWS)
    assert capsys.readouterr().out == "id    words\na         5\n\u5de5\u4f5c  12000\n"


def test_a_table_on_a_terminal_holds_the_same(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    table(COLUMNS, ROWS)
    drawn = capsys.readouterr().out
    monkeypatch.setattr(tables, "DRAWN", 1)
    table(COLUMNS, ROWS)
    assert "words" in drawn
    assert "12000" in drawn
    assert capsys.readouterr().out.startswith("id    words\n")
