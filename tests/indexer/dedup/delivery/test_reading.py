"""Parts of a delivery to documents."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import zstd
from simblock_indexer.dedup.delivery.jsonl import TOO_LONG, lines
from simblock_indexer.dedup.delivery.rows import Met
from simblock_indexer.readers.tally import Unreadable

from .conftest import PYTHON, one, planned, texts

pa = pytest.importorskip("pyarrow")


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
        None, "python", "java", "javascript", "python", None, "", "", None, "c", None, "python", "php",
    ]  # fmt: skip


def test_the_kind_that_is_given_is_for_all_rows_that_say_none(jsonl):
    path = jsonl([{"text": PYTHON}, {"text": "a b", "kind": "code", "language": "c"}])
    assert one(planned(path, kind="text")).languages == [None, "c"]
    assert one(planned(path, kind="code", language="java")).languages == ["java", "c"]


def test_rows_of_json_are_read_as_the_standard_library_reads_them(jsonl):
    values = ["a\u2028b", "\0", "é", "🦊", "\\n\n", ""]
    path = jsonl([json.dumps({"text": value}, ensure_ascii=False).encode() for value in values])
    assert texts(planned(path)) == values
