"""The log of an index: what is kept of it, and what a commit reads and writes anew."""

import io

import pytest

from simblock import zstd
from simblock.errors import Damaged
from simblock.stores import container, journal
from simblock.stores.container import Container, Part
from simblock.stores.journal import EMPTY, Event, Journal, Log


def event(epoch, ids=()):
    return Event(epoch, 1_700_000_000 + epoch, "add", {"added": 1}, list(ids), None, f"{epoch:032x}")


def log_of(count):
    log = EMPTY.log
    for epoch in range(1, count + 1):
        log = log.after(event(epoch))
    return log


def written(parts):
    stream = io.BytesIO()
    container.write(stream, bytes(16), parts)
    return Container(memoryview(stream.getvalue()), "here", journal.SECTIONS)


@pytest.mark.parametrize("count", [0, 1, 128, 256, 257, 1000])
def test_the_log_has_every_commit_in_order(count):
    assert [one.epoch for one in log_of(count).events()] == list(range(1, count + 1))


def test_what_a_commit_writes_anew_does_not_grow_with_the_log():
    sizes = [len(log_of(count).recent) for count in (200, 1000, 3000)]
    assert max(sizes) <= 256


def test_the_oldest_commits_are_forgotten(monkeypatch):
    monkeypatch.setattr(journal, "_KEPT_EVENTS", 300)
    epochs = [one.epoch for one in log_of(2000).events()]
    assert epochs == list(range(epochs[0], 2001))
    assert 300 <= len(epochs) <= 300 + 256


def test_a_journal_comes_back_as_it_was_written():
    made = Journal(EMPTY.tombstones, log_of(700))
    assert journal.read(written(made.parts())).log.events() == made.log.events()


def test_a_journal_of_the_release_before_is_read():
    old = written(
        [Part("tombstones", EMPTY.tombstones), Part("history", b'[[1, 2, "build", {}, ["w"], null]]')]
    )
    assert journal.read(old).log.events() == [Event(1, 2, "build", {}, ["w"])]


def test_few_ids_of_a_commit_of_many_are_kept():
    (one,) = EMPTY.log.after(event(1, map(str, range(100)))).recent
    assert one.ids == [str(number) for number in range(20)]


def test_a_log_holds_what_was_committed_and_nothing_else():
    log = log_of(700)
    assert all(log.holds(event(epoch)) for epoch in (1, 300, 699, 700))
    assert not log.holds(event(5)._replace(commit="another"))
    assert not log.holds(event(701))


def test_what_may_have_been_forgotten_counts_as_held(monkeypatch):
    monkeypatch.setattr(journal, "_KEPT_EVENTS", 300)
    assert log_of(2000).holds(event(7)._replace(commit="another"))


@pytest.mark.parametrize("recent", [b"{", b"[1]", b"[[1]]", b"null"])
def test_a_log_that_cannot_be_read_is_damage(recent):
    bad = written([Part("tombstones", EMPTY.tombstones), Part("history", b""), Part("recent", recent)])
    with pytest.raises(Damaged, match="cannot be read"):
        journal.read(bad)


@pytest.mark.parametrize("older", [b"no zstd", zstd.compress(b"[[1]]")])
def test_older_commits_that_cannot_be_read_are_damage(older):
    with pytest.raises(Damaged, match="cannot be read"):
        Log(older, []).events()
