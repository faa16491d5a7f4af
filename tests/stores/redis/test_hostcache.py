import hashlib
import itertools
import logging
import multiprocessing
import os
import re
import resource
import signal
import stat
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simblock.errors import Damaged, SimblockError, StoreLost
from simblock.stores.redis import hostcache
from simblock.stores.redis.hostcache import HostCache, default_folder

NAME = "0123456789abcdef.sbr"
PIECE = 1 << 16
spawn = multiprocessing.get_context("spawn")


def content(seed=1, size=5 * PIECE + 77):
    return hashlib.shake_128(bytes([seed])).digest(size)


DATA = content()


def pieces(data=DATA):
    return [data[start : start + PIECE] for start in range(0, len(data), PIECE)]


def check(view, data=DATA):
    """As strict as that of an index: refuses whatever differs."""
    if bytes(view) != data:
        raise Damaged("the resident part is damaged: sync the index anew")


class Loads:
    """Gives the content, and counts how often it was asked for it."""

    def __init__(self, data=DATA):
        self.data = data
        self.count = 0

    def __call__(self):
        self.count += 1
        yield from pieces(self.data)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def opened(cache, loads, name=NAME):
    return cache.open(name, len(DATA), loads, check)


def mapped_inodes(path):
    """Under which inodes this process has the file mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {int(line.split()[4]) for line in lines if line.endswith(f" {path}")}


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.suffix == ".part"]


def test_a_part_is_loaded_once_and_then_mapped_from_the_disk(folder):
    loads = Loads()
    first = opened(HostCache(folder), loads)
    second = opened(HostCache(folder), loads)
    assert bytes(first) == bytes(second) == DATA
    assert loads.count == 1
    assert first.readonly
    assert mapped_inodes(folder / NAME) == {(folder / NAME).stat().st_ino}
    assert leftovers(folder) == []


def test_folder_and_files_are_for_their_user_alone(folder):
    before = os.umask(0)
    try:
        view = opened(HostCache(folder), Loads())
    finally:
        os.umask(before)
    assert bytes(view) == DATA
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder.iterdir()} == {
        path.name: 0 for path in folder.iterdir()
    }


def work(folder, log, gate, answers, pause):
    """A worker process of a server: opens the part when all are there, then says what it has mapped."""

    def load():
        with Path(log).open("a") as stream:
            stream.write(f"{os.getpid()}\n")
        for piece in pieces():
            time.sleep(pause)
            yield piece

    gate.wait()
    view = opened(HostCache(folder), load)
    answers.put((mapped_inodes(folder / NAME), hashlib.sha256(view).hexdigest()))
    gate.wait()  # none lets go before all have it


def test_of_processes_that_start_at_once_one_downloads_and_all_map_the_same_file(folder, tmp_path):
    log, count = tmp_path / "loads", 5
    gate, answers = spawn.Barrier(count), spawn.Queue()
    workers = [
        spawn.Process(target=work, args=(folder, log, gate, answers, 0.05), daemon=True) for _ in range(count)
    ]
    for worker in workers:
        worker.start()
    seen = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * count
    assert len(log.read_text().splitlines()) == 1
    inode, sha = {(folder / NAME).stat().st_ino}, hashlib.sha256(DATA).hexdigest()
    assert seen == [(inode, sha)] * count


def test_of_threads_that_open_at_once_one_downloads(folder):
    cache, loads = HostCache(folder), Loads()
    with ThreadPoolExecutor(8) as threads:
        views = list(threads.map(lambda _: opened(cache, loads), range(8)))
    assert [bytes(view) for view in views] == [DATA] * 8
    assert loads.count == 1


def download_for_ever(folder, began):
    def load():
        yield DATA[:PIECE]
        began.set()
        time.sleep(600)

    opened(HostCache(folder), load)


@pytest.fixture
def holder(folder):
    """Another process that is in the middle of the download."""
    began = spawn.Event()
    process = spawn.Process(target=download_for_ever, args=(folder, began), daemon=True)
    process.start()
    assert began.wait(60)
    yield process
    process.kill()
    process.join(60)


def test_where_the_one_that_downloads_is_killed_another_takes_over(folder, holder):
    assert len(leftovers(folder)) == 1
    os.kill(holder.pid, signal.SIGKILL)
    loads = Loads()
    assert bytes(opened(HostCache(folder), loads)) == DATA
    assert loads.count == 1
    assert leftovers(folder) == []


def test_one_that_hangs_in_its_download_is_not_waited_for_without_end(folder, holder, monkeypatch):
    monkeypatch.setattr(hostcache, "_PATIENCE", 0.2)
    os.kill(holder.pid, signal.SIGSTOP)
    loads = Loads()
    assert bytes(opened(HostCache(folder), loads)) == DATA
    assert loads.count == 1


def test_one_that_downloads_slowly_is_waited_for_as_long_as_pieces_come(folder, tmp_path, monkeypatch):
    log, gate, answers = tmp_path / "loads", spawn.Barrier(2), spawn.Queue()
    worker = spawn.Process(target=work, args=(folder, log, gate, answers, 0.3), daemon=True)
    worker.start()
    gate.wait(60)
    while not log.exists():
        time.sleep(0.01)
    monkeypatch.setattr(hostcache, "_PATIENCE", 1.0)
    loads = Loads()
    assert bytes(opened(HostCache(folder), loads)) == DATA
    assert loads.count == 0
    gate.wait(60)
    worker.join(60)


def flip(path):
    path.write_bytes(bytes([DATA[0] ^ 1]) + DATA[1:])


def truncate(path):
    path.write_bytes(DATA[: PIECE + 5])


def empty(path):
    path.write_bytes(b"")


def lengthen(path):
    path.write_bytes(DATA + b"\0")


def make_writable(path):
    path.chmod(0o666)


def make_a_link(path):
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def make_a_pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "hurt",
    [flip, truncate, empty, lengthen, make_writable, make_a_link, make_a_pipe],
    ids=lambda hurt: hurt.__name__,
)
def test_a_file_that_is_not_what_was_written_is_loaded_anew(folder, hurt):
    loads = Loads()
    opened(HostCache(folder), loads)
    hurt(folder / NAME)
    assert bytes(opened(HostCache(folder), loads)) == DATA
    assert loads.count == 2
    assert bytes(opened(HostCache(folder), loads)) == DATA
    assert loads.count == 2


def test_who_has_the_damaged_file_mapped_keeps_it_when_it_is_replaced(folder):
    cache, loads = HostCache(folder), Loads()
    first = opened(cache, loads)
    with (folder / NAME).open("r+b") as stream:
        stream.write(bytes([DATA[0] ^ 1]))
    assert bytes(opened(cache, loads)) == DATA
    assert bytes(first[1:]) == DATA[1:]


@pytest.mark.parametrize(
    "data",
    [content(2), DATA[:-1], DATA + b"\0", b""],
    ids=["of another", "cut short", "too long", "nothing"],
)
@pytest.mark.parametrize("where", ["disk", "memory"])
def test_what_is_refused_when_it_was_just_loaded_is_damage_and_leaves_nothing(folder, data, where):
    if where == "memory":
        folder.write_text("no folder")
    loads = Loads(data)
    with pytest.raises(Damaged):
        opened(HostCache(folder), loads)
    assert loads.count == 1
    if where == "disk":
        assert leftovers(folder) == []
        assert not (folder / NAME).exists()


@pytest.mark.parametrize(
    "given",
    [[], [DATA[:-1]], [DATA, b"\0"], itertools.repeat(DATA)],
    ids=["nothing", "short", "long", "endless"],
)
@pytest.mark.parametrize("where", ["disk", "memory"])
def test_another_length_is_damage_whatever_the_check_says(folder, given, where):
    if where == "memory":
        folder.write_text("no folder")
    with pytest.raises(Damaged):
        HostCache(folder).open(NAME, len(DATA), lambda: given, lambda view: None)


def test_damage_on_disk_and_at_the_source_goes_up(folder):
    opened(HostCache(folder), Loads())
    flip(folder / NAME)
    loads = Loads(content(2))
    with pytest.raises(Damaged):
        opened(HostCache(folder), loads)
    assert loads.count == 1


def test_a_server_lost_in_the_middle_is_said_and_the_next_open_begins_anew(folder):
    def lost():
        yield DATA[:PIECE]
        raise StoreLost("the server gave no answer")

    with pytest.raises(StoreLost):
        opened(HostCache(folder), lost)
    assert leftovers(folder) == []
    assert bytes(opened(HostCache(folder), Loads())) == DATA


def others(folder):
    folder.mkdir()
    os.chown(folder, 12345, -1)


def world_writable(folder):
    folder.mkdir()
    folder.chmod(0o777)


def group_writable(folder):
    folder.mkdir()
    folder.chmod(0o770)


def a_file(folder):
    folder.write_text("")


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@pytest.mark.parametrize(
    "spoil",
    [pytest.param(others, marks=as_root), world_writable, group_writable, a_file],
    ids=lambda spoil: spoil.__name__,
)
def test_a_folder_that_cannot_be_trusted_is_not_used_and_that_is_said_once(folder, spoil, caplog):
    spoil(folder)
    cache, loads = HostCache(folder), Loads()
    with caplog.at_level(logging.WARNING, "simblock"):
        views = [opened(cache, loads), opened(cache, loads)]
    assert [bytes(view) for view in views] == [DATA, DATA]
    assert all(view.readonly for view in views)
    assert loads.count == 1  # held in memory, once
    assert len(caplog.records) == 1
    assert str(folder) in caplog.text
    assert not folder.is_dir() or list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_memory_alone(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    assert bytes(opened(HostCache(tmp_path / "file" / "cache"), Loads())) == DATA
    assert "memory of each process" in caplog.text


def test_memory_is_given_back_when_nobody_looks_at_it_any_more(folder):
    a_file(folder)
    cache, loads = HostCache(folder), Loads()
    view = opened(cache, loads)
    held = weakref.ref(view.obj)
    del view
    assert held() is None
    opened(cache, loads)
    assert loads.count == 2


def test_memory_is_shared_with_processes_that_are_forked(folder):
    a_file(folder)
    cache, loads = HostCache(folder), Loads()
    view = opened(cache, loads)
    child = os.fork()
    if not child:
        same = bytes(view) == DATA and bytes(opened(cache, loads)) == DATA and loads.count == 1
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.fixture
def small_files():
    """The disk takes no file over two pieces: a real limit of the kernel, which says EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * PIECE, before[1]))
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, heard)


