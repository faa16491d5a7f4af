"""sync: indexes brought between directories and Redis, and kept current."""

from __future__ import annotations

import json
import signal

import pytest

from simblock.errors import StoreLost
from simblock.stores.syncing import Synced
from simblock_indexer import syncing
from tests.indexer.conftest import PATIENT, rows_of


def test_an_index_goes_from_a_directory_to_redis_and_back(index_command, index, url, tmp_path):
    brought = index_command("sync", index, url, "--no-key", "--json").json
    assert (brought["source"], brought["target"]) == (str(index), url)
    assert (brought["epoch"], brought["changed"]) == (1, True)
    assert "unchanged, epoch 1" in index_command("sync", index, url).out
    index_command("remove", url, "poems/tide.txt")
    back = tmp_path / "back.sbx"
    assert index_command("sync", url, back).code == 0
    assert index_command("verify", back).out.endswith("is whole: 2 works\n")
    assert index_command("log", back, "--json").out == index_command("log", url, "--json").out


def test_what_is_not_keyed_goes_to_a_server_only_where_that_is_said(index_command, index, url):
    outcome = index_command("sync", index, url)
    assert outcome.code == 2
    assert "say --no-key" in outcome.err
    assert index_command("list", url).code == 2


def test_a_keyed_index_is_brought_with_its_key(index_command, poems, url, key_files, tmp_path):
    source = tmp_path / "keyed.sbx"
    index_command("build", poems, "--out", source, "--key-file", key_files[0])
    assert "is keyed" in index_command("sync", source, url).err
    assert "contradict" in index_command("sync", source, url, "--key-file", key_files[0], "--no-key").err
    assert index_command("sync", source, url, "--key-file", key_files[0]).code == 0
    assert len(rows_of(index_command, url, "--key-file", key_files[0])) == 3


def test_another_index_is_never_replaced(index_command, poems, built, tmp_path):
    other = tmp_path / "other.sbx"
    index_command("build", poems, "--out", other)
    outcome = index_command("sync", other, built)
    assert outcome.code == 2
    assert "is another index" in outcome.err


@pytest.fixture
def follower(process, index, own_server):
    """Follows the index into a server of its own: the process, and the URL."""
    target = own_server.url(tenant="replica", **PATIENT)
    started = process("sync", index, target, "--no-key", "--follow", "--json")
    assert json.loads(started.stdout.readline())["epoch"] == 1
    return started, target


def test_a_follower_brings_changes_outlives_a_lost_server_and_says_so(
    index_command, index, own_server, follower
):
    started, target = follower
    index_command("remove", index, "poems/tide.txt")
    assert json.loads(started.stdout.readline())["epoch"] == 2
    own_server.kill()
    index_command("remove", index, "poems/clock.txt")
    lost = started.stderr.readline()
    assert "stays at epoch 2: redis://" in lost
    own_server.start()
    assert json.loads(started.stdout.readline())["epoch"] == 3
    started.send_signal(signal.SIGTERM)
    out, err = started.communicate(timeout=30)
    assert (started.returncode, out) == (0, "")
    assert err.startswith("simblock-index: goes on after ")
    assert err.count("\n") == 1
    assert [row["id"] for row in rows_of(index_command, target)] == ["poems/harbour.txt"]


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_follower_says_where_it_stands(follower):
    started, target = follower
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=30)
    assert started.returncode == 130
    assert err == f"simblock-index: interrupted; {target} is at epoch 1\n"


def test_a_follower_that_falls_behind_says_so_once_and_one_that_was_cut_off_does_not(capsys):
    told = syncing._Told(syncing.Places("a.sbx", "redis://u:s3cret@h/0", None), 3, json=False)
    for epoch in (4, 9, 15, 16):
        told(Synced(files=2, bytes=5000, epoch=epoch, changed=True))
    out, err = capsys.readouterr()
    assert out.count("redis://h/0: epoch ") == 4
    assert err == (
        "simblock-index: redis://h/0 was 5 commits behind: they come faster than they are brought\n"
    )
    told = syncing._Told(syncing.Places("a.sbx", "b.sbx", None), 3, json=False)
    told(StoreLost("a.sbx is away"))
    told(StoreLost("a.sbx is away"))
    told(Synced(files=2, bytes=5000, epoch=30, changed=True))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "simblock-index: b.sbx stays at epoch 3: a.sbx is away; it is tried again",
        "simblock-index: goes on after 0 s",
    ]
