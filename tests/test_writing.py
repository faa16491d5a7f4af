"""What is written stands whole, and takes the place of nothing that is read."""

import os
from pathlib import Path

import pytest

from simblock.commands.writing import Target, spare
from simblock.errors import UsageError
from tests.test_cli import TALE, folder, refused, simblock  # noqa: F401 - fixtures


def refuses(path, read=(), indexes=(), option="--report"):
    with pytest.raises(UsageError, match=f"{option}") as told:
        spare([Target(option, Path(path))], read, indexes)
    return str(told.value)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    (tmp_path / "works.sbx").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "read", ["in/a.txt", "./in/../in/a.txt", "in", "in/*.txt", "link", "hard", Path("in/a.txt")]
)
def test_a_file_that_is_read_is_not_replaced_however_it_is_named(here, read):
    (here / "link").symlink_to(here / "in" / "a.txt")
    (here / "hard").hardlink_to(here / "in" / "a.txt")
    assert "would replace what is read: give another --report" in refuses("in/a.txt", [None, "-", read])
    if read != "in":
        assert "would replace" in refuses(read if "*" not in str(read) else "link", ["in/a.txt"])


def test_nothing_is_written_into_an_index(here):
    said = refuses("works.sbx/page.html", indexes=["redis://somewhere", "./works.sbx"])
    assert (
        said == "works.sbx/page.html: --report would write into the index ./works.sbx: give another --report"
    )


def test_two_results_do_not_share_a_file(here):
    with pytest.raises(UsageError, match="--out and --report name the same file: give each its own"):
        spare([Target("--out", Path("x")), Target("--report", Path("in/../x"))], [])


def test_new_files_other_files_and_pipes_may_be_written(here):
    (here / "other.txt").write_text("b")
    (here / "circle").symlink_to(here / "circle")
    targets = [
        Target("--out", Path("in/new.html")),
        Target("--report", Path("other.txt")),
        Target("--x", None),
    ]
    spare(targets, ["in", "in/a.txt", "missing", "circle", "no/*.txt"], ["works.sbx", "gone.sbx"])
    os.mkfifo("pipe")
    pipe = Path("pipe")
    spare([Target("--out", pipe), Target("--report", pipe)], [pipe])


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "works.sbx", "copy.txt", "--report", "copy.txt"),
        ("check", "works.sbx", "other.txt", "--prompt", "copy.txt", "--report", "copy.txt"),
        ("check", "works.sbx", "--jsonl", "copy.txt", "--out", "./copy.txt"),
        ("check", "works.sbx", "other.txt", "--policy", "copy.txt", "--report", "copy.txt"),
        ("check", "works.sbx", "other.txt", "--history", "copy.txt", "--report", "copy.txt"),
        ("check", "works.sbx", "other.txt", "--report", "works.sbx/MANIFEST"),
        ("check", "works.sbx", "--jsonl", "other.txt", "--report", "new.html", "--out", "new.html"),
        ("stream", "works.sbx", "--prompt", "copy.txt", "--report", "copy.txt"),
        ("tune", "works.sbx", "--clean", "copy.txt", "--report", "copy.txt"),
        ("tune", "works.sbx", "--clean", "other.txt", "--copies", "copy.txt", "--out", "copy.txt", "--force"),
        ("tune", "works.sbx", "--clean", "other.txt", "--policy", "copy.txt", "--report", "copy.txt"),
    ],
)
def test_commands_leave_what_they_read_as_it_is(simblock, folder, arguments):  # noqa: F811
    files = ("copy.txt", "other.txt", "works.sbx/MANIFEST")
    before = [(folder / name).read_bytes() for name in files]
    assert tells_why(refused(simblock(*arguments)))
    assert [(folder / name).read_bytes() for name in files] == before
    assert TALE in (folder / "copy.txt").read_text()
    assert not (folder / "new.html").exists()


def tells_why(error):
    return any(said in error for said in ("would replace", "would write into", "name the same file"))
