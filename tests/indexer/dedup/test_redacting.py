"""Where cutting would leave nothing of a document, that is settled before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simblock_indexer import build, deduplicate
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.running import dedup
from simblock_indexer.readers import ReadOptions
from tests.indexer.dedup import passage_oracle as oracle
from tests.indexer.dedup.stories import edited, story

SHARED = story(7, 200)
AROUND = f"{story(8, 600)} {SHARED} {story(9, 600)}"
ALIKE = edited(SHARED, 20, 90, 150)


def delivered(root: Path, texts: dict[str, str], state: Path | None = None, **options: Any) -> list[Any]:
    """A pass of the command over texts by their ids: what is written, and what is dropped."""
    root.mkdir()
    lines = (json.dumps({"id": id, "text": text}) + "\n" for id, text in texts.items())
    (root / "rows.jsonl").write_text("".join(lines), "utf-8")
    asked = DedupOptions(**{"scope": "both", "cut": "redact", **options})
    dedup([str(root / "rows.jsonl")], root / "out", asked, ReadOptions(), page=False, state=state)
    written = (root / "out/documents/rows.jsonl").read_text("utf-8").splitlines()
    kept = {row["id"]: row["text"] for row in map(json.loads, written)}
    gone = pq.read_table(root / "out/dropped.parquet").to_pylist()
    return [kept, {row["id"]: (row["reason"], row["keeper_id"]) for row in gone}]


def test_a_document_that_near_copies_were_dropped_for_stays_though_all_of_it_stands_elsewhere(
    tmp_path: Path,
) -> None:
    kept, gone = delivered(tmp_path / "pass", {"keeps": AROUND, "a": SHARED, "a2": ALIKE})
    assert kept == {"keeps": AROUND, "a": SHARED}
    assert gone == {"a2": ("near", "a")}


@pytest.mark.parametrize("sketch", ["one-permutation", "permutations"])
def test_a_document_made_of_passages_alone_is_dropped_and_no_state_has_it(
    tmp_path: Path, sketch: str
) -> None:
    state = tmp_path / "state"
    kept, gone = delivered(tmp_path / "one", {"keeps": AROUND, "a": SHARED}, state, sketch=sketch)
    assert (list(kept), gone) == (["keeps"], {"a": ("passage", "keeps")})
    kept, gone = delivered(tmp_path / "two", {"again": SHARED, "new": story(10)}, state, sketch=sketch)
    assert (list(kept), gone) == (["new"], {"again": ("passage", "keeps")})


def test_a_program_and_the_command_drop_the_same(tmp_path: Path) -> None:
    texts = {"keeps": AROUND, "a": f"{SHARED} …", "b": f"{SHARED} and more", "c": SHARED}
    kept, gone = delivered(tmp_path / "pass", texts)
    rows = list(texts.items())
    result = deduplicate(rows, scope="both", cut="redact")
    assert [result.text(row, text) for row, (_, text) in enumerate(rows) if result.kept[row]] == [
        *kept.values()
    ]
    assert {drop.id: (drop.reason, drop.keeper_id) for drop in result.dropped} == gone


def test_a_document_that_is_a_protected_work_alone_is_taken_out(tmp_path: Path) -> None:
    (tmp_path / "works").mkdir()
    (tmp_path / "works" / "tale.txt").write_text(story(50, 300))
    build([str(tmp_path / "works")], tmp_path / "works.sbx")
    quoted = " ".join(story(50, 300).split()[100:160])
    texts = {"all": f"“{quoted}.”", "part": f"{story(51)} {quoted} {story(52)}"}
    kept, gone = delivered(tmp_path / "pass", texts, against=(str(tmp_path / "works.sbx"),))
    assert (list(kept), gone) == (["part"], {"all": ("protected", None)})
    found = pq.read_table(tmp_path / "pass/out/protected.parquet").to_pylist()
    assert [(row["id"], row["cut"]) for row in found] == [("all", "drop"), ("part", "redact")]


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Documents of whole pieces that others have too, near-copies of those, and words of their own."""
    random = draw(st.randoms(use_true_random=False))
    pieces = [story(seed, random.choice([60, 120])) for seed in random.sample(range(1000), 4)]
    documents = []
    for _ in range(draw(st.integers(3, 12))):
        chosen = random.choices(pieces, k=random.choice([1, 1, 2]))
        own = [story(random.randrange(10**6), 90)] if random.random() < 0.4 else []
        text = " ".join([*chosen, *own])
        documents.append(edited(text, 30) if random.random() < 0.3 else text)
    return documents


@given(corpora(), st.integers(1, 3), st.sampled_from(["passage", "both"]))
@settings(max_examples=25, deadline=None)
def test_what_stands_for_others_is_kept_with_its_text_and_what_is_cut_stays_as_often_as_it_may(
    documents: list[str], max_copies: int, scope: Any
) -> None:
    result = deduplicate(documents, scope=scope, cut="redact", max_copies=max_copies)
    left = {row: result.text(row, text).split() for row, text in enumerate(documents) if result.kept[row]}
    assert all(left.values())
    assert all(drop.keeper_row in left for drop in result.dropped)
    windows = [oracle.windows_of(words, [], 50) for words in left.values()]
    for passage in result.passages:
        words = documents[passage.row].split()[passage.first_token :][: passage.tokens]
        for window in oracle.windows_of(words, [], 50):
            assert sum(window in kept for kept in windows) >= max_copies
