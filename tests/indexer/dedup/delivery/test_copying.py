"""Kept rows as they came."""

from __future__ import annotations

import errno
import gzip
import io
import json
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import zstd
from simblock.errors import InputError, SimblockError
from simblock_indexer.dedup.delivery.changes import UNCHANGED, Changes
from simblock_indexer.dedup.delivery.copying import copy
from simblock_indexer.dedup.delivery.remote import made
from simblock_indexer.dedup.delivery.rows import Met
from simblock_indexer.dedup.delivery.splicing import spliced, string_of
from simblock_indexer.readers.tally import Unreadable

from .conftest import planned, texts

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")
LINES = [
    b'{"text": "one",  "n": 1.10}',
    b'{"n":2,"text":"tw\\u00f6"}\r',
    b"",
    b" ",
    '{"text": "dré", "id": 7}'.encode(),
]


def kept(*rows):
    return np.array(rows, bool)


def copied(path, keep, target, changes=UNCHANGED, **reading):
    plan = planned(path, **reading)
    return copy(plan.sources[0], plan, keep, changes, str(target))


def shouting(*rows):
    return Changes(np.array(rows, np.int64), lambda _, text: text.upper())


def nothing_else(folder):
    return [path.name for path in folder.iterdir()]


def test_kept_lines_are_the_same_bytes(jsonl, tmp_path):
    path = jsonl(LINES)
    target = tmp_path / "out" / "x.jsonl"
    assert copied(path, kept(1, 1, 0, 0, 1), target) == (3, target.stat().st_size)
    assert target.read_bytes() == b"".join(line + b"\n" for line in LINES if line.strip())
    assert nothing_else(target.parent) == ["x.jsonl"]


def test_what_is_not_kept_is_left_out(jsonl, tmp_path):
    path = jsonl(LINES)
    path.write_bytes(path.read_bytes()[:-1])  # a last line without an end gets one
    assert copied(path, kept(0, 0, 0, 0, 1), tmp_path / "x.jsonl").rows == 1
    assert (tmp_path / "x.jsonl").read_bytes() == LINES[4] + b"\n"
    assert copied(path, kept(0, 0, 0, 0, 0), tmp_path / "y.jsonl").rows == 0
    assert (tmp_path / "y.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("suffix", "pack", "unpack"),
    [(".gz", gzip.compress, gzip.decompress), (".zst", zstd.compress, zstd.decompress)],
)
def test_compressed_lines_are_compressed_again_and_always_the_same(jsonl, tmp_path, suffix, pack, unpack):
    path = tmp_path / f"rows.jsonl{suffix}"
    content = b"".join(json.dumps({"text": f"row {n}"}).encode() + b"\n" for n in range(1000))
    path.write_bytes(pack(content))
    one, other = (tmp_path / name / f"x.jsonl{suffix}" for name in "ab")
    copied(path, np.ones(1000, bool), one)
    copied(path, np.ones(1000, bool), other)
    assert unpack(one.read_bytes()) == content
    assert one.read_bytes() == other.read_bytes()


def test_in_a_changed_line_only_the_text_is_another(jsonl, tmp_path):
    path = jsonl(LINES)
    copied(path, kept(1, 1, 0, 0, 0), tmp_path / "x.jsonl", shouting(0, 1, 4))
    expected = [b'{"text": "ONE",  "n": 1.10}', b'{"n":2,"text":"TW\\u00d6"}\r']
    assert (tmp_path / "x.jsonl").read_bytes() == b"".join(line + b"\n" for line in expected)


SPLICED = [
    ('{"a": {"text": "no"}, "text": "x", "n": 1e400}', "text", '{"a": {"text": "no"}, "text": "y", "n": 1e400}'),
    ('{"doc": {"n": [1, {}], "body": "x"}, "body": "z"}', "doc.body", '{"doc": {"n": [1, {}], "body": "y"}, "body": "z"}'),
    ('{"doc.body": "x", "doc": {"body": "z"}}', "doc.body", '{"doc.body": "y", "doc": {"body": "z"}}'),
    ('{"text": "z", "text": "x"}', "text", '{"text": "y"}'),
    ('{"text": ["z"] ,"n":1, "te\\u0078t": 2,"text": "x","n": 2 }', "text", '{"n":1, "text": "y","n": 2 }'),
    ('{"a": "z", "b": 1, "a": {"t": "z", "t": "x"}, "c": {"t": 1}}', "a.t", '{"b": 1, "a": {"t": "y"}, "c": {"t": 1}}'),
    ('{ "te\\u0078t" :\t"x" , "b":NaN}', "text", '{ "te\\u0078t" :\t"y" , "b":NaN}'),
]  # fmt: skip


