"""Inputs to documents: ids, sidecars, encodings, threads."""

from __future__ import annotations

import os
import threading

import pytest

from simblock.errors import InputError
from simblock_indexer.readers import ReadOptions, Tally, read


def test_two_works_of_one_id_name_both_places(works, jsonl, tmp_path):
    rows = jsonl([{"id": "a", "text": "one"}, {"id": "b", "text": "two"}, {"id": "a", "text": "three"}])
    with pytest.raises(
        InputError, match=r"called 'a', in .*rows\.jsonl, line 1 and in .*rows\.jsonl, line 3"
    ):
        works(rows)


def test_two_files_of_one_name_name_both(works, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    with pytest.raises(InputError, match=r"'a\.txt', in .*x/a\.txt and in .*y/a\.txt"):
        works(tmp_path / "x/a.txt", tmp_path / "y/a.txt")


def test_an_empty_file_that_is_named_is_an_error(works, tmp_path):
    (tmp_path / "a.txt").write_text("\n")
    with pytest.raises(InputError, match=r"a\.txt: holds no text"):
        works(tmp_path / "a.txt")


def test_an_unreadable_file_is_named(works, tmp_path):
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "a.txt").chmod(0)
    if os.access(tmp_path / "a.txt", os.R_OK):
        pytest.skip("root reads everything")
    with pytest.raises(InputError, match=r"a\.txt: permission denied"):
        works(tmp_path / "a.txt")


def test_a_file_that_vanishes_while_reading_is_named(works, tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(f"words of {name}")
    found = read([tmp_path])
    next(found)
    (tmp_path / "c").unlink()
    with pytest.raises(InputError, match="no such file"):
        list(found)


def test_a_document_that_is_no_text_is_told_by_its_sort(works, tmp_path):
    (tmp_path / "book.pdf").write_bytes(b"%PDF-1.4\n\xe2\xe3\xcf\xd3")
    with pytest.raises(InputError, match=r"book\.pdf: is a PDF and no text: extract"):
        works(tmp_path / "book.pdf")


def test_utf16_is_recognised_by_its_mark(works, tmp_path):
    (tmp_path / "a.txt").write_text("words", encoding="utf-16")
    with pytest.raises(InputError, match="try --encoding utf-16"):
        works(tmp_path / "a.txt")
    assert works(tmp_path / "a.txt", encoding="utf-16")["a.txt"].text == "words"
    assert works(tmp_path, encoding="utf-16")


def test_a_codec_that_names_no_byte_is_one_sentence_too(works, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"words-\\\x00")
    with pytest.raises(InputError, match=r"a\.txt: not PUNYCODE at byte"):
        works(tmp_path / "a.txt", encoding="punycode")


def test_a_file_over_the_limit_is_refused(works, tmp_path, tally):
    (tmp_path / "a.txt").write_text("x" * 10_000)
    (tmp_path / "b.txt").write_text("x" * 9_999)
    with pytest.raises(InputError, match=r"a\.txt: longer than 9,999 bytes"):
        works(tmp_path, max_row=9_999)
    assert len(works(tmp_path, max_row=9_999, skip_bad=True)) == 1


def test_line_ends_and_control_characters_stay_as_they_are(works, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\0three")
    assert works(tmp_path / "a.txt")["a.txt"].text == "one\r\ntwo\r\0three"


def test_a_sidecar_says_what_is_known_about_works(works, jsonl, tmp_path):
    (tmp_path / "poem.txt").write_text("roses are red")
    meta = jsonl([{"id": "poem.txt", "title": "Roses", "tags": "old, red", "unknown": 1}], "meta.jsonl")
    work = works(tmp_path / "poem.txt", meta=meta)["poem.txt"].work
    assert (work.title, work.tags) == ("Roses", ("old", "red"))


def test_a_sidecar_goes_before_columns_and_defaults(works, jsonl):
    rows = jsonl([{"id": "a", "text": "words", "title": "Column", "owner": "Column"}])
    meta = jsonl([{"id": "a", "title": "Sidecar", "expires": "2031-01-01"}], "meta.jsonl")
    work = works(rows, meta=meta, expires="2030-01-01", reason="asked")["a"].work
    assert (work.title, work.owner, work.expires, work.reason) == ("Sidecar", "Column", "2031-01-01", "asked")


SIDECARS = {
    "an id that no work has": (
        [{"id": "a"}, {"id": "none", "title": "x"}],
        r"line 2: no work is called 'none'",
    ),
    "a row without an id": ([{"title": "x"}], r'line 1: has no field "id"'),
    "two rows of one id": ([{"id": "a"}, {"id": "a"}], "line 2: the work 'a' stands on line 1 too"),
    "no JSON": (["{"], "line 1: not JSON"),
    "a wrong type": ([{"id": "a", "license": []}], 'line 1: the field "license" is a list'),
}


@pytest.mark.parametrize("case", SIDECARS)
def test_a_bad_sidecar_names_its_line(works, jsonl, case):
    rows, problem = SIDECARS[case]
    with pytest.raises(InputError, match=r"meta\.jsonl, " + problem):
        works(jsonl([{"id": "a", "text": "words"}]), meta=jsonl(rows, "meta.jsonl"))


def test_a_sidecar_may_speak_of_files_that_could_not_be_read(works, jsonl, tmp_path):
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "a.txt").write_text("words")
    (folder / "b.bin").write_bytes(b"\0")
    assert len(works(folder, meta=jsonl([{"id": "r/b.bin"}], "meta.jsonl"))) == 1


def test_a_sidecar_that_is_not_there_is_named(works, jsonl, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jsonl: no such file"):
        works(jsonl([{"text": "words"}]), meta=tmp_path / "nowhere.jsonl")


def test_threads_read_the_same_works_in_the_same_order(tmp_path):
    for n in range(200):
        (tmp_path / f"{n:03}.txt").write_text(f"words of number {n} " * (n % 7 + 1))
    (tmp_path / "100.jsonl").write_text('{"text": "a row between"}\n')
    alone, together = Tally(), Tally()
    assert list(read([tmp_path], ReadOptions(), alone)) == list(
        read([tmp_path], ReadOptions(workers=4), together)
    )
    assert alone == together
    assert alone.done == alone.total


def test_threads_end_with_the_reading(tmp_path):
    for n in range(100):
        (tmp_path / f"{n}.txt").write_text("words")
    found = read([tmp_path], ReadOptions(workers=3))
    next(found)
    found.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("simblock-reader")]
