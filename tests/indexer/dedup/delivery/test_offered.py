"""Documents of a program: in which forms they come."""

import sys
from datetime import UTC, date, datetime

import numpy as np
import pytest

from simblock.errors import InputError, MissingExtra, UsageError
from simblock_indexer import deduplicate
from tests.indexer.dedup.stories import BASE, NEAR, PAGES, TEXTS, reasons

FORMS = {
    "strings": lambda: TEXTS,
    "a generator, which is consumed once": lambda: (text for text in TEXTS),
    "rows": lambda: [{"id": f"d{n}", "text": text, "more": None} for n, text in enumerate(TEXTS)],
    "pairs": lambda: [(f"d{n}", text) for n, text in enumerate(TEXTS)],
    "pairs of one generator": lambda: ((n, text) for n, text in enumerate(TEXTS)),
}


@pytest.mark.parametrize("offered", FORMS.values(), ids=list(FORMS))
def test_documents_come_in_any_of_these_forms(offered):
    assert reasons(deduplicate(offered())) == NEAR


def test_ids_of_rows_are_told_and_those_without_one_have_none():
    result = deduplicate([{"id": 7, "text": BASE}, {"text": BASE}, ("c", BASE)])
    assert [(drop.id, drop.keeper_id) for drop in result.dropped] == [(None, "7"), ("c", "7")]
    assert result.dropped[-1].row == 2
    assert [drop.row for drop in result.dropped[:1]] == [1]
    assert len(result.dropped) == 2


def test_fields_have_the_names_that_are_given():
    rows = [{"doc": "a", "content": BASE}, {"doc": "b", "content": BASE}]
    (drop,) = deduplicate(rows, text_field="content", id_field="doc").dropped
    assert (drop.id, drop.keeper_id) == ("b", "a")


DATES = {
    "as strings": ["2024-01-01", "2025-06", "2025"],
    "of Python": [date(2024, 1, 1), datetime(2025, 6, 1, 12, tzinfo=UTC), date(2025, 1, 1)],
    "of NumPy": [np.datetime64("2024-01-01"), np.datetime64("2025-06-01T12:00"), np.datetime64("2025-01-01")],
    "as numbers": [np.int64(1), np.float32(3), 2],
}


@pytest.mark.parametrize("dates", DATES.values(), ids=list(DATES))
def test_dates_are_compared_however_a_program_has_them(dates):
    rows = [{"text": BASE, "made": made} for made in dates]
    assert deduplicate(rows, keep="newest", date_field="made").kept.tolist() == [False, True, False]


BAD = {
    "a number": (5, "row 2: .*text.*number"),
    "a row without the field": ({"title": "x"}, 'row 2: has no field "text" \\(it has title\\)'),
    "null": ({"text": None}, "row 2: .*null"),
    "a nested text": ({"text": ["x"]}, "row 2: .*a list"),
    "an id that is none": ({"id": 1.5, "text": "x"}, 'row 2: the field "id" is a number'),
}


@pytest.mark.parametrize(("row", "told"), BAD.values(), ids=list(BAD))
def test_a_row_that_cannot_be_read_is_named_or_counted(row, told):
    documents = [BASE, row if isinstance(row, dict) else {"text": row}, BASE]
    with pytest.raises(InputError, match=told):
        deduplicate(documents)
    result = deduplicate(documents, skip_bad=True)
    assert result.kept.tolist() == [True, False, False]
    assert [drop.row for drop in result.dropped] == [2]
    assert (result.counts["bad"], len(result.problems)) == (1, 1)


WRONG = {
    "a path": ("corpus.jsonl", "of the type str"),
    "bytes": (b"x", "of the type bytes"),
    "a mapping": ({"a": "b"}, "of the type dict"),
    "nothing": (None, "of the type NoneType"),
    "an item of no form": ([BASE, 3], "row 2 is of the type int"),
}


@pytest.mark.parametrize(("documents", "told"), WRONG.values(), ids=list(WRONG))
def test_what_holds_no_documents_is_refused(documents, told):
    with pytest.raises(UsageError, match=told):
        deduplicate(documents)


def test_messages_hold_no_text():
    with pytest.raises(UsageError) as caught:
        deduplicate([{"text": "fine"}, {"text": {"secret": "word"}}])
    assert "secret" not in str(caught.value)


def table():
    pyarrow = pytest.importorskip("pyarrow")
    ids = [f"d{number}" for number in range(len(TEXTS))]
    return pyarrow.table({"n": range(len(TEXTS)), "id": ids, "text": TEXTS})


def as_pyarrow():
    return table()


def as_a_reader():
    return table().to_reader(max_chunksize=2)


def as_batches():
    return iter(table().to_batches(max_chunksize=2))


def as_pandas():
    return pytest.importorskip("pandas").DataFrame({"text": TEXTS})


