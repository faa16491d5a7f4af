from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from simblock.errors import Damaged, UsageError
from simblock_indexer.dedup import deliveries, keeping
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import EXACT, KEPT
from tests.indexer.dedup.signed import settled, signed
from tests.indexer.dedup.test_verifying import family, jaccard


def deliver(
    room: Path, state: Path, texts: list[str], options: DedupOptions, *, partitions: int = 16
) -> tuple[Documents, list[int], list[int]]:
    """One delivery: its documents with those before, and the fates and keepers of all."""
    segments = deliveries.earlier(state, options)
    folder = signed(room, texts, options, state=state, segments=segments, partitions=partitions)
    found = settled(folder)
    keeping.keep(folder)
    return Documents(folder), found.fates.tolist(), found.keepers.tolist()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_later_delivery_is_compared_with_what_was_kept_before(tmp_path: Path, most: int) -> None:
    texts = family(21, 150)
    options, state = DedupOptions(max_copies=most), tmp_path / "state"
    kept: list[str] = []
    for number, partitions in enumerate((16, 64, 1)):
        delivery = texts[number * 50 : number * 50 + 50]
        documents, fates, keepers = deliver(
            tmp_path / f"pass{number}", state, delivery, options, partitions=partitions
        )
        assert documents.old == len(kept)
        known = kept + delivery
        assert not any(fates[: len(kept)])
        for at in range(documents.old, len(documents)):
            assert jaccard(known[at], known[keepers[at]]) >= 0.8 - 1e-6
        kept = [known[at] for at, fate in enumerate(fates) if fate == KEPT]
    together = signed(tmp_path / "together", texts, options)
    at_once = settled(together)
    assert abs(len(kept) - int((at_once.fates == KEPT).sum())) <= 2


def test_copies_are_counted_over_all_deliveries(tmp_path: Path) -> None:
    text = " ".join(f"w{number}" for number in range(80))
    options, state = DedupOptions(max_copies=3), tmp_path / "state"
    counts = []
    for number in range(4):
        documents, fates, _ = deliver(
            tmp_path / str(number), state, [text, text + " more", f"another {number} text"], options
        )
        counts.append(Counter(fates[documents.old :])[KEPT])
    assert counts == [3, 2, 1, 1]


def test_a_state_keeps_runs_and_ids_but_entries_of_representatives_alone(tmp_path: Path) -> None:
    text = " ".join(f"w{number}" for number in range(80))
    options, state = DedupOptions(max_copies=2), tmp_path / "state"
    deliver(tmp_path / "first", state, [text, "", text, text], options)
    documents, _, _ = deliver(tmp_path / "second", state, ["something else altogether"], options)
    assert documents.old == 2
    assert documents.lengths(np.arange(2)).tolist() == [80, 80]
    assert [documents.id(number) for number in range(3)] == [
        "texts.jsonl#1",
        "texts.jsonl#3",
        "texts.jsonl#1",
    ]
    owners = np.concatenate([part.array("owners") for part in documents.parts[:2]])
    assert set(owners.tolist()) == {0}
    assert documents.copies(np.array([0])).tolist() == [1]


def test_a_delivery_is_added_once_and_one_that_was_broken_off_is_made_anew(tmp_path: Path) -> None:
    options, state = DedupOptions(), tmp_path / "state"
    folder = signed(tmp_path / "pass", family(2), options, state=state)
    settled(folder)
    keeping.keep(folder)
    before = deliveries.earlier(state, options)
    keeping.keep(folder)
    assert deliveries.earlier(state, options) == before
    unlisted(state)  # as if killed before it was listed
    (state / "000000" / "000000" / "arrays.bin").write_bytes(b"")
    keeping.keep(folder)
    assert deliveries.earlier(state, options) == before
    deliveries.check_whole(before)


def unlisted(state: Path) -> None:
    told = json.loads((state / "state.json").read_text("utf-8"))
    (state / "state.json").write_text(json.dumps(told | {"deliveries": []}), "utf-8")


def test_what_another_pass_left_unlisted_is_not_removed(tmp_path: Path) -> None:
    options, state = DedupOptions(), tmp_path / "state"
    deliver(tmp_path / "pass", state, family(2, 9), options)
    unlisted(state)
    with pytest.raises(
        UsageError, match=r"state/000000: not listed, as the pass into .* was ended too early"
    ):
        deliver(tmp_path / "other", state, family(3, 9), options, partitions=64)
    (state / "000000" / "delivery.json").unlink()
    with pytest.raises(Damaged, match="000000 cannot be read as a delivery"):
        deliver(tmp_path / "third", state, family(3, 9), options, partitions=64)
    assert (state / "000000" / "000000" / "arrays.bin").exists()


