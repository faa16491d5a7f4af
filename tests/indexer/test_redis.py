"""The commands on indexes in Redis: what they do in a directory, they do at a URL."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from simblock import cli as simblock_cli
from simblock.scheme import Scheme
from simblock.stores import keys
from simblock.stores.opening import create_writer
from simblock.work import Document, Work
from simblock_indexer.exits import run
from tests.indexer.conftest import Outcome
from tests.redis_servers import Server, wait

TENANTS = itertools.count()


@pytest.fixture
def tenant():
    return f"commands-{next(TENANTS)}"


@pytest.fixture
def url(redis_server, tenant):
    """Where nothing stands yet."""
    return redis_server.url(tenant=tenant)


@pytest.fixture
def built(index_command, poems, url):
    """The index of the three works, in Redis."""
    assert index_command("build", poems, "--out", url, "--no-key").code == 0
    return url


@pytest.fixture
def key_files(tmp_path):
    paths = [tmp_path / "one.key", tmp_path / "two.key"]
    for path in paths:
        keys.generate(path)
    return paths


@pytest.fixture
def simblock(capsys, monkeypatch):
    """Runs a command of simblock in this process."""

    def call(*arguments):
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            run(simblock_cli.app, "simblock", [str(argument) for argument in arguments])
        return Outcome(int(ended.value.code or 0), *capsys.readouterr())

    return call


def rows_of(index_command, index, *options):
    """The works as list tells them, but for when they were added."""
    return [{**row, "added": None} for row in index_command("list", index, "--json", *options).rows]


# -- the same as in a directory


def test_an_index_is_built_changed_and_shown_as_in_a_directory(index_command, poems, url, tmp_path):
    about = tmp_path / "about.jsonl"
    about.write_text('{"id": "poems/tide.txt", "title": "The Tide", "license": "MIT", "tags": ["sea"]}\n')
    (tmp_path / "short.py").write_text("def tide(n):\n    return n + 1\n")
    told = []
    for index in (url, tmp_path / "x.sbx"):
        build = index_command("build", poems, "--out", index, "--no-key", "--meta", about, "--json").json
        add = index_command("add", index, tmp_path / "short.py", "--json").json
        again = index_command("add", index, tmp_path / "short.py", "--json").json
        remove = index_command(
            "remove", index, "poems/clock.txt", "--purge", "--reason", "gone", "--json"
        ).json
        reports = [{**report, "index": "", "seconds": 0} for report in (build, add, again, remove)]
        events = [{**event, "time": 0, "commit": ""} for event in index_command("log", index, "--json").rows]
        shown = {**index_command("show", index, "poems/tide.txt", "--json").json, "added": 0}
        told.append((reports, rows_of(index_command, index), events, shown))
        assert index_command("verify", index).code == 0
    assert told[0] == told[1]
    assert [report["epoch"] for report in told[0][0]] == [1, 2, 2, 3]
    assert told[0][0][1]["short"] == ["short.py"]


def test_works_whose_files_are_gone_are_pruned(index_command, poems, built):
    (poems / "tide.txt").unlink()
    assert index_command("add", built, poems, "--prune", "--json").json["removed"] == 1
    assert [row["id"] for row in rows_of(index_command, built)] == ["poems/clock.txt", "poems/harbour.txt"]


def test_the_url_may_stand_in_the_environment(index_command, simblock, poems, built, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_INDEX", built)
    assert len(index_command("list", "--json").rows) == 3
    assert simblock("check", poems / "tide.txt").code == 1
    found = json.loads(simblock("doctor", "--json").out)["index"]
    assert (found["epoch"], found["problem"]) == (1, None)
    assert found["maxmemory_policy"] == "noeviction"


def test_where_an_index_stands_none_is_built(index_command, poems, built):
    outcome = index_command("build", poems, "--out", built, "--no-key")
    assert outcome.code == 2
    assert "simblock-index add" in outcome.err


# -- keys


def test_indexes_keyed_apart_are_asked_together_and_each_match_names_its_own(
    index_command, simblock, poems, index, redis_server, tenant, key_files
):
    urls = [redis_server.url(tenant=f"{tenant}-{number}") for number in (1, 2)]
    for url, key_file in zip(urls, key_files, strict=True):
        assert index_command("build", poems, "--out", url, "--key-file", key_file).code == 0
    given = [part for path in key_files for part in ("--key-file", path)]
    outcome = simblock("check", *urls, index, poems / "tide.txt", "--json", *given)
    assert outcome.code == 1
    assert {match["index"] for match in outcome.rows[0]["matches"]} == {*urls, str(index)}
    assert index_command("stat", urls[0], *given, "--json").json["keyed"] is True
    refused = index_command("add", urls[0], poems, "--key-file", key_files[1])
    assert refused.code == 2
    assert "was made with another key" in refused.err


def test_an_index_is_rebuilt_into_redis_under_another_key(
    index_command, built, redis_server, tenant, key_files
):
    new = redis_server.url(tenant=f"{tenant}-new")
    assert "--no-key" in index_command("rebuild", built, new).err
    assert index_command("rebuild", built, new, "--new-key-file", key_files[0], "--json").json["added"] == 3
    assert rows_of(index_command, new, "--key-file", key_files[0]) == rows_of(index_command, built)


# -- sync


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
    target = own_server.url(tenant="replica")
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


# -- drop


def test_a_dropped_index_leaves_no_key_and_no_other_tenant_loses_one(
    index_command, poems, built, redis_server, tenant
):
    other = redis_server.url(tenant=f"{tenant}-other")
    index_command("build", poems, "--out", other, "--no-key")
    asked = index_command("drop", built)
    assert asked.code == 2
    assert "say --yes" in asked.err
    assert len(rows_of(index_command, built)) == 3
    dropped = index_command("drop", built, "--yes", "--json").json
    assert dropped["index"] == built
    assert dropped["records"] > 0
    # What an index has taken the place of goes by itself, after the grace of its readers.
    left = list(redis_server.client.scan_iter(f"sb:{tenant}:*"))
    assert [key for key in left if redis_server.client.ttl(key) == -1] == []
    assert index_command("list", built).code == 2
    assert index_command("verify", other).code == 0
    assert "nothing to drop" in index_command("drop", built, "--yes").err


def test_of_two_schemes_the_one_to_drop_must_be_named(index_command, poems, built, tenant):
    old = Scheme(seed=99)
    with create_writer(built, scheme=old) as writer:
        writer.put([Document(Work("old"), "some words that only the old scheme has")])
        writer.commit()
        digest = writer.shelf.names.scheme
    outcome = index_command("drop", built, "--yes")
    assert outcome.code == 2
    assert f"2 indexes of tenant {tenant}" in outcome.err
    assert digest in outcome.err
    assert "&scheme=" in outcome.err
    assert index_command("drop", f"{built}&scheme={digest}", "--yes", "--json").json["scheme"] == digest
    assert len(rows_of(index_command, built)) == 3


def test_a_directory_is_not_dropped(index_command, index):
    outcome = index_command("drop", index, "--yes")
    assert outcome.code == 2
    assert f"rm -r {index}" in outcome.err
    assert index.is_dir()


# -- what goes wrong is one line


@pytest.fixture(scope="module")
def locked_server():
    """A server with a password and little memory, which evicts."""
    server = Server("maxmemory 3mb", "maxmemory-policy allkeys-lru", password="s3cret").start()
    yield server
    server.close()


def mangled(server, case):
    return {
        "unreachable": "redis://user:s3cret@127.0.0.1:1/0",
        "wrong password": server.url(password="s3cret-no"),
        "no password": f"redis://127.0.0.1:{server.port}",
        "no such tenant": server.url(tenant="nobody"),
        "no such scheme": server.url(scheme="abcdabcdabcd"),
        "an unknown option": server.url(tenants="x"),
        "no such address": "https://user:s3cret@example.org/x.sbx",
    }[case]


CASES = {
    "unreachable": "redis://127.0.0.1:1/0 refused the connection",
    "wrong password": "does not accept the user or password",
    "no password": "does not accept the user or password",
    "no such tenant": "holds no index of tenant nobody",
    "no such scheme": "scheme abcdabcdabcd",
    "an unknown option": "unknown option tenants",
    "no such address": "https:// is no address of an index",
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("command", ["list", "verify", "add", "sync", "drop", "check"])
def test_a_store_that_cannot_be_used_is_named_without_its_password(
    index_command, simblock, locked_server, poems, tmp_path, case, command
):
    index = mangled(locked_server, case)
    call = {
        "add": ("add", index, poems),
        "sync": ("sync", index, tmp_path / "x.sbx"),
        "drop": ("drop", index, "--yes"),
        "check": ("check", index, poems / "tide.txt"),
    }.get(command, (command, index))
    outcome = (simblock if command == "check" else index_command)(*call)
    assert (outcome.code, outcome.out) == (2, "")
    assert CASES[case] in outcome.err
    assert outcome.err.count("\n") == 1
    assert "s3cret" not in outcome.err


def test_a_server_that_evicts_is_warned_of(index_command, simblock, poems, locked_server):
    index = locked_server.url(tenant="evicted")
    assert index_command("build", poems, "--out", index, "--no-key").code == 0
    found = index_command("stat", index, "--json").json
    assert found["server"]["maxmemory_policy"] == "allkeys-lru"
    assert any("maxmemory-policy noeviction" in warning for warning in found["warnings"])
    shown = index_command("stat", index).out
    assert "warning: the server may evict records" in shown
    assert "3.1 MB" in shown
    examined = json.loads(simblock("doctor", index, "--json").out)["index"]
    assert examined["warnings"] == found["warnings"]


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "rows.jsonl"
    os.mkfifo(path)
    return path


def halfway(process, fifo, *arguments):
    """A command that waits in the middle of its input."""
    started = process(*arguments)
    pipe = fifo.open("w")  # opens once the command reads
    pipe.write('{"id": "first", "text": "some words of a first row"}\n')
    pipe.flush()
    return started, pipe


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("state", ["was not made", "is as it was"])
def test_an_interrupted_change_says_what_became_of_the_index(process, index_command, url, poems, fifo, state):
    command = ("build", fifo, "--out", url, "--no-key")
    if state == "is as it was":
        index_command("build", poems, "--out", url, "--no-key")
        command = ("add", url, fifo)
    started, pipe = halfway(process, fifo, *command)
    with pipe:
        time.sleep(0.3)
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert err == f"simblock-index: interrupted; {url} {state}\n"
    # The lock went with it.
    assert index_command("add" if state == "is as it was" else "build", *_again(state, url, poems)).code == 0


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_does_not_guess_what_became_of_an_index_that_is_out_of_reach(
    process, own_server, fifo
):
    url = own_server.url()
    started, pipe = halfway(process, fifo, "build", fifo, "--out", url, "--no-key")
    with pipe:
        time.sleep(0.3)
        own_server.kill()
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert err == f"simblock-index: interrupted; {url} cannot be asked what became of it\n"


def test_a_server_that_goes_away_in_the_middle_is_one_line(process, own_server, fifo):
    started, pipe = halfway(process, fifo, "build", fifo, "--out", own_server.url(), "--no-key")
    with pipe:
        own_server.kill()
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (2, "")
    assert f"{own_server.url()} refused the connection" in err
    assert err.count("\n") == 1


def _again(state, url, poems):
    return (url, poems) if state == "is as it was" else (poems, "--out", url, "--no-key")


def test_a_second_writer_is_told_that_one_is_at_work(process, index_command, built, poems, fifo):
    started, pipe = halfway(process, fifo, "add", built, fifo)
    with pipe:
        outcome = wait(lambda: (o := index_command("add", built, poems)).code == 2 and o, "the lock")
    assert "another writer is at work" in outcome.err
    started.communicate(timeout=60)
    assert started.returncode == 0


def test_a_stream_is_filtered_by_an_index_in_redis(built, poems):
    done = subprocess.run(
        [sys.executable, "-m", "simblock.cli", "stream", built],
        input=f"He said: {(poems / 'tide.txt').read_text()}",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("He ")
    assert "harbour" not in done.stdout
    assert "poems/tide.txt" in done.stderr


@pytest.mark.parametrize(
    "servers",
    [
        "tls_server",
        pytest.param("sentinel_group", marks=pytest.mark.slow),
        pytest.param("cluster", marks=pytest.mark.slow),
    ],
)
def test_every_way_to_redis_serves_every_command(
    index_command, simblock, request, servers, poems, tenant, tmp_path
):
    url = request.getfixturevalue(servers).url(tenant=tenant)
    assert index_command("build", poems, "--out", url, "--no-key").code == 0
    assert index_command("remove", url, "poems/clock.txt").code == 0
    assert len(rows_of(index_command, url)) == 2
    assert index_command("verify", url).out.endswith("is whole: 2 works\n")
    assert index_command("stat", url, "--json").json["server"]["role"] == "master"
    assert simblock("check", url, poems / "tide.txt").code == 1
    assert index_command("sync", url, tmp_path / "copy.sbx").code == 0
    assert index_command("drop", url, "--yes").code == 0
    assert index_command("sync", tmp_path / "copy.sbx", url, "--no-key").code == 0
    assert len(rows_of(index_command, url)) == 2
