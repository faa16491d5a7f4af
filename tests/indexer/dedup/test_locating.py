"""Where in training data a work appears."""

from __future__ import annotations

import json

import pytest

from tests.indexer.dedup.deliveries import jsonl
from tests.indexer.dedup.guarded import CODE, PASSAGE, index_of, prose, renamed, within
from tests.masks import HOST

TALE = prose(77, 400)
PART = " ".join(TALE.split()[100:180])


@pytest.fixture
def work(tmp_path):
    path = tmp_path / "tale.txt"
    path.write_text(TALE, "utf-8")
    return path


@pytest.fixture
def training(tmp_path):
    """Two shards: what is verbatim, edited, short of the thresholds, and not there."""
    edited = " ".join(word if at % 9 else "otherwise" for at, word in enumerate(PART.split(), 1))
    sixteen = " ".join(TALE.split()[300:316])
    folder = tmp_path / "training"
    rows = [prose(1), within(PART, 2), prose(3), within(f"{edited} {edited}", 4)]
    jsonl(folder / "0.jsonl", [{"id": f"a{n}", "text": text} for n, text in enumerate(rows)])
    (folder / "1.jsonl").write_text(
        json.dumps({"text": prose(5)}) + "\n\n" + json.dumps({"text": within(sixteen, 6)}) + "\n", "utf-8"
    )
    jsonl(folder / "2.jsonl", [{"text": prose(7)}])
    return folder


