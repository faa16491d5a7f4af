"""Parquet: a row a work."""

from __future__ import annotations

import sys
from datetime import date, datetime

import pytest

from simblock.errors import InputError, MissingExtra
from simblock_indexer.readers import ReadOptions, Tally, read
from simblock_indexer.readers.shares import Share, shared
from simblock_indexer.readers.sources import plan

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
SECRET = "the quick protected fox"


@pytest.fixture
def table(tmp_path):
    """Writes rows to a file."""

    def write(rows, name="rows.parquet", **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(rows, pa.Table):
            rows = pa.table(
                {name: [row.get(name) for row in rows] for name in dict.fromkeys(n for r in rows for n in r)}
            )
        parquet.write_table(rows, path, **options)
        return path

    return write


ROWS = [
    {"id": "fox", "text": SECRET, "title": "The Fox", "tags": ["old", "fable"], "license": "MIT", "n": 1},
    {"id": None, "text": "a second work", "title": None, "tags": None, "license": None, "n": 2},
    {"id": "code", "text": "int f(int x) { return x; }\n" * 5, "kind": "code", "language": "c"},
]


def test_rows_of_parquet_are_the_works_that_rows_of_json_are(works, jsonl, table, tally):
    json_works = works(jsonl(ROWS))
    table_works = works(table(ROWS, row_group_size=2))
    assert list(table_works) == ["fox", "rows.parquet#2", "code"]
    assert [found.text for found in table_works.values()] == [found.text for found in json_works.values()]
    assert table_works["fox"].work == json_works["fox"].work
    assert table_works["code"].work == json_works["code"].work
    assert tally.columns == {"n"}


def test_fields_can_be_named_and_ids_be_numbers(works, table):
    path = table([{"key": 7, "body": "words"}])
    assert works(path, text_field="body", id_field="key")["7"].text == "words"


@pytest.mark.parametrize("day", [date(2030, 1, 31), datetime(2030, 1, 31, 12), "2030-01-31"])
def test_days_may_be_dates(works, table, day):
    assert works(table([{"id": "a", "text": "words", "expires": day}]))["a"].work.expires == "2030-01-31"


BAD = {
    "null": (pa.array(["good", None]), 'row 2: the field "text" is null and no string'),
    "numbers": (pa.array([1, 2]), 'row 1: the field "text" is a number'),
    "no UTF-8": (pa.array([b"good", b"\xff"]), "row 2: the text is not UTF-8"),
    "too long": (pa.array(["good", "x" * 200]), "row 2: longer than 100 bytes"),
}


@pytest.mark.parametrize("sort", BAD)
def test_a_bad_row_is_named_or_counted(works, table, tally, sort):
    column, problem = BAD[sort]
    path = table(pa.table({"text": column}))
    with pytest.raises(InputError, match=problem):
        works(path, max_row=100)
    if "row 2" in problem:
        assert list(works(path, max_row=100, skip_bad=True)) == ["rows.parquet#1"]
        assert tally.bad == 1


def test_empty_rows_are_counted(works, table, tally):
    assert list(works(table([{"text": ""}, {"text": "one"}]))) == ["rows.parquet#2"]
    assert tally.names["empty"][0].endswith("rows.parquet, row 1")


def test_two_rows_of_one_id_are_named(works, table):
    with pytest.raises(InputError, match=r"row 1 and in .*row 2"):
        works(table([{"id": "a", "text": "one"}, {"id": "a", "text": "two"}]))


def test_a_table_without_the_column_is_an_error_where_it_is_named(works, table):
    with pytest.raises(InputError, match=r'rows\.parquet: has no field "text" \(it has body\)'):
        works(table([{"body": "words"}]))


def test_a_damaged_table_is_named(works, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "bad.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(InputError, match=r"bad\.parquet: no Parquet file, or a damaged one"):
        works(tmp_path / "d" / "bad.parquet")
    (tmp_path / "d" / "a.txt").write_text("words")
    with pytest.raises(InputError, match=r"bad\.parquet: no Parquet file, or a damaged one"):
        works(tmp_path / "d")
    assert list(works(tmp_path / "d", skip_bad=True)) == ["d/a.txt"]


def test_in_a_folder_tables_without_text_are_passed_over_and_counted(works, table, tmp_path, tally):
    table([{"text": SECRET}], "d/works.parquet")
    table([{"n": 1}], "d/numbers.parquet")
    assert list(works(tmp_path / "d")) == ["d/works.parquet#1"]
    assert tally.passed["tables without text"] == 1


def test_without_pyarrow_a_named_table_is_an_error_and_one_in_a_folder_is_noted(
    works, table, tmp_path, tally, monkeypatch
):
    path = table([{"text": SECRET}], "d/works.parquet")
    (tmp_path / "d" / "a.txt").write_text("words")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"simblock\[parquet\]"):
        works(path)
    assert list(works(tmp_path / "d")) == ["d/a.txt"]
    assert "simblock[parquet]" in tally.notes[0]
    assert tally.kept_under == {"d/works.parquet"}  # so pruning takes nothing of it away


def test_progress_ends_at_the_bytes_of_the_file(table):
    path = table([{"text": f"{n} words"} for n in range(50)], row_group_size=7)
    tally = Tally()
    assert len(list(read([path], ReadOptions(), tally))) == 50
    assert tally.done == tally.total == path.stat().st_size


def test_a_table_is_in_one_share(table, jsonl):
    inputs = [jsonl([{"text": f"{n} words"} for n in range(100)]), table([{"text": "a"}] * 100)]
    sources = plan(inputs, ReadOptions(), Tally())
    found = [source for number in range(5) for source in shared(sources, Share(number, 5))]
    assert [source.span for source in found if source.form == "table"] == [None]


def test_a_table_is_built_into_an_index_and_found(tmp_path, table):
    from simblock import Guard, open_index
    from simblock_indexer import build

    text = " ".join(f"word{n} of" for n in range(60))
    path = table([{"id": "works/one", "text": text, "title": "One"}])
    build([path], out=tmp_path / "index", no_key=True)
    (match, *_) = Guard(open_index(tmp_path / "index")).check(text).matches
    assert (match.work.id, match.work.title) == ("works/one", "One")
