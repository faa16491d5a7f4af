"""What is named, as the files and parts of a delivery."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from simblock.errors import InputError, UsageError
from simblock_indexer.dedup.delivery.sources import parts, sources
from simblock_indexer.readers.options import ReadOptions

from .conftest import planned, texts

ROW = {"text": "one two three"}
fsspec = pytest.importorskip("fsspec")


def names(*inputs: str | Path, **reading: object) -> list[str]:
    return [source.name for source in sources(inputs, ReadOptions(**reading))]  # type: ignore[arg-type]


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def test_a_folder_is_all_its_files_of_a_known_form_in_order(jsonl, parquet, tmp_path):
    for name in (
        "d/b.jsonl",
        "d/a.ndjson",
        "d/c/x.jsonl.gz",
        "d/.hidden.jsonl",
        "d/.work/y.jsonl",
        "d/README.md",
    ):
        jsonl([ROW], name)
    parquet({"text": ["a"]}, "d/z.PARQUET")
    assert names(tmp_path / "d") == ["d/a.ndjson", "d/b.jsonl", "d/c/x.jsonl.gz", "d/z.PARQUET"]


def test_a_file_is_called_by_its_name_and_rows_without_an_id_too(jsonl):
    (source,) = sources([jsonl([ROW], "deep/er/a.jsonl")], ReadOptions())
    assert (source.name, source.stem, source.form) == ("a.jsonl", "a.jsonl", "jsonl")


def test_two_files_of_a_name_are_called_by_their_folders_too(jsonl):
    files = [jsonl([ROW], name) for name in ("x/a.jsonl", "y/a.jsonl", "y/b.jsonl")]
    assert names(*files) == ["x/a.jsonl", "y/a.jsonl", "b.jsonl"]


def test_files_that_would_be_written_to_one_are_an_error(jsonl):
    files = [jsonl([ROW], name) for name in ("1/x/a.jsonl", "2/x/a.jsonl")]
    with pytest.raises(
        UsageError, match=r"1/x/a\.jsonl and .*2/x/a\.jsonl would both be written to x/a\.jsonl"
    ):
        names(*files)


def test_a_file_that_would_be_a_folder_of_another_is_an_error(jsonl, tmp_path):
    one = jsonl([ROW], "1/part.jsonl")
    jsonl([ROW], "2/part.jsonl/a.jsonl")
    with pytest.raises(UsageError, match="both be written"):
        names(one, tmp_path / "2" / "part.jsonl")


def test_a_file_named_twice_is_an_error(jsonl, tmp_path):
    jsonl([ROW], "d/a.jsonl")
    with pytest.raises(UsageError, match="named twice"):
        names(tmp_path / "d", tmp_path / "d" / ".." / "d" / "a.jsonl")


def test_patterns_match_files_and_pass_over_other_forms(jsonl, tmp_path):
    for name in ("d/a.jsonl", "d/b.jsonl", "d/c.txt", "d/e/f.jsonl"):
        jsonl([ROW], name)
    assert names(f"{tmp_path}/d/*.jsonl") == ["a.jsonl", "b.jsonl"]
    assert names(f"{tmp_path}/d/**") == ["a.jsonl", "b.jsonl", "f.jsonl"]
    assert names(f"{tmp_path}/d/**/f.*") == ["f.jsonl"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("absent.jsonl", "no such file or folder"),
        ("*.jsonl", "no file matches"),
        ("a.txt", "of no form that is read: files end in .jsonl"),
        ("empty", "holds no file to read"),
        ("", "no such file"),
    ],
)
def test_what_cannot_be_read_is_named(given, problem, tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=problem):
        names(given)


def test_standard_input_and_nothing_are_usage_errors():
    with pytest.raises(UsageError, match="cannot be read twice"):
        names("-")
    with pytest.raises(UsageError, match="no inputs"):
        names()


def test_the_folder_of_what_is_kept_is_not_read(jsonl, tmp_path):
    jsonl([ROW], "d/a.jsonl")
    jsonl([ROW], "d/out/documents/a.jsonl")
    assert names(tmp_path / "d", leave_out=(tmp_path / "d" / "out",)) == ["d/a.jsonl"]


def test_plain_lines_are_divided_by_bytes_and_each_line_is_in_one_part(jsonl):
    rows = [{"text": f"row {number} " + "x" * (number % 37)} for number in range(200)]
    plan = planned(jsonl(rows), part_bytes=300)
    assert len(plan.parts) > 20
    assert plan.parts[0].start == 0
    assert plan.parts[-1].end == plan.sources[0].size
    assert all(one.end == other.start for one, other in zip(plan.parts, plan.parts[1:], strict=False))
    assert texts(plan) == [row["text"] for row in rows]


@pytest.mark.parametrize("part_bytes", range(1, 40))
def test_lines_are_read_once_wherever_a_part_ends(jsonl, part_bytes):
    rows = [b'{"text":"a"}', b"", b'{"text":"bb"}', b'{"text":"ccc"}\r', b"", b"", b'{"text":"d"}']
    path = jsonl(rows)
    path.write_bytes(path.read_bytes()[:-1])  # the last line has no end
    assert texts(planned(path, part_bytes=part_bytes)) == ["a", "bb", "ccc", "d"]


def test_compressed_lines_and_empty_files_are_one_part(jsonl, tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "one"}\n' * 100))
    assert [part[2:] for part in planned(path, part_bytes=10).parts] == [(0, -1)]
    plan = planned(jsonl([]), part_bytes=10)
    assert len(plan.parts) == 1
    assert texts(plan) == []


def test_parquet_is_divided_by_row_groups(parquet):
    path = parquet({"text": [f"{number} " * 100 for number in range(100)]}, row_group_size=10)
    plan = planned(path, part_bytes=8000)
    assert 1 < len(plan.parts) < 10
    assert plan.parts[0].start == 0
    assert plan.parts[-1].end == 10
    assert len(texts(plan)) == 100


def test_a_parquet_file_without_rows_is_one_part(parquet):
    plan = planned(parquet({"text": []}))
    assert len(plan.parts) == 1
    assert texts(plan) == []


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_damaged_parquet_file_is_named(tmp_path, content):
    path = tmp_path / "bad.parquet"
    path.write_bytes(content)
    found = sources([path], ReadOptions())
    with pytest.raises(
        InputError, match=r"bad\.parquet: no Parquet file, or a damaged one: restore the file"
    ):
        parts(found, ReadOptions(), 1000)
    assert len(parts(found, ReadOptions(skip_bad=True), 1000)) == 1


def test_parts_are_numbered_over_the_delivery(jsonl):
    plan = planned(jsonl([ROW] * 3, "a.jsonl"), jsonl([ROW] * 3, "b.jsonl"), part_bytes=20)
    assert [part.number for part in plan.parts] == list(range(len(plan.parts)))
    assert {part.source for part in plan.parts} == {0, 1}


def test_urls_are_files_folders_and_patterns(memory):
    for name in ("/d/b.jsonl", "/d/a/x.jsonl", "/d/README", "/d/.hidden/x.jsonl"):
        memory.pipe(name, b'{"text": "one"}\n')
    assert names("memory://d/b.jsonl") == ["b.jsonl"]
    assert names("memory://d") == ["d/a/x.jsonl", "d/b.jsonl"]
    assert names("memory://d/*.jsonl") == ["b.jsonl"]
    assert names("memory://d", leave_out=(Path("memory://d/a"),)) == ["d/b.jsonl"]
    assert texts(planned("memory://d", part_bytes=5)) == ["one", "one"]


def test_paths_may_be_urls_too(jsonl, tmp_path):
    jsonl([ROW], "d/a.jsonl")
    assert names(f"file://{tmp_path}/d") == ["d/a.jsonl"]
    assert texts(planned(f"file://{tmp_path}/d/*")) == [ROW["text"]]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("memory://absent/a.jsonl", "memory://absent/a.jsonl: no such file"),
        ("memory://absent", "no such file"),
        ("memory://d/a.txt", "of no form"),
        ("nosuch://a/b.jsonl", "fsspec does not know"),
        ("memory://d/*.parquet", "holds no file to read"),
    ],
)
def test_urls_that_cannot_be_read_are_named(memory, url, problem):
    memory.pipe("/d/a.txt", b"x")
    with pytest.raises(UsageError, match=problem):
        names(url)


def test_passwords_and_signatures_of_urls_are_not_told():
    with pytest.raises(UsageError) as raised:
        names("nosuch://me:secret@host/a.jsonl?signature=secret")
    assert "secret" not in str(raised.value)


def test_a_name_that_leads_out_of_the_folder_is_refused(memory):
    memory.store["/d/../../e.jsonl"] = memory.open("/x", "wb")
    with pytest.raises(UsageError, match=r"\.\."):
        names("memory://d")


def test_without_fsspec_a_url_names_the_extra(monkeypatch):
    import sys

    from simblock.errors import MissingExtra

    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtra, match=r"simblock\[remote\]"):
        names("memory://d")