def located(index_command, *arguments):
    outcome = index_command("locate", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    *places, sums = outcome.rows
    return places, sums


def test_places_are_told_by_file_and_row_with_spans_on_both_sides(index_command, work, training):
    places, sums = located(index_command, work, training)
    files = [(place["file"].rpartition("/")[2], place["row"], place["id"]) for place in places]
    assert files == [("0.jsonl", 2, "a1"), ("0.jsonl", 4, "a3"), ("1.jsonl", 3, None)]
    verbatim, edited, short = places
    (start, end, source_start, source_end) = verbatim["spans"][0]
    assert within(PART, 2)[start:end] == TALE[source_start:source_end] == PART
    assert (verbatim["longest_run"], verbatim["verbatim"], verbatim["work"]) == (80, True, "tale.txt")
    assert (edited["verbatim"], short["longest_run"]) == (False, 16)
    assert edited["similarity"] < 1
    assert (sums["documents"], sums["rows"], sums["places"]) == (7, 3, 3)


def test_sums_by_file_say_which_shards_hold_how_much(index_command, work, training):
    places, sums = located(index_command, work, training)
    held = {file["file"].rpartition("/")[2]: file for file in sums["files"]}
    assert {name: file["rows"] for name, file in held.items()} == {"0.jsonl": 2, "1.jsonl": 1}
    assert held["0.jsonl"]["tokens"] == places[0]["tokens"] + places[1]["tokens"]
    assert held["0.jsonl"]["longest_run"] == 80
    assert [work["rows"] for work in sums["works"]] == [3]


def test_people_see_a_table_and_a_sentence(index_command, work, training):
    outcome = index_command("locate", work, training)
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["file", "row", "id", "alike", "tokens", "longest", "run", "as", "characters"]
    assert "verbatim" in lines[1]
    assert lines[-1].startswith("3 rows of 7 documents, with ")
    assert not any(word in outcome.out for word in PART.split()[:5])


def test_nowhere_is_said_and_is_no_error(index_command, work, training):
    outcome = index_command("locate", work, training / "2.jsonl")
    assert (outcome.code, outcome.out) == (0, "nowhere: 1 document, and no passage of it in any\n")
    places, sums = located(index_command, work, training / "2.jsonl")
    assert (places, sums["rows"], sums["files"]) == ([], 0, [])


def test_a_work_of_an_index_is_located_by_what_the_index_stores(index_command, tmp_path, training):
    index = index_of(tmp_path, tmp_path / "protected.sbx")
    places, _ = located(index_command, "works/tale.txt", training, "--index", index)
    assert [place["row"] for place in places] == [2, 4, 3]
    assert {place["work"] for place in places} == {"works/tale.txt"}
    unknown = index_command("locate", "works/none.txt", training, "--index", index)
    assert unknown.code == 2
    assert "works/none.txt" in unknown.err


def test_so_is_one_of_a_keyed_index_in_redis(index_command, tmp_path, training, url, key_files):
    index = index_of(tmp_path, url, key_file=key_files[0])
    asked = ("works/tale.txt", training, "--index", index)
    places, _ = located(index_command, *asked, "--key-file", key_files[0])
    assert [place["row"] for place in places] == [2, 4, 3]
    assert index_command("locate", *asked).code == 2


def test_code_is_found_with_other_names_and_several_works_at_once(index_command, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "settle.py").write_text(CODE, "utf-8")
    (folder / "baker.txt").write_text(PASSAGE, "utf-8")
    rows = [
        {"id": "x.py", "text": f"import os\n\n\n{renamed(CODE)}", "language": "python"},
        {"id": "answer", "text": f"{prose(2, 80)}\n\n```python\n{renamed(CODE)}```\n"},
        {"id": "page", "text": within(PASSAGE)},
    ]
    places, sums = located(index_command, folder, jsonl(tmp_path / "code.jsonl", rows))
    told = [(place["id"], place["work"], place["kind"], place["renamed"]) for place in places]
    assert told == [
        ("x.py", "mine/settle.py", "code", True),
        ("answer", "mine/settle.py", "code", True),
        ("page", "mine/baker.txt", "text", False),
    ]
    assert {work["work"]: work["rows"] for work in sums["works"]} == {
        "mine/settle.py": 2,
        "mine/baker.txt": 1,
    }


@pytest.mark.parametrize(
    ("name", "text", "looked"), [("settle.py", CODE, True), ("baker.txt", PASSAGE, False)]
)
def test_only_for_code_it_is_asked_what_rows_hold(index_command, tmp_path, monkeypatch, name, text, looked):
    asked = []
    monkeypatch.setattr("simblock.detection.by_content", asked.append)
    (tmp_path / name).write_text(text, "utf-8")
    data = jsonl(tmp_path / "code.jsonl", [{"text": CODE}])
    located(index_command, tmp_path / name, data)
    assert (CODE in asked) == looked


def test_shorter_likenesses_are_told_on_request(index_command, tmp_path):
    work = tmp_path / "baker.txt"
    work.write_text(PASSAGE, "utf-8")
    words = PASSAGE.split()[1:23]
    words[7] = words[14] = "quietly"
    data = jsonl(tmp_path / "short.jsonl", [{"text": f"{HOST} {' '.join(words)} {HOST}"}])
    assert located(index_command, work, data)[0] == []
    places, _ = located(index_command, work, data, "--min-tokens", "12")
    assert [(place["tokens"], place["verbatim"]) for place in places] == [(19, False)]


def test_what_a_policy_does_about_a_work_does_not_matter(index_command, work, training, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('action = "observe"\n[[rule]]\nwork = ["tale.txt"]\naction = "release"\n', "utf-8")
    places, _ = located(index_command, work, training, "--policy", policy)
    assert len(places) == 3


@pytest.mark.slow
def test_several_processes_find_the_same_in_the_same_order(index_command, work, training):
    assert located(index_command, work, training) == located(index_command, work, training, "--workers", "2")


def test_bad_rows_end_it_or_are_counted(index_command, work, tmp_path):
    data = tmp_path / "bad.jsonl"
    data.write_text('{"text": 3}\n' + json.dumps({"text": within(PART)}) + "\n", "utf-8")
    outcome = index_command("locate", work, data)
    assert outcome.code == 2
    assert "bad.jsonl" in outcome.err
    places, sums = located(index_command, work, data, "--skip-bad")
    assert ([place["row"] for place in places], sums["bad"]) == ([2], 1)


def test_a_store_that_is_lost_is_an_error_and_not_nowhere(index_command, own_server, tmp_path, training):
    index = index_of(tmp_path, own_server.url(tenant="lost", timeout=1, connect_timeout=1), no_key=True)
    own_server.kill()
    outcome = index_command("locate", "works/tale.txt", training, "--index", index)
    assert (outcome.code, outcome.out) == (2, "")
