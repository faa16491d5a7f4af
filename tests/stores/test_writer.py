"""Writing: what a commit leaves on disk, whatever happens on the way."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simblock.errors import Busy, InputError, SimblockError, UsageError
from simblock.scheme import Channel, Scheme
from simblock.stores import compaction
from simblock.stores.commit import Counts
from simblock.stores.directory import DirectoryIndex
from simblock.stores.memory import MemoryIndex
from simblock.stores.opening import rebuild
from simblock.stores.writer import Writer
from simblock.work import Document
from tests.stores.conftest import KEY
from tests.stores.works import answers, document, everywhere, library, nowhere


def make(path, documents, **options):
    with Writer.create(path, **options) as writer:
        writer.put(documents)
        writer.commit()
    return path


def files(path):
    return {file.name: file.read_bytes() for file in path.iterdir() if file.name != "LOCK"}


def test_an_index_appears_whole_or_not_at_all(tmp_path):
    with Writer.create(tmp_path / "x.sbx") as writer:
        writer.put(library(3))
        assert not (tmp_path / "x.sbx").exists()
        writer.commit()
        assert DirectoryIndex(tmp_path / "x.sbx").verify() == []
    assert [path.name for path in tmp_path.iterdir()] == ["x.sbx"]


@pytest.mark.parametrize("broken", [ValueError, KeyboardInterrupt])
def test_leaving_without_a_commit_leaves_nothing(tmp_path, broken):
    def documents():
        yield from library(3)
        raise broken

    with pytest.raises(broken), Writer.create(tmp_path / "x.sbx") as writer:
        writer.put(documents())
    assert list(tmp_path.iterdir()) == []


def test_leaving_without_a_commit_leaves_the_old_index(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "SEGMENT_TOKENS", 300)
    path = make(tmp_path / "x.sbx", library(3))
    before = files(path)
    with Writer.open(path) as writer:
        writer.put([document(f"new-{n}") for n in range(20)])
        writer.put([document(f"newer-{n}") for n in range(20)])
        assert files(path) != before  # a full segment is on disk, and nothing names it
    assert files(path) == before


def test_an_index_can_be_made_in_an_empty_folder_and_in_new_ones(tmp_path):
    (tmp_path / "empty").mkdir()
    make(tmp_path / "empty", library(1))
    make(tmp_path / "new" / "deep" / "x.sbx", library(1))


def test_what_stands_there_is_never_overwritten(tmp_path):
    path = make(tmp_path / "x.sbx", library(1))
    with pytest.raises(UsageError, match="simblock-index add"):
        Writer.create(path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("folder", "file"):
        with pytest.raises(UsageError, match="choose another place"):
            Writer.create(tmp_path / name)


def test_an_index_without_works_opens(tmp_path):
    path = make(tmp_path / "x.sbx", [])
    index = DirectoryIndex(path)
    assert (index.epoch, index.verify(), list(index.entries())) == (1, [], [])
    with Writer.open(path) as writer:
        writer.put(library(2))
        assert writer.commit().epoch == 2
    assert everywhere(DirectoryIndex(path), library(2)[1])


def test_a_second_writer_is_told_to_wait(tmp_path):
    path = make(tmp_path / "x.sbx", library(1))
    with Writer.open(path), pytest.raises(Busy, match=r"another writer is at work on .*x\.sbx"):
        Writer.open(path)
    with Writer.create(tmp_path / "y.sbx"), pytest.raises(Busy, match=r"y\.sbx"):
        Writer.create(tmp_path / "y.sbx")
    Writer.open(path).close()


def test_counts_say_what_was_done(tmp_path):
    path = make(tmp_path / "x.sbx", library(4))
    with Writer.open(path) as writer:
        writer.put([document("work-000", title="Title 0"), document("work-001", title="New")])
        writer.put([document("work-002", seed="new", words=50), document("fifth", words=50)])
        assert writer.remove(["work-003", "nobody"]) == ["nobody"]
        epoch, counts = writer.commit()
        assert epoch == 2
        assert counts._replace(words=0, characters=0) == Counts(1, 1, 1, 1, 1)
        assert counts.words == 100
        assert writer.commit() == (2, Counts())


def test_the_ids_of_works_include_those_of_the_session(tmp_path):
    path = make(tmp_path / "x.sbx", library(3))
    with Writer.open(path) as writer:
        writer.put([document("new"), document("work-001", seed=1)])
        writer.remove(["work-002"])
        assert sorted(writer.works()) == ["new", "work-000", "work-001"]


def test_what_was_added_in_a_session_cannot_be_removed_in_it(tmp_path):
    with Writer.create(tmp_path / "x.sbx") as writer:
        writer.put([document("w")])
        with pytest.raises(UsageError, match="commit before"):
            writer.remove(["w"])


def test_a_writer_can_commit_more_than_once(tmp_path):
    with Writer.create(tmp_path / "x.sbx") as writer:
        for n in range(4):
            writer.put([document(f"w{n}")])
            assert writer.commit().epoch == n + 1
    index = DirectoryIndex(tmp_path / "x.sbx")
    assert all(everywhere(index, document(f"w{n}")) for n in range(4))


def test_removal_alone_writes_no_segment(tmp_path):
    path = make(tmp_path / "x.sbx", library(5))
    before = set(files(path))
    with Writer.open(path) as writer:
        writer.remove(["work-001"])
        writer.commit()
    assert all(not name.startswith("seg-") for name in set(files(path)) - before)


def test_purge_leaves_nothing_of_a_work_on_disk(tmp_path):
    works = [*library(3), document("secret", seed="s", title="Zanzibar"), document("z", seed="w")]
    path = make(tmp_path / "x.sbx", works)
    keys = MemoryIndex([works[3]])._snapshot.segments[0].keys(0, 10).tobytes()
    assert any(keys in data for data in files(path).values())
    with Writer.open(path) as writer:
        writer.remove(["secret"], purge=True)
        writer.commit()
    assert not any(keys in data or b"Zanzibar" in data for data in files(path).values())
    assert all(everywhere(DirectoryIndex(path), work) for work in [*works[:3], works[4]])
    assert DirectoryIndex(path).history()[-1].what == "purge"


def test_files_of_no_use_go_with_the_next_writer(tmp_path):
    path = make(tmp_path / "x.sbx", library(3))
    (path / "seg-left.sb").write_text("x")
    (path / "seg-half.sb.tmp").write_text("x")
    (path / "notes.txt").write_text("mine")
    Writer.open(path).close()
    assert not list(path.glob("seg-left*")) + list(path.glob("*.tmp"))
    assert (path / "notes.txt").exists()


small = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 5)), max_size=4, unique_by=lambda p: p[0]
        ),
        st.sets(st.sampled_from("abcdefgh"), max_size=3),
        st.booleans(),
    ),
    max_size=7,
)


@given(changes=small)
def test_however_segments_were_cut_and_merged_the_answers_are_the_same(changes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "SEGMENT_TOKENS", 200)
        patch.setattr(compaction, "DELTA_TOKENS", 60)
        patch.setattr("simblock.stores.intake.BATCH", 300)
        patch.setattr("simblock.stores.draft._BATCH", 64)
        index, state = MemoryIndex(store_text=True), {}
        for put, gone, purge in changes:
            index._writer.remove(gone - {id for id, _ in put}, purge=purge)
            documents = [document(id, seed=seed, words=20 + 9 * seed) for id, seed in put]
            index.add(documents)
            state = {id: d for id, d in state.items() if id not in gone} | {d.work.id: d for d in documents}
        at_once = MemoryIndex(state.values())
        assert index.verify() == []
        assert {(e.work, e.tokens, e.twins) for e in index.entries()} == {
            (e.work, e.tokens, e.twins) for e in at_once.entries()
        }
        for work in state.values():
            assert answers(index, work) == answers(at_once, work)
            assert index.text(work.work.id) == work.text


def test_a_delta_is_rewritten_and_grows_into_the_base(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "DELTA_TOKENS", 300)
    path = make(tmp_path / "x.sbx", library(10))

    def add(id):
        with Writer.open(path) as writer:
            writer.put([document(id)])
            writer.commit()
        return [segment.facts.runs for segment in DirectoryIndex(path)._snapshot.segments]

    assert [add("a"), add("b"), add("c"), add("d")] == [[10, 1], [10, 2], [13], [13, 1]]


@pytest.mark.parametrize(
    "keys", [(None, None), (KEY, None), (KEY, bytes(32))], ids=["plain", "keyed", "new-key"]
)
def test_rebuilding_gives_the_same_answers_as_building_anew(tmp_path, keys):
    key, new_key = keys
    works = [*library(8), document("twin", seed="work-001")]
    old = make(tmp_path / "old.sbx", works[:4], key=key, store_text=True)
    with Writer.open(old, key=key) as writer:
        writer.put([*works[4:], document("gone")])
        writer.commit()
        writer.remove(["gone"], reason="asked")
        writer.commit()
    channels = (Channel(1, "text-exact", "exact", n=5, g=6), *Scheme().channels[2:])
    scheme = Scheme(channels=channels)
    assert rebuild(old, tmp_path / "new.sbx", key=key, new_key=new_key, scheme=scheme) == 4
    new = DirectoryIndex(tmp_path / "new.sbx", key=new_key or key)
    anew = MemoryIndex(works, scheme=scheme)
    assert new.verify() == []
    assert new.scheme == anew.scheme
    assert [answers(new, work) for work in works] == [answers(anew, work) for work in works]
    assert {(e.work, e.tokens, e.twins) for e in new.entries()} == {
        (e.work, e.tokens, e.twins) for e in anew.entries()
    }
    assert [event.what for event in new.history()] == ["build", "add", "remove", "rebuild"]
    assert new.text("twin") == works[-1].text
    assert nowhere(new, document("gone"))


def test_running_readers_see_changes_within_a_second(tmp_path):
    path = make(tmp_path / "x.sbx", library(3))
    index = DirectoryIndex(path)
    new = document("new")

    def seen_within_a_second(condition):
        end = time.monotonic() + 1
        while time.monotonic() < end:
            index.refresh()
            if condition():
                return True
            time.sleep(0.01)
        return False

    with Writer.open(path) as writer:
        writer.put([new])
        writer.commit()
        assert seen_within_a_second(lambda: everywhere(index, new))
        writer.remove(["new"])
        writer.commit()
        assert seen_within_a_second(lambda: nowhere(index, new))


def test_two_hundred_readers_share_an_index(tmp_path):
    path = make(tmp_path / "x.sbx", library(5))
    readers = [DirectoryIndex(path) for _ in range(200)]
    with Writer.open(path) as writer:
        writer.put([document("new")])
        writer.commit()
    for reader in readers:
        reader._looked = float("-inf")
        reader.refresh()
        assert reader.epoch == 2
    assert everywhere(readers[-1], document("new"))


def test_readers_in_threads_survive_writers(tmp_path, monkeypatch):
    monkeypatch.setattr("simblock.stores.reader._THROTTLE", 0)
    path = make(tmp_path / "x.sbx", library(4))
    index, broken, stop = DirectoryIndex(path), [], threading.Event()

    def read():
        while not stop.is_set():
            try:
                index.refresh()
                assert everywhere(index, library(4)[1])
            except BaseException as error:
                broken.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(8):
        with Writer.open(path) as writer:
            writer.put([document(f"n{n}")])
            writer.remove([f"n{n - 1}"] if n else [], purge=n % 2 == 1)
            writer.commit()
    stop.set()
    for thread in threads:
        thread.join()
    assert broken == []


def _fill(path, result):
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        if path.exists():
            with Writer.open(path) as writer:
                writer.put(library(60))
                writer.commit()
        else:
            make(path, library(60))
    except SimblockError as error:
        result.put(str(error))


def test_a_full_disk_is_said_and_leaves_the_index_as_it_was(tmp_path):
    path = tmp_path / "x.sbx"
    result = multiprocessing.get_context("fork").Queue()
    for _ in range(2):
        before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
        child = multiprocessing.get_context("fork").Process(target=_fill, args=(path, result))
        child.start()
        said = result.get(timeout=20)
        child.join()
        assert "the disk is full" in said
        assert str(path) in said
        after = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
        assert {f: d for f, d in after.items() if f.name != "LOCK"} == {
            f: d for f, d in before.items() if f.name != "LOCK"
        }
        if not path.exists():
            make(path, library(2))


def test_a_text_longer_than_a_segment_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("simblock.stores.writer.MOST_TOKENS", 50)
    with Writer.create(tmp_path / "x.sbx") as writer, pytest.raises(InputError, match="split it into parts"):
        writer.put([document("long", words=60)])


CHANGES = """
import sys
from simblock.stores.writer import Writer
from simblock.stores import compaction
from tests.stores.works import document
compaction.DELTA_TOKENS = 400
print("ready", flush=True)
for n in range(100000):
    with Writer.open(sys.argv[1]) as writer:
        writer.put([document("all", seed=n), document(f"n{n % 7}", seed=n), document(f"twin{n % 3}", seed=n)])
        if n % 5 == 4:
            writer.remove([f"n{(n + 1) % 7}"], purge=n % 10 == 9)
        writer.commit()
