"""Several indexes made one: what stays by another name, what is written anew, and that it answers alike."""

import os
from contextlib import closing

import numpy as np
import pytest

from simblock.errors import Damaged, Incompatible, NotAnIndex, SimblockError, UsageError
from simblock.scheme import Scheme
from simblock.stores import compaction
from simblock.stores.compaction import to_keep
from simblock.stores.directory import DirectoryIndex
from simblock.stores.memory import MemoryIndex
from simblock.stores.merging import merge
from simblock.stores.shelf import FolderShelf
from simblock.stores.writer import Writer
from tests.stores.changes import same
from tests.stores.works import answers, document, everywhere, keys_of, library, nowhere

SEGMENT = 3000
KEY = bytes(range(32))


@pytest.fixture
def small(monkeypatch):
    """Sizes at which a few short works make a segment, and half a dozen too many for one."""
    monkeypatch.setattr(compaction, "DELTA_TOKENS", 400)
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", SEGMENT)


def make(path, documents, **options):
    with Writer.create(path, store_text=True, **options) as writer:
        for one in documents:  # one at a time, so that segments are closed between them
            writer.put([one])
        writer.commit()
    return path


def change(path, *, put=(), remove=(), **options):
    with Writer.open(path, **options) as writer:
        writer.remove(remove)
        writer.put(put)
        writer.commit()


def files(path):
    return {entry.name: entry.stat().st_ino for entry in path.glob("seg-*")}


