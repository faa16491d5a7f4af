"""What is kept of each file, without what is cut out."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from simblock.errors import InputError, SimblockError
from simblock_indexer.dedup import signing
from simblock_indexer.dedup.delivery.sources import parts, sources
from simblock_indexer.dedup.folder import Folder, Plan, pack, unpacked
from simblock_indexer.dedup.options import DedupOptions
from simblock_indexer.dedup.part import Documents
from simblock_indexer.dedup.settled import KEPT, NEAR, PASSAGE, Settled
from simblock_indexer.dedup.writing import write
from simblock_indexer.readers.options import ReadOptions

TEXTS = [f"the number {n} stands here, between words that all of them have" for n in range(8)]
CODE = "def first(x):\n    return x + 1\n\ndef second(y):\n    return [y, y]\n"


def jsonl(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def signed(tmp_path, inputs, *, part_bytes=200, segments=(), options=None, **reading: Any) -> Folder:
    """A folder in which the inputs are signed."""
    told = ReadOptions(**reading)
    found = sources(inputs, told)
    plan = Plan(
        options or DedupOptions(), told, tuple(found), tuple(parts(found, told, part_bytes)), 4,
        out=str(tmp_path / "out"), segments=segments,
    )  # fmt: skip
    folder = Folder(tmp_path / "work")
    folder.root.mkdir()
    (folder.root / "plan.json").write_text(plan.to_json())
    for part in plan.parts:
        signing.sign(folder, part.number)
    return folder


def settled(folder, *, fates=None, cuts=()):
    """Settles: the fates of some documents, by number, and cuts of tokens (document, start, end)."""
    outcome = Settled.untouched(len(Documents(folder)))
    for number, fate in (fates or {}).items():
        outcome.fates[number] = fate
    cut = np.array(cuts, np.int64).reshape(-1, 3)
    outcome = Settled(
        outcome.fates, outcome.keepers, outcome.similarities, cut[:, 0].astype(np.uint32), cut[:, 1:]
    )
    with folder.making(folder.settled) as filled:
        outcome.write(filled)


def counts(folder, source=0):
    return json.loads((folder.written(source) / "counts.json").read_text())


def test_rows_are_kept_by_what_was_settled_over_all_parts(tmp_path):
    one = jsonl(tmp_path / "one.jsonl", [{"text": text, "n": n} for n, text in enumerate(TEXTS)])
    two = jsonl(tmp_path / "two.jsonl", [{"text": text} for text in TEXTS[:3]])
    folder = signed(tmp_path, [one, two])
    assert len(folder.plan.parts) > 4
    settled(folder, fates={1: NEAR, 6: PASSAGE, 8: NEAR})
    write(folder, 0)
    write(folder, 1)
    out = tmp_path / "out" / "documents"
    lines = one.read_bytes().splitlines(keepends=True)
    assert (out / "one.jsonl").read_bytes() == b"".join(lines[n] for n in (0, 2, 3, 4, 5, 7))
    assert (out / "two.jsonl").read_bytes() == b"".join(two.read_bytes().splitlines(keepends=True)[1:])
    size = (out / "one.jsonl").stat().st_size
    assert counts(folder) == {
        "rows": 8,
        "kept": 6,
        "changed": 0,
        "unreadable": 0,
        "bytes": size,
    }
    assert counts(folder, 1)["kept"] == 2


def test_documents_of_earlier_deliveries_do_not_shift_the_rows(tmp_path):
    path = jsonl(tmp_path / "one.jsonl", [{"text": text} for text in TEXTS])
    (tmp_path / "before").mkdir()
    first = signed(tmp_path / "before", [path])
    segment = str(first.signed(0))
    earlier = int(json.loads((first.signed(0) / "counts.json").read_text())["documents"])
    folder = signed(tmp_path, [path], segments=(segment,))
    settled(folder, fates={earlier + 2: NEAR})
    write(folder, 0)
    assert counts(folder)["kept"] == 7
    assert TEXTS[2] not in (tmp_path / "out" / "documents" / "one.jsonl").read_text()


def test_bad_and_blank_rows_are_left_out_and_the_others_not_shifted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"text": "one"}\nno json\n\n{"text": "two"}\n{}\n{"text": ""}\n')
    folder = signed(tmp_path, [path], part_bytes=15, skip_bad=True)
    settled(folder, fates={0: NEAR})
    write(folder, 0)
    assert (tmp_path / "out/documents/a.jsonl").read_text() == '{"text": "two"}\n{"text": ""}\n'
    assert counts(folder)["rows"] == 7


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_passages_are_cut_out_and_nothing_else(tmp_path, form):
    rows = [{"text": text, "n": 1.10} for text in TEXTS[:3]]
    if form == "jsonl":
        path = jsonl(tmp_path / "a.jsonl", rows)
    else:
        pa = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet")
        path = tmp_path / "a.parquet"
        pa.parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    folder = signed(tmp_path, [path])
    settled(folder, cuts=[(0, 0, 3), (0, 5, 7), (2, 9, 12)], fates={1: NEAR})
    write(folder, 0)
    target = tmp_path / "out/documents" / path.name
    if form == "jsonl":
        found = [json.loads(line) for line in target.read_text().splitlines()]
    else:
        found = pa.parquet.read_table(target).to_pylist()
    left = [" stands here,  that all of them have", "the number 2 stands here, between words that all "]
    assert [" ".join(row["text"].split()) for row in found] == [" ".join(text.split()) for text in left]
    assert [row["n"] for row in found] == [1.10, 1.10]
    assert counts(folder)["changed"] == 2


def test_passages_of_code_are_cut_by_its_lexemes(tmp_path):
    rows = [
        {"text": "prose", "language": "en"},
        {"text": CODE, "language": "python"},
        {"text": CODE, "path": "a.py"},
    ]
    folder = signed(tmp_path, [jsonl(tmp_path / "a.jsonl", rows)], part_bytes=90)
    tokens = len(Documents(folder).runs(np.array([1])).keys)
    settled(folder, cuts=[(1, 0, tokens // 2), (2, tokens // 2, tokens)])
    write(folder, 0)
    written = [
        json.loads(line)["text"] for line in (tmp_path / "out/documents/a.jsonl").read_text().splitlines()
    ]
    assert "second" in written[1]
    assert "first" not in written[1]
    assert "first" in written[2]
    assert "second" not in written[2]


def test_protected_passages_are_cut_before_others(tmp_path, monkeypatch):
    """The tokens of passages are counted in what is left of a text."""
    path = jsonl(
        tmp_path / "a.jsonl", [{"text": "zero"}, {"text": "one two three four five six"}, {"text": "seven"}]
    )
    folder = signed(tmp_path, [path], part_bytes=1000)
    part = folder.signed(0)
    plan = folder.plan
    told = plan.options.to_dict() | {"against": ("an index",)}
    changed = Plan(DedupOptions.from_dict(told), plan.reading, plan.sources, plan.parts, 4, out=plan.out)
    (folder.root / "plan.json").write_text(changed.to_json())
    arrays = {name: array.copy() for name, array in unpacked(part).items()}
    arrays["cut_owners"] = np.array([1, 1], np.uint32)
    arrays["cut_spans"] = np.array([[0, 4], [24, 27]])
    arrays["checks"][1] = signing._checks(["two three four five "])[0]
    pack(part, arrays)
    settled(folder, cuts=[(1, 1, 3)])
    write(folder, 0)
    written = [
        json.loads(line)["text"] for line in (tmp_path / "out/documents/a.jsonl").read_text().splitlines()
    ]
    assert [text.split() for text in written] == [["zero"], ["two", "five"], ["seven"]]
    assert counts(folder)["changed"] == 1


def test_a_text_that_is_another_than_was_signed_is_not_cut(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"text": "one two three"}])
    folder = signed(tmp_path, [path])
    settled(folder, cuts=[(0, 0, 1)])
    jsonl(path, [{"text": "one two other"}])
    with pytest.raises(InputError, match=r"a\.jsonl: has changed since it was read"):
        write(folder, 0)
    assert not (tmp_path / "out/documents/a.jsonl").exists()
    assert not folder.written(0).exists()


def test_what_is_marked_is_not_written_again_and_what_is_not_is(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"text": text} for text in TEXTS])
    folder = signed(tmp_path, [path])
    settled(folder)
    target = tmp_path / "out/documents/a.jsonl"
    target.parent.mkdir(parents=True)
    target.write_text("half of it")  # as by a process that was killed before it marked the file
    write(folder, 0)
    assert target.read_bytes() == path.read_bytes()
    target.write_text("another's")
    write(folder, 0)
    assert target.read_text() == "another's"


def test_where_nothing_can_be_written_no_mark_is_left(tmp_path):
    folder = signed(tmp_path, [jsonl(tmp_path / "a.jsonl", [{"text": "one"}])])
    settled(folder)
    (tmp_path / "out").write_text("no folder")
    with pytest.raises(SimblockError, match="cannot be written"):
        write(folder, 0)
    assert not folder.written(0).exists()


def test_kept_documents_may_go_to_a_url(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").store.clear()
    path = jsonl(tmp_path / "a.jsonl", [{"text": text} for text in TEXTS])
    folder = signed(tmp_path, [path])
    plan = folder.plan
    moved = Plan(plan.options, plan.reading, plan.sources, plan.parts, 4, out="memory://kept/")
    (folder.root / "plan.json").write_text(moved.to_json())
    settled(folder)
    write(folder, 0)
    assert fsspec.filesystem("memory").cat("/kept/documents/a.jsonl") == path.read_bytes()
    fsspec.filesystem("memory").store.clear()


def test_every_document_is_written_once_or_has_a_fate(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"text": text} for text in TEXTS * 20])
    folder = signed(tmp_path, [path], part_bytes=700)
    rng = np.random.default_rng(1)
    fates = rng.integers(0, 5, 160)
    settled(folder, fates=dict(enumerate(fates.tolist())))
    write(folder, 0)
    assert counts(folder)["kept"] == int((fates == KEPT).sum())