def test_a_document_that_was_not_cut_is_known_as_the_same_text(tmp_path: Path) -> None:
    """Though another of its part was."""
    words = [f"w{number}" for number in range(400)]
    notice = " ".join(words[:60])
    texts = [
        f"{notice} {' '.join(words[60:160])}",
        f"{notice} {' '.join(words[160:260])}",
        " ".join(words[260:]),
    ]
    options, state = DedupOptions(scope="both", cut="redact"), tmp_path / "state"
    folder = signed(tmp_path / "first", texts, options, state=state, parts=1)
    assert settled(folder).cut_documents.tolist() == [1]
    keeping.keep(folder)
    documents, fates, _ = deliver(tmp_path / "second", state, texts[2:], options)
    assert (documents.take("checks", np.arange(3)) == 0).tolist() == [False, True, False]
    assert fates[3:] == [EXACT]


def test_a_state_of_other_options_or_with_a_damaged_list_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    deliver(tmp_path / "pass", state, family(2, 9), DedupOptions())
    with pytest.raises(UsageError, match=r"--threshold 0\.8"):
        deliveries.earlier(state, DedupOptions(threshold=0.5))
    (state / "state.json").write_text("{", "utf-8")
    with pytest.raises(Damaged, match="list of deliveries"):
        deliveries.earlier(state, DedupOptions())
    (state / "state.json").unlink()
    with pytest.raises(Damaged, match="is missing: restore it"):
        deliveries.earlier(state, DedupOptions())
    shutil.rmtree(state)
    assert deliveries.earlier(state, DedupOptions()) == ()


TOLD = {
    "version": 1,
    "options": {"scope": "document", "threshold": 0.8, "sketch": "one-permutation", "min_passage": 50},
    "deliveries": [],
}


@pytest.mark.parametrize(
    "told",
    [
        [],
        5,
        {},
        {"version": 1},
        TOLD | {"options": {}},
        TOLD | {"options": 1},
        TOLD | {"deliveries": 5},
        TOLD | {"deliveries": [1]},
        TOLD | {"deliveries": [{"plan": "x", "segments": ["../../x"], "documents": 1}]},
        TOLD | {"deliveries": [{"plan": "x", "segments": [3], "documents": 1}]},
        TOLD | {"deliveries": [{"plan": "x", "segments": [], "documents": "many"}]},
    ],
)
def test_a_list_of_another_shape_is_damage(tmp_path: Path, told: object) -> None:
    (tmp_path / "state.json").write_text(json.dumps(told), "utf-8")
    with pytest.raises(Damaged, match="list of deliveries"):
        deliveries.earlier(tmp_path, DedupOptions())


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps(TOLD | {"version": 2}), "utf-8")
    with pytest.raises(UsageError, match="made by another simblock"):
        deliveries.earlier(tmp_path, DedupOptions())


def test_a_folder_of_something_else_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "state.lock").touch()
    assert deliveries.earlier(tmp_path, DedupOptions()) == ()
    (tmp_path / "000000").mkdir()
    with pytest.raises(UsageError, match="is not empty and no state"):
        deliveries.earlier(tmp_path, DedupOptions())
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file: name a folder"):
        deliveries.earlier(tmp_path / "file", DedupOptions())


@pytest.mark.parametrize("name", ["arrays.bin", "runs.npy", "arrays.json", "counts.json"])
@pytest.mark.parametrize("spoil", ["flipped", "cut", "gone"])
def test_a_byte_of_a_state_that_is_another_is_noticed(tmp_path: Path, name: str, spoil: str) -> None:
    deliver(tmp_path / "pass", tmp_path / "state", family(2, 9), DedupOptions())
    segments = deliveries.earlier(tmp_path / "state", DedupOptions())
    deliveries.check_whole(segments)
    path = Path(segments[0]) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"flipped": bytes(data), "cut": b"", "gone": b""}[spoil])
    if spoil == "gone":
        path.unlink()
    with pytest.raises(Damaged, match=rf"{name}.* restore the state"):
        deliveries.check_whole(segments)