@pytest.mark.parametrize(("row", "field", "expected"), SPLICED)
def test_the_text_is_found_where_parsers_find_it(row, field, expected):
    found = string_of(row, field)
    assert found.text == "x"
    assert spliced(row, found, "y") == expected


@pytest.mark.parametrize("row", ['{"text": 1}', "[]", "{}", '{"text"', "", '{"text": {"text": "x"}}'])
def test_a_row_without_the_string_is_an_error(row):
    with pytest.raises(ValueError, match=r"."):
        string_of(row, "text")


@given(
    st.dictionaries(st.text(max_size=3), st.recursive(st.none() | st.floats() | st.text(max_size=3), st.lists, max_leaves=4)),
    st.text(),
    st.booleans(),
)  # fmt: skip
def test_all_other_fields_and_their_order_survive(row, text, ascii):
    row = {**row, "text": "old", "z": 1}
    spelled = json.dumps(row, ensure_ascii=ascii)
    result = json.loads(spliced(spelled, string_of(spelled, "text"), text))
    assert list(result) == list(row)
    assert repr(result) == repr({**row, "text": text})


def test_a_row_that_is_cut_keeps_nothing_under_the_same_name(jsonl, tmp_path):
    path = jsonl([b'{"text": "SECRET", "n": 1.10, "text": "one"}', b'{"text": "as it", "text": "came"}'])
    copied(path, kept(1, 1), tmp_path / "x.jsonl", shouting(0))
    lines = (tmp_path / "x.jsonl").read_bytes().splitlines()
    assert lines == [b'{"n": 1.10, "text": "ONE"}', b'{"text": "as it", "text": "came"}']


def test_lone_surrogates_survive_a_change(jsonl, tmp_path):
    path = jsonl(['{"text": "a \\ud83d b", "é": 1}'.encode()])
    copied(path, kept(1), tmp_path / "x.jsonl", shouting(0))
    assert texts(planned(tmp_path / "x.jsonl")) == ["A \ud83d B"]


def test_other_encodings_are_written_as_they_came(jsonl, tmp_path):
    path = jsonl(['{"text": "café", "ö": 1}'.encode("latin-1")])
    changes = Changes(np.array([0]), lambda _, text: text + "\u0100")
    copied(path, kept(1), tmp_path / "x.jsonl", changes, encoding="latin-1")
    assert texts(planned(tmp_path / "x.jsonl", encoding="latin-1")) == ["café\u0100"]


@pytest.mark.parametrize("rows", [3, 6])
def test_a_file_with_other_rows_than_before_is_an_error(jsonl, tmp_path, rows):
    with pytest.raises(InputError, match=f"has changed \\({rows} rows when it was read, now 5\\)"):
        copied(jsonl(LINES), np.ones(rows, bool), tmp_path / "x.jsonl")
    assert not (tmp_path / "x.jsonl").exists()


