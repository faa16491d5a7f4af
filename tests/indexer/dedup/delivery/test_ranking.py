"""Which document of a cluster is kept first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from simblock_indexer.readers.tally import Unreadable

from .conftest import one, planned, texts

pa = pytest.importorskip("pyarrow")

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
