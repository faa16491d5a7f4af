"""No broken index answers as a whole one does: each kind of damage is found, and named."""

import json
import random
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from simblock.errors import Damaged, Incompatible, KeyProblem, NotAnIndex, UsageError
from simblock.scheme import TEXT_CHANNELS, Scheme
from simblock.stores import names, open_index
from simblock.stores.directory import DirectoryIndex
from simblock.stores.manifest import FileRef
from simblock.stores.shelf import FolderShelf, MemoryShelf
from simblock.stores.writer import Writer
from simblock.work import Document, Work
from tests.stores.conftest import KEY
from tests.stores.works import answers, document, library, run_of

WORKS = [*library(6), Document(Work("odd"), "½ " + "z" * 50 + "\n" * 3 + "l" * 400 + " end of it")]
BOTH = pytest.mark.parametrize("key", [None, KEY], ids=["unkeyed", "keyed"])


def make(path, key=None):
    with Writer.create(path, key=key, store_text=True) as writer:
        writer.put(WORKS)
        writer.commit()
    with Writer.open(path, key=key) as writer:
        writer.put([document("later"), document("twin", seed="work-001")])
        writer.remove(["work-005"])
        writer.commit()
    return path


def ask_everything(path, key):
    """All answers of an index about some works, or Damaged."""
    index = DirectoryIndex(path, key=key)
    found = []
    for work in WORKS[:5]:
        segment, run = run_of(index, work)
        keys = index.run(segment, run, 0, 10**6)
        placed = index.places(segment, run, np.arange(len(keys)))
        columns = [column.tolist() for column in (keys, *placed)]
        found.append((answers(index, work), columns, index.works(segment, run), index.text(work.work.id)))
    return found, sorted(map(repr, index.entries())), index.history()


def sections(path, key):
    snapshot = DirectoryIndex(path, key=key)._snapshot
    files = [
        (ref.file, segment.container.sections.values())
        for ref, segment in zip(snapshot.manifest.segments, snapshot.segments, strict=True)
    ]
    files.append((snapshot.manifest.journal.file, snapshot.journal_sections))
    return [(file, section.name, section.at, section.stored) for file, parts in files for section in parts]


