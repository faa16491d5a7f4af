"""Folders: what git sees, or what is not hidden and no junk."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from simblock.errors import InputError
from simblock_indexer.readers.folders import JUNK

WORDS = "a few words that are protected"

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def fill(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{WORDS} in {name}")
    return root


def git(root, *arguments):
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def test_a_file_of_a_folder_is_called_by_its_path_with_the_folders_name_first(works, tmp_path):
    root = fill(tmp_path / "poems", "b.txt", "old/a.txt")
    assert list(works(root)) == ["poems/b.txt", "poems/old/a.txt"]


def test_the_folder_that_one_stands_in_has_its_name_too(works, tmp_path, monkeypatch):
    monkeypatch.chdir(fill(tmp_path / "poems", "a.txt"))
    assert list(works(".")) == ["poems/a.txt"]


def test_hidden_files_and_junk_are_passed_over(works, tmp_path, tally):
    root = fill(
        tmp_path / "r", "a.txt", ".secret/b.txt", ".c", "node_modules/d.js", "x/__pycache__/e.txt", "f.txt~"
    )
    assert list(works(root)) == ["r/a.txt"]
    assert tally.passed == {"hidden": 2, "junk": 3}


def test_binary_files_are_passed_over_and_counted(works, tmp_path, tally):
    root = fill(tmp_path / "r", "a.txt")
    (root / "b.bin").write_bytes(b"text\0more")
    (root / "c.pdf").write_bytes(b"%PDF-1.7 without a zero byte")
    assert list(works(root)) == ["r/a.txt"]
    assert tally.passed == {"binary": 2}


def test_empty_files_are_passed_over_and_counted(works, tmp_path, tally):
    root = fill(tmp_path / "r", "a.txt")
    (root / "b.txt").write_text("")
    (root / "c.txt").write_text(" \n\n")
    assert list(works(root)) == ["r/a.txt"]
    assert tally.passed == {"empty": 2}


def test_a_folder_without_any_text_is_an_error(works, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no text to index in 0 files"):
        works(tmp_path / "empty")


def test_a_file_of_a_folder_in_another_encoding_is_named(works, tmp_path, tally):
    root = fill(tmp_path / "r", "a.txt")
    (root / "b.txt").write_bytes(b"caf\xe9")
    with pytest.raises(
        InputError, match=r"b\.txt: not UTF-8 at byte 3: .*--encoding.*--errors replace.*--skip-bad"
    ):
        works(root)
    assert list(works(root, skip_bad=True)) == ["r/a.txt"]
    assert tally.bad == 1


def test_rows_inside_a_folder_are_works(works, tmp_path):
    root = fill(tmp_path / "shards", "a.txt")
    (root / "one.jsonl").write_text('{"text": "first row"}\n{"id": "named", "text": "second row"}\n')
    assert list(works(root)) == ["shards/a.txt", "shards/one.jsonl#1", "named"]


def test_indexes_and_what_is_left_out_are_no_works(works, tmp_path):
    root = fill(tmp_path / "r", "a.txt", "x.sbx/MANIFEST", "x.sbx/seg-1.sb", "index/a", "key")
    assert list(works(root, leave_out=(root / "index", root / "key"))) == ["r/a.txt"]


def test_links_to_files_are_followed_and_pipes_and_loops_are_not(works, tmp_path):
    root = fill(tmp_path / "r", "a.txt")
    (root / "link.txt").symlink_to(root / "a.txt")
    (root / "dangling.txt").symlink_to(root / "nothing")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe")
    assert list(works(root)) == ["r/a.txt", "r/link.txt"]


def test_names_that_are_not_utf8_become_printable_ids(works, tmp_path):
    root = fill(tmp_path / "r", "a.txt")
    try:
        (root / os.fsdecode(b"caf\xe9\n.txt")).write_text(WORDS)
    except OSError:
        pytest.skip("the file system has UTF-8 names alone")
    assert "r/caf\\udce9\\n.txt" in works(root)


@needs_git
def test_a_git_work_tree_is_read_as_git_sees_it(works, tmp_path):
    root = fill(tmp_path / "tree", "kept.txt", "new.txt", "build/made.txt", ".github/flow.yml", "gone.txt")
    (root / ".gitignore").write_text("build/\n")
    git(root, "init", "-q")
    git(root, "add", "kept.txt", "gone.txt")
    (root / "gone.txt").unlink()
    assert list(works(root)) == ["tree/.github/flow.yml", "tree/.gitignore", "tree/kept.txt", "tree/new.txt"]
    assert list(works(root / ".github")) == [".github/flow.yml"]


@needs_git
def test_a_folder_that_git_ignores_is_read_when_it_is_named(works, tmp_path):
    root = fill(tmp_path / "tree", "a.txt", "data/b.txt")
    (root / ".gitignore").write_text("data/\n")
    git(root, "init", "-q")
    assert list(works(root / "data")) == ["data/b.txt"]


@needs_git
def test_a_repository_inside_a_work_tree_is_read_too(works, tmp_path):
    root = fill(tmp_path / "tree", "a.txt", "inner/b.txt", "inner/skipped.txt")
    (root / "inner/.gitignore").write_text("skipped.txt\n.gitignore\n")
    git(root, "init", "-q")
    git(root / "inner", "init", "-q")
    assert list(works(root)) == ["tree/a.txt", "tree/inner/b.txt"]


def test_a_work_tree_that_git_cannot_list_is_read_with_a_note(works, tmp_path, tally):
    root = fill(tmp_path / "tree", "a.txt")
    (root / ".git").write_text("gitdir: nowhere\n")
    assert list(works(root)) == ["tree/a.txt"]
    assert "without its .gitignore" in tally.notes[0]


def test_junk_is_written_as_gitignore_lines():
    assert len(set(JUNK)) == len(JUNK)
