"""JSONL: a row a work."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock import zstd
from simblock.errors import InputError
from simblock.work import Document, Work
from simblock_indexer.readers import ReadOptions, read

SECRET = "the quick protected fox"


def test_a_row_is_a_work_with_its_columns(works, jsonl):
    row = {
        "id": "fox",
        "text": SECRET,
        "title": "The Fox",
        "owner": "A. Esop",
        "license": "MIT",
        "url": "https://example.org/fox",
        "tags": ["fable", "old"],
        "language": "en",
        "kind": "text",
        "expires": "2030-01-31",
    }
    work = Work(
        "fox",
        title="The Fox",
        owner="A. Esop",
        license="MIT",
        url="https://example.org/fox",
        tags=("fable", "old"),
        language="en",
        expires="2030-01-31",
    )
    assert works(jsonl([row])) == {"fox": Document(work, SECRET)}


def test_a_row_without_an_id_is_called_by_its_file_and_line(works, jsonl):
    assert list(works(jsonl([{"text": "one"}, "", {"text": "two"}]))) == ["rows.jsonl#1", "rows.jsonl#3"]


def test_whole_numbers_are_ids(works, jsonl):
    assert list(works(jsonl([{"id": 7, "text": "seven"}]))) == ["7"]


def test_fields_can_be_named(works, jsonl):
    found = works(jsonl([{"key": "a", "body": "words"}]), text_field="body", id_field="key")
    assert found["a"].text == "words"


@pytest.mark.parametrize(("suffix", "opener"), [(".gz", "gzip"), (".zst", "zstd")])
def test_compressed_rows_are_the_same_rows(works, jsonl, suffix, opener):
    plain = jsonl([{"id": str(n), "text": f"word {n}"} for n in range(300)])
    packed = plain.with_name("packed.jsonl" + suffix)
    packed.write_bytes(_compress(plain.read_bytes(), opener))
    assert works(plain) == works(packed)


@pytest.mark.parametrize(("suffix", "opener"), [(".gz", "gzip"), (".zst", "zstd")])
@pytest.mark.parametrize("cut", [40, -8])
def test_compressed_rows_cut_short_are_named(works, jsonl, suffix, opener, cut):
    plain = jsonl([{"id": str(n), "text": f"word {n * n}"} for n in range(300)])
    packed = plain.with_name("packed.jsonl" + suffix)
    packed.write_bytes(_compress(plain.read_bytes(), opener)[:cut])
    with pytest.raises(InputError, match=r"packed\.jsonl.*damaged or cut short"):
        works(packed)


def _compress(data: bytes, opener: str) -> bytes:
    if opener == "gzip":
        return gzip.compress(data)
    return zstd.compress(data)


BAD_ROWS = {
    "not JSON": ('{"text": "the quick protected fox"', r"not JSON, expecting ',' delimiter at column \d+"),
    "no object": ('["the quick protected fox"]', "a list"),
    "no text": ({"id": "x", "body": SECRET}, r'no field "text" \(it has id, body\)'),
    "a key that is text": ({SECRET: 1}, r'no field "text":'),
    "text that is null": ({"text": None}, '"text" is null'),
    "text that is a list": ({"text": [SECRET]}, '"text" is a list'),
    "an id that is a float": ({"id": 1.5, "text": SECRET}, '"id" is a number'),
    "an id that is the text": ({"id": SECRET * 100, "text": SECRET}, r'"id" has 2,300 characters'),
    "an id of two lines": ({"id": "a\nb", "text": SECRET}, "cannot be printed"),
    "an empty id": ({"id": "", "text": SECRET}, "has 0 characters"),
    "a title that is a number": ({"title": 3, "text": SECRET}, '"title" is a number'),
    "tags that are a number": ({"tags": 3, "text": SECRET}, '"tags" is a number'),
    "an expiry that is no date": ({"expires": "soon", "text": SECRET}, '"expires" is no date'),
    "code of no known language": ({"kind": "code", "text": SECRET}, "code of no known language: say its"),
    "no grammar": (
        {"kind": "code", "language": "klingon", "text": SECRET},
        "no grammar of the language 'klingon'",
    ),
    "no kind": ({"kind": "song", "text": SECRET}, 'the field "kind" is no kind: it is auto, text or code'),
    "nested too deep": ("[" * 100_000, "not JSON"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_is_named_by_file_and_line_without_its_text(works, jsonl, case):
    row, problem = BAD_ROWS[case]
    path = jsonl([{"id": "good", "text": "fine"}, row])
    with pytest.raises(InputError, match=r"rows\.jsonl, line 2: .*" + problem) as caught:
        works(path)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", BAD_ROWS)
def test_skip_bad_lists_the_row_and_reads_the_rest(works, jsonl, tally, case):
    row, _ = BAD_ROWS[case]
    assert list(
        works(jsonl([{"id": "a", "text": "fine"}, row, {"id": "b", "text": "too"}]), skip_bad=True)
    ) == ["a", "b"]
    assert tally.bad == 1
    assert "line 2" in tally.problems[0]


def test_bytes_that_are_not_utf8_are_named_by_their_place_in_the_file(works, tmp_path):
    path = tmp_path / "rows.jsonl"
    first = b'{"text": "fine"}\n'
    path.write_bytes(first + b'{"text": "caf\xe9"}\n')
    with pytest.raises(
        InputError, match=rf"line 2: not UTF-8 at byte {len(first) + 13}: name its --encoding"
    ):
        works(path)
    assert works(path, encoding="latin-1")["rows.jsonl#2"].text == "café"
    assert works(path, errors="replace")["rows.jsonl#2"].text == "caf\ufffd"


def test_rows_in_utf16_are_refused_with_the_mend(works, jsonl):
    with pytest.raises(InputError, match="convert it"):
        works(jsonl([{"text": "x"}]), encoding="utf-16")


def test_a_byte_order_mark_is_no_part_of_the_first_row(works, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "text": "words"}\r\n')
    assert works(path)["a"].text == "words"


def test_rows_without_text_are_passed_over_and_counted(works, jsonl, tally):
    assert list(works(jsonl([{"text": ""}, {"text": " \n"}, {"text": "words"}]))) == ["rows.jsonl#3"]
    assert tally.passed["empty"] == 2


def test_columns_that_are_not_used_are_noted(works, jsonl, tally):
    works(jsonl([{"text": "words", "licence": "MIT", "id": "a"}]))
    assert tally.columns == {"licence"}


def test_a_row_over_the_limit_is_refused_before_its_end_is_looked_for(works, tmp_path, tally):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a", "text": "x"}\n{"text": "' + "y" * 5000 + '"}\n{"id": "c", "text": "z"}\n')
    with pytest.raises(InputError, match=r"rows\.jsonl, line 2: longer than 1,000 bytes: .*--max-row"):
        works(path, max_row=1000)
    assert list(works(path, max_row=1000, skip_bad=True)) == ["a", "c"]


def test_a_row_of_exactly_the_limit_is_read(works, tmp_path):
    path = tmp_path / "rows.jsonl"
    row = '{"id": "a", "text": "x"}'
    path.write_text(f"{row}\n{row.replace('a', 'b')}")
    assert list(works(path, max_row=len(row))) == ["a", "b"]


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1, max_size=8))
def test_any_text_comes_through_json_unchanged(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [{"id": str(n), "text": "w" + text} for n, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [found.text for found in read([path], ReadOptions())] == [row["text"] for row in rows]
