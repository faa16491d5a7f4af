"""Parts of a delivery to documents."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import zstd
from simblock_indexer.dedup.delivery.jsonl import TOO_LONG, lines
from simblock_indexer.dedup.delivery.rows import Met
from simblock_indexer.readers.tally import Unreadable

from .conftest import batches, planned, texts

pa = pytest.importorskip("pyarrow")

PYTHON = (
    "def f(x):\n    return [x[i] for i in range(len(x))]\n\nclass A(B):\n    def g(self):\n        pass\n"
)


def one(plan, met=None):
    (rows,) = batches(plan, met)
    return rows


def test_rows_have_their_texts_ids_and_lines(jsonl):
    rows = one(planned(jsonl([{"id": "a", "text": "one"}, b"", {"text": "two"}, {"id": 7, "text": ""}])))
    assert rows.lines == [0, 2, 3]
    assert rows.ids == ["a", None, "7"]
    assert rows.texts == ["one", "two", ""]
    assert rows.languages == [None, None, None]
    assert rows.ranks.tolist() == [0, 0, 0]


def test_what_is_met_is_counted(jsonl):
    path = jsonl([{"text": "one"}, b"", {"text": " \n"}, b"no json", {"text": ""}, {"body": "x"}])
    met = Met()
    assert texts(planned(path, skip_bad=True), met) == ["one", " \n", ""]
    assert (met.rows, met.bad, met.read) == (6, 2, path.stat().st_size)
    assert met.problems == [
        f"{path}, line 4: not JSON, expecting value at column 1",
        f'{path}, line 6: has no field "text" (it has body)',
    ]


def test_lines_are_counted_within_their_part(jsonl):
    path = jsonl([{"text": "a" * 50}] * 20)
    plan = planned(path, part_bytes=300)
    met = [Met() for _ in plan.parts]
    from simblock_indexer.dedup.delivery.reading import read

    found = [
        [line for rows in read(part, plan, count) for line in rows.lines]
        for part, count in zip(plan.parts, met, strict=True)
    ]
    assert all(part == list(range(len(part))) for part in found)
    assert [count.rows for count in met] == [len(part) for part in found]
    assert sum(count.read for count in met) == path.stat().st_size


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd.compress)])
def test_compressed_lines_are_the_same_rows(tmp_path, suffix, pack):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(pack(b'{"text": "one"}\n{"text": "two"}'))
    assert texts(planned(path)) == ["one", "two"]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd.compress)])
def test_a_damaged_file_is_named_or_counted(tmp_path, suffix, pack):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(pack(b'{"text": "one"}\n' * 10)[:-9])
    with pytest.raises(Unreadable, match="damaged or cut short"):
        texts(planned(path))
    met = Met()
    texts(planned(path, skip_bad=True), met)
    assert met.bad == 1


DAMAGES = {
    "a wrong sum at the end": lambda data: data[:-5] + bytes(byte ^ 1 for byte in data[-5:]),
    "cut short": lambda data: data[: len(data) - len(data) // 4],
    "something behind it": lambda data: data + b"junk",
}


@pytest.mark.parametrize(
    ("suffix", "pack", "damage"),
    [
        *((".gz", gzip.compress, damage) for damage in DAMAGES),
        *((".zst", zstd.compress, damage) for damage in DAMAGES if "sum" not in damage),  # it has none
    ],
)
def test_rows_before_the_damage_of_a_compressed_file_are_read(tmp_path, suffix, pack, damage):
    random = np.random.default_rng(5)
    rows = [json.dumps({"text": random.bytes(300).hex()}).encode() for _ in range(2000)]
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(DAMAGES[damage](pack(b"\n".join([*rows, b""]))))
    met = Met()
    found = texts(planned(path, skip_bad=True), met)
    assert found == [json.loads(row)["text"] for row in rows[: len(found)]]
    assert len(found) == 2000 if damage != "cut short" else 1300 < len(found) < 1500
    assert (met.rows, met.bad) == (len(found), 1)
    assert met.problems[0].startswith(f"{path}, after line {len(found):,}: the compressed data is damaged")


BAD = {
    "missing": ({"id": "x"}, 'has no field "text"'),
    "null": ({"text": None}, 'the field "text" is null and no string'),
    "a number": ({"text": 3}, "is a number and no string"),
    "a list": ({"text": ["SECRET"]}, "is a list and no string"),
    "nested": ({"text": {"body": "SECRET"}}, "is an object and no string"),
    "no object": (["SECRET"], "the row is a list"),
    "cut": (b'{"text": "SECRET', "not JSON"),
    "no UTF-8": (b'{"text": "SECRET \xff"}', r"not UTF-8 at byte"),
    "an empty id": ({"id": "", "text": "SECRET"}, 'the field "id" has 0 characters'),
    "an id of another type": ({"id": 1.5, "text": "SECRET"}, 'the field "id" is a number'),
    "deeply nested": (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON that can be read"),
}


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_is_an_error_that_names_it_and_not_its_text(jsonl, row):
    bad, problem = BAD[row]
    path = jsonl([{"text": "good"}, {"text": "good"}, bad, {"text": "good"}])
    with pytest.raises(Unreadable, match=problem) as raised:
        texts(planned(path))
    assert f"{path}, line 3: " in str(raised.value)
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize("row", BAD)
def test_a_bad_row_can_be_counted_and_passed_over(jsonl, row):
    bad, _ = BAD[row]
    met = Met()
    path = jsonl([{"text": "good"}, bad, {"text": "better"}])
    rows = one(planned(path, skip_bad=True), met)
    assert rows.texts == ["good", "better"]
    assert rows.lines == [0, 2]
    assert (met.rows, met.bad, len(met.problems)) == (3, 1, 1)


def test_the_first_of_bad_rows_is_named(jsonl):
    with pytest.raises(Unreadable, match="line 2: has no field"):
        texts(planned(jsonl([{"text": "a"}, {}, b"no json"])))


def test_in_a_later_part_a_row_is_named_by_its_byte(jsonl):
    path = jsonl([{"text": "x" * 100}] * 5 + [{}])
    with pytest.raises(Unreadable, match=f"the line at byte {path.stat().st_size - 3}: has no field"):
        texts(planned(path, part_bytes=200))


def test_a_hundred_problems_are_told(jsonl):
    met = Met()
    assert texts(planned(jsonl([{}] * 150), skip_bad=True), met) == []
    assert (met.bad, len(met.problems)) == (150, 100)


def test_a_row_over_the_limit_is_an_error_or_counted(jsonl):
    path = jsonl([{"text": "short"}, {"text": "x" * 5000}, {"text": "short too"}])
    with pytest.raises(Unreadable, match=r"line 2: longer than 1,000 bytes: split it, or raise --max-row"):
        texts(planned(path, max_row=1000))
    assert texts(planned(path, max_row=1000, skip_bad=True)) == ["short", "short too"]


def test_of_a_line_without_end_little_is_held(tmp_path):
    class Endless:
        held = 0

        def __init__(self):
            self.left = 1 << 26

        def read(self, size):
            size = min(size, self.left)
            self.left -= size
            return b"x" * size

    (found,) = lines(Endless(), 0, -1, 1 << 20)
    assert found.lines == [TOO_LONG]
    assert found.end == 1 << 26


def test_lone_surrogates_are_text(jsonl):
    assert texts(planned(jsonl([b'{"text": "a \\ud83d b"}', {"text": "c"}]))) == ["a \ud83d b", "c"]


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_row(jsonl):
    assert texts(planned(jsonl([b'\xef\xbb\xbf{"text": "a"}', {"text": "b"}]))) == ["a", "b"]


@pytest.mark.parametrize("blank", [b"", b" \t", b"\r"])
def test_a_mark_of_the_byte_order_before_a_blank_line_is_none_of_a_row(jsonl, blank):
    met = Met()
    path = jsonl([b"\xef\xbb\xbf" + blank, {"text": "a"}, {"text": "b"}])
    assert texts(planned(path), met) == ["a", "b"]
    assert (met.rows, met.bad) == (3, 0)
    with pytest.raises(Unreadable, match="line 2: not JSON"):
        texts(planned(jsonl([{"text": "a"}, b"\xef\xbb\xbf"])))


def test_other_encodings_and_replaced_bytes(jsonl):
    path = jsonl(['{"text": "café"}'.encode("latin-1")] * 2)
    assert texts(planned(path, encoding="latin-1")) == ["café", "café"]
    assert texts(planned(path, errors="replace")) == ["caf\ufffd", "caf\ufffd"]
    with pytest.raises(Unreadable, match="convert it"):
        texts(planned(path, encoding="utf-16"))


def test_fields_may_lie_in_objects(jsonl):
    rows = [{"doc": {"body": "one", "key": "a"}}, {"doc": {"body": "two"}}, {"doc.body": "three"}]
    found = one(planned(jsonl(rows), text_field="doc.body", id_field="doc.key"))
    assert (found.texts, found.ids) == (["one", "two", "three"], ["a", None, None])
    with pytest.raises(Unreadable, match=r'line 1: has no field "doc\.body" \(it has doc\)'):
        texts(planned(jsonl([{"doc": "x"}]), text_field="doc.body"))


@given(st.lists(st.binary(max_size=12), max_size=30), st.integers(1, 60), st.integers(1, 30))
def test_lines_are_those_of_a_split_however_they_are_read(pieces, size, limit):
    import io

    content = b"\n".join(pieces)
    expected = content.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    expected = [line if len(line) <= limit else TOO_LONG for line in expected]
    found = []
    for start in range(0, len(content), size):
        end = min(start + size, len(content))
        for some in lines(io.BytesIO(content), start, end, limit):
            found += some.lines
    assert found == expected


# What a text is.


def test_languages_come_from_columns_names_and_content(jsonl):
    rows = [
        {"text": "a b c", "kind": "text", "path": "x.py"},
        {"text": "a b c", "language": "Python"},
        {"text": "a b c", "path": "src/x.java"},
        {"text": "a b c", "extension": "js"},
        {"text": PYTHON},
        {"text": "Some prose, and no more.", "language": "en"},
        {"text": "a b c", "kind": "code"},
        {"text": "a b c", "kind": "code", "language": "Malbolge"},
        {"text": "a b c", "kind": "blog", "language": 7},
        {"text": "a b c", "id": "src/main.c"},
        {"text": "a b c", "id": "https://www.example.com.py"},
        {"text": "#!/usr/bin/env python\nx"},
        {"text": "x y", "path": "x.php"},
    ]
    found = one(planned(jsonl(rows))).languages
    assert found == [
        None, "python", "java", "javascript", "python", None, "", "", None, "c", None, "python", None,
    ]  # fmt: skip


def test_the_kind_that_is_given_is_for_all_rows_that_say_none(jsonl):
    path = jsonl([{"text": PYTHON}, {"text": "a b", "kind": "code", "language": "c"}])
    assert one(planned(path, kind="text")).languages == [None, "c"]
    assert one(planned(path, kind="code", language="java")).languages == ["java", "c"]


# Which is kept first.

RANKED = {
    "first": ([1, 2, 3], [0, 0, 0]),
    "longest": ([1, 2, 3], [-1, -2, -3]),
    "most:n": ([1, 2.5, None], [-1, -2.5, np.inf]),
    "least:n": ([3, "12.5", None], [3, 12.5, np.inf]),
    "most:n ": None,
    "newest": (["2020-01-01", "2020-01-01T00:00:01Z", None], [-1577836800, -1577836801, np.inf]),
    "prefer:n=b,a": (["a", "b", "c"], [1, 0, 2]),
}


@pytest.mark.parametrize("keep", [keep for keep, row in RANKED.items() if row])
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_ranks_go_by_the_rule(jsonl, parquet, keep, form):
    values, expected = RANKED[keep]
    values = [str(value) if "12.5" in values and value is not None else value for value in values]
    columns = {"text": ["a", "bb", "ccc"], "n": values}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    path = jsonl(rows) if form == "jsonl" else parquet(columns)
    rule = {"keep": keep, "date_field": "n"}
    assert one(planned(path, rule=rule)).ranks.tolist() == expected


DATES = {
    "2020": 1577836800,
    "2020-02": 1580515200,
    "2020-01-01 00:00:01": 1577836801,
    "2020-01-01T01:00:00+01:00": 1577836800,
    "20200101": 1577836800,
    "1577836800.5": 1577836800.5,
    1577836800: 1577836800,
}


@pytest.mark.parametrize("value", DATES)
def test_dates_are_moments_of_utc(jsonl, value):
    rows = one(planned(jsonl([{"text": "a", "date": value}]), rule={"keep": "newest"}))
    assert rows.ranks.tolist() == [-DATES[value]]


@pytest.mark.parametrize("value", ["SECRET day", [1], {}])
@pytest.mark.parametrize("keep", ["newest", "most:date", "least:date"])
def test_a_value_that_has_no_order_is_named_with_its_row(jsonl, value, keep):
    path = jsonl([{"text": "a", "date": 1}, {"text": "a", "date": value}])
    with pytest.raises(
        Unreadable, match=r'line 2: the field "date" is .* and neither a number nor a date'
    ) as raised:
        texts(planned(path, rule={"keep": keep}))
    assert "SECRET" not in str(raised.value)


def test_a_value_that_is_no_number_ranks_last(jsonl):
    path = jsonl([b'{"text": "a", "n": NaN}', b'{"text": "b", "n": 1}'])
    assert one(planned(path, rule={"keep": "most:n"})).ranks.tolist() == [np.inf, -1]


@pytest.mark.parametrize(
    "values",
    [
        pa.array([datetime(2020, 1, 1), None], pa.timestamp("us")),
        pa.array([datetime(2020, 1, 1), None], pa.timestamp("ms")),
        pa.array([1577836800_000000000, None], pa.int64()).cast(pa.timestamp("ns")),
        pa.array([datetime(2020, 1, 1, tzinfo=UTC), None], pa.timestamp("s", tz="Europe/Berlin")),
        pa.array([date(2020, 1, 1), None], pa.date32()),
        pa.array([date(2020, 1, 1), None], pa.date64()),
        pa.array([Decimal("1577836800.0"), None]),
        pa.array(["2020-01-01", None]).dictionary_encode(),
        pa.array([{"of": datetime(2020, 1, 1)}, {"of": None}]),
    ],
    ids=lambda values: str(values.type),
)
def test_moments_of_parquet_are_moments(parquet, values):
    path = parquet({"text": ["a", "b"], "date": values})
    field = "date.of" if pa.types.is_struct(values.type) else "date"
    rows = one(planned(path, rule={"keep": "newest", "date_field": field}))
    assert rows.ranks.tolist() == [-1577836800, np.inf]


# Parquet.

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


def test_rows_of_json_are_read_as_the_standard_library_reads_them(jsonl):
    values = ["a\u2028b", "\0", "é", "🦊", "\\n\n", ""]
    path = jsonl([json.dumps({"text": value}, ensure_ascii=False).encode() for value in values])
    assert texts(planned(path)) == values