def large(name, count=8):
    """Works that fill most of a segment."""
    return [document(f"{name}-{number}", words=300) for number in range(count)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("key", [None, KEY])
def test_large_segments_stay_by_another_name_and_small_ones_become_one(tmp_path, key):
    works = [large("a"), large("b"), [document("c", words=100)], [document("d", words=100)]]
    paths = [make(tmp_path / f"{n}.sbx", some, key=key) for n, some in enumerate(works)]
    done = merge(paths, tmp_path / "x.sbx", key=key)
    kept = files(paths[0]) | files(paths[1])
    assert len(kept) == done.kept == 2
    now = files(tmp_path / "x.sbx")
    assert len(now) == 3
    assert kept.items() <= now.items()  # the very files
    with closing(DirectoryIndex(tmp_path / "x.sbx", key=key)) as index:
        assert index.verify() == []
        every = [work for some in works for work in some]
        same(index, MemoryIndex(every, store_text=True), every[9:10])
        assert done.works == len(every)
        assert done.words == index.stat().words == sum(len(work.text.split()) for work in every)


@pytest.mark.usefixtures("small")
def test_what_fits_into_one_segment_becomes_one(tmp_path):
    works = library(12)
    paths = [make(tmp_path / f"{n}.sbx", works[n::3]) for n in range(3)]
    assert merge(paths, tmp_path / "x.sbx").kept == 0
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        assert index.stat().segments == 1
        same(index, MemoryIndex(works, store_text=True), works[::11])


@pytest.mark.usefixtures("small")
def test_a_text_that_two_have_is_one_run_with_twins(tmp_path):
    works = [large("a"), [*large("b")[:-1], document("twin", seed="a-3", words=300)], [document("c")]]
    works[2].append(document("another", seed="a-5", words=300))
    paths = [make(tmp_path / f"{n}.sbx", some) for n, some in enumerate(works)]
    done = merge(paths, tmp_path / "x.sbx")
    assert done.kept == 1  # in the second segment the twin's text would count again
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        every = [work for some in works for work in some]
        at_once = MemoryIndex(every, store_text=True)
        same(index, at_once, every[9:10])
        assert index._snapshot.works_counted == at_once._snapshot.works_counted == len(every) - 2
        assert index.verify() == []
    change(tmp_path / "x.sbx", remove=["a-3"], put=[document("new")])
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        assert everywhere(index, document("twin", seed="a-3", words=300))
        assert nowhere(index, document("a-3", words=300))
        assert index.verify() == []


@pytest.mark.usefixtures("small")
def test_a_text_in_a_small_segment_does_not_have_a_large_one_written_anew(tmp_path):
    little = [document("twin", seed="a-3", words=300), document("c")]
    paths = [make(tmp_path / f"{n}.sbx", some) for n, some in enumerate([little, large("a"), large("b")])]
    assert merge(paths, tmp_path / "x.sbx").kept == 2
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        every = [*little, *large("a"), *large("b")]
        same(index, MemoryIndex(every, store_text=True), every[:1])


@pytest.mark.usefixtures("small")
def test_a_row_in_a_segment_that_stays_follows_its_run_out_of_one_that_does_not(tmp_path):
    works = [[*large("c"), document("little", seed="a-1", words=300)], [*large("a"), *large("b")]]
    works[1].append(document("twin", seed="a-0", words=300))
    paths = [make(tmp_path / f"{n}.sbx", some) for n, some in enumerate(works)]
    with closing(DirectoryIndex(paths[1])) as index:
        first, second = index._snapshot.segments
        assert second.works.others == [first.id]  # by the twin, whose run is in the first
    assert merge(paths, tmp_path / "x.sbx").kept == 2
    assert second.container.name.rsplit("/")[-1] in files(tmp_path / "x.sbx")
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        assert len(index._snapshot.journal.tombstones) == 1
        every = [work for some in works for work in some]
        same(index, MemoryIndex(every, store_text=True), every[9:10])
        assert index.verify() == []


@pytest.mark.usefixtures("small")
def test_what_was_removed_stays_removed_and_rows_that_point_elsewhere_still_do(tmp_path):
    first, second = make(tmp_path / "0.sbx", large("a", 9)), make(tmp_path / "1.sbx", large("b"))
    change(first, remove=["a-0"])
    change(second, put=[document("b-3", words=300, title="New"), document("twin", seed="b-4", words=300)])
    with closing(DirectoryIndex(second)) as index:
        before = {entry.work.id: (entry.work, entry.epoch) for entry in index.entries()}
    merge([first, second], tmp_path / "x.sbx")
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        found = {entry.work.id: entry for entry in index.entries()}
        assert "a-0" not in found
        assert nowhere(index, document("a-0", words=300))
        assert found["b-3"].work.title == "New"
        assert found["twin"].twins == ("b-4",)
        assert {id: (found[id].work, found[id].epoch) for id in before} == before
        assert index.epoch >= max(entry.epoch for entry in found.values())
        assert index.verify() == []
        assert [event.what for event in index.history()] == ["merge"]


@pytest.mark.usefixtures("small")
def test_frequencies_count_each_text_once_over_all_segments(tmp_path):
    """So the information of a match is that of an index built at once."""
    common = document("common", words=60).text
    works = [
        [type(work)(work.work, work.text + common) for work in large(name, 8)] for name in ("a", "b", "c")
    ]
    paths = [make(tmp_path / f"{n}.sbx", some) for n, some in enumerate(works)]
    assert merge(paths, tmp_path / "x.sbx").kept == 3
    at_once = MemoryIndex([work for some in works for work in some])
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        asked, keys, _ = keys_of(index, common)
        hits = [
            one.postings(np.array(asked, np.uint32), np.array(keys, np.uint64)) for one in (index, at_once)
        ]
        found = [{hit.ask: (hit.frequency, hit.works) for hit in some} for some in hits]
    assert found[0].keys() == found[1].keys()
    assert {works for _, works in found[0].values()} == {24}
    for ask in found[0]:  # of a key in over nine texts a segment keeps the number within 8 %
        assert found[0][ask][0] == pytest.approx(found[1][ask][0], rel=0.08)
    assert max(frequency for frequency, _ in found[0].values()) == 24


@pytest.mark.usefixtures("small")
def test_where_there_are_no_hard_links_files_are_copied(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(18, "cross-device link")

    monkeypatch.setattr(os, "link", refused)
    paths = [make(tmp_path / f"{n}.sbx", large(name)) for n, name in enumerate("ab")]
    merge(paths, tmp_path / "x.sbx")
    assert not set(files(tmp_path / "x.sbx").values()) & set(files(paths[0]).values())
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        assert index.verify() == []
        assert everywhere(index, large("b")[2])


@pytest.mark.usefixtures("small")
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    paths = [make(tmp_path / f"{n}.sbx", large(name)) for n, name in enumerate("ab")]
    paths.append(make(tmp_path / "2.sbx", [document("c")]))
    monkeypatch.setattr(FolderShelf, "create", lambda self, _: (_ for _ in ()).throw(SimblockError("full")))
    with pytest.raises(SimblockError, match="full"):
        merge(paths, tmp_path / "x.sbx")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["0.sbx", "1.sbx", "2.sbx"]


def test_damage_is_found_and_nothing_is_left(tmp_path):
    paths = [make(tmp_path / f"{n}.sbx", [document(f"w{n}")]) for n in range(2)]
    (segment,) = paths[1].glob("seg-*")
    data = bytearray(segment.read_bytes())
    with closing(DirectoryIndex(paths[1])) as index:
        at = index._snapshot.segments[0].container["runs"].at
    data[at + 5] ^= 1
    segment.write_bytes(data)
    with pytest.raises(Damaged, match="runs"):
        merge(paths, tmp_path / "x.sbx")
    segment.unlink()
    with pytest.raises(Damaged, match="lacks its file"):
        merge(paths, tmp_path / "x.sbx")
    with pytest.raises(NotAnIndex):
        merge([tmp_path / "none.sbx"], tmp_path / "x.sbx")
    assert not (tmp_path / "x.sbx").exists()
    assert not list(tmp_path.glob(".*"))


def test_indexes_of_two_schemes_are_not_merged(tmp_path):
    one = make(tmp_path / "0.sbx", [document("a")])
    other = make(tmp_path / "1.sbx", [document("b")], scheme=Scheme(seed=7))
    with pytest.raises(Incompatible, match="different schemes"):
        merge([one, other], tmp_path / "x.sbx")
    with pytest.raises(UsageError, match="nothing to merge"):
        merge([], tmp_path / "x.sbx")
    with pytest.raises(UsageError, match="an index already"):
        merge([one], other)


def test_a_merged_index_goes_on_as_any_other(tmp_path):
    works = library(6)
    paths = [make(tmp_path / f"{n}.sbx", works[n::2]) for n in range(2)]
    merge(paths, tmp_path / "x.sbx")
    change(tmp_path / "x.sbx", remove=["work-002"], put=[document("new")])
    with closing(DirectoryIndex(tmp_path / "x.sbx")) as index:
        left = [work for work in works if work.work.id != "work-002"]
        assert all(everywhere(index, work) for work in [*left, document("new")])
        assert nowhere(index, works[2])
        assert answers(index, works[4]) == answers(MemoryIndex([*left, document("new")]), works[4])
    for path in paths:  # what was merged is untouched
        with closing(DirectoryIndex(path)) as index:
            assert index.verify() == []
            assert len(list(index.entries())) == 3


def test_segments_stay_where_they_are_large_and_nearly_all_of_them_is_needed():
    full = compaction.SEGMENT_TOKENS
    assert to_keep([full // 2, full // 2], [full // 2, full // 2]) == [False, False]
    assert to_keep([full, 100], [full, 100]) == [True, False]
    assert to_keep([full, full // 4, full // 5], [full] * 3) == [True, True, False]
    assert to_keep([full, full], [full, full * 8 // 10]) == [True, False]
