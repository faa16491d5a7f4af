"""The commands on indexes in Redis: what they do in a directory, they do at a URL."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from simblock.scheme import Scheme
from simblock.stores.opening import create_writer
from simblock.work import Document, Work
from tests.indexer.conftest import PATIENT, rows_of


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
    urls = [redis_server.url(tenant=f"{tenant}-{number}", **PATIENT) for number in (1, 2)]
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
    new = redis_server.url(tenant=f"{tenant}-new", **PATIENT)
    assert "--no-key" in index_command("rebuild", built, new).err
    assert index_command("rebuild", built, new, "--new-key-file", key_files[0], "--json").json["added"] == 3
    assert rows_of(index_command, new, "--key-file", key_files[0]) == rows_of(index_command, built)


# -- drop


def test_a_dropped_index_leaves_no_key_and_no_other_tenant_loses_one(
    index_command, poems, built, redis_server, tenant
):
    other = redis_server.url(tenant=f"{tenant}-other", **PATIENT)
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


# -- every way


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
    url = request.getfixturevalue(servers).url(tenant=tenant, **PATIENT)
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
