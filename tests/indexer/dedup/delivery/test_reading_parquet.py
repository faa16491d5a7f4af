"""Rows of Parquet to documents."""

from __future__ import annotations

import pytest

from simblock_indexer.dedup.delivery.rows import Met
from simblock_indexer.readers.tally import Unreadable

from .conftest import PYTHON, batches, one, planned, texts

pa = pytest.importorskip("pyarrow")

TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int32(), pa.string()),
    pa.binary(),
    pa.large_binary(),
]


@pytest.mark.parametrize("type", TYPES, ids=str)
def test_strings_of_every_type_are_text(parquet, type):
    plain = pa.array(["one", "zwö", "", "one"])
    column = plain.dictionary_encode() if pa.types.is_dictionary(type) else plain.cast(type)
    met = Met()
    rows = one(planned(parquet({"text": column, "id": [1, 2, 3, 4]})), met)
    assert rows.texts == ["one", "zwö", "", "one"]
    assert rows.ids == ["1", "2", "3", "4"]
    assert met.rows == 4


def test_rows_of_all_groups_are_read_once_and_numbered(parquet):
    path = parquet({"text": [f"{number} " * 2000 for number in range(900)]}, row_group_size=300)
    found = batches(planned(path))
    assert len(found) > 3  # some of a group at a time
    assert [line for rows in found for line in rows.lines] == list(range(900))
    assert [text.split()[0] for rows in found for text in rows.texts] == [
        str(number) for number in range(900)
    ]


def test_columns_of_parquet_say_what_a_text_is(parquet):
    columns = {"text": ["a b", "a b", PYTHON], "language": ["java", None, None], "path": [None, "x.c", None]}
    assert one(planned(parquet(columns))).languages == ["java", "c", "python"]


BAD_COLUMNS = {
    "null": (pa.array(["good", None]), "row 2: the field \"text\" is null and no string"),
    "numbers": (pa.array([1, 2]), "row 1: .* is a number and no string"),
    "lists": (pa.array([["a"], ["b"]]), "row 1: .* is a list and no string"),
    "structs": (pa.array([{"a": "b"}] * 2), "row 1: .* is an object and no string"),
    "truths": (pa.array([True, False]), "row 1: .* is true or false"),
    "nothing": (pa.nulls(2), "row 1: .* is null"),
    "no UTF-8": (
        pa.Array.from_buffers(pa.string(), 2, pa.array([b"good", b"bad \xff"]).buffers()),
        "row 2: the text is not UTF-8 at its byte 4",
    ),
    "bytes": (pa.array([b"good", b"bad \xff"]), "row 2: the text is not UTF-8 at its byte 4"),
    "too long": (pa.array(["good", "x" * 101]), "row 2: longer than 100 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("sort", BAD_COLUMNS)
def test_bad_rows_of_parquet_are_errors_or_counted(parquet, sort):
    column, problem = BAD_COLUMNS[sort]
    path = parquet({"text": column})
    with pytest.raises(Unreadable, match=problem):
        texts(planned(path, max_row=100))
    met = Met()
    found = texts(planned(path, max_row=100, skip_bad=True), met)
    assert found == (["good"] if "row 2" in problem else [])
    assert (met.rows, met.bad) == (2, 2 - len(found))


def test_bytes_that_are_no_text_can_be_replaced_in_parquet(parquet):
    path = parquet({"text": [b"good", b"bad \xff"]})
    assert texts(planned(path, errors="replace")) == ["good", "bad \ufffd"]


def test_parquet_without_the_column_is_an_error_that_names_the_columns(parquet):
    path = parquet({"body": ["a"], "n": [1]})
    with pytest.raises(Unreadable, match=r'rows\.parquet: has no field "text" \(it has body, n\)'):
        texts(planned(path))


@pytest.mark.parametrize("name", ["text", "id", "name", "language"])
def test_two_columns_of_one_name_are_an_error_that_names_it_or_all_rows_are_counted(parquet, name):
    names = ["text", "id", name] if name in ("text", "id") else ["text", name, name]
    path = parquet(pa.Table.from_arrays([pa.array(["one", "two"])] * 3, names), row_group_size=1)
    with pytest.raises(Unreadable, match=rf'has 2 columns called "{name}": rename all of them but one'):
        batches(planned(path))
    met = Met()
    assert batches(planned(path, skip_bad=True), met) == []
    assert (met.rows, met.bad) == (2, 2)


def test_two_columns_of_one_name_that_nothing_asks_for_do_not_matter(parquet):
    path = parquet(pa.Table.from_arrays([pa.array(["one", "two"])] * 3, ["text", "other", "other"]))
    assert texts(planned(path)) == ["one", "two"]


@pytest.mark.parametrize(
    "type", [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.duration("s")], ids=str
)
@pytest.mark.parametrize("name", ["id", "name", "kind", "language", "path"])
def test_times_of_day_stand_in_any_column(parquet, name, type):
    rows = one(planned(parquet({"text": ["one", "two"], name: pa.array([1, None], type)})))
    assert (rows.texts, rows.languages) == (["one", "two"], [None, None])


def test_times_of_day_are_an_order(parquet):
    path = parquet({"text": ["one", "two"], "date": pa.array([9, 4], pa.time32("s"))})
    nine, four = one(planned(path, rule={"keep": "least:date"})).ranks
    assert four < nine


def test_fields_may_lie_in_structs(parquet):
    column = pa.array([{"body": "one", "key": "a"}, {"body": "two", "key": None}, None])
    path = parquet({"doc": column, "other": [1, 2, 3]})
    plan = planned(path, text_field="doc.body", id_field="doc.key", skip_bad=True)
    rows = one(plan)
    assert (rows.texts, rows.ids) == (["one", "two"], ["a", None])


def test_a_damaged_page_is_named_or_its_rows_are_counted(parquet):
    # Three groups, of which the second's text is overwritten.
    values = [f"{number} " + "word " * 50 for number in range(300)]
    path = parquet({"text": values}, row_group_size=100, compression="zstd", use_dictionary=False)
    column = pa.parquet.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    at = column.data_page_offset
    data[at + 60 : at + column.total_compressed_size] = b"\xee" * (column.total_compressed_size - 60)
    path.write_bytes(data)
    with pytest.raises(Unreadable, match="damaged"):
        texts(planned(path))
    met = Met()
    assert texts(planned(path, skip_bad=True), met) == values[:100] + values[200:]
    assert (met.rows, met.bad, len(met.problems)) == (300, 100, 1)


def test_a_file_that_is_no_parquet_is_counted_with_skip_bad(tmp_path):
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"no table")
    met = Met()
    assert texts(planned(path, skip_bad=True), met) == []
    assert met.bad == 1


def test_both_forms_give_the_same_documents(jsonl, parquet):
    columns = {
        "text": ["Ein Satz.", PYTHON, "x"],
        "id": ["a", "b", None],
        "language": [None, None, "c"],
        "n": [3, None, 1],
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    rule = {"keep": "most:n"}
    one_form, other = one(planned(jsonl(rows), rule=rule)), one(planned(parquet(columns), rule=rule))
    assert one_form._replace(ranks=0) == other._replace(ranks=0)
    assert one_form.ranks.tolist() == other.ranks.tolist()


def test_without_pyarrow_parquet_names_the_extra(parquet, monkeypatch):
    import sys

    from simblock.errors import MissingExtra

    path = parquet({"text": ["a"]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"simblock\[parquet\]"):
        planned(path)
