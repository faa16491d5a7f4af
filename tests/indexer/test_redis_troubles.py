"""The commands where something goes wrong with an index in Redis: one line, and what became of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.indexer.conftest import PATIENT
from tests.redis_servers import Server, wait


@pytest.fixture(scope="module")
def locked_server():
    """A server with a password and little memory, which evicts."""
    server = Server("maxmemory 3mb", "maxmemory-policy allkeys-lru", password="s3cret").start()
    yield server
    server.close()


def mangled(server, case):
    return {
        "unreachable": "redis://user:s3cret@127.0.0.1:1/0",
        "wrong password": server.url(password="s3cret-no", **PATIENT),
        "no password": f"redis://127.0.0.1:{server.port}?timeout=5&connect_timeout=5",
        "no such tenant": server.url(tenant="nobody", **PATIENT),
        "no such scheme": server.url(scheme="abcdabcdabcd", **PATIENT),
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
    index = locked_server.url(tenant="evicted", **PATIENT)
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


def test_a_check_whose_server_goes_away_is_an_error_and_never_clean(index_command, own_server, poems, fifo):
    url = own_server.url()
    assert index_command("build", poems, "--out", url, "--no-key").code == 0
    command = [sys.executable, "-m", "simblock.cli", "check", url, "--jsonl", fifo]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as checking:
        with fifo.open("w") as pipe:  # opens once the command reads
            own_server.kill()
            pipe.write(json.dumps({"id": "copy", "text": (poems / "tide.txt").read_text()}) + "\n")
        out, err = checking.communicate(timeout=60)
    (found,) = [json.loads(line) for line in out.splitlines()]
    assert checking.returncode == 2
    assert found["decision"] == "stop"
    assert found["error"] in err
    assert "redis://" in found["error"]


def test_what_is_missing_in_redis_is_listed_and_exits_2(index_command, built, redis_server, tenant):
    page = next(redis_server.client.scan_iter(f"sb:{tenant}:*:p:*"))
    redis_server.client.delete(page)
    outcome = index_command("verify", built)
    assert outcome.code == 2
    assert outcome.out.count("\n") == 1
    assert f"{built} is damaged in 1 place" in outcome.err
    told = index_command("verify", built, "--json")
    assert (told.code, told.json["whole"], told.json["index"]) == (2, False, built)
    redis_server.client.delete(*redis_server.client.scan_iter(f"sb:{tenant}:*manifest"))
    assert "lacks its manifest" in index_command("verify", built).out
    assert index_command("drop", built, "--yes").code == 0