def test_a_full_disk_costs_memory_alone_and_is_used_again_when_there_is_space(folder, small_files, caplog):
    cache, loads = HostCache(folder), Loads()
    views = [opened(cache, loads), opened(cache, loads)]
    assert [bytes(view) for view in views] == [DATA, DATA]
    assert loads.count == 1
    assert leftovers(folder) == []
    assert not (folder / NAME).exists()
    assert len(caplog.records) == 1
    views.clear()
    small_files()
    assert bytes(opened(cache, loads)) == DATA
    assert (folder / NAME).read_bytes() == DATA


def age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_nobody_opened_for_long_is_swept_and_still_serves_who_has_it_mapped(folder):
    cache, loads = HostCache(folder), Loads()
    names = ["aaaa0001.sbr", "aaaa0002.sbr", "aaaa0003.sbr", "aaaa0004.sbr"]
    views = [opened(cache, loads, name) for name in names]
    left = folder / f"{names[0]}.0123456789abcdef.part"
    left.write_bytes(b"of one that died")
    for path in (left, *(folder / name for name in names[:3])):
        age(path, 1000)
    opened(cache, loads, names[1])
    cache.sweep(keep={names[2]}, older_than=500)
    assert {path.name for path in folder.glob("*.sbr*")} == set(names[1:])
    assert (folder / names[2]).stat().st_mtime > time.time() - 500  # kept: used, for other processes too
    assert [bytes(view) for view in views] == [DATA] * 4