def as_polars():
    return pytest.importorskip("polars").DataFrame({"text": TEXTS})


def as_a_series_of_polars():
    return pytest.importorskip("polars").Series("said", TEXTS)


def as_duckdb():
    duckdb = pytest.importorskip("duckdb")
    return duckdb.connect().from_arrow(table())


def as_a_dataset():
    return pytest.importorskip("datasets").Dataset.from_dict({"text": TEXTS})


def as_a_dataset_in_tables():
    return as_a_dataset().with_format("arrow").iter(4)


ARROW = [
    as_pyarrow,
    as_a_reader,
    as_batches,
    as_pandas,
    as_polars,
    as_a_series_of_polars,
    as_duckdb,
    as_a_dataset,
    as_a_dataset_in_tables,
]


@pytest.mark.parametrize("offered", ARROW, ids=lambda form: form.__name__)
def test_whatever_speaks_arrow_is_read_by_one_adapter(offered):
    assert reasons(deduplicate(offered())) == NEAR


@pytest.mark.parametrize(
    "offered", [as_pyarrow, as_pandas, as_polars, as_duckdb], ids=lambda form: form.__name__
)
def test_a_table_is_given_back_without_what_is_dropped(offered):
    offered = offered()
    kept = deduplicate(offered).filter(offered)
    assert kept.column("text").to_pylist() == [TEXTS[0], TEXTS[1], TEXTS[4]]


def test_without_pyarrow_all_but_tables_is_looked_at(monkeypatch):
    one = table()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert reasons(deduplicate(TEXTS)) == NEAR
    with pytest.raises(MissingExtra, match=r"simblock\[parquet\]"):
        deduplicate(one)


def test_another_table_cannot_be_filtered():
    with pytest.raises(UsageError, match="the table has 3 rows, and 6 were looked at"):
        deduplicate(table()).filter(table().slice(0, 3))


def test_what_is_dropped_is_a_table_too():
    dropped = deduplicate(table()).to_arrow()
    assert dropped.column_names == ["row", "id", "keeper_row", "keeper_id", "similarity", "reason", "work"]
    assert dropped.column("keeper_id").to_pylist() == ["d0", "d0", "d0"]
    assert deduplicate(table().slice(0, 0)).to_arrow().num_rows == 0


@pytest.mark.parametrize("kind", ["large_string", "string_view", "dictionary", "dictionary of views"])
def test_strings_of_any_arrow_type_are_text(kind):
    pyarrow = pytest.importorskip("pyarrow")
    column = pyarrow.chunked_array([TEXTS])
    types = {
        "large_string": pyarrow.large_string(),
        "string_view": pyarrow.string_view(),
        "dictionary": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
        "dictionary of views": pyarrow.dictionary(pyarrow.int32(), pyarrow.string_view()),
    }
    one = pyarrow.table({"text": column.cast(types[kind])})
    result = deduplicate(one)
    assert reasons(result) == NEAR
    filtered = result.filter(one)
    assert filtered.schema == one.schema
    assert filtered.column("text").to_pylist() == [TEXTS[0], TEXTS[1], TEXTS[4]]


def test_a_table_without_the_column_is_refused():
    with pytest.raises(InputError, match='no column "content" \\(it has n, id, text\\)'):
        deduplicate(table(), text_field="content")


def test_a_table_comes_back_without_what_is_cut_out():
    pyarrow = pytest.importorskip("pyarrow")
    pages = pyarrow.table({"text": PAGES, "n": [1, 2, 3]})
    filtered = deduplicate(pages, scope="passage", cut="redact").filter(pages)
    assert filtered.column("n").to_pylist() == [1, 2, 3]
    assert [len(text.split()) for text in filtered.column("text").to_pylist()] == [190, 240, 120]

    nested = pyarrow.table({"page": [{"text": text, "n": 1} for text in PAGES]})
    result = deduplicate(nested, scope="passage", cut="redact", text_field="page.text")
    assert [page["text"] for page in result.filter(nested).column("page").to_pylist()] == filtered.column(
        "text"
    ).to_pylist()


@pytest.mark.parametrize(
    "kind", ["string", "large_string", "string_view", "binary", "large_binary", "binary_view"]
)
def test_what_is_cut_out_of_a_table_leaves_its_types_as_they_are(kind):
    pyarrow = pytest.importorskip("pyarrow")
    text = pyarrow.array([page.encode() for page in PAGES], getattr(pyarrow, kind)())
    pages = pyarrow.table(
        {"text": text, "beside": text, "dictionary": pyarrow.array(PAGES).dictionary_encode()}
    )
    filtered = deduplicate(pages, scope="passage", cut="redact").filter(pages)
    assert filtered.schema == pages.schema
    assert filtered.column("beside").to_pylist() == text.to_pylist()
    assert [len(text.split()) for text in filtered.column("text").to_pylist()] == [190, 240, 120]
