"""Tables and report say of each document what became of it, and why."""

import json

import pyarrow.parquet as pq
import pytest

from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.outcome import conclude, show
from simblock_indexer.dedup.part import EMPTY, TAKEN
from tests.indexer.dedup.outcome.passes import Delivery, Doc, found

TWO_FILES = {
    "a.jsonl": [
        Doc("one two three", "first"),
        None,
        Doc("one two three", fate="exact", keeper=0),
        Doc("one two four", "third", "near", 0, 0.8125),
    ],
    "b.jsonl": [
        Doc("five", rank=2.0),
        Doc("five six", "kept-copy", "kept", 3, 0.9, rank=1.0),
        Doc("five seven", "other-copy", "near", 3, 0.82, rank=0.5),
        Doc("", sort=EMPTY),
    ],
}


def told(folder):
    return folder.root.parent


def concluded(tmp_path, delivery, **options):
    folder = delivery.made(tmp_path)
    return conclude(folder, {"seconds": 2.0, "stages": {}}, page=False, **options), told(folder)


def rows(out, name):
    return pq.read_table(out / name).to_pylist()


def test_each_dropped_document_has_a_reason_and_its_keeper(tmp_path):
    _, out = concluded(tmp_path, Delivery(TWO_FILES, options=DedupOptions(keep="longest")))
    a, b = str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")
    assert rows(out, "dropped.parquet") == [
        {
            "id": "a#3", "source": a, "row": 3, "keeper_id": "first", "keeper_source": a, "keeper_row": 1,
            "keeper_earlier": False, "similarity": 1.0, "reason": "exact", "work": None,
            "rule": "equal text, keep=longest, max_copies=1",
        },
        {
            "id": "third", "source": a, "row": 4, "keeper_id": "first", "keeper_source": a, "keeper_row": 1,
            "keeper_earlier": False, "similarity": 0.8125, "reason": "near", "work": None,
            "rule": "jaccard>=0.8, keep=longest, max_copies=1",
        },
        {
            "id": "other-copy", "source": b, "row": 3, "keeper_id": "b#1", "keeper_source": b, "keeper_row": 1,
            "keeper_earlier": False, "similarity": pytest.approx(0.82), "reason": "near", "work": None,
            "rule": "jaccard>=0.8, keep=longest, max_copies=1",
        },
    ]  # fmt: skip


def test_clusters_have_their_members_by_the_rule_after_the_one_that_they_stand_around(tmp_path):
    _, out = concluded(tmp_path, Delivery(TWO_FILES))
    told = [
        (row["cluster"], row["id"], row["row"], row["size"], row["rank"], row["kept"])
        for row in rows(out, "clusters.parquet")
    ]
    assert told == [
        ("first", "first", 1, 3, 1, True),
        ("first", "a#3", 3, 3, 2, False),
        ("first", "third", 4, 3, 3, False),
        ("b#1", "b#1", 1, 3, 1, True),
        ("b#1", "other-copy", 3, 3, 2, False),
        ("b#1", "kept-copy", 2, 3, 3, True),
    ]