"""


def test_killing_the_writer_at_any_moment_leaves_a_whole_index(tmp_path):
    """Twenty-five times: each time the index opens, is whole, and goes on from where it stood."""
    path = make(tmp_path / "x.sbx", library(4))
    root = Path(__file__).parents[2]
    rng, epoch = np.random.default_rng(5), 1
    for _ in range(25):
        child = subprocess.Popen(
            [sys.executable, "-c", CHANGES, str(path)], stdout=subprocess.PIPE, cwd=root, env={**os.environ}
        )
        assert child.stdout.read(5) == b"ready"
        time.sleep(rng.uniform(0, 0.12))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        index = DirectoryIndex(path)
        assert index.verify() == []
        assert index.epoch >= epoch
        epoch = index.epoch
        for work in library(4):
            assert everywhere(index, work)
        for entry in index.entries():
            assert isinstance(entry.work.id, str)
    assert epoch > 10
    with Writer.open(path) as writer:
        writer.put([Document(document("last").work, document("last").text)])
        writer.commit()
    assert everywhere(DirectoryIndex(path), document("last"))


def test_killing_the_first_build_leaves_nothing_in_the_way(tmp_path):
    code = (
        "import sys, os, signal; from simblock.stores.writer import Writer;"
        "from tests.stores.works import library; w = Writer.create(sys.argv[1]); w.put(library(9));"
        "w._compaction.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "x.sbx"
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=Path(__file__).parents[2], check=False)
    assert not path.exists()
    assert list(tmp_path.iterdir())
    make(path, library(2))
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.sbx"]
    assert DirectoryIndex(path).verify() == []
