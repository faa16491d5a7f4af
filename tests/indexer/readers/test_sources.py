"""What is named on the command line, and what it is called."""

from __future__ import annotations

import io
import sys

import pytest

from simblock.errors import InputError, UsageError
from simblock_indexer.readers import ReadOptions, Tally, plan


@pytest.fixture
def standard_input(monkeypatch):
    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def test_a_single_file_is_called_by_its_name(works, tmp_path):
    (tmp_path / "poem.txt").write_text("roses are red")
    assert works(tmp_path / "poem.txt")["poem.txt"].text == "roses are red"


def test_a_single_file_can_be_called_otherwise(works, tmp_path):
    (tmp_path / "poem.txt").write_text("roses are red")
    assert list(works(tmp_path / "poem.txt", id="roses")) == ["roses"]


def test_standard_input_is_one_work_with_an_id(works, standard_input):
    standard_input(b"violets are blue\r\n")
    assert works("-", id="violets")["violets"].text == "violets are blue\r\n"


def test_standard_input_without_an_id_is_refused(works):
    with pytest.raises(UsageError, match="--id"):
        works("-")


def test_standard_input_over_the_limit_is_refused(works, standard_input):
    standard_input(b"x" * 100)
    with pytest.raises(InputError, match=r"standard input: longer than 99 bytes.*--max-row"):
        works("-", id="x", max_row=99)


def test_one_id_is_not_given_to_many_works(works, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    with pytest.raises(UsageError, match="--id names one work"):
        works(tmp_path / "a.txt", tmp_path / "b.txt", id="both")


def test_a_glob_is_what_it_matches(works, tmp_path):
    for name in ("a.txt", "b.txt", "c.md", "deep/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"words of {name}")
    assert list(works(f"{tmp_path}/*.txt")) == ["a.txt", "b.txt"]
    assert list(works(f"{tmp_path}/**/*.txt")) == ["a.txt", "b.txt", "d.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(works, tmp_path):
    (tmp_path / "a[1].txt").write_text("words")
    assert list(works(tmp_path / "a[1].txt")) == ["a[1].txt"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nothing.txt", "no such file or folder"),
        ("*.nothing", "no file matches"),
        ("https://example.org/a.txt", "copy it here"),
    ],
)
def test_an_input_that_is_not_there_is_named(works, name, problem):
    with pytest.raises(InputError, match=problem):
        works(name)


def test_the_plan_knows_the_bytes_of_all_inputs(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"x" * 300)
    (tmp_path / "b.txt").write_bytes(b"x" * 700)
    tally = Tally()
    assert [source.size for source in plan([tmp_path], ReadOptions(), tally)] == [300, 700]
    assert tally.total == 1000


def test_no_inputs_are_refused():
    with pytest.raises(UsageError, match="no inputs"):
        plan([], ReadOptions(), Tally())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": "song"}, "auto, text or code"),
        ({"language": "klingon"}, "--language klingon: there is no grammar of it: name bash, "),
        ({"kind": "text", "language": "c"}, "leave out --kind text"),
        ({"encoding": "klingon"}, "unknown; try utf-8"),
        ({"encoding": "idna"}, "unknown; try utf-8"),
        ({"encoding": "undefined"}, "unknown; try utf-8"),
        ({"expires": "tomorrow"}, "write it YYYY-MM-DD"),
        ({"workers": 0}, "--workers"),
        ({"max_row": 0}, "--max-row"),
        ({"errors": "ignore"}, "strict or replace"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options, problem):
    with pytest.raises(UsageError, match=problem):
        ReadOptions(**options)