def test_locks_and_what_is_not_ours_are_never_swept(folder):
    cache = HostCache(folder)
    opened(cache, Loads())
    (folder / "notes.txt").write_text("a user's")
    before = {path.name for path in folder.iterdir()}
    for path in folder.iterdir():
        age(path, 1000)
    cache.sweep(keep=(), older_than=1)
    assert before - {path.name for path in folder.iterdir()} == {NAME}


def test_a_folder_that_is_new_is_a_cache_also_where_it_is_swept_before_it_is_used(folder, caplog):
    """An index without works has no parts yet when its reader tidies up."""
    cache = HostCache(folder)
    cache.sweep(keep=(), older_than=1)
    assert caplog.text == ""
    opened(cache, Loads())
    age(folder / NAME, 1000)
    cache.sweep(keep=(), older_than=1)
    assert not (folder / NAME).exists()


def test_a_folder_that_held_other_things_is_used_and_not_swept(folder, caplog):
    folder.mkdir(0o700)
    theirs = folder / "deadbeef.sbr"
    theirs.write_text("an index of theirs, say")
    cache = HostCache(folder)
    opened(cache, Loads())
    age(theirs, 1000)
    age(folder / NAME, 1000)
    cache.sweep(keep=(), older_than=1)
    assert theirs.exists()
    assert (folder / NAME).exists()
    assert "not swept" in caplog.text


@pytest.mark.parametrize(
    "name",
    ["", "..", "../0123456789abcdef", "/etc/passwd", "0123/4567.sbr", "lock-01", "0123456789abcdef.sbr\n",
     "CACHEDIR.TAG", "0123456789ABCDEF", "a" * 300, "0123\0"],
)  # fmt: skip
def test_a_name_that_is_no_file_of_ours_is_damage(folder, name):
    with pytest.raises(Damaged) as caught:
        HostCache(folder).open(name, len(DATA), Loads(), check)
    assert name not in str(caught.value) or not name
    assert not folder.exists()


@pytest.mark.parametrize("size", [0, -1])
def test_a_part_without_a_size_is_damage(folder, size):
    with pytest.raises(Damaged):
        HostCache(folder).open(NAME, size, Loads(), check)


@pytest.mark.parametrize("bits", [50, 62, 63, 70])
def test_a_part_of_impossible_size_is_refused_before_anything_is_loaded(folder, bits):
    loads = Loads()
    with pytest.raises(SimblockError):
        HostCache(folder).open(NAME, 1 << bits, loads, check)
    assert loads.count == 0


def test_the_folder_is_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SIMBLOCK_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_folder() == tmp_path / ".cache" / "simblock"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the standard says: to be ignored
    assert default_folder() == tmp_path / ".cache" / "simblock"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert default_folder() == tmp_path / "x" / "simblock"
    monkeypatch.setenv("SIMBLOCK_CACHE", str(tmp_path / "s"))
    assert default_folder() == HostCache(None).folder == tmp_path / "s"
    assert HostCache(tmp_path / "given").folder == tmp_path / "given"


def test_the_tag_says_to_backups_that_this_is_a_cache(folder):
    opened(HostCache(folder), Loads())
    assert re.match(r"Signature: [0-9a-f]{32}\n", (folder / "CACHEDIR.TAG").read_text())