def test_the_report_counts_what_came_in_and_what_became_of_it(tmp_path):
    outcome, out = concluded(tmp_path, Delivery(TWO_FILES, measured={40: 1, 41: 1, 45: 1, 39: 5, 10: 2}))
    report = json.loads((out / "report.json").read_text())
    assert report == json.loads(json.dumps(outcome.to_dict()))
    assert report["schema"] == 1
    assert (report["documents"], report["kept"], report["dropped"]) == (7, 4, 3)
    assert report["by_reason"] == {"exact": 1, "near": 2, "passage": 0, "protected": 0}
    assert report["characters"]["by_reason"] == {"exact": 13, "near": 22, "passage": 0, "protected": 0}
    assert report["characters"]["read"] == report["characters"]["kept"] + report["characters"]["dropped"]
    assert (report["rows"], report["bad"], report["problems"]) == (8, 1, ["row 2: not JSON"])
    assert report["clusters"]["by_size"] == {"1": 1, "3": 2}
    assert [(row["cluster"], row["size"]) for row in report["clusters"]["largest"]] == [
        ("first", 3),
        ("b#1", 3),
    ]
    alike = report["similarities"]
    assert [at for at, count in enumerate(alike["members"]) if count] == [40, 41, 45]
    assert [at for at, count in enumerate(alike["rejected"]) if count] == [10, 39]
    assert alike["exact"] == 1
    assert report["found"] == {
        "entries": 40,
        "compared": 20,
        "crowded": 1,
        "candidates": 9,
        "units": 1,
        "tests": 10,
    }
    assert report["affected"][0] == {"source": str(tmp_path / "a.jsonl"), "kept": 1, "dropped": 2}
    assert report["rates"]["machine"]["cores"] >= 1
    assert (report["rates"]["seconds"], report["rates"]["memory"]) == (2.0, 2048 << 20)
    assert report["passages"] is report["protected"] is None
    assert report["tables"] == ["dropped.parquet", "clusters.parquet", "report.json"]


def test_a_keeper_of_an_earlier_delivery_is_told_by_its_id_alone(tmp_path):
    earlier = [Doc("old words", "old#7"), Doc("one", "old#8")]
    copies = [
        Doc("old words", "new", "exact", 0),
        Doc("old word", fate="near", keeper=0, similarity=0.9),
        Doc("else"),
    ]
    outcome, out = concluded(tmp_path, Delivery({"new.jsonl": copies}, earlier))
    first, second = rows(out, "dropped.parquet")
    assert (first["keeper_id"], first["keeper_earlier"]) == ("old#7", True)
    assert first["keeper_source"] is first["keeper_row"] is None
    assert (second["id"], second["keeper_id"]) == ("new#2", "old#7")
    members = rows(out, "clusters.parquet")
    assert [(row["id"], row["earlier"], row["row"], row["rank"]) for row in members] == [
        ("old#7", True, None, 1), ("new", False, 1, 2), ("new#2", False, 2, 3),
    ]  # fmt: skip
    assert (outcome.documents, outcome.kept, outcome.earlier) == (3, 1, 2)
    assert outcome.clusters["by_size"] == {"1": 2, "3": 1}
    assert outcome.clusters["largest"][0]["source"] is None


def test_rows_of_a_second_part_are_counted_from_the_start_of_the_file(tmp_path):
    docs = [Doc(), None, Doc(), None, Doc(fate="exact", keeper=0), Doc(id="last", fate="exact", keeper=2)]
    _, out = concluded(tmp_path, Delivery({"x.jsonl": docs}, halves={"x.jsonl": 3}))
    told = [
        (row["id"], row["row"], row["keeper_id"], row["keeper_row"]) for row in rows(out, "dropped.parquet")
    ]
    assert told == [("x#5", 5, "x#1", 1), ("last", 6, "x#5", 5)]


def test_what_holds_protected_works_is_dropped_by_the_rule_of_the_severest_finding(tmp_path):
    cited = found(work="pride", title=None, action="cite", cut="list", rule="open", tokens=90)
    docs = [
        Doc(
            "call me ishmael",
            "a",
            "protected",
            sort=TAKEN,
            found=(cited, found(similarity=0.75, rule="novels")),
        ),
        Doc("plain", "b"),
        Doc("it is a truth", "c", found=(cited, cited)),
    ]
    options = DedupOptions(against=("books",))
    outcome, out = concluded(tmp_path, Delivery({"x.jsonl": docs}, options=options))
    (gone,) = rows(out, "dropped.parquet")
    assert (gone["reason"], gone["work"], gone["rule"], gone["similarity"]) == (
        "protected",
        "moby",
        "policy, rule novels",
        0.75,
    )
    assert gone["keeper_id"] is gone["keeper_row"] is gone["keeper_earlier"] is None
    listed = rows(out, "protected.parquet")
    assert [(row["id"], row["row"], row["work"], row["cut"]) for row in listed] == [
        ("a", 1, "pride", "list"), ("a", 1, "moby", "drop"), ("c", 3, "pride", "list"), ("c", 3, "pride", "list"),
    ]  # fmt: skip
    protected = outcome.protected
    assert (protected["documents"], protected["findings"], protected["works"]) == (2, 4, 2)
    assert protected["by_cut"] == {"drop": 1, "redact": 0, "list": 1}
    assert [(row["work"], row["documents"], row["findings"]) for row in protected["most"]] == [
        ("pride", 2, 3),
        ("moby", 1, 1),
    ]


