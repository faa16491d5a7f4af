"""An index as the programs are given it: what it is called, and which of several keys opens it."""

from __future__ import annotations

import os

import pytest

from simblock.errors import KeyProblem, UsageError
from simblock.stores import keys
from simblock.stores.writer import Writer
from simblock.work import Document, Work
from simblock_indexer import indexes


@pytest.fixture
def two_keys(tmp_path):
    paths = [tmp_path / name for name in ("one.key", "two.key")]
    for path in paths:
        keys.generate(path)
    return paths


@pytest.fixture
def make(tmp_path):
    """Makes an index of one work, called as it is."""

    def make(name, key_file=None):
        with Writer.create(tmp_path / name, key=key_file and keys.load(key_file)) as writer:
            writer.put([Document(Work(name), f"some words that only {name} has and no other index")])
            writer.commit()
        return tmp_path / name

    return make


def ids(opened):
    return [entry.work.id for store in opened for entry in store.entries()]


def test_each_index_takes_its_own_of_several_keys(make, two_keys):
    one, two = two_keys
    stores = [make("global.sbx", one), make("tenant.sbx", two), make("open.sbx")]
    for given in (two_keys, two_keys[::-1]):
        assert ids(indexes.open_all(stores, given)) == ["global.sbx", "tenant.sbx", "open.sbx"]


def test_an_index_that_finds_no_key_is_named(make, two_keys, tmp_path):
    keys.generate(tmp_path / "third.key")
    third = make("third.sbx", tmp_path / "third.key")
    with pytest.raises(KeyProblem, match=r"third\.sbx was made with another key \(\w+, these are \w+, \w+\)"):
        indexes.open_all([make("global.sbx", two_keys[0]), third], two_keys)
    with pytest.raises(KeyProblem, match=r"third\.sbx was made with another key"):
        indexes.open_all([third], two_keys[0])


def test_a_key_that_no_index_needs_is_passed_over_beside_one_that_is(make, two_keys):
    assert ids(indexes.open_all([make("a.sbx", two_keys[1])], two_keys)) == ["a.sbx"]


def test_who_gives_keys_to_indexes_without_is_told(make, two_keys):
    with pytest.raises(KeyProblem, match=r"a\.sbx, .*b\.sbx are not keyed"):
        indexes.open_all([make("a.sbx"), make("b.sbx")], two_keys[0])
    with pytest.raises(KeyProblem, match="is not keyed"):
        indexes.key_of(make("c.sbx"), two_keys)


def test_a_variable_that_gives_a_key_to_an_index_without_is_named(make, two_keys, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_KEY_FILE", str(two_keys[0]))
    with pytest.raises(KeyProblem, match=r"a\.sbx is not keyed: unset SIMBLOCK_KEY_FILE, or build"):
        indexes.key_of(make("a.sbx"), two_keys)


def test_a_writer_gets_the_key_that_fits(make, two_keys):
    index = make("a.sbx", two_keys[1])
    assert indexes.key_of(index, two_keys) == keys.load(two_keys[1])


def test_a_new_index_has_one_key(two_keys):
    with pytest.raises(UsageError, match="give one --key-file"):
        indexes.new_key("x.sbx", two_keys)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("works.sbx", "works.sbx"),
        ("redis://host/0?tenant=t", "redis://host/0?tenant=t"),
        ("redis://user:s3cret@host:6379/0", "redis://host:6379/0"),
        ("rediss://:s3/cr@t@host", "rediss://host"),
        ("redis+sentinel://u:s3cret@h1:1,h2:2/name", "redis+sentinel://h1:1,h2:2/name"),
        ("REDIS+cluster://u:s3cret@h1", "REDIS+cluster://h1"),
        ("https://host/@user", "https://host/@user"),
    ],
)
def test_a_url_is_told_without_its_password(given, shown):
    assert indexes.shown(given) == shown


# -- the commands


def test_in_redis_a_key_or_its_absence_must_be_said(index_command, poems, index, two_keys):
    url = "redis://user:s3cret@127.0.0.1:1/0"
    for call in (("build", poems, "--out", url), ("rebuild", index, url)):
        outcome = index_command(*call)
        assert outcome.code == 2
        assert "redis://127.0.0.1:1/0: who reads a server" in outcome.err
        assert "--no-key" in outcome.err
        assert "s3cret" not in outcome.err


def test_a_key_and_none_contradict_each_other(index_command, poems, two_keys, tmp_path):
    outcome = index_command("build", poems, "--out", tmp_path / "x", "--no-key", "--key-file", two_keys[0])
    assert outcome.code == 2
    assert "contradict" in outcome.err


def test_a_directory_may_be_built_without_a_key_and_say_so(index_command, poems, tmp_path):
    assert index_command("build", poems, "--out", tmp_path / "x", "--no-key").code == 0
    assert index_command("stat", tmp_path / "x", "--json").json["keyed"] is False


def test_several_keys_stand_in_the_environment(index_command, make, two_keys, monkeypatch):
    monkeypatch.setenv("SIMBLOCK_KEY_FILE", os.pathsep.join(map(str, two_keys)))
    for number, key_file in enumerate(two_keys):
        index = make(f"{number}.sbx", key_file)
        assert [row["id"] for row in index_command("list", index, "--json").rows] == [f"{number}.sbx"]
        assert index_command("remove", index, f"{number}.sbx").code == 0


def test_a_password_is_in_no_line_on_standard_error(index_command):
    outcome = index_command("list", "here.sbx", "redis://user:s3cret@host/0")
    assert outcome.code == 2
    assert "redis://host/0" in outcome.err
    assert "s3cret" not in outcome.err