def flip(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 1 << at % 8
    file.write_bytes(data)


@BOTH
def test_a_flipped_byte_in_any_section_is_found_and_named(tmp_path, key):
    path = make(tmp_path / "x.sbx", key)
    seen = set()
    for file, name, at, stored in sections(path, key):
        for place in {at, at + stored // 2, at + stored - 1} if stored else ():
            flip(path / file, place)
            try:
                index = DirectoryIndex(path, key=key)
                problems = index.verify()
            except Damaged as error:
                problems = [str(error)]
            assert len(problems) == 1
            assert f"section {name} " in problems[0]
            assert file in problems[0]
            assert "rebuild the index or restore it" in problems[0]
            flip(path / file, place)
            seen.add(name)
    assert {"bloom", "postings", "runs", "places", "lines", "works", "texts", "tombstones", "recent"} <= seen
    assert DirectoryIndex(path, key=key).verify() == []


@BOTH
def test_a_flipped_byte_never_changes_an_answer(tmp_path, key):
    path = make(tmp_path / "x.sbx", key)
    whole = ask_everything(path, key)
    rng = random.Random(4)
    files = [file for file in path.iterdir() if file.stat().st_size]
    found = 0
    for _ in range(60):
        file = rng.choice(files)
        at = rng.randrange(file.stat().st_size)
        flip(file, at)
        try:
            assert ask_everything(path, key) == whole  # nothing asked for stood in the block
        except Damaged:
            found += 1
        flip(file, at)
    assert found > 20


@BOTH
@pytest.mark.parametrize("left", [0, 100, 4096, 5000, -1])
def test_a_file_cut_short_is_found_and_named(tmp_path, key, left):
    path = make(tmp_path / "x.sbx", key)
    for ref in DirectoryIndex(path, key=key)._snapshot.manifest.segments:
        file = path / ref.file
        data = file.read_bytes()
        file.write_bytes(data[:left])
        with pytest.raises(Damaged, match=ref.file):
            DirectoryIndex(path, key=key)
        file.write_bytes(data)


def test_a_missing_segment_or_journal_is_found_and_named(tmp_path):
    path = make(tmp_path / "x.sbx")
    for file in path.glob("*.sb"):
        data = file.read_bytes()
        file.unlink()
        with pytest.raises(Damaged, match=f"lacks its file {file.name}"):
            open_index(path)
        file.write_bytes(data)


def test_a_segment_of_another_index_is_found(tmp_path):
    one, two = make(tmp_path / "one.sbx"), make(tmp_path / "two.sbx")
    mine = DirectoryIndex(one)._snapshot.manifest.segments[0]
    other = DirectoryIndex(two)._snapshot.manifest.segments[0]
    (one / mine.file).write_bytes((two / other.file).read_bytes())
    with pytest.raises(Damaged, match="another file than the manifest names"):
        open_index(one)


def test_a_manifest_that_is_changed_is_found(tmp_path):
    path = make(tmp_path / "x.sbx")
    text = (path / names.MANIFEST).read_text()
    for changed in (text.replace('"epoch": 2', '"epoch": 1'), text[:-20], "", "[]", "null", "{}"):
        (path / names.MANIFEST).write_text(changed)
        with pytest.raises(Damaged, match="MANIFEST"):
            open_index(path)


def rewritten(path, **changes):
    raw = json.loads((path / names.MANIFEST).read_text())
    raw["index"].update(changes)
    raw["index"] = {name: value for name, value in raw["index"].items() if value is not ...}
    raw["crc"] = crc32(json.dumps(raw["index"], sort_keys=True).encode())
    (path / names.MANIFEST).write_text(json.dumps(raw))


def test_a_newer_format_is_refused_with_the_mend(tmp_path):
    path = make(tmp_path / "x.sbx")
    rewritten(path, format=2, something="new")
    with pytest.raises(Incompatible, match=r"format 2.*upgrade simblock"):
        open_index(path)


def test_a_scheme_with_unknown_parts_is_refused(tmp_path):
    path = make(tmp_path / "x.sbx")
    rewritten(path, scheme={**json.loads(Scheme().to_json()), "colour": "blue"})
    with pytest.raises(Incompatible, match="upgrade simblock"):
        open_index(path)


MALFORMED = {
    "nested without end": "[" * 100_000,
    "no journal field": {"journal": ...},
    "no key field": {"key": ...},
    "a segment of two fields": {"segments": [[1, 2]]},
    "a segment without a size": {"segments": [["00" * 16, "seg-1.sb", "big", 1]]},
    "a segment in another folder": {"segments": [["00" * 16, "../seg-1.sb", 1, 1]]},
    "segments that are none": {"segments": 7},
    "permutations of two lengths": {"permutations": [[1], [2, 3]]},
    "too few permutations": {"permutations": [[1], [2]]},
    "permutations out of range": {"permutations": [[-1] * 12, [1 << 40] * 12]},
    "an epoch in words": {"epoch": "two"},
    "a key that is no id": {"key": "mine"},
    "a format without end": {"format": float("inf")},
}


@pytest.mark.parametrize("held", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_manifest_that_cannot_be_meant_is_named_though_its_checksum_is_right(tmp_path, held):
    path = make(tmp_path / "x.sbx")
    if isinstance(held, str):
        (path / names.MANIFEST).write_text(held)
    else:
        rewritten(path, **held)
    with pytest.raises(Damaged, match=r"x\.sbx is damaged in its MANIFEST: rebuild"):
        open_index(path)


def test_an_index_of_other_tokens_is_neither_read_nor_written(tmp_path):
    path = make(tmp_path / "x.sbx")
    scheme = json.loads(Scheme().to_json())
    rewritten(path, scheme={**scheme, "fingerprints": {"words": "another"}})
    with pytest.raises(Incompatible, match=r"another tokeniser or table \(words\)"):
        Writer.open(path)
    with pytest.raises(Incompatible, match=r"another tokeniser or table \(words\)"):
        open_index(path)


OTHER_SCHEME = Scheme(channels=tuple(replace(channel, n=channel.n + 1) for channel in TEXT_CHANNELS))
EXCHANGED = {
    "keyed by unkeyed": ({"key": KEY}, {}, KeyProblem, "is not keyed"),
    "unkeyed by keyed": ({}, {"key": KEY}, KeyProblem, "is keyed"),
    "another key": ({"key": KEY}, {"key": bytes(32)}, KeyProblem, "another key"),
    "another scheme": ({}, {"scheme": OTHER_SCHEME}, Incompatible, "replaced by an index of another scheme"),
    "another seed": ({}, {"scheme": Scheme(seed=2)}, Incompatible, "replaced by an index of another scheme"),
}


@pytest.mark.parametrize(("first", "second", "problem", "said"), EXCHANGED.values(), ids=EXCHANGED.keys())
def test_an_index_exchanged_under_its_reader_is_no_silence(tmp_path, first, second, problem, said):
    for name, options in (("x.sbx", first), ("y.sbx", second)):
        with Writer.create(tmp_path / name, **options) as writer:
            writer.put(WORKS)
            writer.commit()
    index = DirectoryIndex(tmp_path / "x.sbx", key=first.get("key"), clock=iter(range(1000)).__next__)
    (tmp_path / "x.sbx").rename(tmp_path / "z.sbx")
    (tmp_path / "y.sbx").rename(tmp_path / "x.sbx")
    for _ in range(2):  # and it stays so
        with pytest.raises(problem, match=rf"x\.sbx.*{said}"):
            index.refresh()


def test_an_index_exchanged_for_one_of_the_same_make_is_read(tmp_path):
    make(tmp_path / "x.sbx", KEY)
    index = DirectoryIndex(tmp_path / "x.sbx", key=KEY, clock=iter(range(1000)).__next__)
    (tmp_path / "x.sbx").rename(tmp_path / "z.sbx")
    with Writer.create(tmp_path / "x.sbx", key=KEY) as writer:
        writer.put([document("new")])
        writer.commit()
    index.refresh()
    assert [entry.work.id for entry in index.entries()] == ["new"]
    assert answers(index, document("new"))


def test_damage_under_an_open_reader_is_no_silence(tmp_path):
    path = make(tmp_path / "x.sbx")
    index = DirectoryIndex(path, clock=iter(range(1000)).__next__)
    rewritten(path, epoch=9, segments=[["00" * 16, "seg-gone.sb", 5000, 1]])
    with pytest.raises(Damaged, match="seg-gone"):
        index.refresh()
    (path / names.MANIFEST).unlink()
    with pytest.raises(NotAnIndex):
        index.refresh()


@pytest.mark.parametrize("given", [None, bytes(32)], ids=["none", "another"])
def test_no_key_and_a_wrong_key_are_key_problems(tmp_path, given):
    path = make(tmp_path / "x.sbx", KEY)
    with pytest.raises(KeyProblem, match=r"x\.sbx"):
        DirectoryIndex(path, key=given)
    with pytest.raises(KeyProblem, match=r"x\.sbx"):
        Writer.open(path, key=given)


def test_a_key_for_an_unkeyed_index_is_a_key_problem(tmp_path):
    with pytest.raises(KeyProblem, match="is not keyed"):
        DirectoryIndex(make(tmp_path / "x.sbx"), key=KEY)


def test_what_is_no_index_is_said_to_be_none(tmp_path):
    (tmp_path / "file").write_text("hello")
    (tmp_path / "empty").mkdir()
    for name in ("file", "empty", "absent"):
        with pytest.raises(NotAnIndex, match="simblock-index build"):
            open_index(tmp_path / name)
        with pytest.raises(NotAnIndex):
            Writer.open(tmp_path / name)


def test_a_url_of_no_store_is_refused_in_one_sentence():
    with pytest.raises(UsageError, match="memcached"):
        open_index("memcached://secret@host/0")


@pytest.mark.parametrize("shelf", [MemoryShelf("here"), FolderShelf(Path("nowhere"), "here")])
def test_a_file_that_is_not_on_its_shelf_is_damage(shelf):
    with pytest.raises(Damaged, match=r"here lacks its file seg-1\.sb"):
        shelf.open(FileRef("00" * 16, "seg-1.sb", 1, 0))