def test_what_cutting_would_leave_nothing_of_is_dropped_by_a_rule_that_says_so(tmp_path):
    docs = [Doc(), Doc(id="a", fate="passage", keeper=0)]
    _, out = concluded(tmp_path, Delivery({"x.jsonl": docs}, options=DedupOptions(cut="redact")))
    (gone,) = rows(out, "dropped.parquet")
    assert (gone["id"], gone["keeper_id"]) == ("a", "x#1")
    assert gone["rule"] == "repeated passages>=1 of the tokens, min_passage=50, max_copies=1"


def test_passwords_of_urls_stay_out_of_tables_and_report(tmp_path):
    delivery = Delivery(
        {"x.jsonl": TWO_FILES["a.jsonl"]}, options=DedupOptions(against=("redis://me:hush@host/1",))
    )
    folder = delivery.made(tmp_path)
    plan = folder.root / "plan.json"
    plan.write_text(
        plan.read_text().replace(str(tmp_path / "x.jsonl"), "s3://me:hush@bucket/x.jsonl?key=hush")
    )
    conclude(folder, {}, page=False)
    assert {row["source"] for row in rows(told(folder), "dropped.parquet")} == {"s3://bucket/x.jsonl"}
    assert "hush" not in (told(folder) / "report.json").read_text()


def test_ids_that_no_table_can_hold_are_escaped_and_the_others_are_as_they_are(tmp_path):
    docs = [Doc(id="\ud83d lone"), Doc(id="naïve ✓", fate="exact", keeper=0)]
    delivery = Delivery({"x.jsonl": docs})
    _, out = concluded(tmp_path, delivery)
    (gone,) = rows(out, "dropped.parquet")
    assert (gone["id"], gone["keeper_id"]) == ("naïve ✓", "\\ud83d lone")


def test_a_pass_that_drops_nothing_has_tables_without_rows(tmp_path, capsys):
    outcome, out = concluded(tmp_path, Delivery({"x.jsonl": [Doc(), Doc()]}))
    assert rows(out, "dropped.parquet") == rows(out, "clusters.parquet") == []
    assert (outcome.kept, outcome.clusters["by_size"]) == (2, {"1": 2})
    show(outcome)
    assert "dropped:" not in capsys.readouterr().out


def test_an_outcome_made_again_has_the_same_bytes(tmp_path):
    delivery = Delivery(TWO_FILES)
    folder = delivery.made(tmp_path)
    found = []
    for _ in range(2):
        conclude(folder, {}, page=False)
        found.append({path.name: path.read_bytes() for path in told(folder).iterdir() if path.is_file()})
    assert found[0] == found[1]
    assert set(found[0]) == {"dropped.parquet", "clusters.parquet", "report.json"}


def test_people_see_a_table_and_machines_the_report(tmp_path, capsys):
    outcome, out = concluded(tmp_path, Delivery(TWO_FILES))
    show(outcome, json=True)
    assert json.loads(capsys.readouterr().out) == json.loads((out / "report.json").read_text())
    show(outcome)
    shown = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "read 7 100.0 % 60" in lines
    assert "dropped: near-copies 2 28.6 % 22" in lines
    assert "largest first (3), b#1 (3)" in lines
    assert "bad rows passed over: 1" in lines