def test_of_a_damaged_file_what_was_read_is_written_if_so_asked(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    content = b"".join(json.dumps({"text": f"{n * 7919 % 1000003}"}).encode() + b"\n" for n in range(50_000))
    path.write_bytes(gzip.compress(content)[:-2000])
    plan = planned(path, skip_bad=True)
    readable = texts(plan)
    assert 1000 < len(readable) < 50_000
    target = tmp_path / "out" / "a.jsonl.gz"
    copied(path, np.ones(len(readable), bool), target, skip_bad=True)
    assert texts(planned(target)) == readable
    with pytest.raises(Unreadable, match="damaged"):
        copied(path, np.ones(len(readable), bool), tmp_path / "y.jsonl.gz")


# Parquet.


@pytest.fixture
def table():
    return pa.table(
        {
            "id": pa.array([f"d{n}" for n in range(20)]),
            "text": pa.array([f"text {n}" for n in range(20)]),
            "when": pa.array(range(20), pa.timestamp("ns", tz="UTC")),
            "more": pa.array([{"a": [n], "b": None} for n in range(20)], pa.struct({"a": pa.list_(pa.int32()), "b": pa.string()})),
        }
    ).replace_schema_metadata({"made by": "a test"})  # fmt: skip


@pytest.mark.parametrize("codec", ["zstd", "snappy", "gzip", "none", "lz4", "brotli"])
def test_kept_rows_of_parquet_have_all_their_columns(parquet, table, tmp_path, codec):
    path = parquet(table, compression=codec, row_group_size=8)
    keep = np.arange(20) % 3 == 0
    target = tmp_path / "out" / "x.parquet"
    assert copied(path, keep, target) == (7, target.stat().st_size)
    read = pa.parquet.read_table(target)
    assert read.equals(pa.parquet.read_table(path).filter(pa.array(keep)), check_metadata=True)
    one, other = pa.parquet.ParquetFile(path).metadata, pa.parquet.ParquetFile(target).metadata
    assert other.row_group(0).column(1).compression == one.row_group(0).column(1).compression
    assert [other.row_group(at).num_rows for at in range(3)] == [3, 3, 1]


def test_row_groups_of_which_nothing_is_kept_are_left_out(parquet, table, tmp_path):
    path = parquet(table, row_group_size=5)
    assert copied(path, np.arange(20) // 5 == 2, tmp_path / "x.parquet").rows == 5
    assert pa.parquet.ParquetFile(tmp_path / "x.parquet").num_row_groups == 1
    assert copied(path, np.zeros(20, bool), tmp_path / "y.parquet").rows == 0
    assert pa.parquet.read_schema(tmp_path / "y.parquet").equals(
        pa.parquet.read_schema(path), check_metadata=True
    )


def test_a_large_row_group_is_written_as_several(parquet, table, tmp_path, monkeypatch):
    from simblock_indexer.dedup.delivery import tables

    monkeypatch.setattr(tables, "LARGE", 400)
    path = parquet(table)
    assert copied(path, np.arange(20) != 3, tmp_path / "x.parquet", shouting(7)).rows == 19
    found = pa.parquet.ParquetFile(tmp_path / "x.parquet")
    assert found.num_row_groups > 2
    assert found.read().column("text").to_pylist()[6] == "TEXT 7"
    assert (
        found.read()
        .drop_columns("text")
        .equals(table.filter(pa.array(np.arange(20) != 3)).drop_columns("text"))
    )


TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.binary(),
    pa.large_binary(),
]


@pytest.mark.parametrize("type", TYPES, ids=str)
def test_changed_texts_keep_the_type_of_their_column(parquet, tmp_path, type):
    plain = pa.array(["one", "zwö", None, "drei", "one"])
    column = plain.dictionary_encode().cast(type) if pa.types.is_dictionary(type) else plain.cast(type)
    path = parquet({"text": column, "n": range(5)})
    changes = shouting(1, 3, 4)
    assert copied(path, kept(1, 1, 0, 0, 1), tmp_path / "x.parquet", changes, skip_bad=True).rows == 3
    found = pa.parquet.read_table(tmp_path / "x.parquet")
    assert found.schema.field("text").type == pa.parquet.read_schema(path).field("text").type
    assert found.column("text").cast(pa.large_string()).to_pylist() == ["one", "ZWÖ", "ONE"]
    assert found.column("n").to_pylist() == [0, 1, 4]


def test_changed_texts_may_lie_in_structs(parquet, tmp_path):
    column = pa.array(
        [{"n": 1, "of": {"body": "one"}}, None, {"n": 3, "of": {"body": "two"}}, {"n": 4, "of": None}]
    )
    path = parquet({"a": [1, 2, 3, 4], "doc": column})
    copied(
        path, kept(1, 1, 1, 1), tmp_path / "x.parquet", shouting(2), text_field="doc.of.body", skip_bad=True
    )
    expected = column.to_pylist()
    expected[2]["of"]["body"] = "TWO"
    assert pa.parquet.read_table(tmp_path / "x.parquet").column("doc").to_pylist() == expected


def test_a_damaged_row_group_is_an_error_or_left_out(parquet, tmp_path):
    values = [f"{number} " + "word " * 50 for number in range(300)]
    path = parquet({"text": values}, row_group_size=100, compression="zstd", use_dictionary=False)
    column = pa.parquet.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    at = column.data_page_offset
    data[at + 60 : at + column.total_compressed_size] = b"\xee" * (column.total_compressed_size - 60)
    path.write_bytes(data)
    with pytest.raises(Unreadable, match="damaged"):
        copied(path, np.ones(300, bool), tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()
    assert copied(path, np.ones(300, bool), tmp_path / "x.parquet", skip_bad=True).rows == 200
    assert (
        pa.parquet.read_table(tmp_path / "x.parquet").column("text").to_pylist()
        == values[:100] + values[200:]
    )


def test_a_table_with_other_rows_than_before_is_an_error(parquet, table, tmp_path):
    with pytest.raises(InputError, match="has changed"):
        copied(parquet(table), np.ones(19, bool), tmp_path / "x.parquet")


# Where it is written.


def test_a_url_is_written_whole(jsonl, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    system.store.clear()
    copied(jsonl(LINES), kept(1, 1, 0, 0, 1), "memory://out/documents/x.jsonl.part")
    assert system.cat("/out/documents/x.jsonl.part").count(b"\n") == 3
    with pytest.raises(InputError, match="has changed"):
        copied(jsonl(LINES), kept(1), "memory://out/documents/y.jsonl")
    assert system.ls("/out/documents", detail=False) == ["/out/documents/x.jsonl.part"]
    system.store.clear()


def test_what_stood_there_stays_until_all_is_written(tmp_path):
    place = tmp_path / "x"
    place.write_bytes(b"old")

    def interrupted():
        with made(str(place)) as sink:
            sink.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert place.read_bytes() == b"old"
    assert nothing_else(tmp_path) == ["x"]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"])
def test_on_a_full_disk_nothing_is_left_and_the_error_says_so(jsonl, parquet, tmp_path, suffix):
    rng = np.random.default_rng(1)
    rows = [{"text": rng.bytes(50).hex()} for _ in range(3000)]
    if suffix == ".parquet":
        path = parquet({"text": [row["text"] for row in rows]})
    else:
        path = jsonl(rows)
        pack = {".gz": gzip.compress, ".zst": zstd.compress}.get(suffix[6:], bytes)
        path = path.rename(tmp_path / f"rows{suffix}")
        path.write_bytes(pack(path.read_bytes()))
    target = tmp_path / "out" / f"x{suffix}"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
    try:
        with pytest.raises(SimblockError, match=r"out/x.*: cannot be written, file too large: make room"):
            copied(path, np.ones(3000, bool), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert nothing_else(target.parent) == []


def test_no_space_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda *_: Full())
    monkeypatch.setattr(Path, "replace", lambda *_: pytest.fail("half of it was put there"))
    with (
        pytest.raises(SimblockError, match="x: cannot be written, no space left on device"),
        made(str(tmp_path / "x")) as sink,
    ):
        sink.write(b"some")


def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(SimblockError, match="cannot be written, "),
        made(str(tmp_path / "file" / "x")) as sink,
    ):
        sink.write(b"x")


def test_a_table_without_the_column_is_written_without_rows_if_so_asked(parquet, tmp_path):
    path = parquet({"body": ["a", "b"]})
    plan = planned(path, skip_bad=True)
    met = Met()
    assert texts(plan, met) == []
    assert (met.rows, met.bad) == (2, 2)
    assert copy(plan.sources[0], plan, np.zeros(2, bool), UNCHANGED, str(tmp_path / "x.parquet")).rows == 0


def test_a_file_that_is_no_table_is_left_out_if_so_asked(tmp_path):
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"no table")
    assert copied(path, np.zeros(0, bool), tmp_path / "out" / "x.parquet", skip_bad=True) == (0, 0)
    assert not (tmp_path / "out").exists()
